/*
 * A table that gives out integers for pointers: an index of 20 bits, above it a generation of 32
 * bits, so that every number is exact as a double. No number is ever given out twice: an index
 * whose last generation was used is retired.
 *
 * One table belongs to one thread; it takes no lock. It never owns what the pointers point at.
 */
#ifndef MIPC_BASE_SLOTS_H
#define MIPC_BASE_SLOTS_H

#include <stddef.h>
#include <stdint.h>

#define MIPC_SLOT_INDEX_BITS 20
#define MIPC_SLOT_LIMIT      ((uint32_t)1 << MIPC_SLOT_INDEX_BITS)

typedef struct {
  void *item;          /* NULL: free */
  uint32_t generation; /* of the number that is out, or will be given out next */
  uint32_t next_free;  /* index + 1 of the next free slot while this one is free; 0 ends the list */
} mipc_slot_t;

typedef struct {
  mipc_slot_t *slots;
  uint32_t capacity, first_free /* index + 1, 0: none */, used;
} mipc_slots_t;

/* An empty table is all zeros; it allocates at its first insertion. */
void mipc_slots_init(mipc_slots_t *table);
void mipc_slots_done(mipc_slots_t *table);

/* Puts `item` (not NULL) in. The number, 0 to 2^52 - 1, or -1 when there is no memory or all of the
 * 2^20 indices are in use or retired. */
int64_t mipc_slots_add(mipc_slots_t *table, void *item);

/* What was put in under this number, or NULL when it was removed or never given out. */
static inline void *mipc_slots_get(const mipc_slots_t *table, uint64_t number) {
  uint32_t index = (uint32_t)number & (MIPC_SLOT_LIMIT - 1);
  if (index >= table->capacity) return NULL;
  const mipc_slot_t *slot = &table->slots[index];
  return slot->generation == number >> MIPC_SLOT_INDEX_BITS ? slot->item : NULL;
}

/* Takes it out and returns it; NULL when it is not there. */
void *mipc_slots_remove(mipc_slots_t *table, uint64_t number);

/* The number that is out for the item at this index, or -1 when there is none. */
int64_t mipc_slots_number(const mipc_slots_t *table, uint32_t index);

/* Items one by one: the first at or after `*index`, which is moved behind it; NULL at the end. */
void *mipc_slots_next(const mipc_slots_t *table, uint32_t *index);

#endif
