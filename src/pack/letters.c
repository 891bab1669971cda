/*
 * letters_i.h: the table of the letters.
 */
#include "letters_i.h"

#include <string.h>

/* A letter for numbers: their size in bytes, without and with !, and their type. */
typedef struct {
  uint8_t letter, size, shriek_size;
  bool is_signed, is_float;
} number_t;

static const number_t NUMBERS[] = {
    {'c', 1, 1, true, false},
    {'C', 1, 1, false, false},
    {'s', 2, sizeof(short), true, false},
    {'S', 2, sizeof(short), false, false},
    {'l', 4, sizeof(long), true, false},
    {'L', 4, sizeof(long), false, false},
    {'i', sizeof(int), sizeof(int), true, false},
    {'I', sizeof(int), sizeof(int), false, false},
    {'q', 8, 8, true, false},
    {'Q', 8, 8, false, false},
    {'j', 8, 8, true, false},
    {'J', 8, 8, false, false},
    {'f', 4, 4, true, true},
    {'d', 8, 8, true, true},
    {'F', 8, 8, true, true}, /* Perl's own number: a double, except in rare builds */
    {'n', 2, 2, false, false},
    {'N', 4, 4, false, false},
    {'v', 2, 2, false, false},
    {'V', 4, 4, false, false},
};

static bool one_of(const char *letters, uint8_t letter) {
  return letter != 0 && strchr(letters, letter) != NULL;
}

bool mipc_i_is_letter(uint8_t letter) {
  return one_of("aAZbBhHcCWUwsSlLqQjJiInNvVfdFuxX@.(%", letter);
}

bool mipc_i_takes_shriek(uint8_t letter) {
  return one_of("sSiIlLxXnNvV@.", letter);
}

bool mipc_i_takes_order(uint8_t letter) {
  return one_of("sSiIlLqQjJfFd(", letter);
}

static bool is_big_endian(void) {
  const uint16_t one = 1;
  uint8_t first;
  memcpy(&first, &one, 1);
  return first == 0;
}

/* The first of a pair in mipc_i_store_t; the second, for swapped bytes, is the next one. */
static mipc_i_store_t integer_store(uint8_t size, bool is_signed) {
  switch (size) {
  case 1:
    return is_signed ? MIPC_I_STORE_INT8 : MIPC_I_STORE_UINT8;
  case 2:
    return is_signed ? MIPC_I_STORE_INT16 : MIPC_I_STORE_UINT16;
  case 4:
    return is_signed ? MIPC_I_STORE_INT32 : MIPC_I_STORE_UINT32;
  default:
    return is_signed ? MIPC_I_STORE_INT64 : MIPC_I_STORE_UINT64;
  }
}

mipc_i_store_t mipc_i_store_of(uint8_t letter, bool shriek, bool big, bool little) {
  for (size_t i = 0; i < sizeof NUMBERS / sizeof *NUMBERS; i++) {
    const number_t *number = &NUMBERS[i];
    if (number->letter != letter) continue;
    uint8_t size = shriek ? number->shriek_size : number->size;
    bool is_signed = number->is_signed;
    if (one_of("nNvV", letter)) {
      big = letter == 'n' || letter == 'N';
      little = !big;
      is_signed = shriek;
    }
    bool swapped = size > 1 && (is_big_endian() ? little : big);
    if (number->is_float) {
      return (mipc_i_store_t)((size == 4 ? MIPC_I_STORE_FLOAT : MIPC_I_STORE_DOUBLE) + swapped);
    }
    return (mipc_i_store_t)(integer_store(size, is_signed) + swapped);
  }
  return MIPC_I_STORE_NONE;
}

uint8_t mipc_i_store_size(mipc_i_store_t store) {
  switch (store) {
  case MIPC_I_STORE_NONE:
    return 0;
  case MIPC_I_STORE_INT8:
  case MIPC_I_STORE_UINT8:
    return 1;
  case MIPC_I_STORE_INT16:
  case MIPC_I_STORE_INT16_SWAPPED:
  case MIPC_I_STORE_UINT16:
  case MIPC_I_STORE_UINT16_SWAPPED:
    return 2;
  case MIPC_I_STORE_INT32:
  case MIPC_I_STORE_INT32_SWAPPED:
  case MIPC_I_STORE_UINT32:
  case MIPC_I_STORE_UINT32_SWAPPED:
  case MIPC_I_STORE_FLOAT:
  case MIPC_I_STORE_FLOAT_SWAPPED:
    return 4;
  default:
    return 8;
  }
}

int64_t mipc_i_measured_size(uint8_t letter) {
  return one_of("aAZbBhHxWUw", letter) ? 1 : 0;
}
