/*
 * Participants: their numbers, the locked bytes that show they are attached, and the table of
 * participants for people to read.
 *
 * While a process is attached, no number is used twice, so that a word in shared memory that names
 * an owner never comes to name another participant. The counter is incremented before the byte is
 * locked: if a process dies in between, its number is used up. After a reboot, and when all numbers
 * are used, the numbers of a region without participants start at 1 again, except those of a map.
 *
 * The table may be wrong, by accident or malice. Only reports for people depend on it.
 */
#include <string.h>

#include "../base/status.h"
#include "../os/fork.h"
#include "../os/identity.h"
#include "../os/presence.h"
#include "region_i.h"

/* How many locked bytes an open tries, one after the other, before it gives up. */
#define MOST_BUSY 1024

/* How many rows are searched for a free one, and for how many of them the kernel is asked whether
 * their participant is dead. With thousands of participants, each question takes 20 us. A
 * participant that finds no free row has none. */
#define MOST_ROWS  64
#define MOST_ASKED 4

static mipc_participant_shm_t *row_at(mipc_region_shm_t *header, uint32_t index) {
  return (mipc_participant_shm_t *)((uint8_t *)header + MIPC_HEADER_SIZE) + index;
}

int mipc_i_others_attached(mipc_file_t file, bool readers_too) {
  uint64_t first, last;
  if (!readers_too) {
    return mipc_presence_find(file, MIPC_WRITERS_FIRST, MIPC_WRITERS_LAST, false, &first, &last);
  }
  return mipc_presence_find(file, MIPC_WRITERS_FIRST, MIPC_READERS_LAST, true, &first, &last);
}

int mipc_region_alive_in(mipc_file_t file, uint32_t number) {
  uint64_t byte = MIPC_WRITERS_FIRST + number, first, last;
  return mipc_presence_find(file, byte, byte, false, &first, &last);
}

int mipc_region_await_end(mipc_file_t file, uint32_t number) {
  return mipc_presence_wait(file, MIPC_WRITERS_FIRST + number);
}

int mipc_region_alive(const mipc_region_t *r, uint32_t number) {
  if (r->closed || r->fork_generation != mipc_fork_generation()) return MIPC_E_CLOSED;
  if (number == 0 || number > MIPC_MAX_NUMBER) return 0;
  /* The kernel is not asked about our own byte: we are attached. */
  return number == r->number ? 1 : mipc_region_alive_in(r->file, number);
}

/* No writer is attached, so the lock is free. If the word names an owner, the owner has died. */
static void reset_lock(mipc_region_shm_t *h) {
  /* relaxed: a process that attaches takes the creation lock first. */
  uint32_t owner = mipc_atomic_load_relaxed(&h->lock) & MIPC_MAX_NUMBER;
  if (owner) mipc_atomic_store_relaxed(&h->lock_recovered, 1);
  mipc_atomic_store_relaxed(&h->lock, 0);
}

/* The payload of a SharedMap names participants, so an old number must stay dead for ever. */
static bool numbers_restart(const mipc_region_t *r) {
  return r->kind != MIPC_REGION_MAP;
}

void mipc_i_participants_clear(mipc_region_t *r) {
  for (uint32_t i = 0; i < MIPC_PARTICIPANTS; i++) {
    mipc_atomic_store_relaxed(&row_at(r->header, i)->number, 0);
  }
  /* A number that is used again must not own the lock. */
  reset_lock(r->header);
  /* relaxed: the next participant takes the creation lock first. */
  if (numbers_restart(r)) mipc_atomic_store_relaxed(&r->header->next_number, 1);
}

/* The search starts at the row number % MIPC_PARTICIPANTS. Most rows there belong to participants
 * with much older numbers, which are mostly dead. */
static int32_t find_row(mipc_region_t *r) {
  for (uint32_t i = 0; i < MOST_ROWS; i++) {
    uint32_t index = (r->number + i) % MIPC_PARTICIPANTS;
    uint32_t number = mipc_atomic_load_relaxed(&row_at(r->header, index)->number);
    if (number == 0 || number > MIPC_MAX_NUMBER || number == r->number) return (int32_t)index;
    if (i < MOST_ASKED && mipc_region_alive_in(r->file, number) == 0) return (int32_t)index;
  }
  return -1;
}

