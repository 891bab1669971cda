/*
 * The state of one call of unpack, and the functions that its files share.
 *
 * If a template begins with U or contains U0, Perl unpacks from an upgraded copy of the string: the
 * UTF-8 of its characters. Here no copy is made. In C0 mode a character is one byte of the input;
 * in U0 mode (`raw`) an input byte from 0x80 on is read as the two bytes of its UTF-8. A unit is a
 * byte of the input or, in raw mode, a byte of that UTF-8.
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
  bool half;      /* raw mode only: the next unit is the second one of the byte at `at` */
  bool utf8;      /* the template has U0 mode */
  uint64_t total; /* units of all bytes as UTF-8; 0: not counted yet */
  mipc_bigint_t bigint;
  mipc_pack_values_t *values; /* with the counts so far */
  size_t slots_room, text_room;
  uint64_t work_left;
  mipc_pack_error_t error;
  mipc_pack_failure_t failure;
} mipc_i_unpack_t;

/* Functions of type bool return true, or false with `error` and `failure` set, unless stated
 * otherwise. */
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

/* The position in the input. */
static inline bool mipc_i_at_end(const mipc_i_unpack_t *unpack) {
  return unpack->at >= unpack->size;
}
/* Reads the next unit; there must be one. */
uint8_t mipc_i_next_unit(mipc_i_unpack_t *unpack, bool raw);
/* The next unit (k = 0) or the one after it (k = 1), without moving; -1: behind the end. */
int mipc_i_peek_unit(const mipc_i_unpack_t *unpack, bool raw, unsigned k);
/* The number of units of UTF-8 between two positions; negative if `to` comes first. */
int64_t mipc_i_units_between(const mipc_i_unpack_t *unpack, const mipc_i_group_t *from,
                             const mipc_i_group_t *to);
/* Move by `n` units; false: that would leave the input. */
bool mipc_i_forward(mipc_i_unpack_t *unpack, uint64_t n, bool raw);
bool mipc_i_backward(mipc_i_unpack_t *unpack, uint64_t n, bool raw);

/* Append a value. `is_64`: the field has 64 bits, for mipc_bigint_t. */
bool mipc_i_push_number(mipc_i_unpack_t *unpack, double number);
bool mipc_i_push_signed(mipc_i_unpack_t *unpack, int64_t integer, bool is_64);
bool mipc_i_push_unsigned(mipc_i_unpack_t *unpack, uint64_t integer, bool is_64);
/* Room for `n` bytes of text, of which mipc_i_push_text() then appends all or some; NULL: failure.
 * `space` also counts the work of filling it. */
uint8_t *mipc_i_text_room(mipc_i_unpack_t *unpack, uint64_t n);
uint8_t *mipc_i_text_space(mipc_i_unpack_t *unpack, uint64_t n);
bool mipc_i_push_text(mipc_i_unpack_t *unpack, const uint8_t *text, size_t n, mipc_tag_t tag);

/* The length of the string that a A Z return for `n` bytes: A ends before trailing blanks and
 * zeros, Z at the first zero. */
size_t mipc_i_text_end(uint8_t letter, const uint8_t *text, size_t n);

/* a A Z, h H, b B, u; and w. `star`: the count is '*'. */
bool mipc_i_unpack_text(mipc_i_unpack_t *unpack, uint8_t letter, uint64_t count, bool star,
                        bool raw);
bool mipc_i_unpack_compressed(mipc_i_unpack_t *unpack, uint64_t count, bool raw);

/* Reads a character of UTF-8, for U. False: the input ends before the character, which is no
 * failure. */
bool mipc_i_next_character(mipc_i_unpack_t *unpack, bool raw, uint64_t *ret_character);

/* The checksum of the field after %, which is returned instead of its values. */
typedef struct {
  int64_t width; /* bits; 0: no checksum */
  uint64_t integer;
  double number; /* of floats, and beyond 64 bits */
} mipc_i_checksum_t;

void mipc_i_checksum_add(mipc_i_checksum_t *sum, uint64_t bits, bool is_signed);

/* b and B after %: the number of bits that are set. */
bool mipc_i_checksum_bits(mipc_i_unpack_t *unpack, uint8_t letter, uint64_t count, bool star,
                          bool raw, mipc_i_checksum_t *sum);

/* h and H after %: skips the bytes and adds nothing. */
bool mipc_i_checksum_nibbles(mipc_i_unpack_t *unpack, uint64_t count, bool star, bool raw);

bool mipc_i_push_checksum(mipc_i_unpack_t *unpack, uint8_t letter, const mipc_i_checksum_t *sum);

#endif
