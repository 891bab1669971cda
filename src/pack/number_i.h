/*
 * Conversion of numbers between slots and bytes, as Perl does it.
 *
 * An integer field gets the low bits of the result of Perl's SvIV or SvUV (both give the same 64
 * bits): a fraction is cut off; a number of 2^64 or more becomes all ones, one below -2^63 becomes
 * -2^63.
 */
#ifndef MIPC_PACK_NUMBER_I_H
#define MIPC_PACK_NUMBER_I_H

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pack.h"
#include "template_i.h"

/* The largest integer up to which all integers are exact as doubles. */
#define MIPC_I_MAX_SAFE ((uint64_t)9007199254740991)

/* Compilers turn each of these into one instruction. */
static inline uint16_t mipc_i_swap16(uint16_t v) {
  return (uint16_t)(v << 8 | v >> 8);
}

static inline uint32_t mipc_i_swap32(uint32_t v) {
  return (uint32_t)mipc_i_swap16((uint16_t)v) << 16 | mipc_i_swap16((uint16_t)(v >> 16));
}

static inline uint64_t mipc_i_swap64(uint64_t v) {
  return (uint64_t)mipc_i_swap32((uint32_t)v) << 32 | mipc_i_swap32((uint32_t)(v >> 32));
}

/* The 64 bits of a double of any size. Sets `*finite` to false for an infinity or NaN. */
uint64_t mipc_i_bits_of_large(double number, bool *finite);

/* The same, inlined for a double of at most 63 bits. */
static inline uint64_t mipc_i_bits_of(double number, bool *finite) {
  if (number > -9223372036854775808.0 && number < 9223372036854775808.0) {
    return (uint64_t)(int64_t)number;
  }
  return mipc_i_bits_of_large(number, finite);
}

/* False for infinities and NaN. */
static inline bool mipc_i_is_finite(double number) {
  return number - number == 0;
}

/* The 64 bits of a value with any numeric tag. Sets `*finite` to false for an infinity or NaN. */
uint64_t mipc_i_bits_of_slot(const mipc_pack_slot_t *slot, uint8_t tag, bool *finite);

/* The double of a value with any numeric tag; `text` has the bytes of BIG and NEGATIVE. */
double mipc_i_double_of_slot(const mipc_pack_slot_t *slot, uint8_t tag, const uint8_t *text);

/* A cast to float rounds numbers just above FLT_MAX down to FLT_MAX; Perl makes them infinite. */
static inline float mipc_i_float_of(double number) {
  if (number > FLT_MAX) return INFINITY;
  if (number < -FLT_MAX) return -INFINITY;
  return (float)number;
}

/*
 * Stores the doubles of `n` slots. The distance of two slots is `slot_step` slots, that of two
 * stored numbers `step` bytes. False: an integer field got an infinity or NaN; the bytes at `to`
 * are then undefined.
 */
bool mipc_i_store(mipc_i_store_t store, const mipc_pack_slot_t *slots, size_t slot_step, size_t n,
                  uint8_t *to, size_t step);

/* The same for `n` adjacent slots with any numeric tags. */
bool mipc_i_store_tagged(mipc_i_store_t store, const mipc_pack_slot_t *slots, const uint8_t *tags,
                         const uint8_t *text, size_t n, uint8_t *to);

/* Loads `n` numbers, except integers of 64 bits, into slots as doubles; steps as above. */
void mipc_i_load(mipc_i_store_t store, const uint8_t *from, size_t step, size_t n,
                 mipc_pack_slot_t *slots, size_t slot_step);

/* Loads one number of 64 bits. */
uint64_t mipc_i_load_64(mipc_i_store_t store, const uint8_t *from);

static inline bool mipc_i_is_64(mipc_i_store_t store) {
  return store >= MIPC_I_STORE_INT64 && store <= MIPC_I_STORE_UINT64_SWAPPED;
}

/* Whether the format is float or double. */
static inline bool mipc_i_is_float(mipc_i_store_t store) {
  return store >= MIPC_I_STORE_FLOAT;
}

/* The columns of a group of numbers are converted one after the other, for this many rounds at a
 * time, so that they stay in the cache. */
enum { MIPC_I_ROUNDS_AT_A_TIME = 256 };

/* The integer value of a string, as Perl reads it: blanks, sign, digits, fraction and exponent; the
 * rest is ignored. 0 if there are no digits. */
int64_t mipc_i_integer_of_text(const uint8_t *text, size_t length);

/* Writes the decimal digits; returns their number. */
enum { MIPC_I_MOST_DIGITS = 20 };
size_t mipc_i_text_of_integer(uint64_t number, uint8_t digits[MIPC_I_MOST_DIGITS]);

#endif
