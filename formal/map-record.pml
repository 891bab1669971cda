/*
 * The records of a map: whose record belongs to the lock of a dead process, and when a new process
 * may take over the record of a dead one. There are two stripes, and one process that has died with
 * the lock of the first. Two processes with records take this lock, and recover; two more come,
 * take over records, and take a lock. All but one of them may die at any step, and use the map no
 * more afterwards. In the end a process that does not die takes each lock once.
 *
 * A process that died in an operation has left it in its record, until a recovery has finished it
 * (map-publish.pml). The number of a process is never given to another.
 *
 * The rules:
 *   - Lock: swap the free word to oneself. If its owner is dead, look for the record with the
 *     owner's number, note it in one's own record, and swap the word from that owner to oneself. If
 *     the swap succeeds, recover; otherwise clear the note before any other attempt.
 *   - Recover: follow the notes to the oldest, finish its operation, and clear the note that led
 *     there; then the next. The note of oneself is cleared last.
 *   - Take over a record: its number is that of a dead process; then its operation is empty; then
 *     no lock names that process; then no record, also of the dead, has a note of it; then swap its
 *     number to one's own, and clear its note before the first lock. The order matters: a process
 *     that recovers stores its note before it swaps the lock.
 *   - A record with a note may be taken over: if no lock names its process, nothing follows the
 *     note. It is left by a process that lost the swap, and died.
 *
 * Forbidden states, each a boolean that is asserted:
 *   shared       two processes use a record at a time: as its owner, or to recover it
 *   foreign      a process recovers an operation of another stripe than the one that it has locked
 *   unrecovered  a lock is released, and an operation of a dead process in this stripe is left
 *   pinned       all locks are free, and the record of a dead process can never be taken over
 * pan also looks for deadlock.
 *
 * The twins: each lacks one rule, and must violate the property beside it (scripts/formal.js reads
 * this table).
 *
 * BROKEN_KEEPS_NOTE             shared, foreign  it wins the lock later, and dies with it
 * BROKEN_NOTES_AFTER_SWAP       unrecovered      it dies between swap and note
 * BROKEN_CLEARS_NOTE_FIRST      unrecovered      it dies in the recovery
 * BROKEN_IGNORES_LOCKS          shared           the record is noted between that look and the swap
 * BROKEN_IGNORES_NOTES          shared           the lock names the process that recovers
 * BROKEN_LOOKS_AT_NOTES_FIRST   shared           the note is stored between the looks
 * BROKEN_IGNORES_NOTES_OF_DEAD  shared           a process will follow them
 * BROKEN_CLAIMS_BY_STORE        shared           two have looked
 * BROKEN_CLAIM_KEEPS_NOTE       foreign          it dies with a lock, and the note is followed
 * BROKEN_NOTE_IS_FULL           pinned           nothing ever clears the note
 */
#include "include/forbid.pml"

#define FREE 0
#define RECORDS 3 /* and one of the last process */

byte owner[2]; /* of the stripes */

/* The records; 0: none. */
byte number[RECORDS + 2];
byte operation[RECORDS + 2]; /* the stripe, from 1 on */
byte note[RECORDS + 2];      /* a record */

bool gone[7];
byte ended;

/* The rest is for the assertions only; no rule reads it. */
bool shared, foreign, unrecovered, pinned;
byte user[RECORDS + 2];

#define OR_DIE :: mortal -> goto died
#define STORE(what) if :: what OR_DIE fi

inline use(r) {
  atomic { FORBID(shared, user[r] != 0); user[r] = me }
}

inline recover() {
  do
  :: note[mine] == 0 -> break
  :: note[mine] != 0 ->
     d_step {
       after = mine;
       hops = 0;
       do
       :: note[note[after]] != 0 && hops < RECORDS -> after = note[after]; hops++
       :: else -> break
       od;
       hops = 0; /* a circle of notes occurs in twins only */
       other = note[after]
     };
     use(other);
     atomic { FORBID(foreign, operation[other] != 0 && operation[other] != s + 1) };
#ifdef BROKEN_CLEARS_NOTE_FIRST
     STORE(note[after] = 0);
#endif
     if
     :: operation[other] != 0 -> STORE(operation[other] = 0)
     :: else
     fi;
     user[other] = 0;
     STORE(note[after] = 0)
  od;
  atomic { after = 0; other = 0 }
}

inline take_note() {
  d_step {
    other = 1;
    do
    :: other <= RECORDS && number[other] != dead -> other++
    :: else -> break
    od;
    other = (other > RECORDS -> 0 : other)
  };
  STORE(note[mine] = other);
  other = 0
}

