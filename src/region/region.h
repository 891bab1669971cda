/*
 * A region: shared memory that processes find by a name, a path or a handle. A header of ours comes
 * before the payload. The user chooses where a region lives. This file promises the rest, even if
 * any process is killed at any moment: there is one region of each name, it is complete, and a
 * named one is removed when no process uses it any more.
 *
 * How. Two kernel locks carry this, and the kernel releases both when their process dies. The
 * creation lock (flock on the file) is held while a region is created, joined or left, so that
 * these never overlap. A locked byte far past the end of the file (os/presence.h) shows that a
 * participant is attached; it is locked for as long as the participant lives. So the process that
 * holds the creation lock can ask the kernel which participants are attached, and act on the
 * answer:
 *
 *   open    Take the creation lock. If the path no longer leads to this file, start again. If the
 *           file is unfinished, create the region in it, and write the version last. If the file is
 *           a finished region of a name and no process is attached, it is a stale file: unlink it
 *           and start again. Take a number and lock its byte. Release the creation lock.
 *   leave   Take the creation lock. Release the byte. If no other participant is attached and the
 *           path still leads to this file, unlink it. Release the creation lock.
 *
 * So a file under a name is created once and never again in place: a process that has it mapped
 * keeps its memory. No participant is taken for dead because it is slow: a stopped process keeps
 * its byte locked, and other processes wait while it holds the creation lock.
 *
 * A region belongs to one thread; another thread may drop its last reference. Each attachment has
 * its own descriptors and its own number, also when one process has several.
 */
#ifndef MIPC_REGION_REGION_H
#define MIPC_REGION_REGION_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/layout.h"
#include "../os/file.h"
#include "../os/guard.h"

/* binding/tables.cc exports the lists X(symbol, number) of this and other headers to JS. */
#define MIPC_CREATE_MAP(X)                                                                         \
  X(NEVER, 0)                                                                                      \
  X(IF_MISSING, 1)                                                                                 \
  X(EXCLUSIVE, 2)

#define MIPC_CREATE_ENUM_ROW(symbol, number) MIPC_CREATE_##symbol = number,
typedef enum { MIPC_CREATE_MAP(MIPC_CREATE_ENUM_ROW) } mipc_create_t;
#undef MIPC_CREATE_ENUM_ROW

/* The kinds of region: X(symbol, number, the class in JS). */
#define MIPC_REGION_KIND_MAP(X)                                                                    \
  X(MMAP, 1, "Mmap")                                                                               \
  X(SHARE, 2, "Share")                                                                             \
  X(MAP, 3, "SharedMap")

#define MIPC_REGION_KIND_ENUM_ROW(symbol, number, name) MIPC_REGION_##symbol = number,
typedef enum { MIPC_REGION_KIND_MAP(MIPC_REGION_KIND_ENUM_ROW) } mipc_region_kind_t;
#undef MIPC_REGION_KIND_ENUM_ROW

/*
 * Where a region lives.
 *   ANONYMOUS  in memory without a name; exists while a process is attached
 *   HANDLE     an anonymous region that exists, found by its handle
 *   INHERIT    an anonymous region that this process or an ancestor of it opened under this name
 *   NAME       under a name of this user; exists while a process is attached
 *   PATH       in a file; exists until the file is removed
 */
#define MIPC_PLACE_MAP(X)                                                                          \
  X(ANONYMOUS, 0)                                                                                  \
  X(HANDLE, 1)                                                                                     \
  X(INHERIT, 2)                                                                                    \
  X(NAME, 3)                                                                                       \
  X(PATH, 4)

#define MIPC_PLACE_ENUM_ROW(symbol, number) MIPC_PLACE_##symbol = number,
typedef enum { MIPC_PLACE_MAP(MIPC_PLACE_ENUM_ROW) } mipc_place_t;
#undef MIPC_PLACE_ENUM_ROW

typedef struct {
  mipc_place_t place;
  const char *where;     /* handle, name or path, UTF-8; NULL: ANONYMOUS */
  const char *inherited; /* INHERIT: the handle that this process inherited, or NULL */
  /* The parent of the user's directory of names; NULL: the system's. Used for NAME, and for the
   * files that replace anonymous memory on a system without it. */
  const char *directory;
  uint64_t size;                /* payload bytes, at least; 0: any, and no region is created */
  uint64_t capacity;            /* how many of them the kind counts (layout.h), at least; 0: any */
  uint32_t kind;                /* mipc_region_kind_t */
  uint32_t codec;               /* of a region that is created; an existing one keeps its own */
  mipc_kind_words_t kind_words; /* the same */
  mipc_create_t create;
  uint32_t mode;       /* permission bits of a file that is created, before the umask */
  uint32_t wait_ms;    /* for the creation lock; a JS thread passes at most 20, and calls again */
  bool read_only;      /* the system refuses stores; no region is created */
  bool any_filesystem; /* even one where sharing is not certain to work */
  bool guard;          /* of a file that is cut off: TRUNCATED and zeros, not a fault */
  bool must_inherit;   /* INHERIT: NOT_INHERITED if none is found, unless create is EXCLUSIVE */
  bool accept_unclean; /* PATH: accept the state after a power failure */
} mipc_region_spec_t;

