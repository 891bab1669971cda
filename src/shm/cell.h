/*
 * The cell: one value of any length in a region. A process sets it while it holds the lock; any
 * process reads it without the lock. No reader sees a torn value, and a writer may die at any
 * moment.
 *
 * There are four slots, and two words in the header: `begin` is the version that is being written,
 * `commit` the current version. Version v lies in slot v mod 4.
 *
 *   write   v = commit + 1; begin = v; length, type and bytes into the slot; commit = v
 *   read    v = commit; length, type and bytes out of the slot; b = begin; good if b - v < 4
 *
 * A slot is reused four versions later, and `begin` moves before the first byte of the slot
 * changes. So if `begin` is less than four ahead after the copy, the reader has copied version v. A
 * writer that died leaves begin = commit + 1. That blocks no process: the next writer takes the
 * same version and slot. With two slots a reader of large values would seldom be fast enough.
 *
 * Bytes are copied as atomic words, so that a reader never sees a word that was not stored. Every
 * word is checked before it is used: a hostile process can cause CORRUPT, or a value of its own
 * within the capacity, and nothing else.
 *
 * The first writer stores a mark behind the slots. When a file is cut off inside a page, the system
 * raises no fault; it shows zeros up to the end of that page. So a reader checks the mark after the
 * copy, and a writer before it, as the mark lies behind all slots: TRUNCATED.
 *
 * The protocol is a sequence lock whose writer alternates between copies: Lameter, Effective
 * Synchronization on Linux/NUMA Systems, 2005; the fences are those of Boehm, Can Seqlocks Get
 * Along With Programming Language Memory Models?, 2012.
 */
#ifndef MIPC_SHM_CELL_H
#define MIPC_SHM_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/layout.h"

#define MIPC_CELL_SLOTS 4

/* The mark behind the slots; it has as many bytes as the head of a slot. */
#define MIPC_CELL_MARK ((uint64_t)0x6D61726B)

/* Flag in the type of a slot: the slot has a checksum. Types are smaller numbers. */
#define MIPC_CELL_CHECKED ((uint32_t)1 << 8)

/* A cell over the header and the payload of a region. Both remain the caller's. */
typedef struct {
  mipc_region_shm_t *header;
  uint8_t *slots;    /* at a multiple of 64 */
  uint64_t capacity; /* bytes of a value */
  uint64_t stride;   /* from slot to slot */
} mipc_cell_t;

/* Payload bytes of a cell for values of up to `capacity` bytes, 0 if that is too large; and the
 * bytes from one slot to the next. */
uint64_t mipc_cell_size(uint64_t capacity);
uint64_t mipc_cell_stride(uint64_t capacity);

/* The description of a value. */
typedef struct {
  uint64_t version; /* 0: no value was set yet */
  uint64_t length;
  uint32_t type; /* 0 to 255; 0 with length 0: no value */
  bool checked;  /* with a checksum; after a read: and it was right */
} mipc_cell_value_t;

/* The current version. The value, and all stores before it was set, are visible afterwards. */
uint64_t mipc_cell_version(const mipc_cell_t *cell);

/*
 * Stores a value of value->length bytes; the caller holds the lock. Sets value->version. RANGE:
 * larger than the capacity. CORRUPT: another process has overwritten the versions. TRUNCATED.
 */
int mipc_cell_write(const mipc_cell_t *cell, const void *bytes, mipc_cell_value_t *value);

/*
 * Results of a read besides 0 and failures.
 *   MORE       the value has more bytes than `room`; length is how many
 *   OVERTAKEN  writers were faster than the read, again and again
 */
#define MIPC_CELL_RESULT_MAP(X)                                                                    \
  X(MORE, 1)                                                                                       \
  X(OVERTAKEN, 2)

#define MIPC_CELL_ENUM_ROW(symbol, number) MIPC_CELL_##symbol = number,
enum { MIPC_CELL_RESULT_MAP(MIPC_CELL_ENUM_ROW) };
#undef MIPC_CELL_ENUM_ROW

/*
 * Copies the value out. 0; MORE; OVERTAKEN: try again, or under the lock; CORRUPT: the length, type
 * or checksum is impossible; TRUNCATED. If ret_value->checked is true on entry, a value without a
 * checksum is refused.
 */
int mipc_cell_read(const mipc_cell_t *cell, void *to, uint64_t room, mipc_cell_value_t *ret_value);

#endif
