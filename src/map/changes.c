/*
 * Changes: how writers record them, and how a listener reads them. The contract stands in
 * changes.h.
 */
#include "changes.h"

#include <stdlib.h>
#include <string.h>

#include "../os/process.h"
#include "../sync/bell.h"
#include "../sync/event.h"
#include "entry_i.h"

/* Changes that are recorded until a listener looks. */
#define CREDITS     4096u
#define THREAD      ((uint32_t)1 << 31)
#define CREDIT_MASK (THREAD - 1)

typedef struct mipc_i_listener listener_t;

struct mipc_i_listener {
  bool thread;
  uint32_t armings;     /* of the pool, when the positions were taken */
  bool is_lost;         /* changes are missing, and the user does not know it yet */
  uint32_t next;        /* stripe at which the handshake or a read goes on */
  bool has_begun;       /* the handshake with all stripes is done */
  uint64_t positions[]; /* by stripe: of the last change that was read */
};

static mipc_map_change_shm_t *ring_of(const mipc_map_t *map, const mipc_map_stripe_shm_t *stripe) {
  uint64_t index = mipc_i_index_of(map, stripe);
  return (mipc_map_change_shm_t *)(map->base + map->geometry.rings) + index * MIPC_MAP_CHANGES;
}

/* The position of the change is part of the operation: a recovery writes the same record again. */
void mipc_i_change_begin(mipc_map_t *map, mipc_map_stripe_shm_t *stripe, uint32_t what) {
  mipc_map_record_shm_t *r = map->record;
  /* relaxed: a listener that arms takes our lock afterwards (changes.h). */
  bool is_wanted =
      what != MIPC_MAP_CHANGE_NONE && (mipc_i_get32(&map->pool->armed) & CREDIT_MASK) != 0;
  uint64_t position = is_wanted ? mipc_i_get64(&stripe->changes) + 1 : 0;
  if (mipc_i_get64(&r->change) != position) mipc_i_put64(&r->change, position);
  if (is_wanted) mipc_i_put32(&r->what, what);
}

/* The entry that the change is about: the new one, the one in place, or the one that is removed; 0:
 * it has been freed, after the record was written. */
static uint64_t entry_of(const mipc_map_record_shm_t *r) {
  if (mipc_i_get32(&r->state) == MIPC_MAP_OP_NUMBER) return mipc_i_get64(&r->block);
  if (mipc_i_get32(&r->what) == MIPC_MAP_CHANGE_SET) return mipc_i_get64(&r->new_head);
  return mipc_i_get64(&r->old_head);
}

static uint64_t home_index(const mipc_map_t *map, const mipc_map_record_shm_t *r) {
  return (mipc_i_get64(&r->home) - map->geometry.buckets) / MIPC_MAP_BUCKET_SIZE;
}

void mipc_i_change_append(mipc_map_t *map, mipc_map_stripe_shm_t *stripe) {
  mipc_map_record_shm_t *r = map->record;
  uint64_t position = mipc_i_get64(&r->change);
  mipc_map_change_shm_t *at = &ring_of(map, stripe)[position % MIPC_MAP_CHANGES];
  mipc_i_entry_t entry;
  uint32_t armed = mipc_i_get32(&map->pool->armed);
  /* relaxed: writers of other stripes may do the same; then the credits last longer. */
  if (armed & CREDIT_MASK) mipc_i_put32(&map->pool->armed, armed - 1);
  map->has_changed = true;
  bool is_there = mipc_i_get64(&stripe->changes) >= position;
  if (!is_there && mipc_i_entry(map, entry_of(r), &entry)) {
    uint32_t wide = entry.word & MIPC_MAP_IS_WIDE ? MIPC_MAP_WIDE : 0;
    bool fits = entry.key_length <= sizeof at->key;
    const uint64_t *key = mipc_i_at(map, entry.parts.head + mipc_i_key_at(entry.word));
    mipc_i_put64(&at->position, 0);
    /* release fence: a reader that sees a word of this record sees that the old one is gone. */
    mipc_atomic_fence_release();
    mipc_i_put64(&at->version, mipc_i_get64(&r->version));
    mipc_i_put32(&at->what, mipc_i_get32(&r->what));
    mipc_i_put32(&at->key_length, entry.key_length | wide);
    for (uint32_t i = 0; fits && i < mipc_i_pad(entry.key_length) / 8; i++)
      mipc_i_put64(&at->key.at[i], mipc_i_get64(&key[i]));
    /* Instead of a longer key: the bucket in which a listener finds it. */
    if (!fits) mipc_i_put64(&at->key.at[0], home_index(map, r));
    /* release: a reader that sees the position sees the record. */
    mipc_atomic_store_release_u64(&at->position, position);
    mipc_atomic_fence_compiler();
    mipc_i_put64(&stripe->changes, position);
  }
  mipc_i_put64(&r->change, 0);
}

