/*
 * The lease of a map: getOrSetAsync(key, make) in several processes, of which one makes the value.
 * Three processes call it, and die at any step; makes take any time, and fail; another process sets
 * and deletes the key meanwhile.
 *
 * An operation on the entry is one step here, as the lock and the recovery make it
 * (map-publish.pml). Its version changes with each operation, and is never used again.
 *
 * The rules of a call:
 *   1. Read the event's count (the stripe's ring is armed: map-ring.pml), then the entry.
 *   2. A value: return it.
 *   3. Absent: add a lease, which names the participant. If another process was faster: 1.
 *   4. A lease whose participant is alive: sleep until the count differs, for a slice at most; 1.
 *   5. A lease whose participant is dead, as the kernel reports: compareAndSet of the lease's
 *      version to a lease of one's own. If another process was faster: 1.
 *   6. With a lease of one's own: make the value; compareAndSet of the lease's version to the
 *      value; return it. If the version has changed, another process has set or deleted the key: 1.
 *      The value made is neither stored nor returned.
 *   7. make fails: delete the entry if it has the lease's version; the call fails.
 * Each operation, also the deletion of a lease, is published. set(), delete() and clear() treat a
 * lease as they treat a value. A lease is identified by its version: it needs no nonce.
 *
 * Forbidden states, each a boolean that is asserted:
 *   two_makers  two live processes make the value, and no set or delete has come between
 *   overridden  a process stores or deletes the entry by a lease that a set or delete has taken
 *               away
 *   unstored    a call returns a value that the key has never had
 *   stuck       nothing moves, and a call has not returned: after a run without deaths, even if no
 *               slice ends; after deaths, if slices end
 * pan also looks for deadlock.
 *
 * The twins: each lacks one rule, and must violate the property beside it (scripts/formal.js reads
 * this table).
 *
 * BROKEN_ADDS_BY_SET            two_makers  another process has added its lease since the look
 * BROKEN_TAKES_OVER_BY_SET      two_makers  another process has taken it over since the look
 * BROKEN_TIME_IS_DEATH          two_makers  a slow maker is alive
 * BROKEN_STORES_BY_SET          overridden  a set since then is overwritten
 * BROKEN_STORES_OVER_ANY_LEASE  overridden  a delete, and the lease of another process
 * BROKEN_FAILURE_DELETES_ANY    overridden  a value that was set since then is deleted
 * BROKEN_RETURNS_OWN            unstored    a set has won
 * BROKEN_FAILURE_KEEPS_LEASE    stuck       its participant is alive
 * BROKEN_FAILURE_UNPUBLISHED    stuck       the waiters do not look
 * BROKEN_LOOKS_FIRST            stuck       the lease ended between the look and the sleep
 * BROKEN_NO_SLICES              stuck       a dead maker publishes nothing
 */
#include "include/forbid.pml"

#ifndef MEDDLES
#define MEDDLES 1 /* sets and deletes of the other process */
#endif

/* The entry. */
#define ABSENT 0
#define LEASE 1
#define VALUE 2
byte kind = ABSENT;
byte version;
byte entry; /* participant of the lease; number of the value */

bool gone[4];
bool published[4]; /* the count differs from the one that the process has read last */

byte numbers; /* of values so far */

bool deaths; /* callers may die */
bool slice[4]; /* the slice of a sleeping caller ends */

/* The rest is for the assertions only; no rule reads it. */
bool two_makers, overridden, unstored, stuck;
bool makes[4];       /* and holds a lease that no set or delete has taken away */
bool calls[4];
short had;     /* bit set: the values that the key has had */

#define OR_DIE :: deaths -> goto died

#define PUBLISH published[1] = true; published[2] = true; published[3] = true

/* After the operation: the process may die before it. */
inline publish() {
  if
  :: d_step { PUBLISH }
  OR_DIE
  fi
}

/* A change of the entry, under the lock: one step. */
inline put(what, value) {
  kind = what;
  entry = value;
  version++;
  had = (what == VALUE -> had | (1 << value) : had)
}

inline begin_make() {
  FORBID(two_makers, makes[1] || makes[2] || makes[3]);
  makes[me] = true;
  lease = version;
  seen = 0;
  seen_kind = 0;
  seen_entry = 0
}

