/*
 * The creation lock of a region: flock(2) on its file, exclusive, taken by every process that
 * creates, joins or leaves it, and never held while anything else is waited for.
 */
#include "../base/status.h"
#include "../os/flock.h"
#include "../os/process.h"
#include "../os/thread.h"
#include "region_i.h"

/* A holder of the lock needs about 100 us. */
#define FIRST_NAP_US 50
#define LAST_NAP_US  1000

static const mipc_flock_range_t whole = {.whole = true};

int mipc_i_creation_lock(mipc_file_t presence, uint64_t deadline) {
  for (uint32_t nap = FIRST_NAP_US;; nap = nap * 2 < LAST_NAP_US ? nap * 2 : LAST_NAP_US) {
    int status = mipc_flock_try(presence, &whole);
    if (status != 0) return status < 0 ? status : 0;
    if (mipc_clock_ms() >= deadline) return MIPC_E_TIMEOUT;
    mipc_thread_nap(nap);
  }
}

/* Explicitly, not by closing: a child of a fork() that was faster than we has a copy. */
void mipc_i_creation_unlock(mipc_file_t presence) {
  mipc_flock_release(presence, &whole);
}
