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
        "src/base/crc32c.c",
        "src/base/slots.c",
        "src/binding/addon.cc",
        "src/binding/filelock.cc",
        "src/binding/mapping.cc",
        "src/binding/notices.cc",
        "src/binding/pack.cc",
        "src/binding/region.cc",
        "src/binding/regionlock.cc",
        "src/binding/section.cc",
        "src/binding/share.cc",
        "src/binding/tables.cc",
        "src/pack/checksum.c",
        "src/pack/flat.c",
        "src/pack/letters.c",
        "src/pack/number.c",
        "src/pack/pack.c",
        "src/pack/pack_output.c",
        "src/pack/pack_text.c",
        "src/pack/template.c",
        "src/pack/unpack.c",
        "src/pack/unpack_text.c",
        "src/pack/unpack_walk.c",
        "src/pack/utf8.c",
        "src/shm/cell.c",
        "src/shm/event.c",
        "src/shm/filelock.c",
        "src/shm/lock.c",
        "src/shm/lock_object.c",
        "src/shm/mapping.c",
        "src/shm/mapping_open.c",
        "src/shm/quarantine.c",
        "src/shm/region.c",
        "src/shm/region_birth.c",
        "src/shm/region_birthlock.c",
        "src/shm/region_handle.c",
        "src/shm/region_header.c",
        "src/shm/region_inherit.c",
        "src/shm/region_inspect.c",
        "src/shm/region_keep.c",
        "src/shm/region_names.c",
        "src/shm/region_open.c",
        "src/shm/region_participants.c",
        "src/shm/share.c",
        "src/shm/waiter.c"
      ],
      "conditions": [
        ["OS=='linux'", {
          "sources": [
            "src/os/file_linux.c",
            "src/os/file_posix.c",
            "src/os/flock_linux.c",
            "src/os/fork_posix.c",
            "src/os/guard_posix.c",
            "src/os/identity_linux.c",
            "src/os/presence_linux.c",
            "src/os/process_posix.c",
            "src/os/shared_file_linux.c",
            "src/os/shared_memfd_linux.c",
            "src/os/thread_posix.c",
            "src/os/vm_posix.c"
          ],
          "defines": ["_GNU_SOURCE", "_FILE_OFFSET_BITS=64"],
          "ldflags": ["-static-libgcc", "-static-libstdc++", "-Wl,--exclude-libs,ALL", "-Wl,-z,nodelete"]
        }],
        ["OS=='linux' and mipc_wait=='system'", {
          "sources": ["src/os/wait_linux.c"]
        }],
        ["OS=='win' or mipc_wait=='none'", {
          "sources": ["src/os/wait_none.c"]
        }],
        ["OS=='win'", {
          "sources": [
            "src/os/error_win32.c",
            "src/os/file_win32.c",
            "src/os/flock_win32.c",
            "src/os/fork_none.c",
            "src/os/guard_none.c",
            "src/os/identity_none.c",
            "src/os/presence_none.c",
            "src/os/process_win32.c",
            "src/os/shared_file_none.c",
            "src/os/thread_win32.c",
            "src/os/vm_win32.c"
          ]
        }]
      ]
    }
  ]
}
