/*
 * The blocks of a new entry: allocated, filled, and linked.
 */
#include "set_i.h"

static void find_cut(mipc_i_set_t *s) {
  uint32_t header =
      MIPC_MAP_ENTRY_SIZE + (s->expiry == MIPC_MAP_FOREVER ? 0 : 8) + mipc_i_pad(s->key->length);
  mipc_i_cut(header, s->value->length, &s->cut);
}

/* Allocates the blocks of the new entry. False: not all of them. */
static bool allocate(mipc_i_set_t *s) {
  mipc_map_record_shm_t *r = s->map->record;
  const mipc_i_cut_t *cut = &s->cut;
  bool all = (!cut->pages || mipc_i_chain_take(s->map, s->stripe, cut->pages)) &&
             mipc_i_block_take(s->map, s->stripe, cut->head, &r->new_head, 0) &&
             (cut->tail == MIPC_MAP_NO_CLASS ||
              mipc_i_block_take(s->map, s->stripe, cut->tail, &r->new_tail, 0));
  if (all) {
    s->parts = (mipc_i_parts_t){mipc_i_get64(&r->new_head),
                                cut->tail == MIPC_MAP_NO_CLASS ? 0 : mipc_i_get64(&r->new_tail),
                                cut->pages ? mipc_i_get64(&r->new_chain) : 0};
    return true;
  }
  mipc_i_drop_new(s->map, s->stripe);
  return false;
}

static int make_room(mipc_i_set_t *s) {
  const mipc_i_cut_t *cut = &s->cut;
  /* Two pages more for the slabs of head and tail. */
  if (cut->pages) return mipc_i_make_room(s->map, s->stripe, 0, cut->pages + 2);
  int status = mipc_i_make_room(s->map, s->stripe, cut->head, 0);
  if (status != MIPC_MAP_DONE || cut->tail == MIPC_MAP_NO_CLASS) return status;
  return mipc_i_make_room(s->map, s->stripe, cut->tail, 2);
}

/* Adds an overflow bucket to the chain: an operation of its own. */
static int add_bucket(mipc_i_set_t *s) {
  mipc_map_t *map = s->map;
  uint64_t *field = &map->record->new_head;
  if (!mipc_i_block_take(map, s->stripe, MIPC_MAP_OVERFLOW, field, 0)) {
    return mipc_i_make_room(map, s->stripe, MIPC_MAP_OVERFLOW, 0);
  }
  uint64_t offset = mipc_i_get64(field);
  bool good =
      offset % MIPC_MAP_BUCKET_SIZE == 0 && mipc_i_in_arena(map, offset, MIPC_MAP_BUCKET_SIZE);
  if (!good) return mipc_i_corrupt(map);
  uint64_t *words = mipc_i_at(map, offset);
  mipc_atomic_fence_release(); /* F2, see mipc_i_new_fill() */
  for (uint32_t i = 0; i < MIPC_MAP_BUCKET_SIZE / sizeof *words; i++)
    mipc_i_put64(&words[i], 0);
  const mipc_i_change_t change = {.home = s->home,
                                  .word = &s->place.last->next,
                                  .value = offset / MIPC_MAP_BUCKET_SIZE,
                                  .is_narrow = true,
                                  .count = mipc_i_get64(&s->stripe->count)};
  mipc_i_publish(map, s->stripe, &change);
  return MIPC_MAP_DONE;
}

