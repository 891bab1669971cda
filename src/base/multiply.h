/*
 * The product of two words of 64 bits, folded to one: for hashes. Pure.
 */
#ifndef MIPC_BASE_MULTIPLY_H
#define MIPC_BASE_MULTIPLY_H

#include <stdint.h>

/* The exclusive or of both halves of the product, the same on all systems. */
static inline uint64_t mipc_multiply_fold(uint64_t a, uint64_t b) {
#ifdef __SIZEOF_INT128__
  unsigned __int128 product = (unsigned __int128)a * b;
  return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
  uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
  uint64_t low = a0 * b0, middle = a1 * b0 + (low >> 32);
  uint64_t carried = a0 * b1 + (uint32_t)middle;
  uint64_t high = a1 * b1 + (middle >> 32) + (carried >> 32);
  return (carried << 32 | (uint32_t)low) ^ high;
#endif
}

#endif