typedef struct mipc_region mipc_region_t;

/* Bytes of a handle as text, including the final zero: memfd:<id>:<pid>:<fd>, or file:<id>. */
#define MIPC_HANDLE_SIZE 64

/* Numbers of participants run from 1 to this. */
#define MIPC_MAX_NUMBER (((uint32_t)1 << 30) - 1)

/*
 * Attaches to the region, and creates it if the spec allows that. On failure nothing is left
 * behind, and `report` describes what exists (capacity, region_kind, version), the system call that
 * failed, and its file.
 *
 * TIMEOUT: another process held the creation lock for all of wait_ms; nothing is held, call again.
 * RANGE: the handle or name is not valid, or the region is larger than this process can map.
 * TOO_SMALL, KIND, VERSION, FOREIGN, CORRUPT: the existing region does not match the spec.
 * NOT_INHERITED, EXHAUSTED, UNCLEAN, OWNER, FILESYSTEM. UNSUPPORTED: it is no regular file, or the
 * system lacks the facility. Or the system's own errors: ENOENT if no region exists and none may be
 * created, EEXIST if EXCLUSIVE finds one.
 */
int mipc_region_open(const mipc_region_spec_t *spec, mipc_report_t *report,
                     mipc_region_t **ret_region);

/*
 * Leaves the region: releases row, byte and number, unmaps the header, closes the descriptors. The
 * last participant of a name removes it. If another process holds the creation lock for more than
 * 20 ms, the file stays, and a later open of any name removes it. Mappings of the payload belong
 * to their owner (shm/mapping.h). A second close does nothing; the reference remains the caller's.
 */
void mipc_region_close(mipc_region_t *region);

/* References. The opener holds one. Dropping the last one closes and frees the region. */
void mipc_region_get(mipc_region_t *region);
void mipc_region_put(mipc_region_t *region);

/* Records that the user has read the handle: other processes may know it from now on. */
void mipc_region_show(mipc_region_t *region);

/*
 * For a region whose object was garbage collected: the caller drops it without closing it. If other
 * processes can find the region, by its name, its path, the name that it is inherited under, or a
 * handle that was shown, this process stays attached until it ends. It keeps one attachment to each
 * region only: to open and forget the same name ten thousand times costs no more than once.
 */
void mipc_region_keep(mipc_region_t *region);

/* Whether this process keeps a region that it opened as `name` (INHERIT). */
bool mipc_region_is_kept(const char *name);

/* Whether the region is intact: 0; CLOSED, also in the child of a fork(); TRUNCATED; CORRUPT: the
 * header was overwritten. Callers ask after their last access, before anything reaches JS. */
int mipc_region_status(const mipc_region_t *region);

/* As mipc_region_status(), but TRUNCATED also if the file has lost payload bytes that no access has
 * touched yet. A system call. */
int mipc_region_whole(const mipc_region_t *region);

uint64_t mipc_region_size(const mipc_region_t *region);     /* payload bytes */
uint64_t mipc_region_capacity(const mipc_region_t *region); /* that it was created with */
const mipc_kind_words_t *mipc_region_kind_words(const mipc_region_t *region);
uint32_t mipc_region_number(const mipc_region_t *region); /* 0: read-only */
bool mipc_region_read_only(const mipc_region_t *region);
mipc_file_t mipc_region_file(const mipc_region_t *region); /* without locks; do not close it */
mipc_region_shm_t *mipc_region_header(const mipc_region_t *region); /* NULL: closed */

void mipc_region_id(const mipc_region_t *region, uint64_t ret_id[2]);

/* The guard of the header, while the region is open; NULL: it has none. */
const mipc_guard_t *mipc_region_guard(const mipc_region_t *region);

/* mipc_fork_generation() of the process that attached. In the child of a fork() it differs. */
uint32_t mipc_region_fork_generation(const mipc_region_t *region);

/* Adds `by` to the count of threads that wait for the lock, in the row of this attachment. */
void mipc_region_waits(mipc_region_t *region, int by);

/* Whether no process can truncate the region, so that it needs no guard. */
bool mipc_region_sealed(const mipc_region_t *region);

/*
 * Whether the name or path of a region still leads to it.
 *   IN_PLACE  it does; also for anonymous and for closed regions
 *   UNLINKED  unlink() has removed the name or path, which the users of unlink() expect
 *   LOST      the file was removed or replaced by other means: an open now finds other memory
 */
