/*
 * The quarantine: a ring of ranges, oldest first, under the mutex of the process.
 */
#include "quarantine.h"

#include "process.h"
#include "vm.h"

typedef struct {
  void *base;
  size_t length;
  uint64_t since; /* mipc_clock_ms() */
} range_t;

static range_t ring[MIPC_QUARANTINE_RANGES];
static size_t first, count;

static void drop_first(void) {
  mipc_vm_unmap_replaced(ring[first].base, ring[first].length);
  first = (first + 1) % MIPC_QUARANTINE_RANGES;
  count--;
}

void mipc_quarantine_add(void *base, size_t length) {
  mipc_process_lock();
  uint64_t now = mipc_clock_ms(); /* under the mutex, so that the ring is sorted by time */
  while (count &&
         (count == MIPC_QUARANTINE_RANGES || now - ring[first].since >= MIPC_QUARANTINE_MS)) {
    drop_first();
  }
  ring[(first + count) % MIPC_QUARANTINE_RANGES] = (range_t){base, length, now};
  count++;
  mipc_process_unlock();
}

bool mipc_quarantine_give_way(void) {
  mipc_process_lock();
  bool any = count > 0;
  if (any) drop_first();
  mipc_process_unlock();
  return any;
}

size_t mipc_quarantine_count(void) {
  mipc_process_lock();
  size_t n = count;
  mipc_process_unlock();
  return n;
}
