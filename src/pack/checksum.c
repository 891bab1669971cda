/*
 * unpack: the checksums of the letter %.
 */
#include <string.h>

#include "number_i.h"
#include "unpack_i.h"

enum { BITS = 64 };

void mipc_i_checksum_add(mipc_i_checksum_t *sum, uint64_t bits, bool is_signed) {
  if (sum->width <= BITS) {
    sum->integer += bits;
  } else {
    sum->number += is_signed ? (double)(int64_t)bits : (double)bits;
  }
}

/* Doubles of at least this size have no fraction. */
static const double WHOLE = 9007199254740992.0;

/* The sum modulo 2^width, computed as Perl does: it adds the modulus until the sum is not negative.
 * Where that would take too long, one multiplication does it. */
static double float_sum(const mipc_i_checksum_t *sum) {
  double modulus = (double)(1 << (sum->width & 15)), number = sum->number;
  for (int64_t width = sum->width; width >= 16 && mipc_i_is_finite(modulus); width -= 16)
    modulus *= 65536;
  for (int i = 0; number < 0 && i < 1024; i++)
    number += modulus;
  if (number < 0) {
    double rounds = -number / modulus;
    number = rounds < WHOLE ? number + (double)(uint64_t)(rounds + 1) * modulus : number - number;
  }
  double quotient = number / modulus;
  if (quotient >= WHOLE) return 0;
  return (quotient == quotient ? quotient - (double)(uint64_t)quotient : quotient) * modulus;
}

bool mipc_i_push_checksum(mipc_i_unpack_t *unpack, uint8_t letter, const mipc_i_checksum_t *sum) {
  bool is_float = strchr("fFd", letter) != NULL;
  if (is_float || (sum->width > BITS && strchr("cCsSiIlLnNUWvVqQjJ", letter))) {
    return mipc_i_push_number(unpack, float_sum(sum));
  }
  uint64_t integer = sum->integer;
  if (sum->width < BITS) integer &= ((uint64_t)1 << sum->width) - 1;
  return mipc_i_push_unsigned(unpack, integer, sum->width > 32);
}

bool mipc_i_checksum_bits(mipc_i_unpack_t *unpack, uint8_t letter, uint64_t count, bool star,
                          bool raw, mipc_i_checksum_t *sum) {
  while ((star || count > 0) && !mipc_i_at_end(unpack)) {
    unsigned byte = mipc_i_next_unit(unpack, raw);
    if (!mipc_i_unpack_work(unpack, 1)) return false;
    for (unsigned i = 0; i < 8 && (star || count > 0); i++) {
      sum->integer += byte >> (letter == 'b' ? i : 7 - i) & 1;
      if (!star) count--;
    }
  }
  return true;
}

bool mipc_i_checksum_nibbles(mipc_i_unpack_t *unpack, uint64_t count, bool star, bool raw) {
  for (; (star || count > 0) && !mipc_i_at_end(unpack); count -= count > 1 ? 2 : count) {
    mipc_i_next_unit(unpack, raw);
    if (!mipc_i_unpack_work(unpack, 1)) return false;
  }
  return true;
}
