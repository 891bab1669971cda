/*
 * shared_file.h on Linux: anonymous files are memfds, found through /proc.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../base/status.h"
#include "fork.h"
#include "shared_i.h"

/* linux/memfd.h and linux/fcntl.h; missing in older C libraries */
#define CLOSE_ON_EXEC  0x1u
#define ALLOW_SEALING  0x2u
#define NOEXEC_SEAL    0x8u /* 6.3 */
#define ADD_SEALS      1033
#define GET_SEALS      1034
#define SEAL_SEAL      0x1
#define SEAL_SHRINK    0x2
#define SEAL_GROW      0x4
#define FIXED_SIZE     (SEAL_SHRINK | SEAL_GROW)
#define LINK_TEXT_SIZE 300

static int create(const char *name) {
  unsigned flags = CLOSE_ON_EXEC | ALLOW_SEALING;
  long fd = syscall(SYS_memfd_create, name, flags | NOEXEC_SEAL);
  if (fd < 0 && errno == EINVAL) fd = syscall(SYS_memfd_create, name, flags);
  if (fd >= 0) return (int)fd;
  /* A sandbox (seccomp, an LSM) fails with one of these; the call itself never does. */
  bool is_refused = errno == ENOSYS || errno == EPERM || errno == EACCES;
  return is_refused ? (int)MIPC_E_UNSUPPORTED : -errno;
}

/* Sets the size permanently, and a mode that lets only the owner open the file. */
static int fix(int fd, uint64_t size, uint32_t *ret_call) {
  int status;
  *ret_call = MIPC_CALL_FTRUNCATE;
  do {
    status = ftruncate(fd, (off_t)size) < 0 ? -errno : 0;
  } while (status == -EINTR);
  if (status < 0) return status;
  *ret_call = MIPC_CALL_FCHMOD;
  if (fchmod(fd, 0600) < 0) return -errno;
  *ret_call = MIPC_CALL_FCNTL;
  return fcntl(fd, ADD_SEALS, FIXED_SIZE | SEAL_SEAL) < 0 ? -errno : 0;
}

int mipc_shared_anonymous(const char *name, uint64_t size, mipc_file_t *ret_file,
                          uint32_t *ret_call) {
  mipc_file_t file;
  *ret_call = MIPC_CALL_MEMFD_CREATE;
  if (access("/proc/self/fd", F_OK) < 0) return MIPC_E_UNSUPPORTED;
  mipc_fork_hold();
  int fd = create(name);
  int status = fd < 0 ? fd : mipc_i_shared_adopt(fd, &file);
  mipc_fork_release();
  if (status < 0) return status;
  status = fix(fd, size, ret_call);
  if (status < 0) {
    mipc_shared_close(file);
    return status;
  }
  *ret_file = file;
  return 0;
}

/* The link in /proc of a memfd with this name. */
static void link_text(const char *name, char text[LINK_TEXT_SIZE]) {
  snprintf(text, LINK_TEXT_SIZE, "/memfd:%s (deleted)", name);
}

/* Whether the link has the wanted text: 1, 0, or a negative status. */
static int compare_link(int directory, const char *path, const char *wanted) {
  char text[LINK_TEXT_SIZE];
  ssize_t length = readlinkat(directory, path, text, sizeof text);
  if (length < 0) return -errno;
  return (size_t)length == strlen(wanted) && memcmp(text, wanted, (size_t)length) == 0;
}

/*
 * Opens the file of `path`, an entry of an fd directory, if it is the wanted one. ENOENT: it is
 * not; OWNER: another user created it, as any user can give a memfd this name. The file is pinned
 * first by an O_PATH descriptor, which opens nothing, so that the compared file is also the opened
 * one.
 */
static int open_entry(const char *path, const char *wanted, bool read_only, mipc_file_t *ret_file) {
  int pin = open(path, O_PATH | O_CLOEXEC);
  if (pin < 0) return -errno;
  char own[32];
  struct stat st;
  snprintf(own, sizeof own, "/proc/self/fd/%d", pin);
  int status = compare_link(AT_FDCWD, own, wanted);
  if (status == 1 && (fstat(pin, &st) < 0 || !S_ISREG(st.st_mode))) status = 0;
  if (status == 1 && st.st_uid != geteuid()) status = MIPC_E_OWNER;
  mipc_file_t file;
  if (status == 1)
    status = mipc_i_shared_reopen(pin, read_only, &file);
  else if (status == 0)
    status = -ENOENT;
  close(pin);
  if (status < 0) return status;
  /* A file on disk may have such a name too, but no such seals. */
  int seals = fcntl((int)file.os, GET_SEALS);
  if (seals < 0 || (seals & FIXED_SIZE) != FIXED_SIZE) {
    mipc_shared_close(file);
    return -ENOENT;
  }
  *ret_file = file;
  return 0;
}

/* Whether the search must stop: it has run out of descriptors or memory. */
static bool is_grave(int status) {
  return status == -EMFILE || status == -ENFILE || status == -ENOMEM;
}

/* Searches the descriptors of process `pid`. A file of another user does not end the search,
 * otherwise that user could hide the right file; OWNER is the result if there is no other. */
static int search_process(const char *pid, const char *wanted, bool read_only,
                          mipc_file_t *ret_file) {
  char folder[64], path[128];
  snprintf(folder, sizeof folder, "/proc/%.20s/fd", pid);
  DIR *dir = opendir(folder);
  if (!dir) return -errno;
  int status = -ENOENT;
  for (struct dirent *entry; status != 0 && !is_grave(status) && (entry = readdir(dir));) {
    if (compare_link(dirfd(dir), entry->d_name, wanted) != 1) continue;
    snprintf(path, sizeof path, "%s/%.20s", folder, entry->d_name);
    int found = open_entry(path, wanted, read_only, ret_file);
    if (found == 0 || found == MIPC_E_OWNER || is_grave(found)) status = found;
  }
  closedir(dir);
  return status;
}

static int search_all(const char *wanted, bool read_only, mipc_file_t *ret_file) {
  DIR *dir = opendir("/proc");
  if (!dir) return -errno;
  int status = -ENOENT;
  for (struct dirent *entry; status != 0 && !is_grave(status) && (entry = readdir(dir));) {
    if (entry->d_name[0] < '0' || entry->d_name[0] > '9') continue;
    int found = search_process(entry->d_name, wanted, read_only, ret_file);
    if (found == 0 || found == MIPC_E_OWNER || is_grave(found)) status = found;
  }
  closedir(dir);
  return status;
}

int mipc_shared_find(const char *name, uint32_t pid, uint32_t fd, bool read_only,
                     mipc_file_t *ret_file) {
  char wanted[LINK_TEXT_SIZE], path[64];
  link_text(name, wanted);
  snprintf(path, sizeof path, "/proc/%lu/fd/%lu", (unsigned long)pid, (unsigned long)fd);
  int hinted = open_entry(path, wanted, read_only, ret_file);
  if (hinted == 0 || is_grave(hinted)) return hinted;
  int status = search_all(wanted, read_only, ret_file);
  bool says_more = hinted == -EACCES || hinted == MIPC_E_OWNER;
  return status == -ENOENT && says_more ? hinted : status;
}