#define MIPC_WHEREABOUTS_MAP(X)                                                                    \
  X(IN_PLACE, 0)                                                                                   \
  X(UNLINKED, 1)                                                                                   \
  X(LOST, 2)

#define MIPC_WHEREABOUTS_ENUM_ROW(symbol, number) MIPC_WHEREABOUTS_##symbol = number,
typedef enum { MIPC_WHEREABOUTS_MAP(MIPC_WHEREABOUTS_ENUM_ROW) } mipc_whereabouts_t;
#undef MIPC_WHEREABOUTS_ENUM_ROW

/* IN_PLACE also if this process has no permission to look. One or two system calls. */
mipc_whereabouts_t mipc_region_whereabouts(const mipc_region_t *region);

/* Called before a write to a region with a name: STALE if it is LOST, else 0. It looks at most once
 * a second, and after this process has created a name, so that the usual call is cheap. */
int mipc_region_check_name(mipc_region_t *region);

/* The handle, by which any process of this user finds the region while a process is attached.
 * CLOSED; UNSUPPORTED: the region has a name or path instead. */
int mipc_region_handle(const mipc_region_t *region, char ret_text[MIPC_HANDLE_SIZE]);

/* Whether participant `number` is attached: 1, 0, or a failure, which means that the answer is not
 * known. Any thread may call it while the region is open. */
int mipc_region_alive(const mipc_region_t *region, uint32_t number);
/* The same through any open file of the region that does not hold the byte of a participant. */
int mipc_region_alive_in(mipc_file_t file, uint32_t number);

/* Opens the file of the region once more, read-only, for mipc_region_await_end(). The caller closes
 * it (mipc_shared_close()) before its last attachment. */
int mipc_region_reopen(const mipc_region_t *region, mipc_file_t *ret_file);
/* Sleeps until participant `number` is not attached, through a file of mipc_region_reopen(): 1; 0:
 * a signal to the thread came first; or the system's error. */
int mipc_region_await_end(mipc_file_t file, uint32_t number);

/*
 * Removes a name or path. Attached processes keep the region. ENOENT; TIMEOUT as for open; FOREIGN:
 * the file at the path is no region, and stays.
 */
int mipc_region_unlink(const mipc_region_spec_t *spec, mipc_report_t *report);

/* A participant, from its row in the table. */
typedef struct {
  uint32_t number, pid, thread, pid_namespace, since;
  uint32_t waiting; /* how many of its threads wait for the lock */
  bool alive;
} mipc_participant_t;

/* The results of mipc_region_inspect(). */
typedef struct {
  int state; /* of the header: 0 good; UNFINISHED; or the error of a header that is not valid */
  uint64_t id[2];   /* this and all below are 0 unless the state is good */
  uint64_t size;    /* payload bytes */
  uint32_t version; /* also if it is not MIPC_REGION_VERSION */
  uint32_t kind;    /* mipc_region_kind_t */
  uint32_t writers; /* attached, as the kernel reports; at most MIPC_MOST_COUNTED */
  uint32_t readers; /* attached; two may count as one */
  uint32_t listed;  /* participants in the caller's list */
  uint32_t dead;    /* rows of participants that died without leaving */
  bool clean;       /* of a path */
} mipc_region_facts_t;

/* Lets the folders above read a good region that is inspected: its file, and a private, checked
 * copy of its header. Both are valid only during the call. */
typedef void mipc_region_visit_t(mipc_file_t file, const mipc_region_shm_t *header, void *context);

#define MIPC_MOST_COUNTED 8192

/* The row of participant `number`, except `alive`; false: the table has none. */
bool mipc_region_participant(const mipc_region_t *region, uint32_t number,
                             mipc_participant_t *ret_participant);

/*
 * Looks at a region without taking a lock or a number, and without changing it. `list` receives at
 * most `capacity` participants of the table. A damaged region is no failure: facts->state reports
 * it. `visit`, if it is not NULL, is called once if the region is good.
 */
int mipc_region_inspect(const mipc_region_spec_t *spec, mipc_report_t *report,
                        mipc_region_facts_t *ret_facts, mipc_participant_t *list, uint32_t capacity,
                        mipc_region_visit_t *visit, void *context);

/* The state of a region that is being created, or whose creator was killed. */
#define MIPC_REGION_UNFINISHED 1

/*
 * Checks the first bytes of a file against each other and against the size of the file: 0 for a
 * complete region; UNFINISHED, also for an empty file; FOREIGN, VERSION, CORRUPT. Pure. `copy` is a
 * private copy, with zeros past the end of a shorter file.
 */
int mipc_region_validate(const mipc_region_shm_t *copy, uint64_t file_size);

#endif
