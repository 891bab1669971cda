/*
 * Flat templates, packed and unpacked without the engine's state.
 */
#include "flat_i.h"

#include <string.h>

#include "number_i.h"
#include "unpack_i.h"

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
      if (!mipc_i_store((mipc_i_store_t)field->store, slots, 1, count, to, field->size)) {
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
      mipc_i_load((mipc_i_store_t)field->store, from, field->size, count, slots, 1);
      for (size_t j = 0; j < count; j++)
        *tags++ = MIPC_TAG_NUMBER;
      slots += count;
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
