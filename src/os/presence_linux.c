/*
 * presence.h on Linux, by open-file-description locks (fcntl(2), Linux 3.15).
 */
#include "presence.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int set(mipc_file_t file, uint64_t byte, short type) {
  struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)byte, .l_len = 1};
  int status;
  do {
    status = fcntl((int)file.os, F_OFD_SETLK, &lock) < 0 ? -errno : 1;
  } while (status == -EINTR);
  return status == -EAGAIN || status == -EACCES ? 0 : status;
}

int mipc_presence_take(mipc_file_t file, uint64_t byte, bool shared) {
  return set(file, byte, shared ? F_RDLCK : F_WRLCK);
}

void mipc_presence_give(mipc_file_t file, uint64_t byte) {
  set(file, byte, F_UNLCK);
}

int mipc_presence_wait(mipc_file_t file, uint64_t byte) {
  struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = (off_t)byte, .l_len = 1};
  if (fcntl((int)file.os, F_OFD_SETLKW, &lock) < 0) return errno == EINTR ? 0 : -errno;
  set(file, byte, F_UNLCK);
  return 1;
}

int mipc_presence_find(mipc_file_t file, uint64_t from, uint64_t to, bool or_shared,
                       uint64_t *ret_first, uint64_t *ret_last) {
  struct flock lock = {.l_type = or_shared ? F_WRLCK : F_RDLCK,
                       .l_whence = SEEK_SET,
                       .l_start = (off_t)from,
                       .l_len = (off_t)(to - from + 1)};
  int status;
  do {
    status = fcntl((int)file.os, F_OFD_GETLK, &lock) < 0 ? -errno : 0;
  } while (status == -EINTR);
  if (status < 0) return status;
  if (lock.l_type == F_UNLCK) return 0;
  /* Another program may hold a range with any bounds; l_len 0 means up to the last offset. */
  uint64_t first = (uint64_t)lock.l_start;
  uint64_t last = lock.l_len ? first + (uint64_t)lock.l_len - 1 : to;
  *ret_first = first < from ? from : first;
  *ret_last = last > to ? to : last;
  return 1;
}
