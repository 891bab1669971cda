/*
 * The lock of a region: one word in its header, taken and given back at the speed of memory, and
 * free again whatever becomes of its owner.
 *
 * The word is owner | S | C. The owner is the number of a participant, 0 for nobody; numbers are
 * never given twice, and the kernel knows whether the one who has a number lives (region.h). C says
 * that somebody may be asleep on the word; S that it is kept for one who has waited.
 *
 *   take     CAS(0 -> me). Else look at it:
 *              free, and S clear or I have waited: CAS(w -> me|C), C as others may wait too
 *              the owner is dead: the same, and the lock is RECOVERED
 *              else CAS(w -> w|C, also |S if I have waited), and sleep on exactly that value,
 *              milliseconds at most; then I have waited, and look again
 *   release  CAS(w -> w & S), and wake one if C was set
 *
 * Whatever store a process dies behind, the word says whose it is, or who is to be asked about. A
 * wake that is lost with its sender costs a few milliseconds, as every sleep ends. A stopped owner
 * is alive, and keeps it. Without S whoever comes by takes a free lock from those just woken: one
 * of eight waited for seconds.
 *
 * RECOVERED is a word of its own beside it, set by the one who takes the lock from a dead owner,
 * when he has it: if he dies before, he is a dead owner himself. Every user who takes the lock
 * while it is set is told; it is cleared when one who was told releases. Operations of ours that
 * take the lock in between (shm/cell.h) leave it alone.
 *
 * A mipc_lock_t is one object's use of it, by one thread (of JS): held or not by a user, and beside
 * that at most one wait by a waiter (sync/waiter.h), which may have won before the thread is told.
 * What it has won is lent to calls of the same thread that need the lock, as nobody else could ever
 * release it while they wait.
 */
#ifndef MIPC_SYNC_LOCK_H
#define MIPC_SYNC_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "../region/region.h"

typedef struct mipc_lock mipc_lock_t;

/* Results of the calls that take the lock. RECOVERED: taken, and an owner has died with it since a
 * user was last told. */
#define MIPC_LOCK_RESULT_MAP(X)                                                                    \
  X(BUSY, 0)                                                                                       \
  X(TAKEN, 1)                                                                                      \
  X(RECOVERED, 2)

#define MIPC_LOCK_ENUM_ROW(symbol, number) MIPC_LOCK_##symbol = number,
enum { MIPC_LOCK_RESULT_MAP(MIPC_LOCK_ENUM_ROW) };
#undef MIPC_LOCK_ENUM_ROW

/*
 * The region stays the caller's, and must outlive it. `thread` is whatever tells one thread from
 * another that uses locks in this process. Failures: ACCESS: the region is attached read-only; no
 * memory.
 */
int mipc_lock_open(mipc_region_t *region, const void *thread, mipc_lock_t **ret_lock);

/* Ends a wait; what is held is left as if its owner had died. NULL is fine. */
void mipc_lock_close(mipc_lock_t *lock);

/*
 * Takes it for a user: TAKEN or RECOVERED; BUSY, when `us` microseconds have not been enough.
 * `barge`: also when it is kept for somebody who has waited, and when its owner is dead; for those
 * who do not wait at all. Without both it is taken only when nobody has or wants it. DEADLOCK:
 * another lock object of the same thread has it, or this one, or another copy of this library in
 * the same thread. CLOSED; TRUNCATED, CORRUPT: the region is not what it was, and nothing is held.
 */
int mipc_lock_take(mipc_lock_t *lock, uint32_t us, bool barge);

/* Gives up waiting after one or more calls of mipc_lock_take() that were BUSY: passes on a wake
 * that may have been meant for us. */
void mipc_lock_give_up(mipc_lock_t *lock);

/* Gives back what take or poll gave. 0 also when nothing is held; CORRUPT: somebody has overwritten
 * the word, and it is left alone; TRUNCATED, CLOSED. Nothing is held afterwards. */
int mipc_lock_drop(mipc_lock_t *lock);

/* Of what is held, and was RECOVERED: the one who has it is no user, and will tell nobody. So the
 * next user is told. */
void mipc_lock_untell(mipc_lock_t *lock);

/* Of what is held, and was RECOVERED: whether it was this object that took it from a dead owner;
 * else another has, and no user was told in between. */
bool mipc_lock_recovers(const mipc_lock_t *lock);

bool mipc_lock_held(const mipc_lock_t *lock); /* by a user */

/* Of what is held: another number than that of any acquisition before. By it a caller that has run
 * foreign code finds out whether what is held now is what it took. */
uint32_t mipc_lock_turn(const mipc_lock_t *lock);

/* Whether an update() of the user runs, a read and a store with foreign code in between: another
 * store of the same user would be overwritten by it. Cleared when the lock is released. */
bool mipc_lock_updating(const mipc_lock_t *lock);
void mipc_lock_set_updating(mipc_lock_t *lock, bool on);

/* Whether it is held by a user, or won by a wait that no poll has told of. */
bool mipc_lock_holds(const mipc_lock_t *lock);

/*
 * Starts to wait beside everything else, unless it does already. `notify` is called on the waiter's
 * thread when poll will not say BUSY for it; and once more when what it had won was taken over
 * before it was polled. The first begin decides on notify and notified. 0, or why no thread can be
 * started.
 */
int mipc_lock_begin(mipc_lock_t *lock, void (*notify)(void *), void *notified);

/* What the wait has come to: TAKEN or RECOVERED: held now by a user; BUSY: not yet, or the lock is
 * lent to a user just now; or a failure as of take. But for BUSY, the wait is over. */
int mipc_lock_poll(mipc_lock_t *lock);

/* Ends the wait; gives back what it has won. */
void mipc_lock_cancel(mipc_lock_t *lock);

/* Everything that is held is given up as if its owner had died, and the wait is ended: nobody is
 * left who could release it. */
void mipc_lock_abandon(mipc_lock_t *lock);

/*
 * For operations of ours, between enter and leave. `under`: the user of this object has the lock,
 * and the operation is his; otherwise the lock is taken as in take, barging when `us` is 0. BUSY,
 * TAKEN, RECOVERED (only by the one who has taken it from the dead owner) or a failure; NOT_LOCKED:
 * `under`, and nothing is held.
 */
int mipc_lock_enter(mipc_lock_t *lock, uint32_t us, bool under);
/* As drop, without clearing RECOVERED. */
int mipc_lock_leave(mipc_lock_t *lock);

/* What a look from outside finds; no call into the lock, no lock taken, whatever state it is in. */
typedef struct {
  uint32_t owner;   /* number, 0: free */
  uint64_t since;   /* mipc_clock_stamp() when it was taken; may be of the owner before */
  uint64_t held_ms; /* since then; 0 when the stamp cannot be true */
  bool recovered;   /* an owner has died, and no user was told yet */
} mipc_lock_facts_t;

void mipc_lock_look(const mipc_region_shm_t *header, mipc_lock_facts_t *ret_facts);

#endif
