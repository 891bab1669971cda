/*
 * Threads of our own, for waits that must not hold up JS; and monitors: a mutex with one condition.
 */
#ifndef MIPC_OS_THREAD_H
#define MIPC_OS_THREAD_H

#include <stdbool.h>
#include <stdint.h>

typedef struct mipc_monitor mipc_monitor_t;

/* NULL: no memory. */
mipc_monitor_t *mipc_monitor_new(void);
void mipc_monitor_free(mipc_monitor_t *monitor);
void mipc_monitor_enter(mipc_monitor_t *monitor);
void mipc_monitor_leave(mipc_monitor_t *monitor);
void mipc_monitor_signal(mipc_monitor_t *monitor);
/* Entered: sleeps until signalled, or for about this long; may return early. */
void mipc_monitor_wait(mipc_monitor_t *monitor, uint32_t ms);

typedef struct mipc_thread mipc_thread_t;

/* Starts a thread that takes no signal but ours and its own faults. 0, or the system's refusal. */
int mipc_thread_start(void (*run)(void *), void *argument, mipc_thread_t **ret_thread);

/* Makes a system call that the thread sleeps in return early. It may come too soon or too late to
 * hit one: repeat it until the thread has said that it ends. */
void mipc_thread_interrupt(mipc_thread_t *thread);

/* Waits for its end and frees it. */
void mipc_thread_join(mipc_thread_t *thread);

/* Sleeps for about this long. */
void mipc_thread_nap(uint32_t microseconds);

#endif
