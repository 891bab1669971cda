/*
 * unpack: the loop over the fields; numbers, groups, positions, lengths in front of '/', checksums.
 */
#include <string.h>

#include "flat_i.h"
#include "number_i.h"
#include "unpack_i.h"

static const uint64_t LEAST_WORK = (uint64_t)1 << 20;

/* The number of units of the whole input: the value of '*'. */
static int64_t total(mipc_i_unpack_t *unpack) {
  if (!unpack->utf8) return (int64_t)unpack->size;
  if (unpack->total == 0) {
    unpack->total = unpack->size;
    for (size_t i = 0; i < unpack->size; i++)
      unpack->total += unpack->from[i] >= 0x80;
  }
  return (int64_t)unpack->total;
}

static mipc_i_group_t here(const mipc_i_unpack_t *unpack) {
  return (mipc_i_group_t){.start = unpack->at, .half = unpack->half};
}

/* The number of units from the start of the input to here. */
static uint64_t position(mipc_i_unpack_t *unpack, bool raw) {
  if (!raw) return unpack->at;
  mipc_i_group_t start = {0}, end = here(unpack);
  return (uint64_t)mipc_i_units_between(unpack, &start, &end);
}

static uint64_t integer_of(mipc_i_store_t store, const uint8_t *from, bool *ret_signed) {
  if (mipc_i_is_64(store)) {
    *ret_signed = store <= MIPC_I_STORE_INT64_SWAPPED;
    return mipc_i_load_64(store, from);
  }
  mipc_pack_slot_t slot;
  mipc_i_load(store, from, 0, 1, &slot, 0);
  *ret_signed = true; /* all of them fit into int64_t */
  return (uint64_t)(int64_t)slot.number;
}

/* Loads the number at `from`, and returns it as a value or adds it to the checksum. */
static bool take_number(mipc_i_unpack_t *unpack, const mipc_i_field_t *field, const uint8_t *from,
                        mipc_i_checksum_t *sum) {
  mipc_i_store_t store = (mipc_i_store_t)field->store;
  bool is_signed;
  if (mipc_i_is_float(store)) {
    mipc_pack_slot_t slot;
    mipc_i_load(store, from, 0, 1, &slot, 0);
    if (!sum->width) return mipc_i_push_number(unpack, slot.number);
    sum->number += slot.number;
    return true;
  }
  uint64_t bits = integer_of(store, from, &is_signed);
  if (sum->width) {
    mipc_i_checksum_add(sum, bits, is_signed);
    return true;
  }
  if (is_signed) {
    return mipc_i_push_signed(unpack, (int64_t)bits, mipc_i_is_64(store));
  }
  return mipc_i_push_unsigned(unpack, bits, true);
}

/* Loads `count` numbers; the caller has checked that they are within the input and have slots. */
static bool load(mipc_i_unpack_t *unpack, const mipc_i_field_t *field, size_t count) {
  mipc_pack_values_t *values = unpack->values;
  mipc_i_store_t store = (mipc_i_store_t)field->store;
  mipc_i_checksum_t none = {0};
  if (!mipc_i_is_64(store)) {
    mipc_i_load(store, unpack->from + unpack->at, field->size, count, values->slots + values->count,
                1);
    for (size_t i = 0; i < count; i++)
      values->tags[values->count + i] = MIPC_TAG_NUMBER;
    values->count += count;
    unpack->at += count * field->size;
    return true;
  }
  for (; count > 0; count--, unpack->at += field->size)
    if (!take_number(unpack, field, unpack->from + unpack->at, &none)) return false;
  return true;
}

/* Whole rounds of a plain group by columns, checked as above; false: it has 64-bit integers. */
static bool load_columns(mipc_i_unpack_t *unpack, const mipc_i_field_t *group, uint32_t first,
                         size_t rounds) {
  mipc_pack_values_t *values = unpack->values;
  mipc_pack_slot_t *slots = values->slots + values->count;
  const uint8_t *from = unpack->from + unpack->at;
  for (uint32_t i = first; i < group->end; i++)
    if (mipc_i_is_64((mipc_i_store_t)unpack->fields[i].store)) return false;
  for (uint32_t i = first; i < group->end; i++) {
    const mipc_i_field_t *field = &unpack->fields[i];
    for (int64_t j = 0; j < field->count; j++, slots++, from += field->size)
      mipc_i_load((mipc_i_store_t)field->store, from, (size_t)group->group_size, rounds, slots,
                  (size_t)group->group_values);
  }
  size_t count = rounds * (size_t)group->group_values;
  memset(values->tags + values->count, MIPC_TAG_NUMBER, count);
  values->count += count;
  unpack->at += rounds * (size_t)group->group_size;
  return true;
}

