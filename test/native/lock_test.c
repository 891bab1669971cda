/*
 * The lock, rule by rule: take, release, waits that time out, words kept for waiters, and
 * notification of the death of an owner.
 */
#include "locks.h"

static void taken_and_given_back(void) {
  party_t p = join(thread_1);
  mipc_lock_facts_t facts;
  CHECK_EQ(word_of(&p), 0);
  CHECK(!mipc_lock_held(p.lock));
  mipc_lock_look(p.header, &facts);
  CHECK(facts.owner == 0 && facts.since == 0 && facts.held_ms == 0 && !facts.recovered);
  for (int way = 0; way < 4; way++) {
    CHECK_EQ(mipc_lock_take(p.lock, way & 1 ? 1000 : 0, way & 2), MIPC_LOCK_TAKEN);
    CHECK_EQ(word_of(&p), p.number); /* no waiter: C is clear, so that no wake is needed */
    CHECK(mipc_lock_held(p.lock));
    mipc_lock_look(p.header, &facts);
    CHECK_EQ(facts.owner, p.number);
    CHECK(facts.held_ms < 1000 && !facts.recovered);
    for (int again = 0; again < 4; again++) {
      CHECK_EQ(mipc_lock_take(p.lock, again & 1 ? LONG_US : 0, again & 2), MIPC_E_DEADLOCK);
    }
    CHECK_EQ(mipc_lock_drop(p.lock), 0);
    CHECK_EQ(word_of(&p), 0);
    CHECK(!mipc_lock_held(p.lock));
    CHECK_EQ(mipc_lock_drop(p.lock), 0);
  }
  mipc_lock_close(NULL);
  part(&p);
}

static void busy_until_the_time_is_over(void) {
  party_t a = join(thread_1), b = join(thread_2);
  CHECK_EQ(mipc_lock_take(a.lock, 0, false), MIPC_LOCK_TAKEN);
  CHECK_EQ(mipc_lock_take(b.lock, 0, false), MIPC_LOCK_BUSY);
  CHECK_EQ(mipc_lock_take(b.lock, 0, true), MIPC_LOCK_BUSY);
  CHECK_EQ(word_of(&a), a.number); /* a try does not ask for a wake */
  CHECK_TIMED(mipc_lock_take(b.lock, 300, false), MIPC_LOCK_BUSY, 0.3, 1000);
  CHECK_EQ(word_of(&a) & ~S, a.number | C);
  CHECK_TIMED(mipc_lock_take(b.lock, 30000, false), MIPC_LOCK_BUSY, 30, 1000);
  CHECK_EQ(word_of(&a), a.number | S | C);
  CHECK(!mipc_lock_held(b.lock));
  mipc_lock_give_up(b.lock);
  CHECK_EQ(mipc_lock_drop(b.lock), 0);
  CHECK_EQ(word_of(&a), a.number | S | C);
  CHECK_EQ(mipc_lock_drop(a.lock), 0);
  CHECK_EQ(word_of(&a), S);
  CHECK_EQ(mipc_lock_take(b.lock, 100000, false), MIPC_LOCK_TAKEN);
  CHECK_EQ(mipc_lock_drop(b.lock), 0);
  CHECK_EQ(word_of(&a), 0);
  part(&a);
  part(&b);
}

/* A wait in slices, as that of JS, counts as having waited from its second slice on. */
static void slices_are_one_wait(void) {
  party_t a = join(thread_1), b = join(thread_2);
  CHECK_EQ(mipc_lock_take(a.lock, 0, false), MIPC_LOCK_TAKEN);
  CHECK_EQ(mipc_lock_take(b.lock, 5000, false), MIPC_LOCK_BUSY);
  CHECK_EQ(mipc_lock_drop(a.lock), 0);
  CHECK_EQ(word_of(&a), S);
  CHECK_TIMED(mipc_lock_take(b.lock, 100000, false), MIPC_LOCK_TAKEN, 0, 50);
  CHECK_EQ(mipc_lock_drop(b.lock), 0);
  part(&a);
  part(&b);
}

