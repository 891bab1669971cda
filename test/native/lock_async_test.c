/*
 * The asynchronous lock: a wait by a thread of its own, the lock that this thread has won, and the
 * calls that it is lent to meanwhile.
 */
#include "locks.h"

#include "../../src/os/thread.h"

/* A party with a waiter, and the number of its wake-ups. */
typedef struct {
  party_t p;
  _Atomic int wake_ups;
} async_t;

static void notify(void *argument) {
  ((async_t *)argument)->wake_ups++;
}

static void join_async(async_t *a, const void *thread) {
  a->p = join(thread);
  a->wake_ups = 0;
}

static void begin(async_t *a) {
  CHECK_EQ(mipc_lock_begin(a->p.lock, notify, a), 0);
}

/* Waits for this total number of wake-ups; false: not within ten seconds. */
static bool has_woken(async_t *a, int times) {
  for (int i = 0; i < 100000 && a->wake_ups < times; i++)
    nap_us(100);
  return a->wake_ups == times;
}

static bool is_free(const party_t *p) {
  return (word_of(p) & OWNER) == 0;
}

static void wins_what_is_free(void) {
  async_t a;
  join_async(&a, thread_1);
  CHECK_EQ(mipc_lock_poll(a.p.lock), MIPC_LOCK_BUSY);
  mipc_lock_cancel(a.p.lock);
  for (int i = 1; i <= 50; i++) {
    begin(&a);
    CHECK(has_woken(&a, i));
    CHECK(!mipc_lock_held(a.p.lock)); /* until it is fetched */
    CHECK_EQ(word_of(&a.p) & OWNER, a.p.number);
    CHECK_EQ(mipc_lock_poll(a.p.lock), MIPC_LOCK_TAKEN);
    CHECK(mipc_lock_held(a.p.lock));
    CHECK_EQ(mipc_lock_poll(a.p.lock), MIPC_LOCK_BUSY); /* the wait has ended */
    mipc_lock_cancel(a.p.lock);
    CHECK(mipc_lock_held(a.p.lock));
    CHECK_EQ(mipc_lock_drop(a.p.lock), 0);
    CHECK(is_free(&a.p));
  }
  part(&a.p);
}

static void waits_for_others(void) {
  async_t a;
  join_async(&a, thread_1);
  party_t b = join(thread_2);
  CHECK_EQ(mipc_lock_take(b.lock, 0, false), MIPC_LOCK_TAKEN);
  begin(&a);
  nap_us(30000);
  CHECK_EQ(a.wake_ups, 0);
  CHECK_EQ(mipc_lock_poll(a.p.lock), MIPC_LOCK_BUSY);
  double since = now_us();
  CHECK_EQ(mipc_lock_drop(b.lock), 0);
  CHECK(has_woken(&a, 1));
  CHECK(now_us() - since < 1e6);
  CHECK_EQ(mipc_lock_take(b.lock, 0, true), MIPC_LOCK_BUSY);
  CHECK_EQ(mipc_lock_poll(a.p.lock), MIPC_LOCK_TAKEN);
  CHECK_EQ(mipc_lock_drop(a.p.lock), 0);
  /* To a call of its own object as to any other. */
  CHECK_EQ(mipc_lock_take(a.p.lock, LONG_US, false), MIPC_LOCK_TAKEN);
  begin(&a);
  nap_us(10000);
  CHECK_EQ(a.wake_ups, 1);
  CHECK_EQ(mipc_lock_poll(a.p.lock), MIPC_LOCK_BUSY);
  CHECK(mipc_lock_held(a.p.lock));
  CHECK_EQ(mipc_lock_drop(a.p.lock), 0);
  CHECK(has_woken(&a, 2));
  CHECK_EQ(mipc_lock_poll(a.p.lock), MIPC_LOCK_TAKEN);
  CHECK_EQ(mipc_lock_drop(a.p.lock), 0);
  /* To a process that dies. */
  pid_t holder = start_holder(MIPC_LOCK_TAKEN);
  begin(&a);
  nap_us(10000);
  CHECK_EQ(mipc_lock_poll(a.p.lock), MIPC_LOCK_BUSY);
  kill_child(holder);
  CHECK(has_woken(&a, 3));
  CHECK_EQ(mipc_lock_poll(a.p.lock), MIPC_LOCK_RECOVERED);
  CHECK_EQ(mipc_lock_drop(a.p.lock), 0);
  CHECK_EQ(mipc_lock_take(b.lock, LONG_US, false), MIPC_LOCK_TAKEN);
  CHECK_EQ(mipc_lock_drop(b.lock), 0);
  part(&b);
  part(&a.p);
}

