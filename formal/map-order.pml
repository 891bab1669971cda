/*
 * The orders of loads and stores between one writer of a map and one reader without a lock, on a
 * machine that performs them in any order that is not forbidden, and shows each store to all others
 * at once (as ARMv8 does; x86-64 forbids more). Either an entry is replaced: block A, which the
 * slot names, by block B, which is filled before, and then A is filled for another entry. Or an
 * entry is a number, which is changed in place. The version is 0 before, 1 meanwhile, 2 afterwards.
 *
 * The orders, with the names of MAP.md where it has one:
 *   P0  version + 1, then the slot or the number          by P1
 *   P1  all before, then the slot or the number           release store
 *   P2  all before, then the new version                  release store
 *   F1  the new version, then any byte of the freed block  release fence, after P2
 *   N1  the number, then the entry's header, which has its version   release store
 *   A1  the version, then all later loads                 acquire load
 *   A2  the slot, then the bytes of the block             acquire load
 *   A3  all before, then the version again                acquire fence
 *   N2  the header, then the number                       acquire load
 * The block that the writer fills may have been freed by another process: then that one's F1 is
 * before it by the lock, and the writer needs a release fence of its own (F2) for the same effect.
 *
 * Forbidden states, of a reader that has seen the same version twice, each a boolean:
 *   torn     its value is not one of the two entries
 *   stale    it has the version of the new value, and the old value
 *   early    it has the version of the old value, and the new value: it may be cached, and be
 *            returned after another process, whose cache still has the old one, is asked
 *   unsound  the number is the old one, and the entry's version is the new one
 * pan also looks for deadlock.
 *
 * The twins: each lacks one order, and must violate the property beside it (scripts/formal.js reads
 * this table).
 *
 * BROKEN_NO_P0  early    the odd version is seen last
 * BROKEN_NO_P1  torn     the slot is seen before the bytes
 * BROKEN_NO_P2  stale    the version is seen before the slot
 * BROKEN_NO_F1  torn     the freed block is filled before the version is seen
 * BROKEN_NO_N1  unsound  the header is seen before the number
 * BROKEN_NO_A1  stale    the slot is loaded first
 * BROKEN_NO_A2  torn     the bytes of a predicted block are loaded first
 * BROKEN_NO_A3  torn     the version is loaded again before the bytes
 * BROKEN_NO_N2  unsound  the number is loaded before the header
 */
#include "include/forbid.pml"

/* An order holds: `later` is not performed before `earlier`. */
#define P0 (odd_done)
#define P1 (first_done && second_done)
#define P2 (commit_done)
#define F1 (commit_done && even_done)
#define N1 (commit_done)
#define A1 (before_loaded)
#define A2 (from_loaded)
#define A3 (from_loaded && first_loaded && second_loaded)
#define N2 (header_loaded)
#define NUMBER_A3 (header_loaded && number_loaded)
#ifdef BROKEN_NO_P0
#undef P0
#define P0 true
#endif
#ifdef BROKEN_NO_P1
#undef P1
#define P1 true
#endif
#ifdef BROKEN_NO_P2
#undef P2
#define P2 true
#endif
#ifdef BROKEN_NO_F1
#undef F1
#define F1 true
#endif
#ifdef BROKEN_NO_N1
#undef N1
#define N1 true
#endif
#ifdef BROKEN_NO_A1
#undef A1
#define A1 true
#endif
#ifdef BROKEN_NO_A2
#undef A2
#define A2 true
#endif
#ifdef BROKEN_NO_A3
#undef A3
#undef NUMBER_A3
#define A3 true
#define NUMBER_A3 true
#endif
#ifdef BROKEN_NO_N2
#undef N2
#define N2 true
#endif

#define A 0
#define B 1
#define OLD 5
#define NEW 1
#define JUNK 7
#define NEXT 9

byte version;
byte slot = A;
byte first[2], second[2]; /* the bytes of each block */
byte header, number;      /* 0 or 2: the entry's version; and the number in place */

/* The rest is for the assertions only. */
bool torn, stale, early, unsound;

/* Each branch of a `do` is a store or a load that may be performed next. */

proctype Replaces() {
  bool first_done, second_done, odd_done, commit_done, even_done, reused_first, reused_second;
  do
  :: d_step { !first_done -> first[B] = NEW; first_done = true }
  :: d_step { !second_done -> second[B] = NEW; second_done = true }
  :: d_step { !odd_done && !even_done -> version = 1; odd_done = true }
  :: d_step { !commit_done && P1 && P0 -> slot = B; commit_done = true }
  :: d_step { !even_done && odd_done && P2 -> version = 2; even_done = true }
  :: d_step { !reused_first && F1 -> first[A] = NEXT; reused_first = true }
  :: d_step { !reused_second && F1 -> second[A] = NEXT; reused_second = true }
  :: d_step {
       first_done && second_done && commit_done && even_done && reused_first && reused_second ->
       first_done = false; second_done = false; odd_done = false; commit_done = false;
       even_done = false; reused_first = false; reused_second = false
     };
     break
  od
}

proctype Reads() {
  byte before, after, from, f, s;
  byte guess; /* of the block that the slot will turn out to name */
  bool before_loaded, from_loaded, first_loaded, second_loaded, after_loaded;
  if
  :: guess = A
  :: guess = B
  fi;
  do
  :: d_step { !before_loaded -> before = version; before_loaded = true }
  :: d_step { !from_loaded && A1 -> from = slot; from_loaded = true }
  :: d_step { !first_loaded && A2 && A1 -> f = first[guess]; first_loaded = true }
  :: d_step { !second_loaded && A2 && A1 -> s = second[guess]; second_loaded = true }
  :: d_step { !after_loaded && before_loaded && A3 -> after = version; after_loaded = true }
  :: before_loaded && from_loaded && first_loaded && second_loaded && after_loaded -> break
  od;
  if
  :: atomic {
       before == after && from == guess ->
       FORBID(torn, f != s || (f != OLD && f != NEW));
       FORBID(stale, before == 2 && f == OLD);
       FORBID(early, before == 0 && f == NEW)
     }
  :: else
  fi
}

proctype Counts() {
  bool odd_done, commit_done, header_done, even_done;
  do
  :: d_step { !odd_done -> version = 1; odd_done = true }
  :: d_step { !commit_done && P0 -> number = 2; commit_done = true }
  :: d_step { !header_done && N1 -> header = 2; header_done = true }
  :: d_step { !even_done && odd_done && header_done && commit_done -> version = 2; even_done = true }
  :: even_done -> break
  od
}

proctype ReadsNumber() {
  byte before, after, h, n;
  bool before_loaded, header_loaded, number_loaded, after_loaded;
  do
  :: d_step { !before_loaded -> before = version; before_loaded = true }
  :: d_step { !header_loaded && A1 -> h = header; header_loaded = true }
  :: d_step { !number_loaded && A1 && N2 -> n = number; number_loaded = true }
  :: d_step {
       !after_loaded && before_loaded && NUMBER_A3 -> after = version; after_loaded = true
     }
  :: after_loaded && header_loaded && number_loaded -> break
  od;
  if
  :: atomic {
       before == after ->
       FORBID(stale, before == 2 && n == 0);
       FORBID(early, before == 0 && n == 2);
       FORBID(unsound, h == 2 && n == 0)
     }
  :: else
  fi
}

init {
  d_step {
    first[A] = OLD; second[A] = OLD;
    first[B] = JUNK; second[B] = JUNK
  };
  if
  :: atomic { run Replaces(); run Reads() }
  :: atomic { run Counts(); run ReadsNumber() }
  fi
}
