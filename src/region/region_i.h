/*
 * The internals of a region. Only the files of this folder include this file.
 */
#ifndef MIPC_REGION_REGION_I_H
#define MIPC_REGION_REGION_I_H

#include "../base/atomic.h"
#include "../os/shared_file.h"
#include "region.h"

struct mipc_region {
  mipc_atomic_u32_t refs;
  mipc_place_t place; /* NAME, PATH or ANONYMOUS, regardless of how it was found */
  bool unnamed;       /* a NAME whose file replaces anonymous memory; it has a handle, not a name */
  bool read_only;
  bool made; /* this attachment has created the region */
  bool closed;
  bool shown;               /* the user has read its handle */
  uint32_t fork_generation; /* of the process that has the descriptors */
  /* The presence descriptor: holds our byte, and the creation lock for short times. It is not
   * mapped, as a mapping would keep its file, and so its locks, open after the close. */
  mipc_file_t presence;
  mipc_file_t file;          /* without locks: is mapped, asks for bytes, is opened by others */
  char *path;                /* of NAME and PATH, else NULL */
  mipc_region_shm_t *header; /* MIPC_PAYLOAD_OFFSET bytes; NULL: not mapped */
  mipc_guard_t *guard;       /* of the header */
  uint64_t size;             /* of the payload; to kind_words: checked once, then constant */
  uint64_t capacity;
  uint64_t id[2];
  uint32_t kind;
  uint32_t codec;
  mipc_kind_words_t kind_words;
  uint32_t number;          /* of this participant; 0: none */
  uint64_t byte;            /* the locked byte of `presence`; 0: none */
  int32_t row;              /* in the table of participants; -1: none */
  char *inherit;            /* the name for INHERIT in this process, else NULL */
  mipc_region_t *next;      /* in the list of inherit.c */
  mipc_region_t *next_kept; /* in the list of keep.c */
  uint64_t checked_ms;      /* mipc_clock_stamp() of the last check of its name */
  uint32_t checked_created; /* how many names this process had created then */
};

/* Bytes past the end of any file. A locked one shows that a participant is attached. Each number
 * has one; readers have no number, and pick one of many at random. */
#define MIPC_WRITERS_FIRST ((uint64_t)1 << 40)
#define MIPC_WRITERS_LAST  (MIPC_WRITERS_FIRST + MIPC_MAX_NUMBER)
#define MIPC_READERS_FIRST ((uint64_t)1 << 41)
#define MIPC_READERS_LAST  (MIPC_READERS_FIRST + ((uint64_t)1 << 30) - 1)

/* One call of mipc_region_open(). */
typedef struct {
  const mipc_region_spec_t *spec;
  mipc_report_t *report;
  uint64_t deadline; /* mipc_clock_ms() */
  unsigned tries;    /* including the current one */
} mipc_i_opening_t;

/* A result of the steps of open, besides 0 and failures: what they found has changed meanwhile, so
 * open starts again. */
#define MIPC_AGAIN 1

/* header.c */

/* Reads the beginning of the file once, and returns its state as mipc_region_validate() does. The
 * report describes what exists. */
int mipc_i_header_read(mipc_file_t file, mipc_report_t *report, mipc_region_shm_t *ret_copy,
                       int *ret_state);
/* Whether a good header matches the spec: 0, KIND, TOO_SMALL; RANGE: too large to map. */
int mipc_i_header_fits(const mipc_region_spec_t *spec, const mipc_region_shm_t *copy);
/* Opens `file` through the presence descriptor and maps the header from it. */
int mipc_i_header_map(mipc_region_t *region, const mipc_i_opening_t *opening);

/* create.c. The caller holds the creation lock on `presence`. */

/* Creates the region in the file of the presence descriptor, which is unfinished or new, and
 * attaches. */
int mipc_i_region_make(mipc_region_t *region, const mipc_i_opening_t *opening);
/* Attaches to a good region. `copy`: its header. */
int mipc_i_region_join(mipc_region_t *region, const mipc_i_opening_t *opening,
                       const mipc_region_shm_t *copy);

/* For a path region with a corrupt header: UNCLEAN if a power failure explains it (it was in use
 * then, and no process has written since), else CORRUPT. */
int mipc_i_region_damage(mipc_file_t presence, const mipc_region_shm_t *copy);

/* creation_lock.c */

/* Takes the creation lock: 0; TIMEOUT; or the system's error. */
int mipc_i_creation_lock(mipc_file_t presence, uint64_t deadline);
void mipc_i_creation_unlock(mipc_file_t presence);

/* participants.c */

/* Takes a number, its byte, and a row if one is free. The caller holds the creation lock. */
int mipc_i_participant_join(mipc_region_t *region);
/* Releases byte and row. */
void mipc_i_participant_leave(mipc_region_t *region);
/* Whether a participant other than the holder of this descriptor is attached: 1, 0 or a failure. */
int mipc_i_others_attached(mipc_file_t file, bool readers_too);
/* Clears the table, and the numbers start at 1 again. No writer may be attached. */
void mipc_i_participants_clear(mipc_region_t *region);
/* The participants part of mipc_region_inspect(). */
void mipc_i_participants_look(mipc_file_t file, mipc_region_facts_t *facts,
                              mipc_participant_t *list, uint32_t capacity);

/* handle.c */

typedef struct {
  uint64_t id[2];
  uint32_t pid, fd;
  bool is_file; /* of an unnamed region in the directory of names; pid and fd are 0 */
} mipc_i_handle_t;

/* Bytes of the name of an anonymous file, including the final zero: mmapipc-<id>. */
#define MIPC_ID_NAME_SIZE 48

bool mipc_i_handle_parse(const char *text, mipc_i_handle_t *ret_handle);
void mipc_i_id_name(const uint64_t id[2], char ret_name[MIPC_ID_NAME_SIZE]);
/* Opens the memfd of a handle (not is_file). The report names the call that failed. */
int mipc_i_handle_open(const mipc_i_handle_t *handle, bool read_only, mipc_report_t *report,
                       mipc_file_t *ret_file);

/* inherit.c */

/* The list of the regions of this process that are opened as INHERIT. Adds a region under a name;
 * MIPC_AGAIN: the name belongs to another region already. */
int mipc_i_inherit_add(mipc_region_t *region, const char *name);
void mipc_i_inherit_remove(mipc_region_t *region);
/* Finds the region of a name: 1 and a presence descriptor of it; 1 and MIPC_NO_FILE if it is
 * unnamed, to be opened by its id; 0 if the name has none; or a failure. */
int mipc_i_inherit_find(const char *name, bool read_only, uint64_t ret_id[2],
                        mipc_file_t *ret_presence);

/* names.c */

/* The path of a name; RANGE: too long or empty. `make`: creates the directory if it is missing. */
int mipc_i_name_path(const mipc_region_spec_t *spec, bool make, mipc_report_t *report,
                     char ret_path[MIPC_SHARED_PATH]);
/* The same for an unnamed region. */
int mipc_i_unnamed_path(const mipc_region_spec_t *spec, bool make, const uint64_t id[2],
                        mipc_report_t *report, char ret_path[MIPC_SHARED_PATH]);
/* Removes stale files from the directory of this path. The number of files in use that it looks at
 * is bounded. */
void mipc_i_names_sweep(const char *path);

/* stale.c */

/* Records that this process has created a name: its other regions then check their own names. */
void mipc_i_name_created(void);

/* region.c */

/* Undoes everything that an open has done so far. */
void mipc_i_region_discard(mipc_region_t *region);

#endif