static void given_up(void) {
  async_t a;
  join_async(&a, thread_1);
  party_t b = join(thread_2);
  /* During the wait: the lock is no longer taken. */
  CHECK_EQ(mipc_lock_take(b.lock, 0, false), MIPC_LOCK_TAKEN);
  for (int i = 0; i < 20; i++) {
    begin(&a);
    if (i % 2) nap_us(i * 300);
    mipc_lock_cancel(a.p.lock);
    CHECK_EQ(mipc_lock_poll(a.p.lock), MIPC_LOCK_BUSY);
  }
  CHECK_EQ(mipc_lock_drop(b.lock), 0);
  nap_us(20000);
  CHECK(is_free(&b));
  CHECK_EQ(a.wake_ups, 0);
  /* After the win: the lock is released, and no death is reported. */
  begin(&a);
  CHECK(has_woken(&a, 1));
  mipc_lock_cancel(a.p.lock);
  CHECK(is_free(&b));
  CHECK_EQ(mipc_lock_poll(a.p.lock), MIPC_LOCK_BUSY);
  CHECK_EQ(mipc_lock_take(b.lock, LONG_US, false), MIPC_LOCK_TAKEN);
  CHECK_EQ(mipc_lock_drop(b.lock), 0);
  begin(&a);
  CHECK(has_woken(&a, 2));
  mipc_lock_abandon(a.p.lock);
  CHECK_EQ(mipc_lock_take(b.lock, LONG_US, false), MIPC_LOCK_TAKEN);
  CHECK_EQ(mipc_lock_drop(b.lock), 0);
  /* It works again after each of these. */
  begin(&a);
  CHECK(has_woken(&a, 3));
  CHECK_EQ(mipc_lock_poll(a.p.lock), MIPC_LOCK_TAKEN);
  mipc_lock_abandon(a.p.lock);
  CHECK_EQ(mipc_lock_take(b.lock, LONG_US, false), MIPC_LOCK_RECOVERED);
  CHECK_EQ(mipc_lock_drop(b.lock), 0);
  part(&a.p);
  part(&b);
}

static void closed_in_the_midst(void) {
  party_t b = join(thread_2);
  for (int i = 0; i < 20; i++) {
    async_t a;
    join_async(&a, thread_1);
    if (i % 2) CHECK_EQ(mipc_lock_take(b.lock, LONG_US, false), MIPC_LOCK_TAKEN);
    begin(&a);
    if (i % 4 == 0)
      CHECK(has_woken(&a, 1));
    else
      nap_us(i * 200);
    double since = now_us();
    part(&a.p);
    CHECK(now_us() - since < 1e6);
    if (i % 2) CHECK_EQ(mipc_lock_drop(b.lock), 0);
    CHECK_EQ(mipc_lock_take(b.lock, LONG_US, false), MIPC_LOCK_TAKEN); /* no owner has died */
    CHECK_EQ(mipc_lock_drop(b.lock), 0);
  }
  part(&b);
}

static void lent_to_calls_of_the_object(void) {
  async_t a;
  join_async(&a, thread_1);
  party_t b = join(thread_2);
  begin(&a);
  CHECK(has_woken(&a, 1));
  for (int i = 0; i < 3; i++) {
    CHECK_EQ(mipc_lock_take(a.p.lock, i ? LONG_US : 0, i != 1), MIPC_LOCK_TAKEN);
    CHECK(mipc_lock_held(a.p.lock));
    CHECK_EQ(mipc_lock_poll(a.p.lock), MIPC_LOCK_BUSY);
    CHECK_EQ(mipc_lock_drop(a.p.lock), 0);
    CHECK_EQ(word_of(&b) & OWNER, a.p.number); /* the waiter still holds it */
    CHECK_EQ(mipc_lock_enter(a.p.lock, LONG_US, false), MIPC_LOCK_TAKEN);
    CHECK_EQ(mipc_lock_poll(a.p.lock), MIPC_LOCK_BUSY);
    CHECK_EQ(mipc_lock_leave(a.p.lock), 0);
    CHECK_EQ(word_of(&b) & OWNER, a.p.number);
    CHECK_EQ(mipc_lock_take(b.lock, 500, false), MIPC_LOCK_BUSY);
  }
  mipc_lock_give_up(b.lock);
  CHECK_EQ(a.wake_ups, 1);
  CHECK_EQ(mipc_lock_poll(a.p.lock), MIPC_LOCK_TAKEN);
  CHECK_EQ(mipc_lock_drop(a.p.lock), 0);
  CHECK(is_free(&b));
  /* Cancelled meanwhile: from then on the call itself holds the lock. */
  begin(&a);
  CHECK(has_woken(&a, 2));
  CHECK_EQ(mipc_lock_take(a.p.lock, LONG_US, false), MIPC_LOCK_TAKEN);
  mipc_lock_cancel(a.p.lock);
  CHECK_EQ(word_of(&b) & OWNER, a.p.number);
  CHECK(mipc_lock_held(a.p.lock));
  CHECK_EQ(mipc_lock_drop(a.p.lock), 0);
  CHECK(is_free(&b));
  begin(&a);
  CHECK(has_woken(&a, 3));
  CHECK_EQ(mipc_lock_take(a.p.lock, LONG_US, false), MIPC_LOCK_TAKEN);
  mipc_lock_abandon(a.p.lock);
  CHECK_EQ(mipc_lock_take(b.lock, LONG_US, false), MIPC_LOCK_RECOVERED);
  CHECK_EQ(mipc_lock_drop(b.lock), 0);
  part(&a.p);
  part(&b);
}

