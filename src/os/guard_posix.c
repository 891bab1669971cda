/*
 * guard.h by a SIGBUS handler.
 *
 * The handler may run at any instruction of any thread, also under our own mutex: it takes no lock
 * and calls nothing but mmap, sigaction and raise (mmap is not on POSIX's list of safe functions,
 * but is a bare system call everywhere). Slots are added and taken under the mutex, read without;
 * they are never freed, so that a handler that comes late reads an old slot, not freed memory.
 */
#include "guard.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "process.h"

#define CHUNK_SLOTS 128

/*
 * `base` is stored last (release) when a slot is filled and first when it is emptied; the handler
 * loads it (acquire) before the rest. A slot can only be emptied and filled again under a handler
 * that looks for an address in another range: a range is not removed while its own thread faults
 * in it.
 */
struct mipc_guard {
  mipc_atomic_uptr_t base; /* 0: free */
  mipc_atomic_uptr_t length;
  mipc_atomic_u32_t hit;
};

typedef struct chunk {
  mipc_guard_t slots[CHUNK_SLOTS];
  mipc_atomic_uptr_t next; /* struct chunk *; stored once, release */
} chunk_t;

static chunk_t first_chunk;
static mipc_atomic_u32_t hits;
static struct sigaction
    before; /* what we found; written under the mutex, before we are installed */

static chunk_t *next_of(const chunk_t *chunk) {
  return (chunk_t *)mipc_atomic_load_acquire_ptr(&chunk->next);
}

static mipc_guard_t *find(uintptr_t address) {
  for (chunk_t *chunk = &first_chunk; chunk; chunk = next_of(chunk)) {
    for (size_t i = 0; i < CHUNK_SLOTS; i++) {
      mipc_guard_t *guard = &chunk->slots[i];
      uintptr_t base = mipc_atomic_load_acquire_ptr(&guard->base);
      uintptr_t length = mipc_atomic_load_acquire_ptr(&guard->length);
      if (!base || address < base || address - base >= length) continue;
      /* Emptied and filled again in between, it would have the one of one range, the other of
       * another. */
      if (mipc_atomic_load_acquire_ptr(&guard->base) == base) return guard;
    }
  }
  return NULL;
}

/* Zeros from the page of `address` to the end of the range. */
static bool repair(mipc_guard_t *guard, uintptr_t address) {
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  uintptr_t start = address & ~(page - 1);
  size_t length = mipc_atomic_load_acquire_ptr(&guard->base) +
                  mipc_atomic_load_acquire_ptr(&guard->length) - start;
  if (mmap((void *)start, length, PROT_READ | PROT_WRITE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED) {
    return false;
  }
  /* The mark first: who sees the count move (acquire, or the same thread) sees the mark. */
  mipc_atomic_store_release(&guard->hit, 1);
  mipc_atomic_add_release(&hits, 1);
  return true;
}

static void pass_on(int number, siginfo_t *info, void *context) {
  if (before.sa_flags & SA_SIGINFO) {
    before.sa_sigaction(number, info, context);
  } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
    before.sa_handler(number);
  } else if (before.sa_handler == SIG_DFL || info->si_code > 0) {
    /* The default ends the process; a fault cannot be ignored. Returning from a fault meets it
     * again, now without us; a sent signal must be sent again. */
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigaction(SIGBUS, &standard, NULL);
    if (info->si_code <= 0) raise(SIGBUS);
  }
}

static void on_fault(int number, siginfo_t *info, void *context) {
  if (info->si_code == BUS_ADRERR || info->si_code == BUS_OBJERR) {
    int saved = errno; /* of the code that was interrupted */
    uintptr_t address = (uintptr_t)info->si_addr;
    mipc_guard_t *guard = find(address);
    bool repaired = guard && repair(guard, address);
    errno = saved;
    if (repaired) return;
  }
  pass_on(number, info, context);
}

/* Somebody may have put his own handler in our place: then he is the one to pass on to. */
static void install(void) {
  struct sigaction now;
  if (sigaction(SIGBUS, NULL, &now) < 0) return;
  if ((now.sa_flags & SA_SIGINFO) && now.sa_sigaction == on_fault) return;
  before = now;
  struct sigaction ours = {.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
  ours.sa_sigaction = on_fault;
  sigaction(SIGBUS, &ours, NULL);
}

static mipc_guard_t *take_slot(void) {
  for (chunk_t *chunk = &first_chunk;; chunk = next_of(chunk)) {
    for (size_t i = 0; i < CHUNK_SLOTS; i++) {
      if (!chunk->slots[i].base) return &chunk->slots[i];
    }
    if (!next_of(chunk)) {
      chunk_t *fresh = calloc(1, sizeof *fresh);
      if (!fresh) return NULL;
      mipc_atomic_store_release_ptr(&chunk->next, (uintptr_t)fresh);
    }
  }
}

mipc_guard_t *mipc_guard_add(void *base, size_t length) {
  mipc_process_lock();
  install();
  mipc_guard_t *guard = take_slot();
  if (guard) {
    mipc_atomic_store_release_ptr(&guard->length, length);
    mipc_atomic_store_relaxed(&guard->hit, 0);
    mipc_atomic_store_release_ptr(&guard->base, (uintptr_t)base);
  }
  mipc_process_unlock();
  return guard;
}

void mipc_guard_remove(mipc_guard_t *guard) {
  if (!guard) return;
  mipc_process_lock();
  mipc_atomic_store_release_ptr(&guard->base, 0);
  mipc_process_unlock();
}

bool mipc_guard_hit(const mipc_guard_t *guard) {
  /* acquire: the zeros that came with the mark are seen by who sees it. */
  return guard && mipc_atomic_load_acquire(&guard->hit);
}

const mipc_atomic_u32_t *mipc_guard_hits(void) {
  return &hits;
}
