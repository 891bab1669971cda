/*
 * Files that processes meet in: named ones in a directory of the user's own, and anonymous ones
 * that are found among the descriptors of those who have them open.
 *
 * What is opened here is closed with mipc_shared_close(); no child keeps a copy, neither after exec
 * nor after a mere fork() (os/fork.h). Functions return 0 (or what they say) or a negative status;
 * outputs are untouched on failure.
 */
#ifndef MIPC_OS_SHARED_FILE_H
#define MIPC_OS_SHARED_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "file.h"

/* Bytes of the longest path of a named file, with its zero. */
#define MIPC_SHARED_PATH 4096

/* As mipc_file_open(), and never through a symbolic link in the last part of the path (ELOOP). */
int mipc_shared_open(const char *path, uint32_t flags, uint32_t mode, mipc_file_t *ret_file,
                     bool *ret_made);

/* Another open file (description) of the same file. Where the system cannot reopen a descriptor (no
 * /proc), the file is opened at `path` if it is still there; ENOENT if not, or if `path` is NULL.
 */
int mipc_shared_reopen(mipc_file_t file, const char *path, bool read_only, mipc_file_t *ret_file);

/*
 * A new file of `size` zeros without a place in any file system; it takes no memory until it is
 * written to, and no process can make it longer or shorter. `name` is how others find it.
 * UNSUPPORTED: the system refuses such files (seccomp), or others could not find it (no /proc). On
 * any failure `ret_call` is the system call that failed (mipc_call_t).
 */
int mipc_shared_anonymous(const char *name, uint64_t size, mipc_file_t *ret_file,
                          uint32_t *ret_call);

/*
 * Opens the anonymous file of this name: the one that process `pid` has open as `fd`, if it is
 * that, else any that a process of the same user has open. No other file is ever opened on the way,
 * even where the number stands for one by now. ENOENT: no process has it open; EACCES: the process
 * that has it may not be looked at; OWNER: the only file of this name is another user's. The file
 * cannot be made shorter by any process.
 */
int mipc_shared_find(const char *name, uint32_t pid, uint32_t fd, bool read_only,
                     mipc_file_t *ret_file);

/*
 * The path of the directory of this user's named files, made when `make` says so: in `parent`, or
 * where the system keeps such things (NULL). OWNER: it is not his, or others may look into it.
 */
int mipc_shared_directory(const char *parent, bool make, char ret_path[MIPC_SHARED_PATH]);

/* That path, wherever it leads; ENAMETOOLONG. */
int mipc_shared_directory_path(const char *parent, char ret_path[MIPC_SHARED_PATH]);

/* Calls `visit` with each name in the directory but the dotted two, until it returns false. */
int mipc_shared_list(const char *directory, bool (*visit)(void *, const char *), void *context);

/*
 * Whether the open file, found at `path`, may be believed: false in a directory where any user may
 * create files (sticky, and writable for the group or all), unless it belongs to this user or to
 * the owner of the directory. These are the rules of Linux's fs.protected_regular, for root too.
 */
bool mipc_shared_trusted(mipc_file_t file, const char *path);

/* Whether the path names this very file, and is no symbolic link to it: 1, 0, or a failure, which
 * says nothing about it (EACCES: the process has given up the right to look). */
int mipc_shared_is_at(mipc_file_t file, const char *path);

int mipc_shared_unlink(const char *path);

/* Reads or writes at most `length` bytes at `offset`: how many, fewer only at the end. */
int64_t mipc_shared_read(mipc_file_t file, uint64_t offset, void *bytes, size_t length);
int64_t mipc_shared_write(mipc_file_t file, uint64_t offset, const void *bytes, size_t length);

/* A path by which this process can have the system watch the open file, `room` bytes at most.
 * UNSUPPORTED: the system has none. */
int mipc_shared_watch_path(mipc_file_t file, char *ret_path, size_t room);

/* Takes all bytes away. */
int mipc_shared_empty(mipc_file_t file);

/* Waits until what the file holds, by whatever mapping, is on disk. */
int mipc_shared_flush(mipc_file_t file);

/* Closing MIPC_NO_FILE is fine. */
void mipc_shared_close(mipc_file_t file);

#endif
