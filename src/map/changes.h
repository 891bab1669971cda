/*
 * Changes: how a listener is notified of the writes of all processes.
 *
 * Each stripe has a ring of its last 64 changes. Writers fill it only up to the position `wanted`,
 * which listeners move ahead. So a listener that dies is forgotten after a while, and costs writers
 * nothing more.
 *
 *   listener   under the lock of each stripe once: position = changes, wanted = changes + 4,096;
 * then again and again: arm the bell, read the changes behind the position writer     under the
 * lock: if changes < wanted, the change becomes a part of the operation, and of its recovery; after
 * the release of the lock: the bell, and the event if a thread listens
 *
 * The lock orders the listener with all writers of the stripe, so these need no fence. A process
 * that dies between the release and the bell leaves a change that nothing rings for: listeners must
 * also look from time to time. formal/map-ring.pml is the model.
 *
 * Changes are lost for a listener if they were overwritten before it read them, or if `changes` has
 * reached the value of `wanted` that it knows. The listener is then notified that
 * something has changed, but not what.
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
