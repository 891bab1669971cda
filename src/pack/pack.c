/*
 * pack: the loop over the fields; numbers, groups, positions, and lengths in front of '/'.
 */
#include "pack_i.h"

#include <string.h>

#include "flat_i.h"
#include "number_i.h"
#include "utf8_i.h"

static const uint64_t MOST_PADDING = (uint64_t)16 << 20;
static const uint64_t LEAST_WORK = (uint64_t)1 << 20;

static bool next_value(mipc_i_pack_t *pack, mipc_i_value_t *ret_value) {
  size_t index = pack->next;
  if (index >= pack->values->count) {
    return mipc_i_pack_fail(pack, MIPC_PACK_MISSING, 0, pack->values->count);
  }
  *ret_value = (mipc_i_value_t){
      .slot = &pack->values->slots[index],
      .tag = pack->values->numbers ? MIPC_TAG_NUMBER : pack->values->tags[index],
      .index = index,
  };
  pack->next++;
  return true;
}

static bool is_number(uint8_t tag) {
  return tag != MIPC_TAG_TEXT && tag != MIPC_TAG_WIDE;
}

/* The integer of the next value, or of `counted`, for a field without fixed size. */
static bool next_integer(mipc_i_pack_t *pack, uint8_t letter, const mipc_i_value_t *counted,
                         uint64_t *ret_bits) {
  mipc_i_value_t value;
  if (counted) {
    value = *counted;
  } else if (!next_value(pack, &value)) {
    return false;
  }
  if (!is_number(value.tag)) {
    return mipc_i_pack_fail(pack, MIPC_PACK_NOT_A_NUMBER, letter, value.index);
  }
  bool finite = true;
  *ret_bits = mipc_i_bits_of_slot(value.slot, value.tag, &finite);
  return finite || mipc_i_pack_fail(pack, MIPC_PACK_NOT_FINITE, letter, value.index);
}

/* Finds the value that a field of numbers refuses; at least one of the `n` is refused. */
static bool fail_number(mipc_i_pack_t *pack, const mipc_i_field_t *field, size_t first, size_t n) {
  const mipc_pack_values_t *values = pack->values;
  bool integer = !mipc_i_is_float((mipc_i_store_t)field->store);
  for (size_t i = first; i < first + n; i++) {
    uint8_t tag = values->numbers ? MIPC_TAG_NUMBER : values->tags[i];
    if (!is_number(tag)) return mipc_i_pack_fail(pack, MIPC_PACK_NOT_A_NUMBER, field->letter, i);
    if (integer && tag == MIPC_TAG_NUMBER && !mipc_i_is_finite(values->slots[i].number)) {
      return mipc_i_pack_fail(pack, MIPC_PACK_NOT_FINITE, field->letter, i);
    }
  }
  return true;
}

/* Packs `count` numbers of fixed size; the caller has checked the room and the number of values. */
static bool store(mipc_i_pack_t *pack, const mipc_i_field_t *field, size_t count) {
  const mipc_pack_values_t *values = pack->values;
  const mipc_pack_slot_t *slots = values->slots + pack->next;
  uint8_t *to = pack->to + pack->length;
  bool good = true;
  if (values->numbers) {
    good = mipc_i_store((mipc_i_store_t)field->store, slots, 1, count, to, field->size);
  } else {
    const uint8_t *tags = values->tags + pack->next;
    for (size_t i = 0; i < count; i++)
      good = good && is_number(tags[i]);
    good = good &&
           mipc_i_store_tagged((mipc_i_store_t)field->store, slots, tags, values->text, count, to);
  }
  if (!good) return fail_number(pack, field, pack->next, count);
  pack->next += count;
  pack->length += count * field->size;
  return true;
}

/* Packs whole rounds of a plain group, column by column; room and values are checked as above. */
static bool store_columns(mipc_i_pack_t *pack, const mipc_i_field_t *group, uint32_t first,
                          size_t rounds) {
  const mipc_pack_slot_t *slots = pack->values->slots + pack->next;
  uint8_t *to = pack->to + pack->length;
  bool good = true;
  for (uint32_t i = first; i < group->end; i++) {
    const mipc_i_field_t *field = &pack->fields[i];
    for (int64_t j = 0; j < field->count; j++, slots++, to += field->size)
      good &= mipc_i_store((mipc_i_store_t)field->store, slots, (size_t)group->group_values, rounds,
                           to, (size_t)group->group_size);
  }
  if (!good) return false; /* the caller goes row by row to find the value */
  pack->next += rounds * (size_t)group->group_values;
  pack->length += rounds * (size_t)group->group_size;
  return true;
}