/*
 * The number is cleared first and stored last. So if a reader sees one number before and after it
 * reads the row, the row belonged to that participant all the time, as no number is used twice.
 * release, each: the stores are seen in this order.
 */
static void write_row(mipc_region_t *r) {
  mipc_participant_shm_t *row = row_at(r->header, (uint32_t)r->row);
  mipc_identity_t me;
  mipc_identity(&me);
  mipc_atomic_store_relaxed(&row->number, 0);
  mipc_atomic_store_release(&row->pid, me.pid);
  mipc_atomic_store_release(&row->thread, me.thread);
  mipc_atomic_store_release(&row->pid_namespace, me.pid_namespace);
  mipc_atomic_store_release(&row->since, me.second);
  mipc_atomic_store_release(&row->waiting, 0);
  mipc_atomic_store_release(&row->number, r->number);
}

/* The next number; or 0, and `ret_status` is the reason. With the creation lock, so that no other
 * process increments the counter. The word is read once and checked, as any process can overwrite
 * it. */
static uint32_t next_number(mipc_region_t *r, int *ret_status) {
  uint32_t number = mipc_atomic_load_relaxed(&r->header->next_number);
  if (number == 0 || number > MIPC_MAX_NUMBER) {
    int others = numbers_restart(r) ? mipc_i_others_attached(r->presence, false) : 1;
    if (others != 0) {
      *ret_status = others < 0 ? others : (int)MIPC_E_EXHAUSTED;
      return 0;
    }
    mipc_i_participants_clear(r);
    number = 1;
  }
  mipc_atomic_store_relaxed(&r->header->next_number, number + 1);
  return number;
}

static int join_as_writer(mipc_region_t *r) {
  for (int tries = 0; tries < MOST_BUSY; tries++) {
    int status = 0;
    uint32_t number = next_number(r, &status);
    if (!number) return status;
    status = mipc_presence_take(r->presence, MIPC_WRITERS_FIRST + number, false);
    if (status < 0) return status;
    if (status == 0) continue; /* in use, so a broken process has set the counter back */
    r->number = number;
    r->byte = MIPC_WRITERS_FIRST + number;
    r->row = find_row(r);
    if (r->row >= 0) write_row(r);
    return 0;
  }
  return MIPC_E_EXHAUSTED;
}

/* Readers cannot write, so they take no number. They pick a byte at random and lock it shared, as
 * several readers may pick the same. */
static int join_as_reader(mipc_region_t *r) {
  uint32_t random;
  int status = mipc_random(&random, sizeof random);
  if (status < 0) return status;
  uint64_t byte = MIPC_READERS_FIRST + random % ((uint32_t)1 << 30);
  status = mipc_presence_take(r->presence, byte, true);
  if (status == 1) r->byte = byte;
  return status < 0 ? status : status == 1 ? 0 : (int)MIPC_E_EXHAUSTED;
}

int mipc_i_participant_join(mipc_region_t *r) {
  return r->read_only ? join_as_reader(r) : join_as_writer(r);
}

void mipc_i_participant_leave(mipc_region_t *r) {
  if (!r->byte) return;
  if (r->row >= 0) {
    mipc_atomic_u32_t *number = &row_at(r->header, (uint32_t)r->row)->number;
    /* relaxed: a free row publishes nothing. */
    if (mipc_atomic_load_relaxed(number) == r->number) mipc_atomic_store_relaxed(number, 0);
  }
  mipc_presence_give(r->presence, r->byte);
  r->byte = 0;
  r->row = -1;
}

void mipc_region_waits(mipc_region_t *r, int by) {
  /* relaxed: only people read it, and only this attachment changes the count in its row. */
  if (r->row >= 0)
    mipc_atomic_add_relaxed(&row_at(r->header, (uint32_t)r->row)->waiting, (uint32_t)by);
}