void mipc_i_change_cleared(mipc_map_t *map, mipc_map_stripe_shm_t *stripe) {
  uint64_t position = mipc_i_get64(&stripe->changes) + 1;
  mipc_map_change_shm_t *at = &ring_of(map, stripe)[position % MIPC_MAP_CHANGES];
  if (!(mipc_i_get32(&map->pool->armed) & CREDIT_MASK)) return;
  map->has_changed = true;
  mipc_i_put64(&at->position, 0);
  mipc_atomic_fence_release(); /* as above */
  mipc_i_put64(&at->version, 0);
  mipc_i_put32(&at->what, MIPC_MAP_CHANGE_CLEAR);
  mipc_i_put32(&at->key_length, 0);
  mipc_atomic_store_release_u64(&at->position, position);
  mipc_atomic_fence_compiler();
  mipc_i_put64(&stripe->changes, position);
}

void mipc_i_notify(mipc_map_t *map) {
  uint32_t armed = mipc_i_get32(&map->pool->armed);
  map->has_changed = false;
  if (armed & THREAD) mipc_event_publish(map->header);
  /* The release of the lock was a swap, as the bell wants it. */
  if (armed) mipc_bell_publish(map->region, map->header);
}

static void arm(mipc_map_t *map, const listener_t *l, uint32_t now) {
  uint32_t thread = l->thread ? THREAD : now & THREAD;
  /* relaxed: the lock of each stripe follows, or the change was recorded already. A writer that
   * takes 1 off an older value at this moment only makes the credits end earlier. */
  mipc_i_put32(&map->pool->armed, CREDITS | thread);
}

/* Arms after a time in which nothing was recorded. */
static void arm_anew(mipc_map_t *map, listener_t *l) {
  uint32_t now = mipc_i_get32(&map->pool->armed);
  if (!(now & CREDIT_MASK)) {
    l->armings = mipc_i_get32(&map->pool->armings) + 1;
    mipc_i_put32(&map->pool->armings, l->armings);
  }
  arm(map, l, now);
  l->armings = mipc_i_get32(&map->pool->armings);
  l->has_begun = false;
  l->next = 0;
}

/* The handshake: a writer that did not record its change has released the lock. */
static int shake_hands(mipc_map_t *map, listener_t *l) {
  for (; l->next < map->geometry.stripe_count; l->next++) {
    mipc_map_stripe_shm_t *stripe = &map->stripes[l->next];
    int status = mipc_i_enter(map, stripe, false);
    if (status != MIPC_MAP_DONE) return status;
    l->positions[l->next] = mipc_i_get64(&stripe->changes);
    mipc_i_leave(map, stripe);
  }
  l->has_begun = true;
  l->next = 0;
  return MIPC_MAP_DONE;
}

int mipc_map_listen(mipc_map_t *map, bool thread, uint32_t us) {
  int status = mipc_i_begin(map, us);
  if (status < 0 && status != MIPC_E_STALE) return status;
  if (!map->listener) {
    size_t bytes = sizeof *map->listener + map->geometry.stripe_count * sizeof(uint64_t);
    map->listener = calloc(1, bytes);
    if (!map->listener) return mipc_no_memory();
    map->listener->thread = thread;
    arm_anew(map, map->listener);
  }
  if (thread && !map->listener->thread) {
    map->listener->thread = true;
    arm(map, map->listener, 0);
  }
  status = map->listener->has_begun ? MIPC_MAP_DONE : shake_hands(map, map->listener);
  return mipc_i_end(map, status);
}

void mipc_map_unlisten(mipc_map_t *map) {
  free(map->listener);
  map->listener = NULL;
}

/* The key of a change whose record has no room for it: that of the entry which the change has set.
 */
static bool find_key(const mipc_map_t *map, const mipc_map_change_shm_t *change, uint64_t *to) {
  uint64_t index = change->key.at[0];
  uint64_t count = (uint64_t)map->geometry.stripe_count * map->geometry.buckets_of_stripe;
  if (change->what != MIPC_MAP_CHANGE_SET || index >= count) return false;
  const mipc_map_bucket_shm_t *home = &map->buckets[index];
  /* acquire, and the fence: A1 to A3 of read.c. */
  uint64_t version = mipc_atomic_load_acquire_u64(&home->version);
  bool found = false;
  for (uint32_t i = 0; i < MIPC_MAP_SLOTS && !found; i++) {
    uint64_t slot = mipc_atomic_load_acquire_u64(&home->slots.at[i]), at = mipc_i_ref(slot);
    if (!slot || !mipc_i_in_arena(map, at, MIPC_MAP_MOST_BLOCK)) continue;
    const mipc_map_entry_shm_t *entry = mipc_i_at(map, at);
    uint64_t word = mipc_i_get64(&entry->word);
    uint32_t length = mipc_i_key_word(entry) & 0xFFFF;
    if ((word & MIPC_MAP_VERSION_MASK) != change->version || length > MIPC_MAP_MOST_KEY) continue;
    mipc_i_copy_out((uint8_t *)to, mipc_i_at(map, at + mipc_i_key_at(word)), mipc_i_pad(length));
    found = length == (change->key_length & ~MIPC_MAP_WIDE);
  }
  mipc_atomic_fence_acquire();
  return found && mipc_i_get64(&home->version) == version;
}

