/*
 * The state of one unpack, and the bytes as it walks over them.
 *
 * Perl unpacks a template that begins with U, or holds U0, from an upgraded copy of the string: the
 * UTF-8 of its characters. No copy is made here. In C0 mode a character is one byte of the input;
 * in U0 mode (`raw`) an input byte from 0x80 on is walked over as the two bytes that its UTF-8
 * would have. A unit is a byte of the input or, in raw mode, a byte of that UTF-8.
 */
#ifndef MIPC_PACK_UNPACK_I_H
#define MIPC_PACK_UNPACK_I_H

#include "pack.h"
#include "template_i.h"

typedef struct {
  const mipc_i_field_t *fields;
  const uint8_t *from;
  size_t size;
  size_t at;
  bool half;      /* raw mode only: the second unit of the byte at `at` comes next */
  bool utf8;      /* there is a U0 mode */
  uint64_t total; /* units of all the bytes in UTF-8, once they have been counted */
  mipc_bigint_t bigint;
  mipc_pack_values_t *values; /* its counts are those so far */
  size_t slots_room, text_room;
  uint64_t work_left;
  mipc_pack_error_t error;
  mipc_pack_failure_t failure;
} mipc_i_unpack_t;

/* Each returns true, or false and leaves `error`. */
static inline bool mipc_i_unpack_fail(mipc_i_unpack_t *unpack, mipc_pack_error_t error,
                                      uint8_t letter, uint64_t number) {
  unpack->error = error;
  unpack->failure = (mipc_pack_failure_t){.letter = letter, .number = number};
  return false;
}
static inline bool mipc_i_unpack_work(mipc_i_unpack_t *unpack, uint64_t n) {
  if (n > unpack->work_left) return mipc_i_unpack_fail(unpack, MIPC_PACK_TOO_MUCH_WORK, 0, 0);
  unpack->work_left -= n;
  return true;
}

/* The walk. */
static inline bool mipc_i_at_end(const mipc_i_unpack_t *unpack) {
  return unpack->at >= unpack->size;
}
uint8_t mipc_i_next_unit(mipc_i_unpack_t *unpack, bool raw);
/* The k-th unit from here, 0 or 1; -1 behind the end. */
int mipc_i_peek_unit(const mipc_i_unpack_t *unpack, bool raw, unsigned k);
/* Units of UTF-8 between two places. */
int64_t mipc_i_units_between(const mipc_i_unpack_t *unpack, const mipc_i_group_t *from,
                             const mipc_i_group_t *to);
/* Moves; false when it would leave the bytes. */
bool mipc_i_forward(mipc_i_unpack_t *unpack, uint64_t n, bool raw);
bool mipc_i_backward(mipc_i_unpack_t *unpack, uint64_t n, bool raw);

/* Values out. */
bool mipc_i_push_number(mipc_i_unpack_t *unpack, double number);
bool mipc_i_push_signed(mipc_i_unpack_t *unpack, int64_t integer, bool is_64);
bool mipc_i_push_unsigned(mipc_i_unpack_t *unpack, uint64_t integer, bool is_64);
/* Room for `n` bytes of text, which mipc_i_push_text() then takes, or fewer; `space` counts the
 * work of filling it. */
uint8_t *mipc_i_text_room(mipc_i_unpack_t *unpack, uint64_t n);
uint8_t *mipc_i_text_space(mipc_i_unpack_t *unpack, uint64_t n);
bool mipc_i_push_text(mipc_i_unpack_t *unpack, const uint8_t *text, size_t n, mipc_tag_t tag);

/* How much of the n bytes of a string is given: A ends before blanks, Z at a zero. */
size_t mipc_i_text_end(uint8_t letter, const uint8_t *text, size_t n);

/* a A Z and h H b B u; w; U. `how` tells '*'. */
bool mipc_i_unpack_text(mipc_i_unpack_t *unpack, uint8_t letter, uint64_t count, bool star,
                        bool raw);
bool mipc_i_unpack_compressed(mipc_i_unpack_t *unpack, uint64_t count, bool raw);

/* A character of UTF-8, for U; false when the bytes end before it does, which is no failure. */
bool mipc_i_next_character(mipc_i_unpack_t *unpack, bool raw, uint64_t *ret_character);

/* What the next field adds up to instead of being given, after %. */
typedef struct {
  int64_t width; /* bits; 0: no checksum */
  uint64_t integer;
  double number; /* of floats, and beyond 64 bits */
} mipc_i_checksum_t;

void mipc_i_checksum_add(mipc_i_checksum_t *sum, uint64_t bits, bool is_signed);

/* b and B under %: how many bits are set. */
bool mipc_i_checksum_bits(mipc_i_unpack_t *unpack, uint8_t letter, uint64_t count, bool star,
                          bool raw, mipc_i_checksum_t *sum);

/* h and H under %: nothing is summed up, but the bytes are passed. */
bool mipc_i_checksum_nibbles(mipc_i_unpack_t *unpack, uint64_t count, bool star, bool raw);

bool mipc_i_push_checksum(mipc_i_unpack_t *unpack, uint8_t letter, const mipc_i_checksum_t *sum);

#endif
