/*
 * The facilities that only regions need (identity.h, presence.h, shared_file.h), on a system that
 * does not support regions yet: every call that can fail fails with UNSUPPORTED.
 */
#include "../base/status.h"
#include "identity.h"
#include "presence.h"
#include "shared_file.h"

void mipc_identity(mipc_identity_t *ret_identity) {
  *ret_identity = (mipc_identity_t){0};
}

int mipc_random(void *bytes, size_t length) {
  (void)bytes;
  (void)length;
  return MIPC_E_UNSUPPORTED;
}

void mipc_boot_id(uint64_t ret_id[2]) {
  ret_id[0] = ret_id[1] = 0;
}

int mipc_presence_take(mipc_file_t file, uint64_t byte, bool shared) {
  (void)file;
  (void)byte;
  (void)shared;
  return MIPC_E_UNSUPPORTED;
}

void mipc_presence_give(mipc_file_t file, uint64_t byte) {
  (void)file;
  (void)byte;
}

int mipc_presence_wait(mipc_file_t file, uint64_t byte) {
  (void)file;
  (void)byte;
  return MIPC_E_UNSUPPORTED;
}

int mipc_presence_find(mipc_file_t file, uint64_t from, uint64_t to, bool or_shared,
                       uint64_t *ret_first, uint64_t *ret_last) {
  (void)file;
  (void)from;
  (void)to;
  (void)or_shared;
  (void)ret_first;
  (void)ret_last;
  return MIPC_E_UNSUPPORTED;
}

int mipc_shared_open(const char *path, uint32_t flags, uint32_t mode, mipc_file_t *ret_file,
                     bool *ret_made) {
  (void)path;
  (void)flags;
  (void)mode;
  (void)ret_file;
  (void)ret_made;
  return MIPC_E_UNSUPPORTED;
}

int mipc_shared_reopen(mipc_file_t file, const char *path, bool read_only, mipc_file_t *ret_file) {
  (void)file;
  (void)path;
  (void)read_only;
  (void)ret_file;
  return MIPC_E_UNSUPPORTED;
}

int mipc_shared_anonymous(const char *name, uint64_t size, mipc_file_t *ret_file,
                          uint32_t *ret_call) {
  (void)name;
  (void)size;
  (void)ret_file;
  (void)ret_call;
  return MIPC_E_UNSUPPORTED;
}

int mipc_shared_find(const char *name, uint32_t pid, uint32_t fd, bool read_only,
                     mipc_file_t *ret_file) {
  (void)name;
  (void)pid;
  (void)fd;
  (void)read_only;
  (void)ret_file;
  return MIPC_E_UNSUPPORTED;
}

int mipc_shared_directory(const char *parent, bool make, char ret_path[MIPC_SHARED_PATH]) {
  (void)parent;
  (void)make;
  (void)ret_path;
  return MIPC_E_UNSUPPORTED;
}

int mipc_shared_directory_path(const char *parent, char ret_path[MIPC_SHARED_PATH]) {
  (void)parent;
  (void)ret_path;
  return MIPC_E_UNSUPPORTED;
}

int mipc_shared_list(const char *directory, bool (*visit)(void *, const char *), void *context) {
  (void)directory;
  (void)visit;
  (void)context;
  return MIPC_E_UNSUPPORTED;
}

bool mipc_shared_trusted(mipc_file_t file, const char *path) {
  (void)file;
  (void)path;
  return false;
}

int mipc_shared_is_at(mipc_file_t file, const char *path) {
  (void)file;
  (void)path;
  return MIPC_E_UNSUPPORTED;
}

int mipc_shared_unlink(const char *path) {
  (void)path;
  return MIPC_E_UNSUPPORTED;
}

int64_t mipc_shared_read(mipc_file_t file, uint64_t offset, void *bytes, size_t length) {
  (void)file;
  (void)offset;
  (void)bytes;
  (void)length;
  return MIPC_E_UNSUPPORTED;
}

int64_t mipc_shared_write(mipc_file_t file, uint64_t offset, const void *bytes, size_t length) {
  (void)file;
  (void)offset;
  (void)bytes;
  (void)length;
  return MIPC_E_UNSUPPORTED;
}

int mipc_shared_empty(mipc_file_t file) {
  (void)file;
  return MIPC_E_UNSUPPORTED;
}

int mipc_shared_flush(mipc_file_t file) {
  (void)file;
  return MIPC_E_UNSUPPORTED;
}

void mipc_shared_close(mipc_file_t file) {
  (void)file;
}

int mipc_shared_watch_path(mipc_file_t file, char *ret_path, size_t room) {
  (void)file, (void)ret_path, (void)room;
  return MIPC_E_UNSUPPORTED;
}
