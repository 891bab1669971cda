/*
 * sync/filelock.h, with os/flock.h and os/thread.h below it: every transition between the states,
 * the locks held after each; the waiting thread sends one wake-up and can always be stopped.
 */
#include "../../src/sync/filelock.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <time.h>

#include "../../src/base/status.h"
#include "fixture.h"

enum { PATIENCE = 20000 }; /* time limit in ms */

static const mipc_flock_range_t WHOLE = {.whole = true};
static const mipc_flock_range_t WHOLE_SHARED = {.whole = true, .shared = true};

static mipc_flock_range_t range(uint64_t offset, uint64_t length) {
  return (mipc_flock_range_t){.offset = offset, .length = length};
}

static mipc_flock_range_t shared(mipc_flock_range_t of) {
  of.shared = true;
  return of;
}

static mipc_file_t open_file(const char *path, uint32_t flags) {
  mipc_file_t file = MIPC_NO_FILE;
  bool made;
  CHECK_EQ(mipc_file_open(path, flags, 0600, &file, &made), 0);
  return file;
}

/* A lock with its own description of the file, and that file. */
typedef struct {
  mipc_file_t file;
  mipc_filelock_t *lock;
} owner_t;

static owner_t open_owner(const char *path) {
  owner_t owner = {open_file(path, MIPC_OPEN_WRITE), NULL};
  CHECK_EQ(mipc_filelock_open(owner.file, true, &owner.lock), 0);
  return owner;
}

static void close_owner(owner_t *owner) {
  mipc_filelock_close(owner->lock);
  mipc_file_close(owner->file);
}

static int take(owner_t *owner, mipc_flock_range_t what) {
  return mipc_filelock_take(owner->lock, &what, 0);
}

static void rest(int ms) {
  struct timespec time = {.tv_nsec = ms * 1000000L};
  nanosleep(&time, NULL);
}

static _Atomic int wake_ups;

static void count_wake_up(void *context) {
  ++*(_Atomic int *)context;
}

static void begin(owner_t *owner, mipc_flock_range_t what) {
  wake_ups = 0;
  CHECK_EQ(mipc_filelock_begin(owner->lock, &what, count_wake_up, &wake_ups), 0);
}

static void await_notice(void) {
  for (int i = 0; wake_ups == 0 && i < PATIENCE; i++)
    rest(1);
  CHECK_EQ(wake_ups, 1);
}

/* Whether another process could lock the whole file now. */
static bool is_free(const char *path) {
  owner_t other = open_owner(path);
  int status = take(&other, WHOLE);
  CHECK(status == 0 || status == 1);
  close_owner(&other);
  return status == 1;
}

static void taken_at_once(void) {
  const char *path = make_file("once", 100);
  owner_t a = open_owner(path), b = open_owner(path);
  CHECK_EQ(take(&a, WHOLE), 1);
  CHECK_EQ(take(&b, WHOLE), 0);
  CHECK_EQ(mipc_filelock_take(b.lock, &WHOLE, 50), 0);
  mipc_filelock_drop(b.lock); /* holds nothing */
  mipc_filelock_cancel(b.lock);
  mipc_filelock_cancel(a.lock); /* keeps it */
  CHECK_EQ(mipc_filelock_poll(a.lock, 1), 0);
  CHECK(!is_free(path));
  mipc_filelock_drop(a.lock);
  mipc_filelock_drop(a.lock);
  CHECK_EQ(take(&b, WHOLE), 1);
  close_owner(&b); /* releases it */
  CHECK_EQ(take(&a, WHOLE_SHARED), 1);
  close_owner(&a);
  CHECK(is_free(path));
  mipc_filelock_close(NULL);
}

