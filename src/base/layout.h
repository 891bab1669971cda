/*
 * The structs that C shares with JS, and with other processes through a region. (pack/frame.h
 * defines one more in the same way.)
 *
 * A struct is a list of rows, X(type, field, offset, meaning). MIPC_LAYOUT (base/rows.h) makes the
 * struct of them, and asserts each offset at compile time. The offsets that lib/ reads
 * (binding.layout) and the tables of src/README.md come from the same rows; a test compares them.
 * No offset is written anywhere else.
 */
#ifndef MIPC_BASE_LAYOUT_H
#define MIPC_BASE_LAYOUT_H

#include <assert.h>
#include <stdint.h>

#include "rows.h"

/*
 * The report of one environment (thread) to its JS: what an open found, or why it failed. C writes
 * it during a call, JS reads it after the call; no other thread sees it.
 */
/* clang-format off */
#define MIPC_REPORT_ROWS(X)                                                                        \
  X(uint64_t, file_size, 0, "size of the file in bytes; with FILE_TOO_SMALL, and after an open")   \
  X(uint64_t, size, 8, "size of the mapping in bytes")                                             \
  X(uint64_t, address, 16, "address of the first byte that JS sees")                               \
  X(uint64_t, device, 24, "device of the file; with inode it identifies the file, under any name") \
  X(uint64_t, inode, 32, "inode of the file")                                                      \
  X(int32_t, fd, 40, "the mapping's own descriptor, -1 where files have none")                     \
  X(uint32_t, call, 44, "the system call that failed, an index into binding.calls")                \
  X(uint32_t, kind, 48, "mipc_file_kind_t of a file that cannot be mapped")                        \
  X(uint32_t, page_size, 52, "size of a page in bytes")                                            \
  X(uint64_t, capacity, 56, "payload bytes of the existing region")                                \
  X(uint32_t, version, 64, "layout version of the existing region")                                \
  X(uint32_t, region_kind, 68, "mipc_region_kind_t of the existing region")                        \
  X(uint32_t, number, 72, "number of this attachment, 0 when it is read-only")                     \
  X(uint32_t, made, 76, "1: this open created the region")                                         \
  X(uint32_t, codec, 80, "of a Share: the codec the region was created with, 0: unknown")
/* clang-format on */
#define MIPC_REPORT_SIZE 88

/*
 * The header of a region: its first bytes, in shared memory. An attaching process copies it once
 * and checks the copy (region/header.c). It trusts nothing that it reads from the header again
 * later.
 *
 * Written once, under the creation lock and before `version`, then constant and read without a
 * lock: everything down to id_low, capacity, codec, kind_words, and the lock's copy of the id.
 * Written later, under the creation lock only: boot_high, boot_low, clean, next_number, unlinked.
 * The words of the lock (lock_recovered is written under the lock, lock_since by its owner), the
 * event and the cell are explained in sync/lock.h, sync/event.h and shm/cell.h. The payload begins
 * at payload_offset.
 */
