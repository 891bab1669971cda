/*
 * One stripe of a map with one bucket: how an entry is published, how its predecessor is freed, and
 * how a participant's record lets another finish or undo the work of a dead one. Two writers change
 * the entry: a set in a new block, a delete, or a number in place. A third process only takes the
 * lock. All three die at any store, also while they recover. When they have ended, a fourth takes
 * the lock and lives. A reader gets the entry without a lock, keeps it in its cache, and looks into
 * its cache once more at any later time.
 *
 * The stores of a dead process are a prefix of its stores in program order. A load takes the newest
 * value here; the order in which others see stores is the subject of map-order.pml.
 *
 * The rules of a writer, under the lock of the stripe:
 *   - The allocator's words change by transactions of an undo log in the writer's record: a log
 *     entry, n + 1, the word; in the end n = 0. The last word is the field of the record that names
 *     the block. So a transaction has happened, or has not.
 *   - Take a block; fill it; fill in the record; kind = PUBLISHING; version + 1 (odd).
 *   - The slot: the commit.
 *   - kind = COMMITTED; the new version (even), the count, as they stand in the record; then free
 *     the old block; then clear new_block and kind. The lock is released last.
 *   - A number in place: the record; kind = NUMBER; version + 1; the value, which is the commit;
 *     the entry's version; the bucket's version; kind = 0.
 * The rules of recovery, with the record of the dead owner:
 *   - First note whose record it is (`recovering`), then swap the lock's word from the dead owner
 *     to oneself; if the swap fails, clear the note before any other attempt. A dead process that
 *     had noted a record is recovered after that record.
 *   - Undo the log. PUBLISHING and the slot holds the new value: COMMITTED. Otherwise undo: the new
 *     version (even, and not used for anything else), then old_block = 0, kind = 0, and free the
 *     new block. COMMITTED: as above. NUMBER: the versions, whether or not the value was stored.
 *   - Nothing is relative: each store may be done twice.
 * The rules of a reader:
 *   - The version, the slot, the header of the entry (its version and type, one word), the value,
 *     the version again; other than before: start again. It may be odd both times.
 *   - The header before the number. The writer stores the number before the header. So a reader
 *     never has an old number with the new version, and compareAndSet does not overwrite a number
 *     that its caller has not seen.
 *   - Only with an even version it may be cached. A hit is one load: the version is the same.
 *
 * Forbidden states, each a boolean that is asserted:
 *   torn         a get returns a value of two sets
 *   stale        a get returns a value that the entry did not have at any moment of the call
 *   stale_hit    the cache returns a value that the entry does not have at this moment
 *   unsound      a reader has value and version of an entry; the lock is free, the version is still
 *                the same, and the value is not
 *   freed_twice  a process frees a block that is free
 * and when a process releases the lock:
 *   taken_back   the entry is not what the last commit made it
 *   unowned      a block is in use that no slot links, or the opposite
 *   miscounted   the count of entries is wrong
 *   odd_at_rest  the version is odd
 *   left_over    the record of a process that is dead, or of this one, is not empty
 * pan also looks for deadlock.
 *
 * The twins: each lacks one rule, and must violate the property beside it (scripts/formal.js reads
 * this table).
 *
 * BROKEN_FREES_FIRST                unowned      the writer dies between the free and the commit
 * BROKEN_CLEARS_RECORD_FIRST        unowned      it dies between kind = 0 and the free
 * BROKEN_UNDOES_UNSEEN              unowned      it died after the commit: a linked block is freed
 * BROKEN_UNDOES_COMMITTED           taken_back   readers may have seen the new value
 * BROKEN_NO_VERSION                 torn, stale  the block is filled again while it is read
 * BROKEN_REDO_WITHOUT_VERSION       torn         the same, after a recovery
 * BROKEN_VERSION_ONLY_BEFORE        torn         the same: the version came before the link
 * BROKEN_READS_ONCE                 torn         the same
 * BROKEN_TAKES_UNLOGGED             unowned      it dies between the bit and the field
 * BROKEN_FIELD_UNLOGGED             freed_twice  the field names a block whose bit was restored
 * BROKEN_NO_ROLLBACK                unowned      it dies within a transaction
 * BROKEN_UNDO_LEAVES_ODD            odd_at_rest  it died between version + 1 and the commit
 * BROKEN_UNDO_CLEARS_KIND_FIRST     odd_at_rest  it dies before it stores the version
 * BROKEN_UNDO_LEAVES_FIELDS         left_over    a later operation would free the old block
 * BROKEN_COUNTS_BY_ADDING           miscounted   the redo adds once more
 * BROKEN_NO_RECOVERING              left_over    one that recovers dies: its own record is empty
 * BROKEN_RECOVERING_AFTER_SWAP      left_over    it dies between swap and note
 * BROKEN_FOLLOWS_ONE                left_over    two have died in recoveries
 * BROKEN_NUMBER_REDONE_UNVERSIONED  unsound      the number is new, its version the old one
 * BROKEN_NUMBER_AFTER_HEADER        unsound      the writer stores the version before the number
 * BROKEN_READS_NUMBER_FIRST         unsound      the number is old, and the version is the new one
 * BROKEN_NO_ODD                     stale_hit    the commit precedes the version
 * BROKEN_CACHES_ODD                 stale_hit    it was read before the commit
 */
