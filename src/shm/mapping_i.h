/*
 * The inner side of a mapping, for mapping_open.c and mapping.c only.
 */
#ifndef MIPC_SHM_MAPPING_I_H
#define MIPC_SHM_MAPPING_I_H

#include "../base/atomic.h"
#include "../os/guard.h"
#include "mapping.h"

struct mipc_mapping {
  mipc_atomic_u32_t refs;    /* the opener's and one per window */
  mipc_atomic_u32_t windows; /* whose ArrayBuffer still exists */
  mipc_region_t *region;     /* that owns the file; NULL: the mapping owns it */
  mipc_file_t file;
  uint8_t *base;           /* for our own operations; NULL: unmapped */
  uint8_t *view;           /* for user code; the same address or a second range */
  size_t span;             /* bytes of each range: slop + size */
  size_t slop;             /* bytes between the granularity boundary and the user's first byte */
  uint64_t size;           /* bytes that the user sees */
  uint64_t offset;         /* in the file, of the user's first byte */
  mipc_guard_t *guards[2]; /* of base, and of a separate view; NULL: unguarded */
  bool own_description;    /* opened here, not a duplicate of a descriptor */
  uint32_t prot;
  bool anonymous; /* private memory without a file */
  bool shown;     /* user code has a window on `view` */
  bool closed;
  bool replaced; /* `view` shows private zeros until its last window is collected */
  bool detached; /* a window was detached; a call of Node may still use its address */
};

#endif
