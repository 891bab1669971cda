/*
 * thread.h on POSIX.
 *
 * Only a signal can wake a thread that sleeps in flock(). We use the highest real-time signal
 * without a handler. Our handler does nothing, and does not restart system calls.
 */
#include "thread.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "process.h"

struct mipc_monitor {
  pthread_mutex_t mutex;
  pthread_cond_t condition; /* on CLOCK_MONOTONIC */
};

mipc_monitor_t *mipc_monitor_new(void) {
  mipc_monitor_t *monitor = malloc(sizeof *monitor);
  if (!monitor) return NULL;
  pthread_mutex_init(&monitor->mutex, NULL);
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&monitor->condition, &attributes);
  pthread_condattr_destroy(&attributes);
  return monitor;
}

void mipc_monitor_free(mipc_monitor_t *monitor) {
  if (!monitor) return;
  pthread_cond_destroy(&monitor->condition);
  pthread_mutex_destroy(&monitor->mutex);
  free(monitor);
}

void mipc_monitor_enter(mipc_monitor_t *monitor) {
  pthread_mutex_lock(&monitor->mutex);
}

void mipc_monitor_leave(mipc_monitor_t *monitor) {
  pthread_mutex_unlock(&monitor->mutex);
}

void mipc_monitor_signal(mipc_monitor_t *monitor) {
  pthread_cond_broadcast(&monitor->condition);
}

void mipc_monitor_wait(mipc_monitor_t *monitor, uint32_t ms) {
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += ms / 1000;
  until.tv_nsec += (long)(ms % 1000) * 1000000;
  if (until.tv_nsec >= 1000000000) {
    until.tv_nsec -= 1000000000;
    until.tv_sec++;
  }
  pthread_cond_timedwait(&monitor->condition, &monitor->mutex, &until);
}

struct mipc_thread {
  pthread_t id;
  void (*run)(void *);
  void *argument;
};

static int wake_signal; /* 0: not chosen yet; written once, under the mutex of the process */

/* For when the queue of signals is full: see mipc_thread_interrupt(). */
static const int unqueued[] = {SIGURG, SIGWINCH};

static void on_wake(int number) {
  (void)number;
}

static int choose_signal(void) {
  mipc_process_lock();
  for (int number = SIGRTMAX; !wake_signal && number > SIGRTMIN; number--) {
    struct sigaction now, ours = {.sa_handler = on_wake};
    if (sigaction(number, NULL, &now) < 0 || now.sa_handler != SIG_DFL) continue;
    if (sigaction(number, &ours, NULL) == 0) wake_signal = number;
  }
  int chosen = wake_signal;
  mipc_process_unlock();
  return chosen;
}

static void *start(void *argument) {
  mipc_thread_t *thread = argument;
  sigset_t wake;
  sigemptyset(&wake);
  sigaddset(&wake, wake_signal);
  for (size_t i = 0; i < sizeof unqueued / sizeof *unqueued; i++)
    sigaddset(&wake, unqueued[i]);
  pthread_sigmask(SIG_UNBLOCK, &wake, NULL);
  thread->run(thread->argument);
  return NULL;
}

int mipc_thread_start(void (*run)(void *), void *argument, mipc_thread_t **ret_thread) {
  if (!choose_signal()) return -EAGAIN;
  mipc_thread_t *thread = malloc(sizeof *thread);
  if (!thread) return -ENOMEM;
  *thread = (mipc_thread_t){.run = run, .argument = argument};
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 256 * 1024);
  sigset_t all, old;
  sigfillset(&all);
  /* Faults of the thread itself stay unblocked, otherwise the system would end the process: the
   * thread may access a file that was cut off (guard.h). */
  static const int faults[] = {SIGBUS, SIGSEGV, SIGFPE, SIGILL};
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
    sigdelset(&all, faults[i]);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  int error = pthread_create(&thread->id, &attributes, start, thread);
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  pthread_attr_destroy(&attributes);
  if (error) {
    free(thread);
    return -error;
  }
  *ret_thread = thread;
  return 0;
}

/*
 * pthread_kill() of a real-time signal fails with EAGAIN when this user's signal queue is full
 * (RLIMIT_SIGPENDING), as such a signal must keep its details. The older signals need no place in
 * the queue. We use one of them that is ignored by default and has no handler of other code; when
 * other processes send it, it still does nothing.
 */
void mipc_thread_interrupt(mipc_thread_t *thread) {
  if (pthread_kill(thread->id, wake_signal) != EAGAIN) return;
  mipc_process_lock(); /* so that no thread takes our own handler for that of other code */
  bool sent = false;
  for (size_t i = 0; i < sizeof unqueued / sizeof *unqueued && !sent; i++) {
    struct sigaction now, ours = {.sa_handler = on_wake};
    if (sigaction(unqueued[i], NULL, &now) < 0) continue;
    if (now.sa_handler != on_wake) {
      /* A signal that is ignored explicitly stays ignored. */
      if (now.sa_handler != SIG_DFL || sigaction(unqueued[i], &ours, NULL) < 0) continue;
    }
    sent = pthread_kill(thread->id, unqueued[i]) == 0;
  }
  mipc_process_unlock();
}

void mipc_thread_join(mipc_thread_t *thread) {
  pthread_join(thread->id, NULL);
  free(thread);
}

void mipc_thread_nap(uint32_t microseconds) {
  struct timespec time = {.tv_nsec = (long)microseconds * 1000};
  nanosleep(&time, NULL);
}