static void kept_for_those_who_waited(void) {
  party_t a = join(thread_1);
  set_word(&a, S); /* of a process that waited, and was killed */
  CHECK_EQ(mipc_lock_take(a.lock, 0, false), MIPC_LOCK_BUSY);
  CHECK_EQ(word_of(&a), S);
  CHECK_EQ(mipc_lock_take(a.lock, 0, true), MIPC_LOCK_TAKEN);
  CHECK_EQ(word_of(&a), S | a.number); /* it stays kept for that process */
  CHECK_EQ(mipc_lock_drop(a.lock), 0);
  CHECK_EQ(word_of(&a), S);
  CHECK_TIMED(mipc_lock_take(a.lock, 500000, false), MIPC_LOCK_TAKEN, 0, 200);
  CHECK_EQ(word_of(&a) & OWNER, a.number);
  CHECK_EQ(word_of(&a) & S, 0);
  CHECK_EQ(mipc_lock_drop(a.lock), 0);
  CHECK_EQ(word_of(&a), 0);
  /* Either bit of a free word alone, and both: no process waits for longer than a slice. */
  for (uint32_t i = 1; i < 4; i++) {
    set_word(&a, i << 30);
    CHECK_TIMED(mipc_lock_take(a.lock, 500000, false), MIPC_LOCK_TAKEN, 0, 200);
    CHECK_EQ(mipc_lock_drop(a.lock), 0);
  }
  part(&a);
}

static void left_by_a_dead_waiter(void) {
  party_t a = join(thread_1);
  new_board();
  CHECK_EQ(mipc_lock_take(a.lock, 0, false), MIPC_LOCK_TAKEN);
  pid_t child = start_child(wait_in_vain, NULL);
  wait_for(&board->ready);
  for (int i = 0; i < 5000 && word_of(&a) != (a.number | S | C); i++)
    nap_us(1000);
  kill_child(child);
  CHECK_EQ(mipc_lock_drop(a.lock), 0);
  CHECK_EQ(word_of(&a), S);
  CHECK_TIMED(mipc_lock_take(a.lock, 500000, false), MIPC_LOCK_TAKEN, 0, 200);
  CHECK_EQ(mipc_lock_drop(a.lock), 0);
  CHECK_EQ(word_of(&a), 0);
  part(&a);
}

static void wakes(void) {
#if !defined(MIPC_TEST_WAIT_NONE) /* without futex there is no wake; each waiter polls */
  party_t a = join(thread_1), b = join(thread_2);
  sleeper_t one;
  CHECK_EQ(mipc_lock_take(a.lock, 0, false), MIPC_LOCK_TAKEN);
  CHECK_EQ(mipc_lock_take(b.lock, 5000, false), MIPC_LOCK_BUSY);
  /* Giving up passes on a wake, once. */
  start_sleeper(&one, &a.header->lock);
  mipc_lock_give_up(b.lock);
  CHECK(was_woken(&one));
  start_sleeper(&one, &a.header->lock);
  mipc_lock_give_up(b.lock);
  mipc_lock_give_up(a.lock);
  CHECK(!was_woken(&one));
  /* So does closing during the wait. */
  CHECK_EQ(mipc_lock_take(b.lock, 5000, false), MIPC_LOCK_BUSY);
  start_sleeper(&one, &a.header->lock);
  part(&b);
  CHECK(was_woken(&one));
  start_sleeper(&one, &a.header->lock);
  CHECK_EQ(mipc_lock_drop(a.lock), 0);
  CHECK(was_woken(&one));
  /* Without C there is no wake, which would be a system call for each release. */
  set_word(&a, 0);
  CHECK_EQ(mipc_lock_take(a.lock, 0, false), MIPC_LOCK_TAKEN);
  start_sleeper(&one, &a.header->lock);
  CHECK_EQ(mipc_lock_drop(a.lock), 0);
  CHECK(!was_woken(&one));
  part(&a);
#endif
}

