/*
 * Flat templates: pack and unpack without the state of the engine.
 *
 * lib/pack/flat.js handles the most frequent calls without C. These remain: pack() and unpack()
 * without a mapping, packArray(), unpackInto(), calls with options, templates with more than 16
 * values or with strings of more than 64 bytes, and packing of 64-bit integers. Most of them take
 * 1.1 to 1.7 times as long in the engine, templates with many fields up to 2.9 times.
 */
#include "flat_i.h"

#include <string.h>

#include "number_i.h"
#include "unpack_i.h"

bool mipc_template_flat(const mipc_template_t *program, uint32_t index,
                        mipc_flat_field_t *ret_field) {
  if (!program->flat || index >= program->count) return false;
  const mipc_i_field_t *field = &program->fields[index];
  ret_field->kind = field->store ? field->store : field->letter;
  ret_field->count = (uint32_t)field->count;
  ret_field->size = field->size;
  return true;
}

/* mipc_i_store() of one number: inlined for the most frequent types. */
static inline bool store_one(mipc_i_store_t store, double number, uint8_t *to) {
  bool finite = true;
  switch (store) {
  case MIPC_I_STORE_INT16:
  case MIPC_I_STORE_UINT16: {
    uint16_t bits = (uint16_t)mipc_i_bits_of(number, &finite);
    memcpy(to, &bits, sizeof bits);
    return finite;
  }
  case MIPC_I_STORE_INT16_SWAPPED:
  case MIPC_I_STORE_UINT16_SWAPPED: {
    uint16_t bits = mipc_i_swap16((uint16_t)mipc_i_bits_of(number, &finite));
    memcpy(to, &bits, sizeof bits);
    return finite;
  }
  case MIPC_I_STORE_INT32:
  case MIPC_I_STORE_UINT32: {
    uint32_t bits = (uint32_t)mipc_i_bits_of(number, &finite);
    memcpy(to, &bits, sizeof bits);
    return finite;
  }
  case MIPC_I_STORE_INT32_SWAPPED:
  case MIPC_I_STORE_UINT32_SWAPPED: {
    uint32_t bits = mipc_i_swap32((uint32_t)mipc_i_bits_of(number, &finite));
    memcpy(to, &bits, sizeof bits);
    return finite;
  }
  case MIPC_I_STORE_DOUBLE:
    memcpy(to, &number, sizeof number);
    return true;
  default: {
    mipc_pack_slot_t slot = {.number = number};
    return mipc_i_store(store, &slot, 1, 1, to, 8);
  }
  }
}

/* mipc_i_load() of one number, in the same way. */
static inline double load_one(mipc_i_store_t store, const uint8_t *from) {
  uint16_t two;
  uint32_t four;
  mipc_pack_slot_t slot;
  switch (store) {
  case MIPC_I_STORE_UINT16:
    memcpy(&two, from, sizeof two);
    return two;
  case MIPC_I_STORE_UINT16_SWAPPED:
    memcpy(&two, from, sizeof two);
    return mipc_i_swap16(two);
  case MIPC_I_STORE_INT32:
    memcpy(&four, from, sizeof four);
    return (int32_t)four;
  case MIPC_I_STORE_UINT32:
    memcpy(&four, from, sizeof four);
    return four;
  case MIPC_I_STORE_UINT32_SWAPPED:
    memcpy(&four, from, sizeof four);
    return mipc_i_swap32(four);
  case MIPC_I_STORE_DOUBLE:
    memcpy(&slot.number, from, sizeof slot.number);
    return slot.number;
  default:
    mipc_i_load(store, from, 0, 1, &slot, 0);
    return slot.number;
  }
}

bool mipc_i_pack_flat(const mipc_template_t *program, const mipc_pack_values_t *values,
                      uint8_t *to) {
  const mipc_pack_slot_t *slots = values->slots;
  const uint8_t *tags = values->tags;
  for (uint32_t i = 0; i < program->count; i++) {
    const mipc_i_field_t *field = &program->fields[i];
    size_t count = (size_t)field->count;
    if (field->store) {
      for (size_t j = 0; !values->numbers && j < count; j++)
        if (tags[j] != MIPC_TAG_NUMBER) return false;
      mipc_i_store_t store = (mipc_i_store_t)field->store;
      if (!(count == 1 ? store_one(store, slots->number, to)
                       : mipc_i_store(store, slots, 1, count, to, field->size))) {
        return false;
      }
      slots += count;
      tags += count;
      to += count * field->size;
      continue;
    }
    if (values->numbers || *tags != MIPC_TAG_TEXT) return false;
    size_t n = slots->text.length;
    if (n >= count) n = field->letter == 'Z' && count > 0 ? count - 1 : count;
    memcpy(to, values->text + slots->text.offset, n);
    memset(to + n, field->letter == 'A' ? ' ' : 0, count - n);
    slots++;
    tags++;
    to += count;
  }
  return true;
}

bool mipc_i_unpack_flat(const mipc_template_t *program, const uint8_t *from,
                        mipc_pack_values_t *values) {
  mipc_pack_slot_t *slots = values->slots;
  uint8_t *tags = values->tags, *text = values->text;
  bool numbers = true;
  for (uint32_t i = 0; i < program->count; i++) {
    const mipc_i_field_t *field = &program->fields[i];
    size_t count = (size_t)field->count;
    if (field->store) {
      if (mipc_i_is_64((mipc_i_store_t)field->store)) return false;
      mipc_i_store_t store = (mipc_i_store_t)field->store;
      if (count == 1) {
        slots++->number = load_one(store, from);
        *tags++ = MIPC_TAG_NUMBER;
        from += field->size;
        continue;
      }
      mipc_i_load(store, from, field->size, count, slots, 1);
      memset(tags, MIPC_TAG_NUMBER, count);
      slots += count;
      tags += count;
      from += count * field->size;
      continue;
    }
    memcpy(text, from, count);
    size_t n = mipc_i_text_end(field->letter, text, count);
    slots->text.offset = (uint32_t)(text - values->text);
    slots->text.length = (uint32_t)n;
    slots++;
    *tags++ = MIPC_TAG_TEXT;
    numbers = false;
    text += n;
    from += count;
  }
  values->count = (size_t)program->values;
  values->text_size = (size_t)(text - values->text);
  values->numbers = numbers;
  return true;
}