#include "include/forbid.pml"

#define FREE 0

/* Kinds of operations in a record. */
#define PUBLISHING 1
#define COMMITTED 2
#define NUMBER 3

/* Kinds of transactions in a log. */
#define TAKE 1
#define FREE_OLD 2
#define FREE_NEW 3

/* The stripe: its lock, and two blocks. The entry is a number (value only), or a text (value and
 * copy are the same). The slot names a block; 0: there is no entry. */
byte owner = FREE;
byte version;
byte slot = 1;
byte count = 1;
bool used[3];
bool is_text[3];
byte entry_version[3], value[3], copy[3];

/* The records of participants 1 to 4. */
byte recovering[5];
byte kind[5], new_block[5], old_block[5], commit[5], next_version[5], count_after[5];
byte log_n[5], log_kind[5], log_block[5];

bool gone[5]; /* dead, as the kernel reports it */
byte ended;   /* of processes 1 to 3 */

/* The rest is for the assertions only; no rule reads it. */
bool torn, stale, stale_hit, unsound, freed_twice;
bool taken_back, unowned, miscounted, odd_at_rest, left_over;
#define FIRST 3
byte current = FIRST; /* the value by the last commit; 0: none */
byte possible;        /* bit set: the values since the get began */
bool has_got;
byte got_version, got_value; /* of the entry, in the hands of the reader */

#define OR_DIE :: mortal -> goto died
#define STORE(what) if :: what OR_DIE fi

#define COMMIT(to) current = to; possible = (possible -> possible | (1 << to) : 0)

/* The transactions of the log of record r. */

inline log_entry(r, n) {
  STORE(log_n[r] = n)
}

inline take_block(r, b) {
#ifndef BROKEN_TAKES_UNLOGGED
  STORE(d_step { log_kind[r] = TAKE; log_block[r] = b });
  log_entry(r, 1);
#endif
  STORE(used[b] = true);
#if !defined(BROKEN_TAKES_UNLOGGED) && !defined(BROKEN_FIELD_UNLOGGED)
  log_entry(r, 2);
#endif
  STORE(new_block[r] = b);
#ifndef BROKEN_TAKES_UNLOGGED
  STORE(d_step { log_n[r] = 0; log_kind[r] = 0; log_block[r] = 0 })
#endif
}

inline free_block(r, field, what) {
  if
  :: field != 0 ->
     STORE(d_step { log_kind[r] = what; log_block[r] = field });
     log_entry(r, 1);
     STORE(d_step { FORBID(freed_twice, !used[field]); used[field] = false });
     log_entry(r, 2);
     STORE(field = 0);
     STORE(d_step { log_n[r] = 0; log_kind[r] = 0; log_block[r] = 0 })
  :: else
  fi
}

inline roll_back(r) {
  if
  :: log_n[r] == 2 ->
     if
     :: log_kind[r] == TAKE -> STORE(new_block[r] = 0)
     :: log_kind[r] == FREE_OLD -> STORE(old_block[r] = log_block[r])
     :: log_kind[r] == FREE_NEW -> STORE(new_block[r] = log_block[r])
     fi;
     log_entry(r, 1)
  :: else
  fi;
  if
  :: log_n[r] == 1 ->
     STORE(used[log_block[r]] = (log_kind[r] != TAKE));
     log_entry(r, 0)
  :: else
  fi;
  d_step { log_kind[r] = 0; log_block[r] = 0 }
}

/* kind = 0. What else the record holds counts for nothing then. */
inline clear_kind(r) {
  STORE(d_step { kind[r] = 0; commit[r] = 0; next_version[r] = 0; count_after[r] = 0 })
}