/* clang-format off */
#define MIPC_REGION_ROWS(X)                                                                        \
  X(uint32_t, magic, 0, "MIPC_REGION_MAGIC, in the byte order of the machine")                     \
  X(uint32_t, version, 4, "layout version; stored last, 0 until everything else is stored")        \
  X(uint32_t, header_size, 8, "bytes up to the first participant row")                             \
  X(uint32_t, row_size, 12, "bytes of a participant row")                                          \
  X(uint32_t, row_count, 16, "number of participant rows")                                         \
  X(uint32_t, kind, 20, "what the region holds, a mipc_region_kind_t")                             \
  X(uint32_t, compatible, 24, "flags; a process that does not know one may attach")                \
  X(uint32_t, incompatible, 28, "flags; a process that does not know one must not attach")         \
  X(uint64_t, payload_offset, 32, "start of the payload, a multiple of 64 KiB")                    \
  X(uint64_t, payload_size, 40, "size of the payload in bytes")                                    \
  X(uint64_t, id_high, 48, "128 random bits that identify the region: the high half")              \
  X(uint64_t, id_low, 56, "the low half")                                                          \
  X(uint64_t, boot_high, 64, "of a path region: id of the boot of its last write, the high half")  \
  X(uint64_t, boot_low, 72, "the low half")                                                        \
  X(uint32_t, clean, 80, "of a path region, 1: the last writer has left and all data is on disk")  \
  X(uint32_t, next_number, 84, "number of the next participant, 1 to 2^30")                        \
  X(uint64_t, capacity, 88, "of a Share: size of the largest value in bytes; 0 for other kinds")   \
  X(uint32_t, codec, 96, "of a Share: a number of lib/codec/types.js; 0: unknown")                 \
  X(uint32_t, unlinked, 100, "1: unlink() has removed the name or path")                           \
  X(mipc_reserved_24_t, reserved, 104, "zeros")                                                            \
  X(uint32_t, lock, 128, "owner, S and C (sync/lock.h)")                                           \
  X(uint32_t, lock_recovered, 132, "recovery flag, 1: an owner died and no user knows it yet")     \
  X(uint32_t, lock_probed, 136, "millisecond of the last probe for the owner's death")             \
  X(uint32_t, lock_awaited, 140, "1: an event loop awaits the lock and watches the bell")              \
  X(uint64_t, lock_since, 144, "millisecond in which the owner acquired it, only for display")     \
  X(uint64_t, lock_id_high, 152, "copy of id_high, for a check that costs no other cache line")    \
  X(uint64_t, lock_id_low, 160, "copy of id_low")                                                  \
  X(mipc_reserved_24_t, lock_padding, 168, "zeros: the lock has this cache line for itself")              \
  X(uint32_t, event, 192, "count of publications and W (sync/event.h)")                            \
  X(uint32_t, bell_armed, 196, "1: a listener waits for the bell (sync/bell.h)")                   \
  X(uint32_t, bell, 200, "rung by a write of its first byte through the file")                     \
  X(mipc_reserved_52_t, event_padding, 204, "zeros")                                                      \
  X(uint64_t, cell_begin, 256, "of a Share: the version being written (shm/cell.h)")               \
  X(mipc_reserved_56_t, cell_begin_padding, 264, "zeros")                                                 \
  X(uint64_t, cell_commit, 320, "of a Share: the committed version, 0: none yet")                  \
  X(mipc_reserved_56_t, cell_commit_padding, 328, "zeros")                                                \
  X(mipc_kind_words_t, kind_words, 384, "of a SharedMap: the words of mipc_map_plan(); else zeros")    \
  X(mipc_reserved_3672_t, rest, 416, "zeros")                                                          \
  X(uint64_t, end, 4088, "MIPC_REGION_MAGIC; missing when the file was cut off before it")

/*
 * A participant row: which thread holds a number, for display. The participant writes it, the first
 * time under the creation lock; others read it without a lock. It does not show whether the
 * participant is alive: the kernel knows that (os/presence.h).
 */
#define MIPC_PARTICIPANT_ROWS(X)                                                                   \
  X(uint32_t, number, 0, "number of the participant, stored last; 0: a free row")                  \
  X(uint32_t, pid, 4, "process id")                                                                \
  X(uint32_t, thread, 8, "id of the thread that attached")                                         \
  X(uint32_t, pid_namespace, 12, "namespace of these two ids, 0: unknown")                         \
  X(uint32_t, since, 16, "time of the attach, in seconds since boot")                              \
  X(uint32_t, waiting, 20, "how many of its threads wait for the lock")                            \
  X(uint64_t, reserved, 24, "zeros")

/*
 * The bytes in front of each value of a Share (shm/cell.h). Written under the lock, read without
 * it: a reader uses them only if the words of the cell show that they were not overwritten
 * meanwhile.
 */
#define MIPC_CELL_SLOT_ROWS(X)                                                                     \
  X(uint64_t, length, 0, "size of the value in bytes")                                             \
  X(uint32_t, type, 8, "encoding of the value (lib/codec/codec.js), and MIPC_CELL_CHECKED")        \
  X(uint32_t, checksum, 12, "CRC-32C of version, type, length and value, with MIPC_CELL_CHECKED")  \
  X(mipc_reserved_48_t, reserved, 16, "zeros")

