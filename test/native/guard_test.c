/*
 * os/guard.h on POSIX: a fault in a guarded range gives zeros and a mark; any other SIGBUS is
 * handled as without us.
 */
#include "../../src/os/guard.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

#include "../../src/base/status.h"
#include "../../src/os/vm.h"
#include "check.h"
#include "fixture.h"

static size_t page;

/* Maps a file of at most eight pages of pattern shared, and truncates it to `left` bytes. Any
 * thread may call it with a path of its own. */
static uint8_t *map_and_cut(const char *path, size_t pages, size_t left, mipc_guard_t **ret_guard) {
  uint8_t content[8 * 4096];
  for (size_t i = 0; i < sizeof content; i++)
    content[i] = pattern_at(i);
  mipc_file_t file = MIPC_NO_FILE;
  bool made;
  void *base = NULL;
  uint32_t flags = MIPC_OPEN_WRITE | MIPC_OPEN_CREATE;
  CHECK_EQ(mipc_file_open(path, flags, 0600, &file, &made), 0);
  CHECK_EQ(pwrite(mipc_file_descriptor(file), content, pages * page, 0), pages * page);
  CHECK_EQ(mipc_vm_map(file, 0, pages * page, MIPC_VM_WRITE, &base), 0);
  if (ret_guard)
    CHECK((*ret_guard = mipc_guard_add(base, pages * page, file, 0)) != NULL);
  else
    mipc_file_close(file);
  CHECK_EQ(truncate(path, (off_t)left), 0);
  return base;
}

static void zeros_and_a_mark(void) {
  mipc_guard_t *guard;
  volatile uint8_t *bytes = map_and_cut(path_of("cut"), 8, 2 * page, &guard);
  uint32_t before = mipc_atomic_load_acquire(mipc_guard_hits());
  CHECK_EQ(bytes[page], pattern_at(page));
  CHECK(!mipc_guard_hit(guard));
  CHECK_EQ(bytes[5 * page + 7], 0);
  CHECK_EQ(mipc_guard_hit(guard), MIPC_E_TRUNCATED);
  CHECK_EQ(mipc_atomic_load_acquire(mipc_guard_hits()), before + 1);
  bytes[6 * page] = 9; /* from the accessed page to the end: no further fault */
  CHECK_EQ(bytes[6 * page], 9);
  CHECK_EQ(mipc_atomic_load_acquire(mipc_guard_hits()), before + 1);
  CHECK_EQ(bytes[3 * page], 0); /* below that page: another fault */
  CHECK_EQ(mipc_atomic_load_acquire(mipc_guard_hits()), before + 2);
  CHECK_EQ(bytes[0], pattern_at(0));
  mipc_guard_remove(guard);
  mipc_vm_unmap((void *)bytes, 8 * page);
}

/* More slots than one chunk has, used and freed in all orders. */
static void many_ranges(void) {
  enum { N = 700 };
  static mipc_guard_t *guards[N];
  static uint8_t spare[N];
  for (int i = 0; i < N; i++)
    CHECK((guards[i] = mipc_guard_add(&spare[i], 1, MIPC_NO_FILE, 0)) != NULL);
  for (int i = 0; i < N; i += 3)
    mipc_guard_remove(guards[i]);
  mipc_guard_t *guard;
  volatile uint8_t *bytes = map_and_cut(path_of("late"), 2, 0, &guard);
  CHECK_EQ(bytes[page], 0);
  CHECK(mipc_guard_hit(guard));
  for (int i = 0; i < N; i++) {
    if (i % 3) CHECK(!mipc_guard_hit(guards[i]));
    if (i % 3) mipc_guard_remove(guards[i]);
  }
  mipc_guard_remove(guard);
  mipc_guard_remove(NULL);
  CHECK(!mipc_guard_hit(NULL));
  mipc_vm_unmap((void *)bytes, 2 * page);
}

static void *fault_again_and_again(void *argument) {
  for (int i = 0; i < 100; i++) {
    mipc_guard_t *guard;
    volatile uint8_t *bytes = map_and_cut(argument, 4, page, &guard);
    CHECK_EQ(bytes[3 * page], 0);
    CHECK(mipc_guard_hit(guard));
    mipc_guard_remove(guard);
    mipc_vm_unmap((void *)bytes, 4 * page);
  }
  return NULL;
}

static void threads(void) {
  pthread_t ids[4];
  static char paths[4][600];
  for (int i = 0; i < 4; i++) {
    snprintf(paths[i], sizeof paths[i], "%s-%d", path_of("thread"), i);
    CHECK_EQ(pthread_create(&ids[i], NULL, fault_again_and_again, paths[i]), 0);
  }
  for (int i = 0; i < 4; i++)
    pthread_join(ids[i], NULL);
}

static sigjmp_buf escape;
static volatile sig_atomic_t seen;

static void earlier(int number) {
  seen = number;
  siglongjmp(escape, 1);
}

static void earlier_with_info(int number, siginfo_t *info, void *context) {
  (void)context;
  seen = info->si_addr ? number : -1;
  siglongjmp(escape, 1);
}