static bool room_for(mipc_i_unpack_t *unpack, uint64_t count) {
  if (!mipc_i_unpack_work(unpack, count / 4)) return false;
  if (count <= unpack->slots_room - unpack->values->count) return true;
  return mipc_i_unpack_fail(unpack, MIPC_PACK_MORE_VALUES, 0, unpack->values->count + count);
}

static bool unpack_numbers(mipc_i_unpack_t *unpack, const mipc_i_field_t *field, uint64_t count,
                           bool raw, mipc_i_checksum_t *sum) {
  if (!raw) {
    uint64_t whole = (unpack->size - unpack->at) / field->size;
    if (count > whole) count = whole;
    if (!sum->width) return room_for(unpack, count) && load(unpack, field, (size_t)count);
  }
  for (; count > 0; count--) {
    uint8_t bytes[8];
    mipc_i_group_t before = here(unpack);
    uint8_t n = 0;
    if (!mipc_i_unpack_work(unpack, 1)) return false;
    while (n < field->size && !mipc_i_at_end(unpack))
      bytes[n++] = mipc_i_next_unit(unpack, raw);
    if (n < field->size) {
      unpack->at = before.start;
      unpack->half = before.half;
      return true;
    }
    if (!take_number(unpack, field, bytes, sum)) return false;
  }
  return true;
}

/* W, and strings after %: characters of one unit each. */
static bool unpack_units(mipc_i_unpack_t *unpack, uint64_t count, bool raw,
                         mipc_i_checksum_t *sum) {
  for (; count > 0 && !mipc_i_at_end(unpack); count--) {
    uint8_t unit = mipc_i_next_unit(unpack, raw);
    if (!mipc_i_unpack_work(unpack, 1)) return false;
    if (sum->width) {
      mipc_i_checksum_add(sum, unit, false);
    } else if (!mipc_i_push_number(unpack, unit)) {
      return false;
    }
  }
  return true;
}

static bool unpack_characters(mipc_i_unpack_t *unpack, uint64_t count, bool raw,
                              mipc_i_checksum_t *sum) {
  uint64_t character;
  for (; count > 0 && mipc_i_next_character(unpack, raw, &character); count--) {
    if (!mipc_i_unpack_work(unpack, 1)) return false;
    if (sum->width) {
      mipc_i_checksum_add(sum, character, false);
    } else if (!mipc_i_push_unsigned(unpack, character, false)) {
      return false;
    }
  }
  return true;
}

/* The position from which `.` counts. */
static mipc_i_group_t origin(const mipc_i_unpack_t *unpack, bool star, int64_t count,
                             const mipc_i_group_t *group) {
  if (star) return (mipc_i_group_t){0};
  if (count <= 0) return here(unpack);
  while (--count > 0 && group)
    group = group->outer;
  return group ? *group : (mipc_i_group_t){0};
}

static bool give_position(mipc_i_unpack_t *unpack, bool star, int64_t count, bool units,
                          const mipc_i_group_t *group) {
  mipc_i_group_t from = origin(unpack, star, count, group), to = here(unpack);
  uint64_t work = (from.start < to.start ? to.start - from.start : from.start - to.start) / 8;
  if (!units) return mipc_i_push_signed(unpack, (int64_t)(to.start - from.start), false);
  return mipc_i_unpack_work(unpack, work) &&
         mipc_i_push_signed(unpack, mipc_i_units_between(unpack, &from, &to), false);
}

/* x X @, also with !. */
static bool move(mipc_i_unpack_t *unpack, const mipc_i_field_t *field, uint64_t count, bool raw,
                 const mipc_i_group_t *group) {
  bool units = raw || (field->letter == '@' && field->shriek && unpack->utf8), good;
  size_t from = unpack->at;
  if (field->letter == '@') {
    unpack->at = group->start;
    unpack->half = group->half;
    good = mipc_i_forward(unpack, count, units);
  } else {
    if (field->shriek) {
      uint64_t unit = count ? count : 1, over = position(unpack, raw) % unit;
      if (raw && !mipc_i_unpack_work(unpack, unpack->at / 8)) return false;
      count = field->letter == 'X' || over == 0 ? over : unit - over;
    }
    good = field->letter == 'X' ? mipc_i_backward(unpack, count, raw)
                                : mipc_i_forward(unpack, count, raw);
  }
  size_t distance = from < unpack->at ? unpack->at - from : from - unpack->at;
  if (units && !mipc_i_unpack_work(unpack, distance / 8)) return false;
  if (good) return true;
  return mipc_i_unpack_fail(unpack,
                            field->letter == 'X' ? MIPC_PACK_BEFORE_START : MIPC_PACK_AFTER_END,
                            field->letter, from);
}

