/*
 * The cell of a Share: two words, begin and commit, and N slots; version v is in slot v mod N. Two
 * writers set it as often as they like, one at a time, as they hold the lock, and die at any step;
 * a reader reads it without a lock. A value is two words here, one for its length and one for its
 * data: in a torn value they come from different sets.
 *
 * The rules:
 *   - A writer takes v = commit + 1, and stores begin = v; a release fence; length and data; commit
 *     = v, release. A dead writer leaves begin = commit + 1, and the next one uses the same v and
 *     slot.
 *   - A reader loads v = commit, acquire; length and data of its slot, in any order; an acquire
 *     fence; b = begin. Its value is good if b - v < N; otherwise it starts again.
 *
 * Memory is as loose as the rules allow. A store becomes visible later, before or after the stores
 * that follow, except for the order that a fence, a release or the lock gives. A load may come
 * before an earlier one, except for the order that a fence or an acquire gives. All stores of a
 * writer are visible before another writer holds the lock, whether the first has released it or
 * died.
 *
 * Forbidden states, each a boolean that is asserted:
 *   torn       a reader accepts a value that is not, as a whole, the one set as that version
 *   went_back  a reader gets an older version than before
 *   lost       commit names a slot that does not hold that version whole, or a version older than
 *              one whose set() has returned
 *   unread     no writer runs, and a reader does not get the value that was set last; or not after
 *              one more set, whichever process has died before
 * pan also looks for deadlock.
 *
 * An alternative: to load commit once more instead of begin, and require less than N - 1. It costs
 * a slot, and a slow reader one more try.
 *
 * The twins: each lacks one rule, and must violate the property beside it (scripts/formal.js reads
 * this table).
 *
 * BROKEN_NO_BEGIN               torn             the slot is overwritten while it is read
 * BROKEN_COMMIT_FOR_BEGIN       torn             the same, by a writer that is not done
 * BROKEN_ONE_MORE               torn             the same, with b - v <= N
 * BROKEN_NO_RELEASE_FENCE       torn             data is visible before begin
 * BROKEN_BEGIN_AFTER_DATA       torn             the same, by design
 * BROKEN_COMMIT_RELAXED         torn             commit is visible before data
 * BROKEN_COMMIT_FIRST           torn, lost       the same, by design
 * BROKEN_NO_ACQUIRE_FENCE       torn             begin is loaded before data
 * BROKEN_COMMIT_LOADED_RELAXED  torn             data is loaded first, from a predicted slot
 * BROKEN_ONE_SLOT               lost             a writer dies in it
 * BROKEN_NUMBERED_BY_BEGIN      lost, unread     after a death the slot of commit is the next one
 * BROKEN_NUMBERED_UNLOCKED      went_back, lost  another writer has set more since
 * BROKEN_ONLY_IF_DONE           unread           b == v is required, and a writer has died
 */
#include "include/forbid.pml"

/* N; with one slot there is no good value during a write. */
#ifndef N
#define N 2
#endif
#define MOST 4 /* sets, before the last one */

#ifdef BROKEN_ONE_SLOT
#define SLOT(v) 0
#else
#define SLOT(v) ((v) % N)
#endif

/* The visible memory. */
byte begin, commit;
byte length[N], data[N];

/* Stores of the writer that are not visible yet; length and data are those of its slot. */
#define BEGIN 0
#define COMMIT 1
#define LENGTH 2
#define DATA 3
bool pending[4];
byte coming[4];
byte slot;

bool locked;
bool deaths; /* writers may die */
bool final;  /* all have ended, and one more set follows */
bool over;

byte sets; /* number of sets begun; each sets its own number */

/* The rest is for the assertions only; no rule reads it. */
bool torn, went_back, lost, unread;
byte was_set[MOST + 3]; /* as each version */
byte returned;          /* the version of the last set() that has returned */

#define IS(value, v) (length[SLOT(v)] == (value) && data[SLOT(v)] == (value))
#define ALL_SEEN (!pending[BEGIN] && !pending[COMMIT] && !pending[LENGTH] && !pending[DATA])

/* b - v < N, in unsigned numbers. */
#if defined(BROKEN_NO_BEGIN)
#define IS_GOOD(b, v) true
#elif defined(BROKEN_ONE_MORE)
#define IS_GOOD(b, v) (b >= v && b - v <= N)
#elif defined(BROKEN_ONLY_IF_DONE)
#define IS_GOOD(b, v) (b == v)
#else
#define IS_GOOD(b, v) (b >= v && b - v < N)
#endif

