/*
 * Numbers between slots and bytes, as Perl converts them.
 *
 * An integer field takes the low bits of what Perl's SvIV or SvUV gives (both give the same 64
 * bits): a fraction is cut off; what lies beyond 64 bits becomes all ones, below -2^63 that.
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

/* Integers up to here are the same as a double. */
#define MIPC_I_MAX_SAFE ((uint64_t)9007199254740991)

/* Compilers make one instruction of each of these. */
static inline uint16_t mipc_i_swap16(uint16_t v) {
  return (uint16_t)(v << 8 | v >> 8);
}

static inline uint32_t mipc_i_swap32(uint32_t v) {
  return (uint32_t)mipc_i_swap16((uint16_t)v) << 16 | mipc_i_swap16((uint16_t)(v >> 16));
}

static inline uint64_t mipc_i_swap64(uint64_t v) {
  return (uint64_t)mipc_i_swap32((uint32_t)v) << 32 | mipc_i_swap32((uint32_t)(v >> 32));
}

/* The bits of a double beyond 63 bits; `*finite` becomes false, if it is an infinity or NaN. */
uint64_t mipc_i_bits_of_large(double number, bool *finite);

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

/* The 64 bits of a value of any numeric tag; what the caller passes for `finite` becomes false
 * where there are none. */
uint64_t mipc_i_bits_of_slot(const mipc_pack_slot_t *slot, uint8_t tag, bool *finite);

/* The double of a value of any numeric tag; `text` is where BIG has its bytes. */
double mipc_i_double_of_slot(const mipc_pack_slot_t *slot, uint8_t tag, const uint8_t *text);

/* A cast to float rounds numbers just above FLT_MAX down to it; Perl makes them infinite. */
static inline float mipc_i_float_of(double number) {
  if (number > FLT_MAX) return INFINITY;
  if (number < -FLT_MAX) return -INFINITY;
  return (float)number;
}

/*
 * Stores `n` doubles of slots, `slot_step` slots from each other, `step` bytes from each other.
 * Returns false when an integer field met an infinity or NaN; `to` is then rubbish.
 */
bool mipc_i_store(mipc_i_store_t store, const mipc_pack_slot_t *slots, size_t slot_step, size_t n,
                  uint8_t *to, size_t step);

/* The same for slots one after the other of any numeric tags. */
bool mipc_i_store_tagged(mipc_i_store_t store, const mipc_pack_slot_t *slots, const uint8_t *tags,
                         const uint8_t *text, size_t n, uint8_t *to);

/* Loads `n` numbers that are not integers of 64 bits into slots, as doubles; steps as above. */
void mipc_i_load(mipc_i_store_t store, const uint8_t *from, size_t step, size_t n,
                 mipc_pack_slot_t *slots, size_t slot_step);

/* Loads one number of 64 bits. */
uint64_t mipc_i_load_64(mipc_i_store_t store, const uint8_t *from);

static inline bool mipc_i_is_64(mipc_i_store_t store) {
  return store >= MIPC_I_STORE_INT64 && store <= MIPC_I_STORE_UINT64_SWAPPED;
}

/* Whether the store is a float's. */
static inline bool mipc_i_is_float(mipc_i_store_t store) {
  return store >= MIPC_I_STORE_FLOAT;
}

/* Columns of a group of numbers are converted at one go, so many rounds at a time that they stay in
 * the cache. */
enum { MIPC_I_ROUNDS_AT_A_TIME = 256 };

/* A number in a string, as Perl reads one where it wants an integer: blanks, sign, digits, fraction
 * and exponent, whatever follows; 0 without any. */
int64_t mipc_i_integer_of_text(const uint8_t *text, size_t length);

/* Decimal digits; returns how many. */
enum { MIPC_I_MOST_DIGITS = 20 };
size_t mipc_i_text_of_integer(uint64_t number, uint8_t digits[MIPC_I_MOST_DIGITS]);

#endif
