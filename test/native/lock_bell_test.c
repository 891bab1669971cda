/*
 * The asynchronous lock and the bell: a release rings if an event loop awaits the lock, and a ring
 * lets the thread of the object take the lock in place of its waiter.
 */
#include "locks.h"

#include <poll.h>
#include <sys/inotify.h>

#include "../../src/sync/bell.h"

static _Atomic int wake_ups;

static void notify(void *unused) {
  (void)unused;
  wake_ups++;
}

static int watch_bell(const mipc_region_t *watched) {
  char path[MIPC_BELL_PATH];
  int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  CHECK_EQ(mipc_bell_path(watched, path), 0);
  CHECK(inotify_add_watch(fd, path, IN_MODIFY) >= 0);
  return fd;
}

static bool has_rung(int fd) {
  char events[4096];
  struct pollfd wanted = {fd, POLLIN, 0};
  if (poll(&wanted, 1, 0) <= 0) return false;
  return read(fd, events, sizeof events) > 0;
}

/* A ring of the bell: the thread of the object takes the free lock itself. */
static void hears_the_bell(void) {
  party_t a = join(thread_1);
  party_t b = join(thread_2);
  mipc_region_shm_t *h = b.header;
  int fd = watch_bell(b.region);
  for (int i = 0; i < 10; i++) {
    wake_ups = 0;
    CHECK_EQ(mipc_lock_hear(a.lock), MIPC_LOCK_BUSY); /* no wait */
    CHECK_EQ(mipc_lock_take(b.lock, LONG_US, false), MIPC_LOCK_TAKEN);
    CHECK_EQ(mipc_lock_begin(a.lock, notify, NULL), 0);
    mipc_lock_listen(a.lock);
    /* S: the waiter has slept, and looked again. */
    for (int ms = 0; ms < 10000 && word_of(&b) != (b.number | S | C); ms++)
      nap_us(1000);
    nap_us(10000); /* held for long by any clock */
    CHECK_EQ(mipc_lock_hear(a.lock), MIPC_LOCK_BUSY);
    CHECK_EQ(mipc_atomic_load_relaxed(&h->lock_awaited), 1);
    CHECK_EQ(mipc_lock_drop(b.lock), 0);
    CHECK_EQ(mipc_atomic_load_relaxed(&h->lock_awaited), 0);
    CHECK(has_rung(fd));
    CHECK_EQ(mipc_lock_hear(a.lock), MIPC_LOCK_TAKEN);
    CHECK(mipc_lock_held(a.lock));
    CHECK_EQ(word_of(&b) & OWNER, a.number);
    CHECK_EQ(mipc_lock_hear(a.lock), MIPC_LOCK_BUSY); /* the wait has ended */
    CHECK_EQ(mipc_lock_take(b.lock, 500, false), MIPC_LOCK_BUSY);
    mipc_lock_give_up(b.lock);
    CHECK_EQ(mipc_lock_drop(a.lock), 0);
    nap_us(10000);
    CHECK((word_of(&b) & OWNER) == 0 && wake_ups <= 1); /* its waiter does not take it once more */
  }
  close(fd);
  part(&a);
  part(&b);
}

/* Without a listener, and after one ring, releases are quiet. */
static void is_quiet(void) {
  party_t a = join(thread_1), b = join(thread_2);
  int fd = watch_bell(b.region);
  for (int i = 0; i < 2; i++) {
    if (i == 1) mipc_lock_listen(a.lock);
    CHECK_EQ(mipc_lock_take(b.lock, LONG_US, false), MIPC_LOCK_TAKEN);
    CHECK_EQ(mipc_lock_begin(a.lock, notify, NULL), 0);
    for (int ms = 0; ms < 10000 && word_of(&b) != (b.number | S | C); ms++)
      nap_us(1000);
    nap_us(10000);
    CHECK_EQ(mipc_lock_drop(b.lock), 0);
    CHECK_EQ(has_rung(fd), i == 1);
    CHECK_EQ(mipc_lock_hear(a.lock), MIPC_LOCK_TAKEN);
    CHECK_EQ(mipc_lock_drop(a.lock), 0);
  }
  close(fd);
  part(&a);
  part(&b);
}

int main(void) {
  in_all_places(hears_the_bell);
  in_all_places(is_quiet);
  return check_done("lock_bell");
}