/*
 * The arguments and results of one call of a Share: one frame in each environment. JS writes it
 * before the call, C during the call. Room for the bytes of a value follows it.
 */
#define MIPC_SHARE_FRAME_ROWS(X)                                                                   \
  X(double, version, 0, "the version read or created; 0: no value was ever set")                   \
  X(double, expected, 8, "set: replace only this version; negative: any")                          \
  X(double, length, 16, "size of the value in bytes")                                              \
  X(uint32_t, type, 24, "encoding of the value")                                                   \
  X(uint32_t, checked, 28, "set: add a checksum; get: refuse a value without one")                 \
  X(double, handle, 32, "shareSet, shareGet: handle of the mapping")

/* The same for a section, a function of JS that runs under a lock (binding/section.cc), without the
 * scratch memory. */
#define MIPC_SECTION_FRAME_ROWS(X)                                                                 \
  X(double, handle, 0, "handle of the mapping")                                                    \
  X(int32_t, status, 8, "of the last section, 1: it ran, 0: the lock was not free, < 0: failed")   \
  X(uint32_t, ms, 12, "how long to wait for the lock, in milliseconds")                            \
  X(uint32_t, barge, 16, "1: take the lock even when it is kept for a waiter")                     \
  X(uint32_t, updates, 20, "1: an update() of a Share: no recovery reported, other sets refused")

/*
 * The arguments and results of one call of a SharedMap: one frame in each environment. JS writes it
 * before the call, C during the call. A short key lies in it; room for the bytes of a value follows.
 */
#define MIPC_MAP_FRAME_ROWS(X)                                                                     \
  X(double, handle, 0, "handle of the mapping")                                                    \
  X(double, number, 8, "a value that is a number; of an addition: the addend, then the sum")       \
  X(double, initial, 16, "of an addition: the value of an entry that is absent")                   \
  X(double, version, 24, "of the entry, after the call")                                           \
  X(double, expected, 32, "the version on which the call depends, with IF_VERSION; 0: no entry")   \
  X(double, ttl, 40, "milliseconds until the entry expires; Infinity: never")                      \
  X(double, length, 48, "size of the value in bytes; of a part: the bytes used, or removed entries")\
  X(double, bucket, 56, "index of the primary bucket of the key")                                  \
  X(double, bucket_version, 64, "its word, if the value may be cached as long as it stays; else 0") \
  X(double, cursor, 72, "the bucket at which an iteration continues")                              \
  X(int32_t, status, 80, "result of the call: of MIPC_MAP_RESULT_MAP, or a negative status")       \
  X(uint32_t, type, 84, "encoding of the value")                                                   \
  X(uint32_t, when, 88, "the condition of a change (MIPC_MAP_IF_)")                                \
  X(uint32_t, ms, 92, "how long to wait for a lock, in milliseconds")                              \
  X(uint32_t, key_length, 96, "size of the key in bytes; MIPC_MAP_KEY_GIVEN: it is an argument")   \
  X(uint32_t, is_wide, 100, "1: two bytes for each character of the key")                          \
  X(uint32_t, leases, 104, "get: 1: a lease counts as an entry")                                   \
  X(uint32_t, keep_ttl, 108, "set: 1: the expiry of the replaced entry, instead of ttl")           \
  X(uint32_t, created, 112, "addition: 1: the entry was absent; changes: 1: some are not known")     \
  X(uint32_t, latin1, 116, "a bit for each type whose values are Latin-1 text: C makes the string") \
  X(uint32_t, utf16, 120, "the same for UTF-16")                                                   \
  X(uint32_t, keys, 124, "iteration: 1: without values")                                           \
  X(mipc_map_frame_key_t, key, 128, "the key")

/* An entry in the results of an iteration and of getMany; the bytes of the key (not for getMany) and
 * of the value follow, each padded to 8. */
#define MIPC_MAP_ITEM_ROWS(X)                                                                      \
  X(uint32_t, type, 0, "encoding of the value")                                                    \
  X(uint32_t, key_length, 4, "size of the key in bytes, and bit 31: wide; of getMany: the status") \
  X(double, length, 8, "size of the value in bytes")                                               \
  X(double, version, 16, "of the entry")                                                           \
  X(double, number, 24, "a value that is a number")
