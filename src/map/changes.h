/*
 * Changes: what a listener hears of the writes of all processes.
 *
 * Each stripe has a ring of the last 64 changes. Writers fill it only while `armed` in the pool is
 * not 0: it is the number of changes that may still be recorded, and each one takes 1 off. A
 * listener renews it whenever it looks. So a listener that dies is forgotten after a while, and
 * costs writers nothing more.
 *
 *   listener   armed = 4,096; then the lock of each stripe once; then the positions of the rings
 *   writer     under the lock: if armed, the change becomes a part of the operation, and of its
 *              recovery; after the release: the bell, and the event if a thread listens
 *
 * A writer that found `armed` to be 0 has released its lock before the listener gets it, so every
 * later change is recorded. If `armed` has reached 0, changes may be missing; the process that arms
 * again counts that in `armings`, so that the other listeners know, too.
 *
 * A change is also missing if it was overwritten before it was read. In all these cases a listener
 * hears that something has changed, and not what.
 */
#ifndef MIPC_MAP_CHANGES_H
#define MIPC_MAP_CHANGES_H

#include "map.h"

/*
 * Begins to listen: every change that begins after this call is heard. `thread`: listeners of this
 * process wait for the event of the region, and not for its bell. DONE; BUSY: call again; ACCESS:
 * attached read-only; CORRUPT, TRUNCATED, CLOSED.
 */
int mipc_map_listen(mipc_map_t *map, bool thread, uint32_t us);

/*
 * The changes since the last call, or since mipc_map_listen(): as mipc_map_item_t, whose type is a
 * MIPC_MAP_CHANGE_, and whose version is that of the entry or of its deletion. Each is followed by
 * its key, padded to 8 bytes. The order of changes of one key is that in which they were made.
 * `*ret_lost`: there were more than these. DONE; MORE: call again for the rest; BUSY: call again;
 * failures as above.
 */
int mipc_map_changes(mipc_map_t *map, void *to, uint64_t room, uint32_t us, uint64_t *ret_used,
                     bool *ret_lost);

/* Ends it for this map. */
void mipc_map_unlisten(mipc_map_t *map);

#endif