static void deadlocks_of_one_thread(void) {
  party_t a = join(thread_1), b = join(thread_1), c = join(thread_2);
  CHECK_EQ(mipc_lock_take(a.lock, 0, false), MIPC_LOCK_TAKEN);
  CHECK_TIMED(mipc_lock_take(b.lock, LONG_US, false), MIPC_E_DEADLOCK, 0, 1000);
  CHECK_EQ(mipc_lock_take(b.lock, 0, true), MIPC_E_DEADLOCK);
  CHECK_EQ(mipc_lock_enter(b.lock, 1000, false), MIPC_E_DEADLOCK);
  CHECK_EQ(mipc_lock_take(c.lock, 1000, false), MIPC_LOCK_BUSY);
  CHECK_EQ(mipc_lock_take(c.lock, 0, true), MIPC_LOCK_BUSY);
  CHECK(mipc_lock_held(a.lock) && !mipc_lock_held(b.lock) && !mipc_lock_held(c.lock));
  mipc_lock_give_up(c.lock);
  CHECK_EQ(mipc_lock_drop(a.lock), 0);
  CHECK_EQ(mipc_lock_take(b.lock, LONG_US, false), MIPC_LOCK_TAKEN);
  CHECK_EQ(mipc_lock_take(a.lock, LONG_US, false), MIPC_E_DEADLOCK);
  CHECK_EQ(mipc_lock_drop(b.lock), 0);
  /* Another region is another lock, though its numbers are the same. */
  mipc_region_t *other = open_region(ANONYMOUS());
  mipc_lock_t *lock;
  while (mipc_region_number(other) < a.number) {
    char handle[MIPC_HANDLE_SIZE];
    CHECK_EQ(mipc_region_handle(other, handle), 0);
    mipc_region_t *next = open_region(AT_HANDLE(handle));
    mipc_region_put(other);
    other = next;
  }
  CHECK_EQ(mipc_region_number(other), a.number);
  CHECK_EQ(mipc_lock_open(other, thread_1, &lock), 0);
  CHECK_EQ(mipc_lock_take(lock, 0, false), MIPC_LOCK_TAKEN);
  CHECK_EQ(mipc_lock_take(a.lock, LONG_US, false), MIPC_LOCK_TAKEN);
  CHECK_EQ(mipc_lock_drop(a.lock), 0);
  mipc_lock_close(lock);
  mipc_region_put(other);
  part(&a);
  part(&b);
  part(&c);
}

/* Two copies of the library in one thread have different names for the thread, and separate tables;
 * that the owner is this thread is only in the region. Before, one waited for the other forever. */
static void deadlocks_of_two_copies(void) {
  party_t a = join(thread_1), b = join(thread_2), c = join(thread_3);
  set_row_thread(a.region, (uint32_t)gettid());
  CHECK_EQ(mipc_lock_take(a.lock, 0, false), MIPC_LOCK_TAKEN);
  CHECK_TIMED(mipc_lock_take(b.lock, LONG_US, false), MIPC_E_DEADLOCK, 0, 1000);
  CHECK_EQ(mipc_lock_enter(b.lock, LONG_US, false), MIPC_E_DEADLOCK);
  CHECK_EQ(mipc_lock_take(b.lock, 0, true), MIPC_LOCK_BUSY);
  CHECK(mipc_lock_held(a.lock) && !mipc_lock_held(b.lock));
  CHECK_EQ(mipc_lock_drop(a.lock), 0);
  /* For another thread it waits. */
  CHECK_EQ(mipc_lock_take(c.lock, LONG_US, false), MIPC_LOCK_TAKEN);
  CHECK_EQ(mipc_lock_take(b.lock, 1000, false), MIPC_LOCK_BUSY);
  CHECK_EQ(mipc_lock_drop(c.lock), 0);
  CHECK_EQ(mipc_lock_take(b.lock, LONG_US, false), MIPC_LOCK_TAKEN);
  CHECK_EQ(mipc_lock_drop(b.lock), 0);
  part(&a);
  part(&b);
  part(&c);
}

