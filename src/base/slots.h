/*
 * Slot table: handles (integers) for pointers. A number is an index of 20 bits with a generation of
 * 32 bits above it, so every number is exact as a double. No number is ever used twice: an index is
 * retired after its last generation.
 *
 * A table belongs to one thread and takes no lock. It does not own what the pointers point to.
 */
#ifndef MIPC_BASE_SLOTS_H
#define MIPC_BASE_SLOTS_H

#include <stddef.h>
#include <stdint.h>

#define MIPC_SLOT_INDEX_BITS 20
#define MIPC_SLOT_LIMIT      ((uint32_t)1 << MIPC_SLOT_INDEX_BITS)

typedef struct {
  void *item;          /* NULL: free */
  uint32_t generation; /* of the current number, or of the next one while free */
  uint32_t next_free;  /* while free: index + 1 of the next free slot, 0 at the end of the list */
} mipc_slot_t;

typedef struct {
  mipc_slot_t *slots;
  uint32_t capacity, first_free /* index + 1, 0: none */, used;
} mipc_slots_t;

/* An empty table is all zeros; the first mipc_slots_add() allocates. */
void mipc_slots_init(mipc_slots_t *table);
void mipc_slots_done(mipc_slots_t *table);

/* Adds `item` (not NULL). Returns its number, 0 to 2^52 - 1, or -1: out of memory, or all 2^20
 * indices are in use or retired. */
int64_t mipc_slots_add(mipc_slots_t *table, void *item);

/* The item with this number, or NULL: it was removed, or the number was never used. */
static inline void *mipc_slots_get(const mipc_slots_t *table, uint64_t number) {
  uint32_t index = (uint32_t)number & (MIPC_SLOT_LIMIT - 1);
  if (index >= table->capacity) return NULL;
  const mipc_slot_t *slot = &table->slots[index];
  return slot->generation == number >> MIPC_SLOT_INDEX_BITS ? slot->item : NULL;
}

/* Removes the item and returns it; NULL as above. */
void *mipc_slots_remove(mipc_slots_t *table, uint64_t number);

/* The number of the item at this index, or -1: there is none. */
int64_t mipc_slots_number(const mipc_slots_t *table, uint32_t index);

/* Iterates: returns the first item at or after `*index` and moves `*index` behind it; NULL at the
 * end. */
void *mipc_slots_next(const mipc_slots_t *table, uint32_t *index);

#endif
