/*
 * The changes of a map: how listeners learn which keys have changed. A stripe has a ring of N
 * records, the position of the last record (head), and the position up to which records are wanted.
 * Writers change the stripe, one at a time, and die at any step. A listener begins to listen,
 * sleeps, is woken, ends, or dies, and begins again.
 *
 * The rules of a writer, which holds the lock of the stripe:
 *   - A record is wanted if head < wanted. Then position = head + 1, else 0. The position stands in
 *     the operation's record before the commit.
 *   - Commit; then append; then free the old block, which has the key of a deleted entry; then
 *     clear the operation.
 *   - Append: the record's position = 0; a release fence; the fields; the record's position = p;
 *     head = p, release.
 *   - After the release of the lock, publish the event and the bell of the region, if a record was
 *     appended.
 *   - A recovery of a committed operation appends in the same way, at the same position. If the
 *     record's position is p already, the record is complete, and only head is stored: the key may
 *     be gone. A recovery publishes after the release, whatever it has found.
 * The rules of a listener:
 *   - Begin: for each stripe, under its lock: read head, up to which nothing is to be reported;
 *     store wanted = head + CREDITS. The lock orders that with all commits, so writers need no
 *     fence. If a lock is busy, the stripe may be left for later: when it is armed, 'many' is
 *     reported.
 *   - Each time: read the event's count, or arm the bell; then look at each stripe; then sleep
 *     until the count differs or the bell rings.
 *   - Look: load head, acquire. If wanted - head is at most half of CREDITS, arm again: under the
 *     lock, if head == wanted, changes may have gone unrecorded, so all up to head counts as read;
 *     wanted = head + CREDITS; and after that, 'many' is reported.
 *   - Read record q, which is at most head: the fields, in any order; an acquire fence; its
 *     position. If it is not q, the writers have lapped the listener: all up to head counts as
 *     read, and 'many' is reported.
 *   - A process may die between its release of the lock and the publication. No recovery follows.
 *     So a listener also looks from time to time, woken or not.
 * No process counts listeners. A listener that has ended or died costs the writers of a stripe
 * CREDITS more records at most.
 *
 * Memory is as loose as the rules allow, as in cell.pml.
 *
 * Forbidden states, each a boolean that is asserted:
 *   torn           a listener accepts a record that is not, as a whole, the record of one change
 *   early          it hears of a change that is not committed
 *   skipped        it hears of a change, and has not heard of the one before, nor of 'many'
 *   repeated       it hears of a change again
 *   needless_many  it is reported as lapped, and at most N changes have happened since the last
 *   unheard        nothing moves, and a listener sleeps that has not heard of the last change:
 *                  after a run without deaths; after deaths with the lock held, if a process takes
 *                  the lock once more; after other deaths, if the listener also looks
 * pan also looks for deadlock.
 *
 * The twins: each lacks one rule, and must violate the property beside it (scripts/formal.js reads
 * this table).
 *
 * BROKEN_NOT_INVALIDATED       torn           it is overwritten while it is read
 * BROKEN_INVALIDATED_UNFENCED  torn           the fields are visible before the position is 0
 * BROKEN_HEAD_RELAXED          needless_many  head is visible before the record
 * BROKEN_NO_SECOND_LOOK        torn           it is overwritten while it is read
 * BROKEN_NO_ACQUIRE_FENCE      torn           the position is loaded before the fields
 * BROKEN_HEAD_LOADED_RELAXED   torn           the fields are loaded before head
 * BROKEN_ARMS_UNLOCKED         unheard        a writer has found no record wanted, then commits
 * BROKEN_APPENDS_FIRST         early          before the commit
 * BROKEN_REDO_APPENDS_NEXT     repeated       the dead process had appended it
 * BROKEN_RECOVERY_FORGETS      skipped        the dead process had not
 * BROKEN_REDO_REWRITES         torn           the block with the key is free
 * BROKEN_FREES_FIRST           torn           the same
 * BROKEN_PUBLISHES_FIRST       unheard        it looks between the event and the record
 * BROKEN_LOOKS_FIRST           unheard        a change between the look and the read of the count
 * BROKEN_RECOVERY_SILENT       unheard        the dead process has not published
 * BROKEN_NO_LOOKS              unheard        it died between the release and the event
 * BROKEN_LAPPED_SILENT         skipped        records are lost
 * BROKEN_EXHAUSTED_SILENT      unheard        changes were not recorded
 * BROKEN_NEVER_ARMS_AGAIN      unheard        the same
 * BROKEN_REPORTS_FIRST         unheard        a change between the report of 'many' and arming
 */
#include "include/forbid.pml"

#define N 2       /* records in the ring */
#define CREDITS 3 /* records that a listener wants at a time */
#ifndef MOST
#define MOST 4 /* changes */
#endif

