/*
 * Many processes at one name: those that open it at once, while some are killed, have one region;
 * who leaves never takes a live one away; who is killed leaves nothing that the next open does not
 * clear away.
 */
#include "regions.h"

#include <sys/time.h>

/* Seen by all processes of a test. */
typedef struct {
  _Atomic int start, turn, attached, failed, made, alone;
  _Atomic uint64_t id;
  _Atomic uint64_t ids[64];
} board_t;

static board_t *board;

static uint64_t id_of(mipc_region_t *region) {
  return mipc_region_header(region)->id_low;
}

/* Opens when the sign is given, tells which region it got, and stays until it is killed. */
static void be_one_of_many(void *argument) {
  int me = *(int *)argument;
  wait_for(&board->start);
  mipc_region_t *region = open_region(NAMED("many", .size = 10000));
  board->ids[me] = id_of(region);
  board->made += (int)report.made;
  wait_for(&board->turn);
  CHECK_EQ(mipc_region_status(region), 0);
  mipc_region_put(region);
}

/* 64 open one name at once; a third of them is killed on the way. */
static void at_once(int rounds) {
  enum { N = 64, KILLED = 20 };
  uint32_t random = 1;
  for (int round = 0; round < rounds; round++) {
    memset((void *)board, 0, sizeof *board);
    pid_t children[N];
    for (int i = 0; i < N; i++)
      children[i] = start_child(be_one_of_many, &i);
    board->start = 1;
    for (int i = 0; i < KILLED; i++) {
      nap_us(next_random(&random) % 1500);
      kill_child(children[i]);
    }
    /* Those that live are all in one; those that were killed were in it, or in one before it. */
    for (int i = KILLED; i < N; i++) {
      for (int ms = 0; ms < 30000 && !board->ids[i]; ms++)
        nap_us(1000);
      CHECK(board->ids[i] && board->ids[i] == board->ids[KILLED]);
    }
    CHECK(board->made <= KILLED + 1);
    CHECK_EQ(count_names(), 1);
    board->turn = 1;
    for (int i = KILLED; i < N; i++)
      CHECK_EQ(end_of(children[i]), 0);
    CHECK_EQ(count_names(), 0);
  }
}

static void enter(void) {
  while (board->turn || __sync_lock_test_and_set((int *)&board->turn, 1))
    sched_yield();
}

static void leave(void) {
  __sync_lock_release((int *)&board->turn);
}

/* Comes and goes. All that are in at one time must be in one region, which the name leads to. */
static void come_and_go(void *argument) {
  int rounds = *(int *)argument;
  uint32_t random = (uint32_t)getpid();
  char path[512];
  snprintf(path, sizeof path, "%s", file_of("door"));
  for (int i = 0; i < rounds; i++) {
    mipc_region_t *region = open_region(NAMED("door"));
    struct stat named, mine;
    enter();
    if (board->attached++ == 0) board->id = id_of(region);
    bool same = board->id == id_of(region);
    leave();
    CHECK(same);
    CHECK_EQ(fstat((int)mipc_region_file(region).os, &mine), 0);
    CHECK(stat(path, &named) == 0 && named.st_ino == mine.st_ino);
    if (next_random(&random) % 4 == 0) nap_us(next_random(&random) % 200);
    board->made += (int)report.made;
    board->alone += mipc_region_number(region) == 1;
    enter();
    board->attached--;
    leave();
    mipc_region_put(region);
  }
}

static void opening_and_leaving(int rounds) {
  enum { N = 3 };
  memset((void *)board, 0, sizeof *board);
  pid_t children[N];
  for (int i = 0; i < N; i++)
    children[i] = start_child(come_and_go, &rounds);
  for (int i = 0; i < N; i++)
    CHECK_EQ(end_of(children[i]), 0);
  CHECK_EQ(count_names(), 0);
  CHECK_EQ(board->made, board->alone); /* number 1 is the maker's, always */
  CHECK(board->made > 1);
  printf("opening and leaving: %d rounds, %d regions\n", N * rounds, board->made);
}

/* In a child, ended by an alarm at any time: makes, joins, leaves. */
static void be_killed(void *argument) {
  uint32_t random = *(uint32_t *)argument;
  char name[16];
  snprintf(name, sizeof name, "k%u", next_random(&random) % 20);
  struct itimerval when = {.it_value.tv_usec = 100 + next_random(&random) % 2500};
  setitimer(ITIMER_REAL, &when, NULL);
  for (;;) {
    mipc_region_t *region;
    if (try_open(NAMED(name), &region) == 0) mipc_region_put(region);
  }
}

static void killed(int cycles) {
  enum { AT_ONCE = 8 };
  int descriptors = count_descriptors(), maps = count_maps(fixture_folder), most = 0;
  uint32_t random = 7;
  for (int i = 0; i < cycles; i += AT_ONCE) {
    pid_t children[AT_ONCE];
    for (int k = 0; k < AT_ONCE; k++) {
      uint32_t seed = next_random(&random);
      children[k] = start_child(be_killed, &seed);
    }
    for (int k = 0; k < AT_ONCE; k++)
      CHECK_EQ(WTERMSIG(end_of(children[k])), SIGALRM);
    int left = count_names();
    if (left > most) most = left;
  }
  mipc_region_put(open_region(NAMED("further")));
  CHECK_EQ(count_names(), 0);
  CHECK_EQ(count_descriptors(), descriptors);
  CHECK_EQ(count_maps(fixture_folder), maps);
  CHECK(most > 0);
  printf("%d killed: at most %d files at a time, none after one further open\n", cycles, most);
}

int main(void) {
  path_of("");
  board = shared_memory(sizeof *board);
  mipc_region_put(open_region(NAMED("first")));
  at_once(25);
  CHECK_EQ(rmdir(file_of("")), 0);
  /* In memory, where files come and go a hundred times faster, if that is permitted. */
  const char *ram = path_of("ram");
  if (mount_small(ram, "64m")) snprintf(names_folder, sizeof names_folder, "%s", ram);
  mipc_region_put(open_region(NAMED("first")));
  at_once(5);
  opening_and_leaving(2000);
  killed(10000);
  CHECK_EQ(rmdir(file_of("")), 0);
  return check_done("region_race");
}
