/*
 * The input of pack_fuzz.c: reads the bytes of libFuzzer as a template, values and bytes to unpack,
 * and shows them. pack_seeds.js writes the same format.
 *
 *   1 byte      flags, below
 *   template    up to a byte of 0xFF, which is no letter of it
 *   values      each a byte, modulo PACK_KINDS a pack_kind_t, and what the kind says
 *   bytes       the rest
 */
#ifndef MIPC_TEST_PACK_INPUT_H
#define MIPC_TEST_PACK_INPUT_H

#include <ctype.h>
#include <inttypes.h>
#include <math.h>

#include "../../src/pack/pack.h"
#include "fuzz.h"

enum {
  PACK_BIGINT = 3,     /* in flags: a mipc_bigint_t; 3 is AUTO too */
  PACK_NUMBERS = 4,    /* `numbers` is set when all values are NUMBER */
  PACK_NULL_TEXT = 8,  /* the text of an empty template is NULL; no other array ever is */
  PACK_ROOM_SHIFT = 4, /* the rest: which of PACK_ROOMS the first capacities are */
  PACK_TEMPLATE_END = 0xFF,
  PACK_MOST_INPUT = 1024,
};

/* The first capacities, which are then doubled. */
static const size_t PACK_ROOMS[16] = {0, 1, 2, 3, 4, 5, 7, 8, 13, 16, 31, 64, 65, 256, 1000, 4096};

typedef enum {
  PACK_END,        /* not a value: the start of the bytes */
  PACK_NUMBER,     /* 8 bytes */
  PACK_BYTE,       /* NUMBER, 1 byte, signed */
  PACK_ODD_NUMBER, /* NUMBER, 1 byte, modulo their number one of PACK_ODD_NUMBERS */
  PACK_INT,        /* 8 bytes */
  PACK_UINT,       /* 8 bytes */
  PACK_TEXT,       /* a length, see pack_length(), and so many bytes */
  PACK_WIDE,
  PACK_BIG,      /* the same; made longer than 8 bytes, without zeros at the front */
  PACK_NEGATIVE, /* the same */
  PACK_KINDS
} pack_kind_t;

static const double PACK_ODD_NUMBERS[] = {
    NAN,
    INFINITY,
    -INFINITY,
    -0.0,
    0.5,
    -0.999999,
    5e-324,
    1.7976931348623157e308,
    3.4028235677973366e38, /* the smallest that is not a float */
    1e300,
    2147483648,
    -2147483649.0,
    4294967296,
    9007199254740991,
    9007199254740992,
    -9007199254740993.0,
    9223372036854774784.0, /* the largest below 2^63 */
    9223372036854775808.0, /* 2^63 */
    -9223372036854775808.0,
    -9223372036854777856.0,
    18446744073709549568.0, /* the largest below 2^64 */
    18446744073709551616.0, /* 2^64 */
    1114111,
    1114112,
    55296, /* a surrogate */
    65536,
    67108864, /* the most padding, 64 MiB */
    67108865,
    -67108865,
};

/* The limits for PACK_MOST_INPUT bytes. */
typedef struct {
  uint8_t flags;
  const uint8_t *format;
  size_t format_size;
  mipc_pack_slot_t slots[PACK_MOST_INPUT];
  uint8_t tags[PACK_MOST_INPUT];
  size_t count;
  uint8_t text[PACK_MOST_INPUT * 9];
  size_t text_size;
  bool numbers;
  const uint8_t *bytes;
  size_t bytes_size;
} pack_input_t;

typedef struct {
  const uint8_t *at, *end;
} pack_reader_t;

/* The next byte; 0 at the end. */
static inline uint8_t pack_byte(pack_reader_t *reader) {
  return reader->at < reader->end ? *reader->at++ : 0;
}

static inline uint64_t pack_word(pack_reader_t *reader) {
  uint64_t word = 0;
  for (int i = 0; i < 8; i++)
    word |= (uint64_t)pack_byte(reader) << 8 * i;
  return word;
}

/* A length from one byte; from 0x80 on in units of eight, clipped at the end. */
static inline size_t pack_length(pack_reader_t *reader) {
  size_t byte = pack_byte(reader);
  size_t length = byte < 0x80 ? byte : (byte - 0x80) * 8;
  size_t rest = (size_t)(reader->end - reader->at);
  return length < rest ? length : rest;
}

static inline void pack_add_text(pack_input_t *input, pack_reader_t *reader, mipc_pack_slot_t *slot,
                                 bool is_big) {
  size_t length = pack_length(reader);
  const uint8_t *from = reader->at;
  uint8_t *to = input->text + input->text_size;
  reader->at += length;
  size_t missing = is_big && length < 9 ? 9 - length : 0;
  memset(to, 0xA5, missing);
  memcpy(to + missing, from, length);
  length += missing;
  if (is_big) to[0] |= to[0] ? 0 : 1;
  slot->text.offset = (uint32_t)input->text_size;
  slot->text.length = (uint32_t)length;
  input->text_size += length;
}

