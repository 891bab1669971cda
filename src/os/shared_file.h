/*
 * Files that processes share: named ones in a directory that belongs to the user, and anonymous
 * ones that are found among the descriptors of the processes that have them open.
 *
 * Files opened here are closed with mipc_shared_close(). No child keeps a copy of a descriptor,
 * neither after exec nor after fork() alone (os/fork.h). Unless stated otherwise, functions return
 * 0 or a negative status; outputs are untouched on failure.
 */
#ifndef MIPC_OS_SHARED_FILE_H
#define MIPC_OS_SHARED_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "file.h"

/* Bytes of the longest path of a named file, including the final zero. */
#define MIPC_SHARED_PATH 4096

/* Like mipc_file_open(), but fails with ELOOP if the last part of the path is a symbolic link. */
int mipc_shared_open(const char *path, uint32_t flags, uint32_t mode, mipc_file_t *ret_file,
                     bool *ret_made);

/* Opens the same file once more, as a separate open file (description). Where the system cannot
 * reopen a descriptor (no /proc), it opens `path` if that still leads to the file; ENOENT
 * otherwise, or if `path` is NULL. */
int mipc_shared_reopen(mipc_file_t file, const char *path, bool read_only, mipc_file_t *ret_file);

/*
 * Creates an anonymous file: `size` zeros, without a path. It takes no memory until it is written
 * to, and no process can change its size. Others find it by `name`. UNSUPPORTED: the system refuses
 * such files (seccomp), or others could not find it (no /proc). On failure `ret_call` is the system
 * call that failed (mipc_call_t).
 */
int mipc_shared_anonymous(const char *name, uint64_t size, mipc_file_t *ret_file,
                          uint32_t *ret_call);

/*
 * Opens the anonymous file with this name: the file that process `pid` has open as `fd`, if it has
 * the name, otherwise one that another process has open. No other file is ever opened on the way,
 * even if the process has another file at `fd` by now. ENOENT: no process has it open; EACCES: the
 * descriptors of process `pid` may not be read; OWNER: the only file with this name belongs to
 * another user. No process can make the file shorter.
 */
int mipc_shared_find(const char *name, uint32_t pid, uint32_t fd, bool read_only,
                     mipc_file_t *ret_file);

/*
 * The path of the directory for this user's named files, in `parent` or, if NULL, in the system's
 * default place. `make`: create the directory if it is missing. OWNER: it is not a directory of
 * this user, or other users have access to it.
 */
int mipc_shared_directory(const char *parent, bool make, char ret_path[MIPC_SHARED_PATH]);

/* The same path, without a check that anything exists there. ENAMETOOLONG. */
int mipc_shared_directory_path(const char *parent, char ret_path[MIPC_SHARED_PATH]);

/* Calls `visit` with each name in the directory except "." and "..", until it returns false. */
int mipc_shared_list(const char *directory, bool (*visit)(void *, const char *), void *context);

/*
 * Whether the open file, found at `path`, can be trusted. In a directory where other users may
 * create files (sticky, and writable for the group or all) it must belong to this user or to the
 * owner of the directory. These are the rules of Linux's fs.protected_regular, applied to root too.
 */
bool mipc_shared_trusted(mipc_file_t file, const char *path);

/* Whether the path leads to this file directly, not through a symbolic link at its end. Returns 1,
 * 0, or a negative status, after which nothing is known (EACCES: the process has dropped the
 * permission to look). */
int mipc_shared_is_at(mipc_file_t file, const char *path);

/* Removes the path. */
int mipc_shared_unlink(const char *path);

/* Read or write `length` bytes at `offset`. Return the number of bytes; reading returns fewer only
 * at the end of the file. */
int64_t mipc_shared_read(mipc_file_t file, uint64_t offset, void *bytes, size_t length);
int64_t mipc_shared_write(mipc_file_t file, uint64_t offset, const void *bytes, size_t length);

/* A path by which the system can watch the open file for this process, at most `room` bytes.
 * UNSUPPORTED: the system reports no writes to files. */
int mipc_shared_watch_path(mipc_file_t file, char *ret_path, size_t room);

/* Truncates the file to 0 bytes. */
int mipc_shared_empty(mipc_file_t file);

/* Waits until the content of the file, including stores through mappings, is on disk. */
int mipc_shared_flush(mipc_file_t file);

/* MIPC_NO_FILE is fine. */
void mipc_shared_close(mipc_file_t file);

#endif
