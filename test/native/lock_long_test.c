/*
 * Long waits for the lock, in which the kernel watches the owner (sync/owner_watch.h): deaths at
 * any moment of them, owners that change, a fork, and systems that refuse a watch.
 */
#include "locks.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>

#include "../../src/os/thread.h"
#include "../../src/sync/owner_watch.h"

/* Longer than WATCH_AFTER_MS of lock_wait.c. */
#define WATCHED_US 120000

/* ThreadSanitizer does not support threads in the children of processes with threads. */
#if defined(__SANITIZE_THREAD__)
#define FORKS false
#else
#define FORKS true
#endif

/* Waits by a thread of the object (mipc_lock_begin()). */

static _Atomic int wake_ups;

static void notify(void *unused) {
  (void)unused;
  wake_ups++;
}

/* Polls until the wait is over. */
static int result_soon(const party_t *p) {
  int status = MIPC_LOCK_BUSY;
  for (int i = 0; i < 20000 && status == MIPC_LOCK_BUSY; i++) {
    status = mipc_lock_poll(p->lock);
    if (status == MIPC_LOCK_BUSY) nap_us(500);
  }
  return status;
}

static void recovers_after_long_waits(void) {
  party_t p = join(thread_1), q = join(thread_2);
  for (int i = 0; i < 6; i++) {
    pid_t holder = start_holder(MIPC_LOCK_TAKEN);
    CHECK_EQ(mipc_lock_begin(p.lock, notify, NULL), 0);
    CHECK_EQ(mipc_lock_take(q.lock, i % 2 ? WATCHED_US : 0, false), MIPC_LOCK_BUSY);
    nap_us(i % 3 * WATCHED_US);
    kill_child(holder);
    CHECK_EQ(result_soon(&p), MIPC_LOCK_RECOVERED);
    CHECK_EQ(mipc_lock_drop(p.lock), 0);
    CHECK_EQ(mipc_lock_take(q.lock, LONG_US, false), MIPC_LOCK_TAKEN);
    CHECK_EQ(mipc_lock_drop(q.lock), 0);
  }
  part(&p);
  part(&q);
}

/* The owner is an attachment of the same process, and is closed. */
static void owner_of_the_same_process(void) {
  party_t p = join(thread_1), q = join(thread_2);
  CHECK_EQ(mipc_lock_take(q.lock, 0, false), MIPC_LOCK_TAKEN);
  CHECK_EQ(mipc_lock_begin(p.lock, notify, NULL), 0);
  nap_us(WATCHED_US);
  mipc_region_close(q.region); /* without a release: as if it had died */
  CHECK_EQ(result_soon(&p), MIPC_LOCK_RECOVERED);
  CHECK_EQ(mipc_lock_drop(p.lock), 0);
  q.lock = NULL; /* it would touch the header; a leak in the test only */
  part(&p);
}

enum { KILLS = 40 };

/* Kills the owner at a random moment of a wait that is begun, given up and closed at random. */
static void killed_at_random(void) {
  uint32_t random = 7;
  party_t q = join(thread_2);
  for (int i = 0; i < KILLS; i++) {
    party_t p = join(thread_1);
    pid_t holder = start_holder(MIPC_LOCK_TAKEN);
    CHECK_EQ(mipc_lock_begin(p.lock, notify, NULL), 0);
    nap_us(next_random(&random) % WATCHED_US);
    uint32_t what = i % 4;
    bool kill_first = next_random(&random) % 2;
    if (kill_first) kill(holder, SIGKILL);
    if (what == 0) mipc_lock_cancel(p.lock);
    if (what == 1) part(&p);
    if (what == 2) {
      mipc_lock_cancel(p.lock);
      CHECK_EQ(mipc_lock_begin(p.lock, notify, NULL), 0);
    }
    if (!kill_first) kill(holder, SIGKILL);
    CHECK_EQ(WTERMSIG(end_of(holder)), SIGKILL);
    if (what >= 2) {
      CHECK_EQ(result_soon(&p), MIPC_LOCK_RECOVERED);
      CHECK_EQ(mipc_lock_drop(p.lock), 0);
    } else {
      /* The wait may have recovered the lock before it was given up: nobody was notified then. */
      CHECK_EQ(mipc_lock_take(q.lock, LONG_US, false), MIPC_LOCK_RECOVERED);
      CHECK_EQ(mipc_lock_drop(q.lock), 0);
    }
    if (what != 1) part(&p);
  }
  part(&q);
}

/* In a child: waits for the lock, holds it until it is told to pass it on, and exits. */
static void hold_once(void *unused) {
  (void)unused;
  party_t p = join(thread_1);
  board->ready++;
  CHECK(mipc_lock_take(p.lock, LONG_US, false) > 0);
  board->number = p.number;
  int turn = ++board->turn;
  while (board->done < turn)
    nap_us(500);
  CHECK_EQ(mipc_lock_drop(p.lock), 0);
  part(&p);
}

/* The lock passes from one owner to the next after a long time each; the last one is killed right
 * after it took it, while other waiters may still sleep for the owner before. */
static void owner_changes(void) {
  enum { OWNERS = 4 };
  new_board();
  pid_t owners[OWNERS];
  for (int i = 0; i < OWNERS; i++)
    owners[i] = start_child(hold_once, NULL);
  while (board->ready < OWNERS)
    nap_us(1000);
  party_t p = join(thread_1);
  CHECK_EQ(mipc_lock_begin(p.lock, notify, NULL), 0);
  int status = MIPC_LOCK_BUSY;
  for (int i = 1; i < OWNERS && status == MIPC_LOCK_BUSY; i++) {
    nap_us(WATCHED_US);
    board->done = i;
    while (board->turn <= i && (status = mipc_lock_poll(p.lock)) == MIPC_LOCK_BUSY)
      nap_us(100);
  }
  if (status == MIPC_LOCK_BUSY) {
    for (int i = 0; i < OWNERS; i++)
      kill(owners[i], SIGKILL);
    CHECK_EQ(result_soon(&p), MIPC_LOCK_RECOVERED);
  }
  CHECK_EQ(mipc_lock_drop(p.lock), 0);
  board->done = OWNERS;
  for (int i = 0; i < OWNERS; i++)
    end_of(owners[i]);
  part(&p);
}