static void lent_after_a_death(void) {
  async_t a;
  join_async(&a, thread_1);
  /* A notified user clears the recovery flag; an operation leaves it. */
  die_holding(MIPC_LOCK_TAKEN);
  begin(&a);
  CHECK(has_woken(&a, 1));
  CHECK_EQ(mipc_lock_take(a.p.lock, LONG_US, false), MIPC_LOCK_RECOVERED);
  CHECK_EQ(mipc_lock_drop(a.p.lock), 0);
  CHECK_EQ(mipc_lock_poll(a.p.lock), MIPC_LOCK_TAKEN);
  CHECK_EQ(mipc_lock_drop(a.p.lock), 0);
  die_holding(MIPC_LOCK_TAKEN);
  begin(&a);
  CHECK(has_woken(&a, 2));
  CHECK(mipc_lock_enter(a.p.lock, LONG_US, false) > 0);
  CHECK_EQ(mipc_lock_leave(a.p.lock), 0);
  CHECK_EQ(mipc_lock_poll(a.p.lock), MIPC_LOCK_RECOVERED);
  CHECK_EQ(mipc_lock_drop(a.p.lock), 0);
  /* A wait that is given up leaves it, too. */
  die_holding(MIPC_LOCK_TAKEN);
  begin(&a);
  CHECK(has_woken(&a, 3));
  mipc_lock_cancel(a.p.lock);
  CHECK_EQ(mipc_lock_take(a.p.lock, LONG_US, false), MIPC_LOCK_RECOVERED);
  CHECK_EQ(mipc_lock_drop(a.p.lock), 0);
  part(&a.p);
}

/* Waits for the result of the wait. */
static int poll_soon(async_t *a) {
  int status = MIPC_LOCK_BUSY;
  for (int i = 0; i < 100000 && status == MIPC_LOCK_BUSY; i++) {
    status = mipc_lock_poll(a->p.lock);
    if (status == MIPC_LOCK_BUSY) nap_us(100);
  }
  return status;
}

static void taken_over_by_a_neighbour(void) {
  async_t a;
  join_async(&a, thread_1);
  party_t b = join(thread_1), c = join(thread_2);
  for (int round = 0; round < 12; round++) {
    a.wake_ups = 0;
    begin(&a);
    CHECK(has_woken(&a, 1));
    CHECK_EQ(mipc_lock_take(b.lock, round % 3 ? LONG_US : 0, round % 3 == 0), MIPC_LOCK_TAKEN);
    CHECK_EQ(word_of(&b) & OWNER, b.number);
    CHECK_EQ(mipc_lock_poll(a.p.lock), MIPC_LOCK_BUSY);
    CHECK_EQ(mipc_lock_take(a.p.lock, LONG_US, false), MIPC_E_DEADLOCK); /* now a user holds it */
    CHECK_EQ(mipc_lock_take(c.lock, 500, false), MIPC_LOCK_BUSY);
    nap_us(round * 500);
    if (round % 4 == 3) mipc_lock_cancel(a.p.lock);
    CHECK_EQ(word_of(&b) & OWNER, b.number);
    CHECK_EQ(mipc_lock_drop(b.lock), 0);
    mipc_lock_give_up(c.lock);
    if (round % 4 == 3) {
      nap_us(20000);
      CHECK(is_free(&b) && a.wake_ups == 1);
      CHECK_EQ(mipc_lock_poll(a.p.lock), MIPC_LOCK_BUSY);
    } else {
      CHECK_EQ(poll_soon(&a), MIPC_LOCK_TAKEN); /* it goes on waiting, and wins again */
      CHECK(has_woken(&a, 2));
      CHECK_EQ(mipc_lock_drop(a.p.lock), 0);
    }
  }
  part(&a.p);
  part(&b);
  part(&c);
}

