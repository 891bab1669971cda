/*
 * shared_file.h on Linux: named files, and the functions for files of either kind. The anonymous
 * files are in shared_memfd_linux.c.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/status.h"
#include "fork.h"
#include "shared_i.h"

int mipc_i_shared_adopt(int fd, mipc_file_t *ret_file) {
  mipc_file_t file = {fd};
  int status = mipc_fork_name(file);
  if (status < 0) {
    close(fd);
    return status;
  }
  *ret_file = file;
  return 0;
}

int mipc_shared_open(const char *path, uint32_t flags, uint32_t mode, mipc_file_t *ret_file,
                     bool *ret_made) {
  mipc_file_t file;
  bool made;
  mipc_fork_hold();
  int status = mipc_file_open(path, flags | MIPC_OPEN_NO_LINK, mode, &file, &made);
  if (status == 0) status = mipc_i_shared_adopt((int)file.os, ret_file);
  mipc_fork_release();
  if (status == 0) *ret_made = made;
  return status;
}

int mipc_i_shared_reopen(int fd, bool read_only, mipc_file_t *ret_file) {
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  int how = (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  mipc_fork_hold();
  int copy;
  do {
    copy = open(path, how);
  } while (copy < 0 && errno == EINTR);
  int status = copy < 0 ? -errno : mipc_i_shared_adopt(copy, ret_file);
  mipc_fork_release();
  return status;
}

static bool is_same_file(mipc_file_t a, mipc_file_t b) {
  struct stat one, other;
  if (fstat((int)a.os, &one) < 0 || fstat((int)b.os, &other) < 0) return false;
  return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

int mipc_shared_reopen(mipc_file_t file, const char *path, bool read_only, mipc_file_t *ret_file) {
  int status = mipc_i_shared_reopen((int)file.os, read_only, ret_file);
  if (status != -ENOENT || !path) return status;
  mipc_file_t copy = MIPC_NO_FILE;
  bool made;
  status = mipc_shared_open(path, read_only ? MIPC_OPEN_READ : MIPC_OPEN_WRITE, 0, &copy, &made);
  if (status < 0) return status;
  if (!is_same_file(file, copy)) {
    mipc_shared_close(copy);
    return -ENOENT;
  }
  *ret_file = copy;
  return 0;
}

void mipc_shared_close(mipc_file_t file) {
  if (file.os < 0) return;
  mipc_fork_hold();
  mipc_fork_forget(file);
  mipc_file_close(file);
  mipc_fork_release();
}

/* Not $TMPDIR: services and cron jobs of the same user may have another one or none. */
static const char *default_parent(void) {
  struct stat st;
  return stat("/dev/shm", &st) == 0 && S_ISDIR(st.st_mode) ? "/dev/shm" : "/tmp";
}

int mipc_shared_directory_path(const char *parent, char ret_path[MIPC_SHARED_PATH]) {
  char path[MIPC_SHARED_PATH];
  int length = snprintf(path, sizeof path, "%s/mmapipc-%lu", parent ? parent : default_parent(),
                        (unsigned long)geteuid());
  if (length < 0 || (size_t)length >= sizeof path) return -ENAMETOOLONG;
  memcpy(ret_path, path, (size_t)length + 1);
  return 0;
}

int mipc_shared_directory(const char *parent, bool make, char ret_path[MIPC_SHARED_PATH]) {
  char path[MIPC_SHARED_PATH];
  int status = mipc_shared_directory_path(parent, path);
  if (status < 0) return status;
  if (make && mkdir(path, 0700) < 0 && errno != EEXIST) return -errno;
  struct stat st;
  if (lstat(path, &st) < 0) return -errno;
  /* In a parent directory that is open to all, another user may have created the path first. */
  if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077)) return MIPC_E_OWNER;
  memcpy(ret_path, path, strlen(path) + 1);
  return 0;
}

int mipc_shared_list(const char *directory, bool (*visit)(void *, const char *), void *context) {
  DIR *dir = opendir(directory);
  if (!dir) return -errno;
  bool goes_on = true;
  for (struct dirent *entry; goes_on && (entry = readdir(dir));) {
    bool is_dotted = !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..");
    if (!is_dotted) goes_on = visit(context, entry->d_name);
  }
  closedir(dir);
  return 0;
}

/* Stats the directory of `path`; false on failure. */
static bool stat_parent(const char *path, struct stat *ret_stat) {
  char parent[MIPC_SHARED_PATH];
  const char *slash = strrchr(path, '/');
  size_t length = slash ? (size_t)(slash - path) + 1 : 2;
  if (length >= sizeof parent) return false;
  memcpy(parent, slash ? path : "./", length);
  parent[length] = '\0';
  return stat(parent, ret_stat) == 0;
}

bool mipc_shared_trusted(mipc_file_t file, const char *path) {
  struct stat st, parent;
  if (fstat((int)file.os, &st) < 0) return false;
  if (st.st_uid == geteuid()) return true;
  if (!stat_parent(path, &parent)) return false;
  bool is_open_to_all = (parent.st_mode & S_ISVTX) && (parent.st_mode & 022);
  return !is_open_to_all || st.st_uid == parent.st_uid;
}

int mipc_shared_is_at(mipc_file_t file, const char *path) {
  struct stat open_one, named;
  if (fstat((int)file.os, &open_one) < 0) return -errno;
  if (!open_one.st_nlink) return 0;
  if (lstat(path, &named) < 0) return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
  return open_one.st_dev == named.st_dev && open_one.st_ino == named.st_ino;
}

int mipc_shared_unlink(const char *path) {
  return unlink(path) < 0 ? -errno : 0;
}

int64_t mipc_shared_read(mipc_file_t file, uint64_t offset, void *bytes, size_t length) {
  size_t done = 0;
  while (done < length) {
    ssize_t n = pread((int)file.os, (char *)bytes + done, length - done, (off_t)(offset + done));
    if (n < 0 && errno != EINTR) return -errno;
    if (n == 0) break;
    if (n > 0) done += (size_t)n;
  }
  return (int64_t)done;
}

int64_t mipc_shared_write(mipc_file_t file, uint64_t offset, const void *bytes, size_t length) {
  size_t done = 0;
  while (done < length) {
    const char *from = (const char *)bytes + done;
    ssize_t n = pwrite((int)file.os, from, length - done, (off_t)(offset + done));
    if (n < 0 && errno != EINTR) return -errno;
    if (n > 0) done += (size_t)n;
  }
  return (int64_t)done;
}

int mipc_shared_empty(mipc_file_t file) {
  int status;
  do {
    status = ftruncate((int)file.os, 0) < 0 ? -errno : 0;
  } while (status == -EINTR);
  return status;
}

int mipc_shared_flush(mipc_file_t file) {
  return fdatasync((int)file.os) < 0 ? -errno : 0;
}

int mipc_shared_watch_path(mipc_file_t file, char *ret_path, size_t room) {
  int length = snprintf(ret_path, room, "/proc/self/fd/%d", (int)file.os);
  return length > 0 && (size_t)length < room ? 0 : (int)MIPC_E_UNSUPPORTED;
}
