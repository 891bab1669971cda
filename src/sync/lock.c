/*
 * The lock of a region: the protocol of lock.h, one attempt at a time, and which use of an object's
 * lock is allowed when. lock_wait.c has the sleeps of a wait; lock_object.c has the life of an
 * object's lock, its waiter, and the table of all locks of this process.
 */
#include "lock.h"

#include <stdlib.h>

#include "../base/status.h"
#include "../os/fork.h"
#include "../os/process.h"
#include "../os/wait.h"
#include "bell.h"
#include "lock_i.h"

#define OWNER ((uint32_t)MIPC_MAX_NUMBER)
#define S     ((uint32_t)1 << 30)
#define C     ((uint32_t)1 << 31)

/* Looks at a taken word before a wait begins: an owner that runs on another processor has mostly
 * released the lock in that time. Measured (two processes that want it all the time, nine runs
 * each, million pairs a second): 0: 6.0, 10: 6.4, 40: 6.6, 100: 6.7. */
#define SPINS 40

/* A lock that was held for less (by the coarse clock of its stamp) is released without a ring. */
#define RING_AFTER_MS 2

/* How often a look that was overtaken is repeated before the process sleeps as if the lock were
 * taken. Only a word that another process overwrites all the time gets there. */
#define MOST_LOOKS 256

static bool is_usable(const mipc_lock_t *lock) {
  return lock->fork_generation == mipc_fork_generation();
}

/* After the last access to the word: whether it was the word of the region. When a file was cut
 * off, each process has private zeros in its place, on which a swap succeeds, undetected. */
int mipc_i_lock_check(const mipc_lock_t *lock) {
  const mipc_region_shm_t *h = lock->header;
  /* relaxed: the id publishes nothing; it was stored before we attached. */
  uint64_t high = mipc_atomic_load_relaxed_u64(&h->lock_id_high);
  uint64_t low = mipc_atomic_load_relaxed_u64(&h->lock_id_low);
  int hit = lock->guard ? mipc_guard_hit(lock->guard) : 0;
  if (hit < 0) return hit;
  if (high == lock->id[0] && low == lock->id[1]) return 0;
  /* As in mipc_region_status(). */
  return high == 0 && low == 0 ? (int)MIPC_E_TRUNCATED : (int)MIPC_E_CORRUPT;
}

/*
 * Rings the bell for event loops that await the lock. Each of them looks (mipc_lock_hear()), which
 * is sooner than by the thread of its waiter. It is a hint: that thread sleeps on the word as any
 * waiter, and is woken too. A ring wakes all of them, so locks that change hands often do not ring.
 */
static void ring(const mipc_lock_t *lock) {
  mipc_region_shm_t *h = lock->header;
  /* relaxed, all: a late value costs a needless ring, or a wait for the thread. */
  if (!mipc_atomic_load_relaxed(&h->lock_awaited)) return;
  if (mipc_clock_stamp() - mipc_atomic_load_relaxed_u64(&h->lock_since) < RING_AFTER_MS) return;
  mipc_atomic_store_relaxed(&h->lock_awaited, 0);
  mipc_bell_ring(lock->region);
}

/* Whether waiters may rely on a watch of us (sync/owner_watch.h), and not look at the word for
 * long. The next owner may die at once, so all of them must learn that it is another. */
static bool is_held_long(const mipc_lock_t *lock) {
  /* relaxed: our own store, unless the region is damaged. Then too many are woken, or too few. */
  uint64_t since = mipc_atomic_load_relaxed_u64(&lock->header->lock_since);
  return mipc_clock_stamp() - since >= MIPC_I_LOCK_HELD_LONG_MS;
}

/* The word is not exactly our number: others have set bits, or overwritten it. */
static int release_marked(mipc_lock_t *lock) {
  mipc_atomic_u32_t *word = &lock->header->lock;
  for (;;) {
    /* relaxed: only the owner counts, and in a word that is ours others change only the bits. */
    uint32_t now = mipc_atomic_load_relaxed(word);
    if ((now & OWNER) != lock->me) break;
    bool wakes_all = is_held_long(lock);
    /* release: the next owner sees what we did while we held the lock. */
    if (!mipc_atomic_swap_release(word, now, now & S)) continue;
    /* If the process is killed before this line, the sleeper looks again when its slice ends, or
     * its watch of us wakes it. */
    if (now & C) {
      ring(lock);
      mipc_wait_wake(word, wakes_all);
    }
    return mipc_i_lock_check(lock);
  }
  int status = mipc_i_lock_check(lock);
  return status < 0 ? status : (int)MIPC_E_CORRUPT;
}

