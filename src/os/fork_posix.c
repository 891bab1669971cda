/*
 * fork.h on POSIX, by pthread_atfork(): a set of descriptor numbers under a mutex. Every fork()
 * takes the mutex, so that the child sees a consistent set.
 */
#include "fork.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/atomic.h"
#include "process.h"

#define WORD_BITS 64

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static uint64_t *set; /* a bit for each descriptor; under the mutex, like the next two */
static size_t words;
static bool registered;
static mipc_atomic_u32_t
    generation; /* written in a child that has one thread, read by any thread */

/* In the child, with the mutex held and no other threads: only calls that are safe in a signal
 * handler. */
static void in_child(void) {
  for (size_t i = 0; i < words; i++) {
    for (uint64_t rest = set[i]; rest; rest &= rest - 1) {
      close((int)(i * WORD_BITS) + __builtin_ctzll(rest));
    }
    set[i] = 0;
  }
  /* relaxed: the threads of the child are started after it. */
  mipc_atomic_add_relaxed(&generation, 1);
  pthread_mutex_unlock(&mutex);
}

void mipc_fork_hold(void) {
  pthread_mutex_lock(&mutex);
}

void mipc_fork_release(void) {
  pthread_mutex_unlock(&mutex);
}

static bool has_space(size_t word) {
  if (word < words) return true;
  size_t more = word + 16;
  uint64_t *larger = realloc(set, more * sizeof *set);
  if (!larger) return false;
  memset(larger + words, 0, (more - words) * sizeof *set);
  set = larger;
  words = more;
  return true;
}

int mipc_fork_name(mipc_file_t file) {
  size_t word = (size_t)file.os / WORD_BITS;
  if (!registered && pthread_atfork(mipc_fork_hold, mipc_fork_release, in_child) != 0) {
    return mipc_no_memory();
  }
  registered = true;
  if (!has_space(word)) return mipc_no_memory();
  set[word] |= (uint64_t)1 << ((size_t)file.os % WORD_BITS);
  return 0;
}

void mipc_fork_forget(mipc_file_t file) {
  size_t word = (size_t)file.os / WORD_BITS;
  if (word < words) set[word] &= ~((uint64_t)1 << ((size_t)file.os % WORD_BITS));
}

uint32_t mipc_fork_generation(void) {
  return mipc_atomic_load_relaxed(&generation);
}
