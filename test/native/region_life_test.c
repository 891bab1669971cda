/*
 * Participants of a region: only the kernel decides which ones exist, however a process ends;
 * numbers are never reused; a child of fork() without exec keeps no participant alive.
 */
#include "regions.h"

typedef struct {
  _Atomic int ready, turn;
  _Atomic uint32_t number;
} board_t;

static board_t *board;

static void new_board(void) {
  memset((void *)board, 0, sizeof *board);
}

/* In a child: attaches, reports it, stays. */
static void stay(void *name) {
  mipc_region_t *r = open_region(NAMED(name));
  board->number = mipc_region_number(r);
  board->ready = 1;
  for (;;)
    pause();
}

static pid_t start_one(const char *name) {
  new_board();
  pid_t child = start_child(stay, (void *)(uintptr_t)name);
  wait_for(&board->ready);
  return child;
}

/* The kernel takes a moment to end a killed process. */
static bool is_dead_soon(mipc_region_t *r, uint32_t number) {
  for (int i = 0; i < 5000 && mipc_region_alive(r, number) == 1; i++)
    nap_us(1000);
  return mipc_region_alive(r, number) == 0;
}

static void stopped_zombie_gone(void) {
  mipc_region_t *r = open_region(NAMED("life"));
  pid_t child = start_one("life");
  uint32_t number = board->number;
  CHECK_EQ(mipc_region_number(r), 1);
  CHECK_EQ(number, 2);
  CHECK_EQ(mipc_region_alive(r, 1), 1);
  CHECK_EQ(mipc_region_alive(r, 2), 1);
  CHECK_EQ(mipc_region_alive(r, 3), 0);
  CHECK_EQ(mipc_region_alive(r, 0), 0);
  CHECK_EQ(mipc_region_alive(r, UINT32_MAX), 0);
  CHECK_EQ(mipc_region_alive(r, MIPC_MAX_NUMBER), 0);
  kill(child, SIGSTOP);
  int status;
  CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
  CHECK_EQ(mipc_region_alive(r, number), 1); /* a slow process is not dead */
  kill(child, SIGKILL);
  CHECK(is_dead_soon(r, number)); /* a zombie: kill(pid, 0) still succeeds */
  CHECK_EQ(kill(child, 0), 0);
  end_of(child);
  CHECK_EQ(mipc_region_alive(r, number), 0);
  mipc_region_t *third = open_region(NAMED("life"));
  CHECK_EQ(mipc_region_number(third), 3);
  mipc_region_put(third);
  third = open_region(NAMED("life"));
  CHECK_EQ(mipc_region_number(third), 4);
  mipc_region_put(third);
  mipc_region_put(r);
}

static void inspected(void) {
  mipc_region_t *r = open_region(NAMED("look")), *reader;
  pid_t first = start_one("look"), second = start_one("look");
  reader = open_region(NAMED("look", .read_only = true, .create = MIPC_CREATE_NEVER));
  kill_child(first);
  mipc_region_facts_t facts;
  mipc_participant_t list[8];
  spec_t spec = NAMED("look");
  int descriptors = count_descriptors();
  CHECK_EQ(mipc_region_inspect(&spec, &report, &facts, list, 8, NULL, NULL), 0);
  CHECK_EQ(count_descriptors(), descriptors);
  CHECK_EQ(facts.state, 0);
  CHECK_EQ(facts.size, 4096);
  CHECK_EQ(facts.kind, MIPC_REGION_MMAP);
  CHECK_EQ(facts.version, MIPC_REGION_VERSION);
  CHECK_EQ(facts.writers, 2);
  CHECK_EQ(facts.readers, 1);
  CHECK_EQ(facts.dead, 1);
  CHECK_EQ(facts.listed, 3);
  CHECK(facts.id[0] == mipc_region_header(r)->id_high);
  for (uint32_t i = 0; i < facts.listed && i < 8; i++) {
    const pid_t pids[] = {getpid(), first, second};
    CHECK(list[i].number >= 1 && list[i].number <= 3);
    CHECK_EQ(list[i].pid, pids[(list[i].number - 1) % 3]);
    CHECK_EQ(list[i].thread, list[i].pid);
    CHECK_EQ(list[i].alive, list[i].number != 2);
    CHECK(list[i].pid_namespace != 0);
  }
  CHECK_EQ(mipc_region_inspect(&spec, &report, &facts, list, 1, NULL, NULL), 0);
  CHECK_EQ(facts.listed, 1);
  spec = NAMED("nobody");
  CHECK_EQ(mipc_region_inspect(&spec, &report, &facts, list, 8, NULL, NULL), -ENOENT);
  mipc_region_put(r);
  kill_child(second);
  mipc_region_put(reader); /* the last one, although only a reader */
  CHECK_EQ(count_names(), 0);
  /* Damaged regions are inspected, too. */
  const char *path = make_file("damaged", 70000);
  spec = AT_PATH(path);
  CHECK_EQ(mipc_region_inspect(&spec, &report, &facts, list, 8, NULL, NULL), 0);
  CHECK_EQ(facts.state, MIPC_E_FOREIGN);
  CHECK_EQ(facts.writers, 0);
}