/* clang-format on */

#define MIPC_CELL_SLOT_SIZE     64
#define MIPC_SHARE_FRAME_SIZE   64 /* the scratch follows */
#define MIPC_SHARE_SCRATCH      65536
#define MIPC_SECTION_FRAME_SIZE 24
#define MIPC_MAP_FRAME_KEY      1024 /* bytes */
#define MIPC_MAP_FRAME_SIZE     1152 /* the scratch follows */
#define MIPC_MAP_SCRATCH        65536
#define MIPC_MAP_SCRATCH_KEYS   16384 /* of it for the keys of getMany; the results follow */
#define MIPC_MAP_ITEM_SIZE      32
#define MIPC_MAP_KEY_GIVEN      UINT32_MAX
#define MIPC_MAP_MOST_ITEMS     256 /* keys of one getMany */

#define MIPC_REGION_MAGIC     ((uint32_t)0x6D697063)
#define MIPC_REGION_VERSION   1
#define MIPC_HEADER_SIZE      4096
#define MIPC_PARTICIPANT_SIZE 32
#define MIPC_PARTICIPANTS     ((65536 - MIPC_HEADER_SIZE) / MIPC_PARTICIPANT_SIZE)
#define MIPC_PAYLOAD_OFFSET   65536 /* header and rows; whole pages on every system */

/* Constant words of a kind, beside capacity and codec. */
#define MIPC_REGION_KIND_WORDS 8
typedef struct {
  uint32_t at[MIPC_REGION_KIND_WORDS];
} mipc_kind_words_t;

/* The key of a call of a SharedMap: whole words, so that C reads it in place. */
typedef struct {
  uint64_t at[MIPC_MAP_FRAME_KEY / 8];
} mipc_map_frame_key_t;

/* Bytes that are not in use yet. */
#define MIPC_RESERVED(size)                                                                        \
  typedef struct {                                                                                 \
    uint8_t bytes[size];                                                                           \
  } mipc_reserved_##size##_t
MIPC_RESERVED(24);
MIPC_RESERVED(48);
MIPC_RESERVED(56);
MIPC_RESERVED(52);
MIPC_RESERVED(3672);
#undef MIPC_RESERVED

MIPC_LAYOUT(mipc_report_t, MIPC_REPORT_ROWS)
MIPC_LAYOUT(mipc_region_shm_t, MIPC_REGION_ROWS)
MIPC_LAYOUT(mipc_participant_shm_t, MIPC_PARTICIPANT_ROWS)
MIPC_LAYOUT(mipc_cell_slot_shm_t, MIPC_CELL_SLOT_ROWS)
MIPC_LAYOUT(mipc_share_frame_t, MIPC_SHARE_FRAME_ROWS)
MIPC_LAYOUT(mipc_section_frame_t, MIPC_SECTION_FRAME_ROWS)
MIPC_LAYOUT(mipc_map_frame_t, MIPC_MAP_FRAME_ROWS)
MIPC_LAYOUT(mipc_map_row_t, MIPC_MAP_ITEM_ROWS)

static_assert(sizeof(mipc_report_t) == MIPC_REPORT_SIZE, "mipc_report_t");
static_assert(sizeof(mipc_region_shm_t) == MIPC_HEADER_SIZE, "mipc_region_shm_t");
static_assert(sizeof(mipc_participant_shm_t) == MIPC_PARTICIPANT_SIZE, "mipc_participant_shm_t");
static_assert(sizeof(mipc_cell_slot_shm_t) == MIPC_CELL_SLOT_SIZE, "mipc_cell_slot_shm_t");
static_assert(sizeof(mipc_share_frame_t) <= MIPC_SHARE_FRAME_SIZE, "mipc_share_frame_t");
static_assert(sizeof(mipc_section_frame_t) == MIPC_SECTION_FRAME_SIZE, "mipc_section_frame_t");
static_assert(sizeof(mipc_map_frame_t) == MIPC_MAP_FRAME_SIZE, "mipc_map_frame_t");
static_assert(sizeof(mipc_map_row_t) == MIPC_MAP_ITEM_SIZE, "mipc_map_row_t");

#endif
