/*
 * The cell: the protocol of cell.h, and the reason for the order of each store and load.
 */
#include "cell.h"

#include <string.h>

#include "../base/atomic.h"
#include "../base/crc32c.h"
#include "../base/range.h"
#include "../base/status.h"

/* How often a reader that was overtaken tries again. */
#define MOST_TRIES 16

#define TYPES ((uint32_t)0xFF)

uint64_t mipc_cell_stride(uint64_t capacity) {
  return MIPC_CELL_SLOT_SIZE + mipc_round_up(capacity, MIPC_CELL_SLOT_SIZE);
}

uint64_t mipc_cell_size(uint64_t capacity) {
  if (capacity > MIPC_MAX_OFFSET / MIPC_CELL_SLOTS - 3 * MIPC_CELL_SLOT_SIZE) return 0;
  return mipc_cell_stride(capacity) * MIPC_CELL_SLOTS + MIPC_CELL_SLOT_SIZE;
}

static mipc_atomic_u64_t *mark_of(const mipc_cell_t *cell) {
  return (mipc_atomic_u64_t *)(cell->slots + cell->stride * MIPC_CELL_SLOTS);
}

static mipc_cell_slot_shm_t *slot_of(const mipc_cell_t *cell, uint64_t version) {
  return (mipc_cell_slot_shm_t *)(cell->slots + version % MIPC_CELL_SLOTS * cell->stride);
}

static uint32_t checksum_of(const mipc_cell_value_t *value, const void *bytes) {
  uint64_t head[3] = {value->version, value->length, value->type};
  return mipc_crc32c(mipc_crc32c(0, head, sizeof head), bytes, (size_t)value->length);
}

/* relaxed, in both copies: begin and commit give the order. Copying by words only makes sure that a
 * reader sees no word that was never stored. A slot ends with a whole word, as strides are
 * multiples of words. */
static void copy_in(mipc_atomic_u64_t *to, const uint8_t *from, size_t length) {
  uint64_t word;
  for (; length >= sizeof word; length -= sizeof word, from += sizeof word) {
    memcpy(&word, from, sizeof word);
    mipc_atomic_store_relaxed_u64(to++, word);
  }
  if (!length) return;
  word = 0;
  memcpy(&word, from, length);
  mipc_atomic_store_relaxed_u64(to, word);
}

static void copy_out(uint8_t *to, const mipc_atomic_u64_t *from, size_t length) {
  uint64_t word;
  for (; length >= sizeof word; length -= sizeof word, to += sizeof word) {
    word = mipc_atomic_load_relaxed_u64(from++);
    memcpy(to, &word, sizeof word);
  }
  if (!length) return;
  word = mipc_atomic_load_relaxed_u64(from);
  memcpy(to, &word, length);
}

uint64_t mipc_cell_version(const mipc_cell_t *cell) {
  /* acquire: pairs with the release of `commit`. */
  return mipc_atomic_load_acquire_u64(&cell->header->cell_commit);
}

int mipc_cell_write(const mipc_cell_t *cell, const void *bytes, mipc_cell_value_t *value) {
  mipc_region_shm_t *h = cell->header;
  if (value->length > cell->capacity) return MIPC_E_RANGE;
  /* relaxed: this thread holds the lock; the last writer held it before. */
  uint64_t version = mipc_atomic_load_relaxed_u64(&h->cell_commit) + 1;
  if (version == 0 || version > MIPC_MAX_OFFSET) return MIPC_E_CORRUPT;
  /* relaxed, both: stored once, before the release of the first version. */
  if (version == 1)
    mipc_atomic_store_relaxed_u64(mark_of(cell), MIPC_CELL_MARK);
  else if (mipc_atomic_load_relaxed_u64(mark_of(cell)) != MIPC_CELL_MARK)
    return MIPC_E_TRUNCATED;
  mipc_cell_slot_shm_t *slot = slot_of(cell, version);
  value->version = version;
  mipc_atomic_store_relaxed_u64(&h->cell_begin, version);
  /* release fence between `begin` and the slot: a reader that sees any word of this value in place
   * of an older one sees the new `begin` after its own fence, and discards its copy. */
  mipc_atomic_fence_release();
  mipc_atomic_store_relaxed_u64(&slot->length, value->length);
  mipc_atomic_store_relaxed(&slot->type, value->type | (value->checked ? MIPC_CELL_CHECKED : 0));
  copy_in((mipc_atomic_u64_t *)(slot + 1), bytes, (size_t)value->length);
  /* The checksum is of the copy: another thread or process may change `bytes` meanwhile. Only the
   * holder of the lock writes to the slot. */
  mipc_atomic_store_relaxed(&slot->checksum, value->checked ? checksum_of(value, slot + 1) : 0);
  /* release: a reader that sees the version sees the value. The value is set by this store, at
   * whatever other point the process dies. */
  mipc_atomic_store_release_u64(&h->cell_commit, version);
  return 0;
}

/* One try: as mipc_cell_read(). */
static int read_once(const mipc_cell_t *cell, void *to, uint64_t room, mipc_cell_value_t *value) {
  value->version = mipc_cell_version(cell);
  value->length = 0;
  value->type = 0;
  value->checked = false;
  if (value->version == 0) return 0;
  const mipc_cell_slot_shm_t *slot = slot_of(cell, value->version);
  uint64_t length = mipc_atomic_load_relaxed_u64(&slot->length);
  uint32_t type = mipc_atomic_load_relaxed(&slot->type);
  uint32_t checksum = mipc_atomic_load_relaxed(&slot->checksum);
  /* Each word is loaded once and checked before it is used. */
  bool is_good = length <= cell->capacity && !(type & ~(TYPES | MIPC_CELL_CHECKED)) &&
                 value->version <= MIPC_MAX_OFFSET;
  bool fits = is_good && length <= room;
  if (fits) copy_out(to, (const mipc_atomic_u64_t *)(slot + 1), (size_t)length);
  /* acquire fence between the slot and `begin`: see mipc_cell_write(). */
  mipc_atomic_fence_acquire();
  uint64_t begin = mipc_atomic_load_relaxed_u64(&cell->header->cell_begin);
  /* Loaded after the copy, because of the fence: if the copy has zeros of a cut-off page, so has
   * the mark. */
  if (mipc_atomic_load_relaxed_u64(mark_of(cell)) != MIPC_CELL_MARK) return MIPC_E_TRUNCATED;
  if (begin - value->version >= MIPC_CELL_SLOTS) return MIPC_CELL_OVERTAKEN;
  if (!is_good) return MIPC_E_CORRUPT;
  value->length = length;
  value->type = type & TYPES;
  value->checked = type & MIPC_CELL_CHECKED;
  if (!fits) return MIPC_CELL_MORE;
  bool is_right = !value->checked || checksum_of(value, to) == checksum;
  return is_right ? 0 : (int)MIPC_E_CORRUPT;
}

int mipc_cell_read(const mipc_cell_t *cell, void *to, uint64_t room, mipc_cell_value_t *ret_value) {
  bool must_be_checked = ret_value->checked;
  int status = MIPC_CELL_OVERTAKEN;
  for (int tries = 0; status == MIPC_CELL_OVERTAKEN && tries < MOST_TRIES; tries++) {
    status = read_once(cell, to, room, ret_value);
  }
  bool lacks = status == 0 && must_be_checked && ret_value->version && !ret_value->checked;
  return lacks ? (int)MIPC_E_CORRUPT : status;
}