static bool unpack_fields(mipc_i_unpack_t *unpack, uint32_t first, uint32_t end, bool raw,
                          mipc_i_group_t *outer);

static bool unpack_group(mipc_i_unpack_t *unpack, const mipc_i_field_t *field, uint32_t first,
                         int64_t rounds, bool star, bool raw, mipc_i_group_t *group) {
  if (field->plain && !raw && rounds > 0) {
    /* Whole rounds of numbers: one check covers all of them. */
    uint64_t whole = (unpack->size - unpack->at) / field->group_size;
    if (whole > (uint64_t)rounds) whole = (uint64_t)rounds;
    if (!room_for(unpack, whole * field->group_values)) return false;
    rounds -= (int64_t)whole;
    while (whole > 0) {
      size_t some = whole < MIPC_I_ROUNDS_AT_A_TIME ? (size_t)whole : MIPC_I_ROUNDS_AT_A_TIME;
      if (some > 1 && load_columns(unpack, field, first, some)) {
        whole -= some;
        continue;
      }
      for (uint32_t i = first; i < field->end; i++)
        if (!load(unpack, &unpack->fields[i], (size_t)unpack->fields[i].count)) return false;
      whole--;
    }
    if (star && mipc_i_at_end(unpack)) return true;
  }
  while (rounds-- > 0) {
    if (!mipc_i_unpack_work(unpack, 1)) return false;
    if (!unpack_fields(unpack, first, field->end, raw, group)) return false;
    if (unpack->half && !raw) {
      return mipc_i_unpack_fail(unpack, MIPC_PACK_MID_CHARACTER, 0, unpack->at);
    }
    if (star && mipc_i_at_end(unpack)) break;
  }
  return true;
}

/* Takes the last value as the count of the next field. `beyond`: its field began at the end. */
static bool pop_count(mipc_i_unpack_t *unpack, bool beyond, int64_t *ret_count) {
  mipc_pack_values_t *values = unpack->values;
  if (beyond) return mipc_i_unpack_fail(unpack, MIPC_PACK_LENGTH_AT_END, 0, unpack->at);
  const mipc_pack_slot_t *slot = &values->slots[--values->count];
  uint8_t tag = values->tags[values->count];
  bool finite = true; /* ignored: an infinity is a negative count */
  if (tag == MIPC_TAG_TEXT) {
    *ret_count = mipc_i_integer_of_text(values->text + slot->text.offset, slot->text.length);
  } else {
    *ret_count = (int64_t)mipc_i_bits_of_slot(slot, tag, &finite);
  }
  if (tag == MIPC_TAG_TEXT || tag == MIPC_TAG_BIG) values->text_size = slot->text.offset;
  if (*ret_count >= 0) return true;
  return mipc_i_unpack_fail(unpack, MIPC_PACK_NEGATIVE_LENGTH, 0, unpack->at);
}

/*
 * One field that is not a group. `star`: the field has '*' or, behind a '/', the field before it
 * has, as in Perl. `given`: the count came from a '/'; then 0 is a count and not a mode.
 */
static bool unpack_field(mipc_i_unpack_t *unpack, const mipc_i_field_t *field, int64_t count,
                         bool star, bool given, bool *raw, mipc_i_checksum_t *sum,
                         const mipc_i_group_t *group) {
  uint64_t n = (uint64_t)count;
  switch (field->letter) {
  case 'C':
    if (n == 0 || mipc_i_at_end(unpack)) { /* C0 */
      if (given || !*raw) return true;
      *raw = false;
      return !unpack->half || mipc_i_unpack_fail(unpack, MIPC_PACK_MID_CHARACTER, 0, unpack->at);
    }
    return unpack_numbers(unpack, field, n, *raw, sum);
  case 'U':
    if (n == 0 || mipc_i_at_end(unpack)) { /* U0 */
      if (given || star) return true;
      if (!unpack->utf8) return mipc_i_unpack_fail(unpack, MIPC_PACK_BYTE_STRING, 'U', unpack->at);
      *raw = true;
      return true;
    }
    return unpack_characters(unpack, n, *raw, sum);
  case 'W':
    return unpack_units(unpack, n, *raw, sum);
  case 'w':
    return mipc_i_unpack_compressed(unpack, n, *raw);
  case 'x':
  case 'X':
  case '@':
    return move(unpack, field, n, *raw, group) &&
           (!unpack->half || *raw ||
            mipc_i_unpack_fail(unpack, MIPC_PACK_MID_CHARACTER, 0, unpack->at));
  case '.':
    return give_position(unpack, star, count, *raw || (field->shriek && unpack->utf8), group);
  case 'a':
  case 'A':
  case 'Z':
    if (sum->width) return unpack_units(unpack, n, *raw, sum);
    return mipc_i_unpack_text(unpack, field->letter, n, star, *raw);
  case 'b':
  case 'B':
    if (sum->width) return mipc_i_checksum_bits(unpack, field->letter, n, star, *raw, sum);
    return mipc_i_unpack_text(unpack, field->letter, n, star, *raw);
  case 'h':
  case 'H':
    if (sum->width) return mipc_i_checksum_nibbles(unpack, n, star, *raw);
    return mipc_i_unpack_text(unpack, field->letter, n, star, *raw);
  case 'u':
    if (!mipc_i_unpack_text(unpack, 'u', 0, false, *raw)) return false;
    if (sum->width) unpack->values->count--; /* skipped: it has no numbers to add */
    return true;
  default:
    return unpack_numbers(unpack, field, n, *raw, sum);
  }
}