bool mipc_region_participant(const mipc_region_t *r, uint32_t number,
                             mipc_participant_t *ret_participant) {
  for (uint32_t i = 0; i < MOST_ROWS; i++) {
    const mipc_participant_shm_t *row = row_at(r->header, (number + i) % MIPC_PARTICIPANTS);
    /* acquire: pairs with write_row(). The number is read again at the end, as the row may belong
     * to another participant by then. */
    if (mipc_atomic_load_acquire(&row->number) != number) continue;
    mipc_participant_t found = {.number = number,
                                .pid = mipc_atomic_load_acquire(&row->pid),
                                .thread = mipc_atomic_load_acquire(&row->thread),
                                .pid_namespace = mipc_atomic_load_acquire(&row->pid_namespace),
                                .since = mipc_atomic_load_acquire(&row->since)};
    if (mipc_atomic_load_relaxed(&row->number) != number) return false;
    *ret_participant = found;
    return true;
  }
  return false;
}

/*
 * Counts the locked ranges between two bytes, up to `most`. The kernel reports any one of them;
 * then both sides of it are searched: the left side at once, the right side later, if it has a
 * locked range. `later` overflows its DEPTH entries only if a process arranges its locks for that;
 * then the count is too small.
 */
static uint32_t count_held(mipc_file_t file, uint64_t from, uint64_t to, uint32_t most) {
  enum { DEPTH = 64 };
  struct {
    uint64_t low, high;
  } later[DEPTH];
  uint32_t count = 0, waiting = 0;
  uint64_t low = from, high = to, first, last, any;
  for (;;) {
    while (low <= high && count < most &&
           mipc_presence_find(file, low, high, true, &first, &last) == 1) {
      count++;
      if (last < high && waiting < DEPTH &&
          mipc_presence_find(file, last + 1, high, true, &any, &any) == 1) {
        later[waiting].low = last + 1;
        later[waiting++].high = high;
      }
      if (first == low) break;
      high = first - 1;
    }
    if (!waiting || count >= most) return count;
    waiting--;
    low = later[waiting].low;
    high = later[waiting].high;
  }
}

/* Whether a row, read twice, names a participant and did not change in between. */
static bool is_named(const mipc_participant_shm_t *row, const mipc_participant_shm_t *again) {
  return row->number >= 1 && row->number <= MIPC_MAX_NUMBER && !memcmp(row, again, sizeof *row);
}

void mipc_i_participants_look(mipc_file_t file, mipc_region_facts_t *facts,
                              mipc_participant_t *list, uint32_t capacity) {
  enum { STEP = 64 };
  static_assert(MIPC_PARTICIPANTS % STEP == 0, "whole steps");
  mipc_participant_shm_t rows[STEP], again[STEP];
  facts->writers = count_held(file, MIPC_WRITERS_FIRST, MIPC_WRITERS_LAST, MIPC_MOST_COUNTED);
  facts->readers = count_held(file, MIPC_READERS_FIRST, MIPC_READERS_LAST, MIPC_MOST_COUNTED);
  for (uint32_t start = 0; start < MIPC_PARTICIPANTS; start += STEP) {
    uint64_t offset = MIPC_HEADER_SIZE + (uint64_t)start * sizeof *rows;
    if (mipc_shared_read(file, offset, rows, sizeof rows) != (int64_t)sizeof rows) return;
    if (mipc_shared_read(file, offset, again, sizeof again) != (int64_t)sizeof again) return;
    for (int i = 0; i < STEP; i++) {
      /* The participant may begin or end a wait between the two reads. */
      again[i].waiting = rows[i].waiting;
      if (!is_named(&rows[i], &again[i])) continue;
      /* A participant counts as alive if the kernel returns an error. */
      bool alive = mipc_region_alive_in(file, rows[i].number) != 0;
      if (!alive) facts->dead++;
      if (facts->listed >= capacity) continue;
      list[facts->listed++] = (mipc_participant_t){
          .number = rows[i].number,
          .pid = rows[i].pid,
          .thread = rows[i].thread,
          .pid_namespace = rows[i].pid_namespace,
          .since = rows[i].since,
          .waiting = rows[i].waiting,
          .alive = alive,
      };
    }
  }
}
