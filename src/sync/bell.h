/*
 * The bell of a region: how a publication reaches the event loop of a process without a thread.
 *
 * The bell is one byte of the region's own file. A listener has its event loop watch the file
 * (inotify); a publisher writes the byte with a system call, which the kernel reports to all that
 * watch. A store through a mapping is not reported; a change of the file's size is.
 *
 *   listener   watch the file, once; then each time: armed = 1, fence, look at what is published
 *   publisher  publish, fence, and if armed: armed = 0, write the byte
 *
 * Because of the two fences, either the listener sees the publication, or the publisher sees that
 * it must ring. A ring reaches all listeners; each of them arms the bell again, and looks. A dead
 * listener costs one write. A publisher that dies between its publication and the write holds the
 * lock, and the process that recovers the lock rings. Without a recovery no process rings, so a
 * listener also looks from time to time. formal/bell.pml is the model.
 *
 * Read-only attachments cannot arm the bell.
 */
#ifndef MIPC_SYNC_BELL_H
#define MIPC_SYNC_BELL_H

#include "../base/atomic.h"
#include "../region/region.h"

/* Bytes of a path to watch, with its zero. */
#define MIPC_BELL_PATH 64

/* A path by which this process can watch the file of the region, while the region is open. CLOSED;
 * ACCESS: attached read-only; UNSUPPORTED: the system reports no writes. */
int mipc_bell_path(const mipc_region_t *region, char ret_path[MIPC_BELL_PATH]);

/* Asks for a ring at the next publication. The caller reads the published data after this call. 0;
 * TRUNCATED, CORRUPT, CLOSED: the bell will not ring any more. Only mipc_region_whole() finds a
 * file that was cut off behind its header. */
int mipc_bell_arm(const mipc_region_t *region);

/* Clears the word and rings: for mipc_bell_publish(). */
void mipc_bell_answer(const mipc_region_t *region);

/* Rings if a listener has armed the bell of the region, whose header is `header`. To be called
 * right after mipc_event_publish(), which ends with a swap; the caller still holds the lock. */
static inline void mipc_bell_publish(const mipc_region_t *region, const mipc_region_shm_t *header) {
  /* seq_cst: the publication, which ends with a swap, before the load of the word; see
   * mipc_bell_arm(). */
  mipc_atomic_fence_after_swap();
  if (mipc_atomic_load_relaxed(&header->bell_armed)) mipc_bell_answer(region);
}

/* Rings also if the bell is not armed: for the process that recovers the lock. */
void mipc_bell_ring(const mipc_region_t *region);

#endif
