/*
 * number_i.h: numbers of slots to bytes, bytes to numbers of slots.
 */
#include "number_i.h"

#include <string.h>

#include "letters_i.h"

uint64_t mipc_i_bits_of_large(double number, bool *finite) {
  *finite = *finite && mipc_i_is_finite(number);
  if (number != number) return 0;
  if (number <= -9223372036854775808.0) return (uint64_t)INT64_MIN;
  if (number < 18446744073709551616.0) return (uint64_t)number;
  return UINT64_MAX;
}

uint64_t mipc_i_bits_of_slot(const mipc_pack_slot_t *slot, uint8_t tag, bool *finite) {
  switch (tag) {
  case MIPC_TAG_NUMBER:
    return mipc_i_bits_of(slot->number, finite);
  case MIPC_TAG_BIG:
    return UINT64_MAX;
  case MIPC_TAG_NEGATIVE:
    return (uint64_t)INT64_MIN;
  default:
    return slot->bits;
  }
}

/* The double nearest to a big-endian integer. Only its first 64 bits are used; the last of them
 * stands for all bits that follow, as rounding depends only on whether those are zero. */
static double double_of_bytes(const uint8_t *bytes, size_t length) {
  while (length > 0 && *bytes == 0) {
    bytes++;
    length--;
  }
  uint64_t bits = 0;
  size_t n = 0;
  for (; n < length && bits < (uint64_t)1 << 56; n++)
    bits = bits << 8 | bytes[n];
  bool rest = false;
  for (size_t i = n; i < length; i++)
    rest = rest || bytes[i] != 0;
  double number = (double)(bits | rest);
  for (; n < length && mipc_i_is_finite(number); n++)
    number *= 256;
  return number;
}

double mipc_i_double_of_slot(const mipc_pack_slot_t *slot, uint8_t tag, const uint8_t *text) {
  switch (tag) {
  case MIPC_TAG_NUMBER:
    return slot->number;
  case MIPC_TAG_INT:
    return (double)slot->integer;
  case MIPC_TAG_UINT:
    return (double)slot->bits;
  case MIPC_TAG_NEGATIVE:
    return -double_of_bytes(text + slot->text.offset, slot->text.length);
  default:
    return double_of_bytes(text + slot->text.offset, slot->text.length);
  }
}

static bool is_big_endian(void) {
  const uint16_t one = 1;
  uint8_t first;
  memcpy(&first, &one, 1);
  return first == 0;
}

#define SAME(v) (v)

/* One loop for each format; values with tags have a slower one. */
#define STORE_INTEGERS(type, swap)                                                                 \
  do {                                                                                             \
    for (size_t i = 0; i < n; i++, slots += slot_step, to += step) {                               \
      double number = slots->number;                                                               \
      type value = swap((type)mipc_i_bits_of(number, &finite));                                    \
      memcpy(to, &value, sizeof value);                                                            \
    }                                                                                              \
    return finite;                                                                                 \
  } while (0)

#define STORE_FLOATS(type, bits_type, convert, swap)                                               \
  do {                                                                                             \
    for (size_t i = 0; i < n; i++, slots += slot_step, to += step) {                               \
      type value = convert(slots->number);                                                         \
      bits_type bits;                                                                              \
      memcpy(&bits, &value, sizeof bits);                                                          \
      bits = swap(bits);                                                                           \
      memcpy(to, &bits, sizeof bits);                                                              \
    }                                                                                              \
    return true;                                                                                   \
  } while (0)

