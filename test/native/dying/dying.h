/*
 * Included before each file of src/map/ in a build for tests: every store to memory that could be
 * shared first calls dying_store(), which may not return. Besides, a test decides which
 * participants live, and what time it is. The sources need no change for it.
 *
 * A process that is killed has made all stores up to some point in the order of the program, so the
 * deaths between two stores are all the deaths that others can tell apart.
 */
#ifndef MIPC_TEST_DYING_H
#define MIPC_TEST_DYING_H

#include "../../../src/base/atomic.h"
#include "../../../src/os/process.h"
#include "../../../src/region/region.h"

void dying_store(const void *at);
int dying_is_alive(uint32_t number);
uint64_t dying_clock(void);

/* Functions, so that an argument is evaluated once. */
#define DYING_STORE(order, type)                                                                   \
  static inline void dying_store_##order(type *at, type value) {                                   \
    dying_store(at);                                                                               \
    mipc_atomic_store_##order(at, value);                                                          \
  }
#define DYING_SWAP(order)                                                                          \
  static inline bool dying_swap_##order(uint32_t *at, uint32_t from, uint32_t to) {                \
    dying_store(at);                                                                               \
    return mipc_atomic_swap_##order(at, from, to);                                                 \
  }
DYING_STORE(relaxed, uint32_t)
DYING_STORE(relaxed_u8, uint8_t)
DYING_STORE(relaxed_u16, uint16_t)
DYING_STORE(relaxed_u64, uint64_t)
DYING_STORE(release, uint32_t)
DYING_STORE(release_u64, uint64_t)
DYING_SWAP(acquire)
DYING_SWAP(release)
DYING_SWAP(relaxed)

#define mipc_atomic_store_relaxed     dying_store_relaxed
#define mipc_atomic_store_relaxed_u8  dying_store_relaxed_u8
#define mipc_atomic_store_relaxed_u16 dying_store_relaxed_u16
#define mipc_atomic_store_relaxed_u64 dying_store_relaxed_u64
#define mipc_atomic_store_release     dying_store_release
#define mipc_atomic_store_release_u64 dying_store_release_u64
#define mipc_atomic_swap_acquire      dying_swap_acquire
#define mipc_atomic_swap_release      dying_swap_release
#define mipc_atomic_swap_relaxed      dying_swap_relaxed

#define mipc_region_alive(region, number) ((void)(region), dying_is_alive(number))
#define mipc_clock_boot_ms()              dying_clock()

#endif