void mipc_i_new_fill(mipc_i_set_t *s) {
  mipc_map_t *map = s->map;
  const mipc_i_cut_t *cut = &s->cut;
  mipc_map_entry_shm_t *entry = mipc_i_at(map, s->parts.head);
  uint64_t flags = (s->expiry == MIPC_MAP_FOREVER ? 0 : MIPC_MAP_HAS_TTL) |
                   (cut->is_large ? MIPC_MAP_IS_LARGE : 0);
  uint32_t key_bytes = mipc_i_pad(s->key->length);
  /* F2, release fence: the process that freed these bytes stored the version before. A reader that
   * sees one of ours sees that version, and throws its copy away. */
  mipc_atomic_fence_release();
  mipc_atomic_store_relaxed(&entry->length, (uint32_t)s->value->length);
  mipc_atomic_store_relaxed((uint32_t *)&entry->key_length, s->key->length | cut->head << 16);
  if (flags & MIPC_MAP_HAS_TTL) mipc_atomic_store_relaxed_u64(mipc_i_expiry(entry), s->expiry);
  if (cut->is_large) {
    uint64_t *large = mipc_i_large(entry, flags);
    mipc_atomic_store_relaxed_u64(&large[0], s->parts.chain);
    mipc_atomic_store_relaxed_u64(&large[1], s->parts.tail);
  }
  uint8_t *at = (uint8_t *)entry + cut->header - key_bytes;
  mipc_i_copy_in(at, (const uint8_t *)s->key->words, key_bytes);
  uint64_t rest = s->value->length, part = mipc_i_class_size[cut->head] - cut->header;
  const uint8_t *from = s->from;
  if (part > rest) part = rest;
  mipc_i_copy_in(at + key_bytes, from, part);
  mipc_i_list_t chain = mipc_i_list(s->parts.chain);
  uint32_t number = chain.head;
  for (uint32_t i = 0; i < chain.count && rest > part; i++) {
    from += part;
    rest -= part;
    part = rest < MIPC_MAP_PAGE_SIZE ? rest : MIPC_MAP_PAGE_SIZE;
    mipc_map_page_shm_t *page = mipc_i_page(map, number);
    if (!page) return;
    mipc_i_copy_in(mipc_i_at(map, (uint64_t)number * MIPC_MAP_PAGE_SIZE), from, part);
    number = mipc_i_get32(&page->next);
  }
  if (!s->parts.tail) return;
  uint64_t *tail = mipc_i_at(map, s->parts.tail);
  mipc_atomic_store_relaxed_u64(tail, MIPC_MAP_IS_TAIL | s->parts.head);
  mipc_i_copy_in(tail + 1, from + part, rest - part);
}

/* Whether the blocks lie where a block of their classes can; any process can write to the record.
 */
static bool are_good(const mipc_i_set_t *s) {
  const mipc_map_t *map = s->map;
  bool good = mipc_i_in_arena(map, s->parts.head, mipc_i_class_size[s->cut.head]);
  if (s->parts.tail) good &= mipc_i_in_arena(map, s->parts.tail, mipc_i_class_size[s->cut.tail]);
  return good && (s->parts.head | s->parts.tail) % 16 == 0;
}

void mipc_i_new_link(mipc_i_set_t *s) {
  mipc_map_t *map = s->map;
  mipc_map_entry_shm_t *entry = mipc_i_at(map, s->parts.head);
  uint64_t version = mipc_i_next_version(s->home);
  uint64_t word = (s->kept_version ? s->kept_version : version) | (uint64_t)s->value->type
                                                                      << MIPC_MAP_VERSION_BITS;
  if (s->expiry != MIPC_MAP_FOREVER) word |= MIPC_MAP_HAS_TTL;
  if (s->key->is_wide) word |= MIPC_MAP_IS_WIDE;
  if (s->cut.is_large) {
    word |= MIPC_MAP_IS_LARGE;
    mipc_i_put64(&mipc_i_large(entry, word)[2], version);
  }
  mipc_i_put64(&entry->word, word);
  bool is_new = !s->place.slot;
  uint64_t *slot = is_new ? s->place.free : s->place.slot;
  if (s->expiry != MIPC_MAP_FOREVER) mipc_i_note_expiry(map, s->stripe, s->home, s->expiry);
  if (map->geometry.evicts) mipc_i_mark(s->home, slot);
  bool is_told = !s->kept_version && s->value->type != MIPC_MAP_TYPE_LEASE;
  const mipc_i_change_t change = {
      .home = s->home,
      .word = slot,
      .value = mipc_i_tag(s->key->hash) | s->parts.head >> 4,
      .count = mipc_i_get64(&s->stripe->count) + is_new,
      .what = is_told ? MIPC_MAP_CHANGE_SET : MIPC_MAP_CHANGE_NONE,
      .old = is_new ? (mipc_i_parts_t){0} : s->old.parts,
  };
  mipc_i_publish(map, s->stripe, &change);
  s->value->version = word & MIPC_MAP_VERSION_MASK;
}

int mipc_i_new_take(mipc_i_set_t *s) {
  int status;
  if (!s->place.slot && !s->place.free) {
    status = add_bucket(s);
    return status == MIPC_MAP_DONE ? MIPC_MAP_AGAIN : status;
  }
  find_cut(s);
  if (allocate(s)) return are_good(s) ? MIPC_MAP_DONE : mipc_i_corrupt(s->map);
  if (s->map->is_corrupt) return MIPC_E_CORRUPT;
  status = make_room(s);
  return status == MIPC_MAP_DONE ? MIPC_MAP_AGAIN : status;
}