bool mipc_i_store(mipc_i_store_t store, const mipc_pack_slot_t *slots, size_t slot_step, size_t n,
                  uint8_t *to, size_t step) {
  bool finite = true;
  switch (store) {
  case MIPC_I_STORE_NONE:
    return true;
  case MIPC_I_STORE_INT8:
  case MIPC_I_STORE_UINT8:
    STORE_INTEGERS(uint8_t, SAME);
  case MIPC_I_STORE_INT16:
  case MIPC_I_STORE_UINT16:
    STORE_INTEGERS(uint16_t, SAME);
  case MIPC_I_STORE_INT16_SWAPPED:
  case MIPC_I_STORE_UINT16_SWAPPED:
    STORE_INTEGERS(uint16_t, mipc_i_swap16);
  case MIPC_I_STORE_INT32:
  case MIPC_I_STORE_UINT32:
    STORE_INTEGERS(uint32_t, SAME);
  case MIPC_I_STORE_INT32_SWAPPED:
  case MIPC_I_STORE_UINT32_SWAPPED:
    STORE_INTEGERS(uint32_t, mipc_i_swap32);
  case MIPC_I_STORE_INT64:
  case MIPC_I_STORE_UINT64:
    STORE_INTEGERS(uint64_t, SAME);
  case MIPC_I_STORE_INT64_SWAPPED:
  case MIPC_I_STORE_UINT64_SWAPPED:
    STORE_INTEGERS(uint64_t, mipc_i_swap64);
  case MIPC_I_STORE_FLOAT:
    STORE_FLOATS(float, uint32_t, mipc_i_float_of, SAME);
  case MIPC_I_STORE_FLOAT_SWAPPED:
    STORE_FLOATS(float, uint32_t, mipc_i_float_of, mipc_i_swap32);
  case MIPC_I_STORE_DOUBLE:
    STORE_FLOATS(double, uint64_t, SAME, SAME);
  case MIPC_I_STORE_DOUBLE_SWAPPED:
    STORE_FLOATS(double, uint64_t, SAME, mipc_i_swap64);
  }
  return true;
}

bool mipc_i_store_tagged(mipc_i_store_t store, const mipc_pack_slot_t *slots, const uint8_t *tags,
                         const uint8_t *text, size_t n, uint8_t *to) {
  bool finite = true, swapped = ((int)store - MIPC_I_STORE_INT16) % 2 != 0;
  uint8_t size = mipc_i_store_size(store);
  for (size_t i = 0; i < n; i++, to += size) {
    if (mipc_i_is_float(store) || tags[i] == MIPC_TAG_NUMBER) {
      mipc_pack_slot_t slot = {.number = mipc_i_double_of_slot(&slots[i], tags[i], text)};
      finite &= mipc_i_store(store, &slot, 1, 1, to, size);
      continue;
    }
    uint64_t bits = mipc_i_bits_of_slot(&slots[i], tags[i], &finite);
    for (unsigned byte = 0; byte < size; byte++)
      to[is_big_endian() != (size > 1 && swapped) ? size - 1 - byte : byte] =
          (uint8_t)(bits >> (8 * byte));
  }
  return finite;
}

#define LOAD_INTEGERS(type, bits_type, swap)                                                       \
  do {                                                                                             \
    for (size_t i = 0; i < n; i++, slots += slot_step, from += step) {                             \
      bits_type bits;                                                                              \
      memcpy(&bits, from, sizeof bits);                                                            \
      slots->number = (double)(type)swap(bits);                                                    \
    }                                                                                              \
    return;                                                                                        \
  } while (0)

#define LOAD_FLOATS(type, bits_type, swap)                                                         \
  do {                                                                                             \
    for (size_t i = 0; i < n; i++, slots += slot_step, from += step) {                             \
      bits_type bits;                                                                              \
      type value;                                                                                  \
      memcpy(&bits, from, sizeof bits);                                                            \
      bits = swap(bits);                                                                           \
      memcpy(&value, &bits, sizeof value);                                                         \
      slots->number = (double)value;                                                               \
    }                                                                                              \
    return;                                                                                        \
  } while (0)

void mipc_i_load(mipc_i_store_t store, const uint8_t *from, size_t step, size_t n,
                 mipc_pack_slot_t *slots, size_t slot_step) {
  switch (store) {
  case MIPC_I_STORE_INT8:
    LOAD_INTEGERS(int8_t, uint8_t, SAME);
  case MIPC_I_STORE_UINT8:
    LOAD_INTEGERS(uint8_t, uint8_t, SAME);
  case MIPC_I_STORE_INT16:
    LOAD_INTEGERS(int16_t, uint16_t, SAME);
  case MIPC_I_STORE_INT16_SWAPPED:
    LOAD_INTEGERS(int16_t, uint16_t, mipc_i_swap16);
  case MIPC_I_STORE_UINT16:
    LOAD_INTEGERS(uint16_t, uint16_t, SAME);
  case MIPC_I_STORE_UINT16_SWAPPED:
    LOAD_INTEGERS(uint16_t, uint16_t, mipc_i_swap16);
  case MIPC_I_STORE_INT32:
    LOAD_INTEGERS(int32_t, uint32_t, SAME);
  case MIPC_I_STORE_INT32_SWAPPED:
    LOAD_INTEGERS(int32_t, uint32_t, mipc_i_swap32);
  case MIPC_I_STORE_UINT32:
    LOAD_INTEGERS(uint32_t, uint32_t, SAME);
  case MIPC_I_STORE_UINT32_SWAPPED:
    LOAD_INTEGERS(uint32_t, uint32_t, mipc_i_swap32);
  case MIPC_I_STORE_FLOAT:
    LOAD_FLOATS(float, uint32_t, SAME);
  case MIPC_I_STORE_FLOAT_SWAPPED:
    LOAD_FLOATS(float, uint32_t, mipc_i_swap32);
  case MIPC_I_STORE_DOUBLE:
    LOAD_FLOATS(double, uint64_t, SAME);
  case MIPC_I_STORE_DOUBLE_SWAPPED:
    LOAD_FLOATS(double, uint64_t, mipc_i_swap64);
  default:
    return;
  }
}

