/*
 * The thread of waiter.h.
 */
#include "waiter.h"

#include <stdlib.h>

#include "../os/process.h"
#include "../os/thread.h"

/* The longest sleep of an idle thread. It is signalled; this is only for safety. */
#define PARKED_MS 60000

/* While the thread is being ended: the time between two interruptions, one of which must arrive
 * during a sleep. */
#define INTERRUPT_MS 2

typedef enum { IDLE, WAITING, DONE } state_t;

struct mipc_waiter {
  mipc_waiter_ways_t ways;
  mipc_monitor_t *monitor; /* guards all that follows but `thread` */
  state_t state;
  int result; /* of DONE */
  bool fresh; /* begun since the last look */
  bool asleep;
  bool slept; /* since begin */
  bool stop;
  bool ended;
  mipc_thread_t *thread; /* NULL: not started */
};

int mipc_waiter_open(const mipc_waiter_ways_t *ways, mipc_waiter_t **ret_waiter) {
  mipc_waiter_t *w = calloc(1, sizeof *w);
  if (!w) return mipc_no_memory();
  w->ways = *ways;
  w->monitor = mipc_monitor_new();
  if (!w->monitor) {
    free(w);
    return mipc_no_memory();
  }
  *ret_waiter = w;
  return 0;
}

/* Entered at the beginning and at the end, but not during the sleep. */
static void sleep_a_little(mipc_waiter_t *w) {
  w->asleep = true;
  mipc_monitor_leave(w->monitor);
  w->ways.sleep(w->ways.context);
  mipc_monitor_enter(w->monitor);
  w->asleep = false;
  w->slept = !w->fresh;
  if (w->state == WAITING || !w->ways.quit) return;
  mipc_monitor_leave(w->monitor);
  w->ways.quit(w->ways.context);
  mipc_monitor_enter(w->monitor);
}

static void run(void *argument) {
  mipc_waiter_t *w = argument;
  mipc_monitor_enter(w->monitor);
  while (!w->stop) {
    if (w->state != WAITING) {
      mipc_monitor_wait(w->monitor, PARKED_MS);
      continue;
    }
    bool fresh = w->fresh;
    w->fresh = false;
    int result = w->ways.look(w->ways.context, fresh);
    if (!result) {
      sleep_a_little(w);
      continue;
    }
    w->state = DONE;
    w->result = result;
    mipc_monitor_leave(w->monitor);
    w->ways.notify(w->ways.notified);
    mipc_monitor_enter(w->monitor);
  }
  w->ended = true;
  mipc_monitor_signal(w->monitor);
  mipc_monitor_leave(w->monitor);
}

int mipc_waiter_begin(mipc_waiter_t *w) {
  mipc_monitor_enter(w->monitor);
  w->state = WAITING;
  w->fresh = true;
  w->slept = false;
  /* The thread may still sleep on a value that an earlier wait has seen. */
  if (w->asleep) mipc_thread_interrupt(w->thread);
  mipc_monitor_signal(w->monitor);
  mipc_monitor_leave(w->monitor);
  if (w->thread) return 0;
  int status = mipc_thread_start(run, w, &w->thread);
  if (status < 0) w->state = IDLE; /* no thread reads it */
  return status;
}

void mipc_waiter_close(mipc_waiter_t *w) {
  if (!w) return;
  if (w->thread) {
    mipc_monitor_enter(w->monitor);
    w->stop = true;
    w->state = IDLE;
    mipc_monitor_signal(w->monitor);
    while (!w->ended) {
      mipc_thread_interrupt(w->thread);
      mipc_monitor_wait(w->monitor, INTERRUPT_MS);
    }
    mipc_monitor_leave(w->monitor);
    mipc_thread_join(w->thread);
  }
  mipc_monitor_free(w->monitor);
  free(w);
}

void mipc_waiter_enter(mipc_waiter_t *w) {
  if (w) mipc_monitor_enter(w->monitor);
}

void mipc_waiter_leave(mipc_waiter_t *w) {
  if (w) mipc_monitor_leave(w->monitor);
}

int mipc_waiter_result(const mipc_waiter_t *w) {
  return w && w->state == DONE ? w->result : 0;
}

bool mipc_waiter_waits(const mipc_waiter_t *w) {
  return w && w->state == WAITING;
}

bool mipc_waiter_has_slept(const mipc_waiter_t *w) {
  return mipc_waiter_waits(w) && w->slept;
}

/* The thread is interrupted, as it could otherwise take the wakes of others for a while. */
void mipc_waiter_stop(mipc_waiter_t *w) {
  if (!w) return;
  w->state = IDLE;
  if (w->asleep) mipc_thread_interrupt(w->thread);
}

void mipc_waiter_again(mipc_waiter_t *w) {
  w->state = WAITING;
  mipc_monitor_signal(w->monitor);
}
