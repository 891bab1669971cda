/*
 * flock.h on Windows, by LockFileEx.
 *
 * On Windows a lock belongs to the open file, as flock.h requires, but it also refuses reads and
 * writes of the locked bytes by others. So the locks are on offsets beyond the end of any file:
 * byte b of the file is byte b of the area in win32_i.h, and the whole file is the whole area.
 * Exclusive and shared, whole and range then exclude each other by overlap, with one call each.
 *
 * No lock needs a file open for writing.
 */
#include "flock.h"

#include "win32_i.h"

int mipc_flock_reopen(mipc_file_t file, mipc_file_t *ret_file) {
  const DWORD share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
  /* Read access is enough for a lock, and every file that can be mapped can be read. */
  HANDLE own = ReOpenFile((HANDLE)file.os, GENERIC_READ, share, 0);
  if (own == INVALID_HANDLE_VALUE) return mipc_i_last_status();
  ret_file->os = (intptr_t)own;
  return 0;
}

typedef struct {
  OVERLAPPED start;
  DWORD low, high; /* of the length */
} area_t;

static area_t area_of(const mipc_flock_range_t *range) {
  uint64_t start = MIPC_LOCK_AREA + (range->whole ? 0 : range->offset);
  uint64_t length = range->whole ? MIPC_LOCK_AREA_LENGTH : range->length;
  area_t area = {.low = (DWORD)length, .high = (DWORD)(length >> 32)};
  area.start.Offset = (DWORD)start;
  area.start.OffsetHigh = (DWORD)(start >> 32);
  return area;
}

int mipc_flock_try(mipc_file_t file, const mipc_flock_range_t *range) {
  HANDLE handle = (HANDLE)file.os;
  area_t area = area_of(range);
  DWORD flags = LOCKFILE_FAIL_IMMEDIATELY | (range->shared ? 0 : LOCKFILE_EXCLUSIVE_LOCK), none;
  if (LockFileEx(handle, flags, 0, area.low, area.high, &area.start)) return 1;
  /* A handle opened for overlapped calls that could not be reopened: the answer is available at
   * once all the same, as the result of the operation. */
  if (GetLastError() == ERROR_IO_PENDING && GetOverlappedResult(handle, &area.start, &none, TRUE)) {
    return 1;
  }
  return GetLastError() == ERROR_LOCK_VIOLATION ? 0 : mipc_i_last_status();
}

/*
 * Tries repeatedly, with growing sleeps: a waiting LockFileEx can be stopped only on a handle for
 * overlapped calls, and there Wine (8.0: "Async I/O lock wait not implemented") reports that it
 * waits, and never completes. The sleeps are alertable, for mipc_thread_interrupt(). With the
 * longest sleep a waiting thread tries about 65 times a second, which costs next to nothing.
 */
int mipc_flock_wait(mipc_file_t file, const mipc_flock_range_t *range,
                    const mipc_atomic_u32_t *stop) {
  enum { SHORTEST_MS = 1, LONGEST_MS = 15, TRIES_EACH = 4 };
  int status = 0;
  for (DWORD ms = SHORTEST_MS, tries = 1; status == 0; tries++) {
    /* acquire: no data is published with it; it only has to be seen soon after the interruption. */
    if (mipc_atomic_load_acquire(stop)) return 0;
    status = mipc_flock_try(file, range);
    if (status == 0) SleepEx(ms, TRUE);
    if (ms < LONGEST_MS && tries % TRIES_EACH == 0) ms = ms * 2 < LONGEST_MS ? ms * 2 : LONGEST_MS;
  }
  return status;
}

void mipc_flock_release(mipc_file_t file, const mipc_flock_range_t *range) {
  area_t area = area_of(range);
  UnlockFileEx((HANDLE)file.os, 0, area.low, area.high, &area.start);
}
