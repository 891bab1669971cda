/*
 * Handles and inheritance: a region is found by its id while a process is attached, and no other
 * file is ever opened instead.
 */
#include "regions.h"

#include <pthread.h>

typedef struct {
  _Atomic int ready, turn;
  char handle[MIPC_HANDLE_SIZE];
} board_t;

static board_t *board;

static const char *handle_of(mipc_region_t *region) {
  static char text[MIPC_HANDLE_SIZE];
  CHECK_EQ(mipc_region_handle(region, text), 0);
  return text;
}

static void not_handles(void) {
  static const char *const texts[] = {
      "",
      "memfd",
      "memfd:",
      "memfd::1:2",
      "memfd:0123456789abcdef0123456789abcde:1:2",
      "memfd:0123456789abcdef0123456789abcdef0:1:2",
      "memfd:0123456789ABCDEF0123456789abcdef:1:2",
      "memfd:0123456789abcdef0123456789abcdef:1",
      "memfd:0123456789abcdef0123456789abcdef:1:",
      "memfd:0123456789abcdef0123456789abcdef::2",
      "memfd:0123456789abcdef0123456789abcdef:1:2 ",
      "memfd:0123456789abcdef0123456789abcdef:-1:2",
      "memfd:0123456789abcdef0123456789abcdef:1234567890:2",
      "memfd:0123456789abcdef0123456789abcdef:1/../self:2",
      "Memfd:0123456789abcdef0123456789abcdef:1:2",
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    CHECK_REFUSED(AT_HANDLE(texts[i]), MIPC_E_RANGE);
  CHECK_REFUSED(AT_HANDLE(NULL), MIPC_E_RANGE);
  CHECK_REFUSED(AT_HANDLE("memfd:0123456789abcdef0123456789abcdef:99999999:2"), -ENOENT);
  CHECK_REFUSED(AT_HANDLE("memfd:0123456789abcdef0123456789abcdef:0:0"), -ENOENT);
}

static void attach_in_child(void *handle) {
  mipc_region_t *r = open_region(AT_HANDLE(handle));
  CHECK_EQ(mipc_region_size(r), 4096);
  CHECK(mipc_region_number(r) > 1);
  mipc_region_header(r)->reserved.bytes[9]++;
  CHECK(strncmp(handle_of(r), handle, 38) == 0 && strcmp(handle_of(r), handle) != 0);
  mipc_region_put(r);
}

static void found(void) {
  mipc_region_t *r = open_region(ANONYMOUS());
  char handle[MIPC_HANDLE_SIZE];
  strcpy(handle, handle_of(r));
  for (int i = 0; i < 10; i++)
    CHECK_EQ(in_child(attach_in_child, handle), 0);
  CHECK_EQ(mipc_region_header(r)->reserved.bytes[9], 10);
  CHECK_REFUSED(AT_HANDLE(handle, .kind = MIPC_REGION_SHARE), MIPC_E_KIND);
  CHECK_REFUSED(AT_HANDLE(handle, .size = 8192), MIPC_E_TOO_SMALL);
  /* Any attached process is enough: the hints may be wrong. */
  char wrong[MIPC_HANDLE_SIZE];
  snprintf(wrong, sizeof wrong, "%.38s:%d:%d", handle, 999999, 3);
  mipc_region_put(open_region(AT_HANDLE(wrong)));
  snprintf(wrong, sizeof wrong, "%.38s:%d:%d", handle, (int)getpid(), 0);
  mipc_region_put(open_region(AT_HANDLE(wrong)));
  mipc_region_header(r)->id_low ^= 1;
  CHECK_REFUSED(AT_HANDLE(handle), MIPC_E_CORRUPT);
  mipc_region_put(r);
  CHECK_REFUSED(AT_HANDLE(handle), -ENOENT);
}

/* Attaches by a handle, and reports its own. */
static void attach_and_tell(void *argument) {
  (void)argument;
  mipc_region_t *r = open_region(AT_HANDLE(board->handle));
  strcpy(board->handle, handle_of(r));
  board->ready = 1;
  wait_for(&board->turn);
  mipc_region_put(r);
}

/* Its creator has ended, and its descriptor is another file by now; a third process is attached. */
static void reused(void) {
  memset((void *)board, 0, sizeof *board);
  mipc_region_t *r = open_region(ANONYMOUS());
  char old[MIPC_HANDLE_SIZE];
  strcpy(old, handle_of(r));
  strcpy(board->handle, old);
  int fd = (int)mipc_region_file(r).os;
  pid_t child = start_child(attach_and_tell, NULL);
  wait_for(&board->ready);
  mipc_region_put(r);
  /* The number in the handle is a foreign file, a FIFO or another region: none is opened. */
  const char *path = make_file("stranger", 70000);
  CHECK_EQ(mkfifo(path_of("pipe"), 0600), 0);
  mipc_region_t *another = open_region(ANONYMOUS());
  for (int kind = 0; kind < 3; kind++) {
    int source = kind == 0   ? open(path, O_RDWR | O_CLOEXEC)
                 : kind == 1 ? open(path_of("pipe"), O_RDWR | O_NONBLOCK | O_CLOEXEC)
                             : (int)mipc_region_file(another).os;
    bool moved = source != fd;
    if (moved) CHECK_EQ(dup3(source, fd, O_CLOEXEC), fd);
    mipc_region_t *again = open_region(AT_HANDLE(old));
    CHECK_EQ(mipc_region_number(again), 3 + kind);
    mipc_region_put(again);
    if (moved) close(fd);
    if (kind < 2) close(source);
  }
  CHECK_EQ(size_of(path), 70000);
  CHECK_EQ(byte_of(path, 0), pattern_at(0));
  mipc_region_put(another);
  board->turn = 1;
  CHECK_EQ(end_of(child), 0);
  CHECK_REFUSED(AT_HANDLE(old), -ENOENT);
  CHECK_REFUSED(AT_HANDLE(board->handle), -ENOENT);
}

/* A file whose link in /proc looks like that of a memfd is not opened. */
static void forged(void) {
  if (geteuid() != 0) return;
  static const char id[] = "00000000000000000000000000000001";
  char path[100], handle[MIPC_HANDLE_SIZE + 10];
  snprintf(path, sizeof path, "/memfd:mmapipc-%s (deleted)", id);
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return;
  snprintf(handle, sizeof handle, "memfd:%s:%d:%d", id, (int)getpid(), fd);
  CHECK_REFUSED(AT_HANDLE(handle), -ENOENT);
  close(fd);
  unlink(path);
  /* A memfd with the right name that could still be truncated. */
  char name[80];
  snprintf(name, sizeof name, "mmapipc-%s", id);
  fd = (int)syscall(SYS_memfd_create, name, 1u);
  snprintf(handle, sizeof handle, "memfd:%s:%d:%d", id, (int)getpid(), fd);
  CHECK_REFUSED(AT_HANDLE(handle), -ENOENT);
  close(fd);
}

static void attach_as_nobody(void *handle) {
  CHECK(setgid(65534) == 0 && setuid(65534) == 0);
  CHECK_REFUSED(AT_HANDLE(handle), -EACCES);
  CHECK_EQ(report.call, MIPC_CALL_OPEN);
}

static void other_user(void) {
  if (geteuid() != 0) return;
  mipc_region_t *r = open_region(ANONYMOUS());
  char handle[MIPC_HANDLE_SIZE];
  strcpy(handle, handle_of(r));
  CHECK_EQ(in_child(attach_as_nobody, handle), 0);
  mipc_region_put(r);
}

static void without_hint(void *argument) {
  (void)argument;
  CHECK_REFUSED(INHERITED("primary", .must_inherit = true), MIPC_E_NOT_INHERITED);
  mipc_region_t *r =
      open_region(INHERITED("primary", .must_inherit = true, .create = MIPC_CREATE_EXCLUSIVE));
  CHECK_EQ(report.made, 1);
  mipc_region_t *s = open_region(INHERITED("primary", .must_inherit = true));
  CHECK_EQ(report.made, 0);
  mipc_region_put(s);
  mipc_region_put(r);
  CHECK_REFUSED(INHERITED("primary", .inherited = "rubbish"), MIPC_E_RANGE);
}

static void with_hint(void *handle) {
  spec_t spec = INHERITED("primary", .inherited = handle, .must_inherit = true);
  mipc_region_t *r = open_region(spec);
  CHECK_EQ(report.made, 0);
  mipc_region_t *s = open_region(INHERITED("primary", .must_inherit = true));
  CHECK(mipc_region_header(s)->id_low == mipc_region_header(r)->id_low);
  spec.create = MIPC_CREATE_EXCLUSIVE;
  CHECK_REFUSED(spec, -EEXIST);
  mipc_region_put(s);
  mipc_region_put(r);
}

static void inherited(void) {
  CHECK_REFUSED(INHERITED("primary", .create = MIPC_CREATE_NEVER), -ENOENT);
  mipc_region_t *r = open_region(INHERITED("primary"));
  CHECK_EQ(report.made, 1);
  char handle[MIPC_HANDLE_SIZE];
  strcpy(handle, handle_of(r));
  CHECK_EQ(in_child(without_hint, NULL), 0); /* a child of fork() has also lost the table */
  CHECK_EQ(in_child(with_hint, handle), 0);
  CHECK_REFUSED(INHERITED("primary", .create = MIPC_CREATE_EXCLUSIVE), -EEXIST);
  CHECK_REFUSED(INHERITED("primary", .kind = MIPC_REGION_MAP), MIPC_E_KIND);
  mipc_region_t *reader = open_region(INHERITED("primary", .read_only = true, .size = 0));
  mipc_region_put(r);
  r = open_region(INHERITED("primary"));
  CHECK_EQ(report.made, 0); /* the reader keeps it alive */
  CHECK(strncmp(handle_of(r), handle, 38) == 0);
  mipc_region_put(reader);
  mipc_region_put(r);
  r = open_region(INHERITED("primary"));
  CHECK_EQ(report.made, 1);
  mipc_region_put(r);
  /* An inherited region that no longer exists: none, or an error where it must exist. */
  CHECK_REFUSED(INHERITED("primary", .inherited = handle, .must_inherit = true),
                MIPC_E_NOT_INHERITED);
  r = open_region(INHERITED("primary", .inherited = handle));
  CHECK_EQ(report.made, 1);
  mipc_region_put(r);
}

enum { THREADS = 8 };

typedef struct {
  pthread_barrier_t *barrier;
  uint64_t id;
  int made, status;
} meeting_t;

static void *meet(void *argument) {
  meeting_t *m = argument;
  mipc_report_t own;
  mipc_region_t *r;
  spec_t spec = INHERITED("threads");
  pthread_barrier_wait(m->barrier);
  do {
    m->status = mipc_region_open(&spec, &own, &r);
  } while (m->status == MIPC_E_TIMEOUT);
  if (m->status == 0) {
    m->id = mipc_region_header(r)->id_low;
    m->made = (int)own.made;
  }
  pthread_barrier_wait(m->barrier);
  if (m->status == 0) mipc_region_put(r);
  return NULL;
}

/* All threads of a process get one region, whichever opens it first. */
static void threads_meet(void) {
  for (int round = 0; round < 200; round++) {
    pthread_t ids[THREADS];
    meeting_t meetings[THREADS] = {0};
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) {
      meetings[i].barrier = &barrier;
      CHECK_EQ(pthread_create(&ids[i], NULL, meet, &meetings[i]), 0);
    }
    int made = 0;
    for (int i = 0; i < THREADS; i++) {
      pthread_join(ids[i], NULL);
      CHECK_EQ(meetings[i].status, 0);
      CHECK(meetings[i].id == meetings[0].id);
      made += meetings[i].made;
    }
    CHECK_EQ(made, 1);
    pthread_barrier_destroy(&barrier);
  }
}

int main(void) {
  board = shared_memory(sizeof *board);
  int descriptors = count_descriptors();
  not_handles();
  found();
  reused();
  forged();
  other_user();
  inherited();
  threads_meet();
  CHECK_EQ(count_descriptors(), descriptors);
  CHECK_EQ(count_maps("mmapipc-"), 0);
  return check_done("region_handle");
}