static void kinds_and_ranges(void) {
  const char *path = make_file("ranges", 100);
  owner_t a = open_owner(path), b = open_owner(path);
  const mipc_flock_range_t kinds[] = {
      WHOLE,           WHOLE_SHARED,  range(10, 10),         shared(range(10, 10)),
      range(19, 1),    range(20, 10), shared(range(20, 10)), range(0, UINT64_C(1) << 40),
      range(5000, 50),
  };
  enum { KINDS = sizeof kinds / sizeof *kinds };
  for (int i = 0; i < KINDS; i++) {
    for (int k = 0; k < KINDS; k++) {
      mipc_flock_range_t held = kinds[i], tried = kinds[k];
      bool apart =
          !held.whole && !tried.whole &&
          (held.offset + held.length <= tried.offset || tried.offset + tried.length <= held.offset);
      CHECK_EQ(take(&a, held), 1);
      int status = take(&b, tried);
      if (!CHECK_EQ(status, apart || (held.shared && tried.shared))) {
        printf("  kind %d tried while %d is held\n", k, i);
      }
      mipc_filelock_drop(b.lock);
      mipc_filelock_drop(a.lock);
    }
  }
  CHECK(is_free(path));
  close_owner(&a);
  close_owner(&b);
}

static void waited_for(void) {
  const char *path = make_file("waited", 100);
  owner_t a = open_owner(path), b = open_owner(path);
  const mipc_flock_range_t pairs[][2] = {
      {WHOLE, WHOLE},
      {WHOLE_SHARED, WHOLE},
      {WHOLE, range(1, 1)},
      {range(1, 5), WHOLE},
      {range(1, 5), WHOLE_SHARED},
      {range(1, 5), range(5, 5)},
      {shared(range(1, 5)), range(5, 5)},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    CHECK_EQ(take(&a, pairs[i][0]), 1);
    begin(&b, pairs[i][1]);
    CHECK_EQ(mipc_filelock_poll(b.lock, 0), 0);
    CHECK_EQ(mipc_filelock_poll(b.lock, 5), 0);
    CHECK_EQ(wake_ups, 0);
    mipc_filelock_drop(b.lock); /* WAITING: does nothing */
    mipc_filelock_drop(a.lock);
    await_notice();
    CHECK_EQ(mipc_filelock_poll(b.lock, 5), 1);
    CHECK_EQ(mipc_filelock_poll(b.lock, 5), 0); /* HELD: nothing to wait for */
    CHECK(!is_free(path));
    mipc_filelock_drop(b.lock);
    CHECK(is_free(path));
    CHECK_EQ(wake_ups, 1);
  }
  /* Without a wake-up; poll() sleeps until the lock is won. */
  CHECK_EQ(take(&a, WHOLE), 1);
  CHECK_EQ(mipc_filelock_begin(b.lock, &WHOLE, NULL, NULL), 0);
  mipc_filelock_drop(a.lock);
  int status = 0;
  for (int i = 0; status == 0 && i < PATIENCE / 20; i++)
    status = mipc_filelock_poll(b.lock, 20);
  CHECK_EQ(status, 1);
  close_owner(&a);
  close_owner(&b);
}

/* Asleep in flock(), or in fcntl() with the flock held: a signal ends both. */
static void cancelled_while_waiting(void) {
  const char *path = make_file("cancelled", 100);
  const mipc_flock_range_t pairs[][2] = {
      {WHOLE, WHOLE},
      {WHOLE, WHOLE_SHARED},
      {WHOLE, range(1, 1)},
      {range(0, 9), range(8, 9)},
      {range(0, 9), WHOLE_SHARED},
      {range(0, 9), WHOLE},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    for (int ms = 0; ms < 30; ms += 10) { /* before or while it sleeps */
      owner_t a = open_owner(path), b = open_owner(path);
      CHECK_EQ(take(&a, pairs[i][0]), 1);
      begin(&b, pairs[i][1]);
      rest(ms);
      mipc_filelock_cancel(b.lock);
      CHECK_EQ(wake_ups, 1); /* never later than this */
      CHECK_EQ(mipc_filelock_poll(b.lock, 1), 0);
      mipc_filelock_drop(a.lock);
      CHECK(is_free(path));
      CHECK_EQ(take(&b, pairs[i][1]), 1); /* FREE, and usable again */
      close_owner(&b);
      close_owner(&a);
    }
  }
}

