/*
 * The cell: one value of any length in a region, set by whoever has the lock, read by anybody
 * without one, never torn, and whole whenever its writer dies.
 *
 * There are four slots, and two words of the header: `begin`, the version that is being written,
 * and `commit`, the one that is there. Version v lies in slot v mod 4.
 *
 *   write   v = commit + 1; begin = v; length, type and bytes into the slot; commit = v
 *   read    v = commit; length, type and bytes out of the slot; b = begin; good if b - v < 4
 *
 * A slot is written again four versions later, and `begin` says so before the first byte goes: a
 * reader who finds it less than four ahead has read what version v was. A writer that died has left
 * begin = commit + 1, which hinders nobody; the next one takes the same version and slot. With two
 * slots a reader of large values would rarely be quick enough.
 *
 * Bytes are copied as atomic words, so that no reader sees what was never stored. All of it is
 * checked before use; hostile words give CORRUPT, or a value of theirs, of the right size.
 *
 * Behind the slots lies a mark, which the first writer sets. When a file is cut off inside a page
 * the system tells nobody, and shows zeros from there to the end of the page; so whoever has copied
 * a value out, or is about to write one, looks at the mark, which lies behind everything:
 * TRUNCATED.
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

/* What the mark behind the slots is, in room of the size of a slot's head. */
#define MIPC_CELL_MARK ((uint64_t)0x6D61726B)

/* In a slot's type: there is a checksum. Types themselves are below. */
#define MIPC_CELL_CHECKED ((uint32_t)1 << 8)

/* A cell over the header of a region and its payload, which stay the caller's. */
typedef struct {
  mipc_region_shm_t *header;
  uint8_t *slots;    /* at a multiple of 64 */
  uint64_t capacity; /* bytes of a value */
  uint64_t stride;   /* from slot to slot */
} mipc_cell_t;

/* Payload bytes of a cell whose values have up to `capacity` bytes; 0: more than can be. And bytes
 * from slot to slot. */
uint64_t mipc_cell_size(uint64_t capacity);
uint64_t mipc_cell_stride(uint64_t capacity);

/* A value as it is told of. */
typedef struct {
  uint64_t version; /* 0: nothing was ever set */
  uint64_t length;
  uint32_t type; /* 0 to 255; 0 with length 0 when nothing is there */
  bool checked;  /* it has a checksum; read: which was right */
} mipc_cell_value_t;

/* The version that is there. What it was set to, and what was done before that, is seen. */
uint64_t mipc_cell_version(const mipc_cell_t *cell);

/*
 * Stores a value: value->length bytes, at most the capacity; under the lock. Its version comes back
 * in `value`. RANGE: it is larger. CORRUPT: versions have been overwritten. TRUNCATED.
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
 * Copies the value out. 0; MORE; OVERTAKEN: try again, or under the lock; CORRUPT: length, type or
 * checksum cannot be; TRUNCATED. `checked` of ret_value on entry: refuse a value without a
 * checksum.
 */
int mipc_cell_read(const mipc_cell_t *cell, void *to, uint64_t room, mipc_cell_value_t *ret_value);

#endif
