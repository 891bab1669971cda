/*
 * The frame: arguments and results of one call of pack or unpack, other than the values. Each copy
 * of lib/ that a thread has loaded has one. JS writes it before the call, C during the call. JS
 * accesses the uint32_t fields through a Uint32Array and the doubles through a Float64Array. The
 * values are in arrays beside it (binding/pack.cc).
 *
 * The rows are as in base/layout.h: the struct, its asserts, binding.layout.pack and the table in
 * src/README.md come from them.
 */
#ifndef MIPC_PACK_FRAME_H
#define MIPC_PACK_FRAME_H

#include <assert.h>
#include <stdint.h>

#include "../base/rows.h"

/* clang-format off */
#define MIPC_PACK_FRAME_ROWS(X)                                                                    \
  X(uint32_t, program, 0, "index of the compiled template")                                        \
  X(uint32_t, count, 4, "number of values: given to pack, returned by unpack")                     \
  X(uint32_t, text_size, 8, "pack: bytes of text in use")                                          \
  X(uint32_t, numbers, 12, "1: all values are numbers, and no tag is read")                        \
  X(uint32_t, bigint, 16, "unpack: a mipc_bigint_t")                                               \
  X(uint32_t, letter, 20, "letter of a failure")                                                   \
  X(double, handle, 24, "handle of the mapping")                                                   \
  X(double, offset, 32, "offset of the first byte in the mapping")                                 \
  X(double, length, 40, "unpack: bytes that may be read")                                          \
  X(double, size, 48, "pack: bytes packed")                                                        \
  X(double, written, 56, "pack: how many of them fitted into the mapping")                         \
  X(double, number, 64, "number of a failure; with MORE_...: the room needed")
/* clang-format on */
#define MIPC_PACK_FRAME_SIZE 72

MIPC_LAYOUT(mipc_pack_frame_t, MIPC_PACK_FRAME_ROWS)
static_assert(sizeof(mipc_pack_frame_t) == MIPC_PACK_FRAME_SIZE, "mipc_pack_frame_t");

#endif
