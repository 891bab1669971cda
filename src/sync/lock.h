/*
 * The lock of a region: one word in its header. A free lock is taken by one compare-and-swap, and
 * the lock of an owner that died can be taken by any waiter.
 *
 * The word is owner | S | C. The owner is the number of a participant; 0 means that the lock is
 * free. A number is never given twice, and the kernel knows whether the participant with a number
 * is alive (region.h). C means that waiters may be asleep on the word. S means that the lock is
 * reserved for a process that has already waited.
 *
 *   take     CAS(0 -> me). If that fails, look at the word:
 *              it is free, and S is clear or I have waited: CAS(w -> me|C), as others may also wait
 *              its owner is dead: the same CAS, and the lock is RECOVERED
 *              else CAS(w -> w|C, also |S if I have waited), and sleep on exactly that value, for
 *              a few milliseconds at most, or longer while the kernel watches the owner
 *              (owner_watch.h); then I have waited, and look again
 *   release  CAS(w -> w & S), and if C was set wake one waiter; all after a long hold, as they may
 *            sleep long for this owner only
 *
 * A process may die after any store: the word names the owner, so waiters know which participant
 * to ask the kernel about. If a process dies before it wakes a waiter, that costs a few
 * milliseconds, as every sleep ends; a waiter that dies after it was woken, a quarter of a second.
 * A stopped owner is alive, and keeps the lock. Without S, a process that arrives later can take a
 * free lock before a waiter that was just woken: in a test with eight processes, one of them waited
 * for seconds.
 *
 * The recovery flag is a word of its own beside the lock. The process that takes the lock from a
 * dead owner sets the flag once it holds the lock; if it dies before that, it is itself a dead
 * owner. Every user that takes the lock while the flag is set gets RECOVERED. The flag is cleared
 * when a user that got RECOVERED releases the lock. Our own operations that take the lock in
 * between (shm/cell.h) leave the flag alone.
 *
 * A mipc_lock_t is the use of the lock by one object, on one thread (of JS). A user of the object
 * holds the lock or not. Beside that, at most one waiter (sync/waiter.h) waits for the lock; it may
 * have won the lock before the thread knows. Calls of the same thread that need the lock borrow
 * what the waiter has won, since the thread cannot release it while it is blocked in such a call.
 */
#ifndef MIPC_SYNC_LOCK_H
#define MIPC_SYNC_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "../region/region.h"

typedef struct mipc_lock mipc_lock_t;

/* Results of the calls that take the lock. RECOVERED: taken, and the recovery flag is
 * set. */
#define MIPC_LOCK_RESULT_MAP(X)                                                                    \
  X(BUSY, 0)                                                                                       \
  X(TAKEN, 1)                                                                                      \
  X(RECOVERED, 2)

#define MIPC_LOCK_ENUM_ROW(symbol, number) MIPC_LOCK_##symbol = number,
enum { MIPC_LOCK_RESULT_MAP(MIPC_LOCK_ENUM_ROW) };
#undef MIPC_LOCK_ENUM_ROW

/*
 * The region remains the caller's, and must outlive the lock. `thread` is any address that
 * identifies the calling thread among those of this process that use locks. Failures: ACCESS: the
 * region is attached read-only; no memory.
 */
int mipc_lock_open(mipc_region_t *region, const void *thread, mipc_lock_t **ret_lock);

/* Ends a wait. A lock that is held is released as if its owner had died. NULL is fine. */
void mipc_lock_close(mipc_lock_t *lock);

/*
 * Takes the lock for a user: TAKEN or RECOVERED; BUSY if `us` microseconds were not enough.
 * `barge` is for callers that do not wait at all: it also takes a lock that is reserved for a
 * waiter or whose owner is dead. With `us` 0 and without `barge`, the lock is taken only if it is
 * free and has no waiters. DEADLOCK: the lock is held by this object, by another lock object of the
 * same thread, or by another copy of this library in the same thread. CLOSED; TRUNCATED, CORRUPT:
 * the region is damaged, and nothing is held.
 */
int mipc_lock_take(mipc_lock_t *lock, uint32_t us, bool barge);

