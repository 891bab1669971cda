/*
 * Opening, leaving and removing a region, step by step: a process is killed before and after each
 * of its system calls, and each of the calls fails once. After each step, the next open finds one
 * whole region or creates one; participants stay attached; and a failure leaves nothing behind.
 */
#include "regions.h"

#include <elf.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

#ifndef PTRACE_GET_SYSCALL_INFO
#define PTRACE_GET_SYSCALL_INFO 0x420e
#endif

/* linux/ptrace.h; missing in the C library, or with another name. */
typedef struct {
  uint8_t op; /* 1: before the call, 2: after it */
  uint8_t pad[3];
  uint32_t arch;
  uint64_t instruction_pointer, stack_pointer;
  uint64_t number, arguments[6]; /* before it */
  uint64_t more;
} call_t;

/* The calls between two of these are tested; nothing else here makes this call. */
static void mark(void) {
  syscall(SYS_getpriority, 77, 77);
}

typedef struct {
  const char *title;
  spec_t spec;
  enum { OPEN, UNLINK } what;
  bool has_holder; /* another process is attached meanwhile */
  enum { NOTHING, GARBAGE, REGION } before;
} scene_t;

static void act(void *argument) {
  const scene_t *scene = argument;
  mipc_region_t *region = NULL;
  ptrace(PTRACE_TRACEME, 0, 0, 0);
  raise(SIGSTOP);
  int descriptors = count_descriptors(), maps = count_maps("mmapipc-") + count_maps("region");
  int status;
  if (scene->what == UNLINK) {
    mark();
    status = mipc_region_unlink(&scene->spec, &report);
    mark();
  } else {
    mark();
    status = mipc_region_open(&scene->spec, &report, &region);
    if (status == 0) mipc_region_put(region);
    mark();
  }
  bool leaks =
      count_descriptors() != descriptors || count_maps("mmapipc-") + count_maps("region") != maps;
  _exit(leaks ? 2 : status < 0 ? 1 : 0);
}

/* The file before the child runs, and a holder of it. */
static mipc_region_t *prepare(const scene_t *scene, const char *file) {
  unlink(file);
  if (scene->before == GARBAGE) {
    int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    CHECK_EQ(write(fd, "garbage garbage", 15), 15);
    close(fd);
  }
  mipc_region_t *holder = NULL;
  if (scene->has_holder || scene->before == REGION) holder = open_region(scene->spec);
  if (holder && !scene->has_holder) {
    mipc_region_put(holder);
    holder = NULL;
  }
  return holder;
}

/* In all cases: one region for all, and no file after all have left. */
static void check_after(const scene_t *scene, mipc_region_t *holder, const char *file) {
  if (scene->spec.place == MIPC_PLACE_ANONYMOUS) return;
  mipc_region_t *region = open_region(scene->spec);
  CHECK_EQ(mipc_region_status(region), 0);
  CHECK_EQ(mipc_region_size(region), scene->spec.size);
  bool removed = scene->what == UNLINK;
  if (holder && !removed) {
    CHECK(mipc_region_header(region)->id_low == mipc_region_header(holder)->id_low);
    CHECK(mipc_region_number(region) > mipc_region_number(holder));
  }
  mipc_region_t *second = open_region(scene->spec);
  CHECK(mipc_region_header(second)->id_low == mipc_region_header(region)->id_low);
  mipc_region_put(second);
  mipc_region_put(region);
  if (holder) {
    CHECK_EQ(mipc_region_status(holder), 0);
    mipc_region_put(holder);
  }
  if (scene->spec.place == MIPC_PLACE_NAME) CHECK_EQ(size_of(file), -1);
}

static bool next_stop(pid_t child, int *ret_status, call_t *ret_call) {
  ptrace(PTRACE_SYSCALL, child, 0, 0);
  CHECK(waitpid(child, ret_status, 0) == child);
  if (!WIFSTOPPED(*ret_status)) return false;
  memset(ret_call, 0, sizeof *ret_call);
  ptrace((enum __ptrace_request)PTRACE_GET_SYSCALL_INFO, child, sizeof *ret_call, ret_call);
  return true;
}

/* Runs the child to its mark. */
static pid_t start_traced(const scene_t *scene) {
  pid_t child = start_child(act, (void *)(uintptr_t)scene);
  int status, marks = 0;
  call_t call;
  CHECK(waitpid(child, &status, 0) == child && WIFSTOPPED(status));
  ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
  /* before it and after it */
  while (marks < 2 && next_stop(child, &status, &call)) {
    marks += marks == 1 || (call.op == 1 && call.number == SYS_getpriority);
  }
  return child;
}

