/*
 * Locks on files that the kernel keeps: they go with the process that holds them, whatever becomes
 * of it, and other programs respect them.
 *
 * On POSIX a whole file is locked by flock(2), as Perl's flock and flock(1) do it, and ranges by
 * open-file-description locks below a shared flock, so that the two exclude each other:
 *
 *   whole, exclusive   flock LOCK_EX
 *   whole, shared      flock LOCK_SH + a read lock on every byte
 *   a range            flock LOCK_SH + a write or read lock on its bytes
 *
 * The lock belongs to the open file (the description), not to the thread or process: two that are
 * to exclude each other must have opened the file each for itself.
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

/* An open file of its own behind the same file, with the same rights; UNSUPPORTED or the system's
 * own refusal where that cannot be had. */
int mipc_flock_reopen(mipc_file_t file, mipc_file_t *ret_file);

/*
 * Takes the lock if it is free: 1 taken, 0 somebody else's. ACCESS: an exclusive range needs a
 * file open for writing.
 */
int mipc_flock_try(mipc_file_t file, const mipc_flock_range_t *range);

/*
 * Waits for it, asleep in the kernel, until `stop` is set and the thread interrupted
 * (os/thread.h). 1 taken; 0 stopped, nothing held.
 */
int mipc_flock_wait(mipc_file_t file, const mipc_flock_range_t *range,
                    const mipc_atomic_u32_t *stop);

void mipc_flock_release(mipc_file_t file, const mipc_flock_range_t *range);

#endif
