/*
 * flock.h on Linux, by flock(2) and open-file-description locks (fcntl(2), Linux 3.15).
 */
#include "flock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "../base/status.h"

int mipc_flock_reopen(mipc_file_t file, mipc_file_t *ret_file) {
  int how = fcntl((int)file.os, F_GETFL);
  if (how < 0) return -errno;
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", (int)file.os);
  int fd = open(path, (how & O_ACCMODE) | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return -errno;
  ret_file->os = fd;
  return 0;
}

static int flock_step(int fd, int operation) {
  return flock(fd, operation) < 0 ? -errno : 1;
}

static int range_step(int fd, int command, const mipc_flock_range_t *range, short type) {
  struct flock lock = {.l_type = type, .l_whence = SEEK_SET};
  if (!range->whole) {
    lock.l_start = (off_t)range->offset;
    lock.l_len = (off_t)range->length;
  }
  return fcntl(fd, command, &lock) < 0 ? -errno : 1;
}

/* Whether the lock needs a range lock besides the flock, and the type of that range lock. */
static bool has_range(const mipc_flock_range_t *range) {
  return !range->whole || range->shared;
}

static short type_of(const mipc_flock_range_t *range) {
  return range->shared ? F_RDLCK : F_WRLCK;
}

static bool is_busy(int status) {
  return status == -EWOULDBLOCK || status == -EAGAIN || status == -EACCES;
}

/* Checked before the flock, so that the error does not depend on whether the flock is free. */
static bool may_lock(int fd, const mipc_flock_range_t *range) {
  if (range->whole || range->shared) return true;
  return (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY;
}

int mipc_flock_try(mipc_file_t file, const mipc_flock_range_t *range) {
  int fd = (int)file.os, status;
  if (!may_lock(fd, range)) return MIPC_E_ACCESS;
  do {
    status = flock_step(fd, LOCK_NB | (has_range(range) ? LOCK_SH : LOCK_EX));
  } while (status == -EINTR);
  if (status == 1 && has_range(range)) {
    status = range_step(fd, F_OFD_SETLK, range, type_of(range));
    if (status != 1) flock(fd, LOCK_UN);
  }
  return is_busy(status) ? 0 : status;
}

/* acquire: no data is published with it; it only has to be seen soon after the interruption. */
static bool is_set(const mipc_atomic_u32_t *stop) {
  return mipc_atomic_load_acquire(stop) != 0;
}

/*
 * Waits for the flock first and for the range after it, in this order in all processes. While it
 * waits for the range it holds the shared flock, which excludes only locks of the whole file.
 */
int mipc_flock_wait(mipc_file_t file, const mipc_flock_range_t *range,
                    const mipc_atomic_u32_t *stop) {
  int fd = (int)file.os, status = -EINTR;
  if (!may_lock(fd, range)) return MIPC_E_ACCESS;
  while (status == -EINTR && !is_set(stop)) {
    status = flock_step(fd, has_range(range) ? LOCK_SH : LOCK_EX);
  }
  if (status != 1) return status == -EINTR ? 0 : status;
  if (!has_range(range)) return 1;
  do {
    status = is_set(stop) ? -EINTR : range_step(fd, F_OFD_SETLKW, range, type_of(range));
  } while (status == -EINTR && !is_set(stop));
  if (status != 1) flock(fd, LOCK_UN);
  return status == -EINTR ? 0 : status;
}

void mipc_flock_release(mipc_file_t file, const mipc_flock_range_t *range) {
  int fd = (int)file.os;
  /* The range first, so that the next holder of the flock does not meet it. */
  if (has_range(range)) range_step(fd, F_OFD_SETLK, range, F_UNLCK);
  flock(fd, LOCK_UN);
}
