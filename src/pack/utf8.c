/*
 * utf8_i.h: writes and reads one character of Perl's UTF-8.
 */
#include "utf8_i.h"

static size_t length_of(uint64_t character) {
  if (character < 0x80) return 1;
  if (character < 0x800) return 2;
  if (character < 0x10000) return 3;
  if (character < 0x200000) return 4;
  if (character < 0x4000000) return 5;
  if (character < 0x80000000) return 6;
  return character < ((uint64_t)1 << 36) ? 7 : MIPC_I_UTF8_MOST;
}

size_t mipc_i_utf8_encode(uint64_t character, uint8_t to[MIPC_I_UTF8_MOST]) {
  size_t length = length_of(character);
  if (length == 1) {
    to[0] = (uint8_t)character;
    return 1;
  }
  for (size_t i = length - 1; i > 0; i--) {
    to[i] = (uint8_t)(0x80 | (character & 0x3f));
    character >>= 6;
  }
  /* The number of leading ones is the number of bytes; 8 ones stand for 13 bytes. */
  to[0] = length > 7 ? 0xff : (uint8_t)((0xff00 >> length) | character);
  return length;
}

size_t mipc_i_utf8_skip(uint8_t first) {
  if (first < 0xc0) return 1;
  if (first < 0xe0) return 2;
  if (first < 0xf0) return 3;
  if (first < 0xf8) return 4;
  if (first < 0xfc) return 5;
  if (first < 0xfe) return 6;
  return first == 0xfe ? 7 : MIPC_I_UTF8_MOST;
}

size_t mipc_i_utf8_decode(const uint8_t *from, size_t length, uint64_t *ret_character,
                          bool *ret_good) {
  uint8_t first = from[0];
  size_t expected = mipc_i_utf8_skip(first), n = 1;
  *ret_character = 0;
  *ret_good = false;
  if (mipc_i_utf8_continues(first)) return 1;
  uint64_t character = expected > 6 ? 0 : first & (0xff >> (expected == 1 ? 1 : expected + 1));
  bool fits = true;
  for (; n < expected && n < length; n++) {
    uint8_t byte = from[n];
    if (!mipc_i_utf8_continues(byte)) break;
    fits = fits && character < ((uint64_t)1 << 57);
    character = character << 6 | (byte & 0x3f);
  }
  if (n < expected || !fits || length_of(character) != expected) return n;
  *ret_character = character;
  *ret_good = true;
  return n;
}