static bool pack_numbers(mipc_i_pack_t *pack, const mipc_i_field_t *field, uint64_t count,
                         bool chars, const mipc_i_value_t *counted) {
  if (!counted && !chars) {
    if (count > pack->values->count - pack->next) {
      return mipc_i_pack_fail(pack, MIPC_PACK_MISSING, 0, pack->values->count);
    }
    return mipc_i_pack_room(pack, count * field->size) && store(pack, field, count);
  }
  for (uint64_t i = 0; i < count; i++) {
    mipc_i_value_t value;
    if (counted) {
      value = *counted;
    } else if (!next_value(pack, &value)) {
      return false;
    }
    if (!is_number(value.tag)) {
      return mipc_i_pack_fail(pack, MIPC_PACK_NOT_A_NUMBER, field->letter, value.index);
    }
    uint8_t bytes[8];
    if (!mipc_i_store_tagged((mipc_i_store_t)field->store, value.slot, &value.tag,
                             pack->values->text, 1, bytes)) {
      return mipc_i_pack_fail(pack, MIPC_PACK_NOT_FINITE, field->letter, value.index);
    }
    if (counted && !mipc_i_pack_work(pack, 1)) return false;
    if (!mipc_i_pack_bytes(pack, chars, bytes, field->size)) return false;
  }
  return true;
}

/* One character of U or W; sets `*chars` if it is the first wide character of W. */
static bool pack_character(mipc_i_pack_t *pack, uint8_t letter, bool *chars, mipc_i_group_t *group,
                           const mipc_i_value_t *counted) {
  uint64_t character;
  if (!next_integer(pack, letter, counted, &character)) return false;
  if (letter == 'W' && !*chars && !(character >= 0x100 && !pack->upgraded)) {
    return mipc_i_pack_byte(pack, false, (uint8_t)character);
  }
  if (letter == 'W' && !*chars) {
    if (!mipc_i_pack_upgrade(pack, group)) return false;
    *chars = true;
  }
  if (character > (uint64_t)INT64_MAX) {
    return mipc_i_pack_fail(pack, MIPC_PACK_CODE_POINT, letter, pack->next - 1);
  }
  uint8_t bytes[MIPC_I_UTF8_MOST];
  size_t n = mipc_i_utf8_encode(character, bytes);
  return mipc_i_pack_bytes(pack, letter == 'U' && *chars, bytes, n);
}

/* The position from which `.` counts. */
static size_t origin(const mipc_i_pack_t *pack, mipc_i_count_t how, int64_t count,
                     const mipc_i_group_t *group) {
  if (how == MIPC_I_COUNT_STAR) return 0;
  if (count == 0) return pack->length;
  while (--count > 0 && group)
    group = group->outer;
  return group ? group->start : 0;
}

/* The number of values, bytes or rounds of the field behind a '/'. */
static int64_t count_after_slash(const mipc_i_pack_t *pack, const mipc_i_field_t *counted) {
  const mipc_pack_values_t *values = pack->values;
  size_t left = values->count - pack->next;
  bool given = counted->how == MIPC_I_COUNT_NUMBER;
  if (!strchr("aAZ", counted->letter)) {
    return given && (uint64_t)counted->count < left ? counted->count : (int64_t)left;
  }
  if (given) return counted->count;
  int64_t count = 0;
  if (left > 0 && !values->numbers && values->tags[pack->next] == MIPC_TAG_TEXT) {
    count = values->slots[pack->next].text.length;
  }
  return counted->letter == 'Z' ? count + 1 : count;
}

static bool pack_fields(mipc_i_pack_t *pack, uint32_t first, uint32_t end, bool chars,
                        mipc_i_group_t *outer);

/* All rounds of a group. Sets `*chars` if the output was upgraded inside. */
static bool pack_group(mipc_i_pack_t *pack, const mipc_i_field_t *field, uint32_t first,
                       int64_t rounds, bool star, bool *chars, mipc_i_group_t *group) {
  if (field->plain && !*chars && rounds > 0) {
    /* Whole rounds of numbers: one check covers all of them. */
    uint64_t whole = (pack->values->count - pack->next) / field->group_values;
    if (whole > (uint64_t)rounds) whole = (uint64_t)rounds;
    if (!mipc_i_pack_room(pack, whole * field->group_size)) return false;
    rounds -= (int64_t)whole;
    while (whole > 0) {
      size_t some = whole < MIPC_I_ROUNDS_AT_A_TIME ? (size_t)whole : MIPC_I_ROUNDS_AT_A_TIME;
      if (pack->values->numbers && some > 1 && store_columns(pack, field, first, some)) {
        whole -= some;
        continue;
      }
      for (uint32_t i = first; i < field->end; i++)
        if (!store(pack, &pack->fields[i], (size_t)pack->fields[i].count)) return false;
      whole--;
    }
    if (star && pack->next == pack->values->count) return true;
  }
  while (rounds-- > 0) {
    bool was_upgraded = pack->upgraded;
    if (!mipc_i_pack_work(pack, 1)) return false;
    if (!pack_fields(pack, first, field->end, *chars, group)) return false;
    if (pack->upgraded != was_upgraded) *chars = true;
    if (star && pack->next == pack->values->count) break;
  }
  return true;
}

/* The next value, or `counted`. */
static bool take(mipc_i_pack_t *pack, const mipc_i_value_t *counted, mipc_i_value_t *ret_value) {
  if (!counted) return next_value(pack, ret_value);
  *ret_value = *counted;
  return true;
}

