/*
 * pack: strings, bits, nibbles, uuencoded lines, and compressed integers.
 */
#include "pack_i.h"

#include <string.h>

#include "number_i.h"

/* The bytes of a string; the length in front of '/' is written as digits. */
typedef struct {
  const uint8_t *bytes;
  size_t length;
  uint8_t digits[MIPC_I_MOST_DIGITS];
} text_t;

static bool text_of(mipc_i_pack_t *pack, uint8_t letter, mipc_i_value_t value, text_t *text) {
  const mipc_pack_slot_t *slot = value.slot;
  if (value.is_length) {
    text->bytes = text->digits;
    text->length = mipc_i_text_of_integer((uint64_t)slot->integer, text->digits);
    return true;
  }
  if (value.tag != MIPC_TAG_TEXT) {
    mipc_pack_error_t error = value.tag == MIPC_TAG_WIDE ? MIPC_PACK_WIDE : MIPC_PACK_NOT_A_STRING;
    return mipc_i_pack_fail(pack, error, letter, value.index);
  }
  text->bytes = pack->values->text + slot->text.offset;
  text->length = slot->text.length;
  return true;
}

static bool pack_string(mipc_i_pack_t *pack, uint8_t letter, uint64_t count, bool star, bool chars,
                        const text_t *text) {
  uint64_t n = text->length;
  if (star) count = n + (letter == 'Z');
  if (count <= n) {
    n = count;
    if (letter == 'Z' && n > 0) n--;
  }
  return mipc_i_pack_bytes(pack, chars, text->bytes, (size_t)n) &&
         mipc_i_pack_zeros(pack, count - n, letter == 'A' ? ' ' : 0);
}

static uint8_t nibble(uint8_t c) {
  bool alphabetic = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return (alphabetic ? c + 9 : c) & 0xf;
}

/* b B: the low bit of each character, eight per byte; h H: a nibble of each, two per byte. */
static bool pack_bits(mipc_i_pack_t *pack, uint8_t letter, uint64_t count, bool star, bool chars,
                      const text_t *text) {
  bool hex = letter == 'h' || letter == 'H', high_first = letter == 'B' || letter == 'H';
  unsigned each = hex ? 4 : 1, in_a_byte = 8 / each;
  if (star) count = text->length;
  uint64_t field = count / in_a_byte + (count % in_a_byte != 0);
  if (count > text->length) count = text->length;
  uint64_t written = count / in_a_byte + (count % in_a_byte != 0);
  for (uint64_t i = 0; i < count;) {
    unsigned byte = 0;
    for (unsigned j = 0; j < in_a_byte && i < count; j++, i++) {
      unsigned bits = hex ? nibble(text->bytes[i]) : text->bytes[i] & 1;
      byte |= bits << (high_first ? 8 - each * (j + 1) : each * j);
    }
    if (!mipc_i_pack_byte(pack, chars, (uint8_t)byte)) return false;
  }
  return star || mipc_i_pack_zeros(pack, field - written, 0);
}

/* The character of uuencode for six bits; 0 is a backquote. */
static uint8_t uu(unsigned bits) {
  bits &= 63;
  return (uint8_t)(bits ? ' ' + bits : '`');
}

static bool pack_uu(mipc_i_pack_t *pack, uint64_t count, bool chars, const text_t *text) {
  size_t line = 45;
  if (count > 2) line = count >= 64 ? 63 : (size_t)count / 3 * 3;
  for (size_t at = 0; at < text->length; at += line) {
    const uint8_t *bytes = text->bytes + at;
    size_t n = text->length - at < line ? text->length - at : line;
    uint8_t out[1 + 63 / 3 * 4 + 1];
    size_t length = 0;
    out[length++] = uu((unsigned)n);
    for (size_t i = 0; i < n; i += 3) {
      unsigned a = bytes[i], b = i + 1 < n ? bytes[i + 1] : 0, c = i + 2 < n ? bytes[i + 2] : 0;
      out[length++] = uu(a >> 2);
      out[length++] = uu(a << 4 | b >> 4);
      out[length++] = uu(b << 2 | c >> 6);
      out[length++] = uu(c);
    }
    out[length++] = '\n';
    if (!mipc_i_pack_bytes(pack, chars, out, length)) return false;
  }
  return true;
}

