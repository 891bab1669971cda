/*
 * The cell of a Share: two words, begin and commit, and N slots; version v lies in slot v mod N.
 * Two writers set it as often as they like, one at a time, as each holds the lock, and die
 * anywhere; a reader reads it without a lock. A value is two words here, that of its length and
 * one of data: of a torn one they are of different sets.
 *
 * The rules are these. A writer takes v = commit + 1, and stores begin = v; a release fence;
 * length and data; commit = v, release. What a dead one leaves is begin = commit + 1, and the
 * next takes the same v and slot. A reader loads v = commit, acquire; length and data of its
 * slot, in any order; an acquire fence; b = begin. What it has got is good if b - v < N; else it
 * starts again.
 *
 * Memory is as loose as the rules allow. A store is seen by others later, before or after those
 * that follow, but for what a fence, a release or the lock says; a load comes before one that
 * precedes it, but for what a fence or an acquire says. What a writer has stored is seen by all
 * before another has the lock, whether he gave it back or died.
 *
 * What must never be, each a boolean that is asserted:
 *   torn       a reader takes for good what is not, whole, what was set as that version
 *   went_back  a reader is given an older version than before
 *   lost       commit names a slot that does not hold that version whole, or a version before one
 *              whose set() has returned
 *   unread     nobody writes, and a reader does not get what was set last; or not after one more
 *              set, whoever has died before
 * To these pan adds deadlock.
 *
 * There would be another way: commit, loaded once more, tells the same as begin if less than N -
 * 1 is asked for. It costs a slot, and a reader who is slow one more try.
 *
 * The twins: each lacks one rule, and must break what stands beside it (scripts/formal.js reads
 * this table).
 *
 * BROKEN_NO_BEGIN               torn             the slot is written anew while it is read
 * BROKEN_COMMIT_FOR_BEGIN       torn             the same, of a writer that is not done
 * BROKEN_ONE_MORE               torn             the same, with b - v <= N
 * BROKEN_NO_RELEASE_FENCE       torn             data is seen before begin
 * BROKEN_BEGIN_AFTER_DATA       torn             the same, by design
 * BROKEN_COMMIT_RELAXED         torn             commit is seen before data
 * BROKEN_COMMIT_FIRST           torn, lost       the same, by design
 * BROKEN_NO_ACQUIRE_FENCE       torn             begin is loaded before data
 * BROKEN_COMMIT_LOADED_RELAXED  torn             data is loaded before, of the slot that is guessed
 * BROKEN_ONE_SLOT               lost             a writer dies in it
 * BROKEN_NUMBERED_BY_BEGIN      lost, unread     after a death the slot of commit is the next
 * BROKEN_NUMBERED_UNLOCKED      went_back, lost  another has set more since
 * BROKEN_ONLY_IF_DONE           unread           b == v is asked for, and a writer has died
 */
#include "include/forbid.pml"

/* N; with one slot there is no good value while another is written. */
#ifndef N
#define N 2
#endif
#define MOST 4 /* sets, before the last one */

#ifdef BROKEN_ONE_SLOT
#define SLOT(v) 0
#else
#define SLOT(v) ((v) % N)
#endif

/* What everybody sees. */
byte begin, commit;
byte length[N], data[N];

/* What the writer has stored, and others do not see yet; of its slot. */
#define BEGIN 0
#define COMMIT 1
#define LENGTH 2
#define DATA 3
bool pending[4];
byte coming[4];
byte slot;

bool locked;
bool deaths; /* writers may die */
bool final;  /* all have ended, one sets once more */
bool over;

byte sets; /* begun; each sets its own number */

/* The rest is for the assertions only; no rule reads it. */
bool torn, went_back, lost, unread;
byte was_set[MOST + 3]; /* as each version */
byte returned;          /* the version of the last set() that has returned */

#define IS(value, v) (length[SLOT(v)] == (value) && data[SLOT(v)] == (value))
#define ALL_SEEN (!pending[BEGIN] && !pending[COMMIT] && !pending[LENGTH] && !pending[DATA])

/* b - v < N, as of unsigned numbers. */
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

/* Stores come to be seen one by one, in any order. */
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

/* All that was stored before it is seen before what is stored after it. */
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
     ALL_SEEN; /* and only then is the lock another's */
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
     :: v == 0 -> goto again /* nothing is set */
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
