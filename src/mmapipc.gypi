{
  "targets": [
    {
      "target_name": "mmapipc",
      "variables": {"mipc_wait%": "system"},
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=8", "NAPI_DISABLE_CPP_EXCEPTIONS", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS", "NODE_ADDON_API_DISABLE_DEPRECATED"],
      "cflags": ["-Wall", "-Wextra", "-fvisibility=hidden"],
      "cflags_c": ["-std=c11"],
      "cflags_cc": ["-std=c++17", "-fno-exceptions", "-fno-rtti"],
      "sources": [
        "base/crc32c.c",
        "base/slots.c",
        "binding/addon.cc",
        "binding/filelock.cc",
        "binding/mapping.cc",
        "binding/pack.cc",
        "binding/region.cc",
        "binding/regionlock.cc",
        "binding/section.cc",
        "binding/share.cc",
        "binding/tables.cc",
        "binding/wakeups.cc",
        "os/quarantine.c",
        "pack/checksum.c",
        "pack/flat.c",
        "pack/letters.c",
        "pack/number.c",
        "pack/pack.c",
        "pack/pack_output.c",
        "pack/pack_text.c",
        "pack/template.c",
        "pack/unpack.c",
        "pack/unpack_text.c",
        "pack/unpack_walk.c",
        "pack/utf8.c",
        "region/create.c",
        "region/creation_lock.c",
        "region/handle.c",
        "region/header.c",
        "region/inherit.c",
        "region/inspect.c",
        "region/keep.c",
        "region/names.c",
        "region/open.c",
        "region/participants.c",
        "region/region.c",
        "region/stale.c",
        "shm/cell.c",
        "shm/inspect.c",
        "shm/mapping.c",
        "shm/mapping_open.c",
        "shm/object.c",
        "shm/share.c",
        "sync/bell.c",
        "sync/event.c",
        "sync/filelock.c",
        "sync/lock.c",
        "sync/lock_object.c",
        "sync/lock_wait.c",
        "sync/owner_watch.c",
        "sync/waiter.c"
      ],
      "conditions": [
        ["OS=='linux'", {
          "sources": [
            "os/file_linux.c",
            "os/file_posix.c",
            "os/flock_linux.c",
            "os/fork_posix.c",
            "os/guard_posix.c",
            "os/identity_linux.c",
            "os/presence_linux.c",
            "os/process_posix.c",
            "os/shared_file_linux.c",
            "os/shared_memfd_linux.c",
            "os/sigchain_linux.c",
            "os/thread_posix.c",
            "os/vm_posix.c"
          ],
          "defines": ["_GNU_SOURCE", "_FILE_OFFSET_BITS=64"],
          "ldflags": ["-static-libgcc", "-static-libstdc++", "-Wl,--exclude-libs,ALL", "-Wl,-z,nodelete"]
        }],
        ["OS=='linux' and mipc_wait=='system'", {
          "sources": ["os/wait_linux.c"]
        }],
        ["OS=='win' or mipc_wait=='none'", {
          "sources": ["os/wait_none.c"]
        }],
        ["OS=='win'", {
          "sources": [
            "os/error_win32.c",
            "os/file_win32.c",
            "os/flock_win32.c",
            "os/fork_none.c",
            "os/guard_none.c",
            "os/process_win32.c",
            "os/region_none.c",
            "os/thread_win32.c",
            "os/vm_win32.c"
          ]
        }]
      ]
    }
  ]
}