static void two_objects_of_one_thread(void) {
  async_t a, b;
  join_async(&a, thread_1);
  join_async(&b, thread_1);
  for (int i = 1; i <= 20; i++) {
    begin(&a);
    begin(&b);
    for (int turns = 0; turns < 2;) {
      async_t *won = NULL;
      for (int ms = 0; ms < 10000 && !won; ms++) {
        if (mipc_lock_poll(a.p.lock) == MIPC_LOCK_TAKEN)
          won = &a;
        else if (mipc_lock_poll(b.p.lock) == MIPC_LOCK_TAKEN)
          won = &b;
        else
          nap_us(1000);
      }
      if (!CHECK(won)) break;
      CHECK_EQ(mipc_lock_drop(won->p.lock), 0);
      turns++;
    }
    CHECK(has_woken(&a, i) && has_woken(&b, i));
  }
  part(&a.p);
  part(&b.p);
}

static void fails(void) {
  async_t a;
  join_async(&a, thread_1);
  party_t b = join(thread_2);
  uint64_t id = b.header->lock_id_high;
  CHECK_EQ(mipc_lock_take(b.lock, 0, false), MIPC_LOCK_TAKEN);
  begin(&a);
  nap_us(5000);
  b.header->lock_id_high = id + 1;
  CHECK(has_woken(&a, 1));
  CHECK_EQ(mipc_lock_poll(a.p.lock), MIPC_E_CORRUPT);
  CHECK_EQ(mipc_lock_poll(a.p.lock), MIPC_LOCK_BUSY); /* ended */
  CHECK(!mipc_lock_held(a.p.lock));
  b.header->lock_id_high = id;
  begin(&a);
  CHECK_EQ(mipc_lock_drop(b.lock), 0);
  CHECK(has_woken(&a, 2));
  /* Won, and overwritten afterwards. */
  b.header->lock_id_high = id + 1;
  CHECK_EQ(mipc_lock_poll(a.p.lock), MIPC_E_CORRUPT);
  CHECK(!mipc_lock_held(a.p.lock) && is_free(&b));
  b.header->lock_id_high = id;
  part(&a.p);
  part(&b);
}

/* The waiter's thread is the first to access the lost pages. */
static void cut_off(void) {
  open_place(MIPC_PLACE_PATH);
  async_t a;
  join_async(&a, thread_1);
  party_t b = join(thread_2);
  CHECK_EQ(mipc_lock_take(b.lock, 0, false), MIPC_LOCK_TAKEN);
  begin(&a);
  nap_us(20000);
  CHECK_EQ(truncate(place.path, 0), 0);
  CHECK(has_woken(&a, 1));
  CHECK_EQ(mipc_lock_poll(a.p.lock), MIPC_E_TRUNCATED);
  CHECK(!mipc_lock_held(a.p.lock));
  CHECK_EQ(mipc_lock_drop(b.lock), MIPC_E_TRUNCATED);
  part(&a.p);
  part(&b);
  close_place();
}

/* A waiter that is cancelled while it sleeps passes a wake on to the next. */
static void passes_on(void) {
#if !defined(MIPC_TEST_WAIT_NONE)
  open_place(MIPC_PLACE_ANONYMOUS);
  async_t a;
  join_async(&a, thread_1);
  party_t b = join(thread_2);
  CHECK_EQ(mipc_lock_take(b.lock, 0, false), MIPC_LOCK_TAKEN);
  begin(&a);
  for (int i = 0; i < 5000 && word_of(&b) != (b.number | S | C); i++)
    nap_us(1000);
  sleeper_t one;
  start_sleeper(&one, &b.header->lock);
  mipc_lock_cancel(a.p.lock);
  CHECK(was_woken(&one));
  part(&a.p);
  part(&b);
  close_place();
#endif
}

int main(void) {
  signal(SIGBUS, SIG_DFL); /* the handler of the sanitizers would report it */
  in_all_places(wins_what_is_free);
  in_all_places(waits_for_others);
  in_all_places(given_up);
  in_all_places(closed_in_the_midst);
  in_all_places(lent_to_calls_of_the_object);
  in_all_places(lent_after_a_death);
  in_all_places(taken_over_by_a_neighbour);
  in_all_places(two_objects_of_one_thread);
  in_all_places(fails);
  cut_off();
  passes_on();
  return check_done("lock_async");
}