static bool unpack_fields(mipc_i_unpack_t *unpack, uint32_t first, uint32_t end, bool raw,
                          mipc_i_group_t *outer) {
  mipc_i_group_t group = here(unpack);
  group.outer = outer;
  size_t values_before = unpack->values->count;
  mipc_i_checksum_t sum = {0};
  bool given = false;
  int64_t given_count = 0;
  mipc_i_count_t how = MIPC_I_COUNT_NONE;
  for (uint32_t i = first; i < end; i = unpack->fields[i].end) {
    const mipc_i_field_t *field = &unpack->fields[i];
    int64_t count = field->count;
    if (!mipc_i_unpack_work(unpack, 1)) return false;
    if (given) {
      count = given_count;
    } else {
      how = (mipc_i_count_t)field->how;
      if (how == MIPC_I_COUNT_STAR) count = total(unpack);
    }
    bool star = how == MIPC_I_COUNT_STAR;
    if (field->letter == '%') {
      sum = (mipc_i_checksum_t){.width = how == MIPC_I_COUNT_NONE ? 16 : count};
      given = false;
      continue;
    }
    bool beyond = mipc_i_at_end(unpack), good;
    if (field->letter == '(') {
      good =
          unpack_group(unpack, field, i + 1, count, field->how == MIPC_I_COUNT_STAR, raw, &group);
    } else {
      good = unpack_field(unpack, field, count, star, given, &raw, &sum, &group);
    }
    if (!good) return false;
    if (sum.width) {
      if (!mipc_i_push_checksum(unpack, field->letter, &sum)) return false;
      sum.width = 0;
    }
    given = field->slash;
    if (!given) continue;
    if (unpack->values->count <= values_before) break;
    if (!pop_count(unpack, beyond, &given_count)) return false;
  }
  return true;
}

/* Whether a value is an integer that is not exact as a number. */
static bool has_integer(const mipc_pack_values_t *values) {
  for (size_t i = 0; i < values->count; i++)
    if (values->tags[i] != MIPC_TAG_NUMBER && values->tags[i] != MIPC_TAG_TEXT) return true;
  return false;
}

mipc_pack_error_t mipc_unpack(const mipc_template_t *program, const uint8_t *from, size_t size,
                              mipc_bigint_t bigint, mipc_pack_values_t *values,
                              mipc_pack_failure_t *ret_failure) {
  if (program->flat && size >= program->size && values->count >= program->values &&
      values->text_size >= program->size && mipc_i_unpack_flat(program, from, values)) {
    return MIPC_PACK_OK;
  }
  mipc_i_unpack_t unpack = {
      .fields = program->fields,
      .from = from,
      .size = size,
      .utf8 = program->utf8,
      .bigint = bigint,
      .values = values,
      .slots_room = values->count,
      .text_room = values->text_size,
      .work_left = LEAST_WORK + 16 * (uint64_t)size,
  };
  values->count = 0;
  values->text_size = 0;
  values->numbers = true;
  if (unpack_fields(&unpack, 0, program->count, program->begin_u, NULL) &&
      bigint == MIPC_BIGINT_NEVER && has_integer(values)) {
    mipc_i_unpack_fail(&unpack, MIPC_PACK_BEYOND_SAFE, 0, 0);
  }
  *ret_failure = unpack.failure;
  return unpack.error;
}
