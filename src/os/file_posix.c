/*
 * file.h on POSIX, except for the parts that differ by system: allocation of space, and network
 * file systems (file_linux.c).
 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int retry_open(const char *path, int flags, uint32_t mode) {
  int fd;
  /* O_NONBLOCK: do not wait if the path is a FIFO; it has no effect on regular files. */
  do {
    fd = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, (mode_t)mode);
  } while (fd < 0 && errno == EINTR);
  return fd < 0 ? -errno : fd;
}

int mipc_file_open(const char *path, uint32_t flags, uint32_t mode, mipc_file_t *ret_file,
                   bool *ret_made) {
  int how = flags & MIPC_OPEN_WRITE ? O_RDWR : O_RDONLY;
  if (flags & MIPC_OPEN_NO_LINK) how |= O_NOFOLLOW;
  bool made = false;
  int fd = -ENOENT;
  /* Others may create and remove the file between two calls: try a few times. A dangling symbolic
   * link stays ENOENT: a file created through it could not be told from an existing one. */
  for (int tries = 0; tries < 10 && fd == -ENOENT; tries++) {
    if (!(flags & MIPC_OPEN_EXCLUSIVE)) fd = retry_open(path, how, 0);
    if (fd != -ENOENT || !(flags & MIPC_OPEN_CREATE)) break;
    fd = retry_open(path, how | O_CREAT | O_EXCL, mode);
    made = fd >= 0;
    if (fd == -EEXIST && !(flags & MIPC_OPEN_EXCLUSIVE)) fd = -ENOENT;
  }
  if (fd < 0) return fd;
  ret_file->os = fd;
  *ret_made = made;
  return 0;
}

int mipc_file_dup(int fd, mipc_file_t *ret_file) {
  int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return -errno;
  ret_file->os = copy;
  return 0;
}

int mipc_file_stat(mipc_file_t file, mipc_file_info_t *ret_info) {
  struct stat st;
  if (fstat((int)file.os, &st) < 0) return -errno;
  ret_info->kind = S_ISREG(st.st_mode)   ? MIPC_KIND_FILE
                   : S_ISDIR(st.st_mode) ? MIPC_KIND_DIRECTORY
                                         : MIPC_KIND_OTHER;
  ret_info->size = (uint64_t)st.st_size;
  ret_info->device = (uint64_t)st.st_dev;
  ret_info->inode = (uint64_t)st.st_ino;
  ret_info->own = st.st_uid == geteuid();
  return 0;
}

void mipc_file_remove(const char *path, mipc_file_t file) {
  struct stat open_one, named;
  if (fstat((int)file.os, &open_one) < 0 || lstat(path, &named) < 0) return;
  if (open_one.st_dev == named.st_dev && open_one.st_ino == named.st_ino) unlink(path);
}

int mipc_file_descriptor(mipc_file_t file) {
  return (int)file.os;
}

void mipc_file_close(mipc_file_t file) {
  /* No retry after EINTR: Linux has closed the descriptor, and another thread may already have got
   * its number. */
  if (file.os >= 0) close((int)file.os);
}
