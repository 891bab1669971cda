/*
 * Arithmetic on ranges of bytes that cannot overflow. Pure.
 */
#ifndef MIPC_BASE_RANGE_H
#define MIPC_BASE_RANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The largest offset or size that JS can express exactly: 2^53 - 1. */
#define MIPC_MAX_OFFSET ((uint64_t)9007199254740991)

/*
 * How many of the `length` bytes at `offset` lie within `size` bytes. An offset at or beyond the
 * end gives 0.
 */
static inline uint64_t mipc_range_clip(uint64_t size, uint64_t offset, uint64_t length) {
  if (offset >= size) return 0;
  uint64_t rest = size - offset;
  return length < rest ? length : rest;
}

/* Whether `offset + length` is at most `limit`, computed without wrap-around. */
static inline bool mipc_range_fits(uint64_t limit, uint64_t offset, uint64_t length) {
  return offset <= limit && length <= limit - offset;
}

/* `value` rounded down to a multiple of `unit`, a power of two. */
static inline uint64_t mipc_round_down(uint64_t value, uint64_t unit) {
  return value & ~(unit - 1);
}

/* `value` rounded up to a multiple of `unit`, a power of two; `value` is at most 2^63. */
static inline uint64_t mipc_round_up(uint64_t value, uint64_t unit) {
  return (value + unit - 1) & ~(unit - 1);
}

#endif
