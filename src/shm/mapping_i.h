/*
 * The mapping from inside: shared by mapping_open.c (birth), mapping.c (use) and nobody else.
 */
#ifndef MIPC_SHM_MAPPING_I_H
#define MIPC_SHM_MAPPING_I_H

#include "../base/atomic.h"
#include "mapping.h"

struct mipc_mapping {
  mipc_atomic_u32_t refs;    /* the opener's and one per window */
  mipc_atomic_u32_t windows; /* whose ArrayBuffer is not gone yet */
  mipc_file_t file;
  uint8_t *base; /* what our operations work on; NULL: given back */
  uint8_t *view; /* what user code sees; the same address, or a range of its own */
  size_t span;   /* bytes of each range: slop + size */
  size_t slop;   /* bytes between the granularity boundary and the user's first byte */
  uint64_t size; /* bytes of the user's */
  uint32_t prot;
  bool copy_on_write;
  bool shown; /* a window on `view` was given out */
  bool closed;
  bool replaced; /* `view` is private zeros by now and waits for its last window */
  bool detached; /* one of its windows was detached, and may still be under a call of Node's */
};

#endif