/* Rows with random content do no harm. */
static void hostile_rows(void) {
  mipc_region_t *r = open_region(NAMED("rows")), *more[40];
  uint8_t *rows = (uint8_t *)mipc_region_header(r) + MIPC_HEADER_SIZE;
  uint32_t random = 3;
  for (size_t i = 0; i < MIPC_PARTICIPANTS * MIPC_PARTICIPANT_SIZE; i++)
    rows[i] = (uint8_t)next_random(&random);
  for (int i = 0; i < 40; i++)
    more[i] = open_region(NAMED("rows"));
  static mipc_participant_t list[MIPC_PARTICIPANTS];
  mipc_region_facts_t facts;
  spec_t spec = NAMED("rows");
  CHECK_EQ(mipc_region_inspect(&spec, &report, &facts, list, MIPC_PARTICIPANTS, NULL, NULL), 0);
  CHECK_EQ(facts.writers, 41);
  for (int i = 0; i < 40; i++)
    mipc_region_put(more[i]);
  mipc_region_put(r);
  CHECK_EQ(count_names(), 0);
}

static void used_up(void) {
  const char *path = path_of("numbers");
  mipc_region_t *r = open_region(AT_PATH(path)), *last;
  mipc_region_header(r)->next_number = MIPC_MAX_NUMBER;
  last = open_region(AT_PATH(path));
  CHECK_EQ(mipc_region_number(last), MIPC_MAX_NUMBER);
  CHECK_EQ(mipc_region_alive(r, MIPC_MAX_NUMBER), 1);
  CHECK_REFUSED(AT_PATH(path), MIPC_E_EXHAUSTED);
  mipc_region_put(last);
  CHECK_REFUSED(AT_PATH(path), MIPC_E_EXHAUSTED); /* number 1 is attached */
  mipc_region_put(r);
  r = open_region(AT_PATH(path)); /* none was: numbers restart */
  CHECK_EQ(mipc_region_number(r), 1);
  /* Another process sets the counter back: no participant loses its number. */
  mipc_region_header(r)->next_number = 1;
  last = open_region(AT_PATH(path));
  CHECK_EQ(mipc_region_number(last), 2);
  mipc_region_put(last);
  mipc_region_put(r);
}

/* In a child of a killed child: has copies of all its descriptors, and does not exec. */
static void attach_and_fork(void *argument) {
  (void)argument;
  mipc_region_t *r = open_region(NAMED("fork"));
  board->number = mipc_region_number(r);
  pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, 0);
    char handle[MIPC_HANDLE_SIZE];
    CHECK_EQ(mipc_region_status(r), MIPC_E_CLOSED);
    CHECK_EQ(mipc_region_handle(r, handle), MIPC_E_CLOSED);
    CHECK_EQ(mipc_region_alive(r, 1), MIPC_E_CLOSED);
    int descriptors = count_descriptors();
    mipc_region_put(r); /* changes nothing of the parent */
    CHECK_EQ(count_descriptors(), descriptors);
    r = open_region(NAMED("fork")); /* its own attachment is like any other */
    board->ready = check_failures ? 2 : 1;
    wait_for(&board->turn);
    CHECK_EQ(mipc_region_status(r), 0);
    mipc_region_put(r);
    board->turn = check_failures ? 3 : 2;
    _exit(0);
  }
  for (;;)
    pause();
}