static void reports_a_death(void) {
  party_t p = join(thread_1), q = join(thread_2);
  mipc_lock_facts_t facts;
  die_holding(MIPC_LOCK_TAKEN);
  mipc_lock_look(p.header, &facts);
  CHECK(facts.owner == board->number && !facts.recovered);
  CHECK_EQ(mipc_lock_take(p.lock, 0, false), MIPC_LOCK_BUSY);
  CHECK_EQ(mipc_lock_take(p.lock, 0, true), MIPC_LOCK_RECOVERED);
  mipc_lock_look(p.header, &facts);
  CHECK(facts.owner == p.number && facts.recovered);
  CHECK_EQ(mipc_lock_drop(p.lock), 0);
  mipc_lock_look(p.header, &facts);
  CHECK(facts.owner == 0 && !facts.recovered);
  CHECK_EQ(mipc_lock_take(q.lock, LONG_US, false), MIPC_LOCK_TAKEN);
  CHECK_EQ(mipc_lock_drop(q.lock), 0);
  /* A process that recovers it and dies too, without a release. */
  die_holding(MIPC_LOCK_TAKEN);
  die_holding(MIPC_LOCK_RECOVERED);
  CHECK_TIMED(mipc_lock_take(p.lock, LONG_US, false), MIPC_LOCK_RECOVERED, 0, 1000);
  CHECK_EQ(mipc_lock_drop(p.lock), 0);
  /* Operations of the library are notified once, and leave the report to the next user. */
  die_holding(MIPC_LOCK_TAKEN);
  for (int i = 0; i < 3; i++) {
    CHECK_EQ(mipc_lock_enter(p.lock, LONG_US, false), i ? MIPC_LOCK_TAKEN : MIPC_LOCK_RECOVERED);
    CHECK(!mipc_lock_held(p.lock));
    CHECK_EQ(mipc_lock_leave(p.lock), 0);
  }
  CHECK_EQ(mipc_lock_take(q.lock, 0, false), MIPC_LOCK_RECOVERED);
  CHECK_EQ(mipc_lock_drop(q.lock), 0);
  CHECK_EQ(mipc_lock_take(p.lock, 0, false), MIPC_LOCK_TAKEN);
  CHECK_EQ(mipc_lock_drop(p.lock), 0);
  /* So does a caller that leaves the recovery to the next user. */
  die_holding(MIPC_LOCK_TAKEN);
  for (int i = 0; i < 3; i++) {
    CHECK_EQ(mipc_lock_take(p.lock, LONG_US, false), MIPC_LOCK_RECOVERED);
    if (i < 2) mipc_lock_keep_recovered(p.lock);
    CHECK_EQ(mipc_lock_drop(p.lock), 0);
  }
  CHECK_EQ(mipc_lock_take(q.lock, 0, false), MIPC_LOCK_TAKEN);
  mipc_lock_keep_recovered(q.lock);
  CHECK_EQ(mipc_lock_drop(q.lock), 0);
  CHECK_EQ(mipc_lock_take(p.lock, 0, false), MIPC_LOCK_TAKEN);
  CHECK_EQ(mipc_lock_drop(p.lock), 0);
  part(&p);
  part(&q);
}

static void given_up_counts_as_death(void) {
  party_t a = join(thread_1), b = join(thread_2), c = join(thread_3);
  mipc_lock_abandon(a.lock);
  CHECK_EQ(mipc_lock_take(a.lock, 0, false), MIPC_LOCK_TAKEN);
  mipc_lock_abandon(a.lock);
  CHECK(!mipc_lock_held(a.lock));
  CHECK_EQ(mipc_lock_drop(a.lock), 0);
  CHECK_EQ(mipc_lock_take(b.lock, 0, false), MIPC_LOCK_RECOVERED);
  CHECK_EQ(mipc_lock_take(c.lock, 1000, false), MIPC_LOCK_BUSY);
  part(&b); /* closed while held */
  CHECK_TIMED(mipc_lock_take(c.lock, LONG_US, false), MIPC_LOCK_RECOVERED, 0, 1000);
  CHECK_EQ(mipc_lock_drop(c.lock), 0);
  CHECK_EQ(mipc_lock_enter(c.lock, 0, false), MIPC_LOCK_TAKEN);
  mipc_lock_abandon(c.lock);
  CHECK_EQ(mipc_lock_take(c.lock, 0, false), MIPC_LOCK_RECOVERED);
  CHECK_EQ(mipc_lock_drop(c.lock), 0);
  CHECK_EQ(mipc_lock_take(a.lock, 0, false), MIPC_LOCK_TAKEN);
  CHECK_EQ(mipc_lock_drop(a.lock), 0);
  part(&a);
  part(&c);
}

