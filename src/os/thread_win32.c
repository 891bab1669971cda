/*
 * thread.h on Windows.
 *
 * Our threads sleep in alertable waits only (flock_win32.c); an APC that does nothing ends such a
 * wait.
 */
#include "thread.h"

#include <stdlib.h>

#include "process.h"
#include "win32_i.h"
#include <process.h>

struct mipc_monitor {
  SRWLOCK mutex;
  CONDITION_VARIABLE condition;
};

mipc_monitor_t *mipc_monitor_new(void) {
  mipc_monitor_t *monitor = malloc(sizeof *monitor);
  if (!monitor) return NULL;
  InitializeSRWLock(&monitor->mutex);
  InitializeConditionVariable(&monitor->condition);
  return monitor;
}

/* The mutex and the condition hold no resources of the system. */
void mipc_monitor_free(mipc_monitor_t *monitor) {
  free(monitor);
}

void mipc_monitor_enter(mipc_monitor_t *monitor) {
  AcquireSRWLockExclusive(&monitor->mutex);
}

void mipc_monitor_leave(mipc_monitor_t *monitor) {
  ReleaseSRWLockExclusive(&monitor->mutex);
}

void mipc_monitor_signal(mipc_monitor_t *monitor) {
  WakeAllConditionVariable(&monitor->condition);
}

void mipc_monitor_wait(mipc_monitor_t *monitor, uint32_t ms) {
  SleepConditionVariableSRW(&monitor->condition, &monitor->mutex, ms, 0);
}

struct mipc_thread {
  HANDLE handle;
  void (*run)(void *);
  void *argument;
};

static unsigned __stdcall start(void *argument) {
  mipc_thread_t *thread = argument;
  thread->run(thread->argument);
  return 0;
}

int mipc_thread_start(void (*run)(void *), void *argument, mipc_thread_t **ret_thread) {
  const unsigned stack = 256 * 1024;
  mipc_thread_t *thread = malloc(sizeof *thread);
  if (!thread) return mipc_no_memory();
  *thread = (mipc_thread_t){.run = run, .argument = argument};
  /* Not CreateThread: the thread sends wake-ups, which run C++ code of the host. */
  uintptr_t handle =
      _beginthreadex(NULL, stack, start, thread, STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
  if (!handle) {
    free(thread);
    return mipc_no_memory();
  }
  thread->handle = (HANDLE)handle;
  *ret_thread = thread;
  return 0;
}

static void CALLBACK on_wake(ULONG_PTR nothing) {
  (void)nothing;
}

void mipc_thread_interrupt(mipc_thread_t *thread) {
  QueueUserAPC(on_wake, thread->handle, 0);
}

void mipc_thread_join(mipc_thread_t *thread) {
  WaitForSingleObject(thread->handle, INFINITE);
  CloseHandle(thread->handle);
  free(thread);
}

/* Sleep() takes at least one tick of the system's clock, 1 to 16 ms. Instead this yields the
 * processor repeatedly. */
void mipc_thread_nap(uint32_t microseconds) {
  LARGE_INTEGER frequency, start, now;
  QueryPerformanceFrequency(&frequency);
  QueryPerformanceCounter(&start);
  do {
    SwitchToThread();
    QueryPerformanceCounter(&now);
  } while ((now.QuadPart - start.QuadPart) * 1000000 < microseconds * frequency.QuadPart);
}
