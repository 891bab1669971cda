/*
 * The watch of a lock's owner: a thread that the kernel wakes when the owner's process ends, so
 * that waiters need not ask again and again. There is one for each region and process, from the
 * first long wait until the last lock that has used it is closed. It blocks on the byte of the
 * owner (os/presence.h) through a descriptor of its own.
 *
 * A watch sees one owner at a time. A waiter that is about to sleep long enters its sleep. It is
 * refused unless the thread is blocked on exactly this owner's byte, or about to be: the byte shows
 * a death that came first, too. When the thread returns, for whatever reason, it refuses all
 * further sleeps, and wakes those that were entered until all of them have left. The word does not
 * change at a death, so a waiter that was about to sleep misses the first wake; hence the
 * repetition.
 *
 * What a watch reports is a hint. The waiter asks the kernel itself (mipc_region_alive()) before it
 * takes the lock. Any thread may call these functions.
 */
#ifndef MIPC_SYNC_OWNER_WATCH_H
#define MIPC_SYNC_OWNER_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "../region/region.h"

typedef struct mipc_owner_watch mipc_owner_watch_t;

/* A sleep on the lock's word, in memory of the waiter. */
typedef struct mipc_watched_sleep {
  const mipc_atomic_u32_t *word;
  struct mipc_watched_sleep *next;
} mipc_watched_sleep_t;

/* The watch of this region in this process. Failures: no memory, no descriptor; UNSUPPORTED. */
int mipc_owner_watch_open(const mipc_region_t *region, mipc_owner_watch_t **ret_watch);

/* The last close ends the thread. Not in the child of a fork(). NULL is fine. */
void mipc_owner_watch_close(mipc_owner_watch_t *watch);

/* Whether the sleep will be woken when participant `number` ends; then leave must follow the sleep.
 * False: not yet, or never; the watch turns to this participant if it can. */
bool mipc_owner_watch_enter(mipc_owner_watch_t *watch, uint32_t number,
                            mipc_watched_sleep_t *sleep);
void mipc_owner_watch_leave(mipc_owner_watch_t *watch, mipc_watched_sleep_t *sleep);

/* Whether the kernel has reported the end of participant `number`. NULL: no. */
bool mipc_owner_watch_reports(mipc_owner_watch_t *watch, uint32_t number);

#endif
