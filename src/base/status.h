/*
 * Status codes: the result of every function of ours that can fail.
 *
 * 0 or a count is success; a negative number is a failure. Our codes run from -1001 downwards. The
 * operating system's errors have the numbers of libuv (on POSIX -errno), so that JS can name them
 * with util.getSystemErrorName(). The two ranges never meet: -errno is above -1000, and libuv's
 * numbers on Windows are between -4100 and -3000.
 *
 * One list makes the enum, the codes of the errors that JS throws, and the texts of the table that
 * documents them (a test compares them).
 */
#ifndef MIPC_BASE_STATUS_H
#define MIPC_BASE_STATUS_H

/* X(symbol, number, code in JS, meaning) */
#define MIPC_STATUS_MAP(X)                                                                         \
  X(RANGE, -1001, "ERR_OUT_OF_RANGE", "an offset, length or size is out of range")                 \
  X(ACCESS, -1002, "ERR_MMAPIPC_ACCESS",                                                           \
    "a write to a read-only mapping, or a read from a write-only one")                             \
  X(CLOSED, -1003, "ERR_MMAPIPC_CLOSED", "the object was used after close()")                      \
  X(FILE_TOO_SMALL, -1004, "ERR_MMAPIPC_FILE_TOO_SMALL",                                           \
    "the file ends before the requested range, and this mapping may not extend it")                \
  X(FILESYSTEM, -1005, "ERR_MMAPIPC_FILESYSTEM",                                                   \
    "the file is on a network or FUSE file system, where shared writable mappings are not "        \
    "coherent")                                                                                    \
  X(UNSUPPORTED, -1006, "ERR_MMAPIPC_UNSUPPORTED",                                                 \
    "not supported by this system, file type or runtime")                                          \
  X(TRUNCATED, -1008, "ERR_MMAPIPC_TRUNCATED",                                                     \
    "another process made the file shorter than the mapping; the lost part reads as zeros")        \
  X(TIMEOUT, -1009, "ERR_MMAPIPC_TIMEOUT", "the lock was not acquired within the timeout")         \
  X(DEADLOCK, -1010, "ERR_MMAPIPC_DEADLOCK",                                                       \
    "this thread would wait for a lock that only it could release")                                \
  X(NOT_LOCKED, -1011, "ERR_MMAPIPC_NOT_LOCKED",                                                   \
    "unlock() without a lock that lock() or tryLock() acquired")                                   \
  X(LOCKED, -1012, "ERR_MMAPIPC_LOCKED", "close() while locked; release the lock first")           \
  X(FOREIGN, -1020, "ERR_MMAPIPC_FOREIGN", "the file is not a region of mmapipc")                  \
  X(VERSION, -1021, "ERR_MMAPIPC_VERSION",                                                         \
    "the region has a layout unknown to this version, or the byte order of another machine")       \
  X(KIND, -1022, "ERR_MMAPIPC_KIND",                                                               \
    "the region was created by another class, or with another option \"evict\"")                   \
  X(CORRUPT, -1023, "ERR_MMAPIPC_CORRUPT",                                                         \
    "the header of the region is inconsistent; another process has overwritten it")                \
  X(TOO_SMALL, -1024, "ERR_MMAPIPC_TOO_SMALL",                                                     \
    "the region exists and is smaller than the requested size")                                    \
  X(EXHAUSTED, -1025, "ERR_MMAPIPC_EXHAUSTED",                                                     \
    "all 2^30 - 1 participant numbers are used; close the region in all processes to start again") \
  X(UNCLEAN, -1026, "ERR_MMAPIPC_UNCLEAN",                                                         \
    "a power failure or reboot happened while the region was open; its content may be wrong")      \
  X(NOT_INHERITED, -1027, "ERR_MMAPIPC_NOT_INHERITED",                                             \
    "there is no region to inherit; open it in the primary before the first fork")                 \
  X(OWNER, -1028, "ERR_MMAPIPC_OWNER",                                                             \
    "the file or its directory belongs to another user, or is accessible to others")               \
  X(STALE, -1031, "ERR_MMAPIPC_STALE",                                                             \
    "the name or path no longer leads to this memory: its file was removed or replaced")           \
  X(TOO_LARGE, -1029, "ERR_MMAPIPC_TOO_LARGE",                                                     \
    "the value is larger than the object can hold; the old value stays")                           \
  X(FULL, -1032, "ERR_MMAPIPC_FULL", "the map has no space for the entry; nothing was changed")    \
  X(KEY_TOO_LONG, -1033, "ERR_MMAPIPC_KEY_TOO_LONG", "the key of a map has more than 1,024 bytes") \
  X(NOT_NUMBER, -1034, "ERR_MMAPIPC_NOT_NUMBER",                                                   \
    "increment() or count() of a value that is not a number")                                      \
  X(CODEC, -1030, "ERR_MMAPIPC_CODEC",                                                             \
    "the value was set with a codec that this object cannot read")                                 \
  X(NO_BINARY, -1007, "ERR_MMAPIPC_NO_BINARY", "no native binary for this platform could be loaded")

/* The system calls that an error can name: X(symbol, name in JS). */
#define MIPC_CALL_MAP(X)                                                                           \
  X(NONE, "")                                                                                      \
  X(OPEN, "open")                                                                                  \
  X(DUP, "dup")                                                                                    \
  X(FSTAT, "fstat")                                                                                \
  X(FALLOCATE, "fallocate")                                                                        \
  X(MMAP, "mmap")                                                                                  \
  X(MEMFD_CREATE, "memfd_create")                                                                  \
  X(READLINK, "readlink")                                                                          \
  X(MKDIR, "mkdir")                                                                                \
  X(FLOCK, "flock")                                                                                \
  X(FCNTL, "fcntl")                                                                                \
  X(READ, "read")                                                                                  \
  X(WRITE, "write")                                                                                \
  X(UNLINK, "unlink")                                                                              \
  X(FTRUNCATE, "ftruncate")                                                                        \
  X(FCHMOD, "fchmod")

#define MIPC_STATUS_ENUM_ROW(symbol, number, name, text) MIPC_E_##symbol = number,
typedef enum { MIPC_OK = 0, MIPC_STATUS_MAP(MIPC_STATUS_ENUM_ROW) } mipc_status_t;
#undef MIPC_STATUS_ENUM_ROW

#define MIPC_CALL_ENUM_ROW(symbol, name) MIPC_CALL_##symbol,
typedef enum { MIPC_CALL_MAP(MIPC_CALL_ENUM_ROW) } mipc_call_t;
#undef MIPC_CALL_ENUM_ROW

#endif
