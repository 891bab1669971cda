/*
 * The slot table: an array, and a free list through its unused elements.
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
  return mipc_slots_number(table, index);
}

void *mipc_slots_remove(mipc_slots_t *table, uint64_t number) {
  void *item = mipc_slots_get(table, number);
  if (!item) return NULL;
  uint32_t index = (uint32_t)number & INDEX_MASK;
  mipc_slot_t *slot = &table->slots[index];
  slot->item = NULL;
  table->used--;
  if (slot->generation == UINT32_MAX) return item; /* its last generation: retired */
  slot->generation++;
  slot->next_free = table->first_free;
  table->first_free = index + 1;
  return item;
}

int64_t mipc_slots_number(const mipc_slots_t *table, uint32_t index) {
  if (index >= table->capacity || !table->slots[index].item) return -1;
  return (int64_t)((uint64_t)table->slots[index].generation << MIPC_SLOT_INDEX_BITS | index);
}

void *mipc_slots_next(const mipc_slots_t *table, uint32_t *index) {
  while (*index < table->capacity) {
    void *item = table->slots[(*index)++].item;
    if (item) return item;
  }
  return NULL;
}