static void *change_owner(void *argument) {
  party_t *p = argument;
  for (int i = 0; i < 500; i++) {
    CHECK_EQ(mipc_lock_take(p->lock, LONG_US, false), MIPC_LOCK_TAKEN);
    mipc_thread_nap(100);
    CHECK_EQ(mipc_lock_drop(p->lock), 0);
  }
  return NULL;
}

/* A thousand owners, each for a short time, while a watch exists that has seen another one. */
static void many_short_owners(void) {
  party_t p = join(thread_1), q = join(thread_2), r = join(thread_3);
  pthread_t one, two;
  CHECK_EQ(mipc_lock_take(p.lock, 0, false), MIPC_LOCK_TAKEN);
  CHECK_EQ(mipc_lock_take(r.lock, WATCHED_US, false), MIPC_LOCK_BUSY);
  mipc_lock_give_up(r.lock);
  CHECK_EQ(mipc_lock_drop(p.lock), 0);
  pthread_create(&one, NULL, change_owner, &p);
  pthread_create(&two, NULL, change_owner, &q);
  for (int i = 0; i < 50; i++) {
    CHECK_EQ(mipc_lock_take(r.lock, LONG_US, false), MIPC_LOCK_TAKEN);
    CHECK_EQ(mipc_lock_drop(r.lock), 0);
  }
  pthread_join(one, NULL);
  pthread_join(two, NULL);
  part(&p);
  part(&q);
  part(&r);
}

/* A process with a watch forks: the child has no descriptor of it, and can make its own. */
static void in_the_child(void *argument) {
  party_t *p = argument;
  CHECK_EQ(mipc_lock_take(p->lock, 0, true), MIPC_E_CLOSED);
  mipc_lock_close(p->lock);
  party_t own = join(thread_1);
  CHECK_EQ(mipc_lock_take(own.lock, WATCHED_US, false), MIPC_LOCK_BUSY);
  board->turn = 1;
  CHECK_EQ(mipc_lock_take(own.lock, LONG_US, false), MIPC_LOCK_RECOVERED);
  CHECK_EQ(mipc_lock_drop(own.lock), 0);
  part(&own);
}

static void forks_during_a_watch(void) {
  pid_t holder = start_holder(MIPC_LOCK_TAKEN);
  party_t p = join(thread_1);
  CHECK_EQ(mipc_lock_take(p.lock, WATCHED_US, false), MIPC_LOCK_BUSY);
  pid_t child = start_child(in_the_child, &p);
  wait_for(&board->turn);
  mipc_lock_give_up(p.lock);
  kill_child(holder);
  CHECK_EQ(end_of(child), 0);
  part(&p);
}

/* Without a descriptor for the watch, waits are as they were. */
static void without_descriptors(void *unused) {
  (void)unused;
  pid_t holder = start_holder(MIPC_LOCK_TAKEN);
  party_t p = join(thread_1);
  int last = dup(0);
  close(last);
  CHECK_EQ(setrlimit(RLIMIT_NOFILE, &(struct rlimit){(rlim_t)last, (rlim_t)last}), 0);
  mipc_owner_watch_t *watch = NULL;
  CHECK_EQ(mipc_owner_watch_open(p.region, &watch), -EMFILE);
  CHECK_EQ(mipc_lock_take(p.lock, WATCHED_US, false), MIPC_LOCK_BUSY);
  kill_child(holder);
  CHECK_EQ(mipc_lock_take(p.lock, LONG_US, false), MIPC_LOCK_RECOVERED);
  CHECK_EQ(mipc_lock_drop(p.lock), 0);
  part(&p);
}

/* Lets fcntl(F_OFD_SETLKW) fail with EINVAL, as on a kernel that does not have it. */
static void refuse_the_wait(void) {
  struct sock_filter steps[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fcntl, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, F_OFD_SETLKW, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof steps / sizeof *steps, steps};
  CHECK_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  CHECK_EQ(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

static void without_the_call(void *unused) {
  (void)unused;
  pid_t holder = start_holder(MIPC_LOCK_TAKEN);
  party_t p = join(thread_1);
  refuse_the_wait();
  CHECK_EQ(mipc_region_await_end(mipc_region_file(p.region), p.number + 1), -EINVAL);
  for (int i = 0; i < 3; i++)
    CHECK_EQ(mipc_lock_take(p.lock, WATCHED_US, false), MIPC_LOCK_BUSY);
  kill_child(holder);
  CHECK_EQ(mipc_lock_take(p.lock, LONG_US, false), MIPC_LOCK_RECOVERED);
  CHECK_EQ(mipc_lock_drop(p.lock), 0);
  part(&p);
}

int main(void) {
  new_board();
  in_all_places(recovers_after_long_waits);
  open_place(MIPC_PLACE_NAME);
  owner_of_the_same_process();
  killed_at_random();
  owner_changes();
  many_short_owners();
  if (FORKS) {
    forks_during_a_watch();
    CHECK_EQ(in_child(without_descriptors, NULL), 0);
    CHECK_EQ(in_child(without_the_call, NULL), 0);
  }
  close_place();
  return check_done("lock_long");
}
