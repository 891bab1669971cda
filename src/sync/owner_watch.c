/*
 * The thread of owner_watch.h, and the table of all watches of this process.
 */
#include "owner_watch.h"

#include <stdlib.h>

#include "../os/fork.h"
#include "../os/process.h"
#include "../os/shared_file.h"
#include "../os/thread.h"
#include "../os/wait.h"

/* The longest sleep of a thread that watches no owner. It is signalled; this is only for safety. */
#define PARKED_MS 60000

/* The time between two wakes of a sleep that may not have begun at the first, and between two
 * interruptions of a thread that may not have been in its system call. */
#define REPEAT_MS 2

struct mipc_owner_watch {
  mipc_owner_watch_t *next; /* in the table; under the mutex of the process, as is `users` */
  uint32_t users;
  uint64_t id[2]; /* of the region; constant, as is all down to `monitor` */
  uint32_t fork_generation;
  mipc_file_t file;
  mipc_monitor_t *monitor; /* guards all that follows */
  mipc_thread_t *thread;   /* NULL: not started */
  uint32_t wanted;         /* the number to watch; 0: none */
  uint32_t watched;        /* the number that the thread blocks on, or is about to; 0: none */
  uint32_t ended;          /* the last number whose end was reported */
  bool refused;            /* the system refuses the call */
  mipc_watched_sleep_t *sleeps;
  bool stop, stopped;
};

static mipc_owner_watch_t *all; /* of this process; under its mutex */

/* Entered. No sleep can be entered meanwhile. */
static void wake_all(mipc_owner_watch_t *w) {
  while (w->sleeps) {
    /* A sleep that is entered has not left, so the word is still mapped. It is the same word for
     * all of them. */
    mipc_wait_wake(w->sleeps->word, true);
    mipc_monitor_wait(w->monitor, REPEAT_MS);
  }
}

static void run(void *argument) {
  mipc_owner_watch_t *w = argument;
  mipc_monitor_enter(w->monitor);
  while (!w->stop) {
    if (!w->wanted) {
      mipc_monitor_wait(w->monitor, PARKED_MS);
      continue;
    }
    uint32_t number = w->watched = w->wanted;
    mipc_monitor_leave(w->monitor);
    int status = mipc_region_await_end(w->file, number);
    mipc_monitor_enter(w->monitor);
    if (status == 0 && w->wanted == number) continue; /* a signal for nothing, or stop */
    w->watched = 0;
    if (w->wanted == number) w->wanted = 0;
    if (status == 1) w->ended = number;
    if (status < 0) w->refused = true;
    wake_all(w);
  }
  w->stopped = true;
  mipc_monitor_signal(w->monitor);
  mipc_monitor_leave(w->monitor);
}

/* With the mutex of the process. */
static mipc_owner_watch_t *find(const mipc_owner_watch_t *like) {
  mipc_owner_watch_t *w = all;
  /* Entries that a fork() copied from the parent have no thread in this process. */
  while (w && (w->id[0] != like->id[0] || w->id[1] != like->id[1] ||
               w->fork_generation != like->fork_generation)) {
    w = w->next;
  }
  if (w) w->users++;
  return w;
}

static void discard(mipc_owner_watch_t *w) {
  mipc_shared_close(w->file);
  mipc_monitor_free(w->monitor);
  free(w);
}

static int make(const mipc_region_t *region, mipc_owner_watch_t **ret_watch) {
  mipc_owner_watch_t *w = calloc(1, sizeof *w);
  if (!w) return mipc_no_memory();
  w->file = MIPC_NO_FILE;
  w->users = 1;
  mipc_region_id(region, w->id);
  w->fork_generation = mipc_region_fork_generation(region);
  w->monitor = mipc_monitor_new();
  int status = w->monitor ? mipc_region_reopen(region, &w->file) : mipc_no_memory();
  if (status < 0) {
    discard(w);
    return status;
  }
  *ret_watch = w;
  return 0;
}

int mipc_owner_watch_open(const mipc_region_t *region, mipc_owner_watch_t **ret_watch) {
  mipc_owner_watch_t like = {.fork_generation = mipc_region_fork_generation(region)};
  mipc_owner_watch_t *own = NULL;
  mipc_region_id(region, like.id);
  mipc_process_lock();
  mipc_owner_watch_t *found = find(&like);
  mipc_process_unlock();
  if (!found) {
    int status = make(region, &own);
    if (status < 0) return status;
    mipc_process_lock();
    found = find(&like); /* another thread may have been faster */
    if (!found) {
      own->next = all;
      all = own;
    }
    mipc_process_unlock();
    if (found) discard(own);
  }
  *ret_watch = found ? found : own;
  return 0;
}

static bool is_last(mipc_owner_watch_t *watch) {
  mipc_process_lock();
  bool last = --watch->users == 0;
  for (mipc_owner_watch_t **at = &all; last && *at; at = &(*at)->next) {
    if (*at != watch) continue;
    *at = watch->next;
    break;
  }
  mipc_process_unlock();
  return last;
}

void mipc_owner_watch_close(mipc_owner_watch_t *w) {
  if (!w || !is_last(w)) return;
  if (w->thread) {
    mipc_monitor_enter(w->monitor);
    w->stop = true;
    w->wanted = 0;
    mipc_monitor_signal(w->monitor);
    while (!w->stopped) {
      mipc_thread_interrupt(w->thread);
      mipc_monitor_wait(w->monitor, REPEAT_MS);
    }
    mipc_monitor_leave(w->monitor);
    mipc_thread_join(w->thread);
  }
  discard(w);
}

/* Entered. Waiters that are refused come again after a short sleep; so an interruption that came
 * too early, and a thread that could not be started, are repeated. */
static void turn_to(mipc_owner_watch_t *w, uint32_t number) {
  if (w->refused || w->ended == number) return;
  w->wanted = number;
  if (!w->thread) {
    if (mipc_thread_start(run, w, &w->thread) < 0) w->thread = NULL;
  } else if (w->watched) {
    mipc_thread_interrupt(w->thread);
  } else {
    mipc_monitor_signal(w->monitor);
  }
}

bool mipc_owner_watch_enter(mipc_owner_watch_t *w, uint32_t number, mipc_watched_sleep_t *sleep) {
  mipc_monitor_enter(w->monitor);
  /* If the thread is to turn to another owner, it may not have returned yet. */
  bool is_watched = w->watched == number && w->wanted == number;
  if (is_watched) {
    sleep->next = w->sleeps;
    w->sleeps = sleep;
  } else {
    turn_to(w, number);
  }
  mipc_monitor_leave(w->monitor);
  return is_watched;
}

void mipc_owner_watch_leave(mipc_owner_watch_t *w, mipc_watched_sleep_t *sleep) {
  mipc_monitor_enter(w->monitor);
  mipc_watched_sleep_t **at = &w->sleeps;
  while (*at != sleep) {
    at = &(*at)->next;
  }
  *at = sleep->next;
  mipc_monitor_signal(w->monitor);
  mipc_monitor_leave(w->monitor);
}

bool mipc_owner_watch_reports(mipc_owner_watch_t *w, uint32_t number) {
  if (!w) return false;
  mipc_monitor_enter(w->monitor);
  bool reported = w->ended == number;
  mipc_monitor_leave(w->monitor);
  return reported;
}
