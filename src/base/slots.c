/*
 * The slot table: an array and a free list threaded through it. The contract stands in slots.h.
 */
#include "slots.h"

#include <stdlib.h>

#define INDEX_MASK (MIPC_SLOT_LIMIT - 1)

void mipc_slots_init(mipc_slots_t *table) {
  *table = (mipc_slots_t){0};
}

void mipc_slots_done(mipc_slots_t *table) {
  free(table->slots);
  mipc_slots_init(table);
}

static int grow(mipc_slots_t *table) {
  if (table->capacity >= MIPC_SLOT_LIMIT) return -1;
  uint32_t capacity = table->capacity ? table->capacity * 2 : 16;
  mipc_slot_t *slots = realloc(table->slots, capacity * sizeof *slots);
  if (!slots) return -1;
  for (uint32_t i = table->capacity; i < capacity; i++) {
    slots[i] = (mipc_slot_t){.next_free = i + 1 < capacity ? i + 2 : 0};
  }
  table->first_free = table->capacity + 1;
  table->slots = slots;
  table->capacity = capacity;
  return 0;
}

int64_t mipc_slots_add(mipc_slots_t *table, void *item) {
  if (!table->first_free && grow(table) < 0) return -1;
  uint32_t index = table->first_free - 1;
  mipc_slot_t *slot = &table->slots[index];
  table->first_free = slot->next_free;
  slot->item = item;
  table->used++;
  return (int64_t)((slot->generation << MIPC_SLOT_INDEX_BITS) | index);
}

void *mipc_slots_remove(mipc_slots_t *table, uint32_t number) {
  void *item = mipc_slots_get(table, number);
  if (!item) return NULL;
  mipc_slot_t *slot = &table->slots[number & INDEX_MASK];
  slot->item = NULL;
  slot->generation = (slot->generation + 1) & (UINT32_MAX >> MIPC_SLOT_INDEX_BITS);
  slot->next_free = table->first_free;
  table->first_free = (number & INDEX_MASK) + 1;
  table->used--;
  return item;
}

void *mipc_slots_next(const mipc_slots_t *table, uint32_t *index) {
  while (*index < table->capacity) {
    void *item = table->slots[(*index)++].item;
    if (item) return item;
  }
  return NULL;
}
