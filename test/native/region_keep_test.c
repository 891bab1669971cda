/*
 * Regions whose object was collected: if other processes can see them, the process stays attached
 * until it ends, with one attachment to each.
 */
#include "regions.h"

#include <pthread.h>

/* Like a finalizer: keeps the region or not, and puts the caller's reference. */
static void forget(mipc_region_t *region) {
  mipc_region_keep(region);
  mipc_region_put(region);
}

static uint32_t writers_of(spec_t spec) {
  mipc_region_facts_t facts = {0};
  CHECK_EQ(mipc_region_inspect(&spec, &report, &facts, NULL, 0, NULL, NULL), 0);
  CHECK_EQ(facts.state, 0);
  return facts.writers;
}

/* Attaches and leaves: whether it is the region with this mark. */
static bool is_marked(spec_t spec, uint8_t mark) {
  mipc_region_t *r = open_region(spec);
  bool is_same = mipc_region_header(r)->reserved.bytes[9] == mark && !report.made;
  mipc_region_put(r);
  return is_same;
}

static mipc_region_t *open_marked(spec_t spec, uint8_t mark) {
  mipc_region_t *r = open_region(spec);
  mipc_region_header(r)->reserved.bytes[9] = mark;
  return r;
}

/* A region that no other process can see ends with its object. */
static void not_kept(void) {
  char handle[MIPC_HANDLE_SIZE];
  int descriptors = count_descriptors();
  mipc_region_t *r = open_region(ANONYMOUS());
  CHECK_EQ(mipc_region_handle(r, handle), 0);
  forget(r);
  CHECK_REFUSED(AT_HANDLE(handle), -ENOENT);
  /* Closed, by whichever way it was opened. */
  const spec_t specs[] = {NAMED("closed"), INHERITED("closed"), AT_PATH(path_of("closed"))};
  for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
    r = open_region(specs[i]);
    mipc_region_close(r);
    forget(r);
  }
  CHECK(!mipc_region_is_kept("closed"));
  CHECK_EQ(access(file_of("closed"), F_OK), -1);
  /* Overwritten: other processes cannot attach to it either. */
  r = open_region(NAMED("overwritten"));
  mipc_region_header(r)->id_low ^= 1;
  forget(r);
  CHECK_EQ(count_descriptors(), descriptors);
}

/* The same name or path, opened and collected a thousand times, costs no more than once. */
static void one_of_each(void) {
  const spec_t specs[] = {NAMED("kept"), AT_PATH(path_of("kept-path"))};
  for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
    int descriptors = count_descriptors();
    forget(open_marked(specs[i], 7));
    int once = count_descriptors();
    CHECK(once > descriptors);
    for (int round = 0; round < 1000; round++) {
      mipc_region_t *r = open_region(specs[i]);
      CHECK_EQ(report.made, 0);
      forget(r);
    }
    CHECK_EQ(count_descriptors(), once);
    CHECK_EQ(writers_of(specs[i]), 1);
    CHECK(is_marked(specs[i], 7));
  }
}

/* An anonymous region stays if its handle was read, and if it is inherited, for each such name. */
static void handles_and_inherited(void) {
  char handle[MIPC_HANDLE_SIZE];
  mipc_region_t *r = open_marked(ANONYMOUS(), 3);
  CHECK_EQ(mipc_region_handle(r, handle), 0);
  mipc_region_show(r);
  forget(r);
  CHECK(is_marked(AT_HANDLE(handle), 3));
  CHECK_EQ(writers_of(AT_HANDLE(handle)), 1);
  /* An inherited one has all properties of the first, and replaces it. */
  CHECK(!mipc_region_is_kept("one"));
  int descriptors = count_descriptors();
  forget(open_region(INHERITED("one", .inherited = handle)));
  CHECK(mipc_region_is_kept("one"));
  CHECK_EQ(count_descriptors(), descriptors);
  CHECK_EQ(writers_of(AT_HANDLE(handle)), 1);
  /* A second name is another promise; after that there is nothing more to keep. */
  forget(open_region(INHERITED("two", .inherited = handle)));
  CHECK(mipc_region_is_kept("one") && mipc_region_is_kept("two"));
  CHECK_EQ(writers_of(AT_HANDLE(handle)), 2);
  for (int round = 0; round < 10; round++) {
    r = open_region(round & 1 ? AT_HANDLE(handle) : INHERITED(round & 2 ? "one" : "two"));
    mipc_region_show(r);
    forget(r);
  }
  CHECK_EQ(writers_of(AT_HANDLE(handle)), 2);
  CHECK(is_marked(INHERITED("one"), 3) && is_marked(INHERITED("two"), 3));
}

static void end_as_a_process_does(void *run) {
  *fixture_folder = '\0'; /* only the parent may remove it */
  if (run) ((void (*)(void))(uintptr_t)run)();
  exit(check_failures ? 1 : 0);
}

static void keep_two(void) {
  CHECK(!mipc_region_is_kept("one")); /* the parent's */
  forget(open_region(NAMED("child")));
  forget(open_region(INHERITED("one")));
  CHECK(mipc_region_is_kept("one"));
  CHECK(is_marked(NAMED("kept"), 7));
}

/* exit() leaves the kept regions and removes their names, but no regions of a parent. */
static void until_the_end(void) {
  CHECK_EQ(end_of(start_child(end_as_a_process_does, NULL)), 0);
  CHECK_EQ(end_of(start_child(end_as_a_process_does, (void *)(uintptr_t)keep_two)), 0);
  CHECK_EQ(access(file_of("child"), F_OK), -1);
  CHECK_EQ(access(file_of("kept"), F_OK), 0);
  CHECK_EQ(writers_of(NAMED("kept")), 1);
  CHECK(mipc_region_is_kept("one") && is_marked(INHERITED("one"), 3));
}

enum { THREADS = 6, ROUNDS = 100 };

static void *forget_often(void *argument) {
  (void)argument;
  for (int round = 0; round < ROUNDS; round++) {
    const spec_t spec = round & 1 ? NAMED("kept") : INHERITED("threads");
    mipc_region_t *r;
    mipc_report_t own;
    int status;
    do {
      status = mipc_region_open(&spec, &own, &r);
    } while (status == MIPC_E_TIMEOUT);
    if (CHECK_EQ(status, 0)) forget(r);
  }
  return NULL;
}

/* Finalizers of several threads at the same time. */
static void threads(void) {
  pthread_t ids[THREADS];
  for (int i = 0; i < THREADS; i++)
    CHECK_EQ(pthread_create(&ids[i], NULL, forget_often, NULL), 0);
  for (int i = 0; i < THREADS; i++)
    pthread_join(ids[i], NULL);
  CHECK_EQ(writers_of(NAMED("kept")), 1);
  CHECK(mipc_region_is_kept("threads"));
  mipc_region_t *r = open_region(INHERITED("threads"));
  char handle[MIPC_HANDLE_SIZE];
  CHECK_EQ(mipc_region_handle(r, handle), 0);
  CHECK_EQ(writers_of(AT_HANDLE(handle)), 2);
  mipc_region_put(r);
}

int main(void) {
  not_kept();
  one_of_each();
  handles_and_inherited();
  until_the_end();
  threads();
  return check_done("region_keep");
}
