/*
 * Perl's UTF-8: any number up to 2^63 - 1 is a character, surrogates too; up to 7 bytes, or 13 from
 * 2^36 on (first byte 0xFF). The same as UTF-8 for what Unicode has.
 */
#ifndef MIPC_PACK_UTF8_I_H
#define MIPC_PACK_UTF8_I_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MIPC_I_UTF8_MOST = 13 };

/* Writes a character below 2^63; returns the number of bytes. */
size_t mipc_i_utf8_encode(uint64_t character, uint8_t to[MIPC_I_UTF8_MOST]);

/* How long a character is by its first byte; 1 for a byte that begins none. */
size_t mipc_i_utf8_skip(uint8_t first);

/*
 * Reads one character of at least one byte; returns how many bytes it took. What is no character
 * (cut off, too long for its value, beyond 2^63 - 1) gives 0 and `*ret_good` false, and takes what
 * looked like one.
 */
size_t mipc_i_utf8_decode(const uint8_t *from, size_t length, uint64_t *ret_character,
                          bool *ret_good);

static inline bool mipc_i_utf8_continues(uint8_t byte) {
  return (byte & 0xc0) == 0x80;
}

#endif
