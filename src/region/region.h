/*
 * A region: shared memory that processes find by a name, a path or a handle. A header of ours comes
 * before the payload. The user chooses where a region lives. This file promises the rest, whichever
 * process is killed at whichever moment: there is one region of each name, it is complete, and a
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

/* The lists X(symbol, number) of this and other headers are handed to JS by binding/tables.cc. */
#define MIPC_CREATE_MAP(X)                                                                         \
  X(NEVER, 0)                                                                                      \
  X(IF_MISSING, 1)                                                                                 \
  X(EXCLUSIVE, 2)

#define MIPC_CREATE_ENUM_ROW(symbol, number) MIPC_CREATE_##symbol = number,
typedef enum { MIPC_CREATE_MAP(MIPC_CREATE_ENUM_ROW) } mipc_create_t;
#undef MIPC_CREATE_ENUM_ROW

/* What lies in a region: X(symbol, number, the class in JS). */
#define MIPC_REGION_KIND_MAP(X)                                                                    \
  X(MMAP, 1, "Mmap")                                                                               \
  X(SHARE, 2, "Share")                                                                             \
  X(MAP, 3, "SharedMap")

#define MIPC_REGION_KIND_ENUM_ROW(symbol, number, name) MIPC_REGION_##symbol = number,
typedef enum { MIPC_REGION_KIND_MAP(MIPC_REGION_KIND_ENUM_ROW) } mipc_region_kind_t;
#undef MIPC_REGION_KIND_ENUM_ROW

/*
 * Where a region lives.
 *   ANONYMOUS  nowhere; lives while attached, found by its handle
 *   HANDLE     an anonymous region, found by its handle
 *   INHERIT    an anonymous region that this process, or the one above it, opened under this name
 *   NAME       a name of this user; lives while attached
 *   PATH       a file; lives until it is removed
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
  const char *inherited; /* INHERIT: the handle that came down to this process, or NULL */
  const char
      *directory;    /* the parent of the user's directory of names; NULL: the system's. Of NAME,
                      * and of what stands for anonymous memory where the system has none */
  uint64_t size;     /* payload bytes at least; 0: any, and nothing is made */
  uint64_t capacity; /* what the kind counts of them (layout.h) at least; 0: any */
  uint32_t kind;     /* mipc_region_kind_t */
  uint32_t codec;    /* written into what is made; what is joined keeps its own */
  mipc_create_t create;
  uint32_t mode;       /* permission bits of a file that is made, less the umask */
  uint32_t wait_ms;    /* for the creation lock; a JS thread passes at most 20, and calls again */
  bool read_only;      /* the system refuses stores; makes nothing */
  bool any_filesystem; /* even where sharing is not promised */
  bool guard;          /* of a file: zeros and TRUNCATED, no fault, when it gets shorter */
  bool must_inherit;   /* INHERIT: finding nothing is NOT_INHERITED, unless create is EXCLUSIVE */
  bool accept_unclean; /* PATH: accept what a power failure has left */
} mipc_region_spec_t;

typedef struct mipc_region mipc_region_t;

/* Bytes of a handle as text, with its zero: memfd:<id>:<pid>:<fd>, or file:<id>. */
#define MIPC_HANDLE_SIZE 64

/* Numbers of participants run from 1 to this. */
#define MIPC_MAX_NUMBER (((uint32_t)1 << 30) - 1)

/*
 * Attaches to the region, and creates it if the spec allows that. On failure nothing is left
 * behind, and `report` has what exists (capacity, region_kind, version), which system call failed,
 * and on which file.
 *
 * TIMEOUT: another process held the creation lock for all of wait_ms; nothing is held, call again.
 * RANGE: no such handle or name, or larger than this process can map. TOO_SMALL, KIND, VERSION,
 * FOREIGN, CORRUPT: what exists is not what was asked for. NOT_INHERITED, EXHAUSTED, UNCLEAN,
 * OWNER, FILESYSTEM; UNSUPPORTED: no regular file, or a system without. Or the system's own: ENOENT
 * when nothing is there and nothing may be made, EEXIST when EXCLUSIVE finds something.
 */
int mipc_region_open(const mipc_region_spec_t *spec, mipc_report_t *report,
                     mipc_region_t **ret_region);

/*
 * Leaves: releases row, byte and number, unmaps the header, closes the descriptors. The last
 * participant of a name removes it. If another process holds the creation lock for more than 20 ms,
 * the file stays, and the next open sweeps it. Mappings of the payload are their owner's
 * (shm/mapping.h). Closing twice is fine; the reference remains the caller's.
 */
void mipc_region_close(mipc_region_t *region);

/* References: the opener holds one. The last closes it and frees it. */
void mipc_region_get(mipc_region_t *region);
void mipc_region_put(mipc_region_t *region);

/* The user has read the handle, so other processes may know it. */
void mipc_region_show(mipc_region_t *region);

/*
 * The caller is about to drop a region that it cannot close any more. If others can see it, by
 * its name, its path, what it is inherited as, or a handle that was shown, this process stays
 * attached until it ends, but with one attachment to each region only: the same name opened and
 * forgotten ten thousand times costs no more than once.
 */
void mipc_region_keep(mipc_region_t *region);

/* Whether one is kept that this process calls `name` (INHERIT). */
bool mipc_region_is_kept(const char *name);

