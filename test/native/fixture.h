/*
 * System helpers for the C tests: a folder of their own, files in it, a file system that is small
 * enough to fill, and facts about this process from /proc. Linux only.
 */
#ifndef MIPC_TEST_FIXTURE_H
#define MIPC_TEST_FIXTURE_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static char fixture_folder[200];

static inline void fixture_remove(const char *folder) {
  DIR *dir = opendir(folder);
  if (!dir) return;
  for (struct dirent *entry; (entry = readdir(dir));) {
    char path[512];
    snprintf(path, sizeof path, "%.200s/%.255s", folder, entry->d_name);
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
    if (unlink(path) < 0 && rmdir(path) < 0) perror(path);
  }
  closedir(dir);
  rmdir(folder);
}

static inline void fixture_done(void) {
  fixture_remove(fixture_folder);
}

/* The path of `name` in the folder of this test, which is removed when the test ends. Valid for the
 * next seven calls. */
static inline const char *path_of(const char *name) {
  static char paths[8][512];
  static unsigned next;
  if (!*fixture_folder) {
    const char *parent = getenv("TMPDIR");
    snprintf(fixture_folder, sizeof fixture_folder, "%.150s/mmapipc-native-XXXXXX",
             parent && *parent ? parent : "/tmp");
    if (!mkdtemp(fixture_folder)) {
      perror(fixture_folder);
      exit(1);
    }
    atexit(fixture_done);
  }
  char *path = paths[next++ % 8];
  snprintf(path, sizeof paths[0], "%.200s/%.255s", fixture_folder, name);
  return path;
}

static inline uint8_t pattern_at(uint64_t position) {
  return (uint8_t)(1 + position % 251);
}

/* Creates a file of `size` bytes of pattern_at(), none of which is 0. */
static inline const char *make_file(const char *name, size_t size) {
  const char *path = path_of(name);
  uint8_t *bytes = malloc(size + 1);
  for (size_t i = 0; bytes && i < size; i++)
    bytes[i] = pattern_at(i);
  int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  CHECK(bytes && fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
  if (fd >= 0) close(fd);
  free(bytes);
  return path;
}

/* Whether all `length` bytes are `value`. */
static inline bool all_are(const void *bytes, size_t length, uint8_t value) {
  for (size_t i = 0; i < length; i++) {
    if (((const volatile uint8_t *)bytes)[i] != value) return false;
  }
  return true;
}

/* Whether the bytes are those of make_file() from `position` on. */
static inline bool is_pattern(const void *bytes, size_t length, uint64_t position) {
  for (size_t i = 0; i < length; i++) {
    if (((const volatile uint8_t *)bytes)[i] != pattern_at(position + i)) return false;
  }
  return true;
}

/* -1: there is no such file. */
static inline int64_t size_of(const char *path) {
  struct stat st;
  return stat(path, &st) < 0 ? -1 : (int64_t)st.st_size;
}

static inline int64_t blocks_of(const char *path) {
  struct stat st;
  return stat(path, &st) < 0 ? -1 : (int64_t)st.st_blocks;
}

/* Byte `at` of the file, by read(); -1 beyond its end. */
static inline int byte_of(const char *path, off_t at) {
  uint8_t byte;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t n = pread(fd, &byte, 1, at);
  close(fd);
  return n == 1 ? byte : -1;
}

static inline void set_byte(const char *path, off_t at, uint8_t byte) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  CHECK(pwrite(fd, &byte, 1, at) == 1);
  close(fd);
}

static inline int count_descriptors(void) {
  int count = 0;
  DIR *dir = opendir("/proc/self/fd");
  while (readdir(dir))
    count++;
  closedir(dir);
  return count;
}

/* Reads /proc/self/maps without an allocation, which could take the very range that is checked. */
static inline const char *read_maps(void) {
  static char text[1 << 20];
  size_t length = 0;
  int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  for (ssize_t n = 1; n > 0 && length<sizeof text - 1; length += n> 0 ? (size_t)n : 0) {
    n = read(fd, text + length, sizeof text - 1 - length);
  }
  close(fd);
  text[length] = '\0';
  return text;
}

/* The number of mapped ranges of files whose path contains `part`. */
static inline int count_maps(const char *part) {
  int count = 0;
  for (const char *at = read_maps(); (at = strstr(at, part)) != NULL; count++) {
    at += strcspn(at, "\n");
  }
  return count;
}

typedef enum { MAPPED_NOT, MAPPED_ANONYMOUS, MAPPED_FILE } mapped_t;

/* The kind of mapping at an address. */
static inline mapped_t mapped_at(const void *address) {
  for (const char *line = read_maps(); *line; line += strcspn(line, "\n") + 1) {
    unsigned long from, to, inode;
    if (sscanf(line, "%lx-%lx %*s %*s %*s %lu", &from, &to, &inode) != 3) break;
    if ((uintptr_t)address < from || (uintptr_t)address >= to) continue;
    return inode ? MAPPED_FILE : MAPPED_ANONYMOUS;
  }
  return MAPPED_NOT;
}

/*
 * Mounts an empty tmpfs of `size` ("1m") on the folder `path`, in a mount namespace of our own.
 * False: not permitted. It then prints a line, and fails if CI is in the environment.
 */
static inline bool mount_small(const char *path, const char *size) {
  char options[64];
  snprintf(options, sizeof options, "size=%s", size);
  mkdir(path, 0700);
  static bool is_private;
  if (!is_private) {
    is_private =
        unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
  }
  if (is_private && mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, options) == 0) return true;
  printf("not permitted to mount a tmpfs of %s (%s): its tests are skipped\n", size,
         strerror(errno));
  if (getenv("CI")) CHECK(!"CI must run these tests with permission to mount");
  return false;
}

/* Runs the function in a child process. Returns the status of waitpid(): 0 if it returned. */
static inline int in_child(void (*run)(void *), void *argument) {
  fflush(NULL);
  long failures = check_failures;
  pid_t child = fork();
  if (child == 0) {
    run(argument);
    fflush(NULL);
    _exit(check_failures > failures ? 1 : 0);
  }
  int status = -1;
  CHECK(child > 0 && waitpid(child, &status, 0) == child);
  return status;
}

#endif
