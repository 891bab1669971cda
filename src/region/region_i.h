/*
 * The inside of a region. Only the files of this folder include this file.
 */
#ifndef MIPC_REGION_REGION_I_H
#define MIPC_REGION_REGION_I_H

#include "../base/atomic.h"
#include "../os/shared_file.h"
#include "region.h"

struct mipc_region {
  mipc_atomic_u32_t refs;
  mipc_place_t place; /* NAME, PATH or ANONYMOUS: what it is, however it was found */
  bool unnamed;       /* a NAME whose file stands for anonymous memory, and has a handle instead */
  bool read_only;
  bool made; /* here and now, by this attachment */
  bool closed;
  bool shown;               /* its handle */
  uint32_t fork_generation; /* of the process that has the descriptors */
  /* Holds our byte, and the creation lock for a moment; nothing is mapped from it, so that the
   * locks go with it. */
  mipc_file_t presence;
  mipc_file_t file;          /* holds no lock: is mapped, probed through, and found by others */
  char *path;                /* of NAME and PATH, else NULL */
  mipc_region_shm_t *header; /* MIPC_PAYLOAD_OFFSET bytes; NULL: not mapped */
  mipc_guard_t *guard;       /* of these */
  uint64_t size;             /* of the payload; this and the rest were checked once and stay */
  uint64_t capacity;
  uint64_t id[2];
  uint32_t kind;
  uint32_t codec;
  uint32_t number;     /* 0: none */
  uint64_t byte;       /* that is held on `presence`, 0: none */
  int32_t row;         /* -1: none */
  char *inherit;       /* what this process calls it, else NULL */
  mipc_region_t *next; /* in the table of those */
  mipc_region_t *next_kept;
  uint64_t checked_ms;      /* mipc_clock_stamp() of the last look at its name */
  uint32_t checked_created; /* names that this process had created then */
};

/* Bytes past the end of any file that say who is there: one for each number, and many for readers,
 * who pick one. */
#define MIPC_WRITERS_FIRST ((uint64_t)1 << 40)
#define MIPC_WRITERS_LAST  (MIPC_WRITERS_FIRST + MIPC_MAX_NUMBER)
#define MIPC_READERS_FIRST ((uint64_t)1 << 41)
#define MIPC_READERS_LAST  (MIPC_READERS_FIRST + ((uint64_t)1 << 30) - 1)

/* One call of open: what is asked, what is told, and until when. */
typedef struct {
  const mipc_region_spec_t *spec;
  mipc_report_t *report;
  uint64_t deadline; /* mipc_clock_ms() */
  unsigned tries;    /* this one included */
} mipc_i_opening_t;

/* What a step of open gives besides 0 and failures: what it looked at is gone, start again. */
#define MIPC_AGAIN 1

/* header.c */

/* Reads the beginning of the file once; its state as mipc_region_validate() has it. The report
 * gets what exists. */
int mipc_i_header_read(mipc_file_t file, mipc_report_t *report, mipc_region_shm_t *ret_copy,
                       int *ret_state);
/* Whether a good header is what was asked: 0, KIND, TOO_SMALL. */
int mipc_i_header_fits(const mipc_region_spec_t *spec, const mipc_region_shm_t *copy);
/* Maps the header from the region's own file. */
int mipc_i_header_map(mipc_region_t *region, const mipc_i_opening_t *opening);

/* create.c: both with the creation lock held on `presence`. */

/* Makes the region in the file of the presence descriptor, which is unfinished or new, and
 * attaches. */
int mipc_i_region_make(mipc_region_t *region, const mipc_i_opening_t *opening);
/* Joins a good one. */
int mipc_i_region_join(mipc_region_t *region, const mipc_i_opening_t *opening,
                       const mipc_region_shm_t *copy);

/* With the creation lock, of a path region with a corrupt header: UNCLEAN if a power failure
 * explains it (it was in use then, and no process has written since), else CORRUPT. */
int mipc_i_region_damage(mipc_file_t presence, const mipc_region_shm_t *copy);

/* creation_lock.c */

/* The creation lock: 0 taken; TIMEOUT; or the system's refusal. */
int mipc_i_creation_lock(mipc_file_t presence, uint64_t deadline);
void mipc_i_creation_unlock(mipc_file_t presence);

/* participants.c */

/* Takes number and byte, and a row if there is one; with the creation lock. */
int mipc_i_participant_join(mipc_region_t *region);
/* Releases them. */
void mipc_i_participant_leave(mipc_region_t *region);
/* Whether a participant other than the holder of this descriptor is attached: 1, 0 or a failure. */
int mipc_i_others_attached(mipc_file_t file, bool readers_too);
/* Forgets all participants: numbers start anew. No process may be attached. */
void mipc_i_participants_clear(mipc_region_t *region);
/* The participants part of mipc_region_inspect(). */
void mipc_i_participants_look(mipc_file_t file, mipc_region_facts_t *facts,
                              mipc_participant_t *list, uint32_t capacity);

/* handle.c */

typedef struct {
  uint64_t id[2];
  uint32_t pid, fd;
  bool is_file; /* of unnamed memory in the directory of names; pid and fd are 0 */
} mipc_i_handle_t;

/* Bytes of the name of an anonymous file, with its zero: mmapipc-<id>. */
#define MIPC_ID_NAME_SIZE 48

bool mipc_i_handle_parse(const char *text, mipc_i_handle_t *ret_handle);
void mipc_i_id_name(const uint64_t id[2], char ret_name[MIPC_ID_NAME_SIZE]);
/* The memfd of a handle that is not a file's; the report gets the call that failed. */
int mipc_i_handle_open(const mipc_i_handle_t *handle, bool read_only, mipc_report_t *report,
                       mipc_file_t *ret_file);

/* inherit.c */

/* The table of what this process calls by a name: enters a region, unless there is one already
 * (MIPC_AGAIN). */
int mipc_i_inherit_add(mipc_region_t *region, const char *name);
void mipc_i_inherit_remove(mipc_region_t *region);
/* What is called so: 1 and a presence descriptor of it; 1 and none (MIPC_NO_FILE), of unnamed
 * memory that is to be opened by its id; 0 nothing; or a failure. */
int mipc_i_inherit_find(const char *name, bool read_only, uint64_t ret_id[2],
                        mipc_file_t *ret_presence);

/* names.c */

/* The path of a name; RANGE: too long or empty. */
int mipc_i_name_path(const mipc_region_spec_t *spec, bool make, mipc_report_t *report,
                     char ret_path[MIPC_SHARED_PATH]);
/* The path of unnamed memory. */
int mipc_i_unnamed_path(const mipc_region_spec_t *spec, bool make, const uint64_t id[2],
                        mipc_report_t *report, char ret_path[MIPC_SHARED_PATH]);
/* Removes stale files from the directory that this path lies in; a bounded number of files that are
 * in use is looked at. */
void mipc_i_names_sweep(const char *path);

/* stale.c */

/* A name was created by this process: its other regions look whether they have lost theirs. */
void mipc_i_name_created(void);

/* region.c */

/* Undoes all that an open has done so far. */
void mipc_i_region_discard(mipc_region_t *region);

#endif
