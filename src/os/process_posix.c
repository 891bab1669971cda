/*
 * The mutex, the clock and the memory of the process on POSIX: process.h.
 */
#include "process.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

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

uint64_t mipc_clock_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