/* The part of an operation after its commit. A recovery may start it again. */
inline finish(r) {
#ifdef BROKEN_REDO_WITHOUT_VERSION
  if
  :: r == me -> STORE(version = next_version[r])
  :: else
  fi;
#elif !defined(BROKEN_NO_VERSION) && !defined(BROKEN_VERSION_ONLY_BEFORE)
  STORE(version = next_version[r]);
#endif
#ifdef BROKEN_COUNTS_BY_ADDING
  STORE(count = count + count_after[r] - 1);
#else
  STORE(count = count_after[r]);
#endif
#ifdef BROKEN_CLEARS_RECORD_FIRST
  STORE(kind[r] = 0);
#endif
  free_block(r, old_block[r], FREE_OLD);
  STORE(new_block[r] = 0);
  clear_kind(r)
}

inline undo(r) {
#ifdef BROKEN_UNDO_CLEARS_KIND_FIRST
  STORE(kind[r] = 0);
#endif
#if !defined(BROKEN_UNDO_LEAVES_ODD) && !defined(BROKEN_NO_VERSION)
  STORE(version = next_version[r]);
#endif
  STORE(old_block[r] = 0);
  clear_kind(r)
}

inline finish_number(r) {
#ifdef BROKEN_NUMBER_REDONE_UNVERSIONED
  if
  :: r == me -> STORE(entry_version[slot] = next_version[r])
  :: else
  fi;
#else
  STORE(entry_version[slot] = next_version[r]);
#endif
  STORE(version = next_version[r]);
  clear_kind(r)
}

/* Recovers record r, under the lock that was its participant's. */
inline recover_one(r) {
#ifndef BROKEN_NO_ROLLBACK
  roll_back(r);
#endif
  if
#if defined(BROKEN_UNDOES_UNSEEN)
  :: kind[r] == PUBLISHING -> undo(r)
#elif defined(BROKEN_UNDOES_COMMITTED)
  :: kind[r] == PUBLISHING -> STORE(slot = old_block[r]); undo(r)
#else
  :: kind[r] == PUBLISHING && slot == commit[r] -> STORE(kind[r] = COMMITTED)
  :: kind[r] == PUBLISHING && slot != commit[r] -> undo(r)
#endif
  :: kind[r] == NUMBER -> finish_number(r)
  :: else
  fi;
  if
  :: kind[r] == COMMITTED -> finish(r)
  :: else
  fi;
#ifndef BROKEN_UNDO_LEAVES_FIELDS
  STORE(old_block[r] = 0);
#endif
  free_block(r, new_block[r], FREE_NEW)
}

/* Follows the notes of those that died in recoveries, to the oldest record first. */
inline recover() {
  do
  :: recovering[me] == 0 -> break
  :: recovering[me] != 0 ->
     d_step {
       after = me;
#ifndef BROKEN_FOLLOWS_ONE
       do
       :: recovering[recovering[after]] != 0 -> after = recovering[after]
       :: else -> break
       od
#endif
     };
     recover_one(recovering[after]);
     STORE(recovering[after] = 0)
  od;
  after = 0
}

inline note(r) {
  skip;
#ifndef BROKEN_NO_RECOVERING
  STORE(recovering[me] = r)
#endif
}

inline lock() {
  do
  :: atomic { owner == FREE -> owner = me; break }
  :: atomic { owner != FREE && gone[owner] -> dead = owner };
#ifndef BROKEN_RECOVERING_AFTER_SWAP
     note(dead);
#endif
     if
     :: atomic { owner == dead -> owner = me };
#ifdef BROKEN_RECOVERING_AFTER_SWAP
        note(dead);
#endif
#ifdef BROKEN_NO_RECOVERING
        recover_one(dead);
#else
        recover();
#endif
        dead = 0;
        break
     :: atomic { owner != dead -> dead = 0 };
        note(0)
     fi
  od
}

/* The note of a dead process that did not get the lock may stay; nothing follows it. */
#define IS_EMPTY(r) (kind[r] == 0 && new_block[r] == 0 && old_block[r] == 0 && log_n[r] == 0)
#define IS_QUIET(r) (!gone[r] || IS_EMPTY(r))
#define VALUE (slot -> value[slot] : 0)
#define IS_UNSOUND (has_got && slot != 0 && entry_version[slot] == got_version && value[slot] != got_value)

inline unlock() {
  if
  :: d_step {
       FORBID(taken_back, VALUE != current);
       FORBID(unowned, used[1] != (slot == 1) || used[2] != (slot == 2));
       FORBID(miscounted, count != (slot != 0));
       FORBID(odd_at_rest, version % 2 == 1);
       FORBID(left_over, !IS_EMPTY(me) || !IS_QUIET(1) || !IS_QUIET(2) || !IS_QUIET(3));
       FORBID(unsound, IS_UNSOUND);
       owner = FREE
     }
  OR_DIE
  fi
}

