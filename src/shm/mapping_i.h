/*
 * The mapping from inside: shared by mapping_open.c (birth), mapping.c (use) and nobody else.
 */
#ifndef MIPC_SHM_MAPPING_I_H
#define MIPC_SHM_MAPPING_I_H

#include "../base/atomic.h"
#include "../os/guard.h"
#include "mapping.h"

struct mipc_mapping {
  mipc_atomic_u32_t refs;    /* the opener's and one per window */
  mipc_atomic_u32_t windows; /* whose ArrayBuffer is not gone yet */
  mipc_region_t *region;     /* whose file that is; NULL: a file of our own */
  mipc_file_t file;
  uint8_t *base;           /* what our operations work on; NULL: given back */
  uint8_t *view;           /* what user code sees; the same address, or a range of its own */
  size_t span;             /* bytes of each range: slop + size */
  size_t slop;             /* bytes between the granularity boundary and the user's first byte */
  uint64_t size;           /* bytes of the user's */
  uint64_t offset;         /* of the user's first byte, in the file */
  mipc_guard_t *guards[2]; /* of base, and of a view of its own; NULL: unguarded */
  bool own_description;    /* opened by us, not a copy of a descriptor */
  uint32_t prot;
  bool anonymous; /* no file: memory of this process alone */
  bool shown;     /* a window on `view` was given out */
  bool closed;
  bool replaced; /* `view` is private zeros by now and waits for its last window */
  bool detached; /* one of its windows was detached, and may still be under a call of Node's */
};

#endif