int mipc_i_lock_release(mipc_lock_t *lock) {
  /* release: as above. */
  if (mipc_atomic_swap_release(&lock->header->lock, lock->me, 0)) return mipc_i_lock_check(lock);
  return release_marked(lock);
}

/* The word is ours: stores the time, and returns whether the recovery flag is set. */
static int taken(mipc_lock_t *lock) {
  mipc_region_shm_t *h = lock->header;
  int status = mipc_i_lock_check(lock);
  if (status < 0) {
    mipc_i_lock_release(lock);
    return status;
  }
  /* relaxed, both: the stamp is for people; only owners read and write the flag, in the order in
   * which they hold the lock. */
  mipc_atomic_store_relaxed_u64(&h->lock_since, mipc_clock_stamp());
  return mipc_atomic_load_relaxed(&h->lock_recovered) ? MIPC_LOCK_RECOVERED : MIPC_LOCK_TAKEN;
}

/* The word is ours, and its previous owner is dead. */
static int recovered(mipc_lock_t *lock, mipc_i_attempt_t *a) {
  mipc_region_shm_t *h = lock->header;
  a->recovers = true;
  /* relaxed: see taken(). Not before the word is ours: another process might recover the lock
   * first, and a later user would then be notified of a death that never was. */
  mipc_atomic_store_relaxed(&h->lock_recovered, 1);
  /* The dead owner may have published a change and not woken the waiters of the event. */
  mipc_wait_wake(&h->event, true);
  mipc_bell_ring(lock->region);
  return taken(lock);
}

/*
 * One look: TAKEN, RECOVERED, a failure, or BUSY with a->word to sleep on; MIPC_I_LOCK_OURS: the
 * word names us as the owner.
 */
int mipc_i_lock_look(mipc_lock_t *lock, mipc_i_attempt_t *a) {
  mipc_atomic_u32_t *word = &lock->header->lock;
  uint32_t me = lock->me, now;
  for (int looks = 0; looks < MOST_LOOKS; looks++) {
    /* relaxed: the swap decides. */
    a->word = now = mipc_atomic_load_relaxed(word);
    uint32_t owner = now & OWNER;
    if (owner == 0 && (a->barge || a->has_waited || !(now & S))) {
      /* acquire: from here on we see all that earlier owners did. */
      uint32_t to = a->barge ? me | (now & (S | C)) : me | C;
      if (mipc_atomic_swap_acquire(word, now, to)) return taken(lock);
      continue;
    }
    if (owner == me && !a->beside) return MIPC_I_LOCK_OURS;
    if (owner && owner != me && a->must_ask && mipc_i_lock_is_dead(lock, a, owner)) {
      /* acquire: as above. The kernel reported the owner dead after its last store. The answer came
       * through a lock inside the kernel, which orders the stores of the owner before it. */
      if (mipc_atomic_swap_acquire(word, now, me | C)) return recovered(lock, a);
      continue;
    }
    if (a->barge) return MIPC_LOCK_BUSY;
    uint32_t marked = now | C | (a->has_waited ? S : 0);
    /* relaxed: it asks for a wake, and publishes nothing. */
    if (marked == now || mipc_atomic_swap_relaxed(word, now, marked)) {
      a->word = marked;
      break;
    }
  }
  return mipc_i_lock_check(lock);
}

/* Takes a free word, and looks at nothing else. */
static bool take_free(mipc_lock_t *lock) {
  /* acquire: see mipc_i_lock_look(). */
  return mipc_atomic_swap_acquire(&lock->header->lock, 0, lock->me);
}

static bool spin(mipc_lock_t *lock) {
  for (int i = 0; i < SPINS; i++) {
    /* relaxed: the swap decides. With S set the lock is reserved for processes that have waited. */
    uint32_t now = mipc_atomic_load_relaxed(&lock->header->lock);
    if (now == 0 && take_free(lock)) return true;
    if ((now & S) || (now & OWNER) == lock->me) return false;
    mipc_atomic_pause();
  }
  return false;
}

