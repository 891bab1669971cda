/*
 * The lock under faults: a fork without exec, a truncated file, an overwritten header. In each case
 * no process wrongly holds the lock, none crashes, and none waits for longer than its time limit.
 */
#include "locks.h"

#include "../../src/region/region_i.h"

/* A holder has forked, and the child uses its objects. */
static void in_the_child_of_a_holder(void *argument) {
  party_t *p = argument;
  CHECK_EQ(mipc_lock_take(p->lock, 0, false), MIPC_E_DEADLOCK); /* by the copied object */
  CHECK_EQ(mipc_lock_enter(p->lock, 0, true), MIPC_E_CLOSED);
  CHECK_EQ(mipc_lock_drop(p->lock), MIPC_E_CLOSED);
  CHECK_EQ(mipc_lock_drop(p->lock), 0);
  CHECK(!mipc_lock_held(p->lock));
  CHECK_EQ(mipc_lock_take(p->lock, LONG_US, false), MIPC_E_CLOSED);
  CHECK_EQ(mipc_lock_take(p->lock, 0, true), MIPC_E_CLOSED);
  CHECK_EQ(mipc_lock_enter(p->lock, 0, false), MIPC_E_CLOSED);
  CHECK_EQ(mipc_lock_leave(p->lock), MIPC_E_CLOSED);
  CHECK_EQ(mipc_lock_begin(p->lock, NULL, NULL), MIPC_E_CLOSED);
  mipc_lock_cancel(p->lock);
  mipc_lock_give_up(p->lock);
  mipc_lock_abandon(p->lock);
  mipc_lock_close(p->lock);
  /* With its own attachment it is another participant: no deadlock, its parent holds the lock. */
  party_t own = join(thread_1);
  CHECK_EQ(mipc_lock_take(own.lock, 3000, false), MIPC_LOCK_BUSY);
  CHECK_EQ(mipc_lock_take(own.lock, 0, true), MIPC_LOCK_BUSY);
  mipc_lock_give_up(own.lock);
  part(&own);
}

static void hold_and_fork(void *unused) {
  (void)unused;
  party_t p = join(thread_1);
  CHECK_EQ(mipc_lock_take(p.lock, LONG_US, false), MIPC_LOCK_TAKEN);
  pid_t child = fork();
  if (child == 0) {
    board->count = getpid(); /* fork() has returned: the descriptors are closed */
    board->ready = 1;
  }
  for (;;)
    pause();
}

static void forked(void) {
  party_t p = join(thread_1), q = join(thread_2);
  CHECK_EQ(mipc_lock_take(p.lock, 0, false), MIPC_LOCK_TAKEN);
  CHECK_EQ(end_of(start_child(in_the_child_of_a_holder, &p)), 0);
  CHECK_EQ(word_of(&p) & OWNER, p.number);
  CHECK(mipc_lock_held(p.lock));
  CHECK_EQ(mipc_lock_take(q.lock, 1000, false), MIPC_LOCK_BUSY);
  CHECK_EQ(mipc_lock_drop(p.lock), 0);
  CHECK_EQ(mipc_lock_take(q.lock, LONG_US, false), MIPC_LOCK_TAKEN);
  CHECK_EQ(mipc_lock_drop(q.lock), 0);
  /* A child of fork() without exec does not keep a dead parent alive, even while it is stopped. */
  new_board();
  pid_t holder = start_child(hold_and_fork, NULL);
  wait_for(&board->ready);
  kill((pid_t)board->count, SIGSTOP);
  kill_child(holder);
  CHECK_TIMED(mipc_lock_take(q.lock, LONG_US, false), MIPC_LOCK_RECOVERED, 0, 1000);
  CHECK_EQ(mipc_lock_drop(q.lock), 0);
  kill((pid_t)board->count, SIGKILL);
  part(&p);
  part(&q);
}