static void cancelled_after_winning(void) {
  const char *path = make_file("won", 100);
  owner_t a = open_owner(path), b = open_owner(path);
  const mipc_flock_range_t kinds[] = {WHOLE, WHOLE_SHARED, range(3, 3)};
  for (int i = 0; i < 3; i++) {
    CHECK_EQ(take(&a, WHOLE), 1);
    begin(&b, kinds[i]);
    mipc_filelock_drop(a.lock);
    await_notice();
    CHECK(!is_free(path));
    mipc_filelock_drop(b.lock); /* WON is not HELD */
    CHECK(!is_free(path));
    mipc_filelock_cancel(b.lock);
    CHECK(is_free(path));
    CHECK_EQ(wake_ups, 1);
  }
  close_owner(&a);
  close_owner(&b);
}

static void closed_in_every_state(void) {
  const char *path = make_file("closed", 100);
  int before = count_descriptors();
  for (int state = 0; state < 4; state++) {
    owner_t a = open_owner(path), b = open_owner(path);
    CHECK_EQ(take(&a, WHOLE), 1);
    if (state > 0) begin(&b, WHOLE);
    if (state > 1) mipc_filelock_drop(a.lock);
    if (state > 1) await_notice();
    if (state > 2) CHECK_EQ(mipc_filelock_poll(b.lock, 0), 1);
    close_owner(&b);
    close_owner(&a);
    CHECK(is_free(path));
  }
  CHECK_EQ(count_descriptors(), before);
}

static void failures(void) {
  const char *path = make_file("failures", 100);
  mipc_file_t file = open_file(path, MIPC_OPEN_READ);
  owner_t a = {file, NULL};
  CHECK_EQ(mipc_filelock_open(file, true, &a.lock), 0);
  CHECK_EQ(take(&a, range(1, 1)), MIPC_E_ACCESS);
  CHECK(is_free(path));
  begin(&a, range(1, 1));
  await_notice();
  CHECK_EQ(mipc_filelock_poll(a.lock, 0), MIPC_E_ACCESS);
  CHECK_EQ(mipc_filelock_poll(a.lock, 0), 0);
  CHECK(is_free(path));
  begin(&a, range(1, 1));
  await_notice();
  mipc_filelock_cancel(a.lock);
  CHECK(is_free(path));
  CHECK_EQ(take(&a, shared(range(1, 1))), 1);
  mipc_filelock_drop(a.lock);
  CHECK_EQ(take(&a, WHOLE), 1);
  close_owner(&a);

  mipc_filelock_t *untouched = (mipc_filelock_t *)&failures;
  CHECK_EQ(mipc_filelock_open(MIPC_NO_FILE, false, &untouched), -EBADF);
  CHECK(untouched == (mipc_filelock_t *)&failures);
}

/* A description that is shared with others: the lock opens its own, which is never inherited. */
static void opened_once_more(void) {
  const char *path = make_file("reopened", 100);
  int before = count_descriptors();
  mipc_file_t file = open_file(path, MIPC_OPEN_WRITE);
  owner_t a = {file, NULL}, b = {MIPC_NO_FILE, NULL};
  CHECK_EQ(mipc_filelock_open(file, false, &a.lock), 0);
  CHECK_EQ(mipc_filelock_open(file, false, &b.lock), 0);
  CHECK_EQ(count_descriptors(), before + 3);
  CHECK_EQ(take(&a, WHOLE), 1);
  CHECK_EQ(take(&b, WHOLE), 0);
  mipc_filelock_close(b.lock);
  CHECK(!is_free(path));
  for (int fd = 3; fd < 100; fd++) {
    int flags = fcntl(fd, F_GETFD);
    struct stat st, ours;
    if (flags < 0 || fstat(fd, &st) < 0 || fstat((int)file.os, &ours) < 0) continue;
    if (st.st_ino == ours.st_ino) CHECK(flags & FD_CLOEXEC);
  }
  close_owner(&a);
  CHECK_EQ(count_descriptors(), before);
}

