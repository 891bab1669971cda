/*
 * Regions for the C tests of region/region.h: short specifications, and an open that, like the one
 * of JS, is repeated until the region is no longer busy.
 */
#ifndef MIPC_TEST_REGIONS_H
#define MIPC_TEST_REGIONS_H

#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

#include "../../src/base/atomic.h"
#include "../../src/base/range.h"
#include "../../src/base/status.h"
#include "../../src/os/process.h"
#include "../../src/region/region.h"
#include "../../src/shm/object.h"
#include "check.h"
#include "fixture.h"

typedef mipc_region_spec_t spec_t;

/* A field that the test names overrides the default before it. */
#pragma GCC diagnostic ignored "-Woverride-init"

#define BASE_SPEC                                                                                  \
  .kind = MIPC_REGION_MMAP, .create = MIPC_CREATE_IF_MISSING, .mode = 0600, .wait_ms = 20

/* The parent directory of names: the folder of this test by default. */
static char names_folder[300];

__attribute__((constructor)) static void choose_names_folder(void) {
  path_of("");
  snprintf(names_folder, sizeof names_folder, "%s", fixture_folder);
}

/* Moves it to memory, where files are created and removed a hundred times faster, if permitted. */
static inline void names_in_memory(void) {
  const char *ram = path_of("ram");
  if (mount_small(ram, "64m")) snprintf(names_folder, sizeof names_folder, "%s", ram);
}

/* NAMED("x", .size = 4096) */
#define NAMED(name, ...)                                                                           \
  ((spec_t){.place = MIPC_PLACE_NAME,                                                              \
            .where = (name),                                                                       \
            .directory = names_folder,                                                             \
            BASE_SPEC,                                                                             \
            .size = 4096,                                                                          \
            __VA_ARGS__})
#define AT_PATH(path, ...)                                                                         \
  ((spec_t){.place = MIPC_PLACE_PATH, .where = (path), BASE_SPEC, .size = 4096, __VA_ARGS__})
/* The directory is for the files that stand in for memfds. */
#define ANONYMOUS(...)                                                                             \
  ((spec_t){.place = MIPC_PLACE_ANONYMOUS,                                                         \
            .directory = names_folder,                                                             \
            BASE_SPEC,                                                                             \
            .size = 4096,                                                                          \
            __VA_ARGS__})
#define AT_HANDLE(handle, ...)                                                                     \
  ((spec_t){.place = MIPC_PLACE_HANDLE, .where = (handle), BASE_SPEC, __VA_ARGS__})
#define INHERITED(name, ...)                                                                       \
  ((spec_t){.place = MIPC_PLACE_INHERIT, .where = (name), BASE_SPEC, .size = 4096, __VA_ARGS__})

/* The long tests are shorter under ThreadSanitizer: it slows processes down most, and finds nothing
 * in processes with one thread. */
#if defined(__SANITIZE_THREAD__)
#define FEWER(count) ((count) / 5)
#else
#define FEWER(count) (count)
#endif

/* For tests that also run without a sanitizer (scripts/native-tests.js). */
#if defined(__SANITIZE_ADDRESS__)
#define PART_OF(count) ((count) / 8)
#else
#define PART_OF(count) (count)
#endif

/* The report of the last open. */
static mipc_report_t report;

/* Opens in slices as JS does, until PATIENCE ms have passed. */
static inline int try_open(spec_t spec, mipc_region_t **ret_region) {
  enum { PATIENCE = 30000 };
  uint64_t end = mipc_clock_ms() + PATIENCE;
  int status;
  do {
    status = mipc_region_open(&spec, &report, ret_region);
  } while (status == MIPC_E_TIMEOUT && mipc_clock_ms() < end);
  return status;
}

/* Exits on failure: without a region there is nothing to test. */
static inline mipc_region_t *open_region(spec_t spec) {
  mipc_region_t *region = NULL;
  if (CHECK_EQ(try_open(spec, &region), 0) && CHECK(region)) return region;
  printf("cannot open %s, call %u\n", spec.where ? spec.where : "a region", report.call);
  exit(1);
}

/* Checks that an open fails with this status, and leaves no descriptor and no mapping. */
#define CHECK_REFUSED(spec, status) check_refused(spec, status, __LINE__)

static inline void check_refused(spec_t spec, int status, int line) {
  mipc_region_t *region = NULL;
  int before = count_descriptors();
  if (!CHECK_EQ(try_open(spec, &region), status)) printf("  from line %d\n", line);
  CHECK(!region);
  CHECK_EQ(count_descriptors(), before);
  if (region) mipc_region_put(region);
}

/* No thread has this id. */
#define NO_THREAD ((uint32_t)INT32_MAX)

/* Sets the thread in the row of an attachment. Tests simulate several threads in one; otherwise a
 * lock would take two attachments of one thread with different names for two copies of the library.
 */
static inline void set_row_thread(const mipc_region_t *region, uint32_t thread) {
  uint8_t *rows = (uint8_t *)mipc_region_header(region) + MIPC_HEADER_SIZE;
  for (uint32_t i = 0; i < MIPC_PARTICIPANTS; i++) {
    mipc_participant_shm_t *row = (mipc_participant_shm_t *)(void *)rows + i;
    if (mipc_atomic_load_relaxed(&row->number) != mipc_region_number(region)) continue;
    mipc_atomic_store_relaxed(&row->thread, thread);
    return;
  }
  CHECK(!"the attachment has no row");
}

/* The path of the file of a name that is one plain word. */
static inline const char *file_of(const char *name) {
  static char paths[4][512];
  static unsigned next;
  char *path = paths[next++ % 4];
  snprintf(path, sizeof paths[0], "%.300s/mmapipc-%lu/%.150s", names_folder,
           (unsigned long)geteuid(), name);
  return path;
}

static inline int count_files(const char *folder) {
  int count = 0;
  DIR *dir = opendir(folder);
  for (struct dirent *entry; dir && (entry = readdir(dir));)
    count += entry->d_name[0] != '.';
  if (dir) closedir(dir);
  return count;
}

static inline int count_names(void) {
  return count_files(file_of(""));
}

static inline double now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* Random numbers without system calls, for children that must differ. */
static inline uint32_t next_random(uint32_t *state) {
  *state = *state * 1664525 + 1013904223;
  return *state >> 8;
}

static inline void nap_us(long us) {
  struct timespec time = {us / 1000000, us % 1000000 * 1000};
  nanosleep(&time, NULL);
}

/* Forks. The child runs the function, is killed if its parent ends, and exits with 1 if a check
 * failed in it. */
static inline pid_t start_child(void (*run)(void *), void *argument) {
  fflush(NULL);
  long failures = check_failures;
  pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    run(argument);
    fflush(NULL);
    _exit(check_failures > failures ? 1 : 0);
  }
  if (!CHECK(child > 0)) exit(1); /* no signal may be sent to process -1 */
  return child;
}

/* The status of waitpid(). */
static inline int end_of(pid_t child) {
  int status = -1;
  CHECK(waitpid(child, &status, 0) == child);
  return status;
}

static inline void kill_child(pid_t child) {
  kill(child, SIGKILL);
  CHECK_EQ(WTERMSIG(end_of(child)), SIGKILL);
}

/* Memory that all children share, for counters and flags. */
static inline void *shared_memory(size_t size) {
  void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK(base != MAP_FAILED);
  return base;
}

/* Waits until another process has set the flag. */
static inline void wait_for(_Atomic int *sign) {
  for (int i = 0; i < 30000 && !*sign; i++)
    nap_us(1000);
  CHECK(*sign);
}

#endif