/* One of three processes whose file is truncated: the result of its call after it has begun. */
static void hold_until_cut(void *unused) {
  (void)unused;
  party_t p = join(thread_1);
  CHECK_EQ(mipc_lock_take(p.lock, LONG_US, false), MIPC_LOCK_TAKEN);
  board->ready = 1;
  wait_for(&board->turn);
  int status = mipc_lock_drop(p.lock);
  CHECK(status == MIPC_E_TRUNCATED || status == MIPC_E_CORRUPT);
  CHECK(!mipc_lock_held(p.lock));
  CHECK(mipc_lock_take(p.lock, LONG_US, false) < 0);
  part(&p);
}

static void wait_until_cut(void *unused) {
  (void)unused;
  party_t p = join(thread_1);
  board->ready = 1;
  int status = mipc_lock_take(p.lock, LONG_US, false);
  CHECK(status == MIPC_E_TRUNCATED || status == MIPC_E_CORRUPT);
  CHECK(!mipc_lock_held(p.lock));
  part(&p);
}

/* To 0 bytes; to a part of the first page, the rest of which becomes zeros; behind the lock, where
 * the participant rows are. */
static void cut_off(off_t size) {
  open_place(MIPC_PLACE_PATH);
  party_t p = join(thread_1);
  new_board();
  pid_t holder = start_child(hold_until_cut, NULL);
  wait_for(&board->ready);
  board->ready = 0;
  pid_t waiter = start_child(wait_until_cut, NULL);
  wait_for(&board->ready);
  nap_us(10000);
  CHECK_EQ(mipc_lock_take(p.lock, 2000, false), MIPC_LOCK_BUSY);
  CHECK_EQ(truncate(place.path, size), 0);
  if (size < 200) {
    double begin = now_us();
    for (int i = 0; i < 4; i++) {
      int status = mipc_lock_take(p.lock, i & 1 ? LONG_US : 0, i % 2 == 0);
      /* The word may be before the new end, and show that the lock is taken. */
      CHECK(status == MIPC_E_TRUNCATED || status == MIPC_E_CORRUPT || (size == 140 && !status));
      CHECK(!mipc_lock_held(p.lock));
      CHECK(mipc_lock_enter(p.lock, 1000, false) < 0);
    }
    CHECK_EQ(mipc_lock_enter(p.lock, 0, true), MIPC_E_NOT_LOCKED);
    CHECK_EQ(end_of(waiter), 0);
    board->turn = 1;
    CHECK_EQ(end_of(holder), 0);
    CHECK(now_us() - begin < 1e6);
    /* A lock on a zero page has no owner. */
    if (size) CHECK_EQ(word_of(&p) & OWNER, 0);
  } else {
    kill_child(holder);
    CHECK_EQ(end_of(waiter), 0); /* counts itself as waiting, in its row */
  }
  part(&p);
  close_place();
}

static void header_overwritten(void) {
  party_t a = join(thread_1), b = join(thread_2);
  uint64_t id = a.header->lock_id_high;
  CHECK_EQ(mipc_lock_take(a.lock, 0, false), MIPC_LOCK_TAKEN);
  a.header->lock_id_high = id + 1;
  CHECK_TIMED(mipc_lock_take(b.lock, LONG_US, false), MIPC_E_CORRUPT, 0, 1000);
  CHECK_EQ(mipc_lock_take(b.lock, 0, true), MIPC_LOCK_BUSY);
  CHECK_EQ(mipc_lock_enter(a.lock, 0, true), MIPC_E_CORRUPT);
  CHECK_EQ(mipc_lock_leave(a.lock), MIPC_E_CORRUPT);
  CHECK_EQ(mipc_lock_drop(a.lock), MIPC_E_CORRUPT);
  CHECK(!mipc_lock_held(a.lock));
  for (int i = 0; i < 4; i++) {
    CHECK_EQ(mipc_lock_take(b.lock, i & 1 ? LONG_US : 0, i % 2 == 0), MIPC_E_CORRUPT);
    CHECK_EQ(mipc_lock_enter(b.lock, 1000, false), MIPC_E_CORRUPT);
    CHECK_EQ(word_of(&b) & OWNER, 0); /* nothing is held */
  }
  a.header->lock_id_high = id;
  CHECK_EQ(mipc_lock_take(b.lock, 100000, false), MIPC_LOCK_TAKEN);
  CHECK_EQ(mipc_lock_drop(b.lock), 0);
  part(&a);
  part(&b);
}

