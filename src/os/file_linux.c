/*
 * file.h on Linux: allocation of space, and network file systems. The rest is in file_posix.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "file.h"

#ifndef RWF_APPEND
#define RWF_APPEND 0x10 /* linux/fs.h, 4.16; missing in older C libraries */
#endif

/* A signal makes tmpfs undo the whole call. Small steps, halved after each interruption, make
 * progress under any timer. */
#define STEP     ((uint64_t)16 << 20)
#define MIN_STEP ((uint64_t)64 << 10)

static int allocate(int fd, int mode, uint64_t from, uint64_t to) {
  uint64_t limit = STEP;
  while (from < to) {
    uint64_t step = to - from < limit ? to - from : limit;
    if (fallocate(fd, mode, (off_t)from, (off_t)step) == 0) {
      from += step;
    } else if (errno != EINTR) {
      return -errno;
    } else if (limit > MIN_STEP) {
      limit /= 2;
    }
  }
  return 0;
}

/* Appends at the current end of the file; on kernels before 4.16, writes at `end`. */
static ssize_t append(int fd, const void *bytes, size_t length, uint64_t end) {
  struct iovec vector = {(void *)(uintptr_t)bytes, length};
  ssize_t n = syscall(SYS_pwritev2, fd, &vector, 1L, 0L, 0L, RWF_APPEND);
  if (n < 0 && (errno == ENOSYS || errno == EOPNOTSUPP)) {
    n = pwrite(fd, bytes, length, (off_t)end);
  }
  return n;
}

/* For file systems that cannot allocate: writes zeros behind the end. Two processes that do this at
 * the same time may extend the file slightly beyond `to`. `reached`: the size that the file has
 * through our own writes. */
static int write_zeros(int fd, uint64_t to, uint64_t *reached) {
  static const char zeros[65536];
  for (;;) {
    struct stat st;
    if (fstat(fd, &st) < 0) return -errno;
    uint64_t size = (uint64_t)st.st_size;
    if (size >= to) return 0;
    size_t step = to - size < sizeof zeros ? (size_t)(to - size) : sizeof zeros;
    ssize_t n = append(fd, zeros, step, size);
    if (n < 0 && errno != EINTR) return -errno;
    if (n > 0) *reached = size + (uint64_t)n;
  }
}

/* Whether the file system reports that many free bytes (true if it does not report them). Without
 * this check an allocation that must fail would fill the disk for other processes meanwhile. */
static bool has_space(int fd, uint64_t bytes) {
  struct statfs fs;
  if (fstatfs(fd, &fs) < 0 || fs.f_blocks == 0) return true;
  return bytes / (uint64_t)fs.f_bsize <= (uint64_t)fs.f_bfree;
}

/*
 * First allocates the blocks beyond the end, with the size unchanged. Then sets the size, by
 * allocating one byte that already has its block: unlike ftruncate, this can never cut off bytes
 * that another process has added at the same time. Then allocates the blocks once more: if that
 * other process failed, it may have released our blocks with its own before the size covered them.
 */
int mipc_file_extend(mipc_file_t file, uint64_t from, uint64_t to) {
  int fd = (int)file.os;
  if (!has_space(fd, to - from)) return -ENOSPC;
  uint64_t reached = from;
  int status = allocate(fd, FALLOC_FL_KEEP_SIZE, from, to);
  if (status == 0) status = allocate(fd, 0, to - 1, to);
  if (status == 0) {
    reached = to;
    status = allocate(fd, 0, from, to);
  }
  if (status == -EOPNOTSUPP) status = write_zeros(fd, to, &reached);
  struct stat st;
  /* Release the blocks, unless another process has extended the file. (Between fstat and ftruncate
   * another process could still extend it, on a disk where our own allocation has just failed.) */
  if (status < 0 && fstat(fd, &st) == 0 && (uint64_t)st.st_size == reached &&
      ftruncate(fd, (off_t)from) < 0) {
    return -errno;
  }
  return status;
}

/*
 * Whether the holes between `from` and `to` certainly cannot be filled. Such a fill is not started,
 * as its blocks would be missing to other processes. This is known only for a range that covers the
 * whole file, on file systems that do not compress.
 */
static bool lacks_space(int fd, uint64_t from, uint64_t to) {
  static const uint32_t plain[] = {0x01021994 /* tmpfs */, 0xEF53 /* ext4 */, 0x58465342 /* XFS */};
  struct statfs fs;
  struct stat st;
  if (from > 0 || fstat(fd, &st) < 0 || (uint64_t)st.st_size > to || fstatfs(fd, &fs) < 0) {
    return false;
  }
  bool known = false;
  for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
    known = known || (uint32_t)fs.f_type == plain[i];
  uint64_t has = (uint64_t)st.st_blocks * 512;
  return known && to > has && !has_space(fd, to - has);
}

int mipc_file_fill(mipc_file_t file, uint64_t from, uint64_t to) {
  int fd = (int)file.os;
  if (from >= to) return 0;
  if (lacks_space(fd, from, to)) return -ENOSPC;
  int status = allocate(fd, FALLOC_FL_KEEP_SIZE, from, to);
  /* Not supported by the file system, or for this file. */
  bool cannot = status == -EOPNOTSUPP || status == -ENOSYS || status == -EPERM;
  return cannot ? 0 : status;
}

bool mipc_file_coherent(mipc_file_t file) {
  /* statfs(2), linux/magic.h and the file systems' own headers */
  static const uint32_t remote[] = {
      0x6969,     /* NFS */
      0x01021997, /* 9p */
      0x65735546, /* FUSE, virtiofs */
      0xFF534D42, /* CIFS */
      0xFE534D42, /* SMB2 */
      0x517B,     /* SMB */
      0x5346414F, /* AFS */
      0x6B414653, /* kAFS */
      0x00C36400, /* Ceph */
      0x73757245, /* Coda */
      0x786F4256, /* VirtualBox shared folders */
      0x0BD00BD0, /* Lustre */
  };
  struct statfs fs;
  if (fstatfs((int)file.os, &fs) < 0) return true;
  for (size_t i = 0; i < sizeof remote / sizeof *remote; i++) {
    if ((uint32_t)fs.f_type == remote[i]) return false;
  }
  return true;
}