/* One side takes and releases at random while the other begins and stops: nothing stays locked. */
static _Atomic bool stop_now;

static void *take_and_drop(void *path) {
  owner_t owner = open_owner(path);
  while (!stop_now) {
    if (take(&owner, WHOLE) == 1) {
      sched_yield();
      mipc_filelock_drop(owner.lock);
    }
    sched_yield();
  }
  close_owner(&owner);
  return NULL;
}

static void cancelled_in_a_race(void) {
  const char *path = make_file("race", 100);
  pthread_t thread;
  CHECK_EQ(pthread_create(&thread, NULL, take_and_drop, (void *)path), 0);
  owner_t owner = open_owner(path);
  int won = 0;
  for (int i = 0; i < 1000; i++) {
    begin(&owner, i % 3 ? WHOLE : i % 2 ? WHOLE_SHARED : range((uint64_t)i, 7));
    for (int k = 0; k < i % 7; k++)
      sched_yield();
    if (i % 2 && mipc_filelock_poll(owner.lock, 1) == 1) {
      won++;
      mipc_filelock_drop(owner.lock);
    }
    mipc_filelock_cancel(owner.lock);
    CHECK_EQ(wake_ups, 1);
  }
  stop_now = true;
  pthread_join(thread, NULL);
  CHECK(won > 0);
  CHECK(is_free(path));
  close_owner(&owner);
}

enum { THREADS = 8, TIMES = 2000 };
static _Atomic uint32_t counter; /* atomic for the sanitizer; added to by load and store */

static void *increment(void *path) {
  owner_t owner = open_owner(path);
  for (int i = 0; i < TIMES; i++) {
    int status = mipc_filelock_take(owner.lock, &WHOLE, i % 40);
    if (status == 0) {
      CHECK_EQ(mipc_filelock_begin(owner.lock, &WHOLE, NULL, NULL), 0);
      while (status == 0)
        status = mipc_filelock_poll(owner.lock, 20);
    }
    CHECK_EQ(status, 1);
    uint32_t value = atomic_load_explicit(&counter, memory_order_relaxed);
    if (i % 16 == 0) sched_yield();
    atomic_store_explicit(&counter, value + 1, memory_order_relaxed);
    mipc_filelock_drop(owner.lock);
  }
  close_owner(&owner);
  return NULL;
}

static void threads_exclude_each_other(void) {
  const char *path = make_file("counter", 100);
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++)
    CHECK_EQ(pthread_create(&threads[i], NULL, increment, (void *)path), 0);
  for (int i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
  CHECK_EQ(counter, THREADS * TIMES);
}

/* In a process that has chosen no signal yet: a signal with a handler is not used. */
static void theirs(int number) {
  (void)number;
}

static void signals_of_others(void *path) {
  signal(SIGRTMAX, theirs);
  owner_t a = open_owner(path), b = open_owner(path);
  CHECK_EQ(take(&a, WHOLE), 1);
  begin(&b, WHOLE);
  rest(10);
  mipc_filelock_cancel(b.lock);
  struct sigaction now;
  CHECK(sigaction(SIGRTMAX, NULL, &now) == 0 && now.sa_handler == theirs);
  close_owner(&a);
  close_owner(&b);
}

int main(void) {
  CHECK_EQ(in_child(signals_of_others, (void *)make_file("signals", 1)), 0);
  taken_at_once();
  kinds_and_ranges();
  waited_for();
  cancelled_while_waiting();
  cancelled_after_winning();
  closed_in_every_state();
  failures();
  opened_once_more();
  cancelled_in_a_race();
  threads_exclude_each_other();
  return check_done("filelock");
}