#ifdef BROKEN_ADDS_BY_SET
#define CAN_ADD true
#else
#define CAN_ADD kind == ABSENT
#endif
#ifdef BROKEN_TAKES_OVER_BY_SET
#define CAN_TAKE_OVER true
#else
#define CAN_TAKE_OVER version == seen
#endif
#if defined(BROKEN_STORES_BY_SET)
#define CAN_STORE true
#elif defined(BROKEN_STORES_OVER_ANY_LEASE)
#define CAN_STORE kind == LEASE
#else
#define CAN_STORE version == lease
#endif
#ifdef BROKEN_FAILURE_DELETES_ANY
#define CAN_DELETE true
#else
#define CAN_DELETE version == lease
#endif
#ifdef BROKEN_TIME_IS_DEATH
#define IS_DEAD(k) true
#else
#define IS_DEAD(k) gone[k]
#endif

inline make() {
  if
  :: atomic { numbers++; made = numbers }
  :: true
  OR_DIE
  fi;
  if
  :: made == 0 ->
     /* It fails. */
#ifndef BROKEN_FAILURE_KEEPS_LEASE
     if
     :: atomic {
          CAN_DELETE ->
          FORBID(overridden, !makes[me]);
          makes[me] = false;
          put(ABSENT, 0)
        };
#ifndef BROKEN_FAILURE_UNPUBLISHED
        publish()
#endif
     :: atomic { !(CAN_DELETE) }
     OR_DIE
     fi;
#endif
     goto over
  :: made != 0 ->
     if
     :: atomic {
          CAN_STORE ->
          FORBID(overridden, !makes[me]);
          makes[me] = false;
          put(VALUE, made);
          got = made
        };
        publish()
     :: atomic { !(CAN_STORE) };
#ifdef BROKEN_RETURNS_OWN
        got = made
#endif
     OR_DIE
     fi
  fi;
  atomic { made = 0; lease = 0 }
}

proctype Caller(byte me) {
  byte seen, seen_kind, seen_entry, lease, made, got;
    calls[me] = true;
  do
  :: got != 0 -> break
  :: got == 0 ->
#ifndef BROKEN_LOOKS_FIRST
     published[me] = false;
#endif
     atomic { seen = version; seen_kind = kind; seen_entry = entry };
#ifdef BROKEN_LOOKS_FIRST
     published[me] = false;
#endif
     if
     :: seen_kind == VALUE -> got = seen_entry
     :: seen_kind == ABSENT ->
        if
        :: atomic { CAN_ADD -> put(LEASE, me); begin_make() };
           make()
        :: !(CAN_ADD)
        OR_DIE
        fi
     :: seen_kind == LEASE && IS_DEAD(seen_entry) ->
        if
        :: atomic { CAN_TAKE_OVER -> put(LEASE, me); begin_make() };
           make()
        :: !(CAN_TAKE_OVER)
        OR_DIE
        fi
     :: seen_kind == LEASE && !IS_DEAD(seen_entry) ->
        atomic { seen = 0; seen_kind = 0; seen_entry = 0 };
end_asleep:
        if
        :: published[me]
#ifndef BROKEN_NO_SLICES
        :: atomic { slice[me] -> slice[me] = false }
#endif
        fi
     fi
  od;
  atomic { FORBID(unstored, !(had & (1 << got))) };
  goto over;
died:
  atomic { gone[me] = true; makes[me] = false };
over:
  atomic {
    seen = 0; seen_kind = 0; seen_entry = 0; lease = 0; made = 0; got = 0;
    calls[me] = false
  }
}

inline none_makes() {
  makes[1] = false;
  makes[2] = false;
  makes[3] = false
}

/* set(), delete(), clear(). */
proctype Other() {
  byte n;
  do
  :: n < MEDDLES ->
     n++;
     if
     :: d_step { numbers++; put(VALUE, numbers); none_makes(); PUBLISH }
     :: d_step { put(ABSENT, 0); none_makes(); PUBLISH }
     fi
  :: break
  od
}

init {
  byte rounds;
  if
  :: true
  :: deaths = true
  fi;
  atomic { run Caller(1); run Caller(2); run Caller(3); run Other() };
  timeout;
  do
  :: deaths && rounds < 4 -> rounds++; d_step { slice[1] = true; slice[2] = true; slice[3] = true }; timeout
  :: else -> break
  od;
  atomic { FORBID(stuck, calls[1] || calls[2] || calls[3]) }
}