/* version + 1; with the twins, where the version comes first or is never odd. */
inline begin_version() {
  skip;
#if defined(BROKEN_VERSION_ONLY_BEFORE)
  STORE(version = next_version[me])
#elif !defined(BROKEN_NO_ODD) && !defined(BROKEN_NO_VERSION)
  STORE(version = next_version[me] - 1)
#endif
}

#ifdef BROKEN_COUNTS_BY_ADDING
#define COUNT_AFTER(b) (1 + (b != 0) - (slot != 0))
#else
#define COUNT_AFTER(b) (b != 0)
#endif

/* Replaces the entry by block b; 0: deletes it. */
inline publish(b) {
  STORE(d_step { commit[me] = b; next_version[me] = version + 2; count_after[me] = COUNT_AFTER(b) });
  STORE(old_block[me] = slot);
#ifdef BROKEN_FREES_FIRST
  free_block(me, old_block[me], FREE_OLD);
#endif
  STORE(kind[me] = PUBLISHING);
  begin_version();
  STORE(d_step { slot = b; COMMIT(VALUE) });
  STORE(kind[me] = COMMITTED);
  finish(me)
}

inline set_text() {
  d_step {
    b = (used[1] -> 2 : 1);
    assert(!used[b])
  };
  take_block(me, b);
  STORE(d_step { entry_version[b] = version + 2; is_text[b] = true });
  STORE(value[b] = me);
  STORE(copy[b] = me);
  publish(b);
  b = 0
}

inline set_number() {
  STORE(next_version[me] = version + 2);
  STORE(kind[me] = NUMBER);
  begin_version();
#ifdef BROKEN_NUMBER_AFTER_HEADER
  STORE(entry_version[slot] = next_version[me]);
#endif
  STORE(d_step { value[slot] = me; COMMIT(me) });
  finish_number(me)
}

proctype Writer(byte me) {
  byte b, dead, after;
  bool mortal = true;
  lock();
  if
  :: set_text()
  :: slot != 0 && !is_text[slot] -> set_number()
  :: slot != 0 -> publish(0)
  :: true
  fi;
  unlock();
  goto over;
died:
  gone[me] = true;
over:
  atomic { b = 0; dead = 0; after = 0; mortal = false; ended++ }
}

/* Takes the lock of the dead, and does no more. */
proctype Visitor(byte me; bool mortal) {
  byte dead, after;
  lock();
  unlock();
  goto over;
died:
  gone[me] = true;
over:
  atomic { dead = 0; after = 0; mortal = false; ended++ }
}

proctype Reader() {
  byte before, from, v, c, e;
  bool text;
  possible = 1 << current;
again:
  before = version;
  from = slot;
  if
  :: from == 0
  :: from != 0 ->
#ifdef BROKEN_READS_NUMBER_FIRST
     v = value[from];
#endif
     d_step { e = entry_version[from]; text = is_text[from] };
#ifndef BROKEN_READS_NUMBER_FIRST
     v = value[from];
#endif
     c = (text -> copy[from] : v)
  fi;
  if
#ifdef BROKEN_READS_ONCE
  :: atomic {
#else
  :: atomic { version != before -> v = 0; c = 0; e = 0; text = false; from = 0 }; goto again
  :: atomic {
       version == before ->
#endif
       FORBID(torn, v != c);
       FORBID(stale, !(possible & (1 << v)));
       got_version = e;
       got_value = v;
       has_got = (from != 0);
       possible = 0;
       FORBID(unsound, owner == FREE && IS_UNSOUND);
       from = 0; c = 0; e = 0; text = false
     }
  fi;
  /* Later, from the cache. */
#ifndef BROKEN_CACHES_ODD
  if
  :: before % 2 == 1 -> goto over
  :: else
  fi;
#endif
  d_step { FORBID(stale_hit, version == before && v != current) };
over:
  skip
}

init {
  d_step { used[1] = true; value[1] = FIRST };
#ifdef WIDE
  atomic { run Writer(1); run Writer(2); run Visitor(3, true); run Reader() };
#else
  if
  :: atomic { run Writer(1); run Writer(2); run Visitor(3, true) }
  :: atomic { run Writer(1); run Writer(2); run Visitor(3, false); run Reader() }
  fi;
#endif
  ended == 3;
  run Visitor(4, false)
}
