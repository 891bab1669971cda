/*
 * unpack: strings, bits, nibbles, uuencoded lines, and compressed integers.
 */
#include "unpack_i.h"

#include <string.h>

#include "number_i.h"

/* Copies up to `count` units to the end of the text; `ret_n`: how many. NULL: failure. */
static uint8_t *copy_units(mipc_i_unpack_t *unpack, uint64_t count, bool raw, size_t *ret_n) {
  uint64_t left = unpack->size - unpack->at, n = 0;
  uint64_t most = raw ? 2 * left : left;
  if (most > count) most = count;
  uint8_t *text = mipc_i_text_space(unpack, most);
  if (!text) return NULL;
  if (!raw) {
    memcpy(text, unpack->from + unpack->at, (size_t)most);
    unpack->at += (size_t)most;
    n = most;
  }
  while (n < most && !mipc_i_at_end(unpack))
    text[n++] = mipc_i_next_unit(unpack, true);
  *ret_n = (size_t)n;
  return text;
}

size_t mipc_i_text_end(uint8_t letter, const uint8_t *text, size_t n) {
  if (letter == 'A')
    while (n > 0 && (text[n - 1] == 0 || mipc_i_is_space(text[n - 1])))
      n--;
  if (letter == 'Z') {
    const uint8_t *zero = memchr(text, 0, n);
    if (zero) n = (size_t)(zero - text);
  }
  return n;
}

static bool unpack_string(mipc_i_unpack_t *unpack, uint8_t letter, uint64_t count, bool raw) {
  size_t n;
  uint8_t *text = copy_units(unpack, count, raw, &n);
  if (!text) return false;
  n = mipc_i_text_end(letter, text, n);
  return mipc_i_push_text(unpack, text, n, MIPC_TAG_TEXT);
}

/* Z*: moves behind the returned string and the zero after it, not to the end of the input. */
static bool unpack_whole_string(mipc_i_unpack_t *unpack, uint64_t count, bool raw) {
  size_t n = 0;
  if (!raw) { /* the length first, so that only the string is copied */
    size_t left = unpack->size - unpack->at;
    if (count > left) count = left;
    const uint8_t *begin = unpack->from + unpack->at, *zero = memchr(begin, 0, (size_t)count);
    count = zero ? (uint64_t)(zero - begin) : count;
  }
  mipc_i_unpack_t before = *unpack;
  uint8_t *text = copy_units(unpack, count, raw, &n);
  if (!text) return false;
  const uint8_t *zero = memchr(text, 0, n);
  if (zero) n = (size_t)(zero - text);
  unpack->at = before.at;
  unpack->half = before.half;
  if (!mipc_i_push_text(unpack, text, n, MIPC_TAG_TEXT)) return false;
  mipc_i_forward(unpack, n, raw);
  if (!mipc_i_at_end(unpack)) mipc_i_forward(unpack, 1, raw);
  return true;
}

static bool unpack_bits(mipc_i_unpack_t *unpack, uint8_t letter, uint64_t count, bool star,
                        bool raw) {
  static const char digits[] = "0123456789abcdef";
  bool hex = letter == 'h' || letter == 'H', high_first = letter == 'B' || letter == 'H';
  unsigned each = hex ? 4 : 1, in_a_byte = 8 / each;
  uint64_t left = unpack->size - unpack->at, most = (raw ? 2 * left : left) * in_a_byte;
  if (star || count > most) count = most;
  uint8_t *text = mipc_i_text_space(unpack, count);
  if (!text) return false;
  size_t n = 0;
  while (n < count && !mipc_i_at_end(unpack)) {
    unsigned byte = mipc_i_next_unit(unpack, raw);
    for (unsigned j = 0; j < in_a_byte && n < count; j++) {
      unsigned shift = high_first ? 8 - each * (j + 1) : each * j;
      text[n++] = (uint8_t)digits[byte >> shift & ((1u << each) - 1)];
    }
  }
  return mipc_i_push_text(unpack, text, n, MIPC_TAG_TEXT);
}

static bool is_uu(int unit) {
  return unit >= ' ' && unit < 'a';
}

static unsigned next_six(mipc_i_unpack_t *unpack, bool raw) {
  if (!is_uu(mipc_i_peek_unit(unpack, raw, 0))) return 0;
  return (unsigned)(mipc_i_next_unit(unpack, raw) - ' ') & 63;
}

/* The end of a line: a line feed, or a character (a checksum of some encoders) and a line feed. */
static void skip_line_end(mipc_i_unpack_t *unpack, bool raw) {
  int unit = mipc_i_peek_unit(unpack, raw, 0);
  if (unit == '\n') {
    mipc_i_forward(unpack, 1, raw);
  } else if (!(unpack->utf8 && !raw && unit >= 0x80) && mipc_i_peek_unit(unpack, raw, 1) == '\n') {
    mipc_i_forward(unpack, 2, raw);
  }
}

