/*
 * What one object of JS uses: its mapping, and beside it the locks, the watch and the table, each
 * of which is made when it is used for the first time.
 *
 * An object belongs to one thread. Its mapping may outlive it, as Buffers over the mapping may.
 */
#ifndef MIPC_SHM_OBJECT_H
#define MIPC_SHM_OBJECT_H

#include <stdbool.h>

#include "../map/map.h"
#include "../sync/event.h"
#include "../sync/filelock.h"
#include "../sync/lock.h"
#include "mapping.h"

typedef struct {
  mipc_mapping_t *mapping;
  const void *thread;     /* see mipc_lock_open() */
  void (*notify)(void *); /* called with `notified` on the thread of a wait that is over */
  void *notified;
  mipc_filelock_t *file_lock; /* this and the rest: NULL: not used yet */
  mipc_lock_t *region_lock;
  mipc_watch_t *watch;
  mipc_map_t *map;
} mipc_object_t;

/*
 * The lock of the object on its file. A file opened by descriptor is opened once more for it, so
 * that two mappings of one descriptor exclude each other. Where the system refuses that, they share
 * one lock. UNSUPPORTED: the mapping is of a region or of private memory.
 */
int mipc_object_file_lock(mipc_object_t *object, mipc_filelock_t **ret_lock);

/* The lock of the object on its region. UNSUPPORTED: there is no region; ACCESS: the region is
 * attached read-only. */
int mipc_object_region_lock(mipc_object_t *object, mipc_lock_t **ret_lock);

/* The watch of the object on its region's event. UNSUPPORTED: there is no region. */
int mipc_object_watch(mipc_object_t *object, mipc_watch_t **ret_watch);

/* The table of a SharedMap. UNSUPPORTED: there is no region of that kind; or as mipc_map_open(). */
int mipc_object_map(mipc_object_t *object, mipc_map_t **ret_map);

/* Closes locks, watch and table: ends every wait, and gives up what is held. The mapping stays
 * open. */
void mipc_object_give_up(mipc_object_t *object);

/* As mipc_mapping_close(). Threads that wait use file and region, so they end first. */
void mipc_object_close(mipc_object_t *object, uint32_t detached);

/* Whether a lock is held by a user, or was won by a wait whose user does not know it yet. */
bool mipc_object_holds(const mipc_object_t *object);

#endif
