/*
 * Shared by the *_win32.c files only: the system's header, its errors as statuses, the offsets of
 * locks, and the undo of an extension.
 */
#ifndef MIPC_OS_WIN32_I_H
#define MIPC_OS_WIN32_I_H

#include <windows.h>

#include "file.h"

/* libuv's numbers on Windows: X(name, number). The project does not build against libuv. */
#define MIPC_UV_MAP(X)                                                                             \
  X(EACCES, -4092)                                                                                 \
  X(EBADF, -4083)                                                                                  \
  X(EBUSY, -4082)                                                                                  \
  X(ECHARSET, -4080)                                                                               \
  X(EEXIST, -4075)                                                                                 \
  X(EFBIG, -4036)                                                                                  \
  X(EINVAL, -4071)                                                                                 \
  X(EIO, -4070)                                                                                    \
  X(EISDIR, -4068)                                                                                 \
  X(ELOOP, -4067)                                                                                  \
  X(EMFILE, -4066)                                                                                 \
  X(ENAMETOOLONG, -4064)                                                                           \
  X(ENOENT, -4058)                                                                                 \
  X(ENOMEM, -4057)                                                                                 \
  X(ENOSPC, -4055)                                                                                 \
  X(ENOSYS, -4054)                                                                                 \
  X(ENOTSUP, -4049)                                                                                \
  X(EPERM, -4048)                                                                                  \
  X(EROFS, -4043)                                                                                  \
  X(UNKNOWN, -4094)

#define MIPC_UV_ENUM_ROW(name, number) MIPC_UV_##name = number,
enum { MIPC_UV_MAP(MIPC_UV_ENUM_ROW) };
#undef MIPC_UV_ENUM_ROW

/* The status of a GetLastError() value, with the code that fs gives it. Never 0. */
int mipc_i_status_of(DWORD error);

/* The status of the call that has just failed. */
static inline int mipc_i_last_status(void) {
  return mipc_i_status_of(GetLastError());
}

/* Offsets beyond the end of any file: those of the locks of flock.h, one byte for each byte of the
 * file, and after them the byte that is locked while a file is extended, independent of flock.h. */
#define MIPC_LOCK_AREA        ((uint64_t)1 << 62)
#define MIPC_LOCK_AREA_LENGTH ((uint64_t)1 << 61)
#define MIPC_LOCK_GROWING     (MIPC_LOCK_AREA + MIPC_LOCK_AREA_LENGTH)

/* Truncates the file to `from` bytes, unless its size is no longer `reached`, the size that we gave
 * it. The system refuses if the file is mapped. */
void mipc_i_file_cut(mipc_file_t file, uint64_t from, uint64_t reached);

#endif
