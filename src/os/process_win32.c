/*
 * process.h on Windows.
 */
#include "process.h"

#include "win32_i.h"

static SRWLOCK mutex = SRWLOCK_INIT;

void mipc_process_lock(void) {
  AcquireSRWLockExclusive(&mutex);
}

void mipc_process_unlock(void) {
  ReleaseSRWLockExclusive(&mutex);
}

int mipc_no_memory(void) {
  return MIPC_UV_ENOMEM;
}

int mipc_not_there(void) {
  return MIPC_UV_ENOENT;
}

int mipc_already_there(void) {
  return MIPC_UV_EEXIST;
}

uint64_t mipc_clock_ms(void) {
  return GetTickCount64();
}

uint64_t mipc_clock_us(void) {
  LARGE_INTEGER frequency, now;
  QueryPerformanceFrequency(&frequency);
  QueryPerformanceCounter(&now);
  uint64_t ticks = (uint64_t)now.QuadPart, second = (uint64_t)frequency.QuadPart;
  return ticks / second * 1000000 + ticks % second * 1000000 / second;
}

uint64_t mipc_clock_stamp(void) {
  return GetTickCount64();
}

uint64_t mipc_clock_boot_ms(void) {
  return GetTickCount64();
}

/* Windows counts units of 100 ns from 1601 on. */
uint64_t mipc_clock_wall_ms(void) {
  FILETIME now;
  GetSystemTimeAsFileTime(&now);
  uint64_t units = (uint64_t)now.dwHighDateTime << 32 | now.dwLowDateTime;
  return units / 10000 - 11644473600000;
}
