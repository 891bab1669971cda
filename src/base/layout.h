/*
 * The one definition of every struct that C shares with somebody else: with JS, and with other
 * processes through a region.
 *
 * A struct is a list of rows, X(type, field, offset, meaning). The rows make the struct, one
 * compile-time assert per offset, the offsets that lib/ reads (binding.layout), and the table in
 * src/README.md (a test compares them). No offset is written anywhere else.
 */
#ifndef MIPC_BASE_LAYOUT_H
#define MIPC_BASE_LAYOUT_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The report of one environment (thread) to its JS: what an open found, or why it failed. Written
 * by C during a call, read by JS after it; nobody else sees it.
 */
/* clang-format off */
#define MIPC_REPORT_ROWS(X)                                                                        \
  X(uint64_t, file_size,  0, "bytes the file has; with FILE_TOO_SMALL, and after an open")         \
  X(uint64_t, size,       8, "bytes of the mapping")                                               \
  X(uint64_t, address,   16, "of the first byte that JS sees")                                     \
  X(uint64_t, device,    24, "of the file; with inode: which file it is, whatever its name")       \
  X(uint64_t, inode,     32, "of the file")                                                        \
  X(int32_t,  fd,        40, "descriptor of the mapping's own, -1 where files have none")          \
  X(uint32_t, call,      44, "the system call that failed, an index into binding.calls")           \
  X(uint32_t, kind,      48, "of a file that cannot be mapped, a mipc_file_kind_t")                \
  X(uint32_t, page_size, 52, "bytes of a page")                                                    \
  X(uint64_t, capacity,  56, "payload bytes of the region that is there")                          \
  X(uint32_t, version,   64, "of the layout of the region that is there")                          \
  X(uint32_t, region_kind, 68, "of the region that is there, a mipc_region_kind_t")                \
  X(uint32_t, number,    72, "that this attachment has got, 0 when it is read-only")               \
  X(uint32_t, made,      76, "1 when this open made the region")                                   \
  X(uint32_t, codec,     80, "of a Share: the codec the region was made with, 0: unknown")
/* clang-format on */
#define MIPC_REPORT_SIZE 88

/*
 * The header of a region: its first bytes, in shared memory. Whoever attaches reads it once, checks
 * the copy (region/header.c), and believes nothing that is read again later.
 *
 * Written at birth, before `version`, under the birth lock; read without a lock, and the same for
 * good: all down to id_low, capacity, codec and the lock's copy of the id. Written later under the
 * birth lock only: boot_high, boot_low, clean, next_number, unlinked. The words of lock, event and
 * cell: see there. Payload: from payload_offset on.
 */
/* clang-format off */
#define MIPC_REGION_ROWS(X)                                                                        \
  X(uint32_t, magic,           0, "MIPC_REGION_MAGIC, in the byte order of the machine")           \
  X(uint32_t, version,         4, "of this layout; stored last, 0 until all else is there")        \
  X(uint32_t, header_size,     8, "bytes up to the first participant row")                         \
  X(uint32_t, row_size,       12, "bytes of a participant row")                                    \
  X(uint32_t, row_count,      16, "participant rows")                                              \
  X(uint32_t, kind,           20, "what lies in it, a mipc_region_kind_t")                         \
  X(uint32_t, compatible,     24, "flags; who does not know one may go on")                        \
  X(uint32_t, incompatible,   28, "flags; who does not know one must keep out")                    \
  X(uint64_t, payload_offset, 32, "where the payload begins, a multiple of 64 KiB")                \
  X(uint64_t, payload_size,   40, "bytes of the payload")                                          \
  X(uint64_t, id_high,        48, "128 random bits: which region it is")                           \
  X(uint64_t, id_low,         56, "the other half of them")                                        \
  X(uint64_t, boot_high,      64, "of a path region: the boot in which it was last written to")    \
  X(uint64_t, boot_low,       72, "the other half of that")                                        \
  X(uint32_t, clean,          80, "of a path region: 1 when the last writer left and all is on disk") \
  X(uint32_t, next_number,    84, "of the next participant, 1 to 2^30")                            \
  X(uint64_t, capacity,       88, "of a Share: bytes that a value may take; 0 of other kinds")      \
  X(uint32_t, codec,          96, "of a Share: a number of lib/codec/types.js; 0: unknown")        \
  X(uint32_t, unlinked,      100, "1: unlink() has removed its name or path")                      \
  X(mipc_room_24_t, room,    104, "zeros")                                                         \
  X(uint32_t, lock,          128, "owner, S and C (sync/lock.h)")                                   \
  X(uint32_t, lock_recovered, 132, "1: an owner has died, and no user was told yet; under the lock") \
  X(uint32_t, lock_probed,   136, "millisecond in which somebody asked whether the owner lives")   \
  X(uint32_t, lock_room,     140, "zero")                                                          \
  X(uint64_t, lock_since,    144, "millisecond in which the owner took it; for people; by the owner") \
  X(uint64_t, lock_id_high,  152, "id_high once more, for a look that costs no cache line")        \
  X(uint64_t, lock_id_low,   160, "id_low once more")                                              \
  X(mipc_room_24_t, lock_rest, 168, "zeros: the lock has this cache line for itself")              \
  X(uint32_t, event,         192, "count of publications and W (sync/event.h)")                     \
  X(uint32_t, bell_armed,    196, "1: a listener waits for the bell (sync/bell.h)")                \
  X(uint32_t, bell,          200, "rung by a write of its first byte through the file")            \
  X(mipc_room_52_t, event_rest, 204, "zeros")                                                      \
  X(uint64_t, cell_begin,    256, "of a Share: the version that is being written (shm/cell.h)")    \
  X(mipc_room_56_t, cell_begin_rest, 264, "zeros")                                                 \
  X(uint64_t, cell_commit,   320, "of a Share: the version that is there, 0: none yet")            \
  X(mipc_room_56_t, cell_commit_rest, 328, "zeros")                                                \
  X(mipc_room_3704_t, rest,  384, "zeros, for other kinds' own words")                             \
  X(uint64_t, end,          4088, "MIPC_REGION_MAGIC: gone when the file was cut off before it")

