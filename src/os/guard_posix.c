/*
 * guard.h on POSIX, by a SIGBUS handler.
 *
 * The handler may run at any instruction of any thread, even under our own mutex. So it takes no
 * lock, allocates nothing, and makes plain system calls only (some, such as mmap, are not on
 * POSIX's list of safe functions, but are safe in practice). sysconf() is no plain system call: the
 * page size is read before the handler is installed. Slots are taken and emptied under the mutex
 * and read without it; their memory is never freed, so that a late handler reads an old slot. A
 * signal that is not ours goes to sigchain.h.
 */
#include "guard.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "../base/status.h"
#include "process.h"
#include "sigchain.h"
#include "vm.h"

#define CHUNK_SLOTS 128

/*
 * `base` is stored last (release) when a slot is filled, and first when it is emptied; the handler
 * loads it (acquire) before the rest. A slot can be emptied and refilled while a handler reads it,
 * but then the handler looks for an address of another range: a range is not removed while a thread
 * faults in it.
 */
struct mipc_guard {
  mipc_atomic_uptr_t base; /* 0: free */
  mipc_atomic_uptr_t length;
  mipc_atomic_u64_t offset; /* of the range, in the file */
  mipc_atomic_u32_t file;   /* descriptor; UINT32_MAX: none */
  mipc_atomic_u32_t hit;    /* 0, or a status without its sign */
};

typedef struct chunk {
  mipc_guard_t slots[CHUNK_SLOTS];
  mipc_atomic_uptr_t next; /* struct chunk *; stored once, release */
} chunk_t;

static chunk_t first_chunk;
static mipc_atomic_u32_t hits;
static uintptr_t page_size; /* stored under the mutex before the handler is installed */

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
      /* If the slot was emptied and refilled in between, base and length may belong to two
       * different ranges. (acquire, as above.) */
      if (mipc_atomic_load_acquire_ptr(&guard->base) == base) return guard;
    }
  }
  return NULL;
}

/* Why the page at `start` is missing: a status without its sign. Determined during the fault, as
 * the file may have grown, or the disk may have room, a moment later. */
static uint32_t cause_of(const mipc_guard_t *guard, uintptr_t start) {
  int fd = (int)mipc_atomic_load_relaxed(&guard->file);
  uint64_t at = mipc_atomic_load_relaxed_u64(&guard->offset) +
                (start - mipc_atomic_load_acquire_ptr(&guard->base));
  mipc_file_info_t info;
  if (fd < 0 || mipc_file_stat((mipc_file_t){fd}, &info) < 0 || info.size <= at) {
    return -(uint32_t)MIPC_E_TRUNCATED;
  }
  uint64_t end = info.size - at > page_size ? at + page_size : info.size;
  int status = mipc_file_fill((mipc_file_t){fd}, at, end);
  return status == -ENOSPC || status == -EDQUOT ? (uint32_t)-status : EIO;
}

/* Maps zeros from the page of `address` to the end of the range. */
static bool repair(mipc_guard_t *guard, uintptr_t address) {
  uintptr_t start = address & ~(page_size - 1);
  uint32_t cause = cause_of(guard, start);
  size_t length = mipc_atomic_load_acquire_ptr(&guard->base) +
                  mipc_atomic_load_acquire_ptr(&guard->length) - start;
  if (mmap((void *)start, length, PROT_READ | PROT_WRITE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED) {
    return false;
  }
  /* release, both, and the mark first: a thread that sees the new count (acquire, or the same
   * thread) sees the mark. Only the first cause is kept. */
  mipc_atomic_swap_release(&guard->hit, 0, cause);
  mipc_atomic_add_release(&hits, 1);
  return true;
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
  mipc_sigchain_pass_on(number, info, context);
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

mipc_guard_t *mipc_guard_add(void *base, size_t length, mipc_file_t file, uint64_t offset) {
  mipc_process_lock();
  if (!page_size) page_size = mipc_vm_page_size();
  mipc_guard_t *guard = mipc_sigchain_install(on_fault) ? take_slot() : NULL;
  if (guard) {
    mipc_atomic_store_release_ptr(&guard->length, length);
    /* relaxed: the release of `base` publishes them. */
    mipc_atomic_store_relaxed_u64(&guard->offset, offset);
    mipc_atomic_store_relaxed(&guard->file, (uint32_t)file.os);
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

int mipc_guard_hit(const mipc_guard_t *guard) {
  /* acquire: a thread that sees the mark also sees the zeros that came with it. */
  return guard ? -(int)mipc_atomic_load_acquire(&guard->hit) : 0;
}

const mipc_atomic_u32_t *mipc_guard_hits(void) {
  return &hits;
}
