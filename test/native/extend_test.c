/*
 * mipc_file_extend() of os/file.h: the space is allocated, or the file is as before. On full file
 * systems (real ones where mounting is permitted), under signals, without fallocate, and with
 * another process that extends the same file.
 *
 * fallocate() and fstat() are replaced by functions of this program; `plan` sets their behaviour.
 */
#include "../../src/os/file.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#include "check.h"
#include "fixture.h"

static struct {
  int calls;                 /* number of calls of fallocate() so far */
  int fail_at, error;        /* this call of fallocate(), counted from 1, fails ... */
  bool fail_from;            /* ... and all after it */
  int64_t longest;           /* longer steps are interrupted and undone; 0: none */
  void (*before_size)(void); /* called before the step that extends the file */
  void (*after_look)(void);  /* called after the next fstat() */
} plan;

static void plan_nothing(void) {
  memset(&plan, 0, sizeof plan);
}

int fallocate(int fd, int mode, off_t offset, off_t length) {
  plan.calls++;
  errno = plan.error;
  if (plan.calls == plan.fail_at || (plan.fail_from && plan.calls > plan.fail_at)) return -1;
  if (plan.longest && length > plan.longest) {
    errno = plan.calls < 1000 ? EINTR : EDEADLK; /* ends an endless loop */
    return -1;
  }
  void (*before)(void) = plan.before_size;
  if (mode == 0 && before) {
    plan.before_size = NULL;
    before();
  }
  return (int)syscall(SYS_fallocate, fd, mode, offset, length);
}

int fstat(int fd, struct stat *found) {
  int status = (int)syscall(SYS_newfstatat, fd, "", found, AT_EMPTY_PATH);
  void (*after)(void) = plan.after_look;
  plan.after_look = NULL;
  if (after) after();
  return status;
}

/* The file of most tests; opened where a description is needed. */
static const char *path;

static mipc_file_t file_of(size_t size) {
  mipc_file_t file = MIPC_NO_FILE;
  bool made;
  plan_nothing();
  path = make_file("file", size);
  CHECK_EQ(mipc_file_open(path, MIPC_OPEN_WRITE, 0600, &file, &made), 0);
  return file;
}

/* The first `size` bytes are unchanged, zeros follow up to `to`. */
static void check_bytes(mipc_file_t file, size_t size, size_t to) {
  uint8_t *bytes = malloc(to + 1);
  if (!CHECK(bytes)) return;
  CHECK_EQ(pread(mipc_file_descriptor(file), bytes, to + 1, 0), to);
  CHECK(is_pattern(bytes, size, 0));
  CHECK(all_are(bytes + size, to - size, 0));
  free(bytes);
}

static void longer_with_zeros(void) {
  static const size_t cases[][2] = {{0, 1},       {0, 4096},        {1, 2},
                                    {100, 4097},  {4096, 8192},     {4095, 70000},
                                    {5000, 5001}, {100, 40u << 20}, {4096, (16u << 20) + 4096}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    mipc_file_t file = file_of(cases[i][0]);
    CHECK_EQ(mipc_file_extend(file, cases[i][0], cases[i][1]), 0);
    check_bytes(file, cases[i][0], cases[i][1]);
    CHECK(blocks_of(path) * 512 >= (int64_t)cases[i][1]); /* the space is allocated */
    mipc_file_close(file);
  }
}

/* Another process may have extended the file since our fstat(). */
static void never_shorter(void) {
  mipc_file_t file = file_of(9000);
  CHECK_EQ(mipc_file_extend(file, 100, 5000), 0);
  check_bytes(file, 9000, 9000);
  plan.fail_at = 1;
  plan.error = ENOSPC;
  plan.calls = 0;
  CHECK_EQ(mipc_file_extend(file, 100, 5000), -ENOSPC);
  check_bytes(file, 9000, 9000);
  mipc_file_close(file);
}

#define FAR ((size_t)40 << 20)

/* The number of steps from 100 bytes to FAR. */
static int count_steps(void) {
  mipc_file_t file = file_of(100);
  CHECK_EQ(mipc_file_extend(file, 100, FAR), 0);
  mipc_file_close(file);
  CHECK(plan.calls >= 3);
  return plan.calls;
}

static void interrupted(void) {
  int steps = count_steps();
  for (int at = 1; at <= steps; at++) {
    mipc_file_t file = file_of(100);
    plan.fail_at = at;
    plan.error = EINTR;
    CHECK_EQ(mipc_file_extend(file, 100, FAR), 0);
    CHECK(blocks_of(path) * 512 >= (int64_t)FAR);
    mipc_file_close(file);
  }
}

/*
 * Kernels that check for signals within shmem_fallocate() undo the whole step, and 16 MiB take 4
 * ms: under a timer of 1 ms (SIGPROF of `node --cpu-prof`) such a step never completes.
 */
static void always_interrupted(void) {
  mipc_file_t file = file_of(100);
  plan.longest = 1 << 20;
  CHECK_EQ(mipc_file_extend(file, 100, FAR), 0);
  CHECK_EQ(size_of(path), FAR);
  mipc_file_close(file);
}

static void refused_at_any_step(void) {
  static const int errors[] = {ENOSPC, EDQUOT, EIO};
  int steps = count_steps();
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
    for (int at = 1; at <= steps; at++) {
      mipc_file_t file = file_of(5000);
      int64_t blocks = blocks_of(path);
      plan.fail_at = at;
      plan.error = errors[i];
      CHECK_EQ(mipc_file_extend(file, 5000, FAR), -errors[i]);
      check_bytes(file, 5000, 5000);
      CHECK_EQ(blocks_of(path), blocks);
      mipc_file_close(file);
    }
  }
}

