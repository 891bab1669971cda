/*
 * File locks of the kernel: it releases them when the process that holds them ends in any way, and
 * other programs respect them.
 *
 * On POSIX a whole file is locked by flock(2), like flock in Perl and flock(1); a range is locked
 * by an open-file-description lock below a shared flock, so that the two exclude each other:
 *
 *   whole, exclusive   flock LOCK_EX
 *   whole, shared      flock LOCK_SH + a read lock on every byte
 *   a range            flock LOCK_SH + a write or read lock on its bytes
 *
 * The lock belongs to the open file (the description), not to the thread or process: two locks
 * exclude each other only if each has its own open file.
 */
#ifndef MIPC_OS_FLOCK_H
#define MIPC_OS_FLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/atomic.h"
#include "file.h"

typedef struct {
  bool shared;
  bool whole;
  uint64_t offset, length; /* of a range: bytes of the file; length > 0 */
} mipc_flock_range_t;

/* Opens the same file once more, as a separate open file with the same access. Fails with
 * UNSUPPORTED or the system's error. */
int mipc_flock_reopen(mipc_file_t file, mipc_file_t *ret_file);

/*
 * Takes the lock if it is free. Returns 1: taken; 0: another open file holds it; or a negative
 * status. ACCESS: an exclusive range needs a file open for writing.
 */
int mipc_flock_try(mipc_file_t file, const mipc_flock_range_t *range);

/*
 * Waits for the lock, asleep in the kernel, until `stop` is set and the thread interrupted
 * (os/thread.h). Returns 1: taken; 0: stopped, and nothing is held; or a negative status.
 */
int mipc_flock_wait(mipc_file_t file, const mipc_flock_range_t *range,
                    const mipc_atomic_u32_t *stop);

/* Releases a lock that was taken with this range. */
void mipc_flock_release(mipc_file_t file, const mipc_flock_range_t *range);

#endif