bool mipc_i_pack_text(mipc_i_pack_t *pack, uint8_t letter, uint64_t count, bool star, bool chars,
                      mipc_i_value_t value) {
  text_t text;
  if (!text_of(pack, letter, value, &text)) return false;
  switch (letter) {
  case 'a':
  case 'A':
  case 'Z':
    return pack_string(pack, letter, count, star, chars, &text);
  case 'u':
    return pack_uu(pack, count, chars, &text);
  default:
    return pack_bits(pack, letter, count, star, chars, &text);
  }
}

/* Writes a big-endian integer in groups of seven bits, the highest first. */
static bool pack_sevens(mipc_i_pack_t *pack, bool chars, const uint8_t *bytes, size_t length) {
  while (length > 0 && *bytes == 0) {
    bytes++;
    length--;
  }
  uint64_t bits = (uint64_t)length * 8;
  uint64_t groups = bits / 7 + (bits % 7 != 0);
  bool begun = false;
  for (uint64_t group = groups; group-- > 0;) {
    unsigned seven = 0;
    for (uint64_t bit = group * 7; bit < group * 7 + 7 && bit < bits; bit++)
      seven |= (bytes[length - 1 - bit / 8] >> bit % 8 & 1u) << (bit - group * 7);
    begun = begun || seven != 0;
    if (!begun && group > 0) continue;
    if (!mipc_i_pack_byte(pack, chars, (uint8_t)(seven | (group ? 0x80 : 0)))) return false;
  }
  return groups > 0 || mipc_i_pack_byte(pack, chars, 0);
}

/* A double of more than 64 bits is an integer too: its bits, then zeros. */
static bool pack_large(mipc_i_pack_t *pack, bool chars, double number) {
  uint8_t bytes[128]; /* 1024 bits */
  size_t length = 0;
  int exponent = 0;
  for (; number >= 18446744073709551616.0; exponent++)
    number /= 256;
  uint64_t bits = (uint64_t)number;
  for (int i = 7; i >= 0; i--)
    bytes[length++] = (uint8_t)(bits >> (8 * i));
  /* At most 53 bits are not 0, so the division has lost none. */
  for (; exponent > 0; exponent--)
    bytes[length++] = 0;
  return pack_sevens(pack, chars, bytes, length);
}

bool mipc_i_pack_compressed(mipc_i_pack_t *pack, bool chars, mipc_i_value_t value) {
  const mipc_pack_slot_t *slot = value.slot;
  uint64_t bits = slot->bits;
  bool finite = true;
  switch (value.tag) {
  case MIPC_TAG_NUMBER:
    if (!mipc_i_is_finite(slot->number)) {
      return mipc_i_pack_fail(pack, MIPC_PACK_NOT_FINITE, 'w', value.index);
    }
    if (slot->number < 0) break;
    if (slot->number >= 18446744073709551616.0) return pack_large(pack, chars, slot->number);
    bits = mipc_i_bits_of(slot->number, &finite);
    break;
  case MIPC_TAG_BIG:
    return mipc_i_pack_work(pack, slot->text.length) &&
           pack_sevens(pack, chars, pack->values->text + slot->text.offset, slot->text.length);
  case MIPC_TAG_TEXT:
  case MIPC_TAG_WIDE:
    return mipc_i_pack_fail(pack, MIPC_PACK_NOT_A_NUMBER, 'w', value.index);
  default:
    break;
  }
  bool negative = value.tag == MIPC_TAG_NEGATIVE ||
                  (value.tag == MIPC_TAG_NUMBER && slot->number < 0) ||
                  (value.tag == MIPC_TAG_INT && slot->integer < 0);
  if (negative) return mipc_i_pack_fail(pack, MIPC_PACK_NEGATIVE, 'w', value.index);
  uint8_t bytes[8];
  for (int i = 0; i < 8; i++)
    bytes[i] = (uint8_t)(bits >> (56 - 8 * i));
  return pack_sevens(pack, chars, bytes, sizeof bytes);
}