static bool unpack_uu(mipc_i_unpack_t *unpack, bool raw) {
  uint8_t *text = mipc_i_text_room(unpack, 0);
  size_t n = 0;
  for (int unit; is_uu(unit = mipc_i_peek_unit(unpack, raw, 0)) && unit != ' ';) {
    unsigned length = next_six(unpack, raw);
    if (!mipc_i_unpack_work(unpack, 8) || !mipc_i_text_room(unpack, n + length)) return false;
    for (unsigned i = 0; i < length; i += 3) {
      unsigned a = next_six(unpack, raw), b = next_six(unpack, raw), c = next_six(unpack, raw),
               d = next_six(unpack, raw);
      unsigned three[] = {a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d};
      for (unsigned j = 0; j < 3 && i + j < length; j++)
        text[n++] = (uint8_t)three[j];
    }
    skip_line_end(unpack, raw);
  }
  return mipc_i_push_text(unpack, text, n, MIPC_TAG_TEXT);
}

bool mipc_i_unpack_text(mipc_i_unpack_t *unpack, uint8_t letter, uint64_t count, bool star,
                        bool raw) {
  switch (letter) {
  case 'a':
  case 'A':
    return unpack_string(unpack, letter, count, raw);
  case 'Z':
    return star ? unpack_whole_string(unpack, count, raw)
                : unpack_string(unpack, letter, count, raw);
  case 'u':
    return unpack_uu(unpack, raw);
  default:
    return unpack_bits(unpack, letter, count, star, raw);
  }
}

/* Converts `n` groups of seven bits to the bytes of the same integer, in place. Returns the number
 * of bytes. */
static size_t bytes_of_sevens(uint8_t *sevens, size_t n) {
  unsigned held = 0, bits = 0;
  size_t to = n;
  for (size_t from = n; from-- > 0;) {
    held |= (unsigned)(sevens[from] & 0x7f) << bits;
    bits += 7;
    if (bits < 8) continue;
    sevens[--to] = (uint8_t)held;
    held >>= 8;
    bits -= 8;
  }
  if (bits > 0) sevens[--to] = (uint8_t)held;
  memmove(sevens, sevens + to, n - to);
  return n - to;
}

/* An integer of more than eight groups; its units are read again from its start. */
static bool unpack_large(mipc_i_unpack_t *unpack, bool raw) {
  mipc_i_unpack_t ahead = *unpack;
  size_t n = 0;
  for (uint8_t unit = 0x80; unit & 0x80; n++) {
    if (mipc_i_at_end(&ahead)) {
      return mipc_i_unpack_fail(unpack, MIPC_PACK_UNTERMINATED, 'w', unpack->at);
    }
    unit = mipc_i_next_unit(&ahead, raw);
  }
  uint8_t *text = mipc_i_text_space(unpack, n);
  if (!text) return false;
  size_t got = 0;
  while (got < n && !mipc_i_at_end(unpack)) /* fewer if the bytes have changed meanwhile */
    text[got++] = mipc_i_next_unit(unpack, raw);
  size_t length = bytes_of_sevens(text, got), zeros = 0;
  while (zeros < length && text[zeros] == 0)
    zeros++;
  if (length - zeros > 8) {
    return mipc_i_push_text(unpack, text + zeros, length - zeros, MIPC_TAG_BIG);
  }
  uint64_t bits = 0;
  for (size_t i = zeros; i < length; i++)
    bits = bits << 8 | text[i];
  return mipc_i_push_unsigned(unpack, bits, true);
}

bool mipc_i_unpack_compressed(mipc_i_unpack_t *unpack, uint64_t count, bool raw) {
  for (; count > 0 && !mipc_i_at_end(unpack); count--) {
    mipc_i_unpack_t before = *unpack;
    uint64_t bits = 0;
    unsigned sevens = 0;
    uint8_t unit = 0x80;
    if (!mipc_i_unpack_work(unpack, 1)) return false;
    for (; unit & 0x80 && sevens < 8 && !mipc_i_at_end(unpack); sevens++) {
      unit = mipc_i_next_unit(unpack, raw);
      bits = bits << 7 | (unit & 0x7f);
    }
    bool good;
    if (!(unit & 0x80)) {
      good = mipc_i_push_unsigned(unpack, bits, true);
    } else if (sevens < 8) {
      good = mipc_i_unpack_fail(unpack, MIPC_PACK_UNTERMINATED, 'w', before.at);
    } else {
      unpack->at = before.at;
      unpack->half = before.half;
      good = unpack_large(unpack, raw);
    }
    if (!good) return false;
  }
  return true;
}
