/*
 * The event of a region: one word in its header. A process that has changed something publishes it,
 * and waiters wake up. Waiters are not counted. A waiter that dies costs one needless wake; a
 * publisher that dies before it wakes the waiters costs them the rest of one sleep.
 *
 * The word is (count << 1) | W. W means that waiters may be asleep. A waiter sets W if the count is
 * still the one that it knows, and sleeps on that value. A publisher increments the count, which
 * clears W, and wakes all waiters if W was set. So without waiters no system call is made.
 *
 * Read-only attachments cannot set W. They poll: after 1 ms at first, every 20 ms in the end.
 */
#ifndef MIPC_SYNC_EVENT_H
#define MIPC_SYNC_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "../region/region.h"

/* The current count, 31 bits. The caller sees everything that was stored before it was published.
 */
uint32_t mipc_event_count(const mipc_region_shm_t *header);

/* Increments the count and wakes the waiters, which see everything that was stored before. */
void mipc_event_publish(mipc_region_shm_t *header);

/*
 * Sleeps until the count differs from `count`, or for about `us` microseconds: 1 if it differs, 0
 * if not. `can_write`: the header is mapped writable. `*looks` counts the sleeps in a row of a
 * waiter that cannot write; it is 0 at first.
 */
int mipc_event_wait(mipc_region_shm_t *header, bool can_write, uint32_t count, uint32_t us,
                    uint32_t *looks);

/*
 * A watch: a thread of its own (sync/waiter.h) that waits for the count to change, notifies once,
 * and is quiet until it is armed again. Changes in between are then reported as one. Each object
 * has one watch, used by one thread (of JS). The watch also notifies when the region is truncated
 * or overwritten, which it finds within a quarter of a second.
 */
typedef struct mipc_watch mipc_watch_t;

/* The region remains the caller's, and must outlive the watch, which starts at the current count.
 */
int mipc_watch_open(mipc_region_t *region, void (*notify)(void *), void *notified,
                    mipc_watch_t **ret_watch);
void mipc_watch_close(mipc_watch_t *watch); /* NULL is fine */

/* Waits for a count other than the one reported last. 0, also if it is armed already; TRUNCATED,
 * CORRUPT; or the error of starting the thread. Call it before reading what was published. */
int mipc_watch_arm(mipc_watch_t *watch);
void mipc_watch_disarm(mipc_watch_t *watch);

#endif