/* False at the end of the values. */
static inline bool pack_add_value(pack_input_t *input, pack_reader_t *reader) {
  static const uint8_t tags[PACK_KINDS] = {
      [PACK_NUMBER] = MIPC_TAG_NUMBER,     [PACK_BYTE] = MIPC_TAG_NUMBER,
      [PACK_ODD_NUMBER] = MIPC_TAG_NUMBER, [PACK_INT] = MIPC_TAG_INT,
      [PACK_UINT] = MIPC_TAG_UINT,         [PACK_TEXT] = MIPC_TAG_TEXT,
      [PACK_WIDE] = MIPC_TAG_WIDE,         [PACK_BIG] = MIPC_TAG_BIG,
      [PACK_NEGATIVE] = MIPC_TAG_NEGATIVE,
  };
  if (reader->at == reader->end) return false;
  uint8_t kind = pack_byte(reader) % PACK_KINDS;
  if (kind == PACK_END) return false;
  mipc_pack_slot_t *slot = &input->slots[input->count];
  memset(slot, 0xA5, sizeof *slot);
  if (kind == PACK_NUMBER || kind == PACK_INT || kind == PACK_UINT) {
    slot->bits = pack_word(reader);
  } else if (kind == PACK_BYTE) {
    slot->number = (int8_t)pack_byte(reader);
  } else if (kind == PACK_ODD_NUMBER) {
    size_t odd = sizeof PACK_ODD_NUMBERS / sizeof *PACK_ODD_NUMBERS;
    slot->number = PACK_ODD_NUMBERS[pack_byte(reader) % odd];
  } else if (kind != PACK_WIDE) {
    pack_add_text(input, reader, slot, kind != PACK_TEXT);
  }
  input->tags[input->count++] = tags[kind];
  input->numbers = input->numbers && tags[kind] == MIPC_TAG_NUMBER;
  return true;
}

static inline void pack_read(pack_input_t *input, const uint8_t *data, size_t size) {
  pack_reader_t reader = {data, data + (size < PACK_MOST_INPUT ? size : PACK_MOST_INPUT)};
  input->flags = pack_byte(&reader);
  input->format = reader.at;
  size_t rest = (size_t)(reader.end - reader.at);
  const uint8_t *end = rest ? memchr(reader.at, PACK_TEMPLATE_END, rest) : NULL;
  input->format_size = end ? (size_t)(end - reader.at) : rest;
  reader.at = end ? end + 1 : reader.end;
  input->count = input->text_size = 0;
  input->numbers = (input->flags & PACK_NUMBERS) != 0;
  while (pack_add_value(input, &reader))
    ;
  input->bytes = reader.at;
  input->bytes_size = (size_t)(reader.end - reader.at);
}

static inline mipc_bigint_t pack_bigint(const pack_input_t *input) {
  unsigned bigint = input->flags & PACK_BIGINT;
  return bigint > MIPC_BIGINT_NEVER ? MIPC_BIGINT_AUTO : (mipc_bigint_t)bigint;
}

static inline void pack_show_text(const uint8_t *text, size_t size) {
  putchar('\'');
  for (size_t i = 0; i < size; i++) {
    uint8_t byte = text[i];
    if (byte == '\n')
      printf("\\n");
    else if (byte == '\'' || byte == '\\')
      printf("\\%c", byte);
    else if (byte < 0x80 && isprint(byte))
      putchar(byte);
    else
      printf("\\x%02x", byte);
  }
  putchar('\'');
}

/* Prints it to stdout, nearly as JavaScript. */
static inline void pack_show(const pack_input_t *input) {
  static const char *const bigints[] = {"auto", "always", "never"};
  printf("template ");
  pack_show_text(input->format, input->format_size);
  printf("\nvalues   [");
  for (size_t i = 0; i < input->count; i++) {
    const mipc_pack_slot_t *slot = &input->slots[i];
    uint8_t tag = input->tags[i];
    bool has_text = tag == MIPC_TAG_TEXT || tag == MIPC_TAG_BIG || tag == MIPC_TAG_NEGATIVE;
    const uint8_t *text = has_text ? input->text + slot->text.offset : NULL;
    if (i) printf(", ");
    switch (tag) {
    case MIPC_TAG_NUMBER:
      printf("%.17g", slot->number);
      break;
    case MIPC_TAG_INT:
      printf("INT %" PRId64 "n", slot->integer);
      break;
    case MIPC_TAG_UINT:
      printf("UINT %" PRIu64 "n", slot->bits);
      break;
    case MIPC_TAG_TEXT:
      pack_show_text(text, slot->text.length);
      break;
    case MIPC_TAG_WIDE:
      printf("WIDE");
      break;
    default:
      printf(tag == MIPC_TAG_NEGATIVE ? "-0x" : "0x");
      for (uint32_t j = 0; j < slot->text.length; j++)
        printf("%02x", text[j]);
      printf("n");
    }
  }
  printf("]%s\nbytes    ", input->numbers ? " (numbers)" : "");
  pack_show_text(input->bytes, input->bytes_size);
  printf("\nbigint '%s', first room %zu\n", bigints[pack_bigint(input)],
         PACK_ROOMS[input->flags >> PACK_ROOM_SHIFT]);
}

#endif