uint64_t mipc_i_load_64(mipc_i_store_t store, const uint8_t *from) {
  uint64_t bits;
  memcpy(&bits, from, sizeof bits);
  bool swapped = store == MIPC_I_STORE_INT64_SWAPPED || store == MIPC_I_STORE_UINT64_SWAPPED;
  return swapped ? mipc_i_swap64(bits) : bits;
}

/* Whether the text begins with the word; case does not matter. */
static bool begins_with(const uint8_t *text, size_t length, const char *word) {
  for (size_t i = 0; word[i]; i++)
    if (i >= length || (text[i] | 0x20) != word[i]) return false;
  return true;
}

/* mantissa * 10^exponent. Digits that a double cannot hold do not matter in a count. */
static double scaled(double mantissa, int64_t exponent) {
  for (; exponent > 0 && mantissa < 1e300; exponent--)
    mantissa *= 10;
  for (; exponent < 0 && mantissa > 0; exponent++)
    mantissa /= 10;
  return mantissa;
}

int64_t mipc_i_integer_of_text(const uint8_t *text, size_t length) {
  size_t i = 0;
  while (i < length && mipc_i_is_space(text[i]))
    i++;
  bool negative = i < length && text[i] == '-';
  if (i < length && (text[i] == '-' || text[i] == '+')) i++;
  if (begins_with(text + i, length - i, "inf")) return negative ? INT64_MIN : -1;
  uint64_t exact = 0;
  double rounded = 0;
  bool fits = true;
  int64_t exponent = 0;
  for (; i < length && mipc_i_is_digit(text[i]); i++) {
    unsigned digit = (unsigned)(text[i] - '0');
    fits = fits && exact <= (UINT64_MAX - digit) / 10;
    if (fits) exact = exact * 10 + digit;
    rounded = rounded * 10 + digit;
  }
  bool fraction = i < length && text[i] == '.';
  if (fraction) {
    for (i++; i < length && mipc_i_is_digit(text[i]); i++) {
      if (exponent < -400) continue;
      rounded = rounded * 10 + (text[i] - '0');
      exponent--;
    }
  }
  bool has_exponent = i + 1 < length && (text[i] | 0x20) == 'e';
  if (has_exponent) {
    size_t j = i + 1;
    bool minus = text[j] == '-';
    if (text[j] == '-' || text[j] == '+') j++;
    has_exponent = j < length && mipc_i_is_digit(text[j]);
    int64_t power = 0;
    for (; j < length && mipc_i_is_digit(text[j]); j++)
      if (power < 10000) power = power * 10 + (text[j] - '0');
    exponent += minus ? -power : power;
  }
  if (fits && !has_exponent) { /* the fraction is cut off */
    if (!negative) return (int64_t)exact;
    return exact > (uint64_t)INT64_MAX ? INT64_MIN : -(int64_t)exact;
  }
  double number = scaled(rounded, exponent);
  bool finite = true;
  return (int64_t)mipc_i_bits_of(negative ? -number : number, &finite);
}

size_t mipc_i_text_of_integer(uint64_t number, uint8_t digits[MIPC_I_MOST_DIGITS]) {
  uint8_t reversed[MIPC_I_MOST_DIGITS];
  size_t n = 0;
  do {
    reversed[n++] = (uint8_t)('0' + number % 10);
    number /= 10;
  } while (number);
  for (size_t i = 0; i < n; i++)
    digits[i] = reversed[n - 1 - i];
  return n;
}
