/*
 * Perl's UTF-8: every number up to 2^63 - 1 is a character, also a surrogate. A character has up to
 * 7 bytes, or 13 from 2^36 on (first byte 0xFF). For the characters of Unicode it is the same as
 * UTF-8.
 */
#ifndef MIPC_PACK_UTF8_I_H
#define MIPC_PACK_UTF8_I_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MIPC_I_UTF8_MOST = 13 };

/* Writes a character below 2^63; returns the number of bytes. */
size_t mipc_i_utf8_encode(uint64_t character, uint8_t to[MIPC_I_UTF8_MOST]);

/* The length of a character by its first byte; 1 for a byte that starts no character. */
size_t mipc_i_utf8_skip(uint8_t first);

/*
 * Reads one character; `length` is at least 1. Returns the number of bytes that it took. Bytes that
 * are no character (cut off, too long for its value, beyond 2^63 - 1) set `*ret_character` to 0 and
 * `*ret_good` to false; the result then covers the bytes that look like one character.
 */
size_t mipc_i_utf8_decode(const uint8_t *from, size_t length, uint64_t *ret_character,
                          bool *ret_good);

static inline bool mipc_i_utf8_continues(uint8_t byte) {
  return (byte & 0xc0) == 0x80;
}

#endif