static void operations_of_ours(void) {
  party_t a = join(thread_1), b = join(thread_2);
  CHECK_EQ(mipc_lock_enter(a.lock, 0, true), MIPC_E_NOT_LOCKED);
  CHECK_EQ(mipc_lock_enter(a.lock, 0, false), MIPC_LOCK_TAKEN);
  CHECK(!mipc_lock_held(a.lock));
  CHECK_EQ(mipc_lock_enter(a.lock, 0, false), MIPC_E_DEADLOCK);
  CHECK_EQ(mipc_lock_take(a.lock, 0, false), MIPC_E_DEADLOCK);
  CHECK_EQ(mipc_lock_enter(a.lock, 0, true), MIPC_E_NOT_LOCKED);
  CHECK_EQ(mipc_lock_enter(b.lock, 2000, false), MIPC_LOCK_BUSY);
  CHECK_EQ(mipc_lock_drop(a.lock), 0); /* no user holds it */
  CHECK_EQ(word_of(&a) & OWNER, a.number);
  CHECK_EQ(mipc_lock_leave(a.lock), 0);
  CHECK_EQ(word_of(&a) & OWNER, 0);
  CHECK_EQ(mipc_lock_enter(b.lock, 100000, false), MIPC_LOCK_TAKEN);
  CHECK_EQ(mipc_lock_leave(b.lock), 0);
  /* While the user holds it. */
  CHECK_EQ(mipc_lock_take(a.lock, 100000, false), MIPC_LOCK_TAKEN);
  CHECK_EQ(mipc_lock_enter(a.lock, 0, false), MIPC_E_DEADLOCK);
  CHECK_EQ(mipc_lock_enter(a.lock, 0, true), MIPC_LOCK_TAKEN);
  CHECK_EQ(mipc_lock_leave(a.lock), 0);
  CHECK(mipc_lock_held(a.lock));
  CHECK_EQ(word_of(&a) & OWNER, a.number);
  CHECK_EQ(mipc_lock_drop(a.lock), 0);
  part(&a);
  part(&b);
}

/* A lock needs a writable region. */
static void read_only(void) {
  mipc_region_t *reader = open_region(
      AT_PATH(place.path, .read_only = true, .create = MIPC_CREATE_NEVER, .guard = true));
  mipc_lock_t *lock = NULL;
  CHECK_EQ(mipc_lock_open(reader, thread_1, &lock), MIPC_E_ACCESS);
  CHECK(!lock);
  mipc_lock_facts_t facts;
  party_t p = join(thread_1);
  CHECK_EQ(mipc_lock_take(p.lock, 0, false), MIPC_LOCK_TAKEN);
  mipc_lock_look(mipc_region_header(reader), &facts);
  CHECK_EQ(facts.owner, p.number);
  part(&p);
  mipc_region_put(reader);
}

typedef struct {
  party_t p;
  int rounds;
  pthread_t id;
} counter_t;

static void *count_up(void *argument) {
  counter_t *c = argument;
  for (int i = 0; i < c->rounds; i++) {
    int got = MIPC_LOCK_BUSY;
    while (got == MIPC_LOCK_BUSY)
      got = mipc_lock_take(c->p.lock, 1 + (uint32_t)i % 3000, false);
    if (!CHECK_EQ(got, MIPC_LOCK_TAKEN)) break;
    uint64_t now = *c->p.payload;
    *c->p.payload = now + 1;
    CHECK_EQ(mipc_lock_drop(c->p.lock), 0);
    if (i % 16 == 0) sched_yield();
  }
  return NULL;
}

/* Threads of one process exclude each other like processes. */
static void threads_of_one_process(void) {
  enum { N = 4, ROUNDS = FEWER(20000) };
  counter_t counters[N];
  for (int i = 0; i < N; i++)
    counters[i] = (counter_t){.p = join(&counters[i]), .rounds = ROUNDS};
  *counters[0].p.payload = 0;
  for (int i = 0; i < N; i++)
    pthread_create(&counters[i].id, NULL, count_up, &counters[i]);
  for (int i = 0; i < N; i++)
    pthread_join(counters[i].id, NULL);
  CHECK_EQ(*counters[0].p.payload, N * ROUNDS);
  CHECK_EQ(word_of(&counters[0].p) & OWNER, 0);
  for (int i = 0; i < N; i++)
    part(&counters[i].p);
}

int main(void) {
  in_all_places(taken_and_given_back);
  in_all_places(busy_until_the_time_is_over);
  in_all_places(slices_are_one_wait);
  in_all_places(kept_for_those_who_waited);
  in_all_places(left_by_a_dead_waiter);
  in_all_places(deadlocks_of_one_thread);
  in_all_places(deadlocks_of_two_copies);
  in_all_places(reports_a_death);
  in_all_places(given_up_counts_as_death);
  in_all_places(operations_of_ours);
  in_all_places(threads_of_one_process);
  open_place(MIPC_PLACE_PATH);
  wakes();
  read_only();
  close_place();
  return check_done("lock");
}
