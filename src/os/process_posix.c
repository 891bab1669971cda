/*
 * process.h on POSIX, by a pthread mutex and clock_gettime(2).
 */
#include "process.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

/* Linux has a clock that is read without asking the hardware. */
#ifdef CLOCK_MONOTONIC_COARSE
#define STAMP_CLOCK CLOCK_MONOTONIC_COARSE
#else
#define STAMP_CLOCK CLOCK_MONOTONIC
#endif

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
