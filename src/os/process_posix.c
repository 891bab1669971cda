/*
 * process.h on POSIX, by a pthread mutex and clock_gettime(2).
 */
#include "process.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "../base/atomic.h"

/* Linux has a clock that is read without asking the hardware. */
#ifdef CLOCK_MONOTONIC_COARSE
#define STAMP_CLOCK CLOCK_MONOTONIC_COARSE
#define WALL_CLOCK  CLOCK_REALTIME_COARSE
#else
#define STAMP_CLOCK CLOCK_MONOTONIC
#define WALL_CLOCK  CLOCK_REALTIME
#endif

/* The clock that also counts the time in which the machine sleeps; on macOS CLOCK_MONOTONIC does.
 */
#ifdef CLOCK_BOOTTIME
#define BOOT_CLOCK CLOCK_BOOTTIME
#else
#define BOOT_CLOCK CLOCK_MONOTONIC
#endif

/* How long the difference between the two clocks is used before it is computed again. */
#define DIFFERENCE_MS 64

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

void mipc_process_lock(void) {
  pthread_mutex_lock(&mutex);
}

void mipc_process_unlock(void) {
  pthread_mutex_unlock(&mutex);
}

int mipc_no_memory(void) {
  return -ENOMEM;
}

int mipc_not_there(void) {
  return -ENOENT;
}

int mipc_already_there(void) {
  return -EEXIST;
}

static uint64_t read_us(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t mipc_clock_ms(void) {
  return read_us(CLOCK_MONOTONIC) / 1000;
}

uint64_t mipc_clock_us(void) {
  return read_us(CLOCK_MONOTONIC);
}

/* By one division: it is read each time that a lock is taken. */
uint64_t mipc_clock_stamp(void) {
  struct timespec now;
  clock_gettime(STAMP_CLOCK, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint32_t)now.tv_nsec / 1000000;
}

/* BOOT_CLOCK takes 28 ns, STAMP_CLOCK 4: so the difference between them is kept. */
uint64_t mipc_clock_boot_ms(void) {
  static mipc_atomic_u64_t difference, computed;
  uint64_t now = mipc_clock_stamp();
  /* relaxed, all: two threads may compute it at once, and get the same within a millisecond. */
  uint64_t last = mipc_atomic_load_relaxed_u64(&computed);
  if (!last || now - last >= DIFFERENCE_MS) {
    uint64_t fresh = read_us(BOOT_CLOCK) / 1000 - now;
    mipc_atomic_store_relaxed_u64(&difference, fresh);
    mipc_atomic_store_relaxed_u64(&computed, now);
    return now + fresh;
  }
  return now + mipc_atomic_load_relaxed_u64(&difference);
}

uint64_t mipc_clock_wall_ms(void) {
  return read_us(WALL_CLOCK) / 1000;
}
