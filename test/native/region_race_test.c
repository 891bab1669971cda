/*
 * Many processes and one name: processes that open it at the same time get one region, although
 * some are killed; a process that leaves never removes a region in use.
 */
#include "regions.h"

/* Shared by all processes of a test. */
typedef struct {
  _Atomic int start, turn, attached, failed, made, alone;
  _Atomic uint64_t id;
  _Atomic uint64_t ids[64];
} board_t;

static board_t *board;

static uint64_t id_of(mipc_region_t *region) {
  return mipc_region_header(region)->id_low;
}

/* Opens when the flag is set, reports its region, and stays until it is killed. */
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

/* 64 processes open one name at the same time; a third of them is killed meanwhile. */
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
    /* All live processes are in one region; the killed ones were in it, or in one before it. */
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
  printf("%d at once, %d of them killed: %d rounds\n", N, KILLED, rounds);
}

static void enter(void) {
  while (board->turn || __sync_lock_test_and_set((int *)&board->turn, 1))
    sched_yield();
}

static void leave(void) {
  __sync_lock_release((int *)&board->turn);
}

/* Opens and leaves. All that are attached at one time must share the region at the name. */
static void come_and_go(void *argument) {
  int rounds = *(int *)argument;
  uint32_t random = (uint32_t)getpid();
  char path[512], other[20];
  snprintf(path, sizeof path, "%s", file_of("door"));
  snprintf(other, sizeof other, "%d", (int)getpid());
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
    /* Often no process is attached while another is about to attach; and the sweep of an open of
     * another name meets a file that is not locked yet. */
    nap_us(next_random(&random) % 500);
    if (i % 2) mipc_region_put(open_region(NAMED(other)));
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
  CHECK_EQ(board->made, board->alone); /* number 1 is always the creator's */
  CHECK(board->made > rounds / 20);
  printf("opening and leaving: %d rounds, %d regions\n", N * rounds, board->made);
}

int main(void) {
  board = shared_memory(sizeof *board);
  mipc_region_put(open_region(NAMED("first")));
  at_once(10);
  CHECK_EQ(rmdir(file_of("")), 0);
  names_in_memory();
  mipc_region_put(open_region(NAMED("first")));
  at_once(PART_OF(190));
  opening_and_leaving(PART_OF(2000));
  CHECK_EQ(rmdir(file_of("")), 0);
  return check_done("region_race");
}