/*
 * A participant row, for people to read: who has a number. Written by the one who has it, the first
 * time under the birth lock; read without a lock. Whether he lives is a question to the kernel.
 */
#define MIPC_PARTICIPANT_ROWS(X)                                                                   \
  X(uint32_t, number,        0, "0: a free row; else stored last")                                 \
  X(uint32_t, pid,           4, "process")                                                         \
  X(uint32_t, thread,        8, "thread that attached")                                            \
  X(uint32_t, pid_namespace, 12, "in which these two are numbered, 0 where nobody knows")          \
  X(uint32_t, since,         16, "second since boot when it attached")                             \
  X(uint32_t, waiting,       20, "how many of its threads wait for the lock")                      \
  X(uint64_t, room,          24, "zeros")

/*
 * What lies before the bytes of each of a Share's values (shm/cell.h). Written under the lock, and
 * read without one: believed only when the cell's words say that it was not overwritten meanwhile.
 */
#define MIPC_CELL_SLOT_ROWS(X)                                                                     \
  X(uint64_t, length,     0, "bytes of the value")                                                 \
  X(uint32_t, type,       8, "how it is encoded (lib/codec/codec.js), and MIPC_CELL_CHECKED")            \
  X(uint32_t, checksum,  12, "CRC-32C of version, type, length and value, if it is checked")       \
  X(mipc_room_48_t, room, 16, "zeros")

/*
 * The frame of one call of a Share between JS and C: one in each environment, written by JS before
 * the call and by C in it. Behind it lies room for the bytes of a value.
 */
#define MIPC_SHARE_FRAME_ROWS(X)                                                                   \
  X(double, version,   0, "that was read, or made; 0: nothing was ever set")                       \
  X(double, expected,  8, "set: only over this version; negative: over any")                       \
  X(double, length,   16, "bytes of the value")                                                    \
  X(uint32_t, type,   24, "how it is encoded")                                                     \
  X(uint32_t, checked, 28, "set: add a checksum; get: refuse what has none")                       \
  X(double, handle,   32, "shareSet, shareGet: of the mapping")

/* The frame of a section, a function of JS that runs under a lock (binding/section.cc): likewise,
 * without room behind it. */
#define MIPC_SECTION_FRAME_ROWS(X)                                                                 \
  X(double, handle,    0, "of the mapping")                                                        \
  X(int32_t, status,   8, "of the last section: 1 it ran, 0 the lock was not free, or a failure")  \
  X(uint32_t, ms,     12, "how long to wait for the lock")                                         \
  X(uint32_t, barge,  16, "1: also when it is kept for a waiter")                                              \
  X(uint32_t, updates, 20, "1: an update() of a Share: no user is told of a recovery, other sets are refused")
/* clang-format on */

#define MIPC_CELL_SLOT_SIZE     64
#define MIPC_SHARE_FRAME_SIZE   64 /* the room follows */
#define MIPC_SHARE_ROOM         65536
#define MIPC_SECTION_FRAME_SIZE 24