/* Takes the lock from a neighbour whose waiter has won it; that waiter waits again. Entered. */
static int take_over(mipc_lock_t *lock, mipc_lock_t *other) {
  mipc_atomic_u32_t *word = &lock->header->lock;
  for (int looks = 0; looks < MOST_LOOKS; looks++) {
    /* relaxed: the swap decides. Others may set C and S meanwhile. */
    uint32_t now = mipc_atomic_load_relaxed(word);
    if ((now & OWNER) != other->me) break;
    /* acquire: as in any other swap that takes the lock. */
    if (!mipc_atomic_swap_acquire(word, now, lock->me | C)) continue;
    lock->attempt.recovers = other->waiting.recovers;
    other->waiting.recovers = false;
    mipc_waiter_again(other->waiter);
    return taken(lock);
  }
  return MIPC_E_CORRUPT;
}

/*
 * Whether the owner is this object, or another one of this thread, which cannot release the lock
 * while the thread is here. If the waiter of such an object has won the lock, it is borrowed (from
 * our own waiter) or taken over (from another's); if a user of it holds the lock: DEADLOCK.
 * MIPC_LOCK_BUSY: the owner is not of this thread.
 */
static int ask_own_thread(mipc_lock_t *lock, bool is_ours, bool will_sleep) {
  mipc_lock_t *other = is_ours ? lock : mipc_i_lock_neighbour(lock);
  if (!other) return will_sleep && mipc_i_lock_own_thread(lock) ? (int)MIPC_E_DEADLOCK : 0;
  int status = other->use == MIPC_I_LOCK_FREE ? (int)MIPC_E_CORRUPT : (int)MIPC_E_DEADLOCK;
  mipc_waiter_enter(other->waiter);
  if (mipc_waiter_result(other->waiter) > 0 && other->use == MIPC_I_LOCK_FREE) {
    lock->borrowed = is_ours;
    status = is_ours ? taken(lock) : take_over(lock, other);
  } else if (mipc_waiter_waits(other->waiter) && status == MIPC_E_CORRUPT) {
    status = MIPC_LOCK_BUSY; /* the waiter won the lock and lost it again between two looks */
  }
  mipc_waiter_leave(other->waiter);
  return status;
}

/* The slow path: looks and sleeps until the time is over. */
static int wait_for_it(mipc_lock_t *lock, uint32_t us, bool barge) {
  mipc_i_attempt_t *a = &lock->attempt;
  uint64_t begin = mipc_clock_us();
  uint32_t spent = 0;
  if (!lock->waits) mipc_i_lock_attempt(lock, a);
  a->barge = barge;
  for (;;) {
    int status = mipc_i_lock_look(lock, a);
    if (status == MIPC_LOCK_BUSY || status == MIPC_I_LOCK_OURS) {
      bool is_known = (a->word & OWNER) == a->foreign;
      status = ask_own_thread(lock, status == MIPC_I_LOCK_OURS, us && !spent && !is_known);
      /* No thread takes the lock between two calls of one wait, so the answer stays true. */
      if (status == MIPC_LOCK_BUSY && us && !spent) a->foreign = a->word & OWNER;
    }
    if (status != MIPC_LOCK_BUSY || spent >= us) {
      /* The next call continues where this one stopped. */
      lock->waits = status == MIPC_LOCK_BUSY && !barge;
      return status;
    }
    mipc_region_waits(lock->region, 1);
    mipc_i_lock_sleep(lock, a, us - spent);
    mipc_region_waits(lock->region, -1);
    uint64_t passed = mipc_clock_us() - begin;
    spent = passed < us ? (uint32_t)passed : us;
  }
}

