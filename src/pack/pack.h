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

/* The type of the value in a slot. */
typedef enum {
  MIPC_TAG_NUMBER, /* a double */
  MIPC_TAG_INT,    /* int64_t */
  MIPC_TAG_UINT,   /* uint64_t */
  MIPC_TAG_TEXT,   /* bytes in `text`: a Latin-1 string */
  MIPC_TAG_WIDE, /* pack only: a string with a character above U+00FF, which every letter refuses */
  MIPC_TAG_BIG,  /* bytes in `text`: a non-negative integer of more than 64 bits, big-endian */
  MIPC_TAG_NEGATIVE, /* pack only: the negative of such an integer, below -2^63 */
} mipc_tag_t;

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

/* When unpack returns an integer of 64 bits as INT or UINT instead of NUMBER. */
typedef enum {
  MIPC_BIGINT_AUTO,   /* if it is beyond 2^53 - 1 */
  MIPC_BIGINT_ALWAYS, /* if the field has 64 bits (q Q j J, and l! L! with a 64-bit long), has no
                       * fixed size (w), or is a checksum of more than 32 bits */
  MIPC_BIGINT_NEVER   /* never: an integer beyond 2^53 - 1 is an error, BEYOND_SAFE */
} mipc_bigint_t;

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
