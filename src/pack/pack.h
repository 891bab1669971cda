/*
 * The engine of pack and unpack: converts values to bytes and back, by a compiled template.
 *
 * Pure, and without memory of its own: the caller provides the arrays. If one is too small, the
 * call returns the room that it needs (MORE_...), and the caller calls again with a larger one. The
 * bytes for unpack may be in shared memory and change during the call: a byte that is read
 * twice may differ, and no byte outside the given ones is accessed. The work of a call is bounded
 * (TOO_MUCH_WORK).
 */
#ifndef MIPC_PACK_PACK_H
#define MIPC_PACK_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "template.h"

/*
 * The content of a slot.
 *   NUMBER    a double
 *   INT       int64_t
 *   UINT      uint64_t
 *   TEXT      bytes in `text`: a string of Latin-1
 *   WIDE      pack only: a string with a character above U+00FF, which every letter refuses
 *   BIG       bytes in `text`: a non-negative integer of more than 64 bits, big-endian
 *   NEGATIVE  pack only: minus such an integer, below -2^63
 */
#define MIPC_TAG_MAP(X)                                                                            \
  X(NUMBER, 0)                                                                                     \
  X(INT, 1)                                                                                        \
  X(UINT, 2)                                                                                       \
  X(TEXT, 3)                                                                                       \
  X(WIDE, 4)                                                                                       \
  X(BIG, 5)                                                                                        \
  X(NEGATIVE, 6)

#define MIPC_TAG_ENUM_ROW(symbol, number) MIPC_TAG_##symbol = number,
typedef enum { MIPC_TAG_MAP(MIPC_TAG_ENUM_ROW) } mipc_tag_t;
#undef MIPC_TAG_ENUM_ROW

typedef union {
  double number;
  int64_t integer;
  uint64_t bits;
  struct {
    uint32_t offset, length;
  } text;
} mipc_pack_slot_t;

/* Values, read by pack and written by unpack. No array is NULL, not even an empty one. */
typedef struct {
  mipc_pack_slot_t *slots;
  uint8_t *tags;    /* a mipc_tag_t for each slot */
  size_t count;     /* number of values; for unpack at first the room */
  uint8_t *text;    /* at most 2^32 - 1 bytes */
  size_t text_size; /* bytes in use; for unpack at first the room */
  bool numbers;     /* all tags are NUMBER; pack then reads no tag */
} mipc_pack_values_t;

/*
 * When an integer of 64 bits is given as INT or UINT instead of NUMBER.
 *   AUTO    beyond 2^53 - 1
 *   ALWAYS  whenever the field has 64 bits (q Q j J, l! L! where long has), has no size of its own
 *           (w), or is a checksum of more than 32 bits
 *   NEVER   never; an integer beyond 2^53 - 1 is an error: BEYOND_SAFE
 */
#define MIPC_BIGINT_MAP(X)                                                                         \
  X(AUTO, 0)                                                                                       \
  X(ALWAYS, 1)                                                                                     \
  X(NEVER, 2)

#define MIPC_BIGINT_ENUM_ROW(symbol, number) MIPC_BIGINT_##symbol = number,
typedef enum { MIPC_BIGINT_MAP(MIPC_BIGINT_ENUM_ROW) } mipc_bigint_t;
#undef MIPC_BIGINT_ENUM_ROW

/*
 * Packs all of `values` to `to`, which has room for `capacity` bytes. It may write beyond the
 * packed bytes, and on failure too.
 * -> OK and the number of bytes; MORE_OUTPUT; or an error.
 */
mipc_pack_error_t mipc_pack(const mipc_template_t *program, const mipc_pack_values_t *values,
                            uint8_t *to, size_t capacity, size_t *ret_size,
                            mipc_pack_failure_t *ret_failure);

/*
 * Unpacks `size` bytes. Bytes that the template does not reach are not read.
 * -> OK and `values` with their counts; MORE_VALUES or MORE_TEXT; or an error.
 */
mipc_pack_error_t mipc_unpack(const mipc_template_t *program, const uint8_t *from, size_t size,
                              mipc_bigint_t bigint, mipc_pack_values_t *values,
                              mipc_pack_failure_t *ret_failure);

#endif