/* A limit of the process instead of a full disk. (Node ignores SIGXFSZ, and so does main().) */
static void beyond_the_limit_of_the_process(bool can_allocate) {
  struct rlimit old, low;
  getrlimit(RLIMIT_FSIZE, &old);
  low = (struct rlimit){300000, old.rlim_max};
  mipc_file_t file = file_of(5000);
  int64_t blocks = blocks_of(path);
  if (!can_allocate) {
    plan.fail_at = 1;
    plan.fail_from = true;
    plan.error = EOPNOTSUPP;
  }
  setrlimit(RLIMIT_FSIZE, &low);
  int status = mipc_file_extend(file, 5000, 1 << 20);
  setrlimit(RLIMIT_FSIZE, &old);
  CHECK_EQ(status, -EFBIG);
  check_bytes(file, 5000, 5000);
  CHECK_EQ(blocks_of(path), blocks);
  mipc_file_close(file);
}

static void without_fallocate(void) {
  static const size_t cases[][2] = {{0, 1}, {100, 200000}, {65536, 131072}, {5, 65541}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    for (int at = 1; at <= 2; at++) {
      mipc_file_t file = file_of(cases[i][0]);
      plan.fail_at = at; /* 2: fails at the step that changes the size */
      plan.fail_from = true;
      plan.error = EOPNOTSUPP;
      CHECK_EQ(mipc_file_extend(file, cases[i][0], cases[i][1]), 0);
      check_bytes(file, cases[i][0], cases[i][1]);
      mipc_file_close(file);
    }
  }
}

static void append_by_another(void) {
  int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
  CHECK_EQ(write(fd, "theirs", 6), 6);
  close(fd);
}

/* Another process appends between our fstat() and our zeros. */
static void without_fallocate_others_append(void) {
  mipc_file_t file = file_of(100);
  plan.fail_at = 1;
  plan.fail_from = true;
  plan.error = EOPNOTSUPP;
  plan.after_look = append_by_another;
  CHECK_EQ(mipc_file_extend(file, 100, 10000), 0);
  char found[6] = "";
  CHECK_EQ(pread(mipc_file_descriptor(file), found, 6, 100), 6);
  CHECK(memcmp(found, "theirs", 6) == 0);
  mipc_file_close(file);
}

static void extend_by_another_in_vain(void) {
  mipc_file_t theirs = MIPC_NO_FILE;
  bool made;
  CHECK_EQ(mipc_file_open(path, MIPC_OPEN_WRITE, 0600, &theirs, &made), 0);
  plan.calls = 0;
  plan.fail_at = 2;
  plan.error = ENOSPC;
  CHECK_EQ(mipc_file_extend(theirs, 100, FAR), -ENOSPC);
  plan.fail_at = 0;
  mipc_file_close(theirs);
}

/*
 * Two processes open one new file, this one with 2 MiB, the other with 40 MiB, for which there is
 * no room. The other fails when we have our blocks but not yet the size: it must not release our
 * blocks, otherwise a store into our mapping is a SIGBUS once the disk is full.
 */
static void another_gives_up_meanwhile(void) {
  mipc_file_t file = file_of(100);
  plan.before_size = extend_by_another_in_vain;
  CHECK_EQ(mipc_file_extend(file, 100, 2 << 20), 0);
  CHECK_EQ(size_of(path), 2 << 20);
  CHECK(blocks_of(path) * 512 >= 2 << 20);
  mipc_file_close(file);
}

static uint64_t free_of(const char *folder) {
  struct statvfs fs;
  return statvfs(folder, &fs) == 0 ? (uint64_t)fs.f_bfree * fs.f_frsize : 0;
}

/* On a real file system of `mib` MiB a failed extension leaves nothing, others are usable. */
static void full_file_system(const char *name, const char *size, uint64_t mib) {
  const char *folder = path_of(name);
  plan_nothing();
  if (!mount_small(folder, size)) return;
  char inside[600];
  snprintf(inside, sizeof inside, "%s/file", folder);
  int fd = open(inside, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  CHECK_EQ(write(fd, "12345", 5), 5);
  mipc_file_t file = {fd};
  uint64_t room = free_of(folder);
  for (uint64_t more = 1; more <= 1024; more *= 8) {
    CHECK_EQ(mipc_file_extend(file, 5, (mib << 20) + more * 4096), -ENOSPC);
    CHECK_EQ(size_of(inside), 5);
    CHECK_EQ(blocks_of(inside), 8);
    CHECK_EQ(free_of(folder), room);
  }
  CHECK_EQ(mipc_file_extend(file, 5, mib << 20), 0);
  CHECK_EQ(free_of(folder), 0);
  CHECK_EQ(size_of(inside), mib << 20);
  CHECK_EQ(pwrite(fd, "x", 1, (off_t)(mib << 20) - 1), 1);
  mipc_file_close(file);
}

int main(void) {
  signal(SIGXFSZ, SIG_IGN);
  longer_with_zeros();
  never_shorter();
  interrupted();
  always_interrupted();
  refused_at_any_step();
  beyond_the_limit_of_the_process(true);
  beyond_the_limit_of_the_process(false);
  without_fallocate();
  without_fallocate_others_append();
  another_gives_up_meanwhile();
  full_file_system("full-1", "1m", 1);
  full_file_system("full-40", "40m", 40);
  return check_done("extend");
}
