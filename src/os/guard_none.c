/*
 * guard.h on a system where a mapped file cannot be made shorter: there is nothing to guard.
 */
#include "guard.h"

static mipc_atomic_u32_t hits;

mipc_guard_t *mipc_guard_add(void *base, size_t length, mipc_file_t file, uint64_t offset) {
  (void)base;
  (void)length;
  (void)file;
  (void)offset;
  return NULL;
}

void mipc_guard_remove(mipc_guard_t *guard) {
  (void)guard;
}

int mipc_guard_hit(const mipc_guard_t *guard) {
  (void)guard;
  return 0;
}

const mipc_atomic_u32_t *mipc_guard_hits(void) {
  return &hits;
}