static void word_overwritten(void) {
  party_t a = join(thread_1), b = join(thread_2);
  const uint32_t others[] = {0, b.number, b.number | S | C, 12345, OWNER, S, C, S | C};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    set_word(&a, 0);
    CHECK_EQ(mipc_lock_take(a.lock, 0, false), MIPC_LOCK_TAKEN);
    set_word(&a, others[i]);
    CHECK_EQ(mipc_lock_enter(a.lock, 0, true), MIPC_E_CORRUPT);
    CHECK_EQ(mipc_lock_drop(a.lock), MIPC_E_CORRUPT);
    CHECK(!mipc_lock_held(a.lock));
    CHECK_EQ(word_of(&a), others[i]); /* untouched */
  }
  /* Its bits may have any value. */
  for (uint32_t bits = 0; bits < 4; bits++) {
    set_word(&a, 0);
    CHECK_EQ(mipc_lock_take(a.lock, 0, false), MIPC_LOCK_TAKEN);
    set_word(&a, a.number | bits << 30);
    CHECK_EQ(mipc_lock_drop(a.lock), 0);
    CHECK_EQ(word_of(&a), (bits << 30) & S);
  }
  /* Our own number, which we have not stored there; that of another object of the thread. */
  party_t c = join(thread_1);
  for (uint32_t bits = 0; bits < 4; bits++) {
    set_word(&a, a.number | bits << 30);
    CHECK_TIMED(mipc_lock_take(a.lock, LONG_US, false), MIPC_E_CORRUPT, 0, 1000);
    CHECK_EQ(mipc_lock_take(a.lock, 0, true), MIPC_E_CORRUPT);
    CHECK_EQ(mipc_lock_enter(a.lock, 0, false), MIPC_E_CORRUPT);
    CHECK_TIMED(mipc_lock_take(c.lock, LONG_US, false), MIPC_E_CORRUPT, 0, 1000);
    CHECK(!mipc_lock_held(a.lock) && !mipc_lock_held(c.lock));
    CHECK_EQ(mipc_lock_drop(a.lock), 0);
    CHECK_EQ(word_of(&a) & OWNER, a.number);
  }
  /* A number without a participant is that of a dead one. */
  const uint32_t dead[] = {OWNER, 1000, 1000 | S, 1000 | C, 1000 | S | C};
  for (size_t i = 0; i < sizeof dead / sizeof *dead; i++) {
    set_word(&a, dead[i]);
    CHECK_TIMED(mipc_lock_take(b.lock, LONG_US, false), MIPC_LOCK_RECOVERED, 0, 1000);
    CHECK_EQ(mipc_lock_drop(b.lock), 0);
  }
  part(&a);
  part(&b);
  part(&c);
}

/* Numbers restart only when no participant exists; an owner still in the word is dead. */
static void numbers_restarted(uint32_t word, int expected) {
  open_place(MIPC_PLACE_PATH);
  set_word(&(party_t){.header = place.header}, word);
  place.header->next_number = MIPC_MAX_NUMBER + 1;
  mipc_region_t *refused = NULL;
  CHECK_EQ(mipc_region_open(&place.spec, &report, &refused), MIPC_E_EXHAUSTED);
  mipc_region_put(place.keeper);
  party_t p = join(thread_1);
  CHECK_EQ(p.number, 1);
  CHECK_EQ(word_of(&p), 0);
  CHECK_EQ(mipc_lock_take(p.lock, 0, false), expected);
  CHECK_EQ(mipc_lock_drop(p.lock), 0);
  CHECK_EQ(mipc_lock_take(p.lock, 0, false), MIPC_LOCK_TAKEN);
  CHECK_EQ(mipc_lock_drop(p.lock), 0);
  part(&p);
  place.keeper = open_region(place.spec);
  close_place();
}

enum { USERS = 3 };