inline lock() {
  do
  :: atomic { owner[s] == FREE -> owner[s] = me; break }
  :: atomic { owner[s] != FREE && gone[owner[s]] -> dead = owner[s] };
#ifndef BROKEN_NOTES_AFTER_SWAP
     take_note();
#endif
     if
     :: atomic { owner[s] == dead -> owner[s] = me };
#ifdef BROKEN_NOTES_AFTER_SWAP
        take_note();
#endif
        dead = 0;
        recover();
        break
     :: atomic { owner[s] != dead -> dead = 0 };
#ifndef BROKEN_KEEPS_NOTE
        STORE(note[mine] = 0)
#endif
     fi
  od
}

#define IS_LEFT(r) (gone[number[r]] && operation[r] == s + 1)

inline unlock() {
  if
  :: atomic { FORBID(unrecovered, IS_LEFT(1) || IS_LEFT(2) || IS_LEFT(3)); owner[s] = FREE }
  OR_DIE
  fi
}

inline operate() {
  use(mine);
  STORE(operation[mine] = s + 1);
  STORE(operation[mine] = 0);
  user[mine] = 0
}

#define LOCK_NAMES(n) (owner[0] == n || owner[1] == n)

#if defined(BROKEN_IGNORES_NOTES)
#define IS_NOTED(r, k) false
#elif defined(BROKEN_IGNORES_NOTES_OF_DEAD)
#define IS_NOTED(r, k) (note[k] == r && !gone[number[k]])
#else
#define IS_NOTED(r, k) (note[k] == r)
#endif
#define ANY_NOTED(r) (IS_NOTED(r, 1) || IS_NOTED(r, 2) || IS_NOTED(r, 3))

#ifdef BROKEN_NOTE_IS_FULL
#define IS_FULL(r) (operation[r] != 0 || note[r] != 0)
#else
#define IS_FULL(r) (operation[r] != 0)
#endif
/* A record whose note is left over can be taken over, and after it the record that it notes. */
#define IS_PINNED(r) (gone[number[r]] && (IS_FULL(r) || LOCK_NAMES(number[r])))

/* Looks at one record, and takes it over, or not. */
inline claim() {
  if
  :: other = 1
  :: other = 2
  :: other = 3
  fi;
  dead = number[other];
  if
  :: !gone[dead] || IS_FULL(other) -> goto not_claimed
  :: else
  fi;
#ifdef BROKEN_LOOKS_AT_NOTES_FIRST
  if
  :: ANY_NOTED(other) -> goto not_claimed
  :: else
  fi;
#endif
#ifndef BROKEN_IGNORES_LOCKS
  if
  :: LOCK_NAMES(dead) -> goto not_claimed
  :: else
  fi;
#endif
#ifndef BROKEN_LOOKS_AT_NOTES_FIRST
  if
  :: ANY_NOTED(other) -> goto not_claimed
  :: else
  fi;
#endif
#ifdef BROKEN_CLAIMS_BY_STORE
  atomic { number[other] = me; mine = other };
#else
  if
  :: atomic { number[other] == dead -> number[other] = me; mine = other }
  :: number[other] != dead
  fi;
#endif
not_claimed:
  atomic { dead = 0; other = 0 }
}

#define LAST 6

proctype Process(byte me; byte mine; bool mortal) {
  byte s, dead, other, after, hops;
  if
  :: mine == 0 ->
     claim();
     if
     :: mine == 0 -> goto over
     :: else
     fi;
#ifndef BROKEN_CLAIM_KEEPS_NOTE
     STORE(note[mine] = 0)
#endif
  :: mine != 0
  fi;
  if
  :: s = 0
  :: me == 4 -> s = 1
  fi;
again:
  lock();
  operate();
  unlock();
  if
  :: me == LAST && s == 0 -> s = 1; goto again
  :: else
  fi;
died:
  /* It has ended: dead or not, it uses the map no more. */
  atomic {
    gone[me] = (me != LAST);
    user[1] = (user[1] == me -> 0 : user[1]);
    user[2] = (user[2] == me -> 0 : user[2]);
    user[3] = (user[3] == me -> 0 : user[3])
  };
over:
  atomic { s = 0; dead = 0; other = 0; after = 0; mortal = false; mine = 0; ended++ }
}

init {
  d_step {
    gone[1] = true;
    owner[0] = 1;
    number[1] = 1;
    number[2] = 2;
    number[3] = 3;
    number[4] = LAST;
    operation[1] = 1
  };
  atomic {
    run Process(2, 2, true);
    run Process(3, 3, false);
    run Process(4, 0, true);
    run Process(5, 0, true)
  };
  ended == 4;
  run Process(LAST, 4, false);
  ended == 5;
  FORBID(pinned, IS_PINNED(1) || IS_PINNED(2) || IS_PINNED(3))
}
