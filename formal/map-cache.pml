/*
 * The cache of a process in front of a map: a value is kept with the version of its bucket, and
 * returned as long as the version is the same; that is one load, without a call. A writer changes
 * the entry a few times and may die; another process recovers its work. Two readers get the entry
 * as they like, from the map or from their cache.
 *
 * The rules:
 *   - The version is odd from before the commit until after it. A dead writer leaves it odd until a
 *     process recovers the bucket.
 *   - What was read with an odd version is returned, but not kept.
 *
 * Forbidden states, each a boolean that is asserted:
 *   went_back    a reader returns an older value than another reader has returned before
 *   uncached     nothing moves, no operation is left to recover, and a reader still cannot keep the
 *                value
 * pan also looks for deadlock.
 *
 * The twins: each lacks one rule, and must violate the property beside it (scripts/formal.js reads
 * this table).
 *
 * BROKEN_NO_ODD          went_back  the commit precedes the new version
 * BROKEN_VERSION_BEFORE  went_back  the new version precedes the commit, and the old value is kept
 * BROKEN_KEEPS_ODD       went_back  the value was read before the commit
 * BROKEN_VERSION_LAST    went_back  the version is the new one, and the value was read before
 * BROKEN_RECOVERED_ODD   uncached   the recovery does not store the version
 */
#include "include/forbid.pml"

#ifndef MOST
#define MOST 2 /* changes */
#endif

byte version, value;
byte begun; /* changes; each stores its number */
bool writes; /* a change is not complete: the lock is held, perhaps by a dead process */
bool dead;

/* The rest is for the assertions only; no rule reads it. */
bool went_back, uncached;
byte returned; /* the newest value that a reader has returned */

#define OR_DIE :: dead = true; goto died
#define NEXT_VERSION (begun * 2)

proctype Writer() {
  do
  :: begun == MOST -> break
  :: true -> break
  :: begun < MOST ->
     atomic { begun++; writes = true };
#if defined(BROKEN_VERSION_BEFORE)
     if
     :: version = NEXT_VERSION
     OR_DIE
     fi;
#elif !defined(BROKEN_NO_ODD)
     if
     :: version = NEXT_VERSION - 1
     OR_DIE
     fi;
#endif
     if
     :: value = begun
     OR_DIE
     fi;
died:
     /* The rest is what a recovery does too, whether or not the value was stored. */
#ifdef BROKEN_RECOVERED_ODD
     if
     :: !dead -> version = NEXT_VERSION
     :: dead
     fi;
#else
     version = NEXT_VERSION;
#endif
     atomic { writes = false; dead = false }
  od
}

proctype Reader() {
  byte before, v, kept_version, kept_value, floor;
  bool has_kept;
  do
  :: true -> break
  :: true ->
     floor = returned;
     if
     :: has_kept && kept_version == version -> v = kept_value
     :: !has_kept || kept_version != version ->
#ifdef BROKEN_VERSION_LAST
        v = value;
        before = version;
#else
        before = version;
        v = value;
        if
        :: version != before -> goto again
        :: version == before
        fi;
#endif
        if
#ifdef BROKEN_KEEPS_ODD
        :: true ->
#else
        :: before % 2 == 0 ->
#endif
           atomic { kept_version = before; kept_value = v; has_kept = true }
#ifndef BROKEN_KEEPS_ODD
        :: before % 2 == 1
#endif
        fi
     fi;
     d_step {
       FORBID(went_back, v < floor);
       returned = (v > returned -> v : returned)
     };
again:
     atomic { before = 0; v = 0; floor = 0 }
  od;
  atomic { kept_version = 0; kept_value = 0; has_kept = false }
}

init {
  atomic { run Writer(); run Reader(); run Reader() };
  _nr_pr == 1;
  FORBID(uncached, !writes && version % 2 == 1)
}
