/*
 * The frame of one call of pack or unpack between JS and C: one for each copy of lib/ that
 * a thread has loaded, written by JS before the call and by C in it. JS stores and loads the fields
 * as elements of a Float64Array or Uint32Array; the values themselves lie in arrays beside it.
 *
 * Rows as in base/layout.h: they make the struct, the asserts, binding.layout.pack, and the table
 * in src/README.md.
 */
#ifndef MIPC_PACK_FRAME_H
#define MIPC_PACK_FRAME_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/* clang-format off */
#define MIPC_PACK_FRAME_ROWS(X)                                                                    \
  X(uint32_t, program, 0, "index of the compiled template")                                        \
  X(uint32_t, count, 4, "of values: given to pack, got from unpack")                               \
  X(uint32_t, text_size, 8, "pack: bytes of strings in use")                                       \
  X(uint32_t, numbers, 12, "1: all values are numbers, and no tag has to be looked at")            \
  X(uint32_t, bigint, 16, "unpack: a mipc_bigint_t")                                               \
  X(uint32_t, letter, 20, "of a failure")                                                          \
  X(double, handle, 24, "of the mapping")                                                          \
  X(double, offset, 32, "in the mapping, of the first byte")                                       \
  X(double, length, 40, "unpack: bytes that may be looked at")                                     \
  X(double, size, 48, "pack: bytes packed")                                                        \
  X(double, written, 56, "pack: bytes of them that fitted into the mapping")                       \
  X(double, number, 64, "of a failure; with MORE_...: how many are needed")
/* clang-format on */
#define MIPC_PACK_FRAME_SIZE 72

#define MIPC_LAYOUT_FIELD(type, field, offset, meaning) type field;
typedef struct {
  MIPC_PACK_FRAME_ROWS(MIPC_LAYOUT_FIELD)
} mipc_pack_frame_t;
#undef MIPC_LAYOUT_FIELD

#define MIPC_LAYOUT_ASSERT(type, field, offset, meaning)                                           \
  static_assert(offsetof(mipc_pack_frame_t, field) == (offset), "mipc_pack_frame_t." #field);
MIPC_PACK_FRAME_ROWS(MIPC_LAYOUT_ASSERT)
static_assert(sizeof(mipc_pack_frame_t) == MIPC_PACK_FRAME_SIZE, "mipc_pack_frame_t");
#undef MIPC_LAYOUT_ASSERT

#endif