static void forked(void) {
  mipc_region_t *r = open_region(NAMED("fork"));
  new_board();
  pid_t child = start_child(attach_and_fork, NULL);
  wait_for(&board->ready);
  CHECK_EQ(board->ready, 1);
  CHECK_EQ(mipc_region_alive(r, board->number), 1); /* the fork has not changed it */
  kill_child(child);
  CHECK(is_dead_soon(r, board->number));
  board->turn = 1;
  for (int i = 0; i < 10000 && board->turn == 1; i++)
    nap_us(1000);
  CHECK_EQ(board->turn, 2);
  mipc_region_put(r);
  CHECK_EQ(count_names(), 0);
}

/* As the first process of its own pid namespace, where it has pid 1. */
static void stay_in_namespace(void *name) {
  if (unshare(CLONE_NEWPID) < 0) _exit(0);
  pid_t inner = fork();
  if (inner == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    stay(name);
  }
  end_of(inner);
}

static void other_namespace(void) {
  if (geteuid() != 0) return;
  mipc_region_t *r = open_region(NAMED("ns"));
  new_board();
  pid_t child = start_child(stay_in_namespace, (void *)(uintptr_t) "ns");
  wait_for(&board->ready);
  mipc_region_facts_t facts;
  mipc_participant_t list[2];
  spec_t spec = NAMED("ns");
  CHECK_EQ(mipc_region_alive(r, board->number), 1);
  CHECK_EQ(mipc_region_inspect(&spec, &report, &facts, list, 2, NULL, NULL), 0);
  CHECK_EQ(facts.listed, 2);
  CHECK(list[0].pid_namespace != list[1].pid_namespace);
  kill_child(child);
  CHECK(is_dead_soon(r, board->number));
  mipc_region_put(r);
  CHECK_EQ(count_names(), 0);
}

/* A stopped process holds the creation lock: calls end, and their leftovers are swept later. */
static void held_up(void) {
  mipc_region_t *r = open_region(NAMED("held")), *other;
  int fd = open(file_of("held"), O_RDONLY | O_CLOEXEC);
  CHECK_EQ(flock(fd, LOCK_EX), 0);
  int descriptors = count_descriptors();
  spec_t spec = NAMED("held");
  double start = now_us();
  CHECK_EQ(mipc_region_open(&spec, &report, &other), MIPC_E_TIMEOUT);
  double open_us = now_us() - start;
  CHECK(open_us > 15000);
  CHECK_EQ(report.call, MIPC_CALL_FLOCK);
  CHECK(report.inode != 0);
  spec.wait_ms = 0;
  CHECK_EQ(mipc_region_open(&spec, &report, &other), MIPC_E_TIMEOUT);
  CHECK_EQ(mipc_region_unlink(&spec, &report), MIPC_E_TIMEOUT);
  CHECK_EQ(count_descriptors(), descriptors);
  mipc_region_put(open_region(NAMED("another"))); /* which sweeps, and does not wait */
  start = now_us();
  mipc_region_put(r);
  printf(
      "creation lock held by a stopped process: open gives up after %.0f ms, close after %.0f ms\n",
      open_us / 1000, (now_us() - start) / 1000);
  CHECK_EQ(count_names(), 1);
  close(fd);
  mipc_region_put(open_region(NAMED("another")));
  CHECK_EQ(count_names(), 0);
}

/* Removed by name: attached processes keep the region, and the name is free for another. */
static void removed(void) {
  mipc_region_t *old = open_region(NAMED("gone")), *fresh;
  spec_t spec = NAMED("gone");
  CHECK_EQ(mipc_region_unlink(&spec, &report), 0);
  CHECK_EQ(mipc_region_unlink(&spec, &report), -ENOENT);
  CHECK_EQ(mipc_region_status(old), 0);
  fresh = open_region(NAMED("gone"));
  CHECK_EQ(report.made, 1);
  CHECK(mipc_region_header(fresh)->id_low != mipc_region_header(old)->id_low);
  mipc_region_put(old); /* does not affect the other */
  CHECK_EQ(count_names(), 1);
  mipc_region_put(fresh);
  CHECK_EQ(count_names(), 0);
  const char *path = make_file("user's", 5000);
  spec = AT_PATH(path);
  CHECK_EQ(mipc_region_unlink(&spec, &report), MIPC_E_FOREIGN);
  CHECK_EQ(size_of(path), 5000);
  path = path_of("file");
  mipc_region_put(open_region(AT_PATH(path)));
  spec = AT_PATH(path);
  CHECK_EQ(mipc_region_unlink(&spec, &report), 0);
  CHECK_EQ(size_of(path), -1);
}

