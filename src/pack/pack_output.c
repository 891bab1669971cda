/*
 * pack: the output. It grows, shrinks, and changes between bytes and UTF-8.
 */
#include "pack_i.h"

#include <string.h>

#include "utf8_i.h"

bool mipc_i_pack_zeros(mipc_i_pack_t *pack, uint64_t n, uint8_t zero) {
  if (n > pack->padding_left) return mipc_i_pack_fail(pack, MIPC_PACK_TOO_LARGE, 0, 0);
  if (!mipc_i_pack_room(pack, n)) return false;
  pack->padding_left -= n;
  memset(pack->to + pack->length, zero, n);
  pack->length += n;
  return true;
}

bool mipc_i_pack_byte(mipc_i_pack_t *pack, bool chars, uint8_t byte) {
  if (!mipc_i_pack_room(pack, 2)) return false;
  if (chars && byte >= 0x80) {
    pack->to[pack->length++] = 0xc0 | byte >> 6;
    byte = 0x80 | (byte & 0x3f);
  }
  pack->to[pack->length++] = byte;
  return true;
}

bool mipc_i_pack_bytes(mipc_i_pack_t *pack, bool chars, const uint8_t *bytes, size_t n) {
  if (!chars) {
    if (!mipc_i_pack_room(pack, n)) return false;
    memcpy(pack->to + pack->length, bytes, n);
    pack->length += n;
    return true;
  }
  for (size_t i = 0; i < n; i++)
    if (!mipc_i_pack_byte(pack, chars, bytes[i])) return false;
  return true;
}

bool mipc_i_pack_upgrade(mipc_i_pack_t *pack, mipc_i_group_t *group) {
  if (pack->upgraded) return true;
  size_t high = 0;
  for (size_t i = 0; i < pack->length; i++)
    high += pack->to[i] >= 0x80;
  if (!mipc_i_pack_room(pack, high)) return false;
  /* Outer groups never start later than inner ones: one pass backwards is enough. */
  size_t at = pack->length, before = high;
  for (; group; group = group->outer) {
    for (; at > group->start; at--)
      before -= pack->to[at - 1] >= 0x80;
    group->start += before;
  }
  size_t to = pack->length + high;
  pack->upgraded = true;
  for (size_t from = pack->length; from-- > 0;) {
    uint8_t byte = pack->to[from];
    pack->to[--to] = byte >= 0x80 ? 0x80 | (byte & 0x3f) : byte;
    if (byte >= 0x80) pack->to[--to] = 0xc0 | byte >> 6;
  }
  pack->length += high;
  return true;
}

bool mipc_i_pack_downgrade(mipc_i_pack_t *pack) {
  size_t to = 0;
  bool wide = false;
  for (size_t from = 0; from < pack->length;) {
    uint64_t character;
    bool good;
    size_t at = from;
    if (pack->to[from] < 0x80) {
      pack->to[to++] = pack->to[from++];
      continue;
    }
    from += mipc_i_utf8_decode(pack->to + from, pack->length - from, &character, &good);
    if (!good) return mipc_i_pack_fail(pack, MIPC_PACK_MALFORMED, 0, at);
    wide = wide || character > 0xff;
    pack->to[to++] = (uint8_t)character;
  }
  if (wide) return mipc_i_pack_fail(pack, MIPC_PACK_WIDE_RESULT, 0, 0);
  pack->length = to;
  return true;
}

static uint64_t count_chars(const uint8_t *bytes, size_t from, size_t to) {
  uint64_t n = 0;
  for (; from < to; from += mipc_i_utf8_skip(bytes[from]))
    n++;
  return n;
}

bool mipc_i_pack_back(mipc_i_pack_t *pack, uint8_t letter, uint64_t n, bool chars,
                      mipc_i_group_t *group) {
  if (!chars) {
    if (n > pack->length) return mipc_i_pack_fail(pack, MIPC_PACK_BEFORE_START, letter, 0);
    pack->length -= n;
  }
  if (chars && !mipc_i_pack_work(pack, (n < pack->length ? n : pack->length) / 8)) return false;
  for (; chars && n > 0; n--) {
    do {
      if (pack->length == 0) return mipc_i_pack_fail(pack, MIPC_PACK_BEFORE_START, letter, 0);
      pack->length--;
    } while (mipc_i_utf8_continues(pack->to[pack->length]));
  }
  /* A group cannot start behind the end. */
  for (; group && pack->length < group->start; group = group->outer)
    group->start = pack->length;
  return true;
}

bool mipc_i_pack_resize(mipc_i_pack_t *pack, uint8_t letter, size_t from, int64_t distance,
                        bool chars, mipc_i_group_t *group) {
  uint64_t back = distance < 0 ? 0 - (uint64_t)distance : 0;
  if (!chars) {
    uint64_t have = pack->length - from;
    if (distance < 0) return mipc_i_pack_back(pack, letter, have + back, false, group);
    if ((uint64_t)distance >= have) return mipc_i_pack_zeros(pack, (uint64_t)distance - have, 0);
    return mipc_i_pack_back(pack, letter, have - (uint64_t)distance, false, group);
  }
  if (!mipc_i_pack_work(pack, (pack->length - from) / 8)) return false;
  if (distance < 0) {
    pack->length = from;
    return mipc_i_pack_back(pack, letter, back, true, group);
  }
  for (; distance > 0 && from < pack->length; distance--)
    from += mipc_i_utf8_skip(pack->to[from]);
  if (from > pack->length) return mipc_i_pack_fail(pack, MIPC_PACK_MALFORMED, letter, from);
  if (distance > 0) return mipc_i_pack_zeros(pack, (uint64_t)distance, 0);
  return mipc_i_pack_back(pack, letter, pack->length - from, false, group);
}

bool mipc_i_pack_align(mipc_i_pack_t *pack, uint8_t letter, uint64_t unit, bool chars,
                       mipc_i_group_t *group) {
  if (unit == 0) unit = 1;
  if (chars && !mipc_i_pack_work(pack, pack->length / 8)) return false;
  uint64_t over = (chars ? count_chars(pack->to, 0, pack->length) : pack->length) % unit;
  if (letter == 'X') return mipc_i_pack_back(pack, letter, over, chars, group);
  return mipc_i_pack_zeros(pack, over ? unit - over : 0, 0);
}