/* `use`: for a user, or for one of our own operations. */
static int take(mipc_lock_t *lock, uint32_t us, bool barge, mipc_i_lock_use_t use) {
  if (!is_usable(lock)) return MIPC_E_CLOSED;
  int status = MIPC_LOCK_BUSY;
  lock->attempt.recovers = false;
  if (take_free(lock) || (!barge && !lock->waits && spin(lock)))
    status = taken(lock);
  else if (us || barge)
    status = wait_for_it(lock, us, barge);
  if (status <= 0) {
    lock->borrowed = false;
    return status;
  }
  lock->waits = false;
  lock->use = use;
  lock->turn += use == MIPC_I_LOCK_USER;
  lock->recovers = lock->attempt.recovers;
  lock->reported = status == MIPC_LOCK_RECOVERED && use == MIPC_I_LOCK_USER;
  /* An operation gets RECOVERED only from the call that recovered the lock. */
  bool recovers = use == MIPC_I_LOCK_USER ? lock->reported : lock->recovers;
  return recovers ? MIPC_LOCK_RECOVERED : MIPC_LOCK_TAKEN;
}

static int release(mipc_lock_t *lock) {
  bool reported = lock->reported, borrowed = lock->borrowed;
  lock->use = MIPC_I_LOCK_FREE;
  lock->reported = lock->borrowed = lock->updating = false;
  if (!is_usable(lock)) return MIPC_E_CLOSED;
  /* relaxed: the release of the word, which follows, orders it. */
  if (reported) mipc_atomic_store_relaxed(&lock->header->lock_recovered, 0);
  return borrowed ? mipc_i_lock_check(lock) : mipc_i_lock_release(lock);
}

int mipc_lock_take(mipc_lock_t *lock, uint32_t us, bool barge) {
  if (lock->use != MIPC_I_LOCK_FREE) return MIPC_E_DEADLOCK;
  return take(lock, us, barge, MIPC_I_LOCK_USER);
}

void mipc_lock_give_up(mipc_lock_t *lock) {
  if (!lock->waits) return;
  lock->waits = false;
  if (is_usable(lock)) mipc_wait_wake(&lock->header->lock, false);
}

int mipc_lock_drop(mipc_lock_t *lock) {
  return lock->use == MIPC_I_LOCK_USER ? release(lock) : 0;
}

void mipc_lock_keep_recovered(mipc_lock_t *lock) {
  lock->reported = false;
}

bool mipc_lock_recovers(const mipc_lock_t *lock) {
  return lock->recovers;
}

bool mipc_lock_held(const mipc_lock_t *lock) {
  return lock->use == MIPC_I_LOCK_USER;
}

uint32_t mipc_lock_turn(const mipc_lock_t *lock) {
  return lock->turn;
}

bool mipc_lock_updating(const mipc_lock_t *lock) {
  return lock->updating;
}

void mipc_lock_set_updating(mipc_lock_t *lock, bool on) {
  lock->updating = on;
}

int mipc_lock_enter(mipc_lock_t *lock, uint32_t us, bool under) {
  if (!under) {
    return lock->use == MIPC_I_LOCK_FREE ? take(lock, us, us == 0, MIPC_I_LOCK_OPERATION)
                                         : (int)MIPC_E_DEADLOCK;
  }
  if (!is_usable(lock)) return MIPC_E_CLOSED;
  if (lock->use != MIPC_I_LOCK_USER) return MIPC_E_NOT_LOCKED;
  /* relaxed: we hold the lock, or another process has overwritten the word. */
  uint32_t now = mipc_atomic_load_relaxed(&lock->header->lock);
  int status = mipc_i_lock_check(lock);
  if (status == 0 && (now & OWNER) != lock->me) status = MIPC_E_CORRUPT;
  return status < 0 ? status : MIPC_LOCK_TAKEN;
}

int mipc_lock_leave(mipc_lock_t *lock) {
  if (lock->use == MIPC_I_LOCK_OPERATION) return release(lock);
  return is_usable(lock) ? mipc_i_lock_check(lock) : (int)MIPC_E_CLOSED;
}

void mipc_lock_look(const mipc_region_shm_t *h, mipc_lock_facts_t *ret_facts) {
  mipc_lock_facts_t facts = {0};
  facts.owner = mipc_atomic_load_relaxed(&h->lock) & OWNER;
  facts.recovered = mipc_atomic_load_relaxed(&h->lock_recovered) != 0;
  if (facts.owner) {
    uint64_t now = mipc_clock_stamp();
    facts.since = mipc_atomic_load_relaxed_u64(&h->lock_since);
    facts.held_ms = facts.since <= now ? now - facts.since : 0;
  }
  *ret_facts = facts;
}
