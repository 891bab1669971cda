/*
 * 10,000 processes that create, join and leave regions are killed at any time: one further open of
 * any name removes everything that they leave.
 */
#include "regions.h"

#include <sys/time.h>

/* In a child that an alarm ends at any time: creates, joins, leaves. */
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
  names_in_memory();
  mipc_region_put(open_region(NAMED("first")));
  killed(PART_OF(10000));
  CHECK_EQ(rmdir(file_of("")), 0);
  return check_done("region_kill");
}