#define FREE 0
#define DEAD 9
#define WRITER 1
#define LISTENER 2

/* The visible memory. A record has two fields here; both are the number of the change. */
byte head, wanted;
byte position[N], key[N], what[N];

/* Stores of the writer that are not visible yet; the first three are those of one record. */
#define POSITION 0
#define KEY 1
#define WHAT 2
#define HEAD 3
bool pending[4];
byte coming[4];
byte place; /* of that record */

/* The lock, and the operation in the record of its owner (map-publish.pml has the records). */
byte owner = FREE;
bool operating, has_committed, has_key;
byte op_position;

/* A process that has released the lock is about to publish. Two of them count as one. */
bool publishing;
bool published; /* the event's count differs from the one that the listener has read last */

byte changes; /* committed so far */
byte most;    /* changes, of MOST */

bool deaths;       /* processes may die with the lock */
bool other_deaths; /* and after they have released it, before they publish */
bool looks;        /* the listener looks, woken or not */
bool over;

/* The rest is for the assertions only; no rule reads it. */
bool torn, early, skipped, repeated, needless_many, unheard;
bool listens;
byte heard;               /* the last change that it has heard of, or that 'many' covers */
byte change_at[MOST + 2]; /* the change in each position */

#define ALL_SEEN (!pending[POSITION] && !pending[KEY] && !pending[WHAT] && !pending[HEAD])
#define OR_DIE :: deaths -> goto died

inline reveal(which, where) {
  where = coming[which];
  pending[which] = false;
  coming[which] = 0
}

/* Stores become visible one by one, in any order; and processes publish, unless they die. */
proctype Memory() {
end:
  do
  :: d_step { pending[POSITION] -> reveal(POSITION, position[place]) }
  :: d_step { pending[KEY] -> reveal(KEY, key[place]) }
  :: d_step { pending[WHAT] -> reveal(WHAT, what[place]) }
  :: d_step { pending[HEAD] -> reveal(HEAD, head) }
  :: d_step { publishing -> publishing = false; published = true }
  :: d_step { publishing && other_deaths -> publishing = false }
  :: over -> break
  od
}

inline store(which, value) {
  if
  :: d_step { coming[which] = value; pending[which] = true }
  OR_DIE
  fi
}

inline release_fence() {
  if
  :: ALL_SEEN
  OR_DIE
  fi
}

#ifdef BROKEN_APPENDS_FIRST
#define CHANGE (changes + 1)
#else
#define CHANGE changes
#endif

/* Appends the record of the operation, at op_position; perhaps for the second time. */
inline append() {
  d_step { ALL_SEEN; place = op_position % N };
#ifndef BROKEN_REDO_REWRITES
  if
  :: position[place] == op_position
  :: position[place] != op_position ->
#endif
#ifndef BROKEN_NOT_INVALIDATED
     store(POSITION, 0);
#ifndef BROKEN_INVALIDATED_UNFENCED
     release_fence();
#endif
#endif
     store(KEY, has_key * CHANGE);
     store(WHAT, CHANGE);
     store(POSITION, op_position)
#ifndef BROKEN_REDO_REWRITES
  fi
#endif
  ;
#ifndef BROKEN_HEAD_RELAXED
  release_fence();
#endif
  store(HEAD, op_position)
}

inline free_old_block() {
  if
  :: has_key = false
  OR_DIE
  fi
}

#if defined(BROKEN_RECOVERY_SILENT)
#define PUBLISHES (appends && !recovers)
#elif defined(BROKEN_PUBLISHES_FIRST)
#define PUBLISHES recovers
#else
#define PUBLISHES (appends || recovers)
#endif

inline unlock(publishes) {
  if
  :: atomic { ALL_SEEN -> owner = FREE; publishing = (publishing || publishes) }
  OR_DIE
  fi
}

/* One process after the other: when one has died, the next goes on. */
proctype Writer() {
  bool recovers, appends;
end:
  do
  :: over -> break
  :: atomic { owner == FREE && changes < most -> owner = WRITER };
     atomic {
       operating = true;
       has_key = true;
       op_position = (head < wanted -> head + 1 : 0)
     };
#ifdef BROKEN_PUBLISHES_FIRST
     d_step { published = (published || op_position != 0) };
#endif
#ifdef BROKEN_APPENDS_FIRST
     if
     :: op_position != 0 -> append()
     :: else
     fi;
#endif
     if
     :: d_step {
          changes++;
          has_committed = true;
          change_at[op_position] = (op_position -> changes : 0)
        }
     OR_DIE
     fi;
     goto finish;
  :: atomic { owner == DEAD -> owner = WRITER; recovers = true };
#ifdef BROKEN_RECOVERY_FORGETS
     atomic { has_committed = false; op_position = 0 };
#endif
#ifdef BROKEN_REDO_APPENDS_NEXT
     atomic { op_position = (op_position && head < MOST -> head + 1 : op_position) };
#endif
     if
     :: has_committed ->
finish:
#ifdef BROKEN_FREES_FIRST
        free_old_block();
#endif
#ifndef BROKEN_APPENDS_FIRST
        if
        :: op_position != 0 -> appends = true; append()
        :: else
        fi;
#endif
#ifndef BROKEN_FREES_FIRST
        free_old_block()
#endif
     :: !has_committed -> skip
     fi;
     if
     :: atomic { operating = false; has_committed = false; has_key = false; op_position = 0 }
     OR_DIE
     fi;
     unlock(PUBLISHES);
     goto done;
died:
     atomic { ALL_SEEN -> owner = DEAD };
done:
     atomic { recovers = false; appends = false }
  od
}