/* Whether it is still what it was: 0; CLOSED, also in the child of a fork(); TRUNCATED; CORRUPT:
 * the header is another's. To be asked after the last access to anything that JS is told of. */
int mipc_region_status(const mipc_region_t *region);

/* The same, and TRUNCATED also when the file has lost bytes of the payload that no access has met
 * yet. A system call. */
int mipc_region_whole(const mipc_region_t *region);

uint64_t mipc_region_size(const mipc_region_t *region);     /* payload bytes */
uint64_t mipc_region_capacity(const mipc_region_t *region); /* as it was made with */
uint32_t mipc_region_number(const mipc_region_t *region);   /* 0: read-only */
bool mipc_region_read_only(const mipc_region_t *region);
mipc_file_t mipc_region_file(const mipc_region_t *region); /* holds no lock; not to be closed */
mipc_region_shm_t *mipc_region_header(const mipc_region_t *region); /* NULL: closed */

void mipc_region_id(const mipc_region_t *region, uint64_t ret_id[2]);

/* Of the header, while the region is open; NULL: unguarded. */
const mipc_guard_t *mipc_region_guard(const mipc_region_t *region);

/* mipc_fork_generation() of the process that attached. In the child of a fork() it differs. */
uint32_t mipc_region_fork_generation(const mipc_region_t *region);

/* Counts in this attachment's row how many of its threads wait for the lock: adds `by`. */
void mipc_region_waits(mipc_region_t *region, int by);

/* Whether no process can make it shorter: no guard is needed. */
bool mipc_region_sealed(const mipc_region_t *region);

/*
 * Whether the name or path of a region still leads to it.
 *   IN_PLACE  it does; also of anonymous and of closed regions
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

/* Whether its name or path still leads to it; IN_PLACE too where the process may not look. One or
 * two system calls. */
mipc_whereabouts_t mipc_region_whereabouts(const mipc_region_t *region);

/* Before a write to a region with a name: STALE when it is LOST, else 0. It looks once a second at
 * most, and when this process has created a name since, so that it costs nothing. */
int mipc_region_check_name(mipc_region_t *region);

/* How any process of this user finds it while a process is attached. CLOSED; UNSUPPORTED: it has a
 * name or path instead. */
int mipc_region_handle(const mipc_region_t *region, char ret_text[MIPC_HANDLE_SIZE]);

/* Whether participant `number` is attached: 1, 0, or a failure, which means that the answer is not
 * known. Any thread may ask while the region is open. */
int mipc_region_alive(const mipc_region_t *region, uint32_t number);
/* The same, asked through any open file of the region that holds no participant's byte. */
int mipc_region_alive_in(mipc_file_t file, uint32_t number);

/*
 * Removes a name or path; those attached keep what they have. ENOENT; TIMEOUT as for open; FOREIGN:
 * the path is no region, and stays.
 */
int mipc_region_unlink(const mipc_region_spec_t *spec, mipc_report_t *report);

/* A participant as the table describes it. */
typedef struct {
  uint32_t number, pid, thread, pid_namespace, since;
  uint32_t waiting; /* how many of its threads wait for the lock */
  bool alive;
} mipc_participant_t;

/* What a look from outside finds. */
typedef struct {
  int state; /* of the header: 0 good; UNFINISHED; or the error of a header that is not valid */
  uint64_t id[2];   /* this and all below are 0 unless it is good */
  uint64_t size;    /* payload bytes */
  uint32_t version; /* also of one that this version does not know */
  uint32_t kind;    /* mipc_region_kind_t */
  uint32_t writers; /* attached, as the kernel reports; at most MIPC_MOST_COUNTED */
  uint32_t readers; /* attached; two may count as one */
  uint32_t listed;  /* participants put into the caller's list */
  uint32_t dead;    /* rows of participants that died without leaving */
  bool clean;       /* of a path */
} mipc_region_facts_t;

/* What higher floors read of a good region that is inspected: its file, and a private copy of its
 * header, which was checked. Only during the call. */
typedef void mipc_region_visit_t(mipc_file_t file, const mipc_region_shm_t *header, void *context);

#define MIPC_MOST_COUNTED 8192

/* What the table has about participant `number`, except `alive`; false: it has no row. */
bool mipc_region_participant(const mipc_region_t *region, uint32_t number,
                             mipc_participant_t *ret_participant);

/*
 * Looks at a region without a lock, a number or a change. Participants of the table come into
 * `list`, at most `capacity` of them. A damaged region is no failure: facts->state reports it.
 * `visit` is called once if the region is good; NULL: not at all.
 */
int mipc_region_inspect(const mipc_region_spec_t *spec, mipc_report_t *report,
                        mipc_region_facts_t *ret_facts, mipc_participant_t *list, uint32_t capacity,
                        mipc_region_visit_t *visit, void *context);

/* The state of a region that is being created, or whose creator was killed. */
#define MIPC_REGION_UNFINISHED 1

/*
 * What the first bytes of a file say, checked against each other and against its size: 0 a whole
 * region; UNFINISHED, also of an empty file; FOREIGN, VERSION, CORRUPT. Pure. `copy` is a
 * private copy, zeros where the file is shorter.
 */
int mipc_region_validate(const mipc_region_shm_t *copy, uint64_t file_size);

#endif
