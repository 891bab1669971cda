/*
 * The event of a region: one word in its header, by which those who have changed something tell
 * those who wait for it. Nobody is counted: a waiter that died costs one wake, a publisher that
 * died before he woke costs those who wait the rest of a sleep.
 *
 * The word is (count << 1) | W. Who waits sets W, as long as the count is the one he knows, and
 * sleeps on that value. Who publishes counts up, which clears W, and wakes all if it was set. So
 * nothing is called of the system when nobody waits.
 *
 * Read-only attachers cannot set W: they look, after 1 ms at first, every 20 ms in the end.
 */
#ifndef MIPC_SYNC_EVENT_H
#define MIPC_SYNC_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "../region/region.h"

/* The count as it is now, 31 bits. What was stored before it was published is seen. */
uint32_t mipc_event_count(const mipc_region_shm_t *header);

/* Counts up, and wakes those who wait. What was stored before is seen by them. */
void mipc_event_publish(mipc_region_shm_t *header);

/*
 * Sleeps until the count is not `count`, or for about `us` microseconds: 1 it is another; 0 it is
 * not. `can_write`: as the header is mapped. `*looks` counts the sleeps in a row of one who cannot:
 * 0 at first.
 */
int mipc_event_wait(mipc_region_shm_t *header, bool can_write, uint32_t count, uint32_t us,
                    uint32_t *looks);

/*
 * A watch: a thread of its own (sync/waiter.h) that waits for the count to move, tells once, and is
 * quiet until it is armed again. Moves in between are told then, as one. One for each object, used
 * by one thread (of JS). It tells also when it finds, a quarter of a second later at most, that the
 * region is truncated or overwritten.
 */
typedef struct mipc_watch mipc_watch_t;

/* The region stays the caller's, and must outlive it. Knows the count as it is now. */
int mipc_watch_open(mipc_region_t *region, void (*notify)(void *), void *notified,
                    mipc_watch_t **ret_watch);
void mipc_watch_close(mipc_watch_t *watch); /* NULL is fine */

/* Waits for a count that is not the one told of last. 0, also when it does so already; TRUNCATED,
 * CORRUPT; or why no thread can be started. To be called before what was published is looked at. */
int mipc_watch_arm(mipc_watch_t *watch);
void mipc_watch_disarm(mipc_watch_t *watch);

#endif