/* What the listener does. */

inline begin() {
  d_step { mine = head; heard = changes; wanted = head + CREDITS; listens = true }
}

inline arm() {
#ifdef BROKEN_REPORTS_FIRST
  d_step { many = (late || head == wanted); heard = (many -> changes : heard) };
#endif
  atomic { owner == FREE -> owner = LISTENER };
  atomic {
#ifndef BROKEN_REPORTS_FIRST
    many = (late || head == wanted);
#endif
    if
    :: many ->
       mine = head;
#if !defined(BROKEN_EXHAUSTED_SILENT) && !defined(BROKEN_REPORTS_FIRST)
       heard = changes
#endif
    :: else
    fi;
    wanted = head + CREDITS;
    late = false;
    many = false
  };
  unlock(false)
}

inline lapped() {
  d_step {
    FORBID(needless_many, changes - heard <= N);
#ifndef BROKEN_LAPPED_SILENT
    heard = change_at[h];
#endif
    mine = h
  }
}

inline read_record() {
#if !defined(BROKEN_HEAD_LOADED_RELAXED)
  q = mine + 1;
#ifdef BROKEN_NO_ACQUIRE_FENCE
  again = position[q % N];
#endif
  if
  :: k = key[q % N]; w = what[q % N]
  :: w = what[q % N]; k = key[q % N]
  fi;
#endif
#ifdef BROKEN_NO_SECOND_LOOK
  again = q;
#elif !defined(BROKEN_NO_ACQUIRE_FENCE)
  again = position[q % N];
#endif
  if
  :: again == q ->
     d_step {
       FORBID(torn, k != w || w == 0);
       FORBID(early, w > changes);
       FORBID(skipped, w > heard + 1);
       FORBID(repeated, w <= heard);
       heard = w;
       mine = q
     }
  :: else -> lapped()
  fi;
  atomic { q = 0; again = 0; k = 0; w = 0 }
}

inline look() {
#ifdef BROKEN_HEAD_LOADED_RELAXED
  q = mine + 1;
  k = key[q % N];
  w = what[q % N];
#endif
  h = head;
#ifndef BROKEN_NEVER_ARMS_AGAIN
  if
  :: late || wanted - h <= CREDITS / 2 -> arm()
  :: else
  fi;
#endif
  do
  :: mine < h -> read_record()
  :: mine >= h -> break
  od;
  h = 0
}

/* A process that dies with the lock has not stored anything that matters. */
proctype Listener() {
  byte h, q, again, k, w, mine;
  bool late, many;
  do
  :: true -> break
  :: true ->
     /* Begins to listen: now, or as soon as the lock is free. */
     if
#ifdef BROKEN_ARMS_UNLOCKED
     :: begin()
#else
     :: atomic { owner == FREE -> owner = LISTENER }; begin(); unlock(false)
#endif
     :: d_step { mine = head; heard = changes; late = true; listens = true }
     fi;
     do
     :: true ->
#ifndef BROKEN_LOOKS_FIRST
        published = false;
#endif
        look();
#ifdef BROKEN_LOOKS_FIRST
        published = false;
#endif
        if
        :: true -> break
        :: true ->
end_asleep:
           if
           :: published
           :: atomic { looks -> looks = false }
           :: over -> break
           fi
        fi
     od;
     goto ended;
died:
     atomic { owner = DEAD };
ended:
     atomic { h = 0; mine = 0; heard = 0; late = false; many = false; listens = false };
     if
     :: over -> break
     :: else
     fi
  od
}

init {
  do
  :: most < MOST -> most++
  :: break
  od;
  if
  :: true
  :: deaths = true
  :: deaths = true; other_deaths = true
  fi;
  atomic { run Memory(); run Writer(); run Listener() };
  timeout;
#ifndef BROKEN_NO_LOOKS
  if
  :: other_deaths -> atomic { other_deaths = false; looks = listens }; timeout
  :: else
  fi;
#endif
  d_step {
    FORBID(unheard, listens && heard != changes);
    over = true
  }
}