/* Lets it run to stop number `step`; false: it reaches its second mark first. */
static bool run_to(pid_t child, int step, call_t *ret_call) {
  int status;
  for (int i = 0; i <= step; i++) {
    if (!CHECK(next_stop(child, &status, ret_call))) return false;
    if (ret_call->op == 1 && ret_call->number == SYS_getpriority) return false;
  }
  return true;
}

static void killed_at_each(const scene_t *scene, const char *file) {
  int step = 0;
  for (bool more = true; more; step++) {
    mipc_region_t *holder = prepare(scene, file);
    pid_t child = start_traced(scene);
    call_t call;
    more = run_to(child, step, &call);
    kill_child(child);
    check_after(scene, holder, file);
  }
  printf("%s: killed at %d places\n", scene->title, step - 1);
  CHECK(step > 10);
}

#if defined(__x86_64__)

/* Before the call: replaces it by an invalid one; after it: sets its result. */
static void refuse(pid_t child, int error) {
  struct user_regs_struct registers;
  ptrace(PTRACE_GETREGS, child, 0, &registers);
  registers.orig_rax = (unsigned long long)-1;
  ptrace(PTRACE_SETREGS, child, 0, &registers);
  int status;
  call_t call;
  CHECK(next_stop(child, &status, &call));
  ptrace(PTRACE_GETREGS, child, 0, &registers);
  registers.rax = (unsigned long long)-error;
  ptrace(PTRACE_SETREGS, child, 0, &registers);
}

/* Calls that release something: a failed one would keep it, which no system does. And memory for
 * the heap: a sanitizer cannot run without it. */
static bool is_spared(const call_t *call) {
  switch (call->number) {
  case SYS_close:
  case SYS_munmap:
  case SYS_exit_group:
    return true;
  case SYS_flock:
    return call->arguments[1] == LOCK_UN;
  case SYS_mmap:
    return call->arguments[3] & MAP_ANONYMOUS;
  default:
    return false;
  }
}

static void refused_each(const scene_t *scene, const char *file, int error) {
  int refused = 0, failed = 0;
  for (int step = 0;; step += 2) {
    mipc_region_t *holder = prepare(scene, file);
    pid_t child = start_traced(scene);
    call_t call;
    bool more = run_to(child, step, &call);
    if (more && !is_spared(&call)) {
      refuse(child, error);
      refused++;
    }
    ptrace(PTRACE_DETACH, child, 0, 0);
    int status = end_of(child);
    if (!CHECK(WIFEXITED(status) && WEXITSTATUS(status) <= 1)) {
      printf("  %s: call %d of number %d, failed with %d, gives %x\n", scene->title, step / 2,
             (int)call.number, error, status);
    }
    failed += WIFEXITED(status) && WEXITSTATUS(status) == 1;
    check_after(scene, holder, file);
    if (!more) break;
  }
  printf("%s: %d calls failed with %d, %d of them made it fail\n", scene->title, refused, error,
         failed);
}

#else

static void refused_each(const scene_t *scene, const char *file, int error) {
  (void)scene;
  (void)file;
  (void)error;
}

#endif

int main(void) {
  signal(SIGBUS, SIG_DFL); /* the handler of the sanitizers would report it */
  names_in_memory();
  char path[400];
  snprintf(path, sizeof path, "%.300s/region", names_folder);
  const spec_t named = NAMED("step"), at_path = AT_PATH(path);
  const scene_t scenes[] = {
      {"new name", named, OPEN, false, NOTHING},    {"name in use", named, OPEN, true, REGION},
      {"stale name", named, OPEN, false, GARBAGE},  {"new path", at_path, OPEN, false, NOTHING},
      {"path in use", at_path, OPEN, true, REGION}, {"path", at_path, OPEN, false, REGION},
      {"unlink name", named, UNLINK, true, REGION}, {"unlink path", at_path, UNLINK, false, REGION},
  };
  enum { KINDS = 5 };
  static const int errors[KINDS] = {ENOMEM, EMFILE, EINTR, EACCES, EIO};
  mipc_region_put(open_region(named));
  for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++) {
    const scene_t *scene = &scenes[i];
    const char *file = scene->spec.place == MIPC_PLACE_NAME ? file_of("step") : path;
    char kept[512];
    snprintf(kept, sizeof kept, "%s", file);
    killed_at_each(scene, kept);
    for (int k = 0; k < KINDS; k++)
      refused_each(scene, kept, errors[k]);
  }
  const scene_t anonymous = {"anonymous", ANONYMOUS(), OPEN, false, NOTHING};
  for (int k = 0; k < KINDS; k++)
    refused_each(&anonymous, path, errors[k]);
  return check_done("region_step");
}
