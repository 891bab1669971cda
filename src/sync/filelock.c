/*
 * The states of a lock on a file; filelock.h draws them.
 */
#include "filelock.h"

#include <stdlib.h>

#include "../base/atomic.h"
#include "../os/process.h"
#include "../os/thread.h"

/* While a wait is being stopped: the time between two interruptions, one of which must arrive
 * during the system call. */
#define INTERRUPT_MS 2

/* Between two tries for a lock that is taken. With two processes that want one lock all the time,
 * the other one does many pairs meanwhile: 0.71 million pairs a second in all, and 0.55 if the
 * waiting thread starts at once (bench/lock.js; fs-ext, which blocks in flock, 0.62 beside them).
 */
#define NAP_US 50

/* How long a lock that was won waits for a poll. */
#define UNPOLLED_MS 100

typedef enum { FREE, WAITING, WON, FAILED, LOST, HELD } state_t;

struct mipc_filelock {
  mipc_file_t file;
  bool own_file;            /* opened here, closed here */
  mipc_flock_range_t range; /* of what is held or waited for */
  mipc_monitor_t *monitor;  /* guards state and status while the thread runs */
  state_t state;
  int status;             /* of FAILED */
  bool seen;              /* WON, and the end of the wait was polled or cancelled */
  mipc_atomic_u32_t stop; /* 1: the thread gives up */
  mipc_thread_t *thread;  /* NULL: none to join */
  void (*notify)(void *);
  void *context;
  uint32_t turn; /* counts the acquisitions */
};

int mipc_filelock_open(mipc_file_t file, bool own, mipc_filelock_t **ret_lock) {
  mipc_filelock_t *lock = calloc(1, sizeof *lock);
  if (!lock) return mipc_no_memory();
  lock->file = file;
  lock->own_file = !own;
  lock->monitor = mipc_monitor_new();
  int status = lock->monitor ? 0 : mipc_no_memory();
  if (status == 0 && !own) status = mipc_flock_reopen(file, &lock->file);
  if (status < 0) {
    mipc_monitor_free(lock->monitor);
    free(lock);
    return status;
  }
  *ret_lock = lock;
  return 0;
}

void mipc_filelock_close(mipc_filelock_t *lock) {
  if (!lock) return;
  mipc_filelock_cancel(lock);
  mipc_filelock_drop(lock);
  mipc_monitor_free(lock->monitor);
  if (lock->own_file) mipc_file_close(lock->file);
  free(lock);
}

static void hold(mipc_filelock_t *lock) {
  lock->state = HELD;
  lock->turn++;
}

int mipc_filelock_take(mipc_filelock_t *lock, const mipc_flock_range_t *range, uint32_t naps) {
  mipc_filelock_cancel(lock);
  for (;;) {
    int status = mipc_flock_try(lock->file, range);
    if (status == 1) {
      lock->range = *range;
      hold(lock);
    }
    if (status != 0 || naps-- == 0) return status;
    mipc_thread_nap(NAP_US);
  }
}

/* WON, entered: waits until a poll or a cancel has seen it; else releases the lock. */
static void await_poll(mipc_filelock_t *lock) {
  /* A wait may return early, so there are several short ones. */
  for (int i = 0; i < 4 && !lock->seen; i++)
    mipc_monitor_wait(lock->monitor, UNPOLLED_MS / 4);
  if (lock->seen) return;
  mipc_flock_release(lock->file, &lock->range);
  lock->state = LOST;
}

static void wait_for_it(void *argument) {
  mipc_filelock_t *lock = argument;
  int status = mipc_flock_wait(lock->file, &lock->range, &lock->stop);
  mipc_monitor_enter(lock->monitor);
  lock->state = status == 1 ? WON : FAILED;
  lock->status = status;
  mipc_monitor_signal(lock->monitor);
  if (!lock->notify && status == 1) await_poll(lock);
  mipc_monitor_leave(lock->monitor);
  /* Still before the join: the lock cannot be freed under us. */
  if (lock->notify) lock->notify(lock->context);
}

static int start(mipc_filelock_t *lock) {
  lock->stop = 0;
  lock->seen = false;
  lock->state = WAITING;
  int status = mipc_thread_start(wait_for_it, lock, &lock->thread);
  if (status < 0) lock->state = FREE;
  return status;
}

int mipc_filelock_begin(mipc_filelock_t *lock, const mipc_flock_range_t *range,
                        void (*notify)(void *), void *context) {
  mipc_filelock_cancel(lock);
  lock->range = *range;
  lock->notify = notify;
  lock->context = context;
  return start(lock);
}

static void join(mipc_filelock_t *lock) {
  mipc_thread_join(lock->thread);
  lock->thread = NULL;
}

int mipc_filelock_poll(mipc_filelock_t *lock, uint32_t ms) {
  if (!lock->thread) return 0;
  mipc_monitor_enter(lock->monitor);
  if (lock->state == WAITING && ms) mipc_monitor_wait(lock->monitor, ms);
  state_t state = lock->state;
  lock->seen = state == WON;
  mipc_monitor_signal(lock->monitor);
  mipc_monitor_leave(lock->monitor);
  if (state == WAITING) return 0;
  join(lock);
  if (state == LOST) return start(lock);
  if (state == WON)
    hold(lock);
  else
    lock->state = FREE;
  return lock->status;
}

void mipc_filelock_cancel(mipc_filelock_t *lock) {
  if (!lock->thread) return;
  /* release: pairs with the acquire in the waiting thread; the signal that follows makes it look.
   */
  mipc_atomic_store_release(&lock->stop, 1);
  mipc_monitor_enter(lock->monitor);
  while (lock->state == WAITING) {
    mipc_thread_interrupt(lock->thread);
    mipc_monitor_wait(lock->monitor, INTERRUPT_MS);
  }
  lock->seen = true;
  mipc_monitor_signal(lock->monitor);
  mipc_monitor_leave(lock->monitor);
  join(lock);
  bool won = lock->state == WON;
  lock->state = FREE;
  if (won) mipc_flock_release(lock->file, &lock->range);
}

bool mipc_filelock_held(const mipc_filelock_t *lock) {
  return !lock->thread && lock->state == HELD;
}

uint32_t mipc_filelock_turn(const mipc_filelock_t *lock) {
  return lock->turn;
}

bool mipc_filelock_holds(const mipc_filelock_t *lock) {
  if (!lock->thread) return lock->state == HELD;
  mipc_monitor_enter(lock->monitor);
  bool won = lock->state == WON;
  mipc_monitor_leave(lock->monitor);
  return won;
}

void mipc_filelock_drop(mipc_filelock_t *lock) {
  if (lock->thread || lock->state != HELD)
    return; /* with a thread, the state is not ours to read */
  lock->state = FREE;
  mipc_flock_release(lock->file, &lock->range);
}
