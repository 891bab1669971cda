/*
 * Cells for the C tests, in memory that child processes share.
 */
#ifndef MIPC_TEST_CELLS_H
#define MIPC_TEST_CELLS_H

#include "../../src/shm/cell.h"
#include "regions.h"

/* A cell, and its memory, which child processes share. */
typedef struct {
  mipc_cell_t cell;
  uint8_t *memory;
  size_t size;
} fixture_t;

static inline fixture_t new_cell(uint64_t capacity) {
  uint64_t size = mipc_cell_size(capacity);
  fixture_t f = {.size = (size_t)size + MIPC_HEADER_SIZE};
  f.memory = shared_memory(f.size);
  f.cell = (mipc_cell_t){.header = (mipc_region_shm_t *)f.memory,
                         .slots = f.memory + MIPC_HEADER_SIZE,
                         .capacity = capacity,
                         .stride = mipc_cell_stride(capacity)};
  return f;
}

static inline void free_cell(fixture_t *f) {
  munmap(f->memory, f->size);
}

#endif
