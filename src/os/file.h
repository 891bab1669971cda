/*
 * Files: opening, looking at, lengthening. One function, one system call (or the nearest thing).
 *
 * Every function returns 0 or a negative status (base/status.h); outputs are untouched on failure.
 * Paths are UTF-8. Descriptors are never inherited by a spawned child.
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
  MIPC_OPEN_CREATE = 2,    /* with WRITE: make it when it is missing */
  MIPC_OPEN_EXCLUSIVE = 4, /* with WRITE and CREATE: fail with EEXIST when it is there */
  MIPC_OPEN_NO_LINK = 8,   /* fail with ELOOP when the path is a symbolic link */
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
  uint64_t device, inode; /* which file it is */
  bool own;               /* of the user that this process acts for; true where files have none */
} mipc_file_info_t;

/*
 * Opens `path`. `mode` holds the permission bits of a file that is made, less the umask. Opening a
 * FIFO does not wait for its other end. Nothing is made through a symbolic link to nothing.
 * `ret_made` tells whether this call made the file.
 */
int mipc_file_open(const char *path, uint32_t flags, uint32_t mode, mipc_file_t *ret_file,
                   bool *ret_made);

/* A descriptor of our own for the file behind `fd`, which stays its owner's. */
int mipc_file_dup(int fd, mipc_file_t *ret_file);

int mipc_file_stat(mipc_file_t file, mipc_file_info_t *ret_info);

/*
 * Makes the file `to` bytes long, with zeros, where it has `from`; the space is really taken, so
 * that no later store into a mapping of it fails for want of space. On failure (ENOSPC, EDQUOT,
 * EFBIG ...) the file is as it was.
 */
int mipc_file_extend(mipc_file_t file, uint64_t from, uint64_t to);

/*
 * Takes the space of what was never written between these two offsets, both inside the file, so
 * that no store into a mapping of it fails for want of space; the content stays. ENOSPC, EDQUOT:
 * there is not enough. A file system that cannot do it does nothing, which is no failure.
 */
int mipc_file_fill(mipc_file_t file, uint64_t from, uint64_t to);

/* Removes the path if it still names the file that is open here. */
void mipc_file_remove(const char *path, mipc_file_t file);

/* Whether a shared writable mapping of it is one memory for all who map it: false on network and
 * FUSE file systems. A system that cannot tell says true. */
bool mipc_file_coherent(mipc_file_t file);

/* The descriptor number for JS; -1 where files have none. */
int mipc_file_descriptor(mipc_file_t file);

/* Closing MIPC_NO_FILE is fine. */
void mipc_file_close(mipc_file_t file);

#endif
