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

/* Changes of a stripe that are recorded after a listener has armed it. */
#define CREDITS 4096u

typedef struct mipc_i_listener listener_t;

typedef struct {
  uint64_t position; /* of the last change that was read */
  uint64_t wanted;   /* of the stripe, as this listener knows it */
} ear_t;

struct mipc_i_listener {
  bool thread;    /* of this process waits for the event */
  bool is_lost;   /* changes are missing, and the user does not know it yet */
  uint32_t next;  /* stripe at which the last call stopped */
  uint32_t armed; /* stripes that were armed since `thread` was set */
  ear_t ears[];   /* by stripe; wanted 0: not armed yet */
};

static mipc_map_change_shm_t *ring_of(const mipc_map_t *map, const mipc_map_stripe_shm_t *stripe) {
  uint64_t index = mipc_i_index_of(map, stripe);
  return (mipc_map_change_shm_t *)(map->base + map->geometry.rings) + index * MIPC_MAP_CHANGES;
}

/* The position of the change is part of the operation: a recovery writes the same record again. */
void mipc_i_change_begin(mipc_map_t *map, mipc_map_stripe_shm_t *stripe, uint32_t what) {
  mipc_map_record_shm_t *r = map->record;
  uint64_t changes = mipc_i_get64(&stripe->changes);
  bool is_wanted = what != MIPC_MAP_CHANGE_NONE && changes < mipc_i_get64(&stripe->wanted);
  uint64_t position = is_wanted ? changes + 1 : 0;
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

/* Begins a record: a reader that sees a word of it sees that the old one is gone. */
static mipc_map_change_shm_t *begin_record(const mipc_map_t *map,
                                           const mipc_map_stripe_shm_t *stripe, uint64_t position) {
  mipc_map_change_shm_t *at = &ring_of(map, stripe)[position % MIPC_MAP_CHANGES];
  mipc_i_put64(&at->position, 0);
  mipc_atomic_fence_release();
  return at;
}

/* release, both: a reader that sees either sees the record. */
static void end_record(mipc_map_stripe_shm_t *stripe, mipc_map_change_shm_t *at,
                       uint64_t position) {
  mipc_atomic_store_release_u64(&at->position, position);
  mipc_atomic_fence_compiler();
  mipc_atomic_store_release_u64(&stripe->changes, position);
  mipc_atomic_fence_compiler();
}

/* Before the old block is freed, which has the key of an entry that was removed. */
void mipc_i_change_append(mipc_map_t *map, mipc_map_stripe_shm_t *stripe) {
  mipc_map_record_shm_t *r = map->record;
  uint64_t position = mipc_i_get64(&r->change);
  mipc_map_change_shm_t *at = &ring_of(map, stripe)[position % MIPC_MAP_CHANGES];
  mipc_i_entry_t entry;
  map->has_changed = true;
  if (mipc_i_get64(&at->position) == position) {
    end_record(stripe, at, position); /* a dead process has written it */
  } else if (mipc_i_get64(&stripe->changes) < position && mipc_i_entry(map, entry_of(r), &entry)) {
    uint32_t wide = entry.word & MIPC_MAP_IS_WIDE ? MIPC_MAP_WIDE : 0;
    const uint64_t *key = mipc_i_at(map, entry.parts.head + mipc_i_key_at(entry.word));
    bool fits = entry.key_length <= sizeof at->key;
    begin_record(map, stripe, position);
    mipc_i_put64(&at->version, mipc_i_get64(&r->version));
    mipc_i_put32(&at->what, mipc_i_get32(&r->what));
    mipc_i_put32(&at->key_length, entry.key_length | wide);
    for (uint32_t i = 0; fits && i < mipc_i_pad(entry.key_length) / 8; i++)
      mipc_i_put64(&at->key.at[i], mipc_i_get64(&key[i]));
    /* Instead of a longer key: the bucket in which a listener finds it. */
    if (!fits) mipc_i_put64(&at->key.at[0], home_index(map, r));
    end_record(stripe, at, position);
  }
  mipc_i_put64(&r->change, 0);
}

void mipc_i_change_cleared(mipc_map_t *map, mipc_map_stripe_shm_t *stripe) {
  uint64_t position = mipc_i_get64(&stripe->changes) + 1;
  if (position > mipc_i_get64(&stripe->wanted)) return;
  mipc_map_change_shm_t *at = begin_record(map, stripe, position);
  map->has_changed = true;
  mipc_i_put64(&at->version, 0);
  mipc_i_put32(&at->what, MIPC_MAP_CHANGE_CLEAR);
  mipc_i_put32(&at->key_length, 0);
  end_record(stripe, at, position);
}

void mipc_i_notify(mipc_map_t *map) {
  map->has_changed = false;
  if (mipc_i_get32(&map->pool->threads)) mipc_event_publish(map->header);
  /* The release of the lock was a swap, as the bell wants it. */
  mipc_bell_publish(map->region, map->header);
}

/* Arms a stripe: under its lock, so that every later change is recorded. If changes may have gone
 * unrecorded, all so far count as read. */
static int arm(mipc_map_t *map, listener_t *l, uint32_t index, bool is_first) {
  mipc_map_stripe_shm_t *stripe = &map->stripes[index];
  ear_t *ear = &l->ears[index];
  int status = mipc_i_enter(map, stripe, false);
  if (status != MIPC_MAP_DONE) return status;
  uint64_t changes = mipc_i_get64(&stripe->changes), wanted = mipc_i_get64(&stripe->wanted);
  bool is_exhausted = !is_first && changes >= ear->wanted;
  if (wanted < changes + CREDITS) {
    wanted = changes + CREDITS;
    /* release: a listener that sees it, and loads `changes` then, sees what it was; see renew(). */
    mipc_atomic_store_release_u64(&stripe->wanted, wanted);
    mipc_atomic_fence_compiler();
  }
  ear->wanted = wanted;
  if (is_first || is_exhausted) ear->position = changes;
  l->is_lost |= is_exhausted;
  mipc_i_leave(map, stripe);
  return MIPC_MAP_DONE;
}

/* Keeps the stripe armed. */
static int renew(mipc_map_t *map, listener_t *l, uint32_t index) {
  const mipc_map_stripe_shm_t *stripe = &map->stripes[index];
  ear_t *ear = &l->ears[index];
  uint64_t wanted = mipc_i_get64(&stripe->wanted);
  /* acquire: after `wanted`, which another listener may have moved ahead. What this listener knew
   * was not reached until now, so nothing was unrecorded. */
  mipc_atomic_fence_acquire();
  uint64_t changes = mipc_i_get64(&stripe->changes);
  if (changes < ear->wanted && wanted > ear->wanted) ear->wanted = wanted;
  return ear->wanted > changes + CREDITS / 2 ? MIPC_MAP_DONE : arm(map, l, index, false);
}

int mipc_map_listen(mipc_map_t *map, bool thread, uint32_t us) {
  int status = mipc_i_begin(map, us);
  if (status < 0 && status != MIPC_E_STALE) return status;
  uint32_t count = map->geometry.stripe_count;
  if (!map->listener) map->listener = calloc(1, sizeof *map->listener + count * sizeof(ear_t));
  listener_t *l = map->listener;
  if (!l) return mipc_no_memory();
  if (thread && !l->thread) {
    /* Never cleared: other listeners may need it, and it costs a change 20 ns. The lock of each
     * stripe follows, so that every later change of it publishes the event. */
    mipc_i_put32(&map->pool->threads, 1);
    l->thread = true;
    l->armed = 0;
  }
  status = MIPC_MAP_DONE;
  while (l->armed < count && status == MIPC_MAP_DONE) {
    status = arm(map, l, l->armed, l->ears[l->armed].wanted == 0);
    if (status == MIPC_MAP_DONE) l->armed++;
  }
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
  uint64_t *position = &l->ears[l->next].position;
  /* acquire: the records up to there are complete. */
  uint64_t last = mipc_atomic_load_acquire_u64(&stripe->changes);
  while (*position != last) {
    mipc_map_change_shm_t change = {0};
    bool is_there =
        last - *position <= MIPC_MAP_CHANGES && read_change(map, stripe, *position + 1, &change);
    if (!is_there) {
      l->is_lost = true;
      *position = last;
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
  uint32_t count = map->geometry.stripe_count;
  *ret_used = 0;
  *ret_lost = false;
  int status = mipc_i_begin(map, us);
  if (status < 0 && status != MIPC_E_STALE) return status;
  if (!l || l->armed < count) return MIPC_E_UNSUPPORTED;
  status = MIPC_MAP_DONE;
  for (; l->next < count && status == MIPC_MAP_DONE; l->next++) {
    status = renew(map, l, l->next);
    if (status == MIPC_MAP_DONE && !read_stripe(map, l, to, room, ret_used)) status = MIPC_MAP_MORE;
    if (status != MIPC_MAP_DONE) break;
  }
  /* The changes that were copied must not be copied over by the next try. */
  if (status == MIPC_MAP_BUSY && *ret_used) status = MIPC_MAP_MORE;
  if (status != MIPC_MAP_DONE) return mipc_i_end(map, status);
  l->next = 0;
  *ret_lost = l->is_lost;
  l->is_lost = false;
  return mipc_i_end(map, status);
}
