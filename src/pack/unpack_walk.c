/*
 * unpack: moves through the input, and appends values to the output.
 */
#include "unpack_i.h"

#include "number_i.h"
#include "utf8_i.h"

uint8_t mipc_i_next_unit(mipc_i_unpack_t *unpack, bool raw) {
  uint8_t byte = unpack->from[unpack->at];
  if (!raw || (byte < 0x80 && !unpack->half)) {
    unpack->at++;
    return byte;
  }
  if (unpack->half) {
    unpack->half = false;
    unpack->at++;
    return 0x80 | (byte & 0x3f);
  }
  unpack->half = true;
  return 0xc0 | byte >> 6;
}

int mipc_i_peek_unit(const mipc_i_unpack_t *unpack, bool raw, unsigned k) {
  mipc_i_unpack_t ahead = *unpack;
  int unit = -1;
  for (unsigned i = 0; i <= k; i++) {
    if (mipc_i_at_end(&ahead)) return -1;
    unit = mipc_i_next_unit(&ahead, raw);
  }
  return unit;
}

int64_t mipc_i_units_between(const mipc_i_unpack_t *unpack, const mipc_i_group_t *from,
                             const mipc_i_group_t *to) {
  bool forward = from->start < to->start || (from->start == to->start && from->half <= to->half);
  const mipc_i_group_t *first = forward ? from : to, *last = forward ? to : from;
  int64_t n = (int64_t)last->half - (int64_t)first->half;
  for (size_t i = first->start; i < last->start; i++)
    n += unpack->from[i] >= 0x80 ? 2 : 1;
  return forward ? n : -n;
}

bool mipc_i_forward(mipc_i_unpack_t *unpack, uint64_t n, bool raw) {
  if (!raw) {
    if (n > unpack->size - unpack->at) return false;
    unpack->at += (size_t)n;
    return true;
  }
  for (; n > 0; n--) {
    if (mipc_i_at_end(unpack)) return false;
    mipc_i_next_unit(unpack, true);
  }
  return true;
}

bool mipc_i_backward(mipc_i_unpack_t *unpack, uint64_t n, bool raw) {
  if (!raw) {
    if (n > unpack->at) return false;
    unpack->at -= (size_t)n;
    return true;
  }
  for (; n > 0; n--) {
    if (unpack->half) {
      unpack->half = false;
      continue;
    }
    if (unpack->at == 0) return false;
    unpack->at--;
    unpack->half = unpack->from[unpack->at] >= 0x80;
  }
  return true;
}

static mipc_pack_slot_t *push(mipc_i_unpack_t *unpack, mipc_tag_t tag) {
  mipc_pack_values_t *values = unpack->values;
  if (values->count >= unpack->slots_room) {
    mipc_i_unpack_fail(unpack, MIPC_PACK_MORE_VALUES, 0, values->count + 1);
    return NULL;
  }
  if (tag != MIPC_TAG_NUMBER) values->numbers = false;
  values->tags[values->count] = (uint8_t)tag;
  return &values->slots[values->count++];
}

bool mipc_i_push_number(mipc_i_unpack_t *unpack, double number) {
  mipc_pack_slot_t *slot = push(unpack, MIPC_TAG_NUMBER);
  if (slot) slot->number = number;
  return slot != NULL;
}

bool mipc_i_push_signed(mipc_i_unpack_t *unpack, int64_t integer, bool is_64) {
  bool safe = integer <= (int64_t)MIPC_I_MAX_SAFE && integer >= -(int64_t)MIPC_I_MAX_SAFE;
  if (safe && !(is_64 && unpack->bigint == MIPC_BIGINT_ALWAYS)) {
    return mipc_i_push_number(unpack, (double)integer);
  }
  mipc_pack_slot_t *slot = push(unpack, MIPC_TAG_INT);
  if (slot) slot->integer = integer;
  return slot != NULL;
}

bool mipc_i_push_unsigned(mipc_i_unpack_t *unpack, uint64_t integer, bool is_64) {
  if (integer <= MIPC_I_MAX_SAFE && !(is_64 && unpack->bigint == MIPC_BIGINT_ALWAYS)) {
    return mipc_i_push_number(unpack, (double)integer);
  }
  mipc_pack_slot_t *slot = push(unpack, MIPC_TAG_UINT);
  if (slot) slot->bits = integer;
  return slot != NULL;
}

uint8_t *mipc_i_text_room(mipc_i_unpack_t *unpack, uint64_t n) {
  mipc_pack_values_t *values = unpack->values;
  if (n <= unpack->text_room - values->text_size) return values->text + values->text_size;
  bool too_long = n > UINT32_MAX - values->text_size;
  mipc_i_unpack_fail(unpack, too_long ? MIPC_PACK_TEXT_TOO_LONG : MIPC_PACK_MORE_TEXT, 0,
                     values->text_size + n);
  return NULL;
}

uint8_t *mipc_i_text_space(mipc_i_unpack_t *unpack, uint64_t n) {
  return mipc_i_unpack_work(unpack, n / 8) ? mipc_i_text_room(unpack, n) : NULL;
}

bool mipc_i_push_text(mipc_i_unpack_t *unpack, const uint8_t *text, size_t n, mipc_tag_t tag) {
  mipc_pack_values_t *values = unpack->values;
  mipc_pack_slot_t *slot = push(unpack, tag);
  if (!slot) return false;
  slot->text.offset = (uint32_t)(text - values->text);
  slot->text.length = (uint32_t)n;
  values->text_size = slot->text.offset + n;
  return true;
}

/*
 * In raw mode, and without U0, the units are the UTF-8. In C0 mode the characters are read as its
 * bytes, and a character that the end of the input cuts off is not consumed.
 */
bool mipc_i_next_character(mipc_i_unpack_t *unpack, bool raw, uint64_t *ret_character) {
  mipc_i_unpack_t ahead = *unpack;
  uint8_t bytes[MIPC_I_UTF8_MOST];
  bool good, whole_only = unpack->utf8 && !raw;
  size_t n = 0, wanted;
  if (mipc_i_at_end(&ahead)) return false;
  bytes[n++] = mipc_i_next_unit(&ahead, raw);
  wanted = mipc_i_utf8_skip(bytes[0]);
  while (n < wanted && !mipc_i_at_end(&ahead))
    bytes[n++] = mipc_i_next_unit(&ahead, raw);
  if (whole_only && n < wanted) return false;
  size_t used = mipc_i_utf8_decode(bytes, n, ret_character, &good);
  return mipc_i_forward(unpack, whole_only ? n : used, raw);
}