/* Stores anything anywhere in the lock and the event, as fast as it can. */
static void scribble(void *everything) {
  party_t p = join(thread_3);
  while (board->ready < USERS)
    nap_us(1000);
  uint32_t random = (uint32_t)getpid();
  volatile uint32_t *words = (volatile uint32_t *)&p.header->lock;
  for (unsigned i = 0;; i++) {
    uint32_t value = next_random(&random) << 8 | next_random(&random);
    if (i % 3) value = (value & (S | C)) | (value >> 3) % 8;
    p.header->event = i % 2 ? value : p.header->event + 1;
    words[i % 4 == 3 && everything ? next_random(&random) % 16 : next_random(&random) % 3] = value;
    if (i % 64 == 0 && everything) nap_us(100);
  }
}

static void notify(void *count) {
  mipc_atomic_add_relaxed(count, 1);
}

static void use_everything(void *argument) {
  party_t p = join(thread_1), q = join(thread_1);
  uint32_t random = *(uint32_t *)argument, notified = 0, looks = 0;
  mipc_watch_t *watch;
  CHECK_EQ(mipc_watch_open(p.region, notify, &notified, &watch), 0);
  double worst = 0;
  board->ready++;
  while (!board->turn) {
    uint32_t us = next_random(&random) % 30000, what = next_random(&random) % 10;
    double begin = now_us();
    if (what < 4) {
      mipc_lock_take(what & 1 ? p.lock : q.lock, us, what & 2);
    } else if (what < 6) {
      mipc_lock_begin(p.lock, notify, &notified);
      nap_us(us / 4);
      if (what & 1) mipc_lock_take(p.lock, us, false);
      mipc_lock_poll(p.lock);
      mipc_lock_cancel(p.lock);
    } else if (what == 6) {
      if (mipc_lock_enter(q.lock, us, us & 1) > 0) mipc_lock_leave(q.lock);
    } else if (what == 7) {
      mipc_event_wait(p.header, true, mipc_event_count(p.header), us, &looks);
      mipc_event_publish(p.header);
    } else if (what == 8) {
      mipc_watch_arm(watch);
    } else {
      mipc_watch_disarm(watch);
      us % 16 ? (void)mipc_lock_give_up(q.lock) : mipc_lock_abandon(p.lock);
    }
    mipc_lock_drop(p.lock);
    mipc_lock_drop(q.lock);
    double late = now_us() - begin - us;
    if (late > worst) worst = late;
    board->count++;
  }
  if (!CHECK(worst < 1e6)) printf("  %.0f ms beyond its time limit\n", worst / 1e3);
  mipc_watch_close(watch);
  part(&p);
  part(&q);
}

static void scribbled_over(bool everything) {
  open_place(MIPC_PLACE_ANONYMOUS);
  new_board();
  pid_t scribbler = start_child(scribble, everything ? &place : NULL), users[USERS];
  for (uint32_t i = 0; i < USERS; i++)
    users[i] = start_child(use_everything, &i);
  nap_us(1500000);
  board->turn = 1;
  for (int i = 0; i < USERS; i++)
    CHECK_EQ(end_of(users[i]), 0);
  kill_child(scribbler);
  printf("%lld calls under a scribbler%s\n", (long long)board->count,
         everything ? " of all fields" : "");
  CHECK(board->count > 100);
  close_place();
}

int main(void) {
  signal(SIGBUS, SIG_DFL); /* the handler of the sanitizers would report it */
  in_all_places(forked);
  in_all_places(header_overwritten);
  in_all_places(word_overwritten);
  cut_off(0);
  cut_off(1);
  cut_off(140);
  cut_off(4096);
  numbers_restarted(0, MIPC_LOCK_TAKEN);
  numbers_restarted(S | C, MIPC_LOCK_TAKEN);
  numbers_restarted(1, MIPC_LOCK_RECOVERED); /* the number of the new process */
  numbers_restarted(OWNER | S, MIPC_LOCK_RECOVERED);
  scribbled_over(false);
  scribbled_over(true);
  return check_done("lock_faults");
}