/* U, W and w. */
static bool pack_characters(mipc_i_pack_t *pack, uint8_t letter, int64_t count, bool *chars,
                            mipc_i_group_t *group, const mipc_i_value_t *counted) {
  for (int64_t i = 0; i < count; i++) {
    mipc_i_value_t value;
    if (!mipc_i_pack_work(pack, 1)) return false;
    if (letter != 'w') {
      if (!pack_character(pack, letter, chars, group, counted)) return false;
    } else if (!take(pack, counted, &value) || !mipc_i_pack_compressed(pack, *chars, value)) {
      return false;
    }
  }
  return true;
}

/* One field of any other letter. */
static bool pack_other(mipc_i_pack_t *pack, const mipc_i_field_t *field, mipc_i_count_t how,
                       int64_t count, const mipc_i_value_t *counted, bool *chars,
                       mipc_i_group_t *group) {
  bool in_chars = *chars && !field->shriek;
  uint64_t bits;
  mipc_i_value_t value;
  switch (field->letter) {
  case 'x':
    if (field->shriek) return mipc_i_pack_align(pack, 'x', (uint64_t)count, *chars, group);
    return mipc_i_pack_zeros(pack, (uint64_t)count, 0);
  case 'X':
    if (field->shriek) return mipc_i_pack_align(pack, 'X', (uint64_t)count, *chars, group);
    return mipc_i_pack_back(pack, 'X', (uint64_t)count, *chars, group);
  case '@':
    return mipc_i_pack_resize(pack, '@', group->start, count, in_chars, group);
  case '.':
    if (!next_integer(pack, '.', counted, &bits)) return false;
    return mipc_i_pack_resize(pack, '.', origin(pack, how, count, group), (int64_t)bits, in_chars,
                              group);
  case 'U':
    if (count == 0) { /* U0 */
      *chars = false;
      return mipc_i_pack_upgrade(pack, group);
    }
    /* fall through */
  case 'W':
  case 'w':
    return pack_characters(pack, field->letter, count, chars, group, counted);
  default:
    return take(pack, counted, &value) && mipc_i_pack_text(pack, field->letter, (uint64_t)count,
                                                           how == MIPC_I_COUNT_STAR, *chars, value);
  }
}

static bool pack_fields(mipc_i_pack_t *pack, uint32_t first, uint32_t end, bool chars,
                        mipc_i_group_t *outer) {
  mipc_i_group_t group = {.outer = outer, .start = pack->length};
  int64_t given = -1; /* the count from the '/' in front of this field; -1: none */
  for (uint32_t i = first; i < end; i = pack->fields[i].end) {
    const mipc_i_field_t *field = &pack->fields[i];
    mipc_i_count_t how = (mipc_i_count_t)field->how;
    int64_t count = field->count;
    if (!mipc_i_pack_work(pack, 1)) return false;
    if (given >= 0) {
      how = MIPC_I_COUNT_NUMBER;
      count = given;
      given = -1;
    } else if (how == MIPC_I_COUNT_STAR) {
      count = strchr("@Xxu", field->letter) ? 0 : (int64_t)(pack->values->count - pack->next);
    }
    mipc_pack_slot_t length;
    mipc_i_value_t value = {
        .slot = &length, .tag = MIPC_TAG_INT, .is_length = true, .index = pack->next};
    const mipc_i_value_t *counted = NULL;
    if (field->slash) {
      given = count_after_slash(pack, &pack->fields[field->end]);
      length.integer = given;
      counted = &value;
    }
    bool good;
    if (field->letter == 'C' && count == 0) { /* C0 */
      chars = pack->upgraded;
      good = true;
    } else if (field->store) {
      good = pack_numbers(pack, field, (uint64_t)count, chars, counted);
    } else if (field->letter == '(') {
      good = pack_group(pack, field, i + 1, count, how == MIPC_I_COUNT_STAR, &chars, &group);
    } else {
      good = pack_other(pack, field, how, count, counted, &chars, &group);
    }
    if (!good) return false;
  }
  return true;
}

mipc_pack_error_t mipc_pack(const mipc_template_t *program, const mipc_pack_values_t *values,
                            uint8_t *to, size_t capacity, size_t *ret_size,
                            mipc_pack_failure_t *ret_failure) {
  if (program->flat && values->count == program->values && capacity >= program->size &&
      mipc_i_pack_flat(program, values, to)) {
    *ret_size = (size_t)program->size;
    return MIPC_PACK_OK;
  }
  mipc_i_pack_t pack = {
      .fields = program->fields,
      .values = values,
      .to = to,
      .capacity = capacity,
      .upgraded = program->begin_u,
      .padding_left = MOST_PADDING,
      .work_left = LEAST_WORK + 16 * (uint64_t)values->count + values->text_size / 4,
  };
  if (pack_fields(&pack, 0, program->count, false, NULL)) {
    if (pack.next < values->count) {
      mipc_i_pack_fail(&pack, MIPC_PACK_TOO_MANY, 0, pack.next);
    } else if (pack.upgraded) {
      mipc_i_pack_downgrade(&pack);
    }
  }
  *ret_size = pack.length;
  *ret_failure = pack.failure;
  return pack.error;
}
