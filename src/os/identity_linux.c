/*
 * identity.h on Linux.
 */
#include "identity.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

void mipc_identity(mipc_identity_t *ret_identity) {
  struct stat st;
  struct timespec now = {0};
  clock_gettime(CLOCK_BOOTTIME, &now);
  ret_identity->pid = (uint32_t)getpid();
  ret_identity->thread = (uint32_t)syscall(SYS_gettid);
  ret_identity->pid_namespace = stat("/proc/self/ns/pid", &st) < 0 ? 0 : (uint32_t)st.st_ino;
  ret_identity->second = (uint32_t)now.tv_sec;
}

/* Reads the first `length` bytes of a file that returns them in one read. */
static int read_all(const char *path, void *bytes, size_t length) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  ssize_t n = read(fd, bytes, length);
  int status = n < 0 ? -errno : n == (ssize_t)length ? 0 : -EIO;
  close(fd);
  return status;
}

int mipc_random(void *bytes, size_t length) {
  ssize_t n;
  do {
    n = syscall(SYS_getrandom, bytes, length, 0L); /* 3.17; up to 256 bytes are never cut short */
  } while (n < 0 && errno == EINTR);
  return n == (ssize_t)length ? 0 : read_all("/dev/urandom", bytes, length);
}

static int digit_of(char c) {
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void mipc_boot_id(uint64_t ret_id[2]) {
  char text[36]; /* 8-4-4-4-12 digits */
  ret_id[0] = ret_id[1] = 0;
  if (read_all("/proc/sys/kernel/random/boot_id", text, sizeof text) < 0) return;
  int digits = 0;
  for (size_t i = 0; i < sizeof text; i++) {
    int digit = digit_of(text[i]);
    if (digit < 0) continue;
    ret_id[digits / 16 % 2] = ret_id[digits / 16 % 2] << 4 | (uint64_t)digit;
    digits++;
  }
}