/* A fault outside all guarded ranges reaches the handler that was installed before; ours stays. */
static void chains(bool with_info) {
  struct sigaction action = {0};
  if (with_info) {
    action.sa_flags = SA_SIGINFO;
    action.sa_sigaction = earlier_with_info;
  } else {
    action.sa_handler = earlier;
  }
  CHECK_EQ(sigaction(SIGBUS, &action, NULL), 0);
  mipc_guard_t *guard;
  volatile uint8_t *mine = map_and_cut(path_of("guarded"), 2, 0, &guard);
  volatile uint8_t *other = map_and_cut(path_of("unguarded"), 2, 0, NULL);
  seen = 0;
  if (sigsetjmp(escape, 1) == 0) CHECK_EQ(other[0], 1); /* not reached */
  CHECK_EQ(seen, SIGBUS);
  CHECK_EQ(mine[0], 0);
  CHECK(mipc_guard_hit(guard));
  mipc_guard_remove(guard);
  mipc_vm_unmap((void *)mine, 2 * page);
  mipc_vm_unmap((void *)other, 2 * page);
}

/* In a child: returns only if SIGBUS has not ended it. */
static void fault_outside(void *argument) {
  (void)argument;
  mipc_guard_t *guard;
  map_and_cut(path_of("child"), 2, 0, &guard);
  volatile uint8_t *other = map_and_cut(path_of("child-other"), 2, 0, NULL);
  (void)other[0];
}

static void be_sent(void *argument) {
  (void)argument;
  mipc_guard_t *guard;
  map_and_cut(path_of("child"), 2, 0, &guard);
  kill(getpid(), SIGBUS);
}

static void be_sent_ignoring(void *argument) {
  signal(SIGBUS, SIG_IGN);
  be_sent(argument);
}

static void the_default_ends_the_process(void) {
  signal(SIGBUS, SIG_DFL);
  CHECK_EQ(WTERMSIG(in_child(fault_outside, NULL)), SIGBUS);
  CHECK_EQ(WTERMSIG(in_child(be_sent, NULL)), SIGBUS);
  CHECK_EQ(in_child(be_sent_ignoring, NULL), 0);
}

/*
 * Another copy of us, or a crash reporter: it passes signals on to the handler that it replaced,
 * and repairs faults in a range of its own. With us below and above it, the circle never ended.
 */
static struct sigaction found_by_other;
static uint8_t *other_range;
static volatile sig_atomic_t other_calls;

static void other(int number, siginfo_t *info, void *context) {
  other_calls++;
  uint8_t *at = info->si_addr;
  if (info->si_code > 0 && other_range && at >= other_range && at < other_range + page) {
    mmap(other_range, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  } else if (found_by_other.sa_flags & SA_SIGINFO) {
    found_by_other.sa_sigaction(number, info, context);
  } else if (found_by_other.sa_handler == SIG_DFL) {
    signal(SIGBUS, SIG_DFL);
    if (info->si_code <= 0) raise(SIGBUS);
  } else {
    found_by_other.sa_handler(number);
  }
}

static void install_other(void) {
  struct sigaction action = {.sa_flags = SA_SIGINFO};
  action.sa_sigaction = other;
  sigaction(SIGBUS, &action, &found_by_other);
}

/* Installed in turn: we, it, we, it, we. */
static volatile uint8_t *make_circle(void) {
  mipc_guard_t *guard;
  for (int i = 0; i < 2; i++) {
    map_and_cut(path_of("circle"), 2, 0, &guard);
    install_other();
  }
  volatile uint8_t *mine = map_and_cut(path_of("circle"), 2, 0, &guard);
  return mine;
}

static void fault_in_circle(void *argument) {
  (void)argument;
  make_circle();
  volatile uint8_t *nobodys = map_and_cut(path_of("nobodys"), 2, 0, NULL);
  (void)nobodys[0];
}

static void be_sent_in_circle(void *argument) {
  (void)argument;
  make_circle();
  kill(getpid(), SIGBUS);
}

static volatile sig_atomic_t firsts;

static void note(int number) {
  (void)number;
  firsts++;
}

static void reach_the_first(void *argument) {
  (void)argument;
  signal(SIGBUS, note);
  volatile uint8_t *mine = make_circle();
  for (int i = 1; i <= 500; i++) {
    raise(SIGBUS);
    if (firsts != i) _exit(10);
  }
  if (mine[0] != 0) _exit(11);
  other_range = (uint8_t *)map_and_cut(path_of("other"), 1, 0, NULL);
  if (other_range[0] != 0 || other_calls == 0) _exit(12);
  _exit(firsts == 500 ? 0 : 13);
}

/* A handler that returns without a repair gets the fault again. */
static void fault_under_a_deaf_handler(void *argument) {
  signal(SIGBUS, note);
  fault_outside(argument);
}

static void resend(int number) {
  raise(number);
}

static void be_sent_again_and_again(void *argument) {
  signal(SIGBUS, resend);
  be_sent(argument);
}

static void circles_end(void) {
  signal(SIGBUS, SIG_DFL);
  CHECK_EQ(WTERMSIG(in_child(fault_in_circle, NULL)), SIGBUS);
  CHECK_EQ(WTERMSIG(in_child(be_sent_in_circle, NULL)), SIGBUS);
  CHECK_EQ(in_child(reach_the_first, NULL), 0);
  CHECK_EQ(WTERMSIG(in_child(fault_under_a_deaf_handler, NULL)), SIGBUS);
  CHECK_EQ(WTERMSIG(in_child(be_sent_again_and_again, NULL)), SIGBUS);
}

int main(void) {
  page = mipc_vm_page_size();
  path_of("");
  signal(SIGBUS, SIG_DFL); /* the sanitizers' own handler would report */
  zeros_and_a_mark();
  many_ranges();
  threads();
  chains(false);
  chains(true);
  the_default_ends_the_process();
  circles_end();
  return check_done("guard");
}