/* Gives up waiting after one or more calls of mipc_lock_take() that returned BUSY. It passes on a
 * wake that this waiter may have received. */
void mipc_lock_give_up(mipc_lock_t *lock);

/* Releases what take or poll acquired. 0, also when nothing is held; CORRUPT: another process has
 * overwritten the word, and it is left alone; TRUNCATED, CLOSED. Nothing is held afterwards. */
int mipc_lock_drop(mipc_lock_t *lock);

/* Of a lock that is held and was RECOVERED: keeps the recovery flag set at the release, as the
 * caller does not report it to a user. The next user gets RECOVERED. */
void mipc_lock_keep_recovered(mipc_lock_t *lock);

/* Of a lock that is held and was RECOVERED: whether this object took it from the dead owner. Else
 * another object did, and no user has cleared the flag since. */
bool mipc_lock_recovers(const mipc_lock_t *lock);

bool mipc_lock_held(const mipc_lock_t *lock); /* by a user */

/* Of a lock that is held: a number that differs for each acquisition. A caller that has run foreign
 * code compares it to learn whether the lock is still held from its own acquisition. */
uint32_t mipc_lock_turn(const mipc_lock_t *lock);

/* Whether an update() of the user runs: a read and a store with foreign code in between, which
 * would overwrite another store of the same user. Cleared when the lock is released. */
bool mipc_lock_updating(const mipc_lock_t *lock);
void mipc_lock_set_updating(mipc_lock_t *lock, bool on);

/* Whether a user holds it, or a wait has won it and no poll has returned that yet. */
bool mipc_lock_holds(const mipc_lock_t *lock);

/*
 * Starts a wait on the waiter's thread, unless one runs already. `notify` is called on that thread
 * when the wait is over, so that poll will not return BUSY; and once more after each time that the
 * lock was taken over before the poll. The first begin sets notify and notified for all later ones.
 * 0, or the error of starting the thread.
 */
int mipc_lock_begin(mipc_lock_t *lock, void (*notify)(void *), void *notified);

/* The result of the wait. TAKEN or RECOVERED: a user holds the lock now. BUSY: the wait goes on, or
 * a user of this object borrows the lock at the moment. Or a failure of take. Except with BUSY, the
 * wait is over. */
int mipc_lock_poll(mipc_lock_t *lock);

/*
 * For callers whose event loop watches the bell (sync/bell.h). listen asks for a ring when the lock
 * is released next, if it was held for some milliseconds. hear is called after a ring: as poll, and
 * it takes a free lock in place of the waiter, sooner than its thread does. The waiter must have
 * slept before, so that no process that waits is overtaken.
 */
void mipc_lock_listen(mipc_lock_t *lock);
int mipc_lock_hear(mipc_lock_t *lock);

/* Ends the wait, and releases the lock if the wait has won it. */
void mipc_lock_cancel(mipc_lock_t *lock);

/* Ends the wait and releases the lock as if its owner had died; for an object whose user can no
 * longer release it. */
void mipc_lock_abandon(mipc_lock_t *lock);

/*
 * For our own operations, which run between enter and leave. `under`: the operation runs under the
 * lock that the user of this object holds; otherwise the lock is taken as in take, with `barge` if
 * `us` is 0. BUSY, TAKEN, RECOVERED (only if this call took the lock from a dead owner) or a
 * failure; NOT_LOCKED: `under`, and nothing is held.
 */
int mipc_lock_enter(mipc_lock_t *lock, uint32_t us, bool under);
/* As drop, but does not clear the recovery flag. */
int mipc_lock_leave(mipc_lock_t *lock);

/* The state of the lock as seen from outside. Nothing is taken or written, and any state will do.
 */
typedef struct {
  uint32_t owner;   /* number, 0: free */
  uint64_t since;   /* mipc_clock_stamp() when it was taken; may be from the previous owner */
  uint64_t held_ms; /* since then; 0 if the stamp is not plausible */
  bool recovered;   /* the recovery flag */
} mipc_lock_facts_t;

void mipc_lock_look(const mipc_region_shm_t *header, mipc_lock_facts_t *ret_facts);

#endif
