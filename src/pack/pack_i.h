/*
 * The state of one call of pack, and the functions that its files share.
 */
#ifndef MIPC_PACK_PACK_I_H
#define MIPC_PACK_PACK_I_H

#include "pack.h"
#include "template_i.h"

typedef struct {
  const mipc_i_field_t *fields;
  const mipc_pack_values_t *values;
  size_t next; /* the first value that is not yet packed */
  uint8_t *to;
  size_t capacity, length;
  /* `to` holds characters as UTF-8, because of U, U0 or a wide W. The parameter `chars` of the
   * functions: an added byte is one character (C0), not one byte of a character's UTF-8 (U0). */
  bool upgraded;
  uint64_t padding_left, work_left;
  mipc_pack_error_t error;
  mipc_pack_failure_t failure;
} mipc_i_pack_t;

/* A value to pack: one of the caller, or the length in front of '/'. */
typedef struct {
  const mipc_pack_slot_t *slot;
  uint8_t tag;
  bool is_length; /* an INT, written as digits by string fields */
  size_t index;   /* of the value */
} mipc_i_value_t;

/* These functions return true, or false with `error` and `failure` set. */
static inline bool mipc_i_pack_fail(mipc_i_pack_t *pack, mipc_pack_error_t error, uint8_t letter,
                                    uint64_t number) {
  pack->error = error;
  pack->failure = (mipc_pack_failure_t){.letter = letter, .number = number};
  return false;
}
static inline bool mipc_i_pack_room(mipc_i_pack_t *pack, uint64_t n) {
  if (n <= pack->capacity - pack->length) return true;
  return mipc_i_pack_fail(pack, MIPC_PACK_MORE_OUTPUT, 0, pack->length + n);
}
static inline bool mipc_i_pack_work(mipc_i_pack_t *pack, uint64_t n) {
  if (n > pack->work_left) return mipc_i_pack_fail(pack, MIPC_PACK_TOO_MUCH_WORK, 0, 0);
  pack->work_left -= n;
  return true;
}
/* Appends `n` bytes of padding; `zero`: its byte. */
bool mipc_i_pack_zeros(mipc_i_pack_t *pack, uint64_t n, uint8_t zero);
/* Append bytes; as UTF-8 if `chars`. */
bool mipc_i_pack_byte(mipc_i_pack_t *pack, bool chars, uint8_t byte);
bool mipc_i_pack_bytes(mipc_i_pack_t *pack, bool chars, const uint8_t *bytes, size_t n);

/* Upgrade: converts the output from bytes to the UTF-8 of the same characters, and moves the starts
 * of the groups with them. Downgrade, at the end: converts it back to bytes. */
bool mipc_i_pack_upgrade(mipc_i_pack_t *pack, mipc_i_group_t *group);
bool mipc_i_pack_downgrade(mipc_i_pack_t *pack);

/* Removes the last `n` bytes or, if `chars`, characters. A group that started behind the new end
 * then starts at it. */
bool mipc_i_pack_back(mipc_i_pack_t *pack, uint8_t letter, uint64_t n, bool chars,
                      mipc_i_group_t *group);
/* Sets the end of the output to `distance` bytes or characters after `from`. */
bool mipc_i_pack_resize(mipc_i_pack_t *pack, uint8_t letter, size_t from, int64_t distance,
                        bool chars, mipc_i_group_t *group);
/* x! and X!: extends or shortens the output to a multiple of `unit`. */
bool mipc_i_pack_align(mipc_i_pack_t *pack, uint8_t letter, uint64_t unit, bool chars,
                       mipc_i_group_t *group);

/* a A Z, b B, h H, u: `count` is the field's; with `star` it is ignored. */
bool mipc_i_pack_text(mipc_i_pack_t *pack, uint8_t letter, uint64_t count, bool star, bool chars,
                      mipc_i_value_t value);

/* w */
bool mipc_i_pack_compressed(mipc_i_pack_t *pack, bool chars, mipc_i_value_t value);

#endif