#ifdef BROKEN_COMMIT_FOR_BEGIN
#define CHECKED commit
#else
#define CHECKED begin
#endif

#ifdef BROKEN_NUMBERED_BY_BEGIN
#define NEXT (begin + 1)
#else
#define NEXT (commit + 1)
#endif

#define OR_DIE :: deaths -> goto died

/* Stores become visible one by one, in any order. */
inline reveal(what, where) {
  where = coming[what];
  pending[what] = false;
  coming[what] = 0;
  FORBID(lost, commit != 0 && !IS(was_set[commit], commit))
}

proctype Memory() {
  do
  :: d_step { pending[BEGIN] -> reveal(BEGIN, begin) }
  :: d_step { pending[COMMIT] -> reveal(COMMIT, commit) }
  :: d_step { pending[LENGTH] -> reveal(LENGTH, length[slot]) }
  :: d_step { pending[DATA] -> reveal(DATA, data[slot]) }
  :: over -> break
  od
}

inline store(what, value) {
  if
  :: d_step { coming[what] = value; pending[what] = true }
  OR_DIE
  fi
}

/* Stores before the fence are visible before stores after it. */
inline release_fence() {
  if
  :: ALL_SEEN
  OR_DIE
  fi
}

inline store_begin() {
  store(BEGIN, v)
}

inline store_commit() {
#ifndef BROKEN_COMMIT_RELAXED
  release_fence();
#endif
  d_step { was_set[v] = mine };
  store(COMMIT, v)
}

inline store_value() {
  store(LENGTH, mine);
  store(DATA, mine)
}

proctype Writer() {
  byte v, mine;
  do
  :: !final -> break
  :: true ->
#ifdef BROKEN_NUMBERED_UNLOCKED
     v = NEXT;
#endif
     if
     :: d_step {
          !locked && (sets < MOST || final) ->
          locked = true;
          sets++;
          mine = sets;
#ifndef BROKEN_NUMBERED_UNLOCKED
          v = NEXT;
#endif
          slot = SLOT(v)
        }
     :: sets == MOST && !final -> break
     fi;
#if defined(BROKEN_BEGIN_AFTER_DATA)
     store_value();
     release_fence();
     store_begin();
     store_commit();
#elif defined(BROKEN_COMMIT_FIRST)
     store_begin();
     store_commit();
     release_fence();
     store_value();
#else
     store_begin();
#ifndef BROKEN_NO_RELEASE_FENCE
     release_fence();
#endif
     store_value();
     store_commit();
#endif
     d_step { ALL_SEEN -> returned = v };
died:
     ALL_SEEN; /* before another can take the lock */
     d_step {
       FORBID(lost, commit < returned);
       locked = false;
       v = 0;
       mine = 0;
       slot = 0
     };
     if
     :: final -> break
     :: !final
     fi
  od
}

#define LOAD(from) from[SLOT(v)]

proctype Reader() {
  byte v, l, d, b, last;
  do
  :: true -> break
  :: true ->
#ifdef BROKEN_COMMIT_LOADED_RELAXED
     v = last + 1;
     l = LOAD(length);
     d = LOAD(data);
     if
     :: v != commit -> goto again
     :: v == commit
     fi;
#else
     v = commit;
     if
     :: v == 0 -> goto again /* no value is set */
     :: v != 0
     fi;
#ifdef BROKEN_NO_ACQUIRE_FENCE
     b = CHECKED;
#endif
     if
     :: l = LOAD(length); d = LOAD(data)
     :: d = LOAD(data); l = LOAD(length)
     fi;
#endif
#ifndef BROKEN_NO_ACQUIRE_FENCE
     b = CHECKED;
#endif
     if
     :: d_step {
          IS_GOOD(b, v) ->
          FORBID(torn, l != was_set[v] || d != was_set[v]);
          FORBID(went_back, v < last);
          last = v
        }
     :: !IS_GOOD(b, v)
     fi;
again:
     atomic { v = 0; l = 0; d = 0; b = 0 }
  od
}

init {
  if
  :: true
  :: deaths = true
  fi;
  atomic { run Memory(); run Writer(); run Writer(); run Reader() };
  _nr_pr == 2 && ALL_SEEN;
  FORBID(unread, commit != 0 && !(IS(was_set[commit], commit) && IS_GOOD(begin, commit)));
  atomic { deaths = false; final = true; run Writer() };
  _nr_pr == 2 && ALL_SEEN;
  FORBID(unread, !(IS(sets, commit) && IS_GOOD(begin, commit)));
  over = true
}
