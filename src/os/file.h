/*
 * Files: open, stat, extend, remove. Each function is one system call or the nearest equivalent.
 *
 * Functions of type int return 0 or a negative status (base/status.h); outputs are untouched on
 * failure. Paths are UTF-8. A spawned child never inherits a descriptor.
 */
#ifndef MIPC_OS_FILE_H
#define MIPC_OS_FILE_H

#include <stdbool.h>
#include <stdint.h>

/* An open file of this process: a descriptor (POSIX) or a HANDLE (Windows). */
typedef struct {
  intptr_t os;
} mipc_file_t;

#define MIPC_NO_FILE ((mipc_file_t){-1})

typedef enum {
  MIPC_OPEN_READ = 0,      /* read only; must exist */
  MIPC_OPEN_WRITE = 1,     /* read and write */
  MIPC_OPEN_CREATE = 2,    /* with WRITE: create a missing file */
  MIPC_OPEN_EXCLUSIVE = 4, /* with WRITE and CREATE: fail with EEXIST if the file exists */
  MIPC_OPEN_NO_LINK = 8,   /* fail with ELOOP if the path is a symbolic link */
} mipc_open_flags_t;

/* OTHER: a FIFO, socket or device. */
#define MIPC_FILE_KIND_MAP(X)                                                                      \
  X(FILE, 0)                                                                                       \
  X(DIRECTORY, 1)                                                                                  \
  X(OTHER, 2)

#define MIPC_FILE_KIND_ENUM_ROW(symbol, number) MIPC_KIND_##symbol = number,
typedef enum { MIPC_FILE_KIND_MAP(MIPC_FILE_KIND_ENUM_ROW) } mipc_file_kind_t;
#undef MIPC_FILE_KIND_ENUM_ROW

typedef struct {
  mipc_file_kind_t kind;
  uint64_t size;          /* bytes */
  uint64_t device, inode; /* identify the file */
  bool own;               /* belongs to the effective user; true where files have no owner */
} mipc_file_info_t;

/*
 * Opens `path`. `flags`: mipc_open_flags_t. `mode`: the permission bits of a created file, reduced
 * by the umask. Opening a FIFO does not wait for its other end. No file is created through a
 * dangling symbolic link. `ret_made`: whether this call created the file.
 */
int mipc_file_open(const char *path, uint32_t flags, uint32_t mode, mipc_file_t *ret_file,
                   bool *ret_made);

/* Opens a descriptor of our own for the open file of `fd`, which stays open and unchanged. */
int mipc_file_dup(int fd, mipc_file_t *ret_file);

/* The kind, size, identity and owner of an open file. */
int mipc_file_stat(mipc_file_t file, mipc_file_info_t *ret_info);

/*
 * Extends the file with zeros from `from` bytes, its size, to `to`. The space is allocated, so that
 * no later store into a mapping fails because the disk is full. On failure (ENOSPC, EDQUOT, EFBIG
 * ...) the file is as before.
 */
int mipc_file_extend(mipc_file_t file, uint64_t from, uint64_t to);

/*
 * Allocates the space of the holes between two offsets, both inside the file, so that no store into
 * a mapping fails because the disk is full. The content stays the same. ENOSPC, EDQUOT: there is
 * not enough space. Returns 0, and does nothing, on a file system that cannot allocate.
 */
int mipc_file_fill(mipc_file_t file, uint64_t from, uint64_t to);

/* Removes the path if it still leads to the open file. */
void mipc_file_remove(const char *path, mipc_file_t file);

/* Whether all processes that map the file share one memory: false on network and FUSE file systems,
 * true where the system cannot tell. */
bool mipc_file_coherent(mipc_file_t file);

/* The descriptor number for JS; -1 where files have no descriptor. */
int mipc_file_descriptor(mipc_file_t file);

/* MIPC_NO_FILE is fine. */
void mipc_file_close(mipc_file_t file);

#endif