/* Reads one record. False: it was overwritten. */
static bool read_change(const mipc_map_t *map, const mipc_map_stripe_shm_t *stripe,
                        uint64_t position, mipc_map_change_shm_t *ret_change) {
  const mipc_map_change_shm_t *at = &ring_of(map, stripe)[position % MIPC_MAP_CHANGES];
  /* acquire: the record is at least as new as its position. */
  if (mipc_atomic_load_acquire_u64(&at->position) != position) return false;
  ret_change->version = mipc_i_get64(&at->version);
  ret_change->what = mipc_i_get32(&at->what);
  ret_change->key_length = mipc_i_get32(&at->key_length);
  mipc_i_copy_out((uint8_t *)ret_change->key.at, at->key.at, sizeof at->key);
  /* acquire fence: the record before the position, which its next writer clears first. */
  mipc_atomic_fence_acquire();
  return mipc_i_get64(&at->position) == position;
}

/* Copies one change. 0: there is no room. */
static uint64_t copy_change(const mipc_map_t *map, const mipc_map_change_shm_t *change, uint8_t *to,
                            uint64_t room, bool *ret_lost) {
  uint64_t key[MIPC_MAP_MOST_KEY / 8];
  uint32_t length = change->key_length & ~MIPC_MAP_WIDE;
  const uint64_t *from = change->key.at;
  if (length > MIPC_MAP_MOST_KEY) {
    *ret_lost = true; /* another process has overwritten the record */
    return 1;
  }
  if (length > sizeof change->key) {
    if (!find_key(map, change, key)) {
      *ret_lost = true;
      return 1;
    }
    from = key;
  }
  mipc_map_item_t item = {
      .type = change->what, .key_length = change->key_length, .version = change->version};
  uint64_t bytes = sizeof item + mipc_i_pad(length);
  if (bytes > room) return 0;
  memcpy(to, &item, sizeof item);
  memcpy(to + sizeof item, from, mipc_i_pad(length));
  return bytes;
}

/* The new changes of a stripe. False: there is no room for more. */
static bool read_stripe(mipc_map_t *map, listener_t *l, uint8_t *to, uint64_t room,
                        uint64_t *used) {
  const mipc_map_stripe_shm_t *stripe = &map->stripes[l->next];
  uint64_t *position = &l->positions[l->next];
  uint64_t last = mipc_i_get64(&stripe->changes);
  if (last - *position > MIPC_MAP_CHANGES) {
    l->is_lost |= last != *position;
    *position = last;
    return true;
  }
  while (*position != last) {
    mipc_map_change_shm_t change = {0};
    if (!read_change(map, stripe, *position + 1, &change)) {
      l->is_lost = true;
      *position = mipc_i_get64(&stripe->changes);
      return true;
    }
    uint64_t bytes = copy_change(map, &change, to + *used, room - *used, &l->is_lost);
    if (!bytes) return false;
    if (bytes > 1) *used += bytes;
    ++*position;
  }
  return true;
}

int mipc_map_changes(mipc_map_t *map, void *to, uint64_t room, uint32_t us, uint64_t *ret_used,
                     bool *ret_lost) {
  listener_t *l = map->listener;
  *ret_used = 0;
  *ret_lost = false;
  int status = mipc_i_begin(map, us);
  if (status < 0 && status != MIPC_E_STALE) return status;
  if (!l) return MIPC_E_UNSUPPORTED;
  uint32_t armed = mipc_i_get32(&map->pool->armed);
  if (!(armed & CREDIT_MASK) || mipc_i_get32(&map->pool->armings) != l->armings) {
    l->is_lost = true;
    arm_anew(map, l);
  } else {
    arm(map, l, armed);
  }
  status = l->has_begun ? MIPC_MAP_DONE : shake_hands(map, l);
  if (status != MIPC_MAP_DONE) return mipc_i_end(map, status);
  for (; l->next < map->geometry.stripe_count; l->next++) {
    if (!read_stripe(map, l, to, room, ret_used)) break;
  }
  if (l->next < map->geometry.stripe_count) return mipc_i_end(map, MIPC_MAP_MORE);
  l->next = 0;
  *ret_lost = l->is_lost;
  l->is_lost = false;
  return mipc_i_end(map, MIPC_MAP_DONE);
}