#define MIPC_REGION_MAGIC     ((uint32_t)0x6D697063)
#define MIPC_REGION_VERSION   1
#define MIPC_HEADER_SIZE      4096
#define MIPC_PARTICIPANT_SIZE 32
#define MIPC_PARTICIPANTS     ((65536 - MIPC_HEADER_SIZE) / MIPC_PARTICIPANT_SIZE)
#define MIPC_PAYLOAD_OFFSET   65536 /* header and rows; whole pages on every system */

/* Bytes that nothing lies in yet. */
#define MIPC_ROOM(size)                                                                            \
  typedef struct {                                                                                 \
    uint8_t bytes[size];                                                                           \
  } mipc_room_##size##_t
MIPC_ROOM(24);
MIPC_ROOM(48);
MIPC_ROOM(56);
MIPC_ROOM(52);
MIPC_ROOM(3704);
#undef MIPC_ROOM

#define MIPC_LAYOUT_FIELD(type, field, offset, meaning) type field;
typedef struct {
  MIPC_REPORT_ROWS(MIPC_LAYOUT_FIELD)
} mipc_report_t;

typedef struct {
  MIPC_REGION_ROWS(MIPC_LAYOUT_FIELD)
} mipc_region_shm_t;

typedef struct {
  MIPC_PARTICIPANT_ROWS(MIPC_LAYOUT_FIELD)
} mipc_participant_shm_t;

typedef struct {
  MIPC_CELL_SLOT_ROWS(MIPC_LAYOUT_FIELD)
} mipc_cell_slot_shm_t;

typedef struct {
  MIPC_SHARE_FRAME_ROWS(MIPC_LAYOUT_FIELD)
} mipc_share_frame_t;

typedef struct {
  MIPC_SECTION_FRAME_ROWS(MIPC_LAYOUT_FIELD)
} mipc_section_frame_t;
#undef MIPC_LAYOUT_FIELD

#define MIPC_LAYOUT_ASSERT(type, field, offset, meaning)                                           \
  static_assert(offsetof(mipc_report_t, field) == (offset), "mipc_report_t." #field);
MIPC_REPORT_ROWS(MIPC_LAYOUT_ASSERT)
static_assert(sizeof(mipc_report_t) == MIPC_REPORT_SIZE, "mipc_report_t");
#undef MIPC_LAYOUT_ASSERT

#define MIPC_LAYOUT_ASSERT(type, field, offset, meaning)                                           \
  static_assert(offsetof(mipc_region_shm_t, field) == (offset), "mipc_region_shm_t." #field);
MIPC_REGION_ROWS(MIPC_LAYOUT_ASSERT)
static_assert(sizeof(mipc_region_shm_t) == MIPC_HEADER_SIZE, "mipc_region_shm_t");
#undef MIPC_LAYOUT_ASSERT

#define MIPC_LAYOUT_ASSERT(type, field, offset, meaning)                                           \
  static_assert(offsetof(mipc_participant_shm_t, field) == (offset),                               \
                "mipc_participant_shm_t." #field);
MIPC_PARTICIPANT_ROWS(MIPC_LAYOUT_ASSERT)
static_assert(sizeof(mipc_participant_shm_t) == MIPC_PARTICIPANT_SIZE, "mipc_participant_shm_t");
#undef MIPC_LAYOUT_ASSERT

#define MIPC_LAYOUT_ASSERT(type, field, offset, meaning)                                           \
  static_assert(offsetof(mipc_cell_slot_shm_t, field) == (offset), "mipc_cell_slot_shm_"           \
                                                                   "t." #field);
MIPC_CELL_SLOT_ROWS(MIPC_LAYOUT_ASSERT)
static_assert(sizeof(mipc_cell_slot_shm_t) == MIPC_CELL_SLOT_SIZE, "mipc_cell_slot_shm_t");
#undef MIPC_LAYOUT_ASSERT

#define MIPC_LAYOUT_ASSERT(type, field, offset, meaning)                                           \
  static_assert(offsetof(mipc_share_frame_t, field) == (offset), "mipc_share_frame_t." #field);
MIPC_SHARE_FRAME_ROWS(MIPC_LAYOUT_ASSERT)
static_assert(sizeof(mipc_share_frame_t) <= MIPC_SHARE_FRAME_SIZE, "mipc_share_frame_t");
#undef MIPC_LAYOUT_ASSERT

#define MIPC_LAYOUT_ASSERT(type, field, offset, meaning)                                           \
  static_assert(offsetof(mipc_section_frame_t, field) == (offset), "mipc_section_frame_"           \
                                                                   "t." #field);
MIPC_SECTION_FRAME_ROWS(MIPC_LAYOUT_ASSERT)
static_assert(sizeof(mipc_section_frame_t) == MIPC_SECTION_FRAME_SIZE, "mipc_section_frame_t");
#undef MIPC_LAYOUT_ASSERT

#endif