/* No child gets a descriptor by exec: a shell sees none of ours. */
static void executed(void) {
  mipc_region_t *r = open_region(NAMED("exec"));
  mipc_region_t *s = open_region(ANONYMOUS());
  char command[200];
  snprintf(command, sizeof command, "test -z \"$(ls -l /proc/self/fd | grep mmapipc-)\"");
  CHECK_EQ(system(command), 0);
  mipc_region_put(s);
  mipc_region_put(r);
}

/* Many attachments of one process at the same time; each sees the others alive. */
static void crowd(void) {
  enum { N = 4096 };
  static mipc_region_t *regions[N];
  struct rlimit limit;
  CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  int count = limit.rlim_max > 2 * N + 100 ? N : (int)(limit.rlim_max - 100) / 2;
  if (count < N)
    printf("%d descriptors are allowed: %d attached at once\n", (int)limit.rlim_max, count);
  double start = now_us();
  for (int i = 0; i < count; i++)
    regions[i] = open_region(NAMED("crowd"));
  double attached = now_us();
  CHECK_EQ(mipc_region_number(regions[count - 1]), count);
  for (int i = 0; i < count; i += 97)
    CHECK_EQ(mipc_region_alive(regions[0], (uint32_t)i + 1), 1);
  CHECK_EQ(mipc_region_alive(regions[0], (uint32_t)count + 1), 0);
  mipc_region_facts_t facts;
  spec_t spec = NAMED("crowd");
  double before = now_us();
  CHECK_EQ(mipc_region_inspect(&spec, &report, &facts, NULL, 0, NULL, NULL), 0);
  double looked = now_us();
  CHECK_EQ(facts.writers, count);
  CHECK_EQ(facts.dead, 0);
  double closing = now_us();
  for (int i = 0; i < count; i++)
    mipc_region_put(regions[i]);
  printf("%d attached at once: open %.0f us each, close %.0f us, inspect %.0f ms\n", count,
         (attached - start) / count, (now_us() - closing) / count, (looked - before) / 1000);
  CHECK_EQ(count_names(), 0);
}

/* No descriptor or mapping leaks when the process runs out of them. */
static void no_descriptors(spec_t spec) {
  struct rlimit limit, less;
  CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  mipc_region_t *kept = open_region(spec);
  int refused = 0, before = count_descriptors(), maps = count_maps("mmapipc-");
  for (rlim_t most = 3;; most++) {
    less = (struct rlimit){most, limit.rlim_max};
    setrlimit(RLIMIT_NOFILE, &less);
    mipc_region_t *region;
    int status = mipc_region_open(&spec, &report, &region);
    setrlimit(RLIMIT_NOFILE, &limit);
    if (status == 0) mipc_region_put(region);
    CHECK_EQ(count_descriptors(), before);
    CHECK_EQ(count_maps("mmapipc-"), maps);
    if (status == 0 || !CHECK_EQ(status, -EMFILE)) break;
    refused++;
  }
  CHECK(refused >= 2);
  mipc_region_put(kept);
}

int main(void) {
  board = shared_memory(sizeof *board);
  stopped_zombie_gone();
  inspected();
  hostile_rows();
  used_up();
  forked();
  other_namespace();
  held_up();
  removed();
  executed();
  no_descriptors(ANONYMOUS());
  no_descriptors(NAMED("few"));
  no_descriptors(AT_PATH(path_of("few")));
  no_descriptors(INHERITED("few"));
  crowd();
  CHECK_EQ(rmdir(file_of("")), 0);
  return check_done("region_life");
}
