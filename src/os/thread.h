/*
 * Threads of our own, for waits that must not block JS; and monitors: a mutex with one condition.
 */
#ifndef MIPC_OS_THREAD_H
#define MIPC_OS_THREAD_H

#include <stdbool.h>
#include <stdint.h>

typedef struct mipc_monitor mipc_monitor_t;

/* NULL: out of memory. Freeing NULL is fine. */
mipc_monitor_t *mipc_monitor_new(void);
void mipc_monitor_free(mipc_monitor_t *monitor);
/* Lock and unlock the mutex. */
void mipc_monitor_enter(mipc_monitor_t *monitor);
void mipc_monitor_leave(mipc_monitor_t *monitor);
/* Wakes all waiting threads. */
void mipc_monitor_signal(mipc_monitor_t *monitor);
/* With the mutex locked: sleeps until signalled, at most about `ms` milliseconds; may return early.
 * The mutex is unlocked while it sleeps. */
void mipc_monitor_wait(mipc_monitor_t *monitor, uint32_t ms);

typedef struct mipc_thread mipc_thread_t;

/* Starts a thread that blocks all signals except ours and its own faults. Returns 0 or the system's
 * error. */
int mipc_thread_start(void (*run)(void *), void *argument, mipc_thread_t **ret_thread);

/* Makes a system call in which the thread sleeps return early. It has no effect on a thread that
 * does not sleep at that moment: repeat it until the thread has reported its end. */
void mipc_thread_interrupt(mipc_thread_t *thread);

/* Waits for the end of the thread and frees it. */
void mipc_thread_join(mipc_thread_t *thread);

/* Sleeps for about this long; under a second. */
void mipc_thread_nap(uint32_t microseconds);

#endif
