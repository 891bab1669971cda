/*
 * os/file.h on Linux: files are opened, created, refused and removed, and never inherited. The
 * extension of files is in extend_test.c.
 */
#include "../../src/os/file.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/vfs.h>

#include "check.h"
#include "fixture.h"

#define MAKE (MIPC_OPEN_WRITE | MIPC_OPEN_CREATE)
#define ONLY (MAKE | MIPC_OPEN_EXCLUSIVE)

/* The file system that fstatfs() reports to mipc_file_coherent(); 0: the real one. */
static long pretended_type;
static int pretended_error;

int fstatfs(int fd, struct statfs *info) {
  (void)fd;
  memset(info, 0, sizeof *info);
  info->f_type = pretended_type;
  errno = pretended_error;
  return pretended_error ? -1 : 0;
}

static mipc_file_t open_good(const char *path, uint32_t flags, bool made_expected) {
  mipc_file_t file = MIPC_NO_FILE;
  bool made = !made_expected;
  CHECK_EQ(mipc_file_open(path, flags, 0600, &file, &made), 0);
  CHECK_EQ(made, made_expected);
  return file;
}

static void open_bad(const char *path, uint32_t flags, int status) {
  mipc_file_t file = {-77};
  bool made = true;
  CHECK_EQ(mipc_file_open(path, flags, 0600, &file, &made), status);
  CHECK_EQ(file.os, -77); /* untouched */
  CHECK_EQ(made, true);
}

static mipc_file_kind_t kind_of(mipc_file_t file) {
  mipc_file_info_t info = {.kind = (mipc_file_kind_t)99};
  CHECK_EQ(mipc_file_stat(file, &info), 0);
  return info.kind;
}

static void missing_file(void) {
  const char *path = path_of("missing");
  open_bad(path, MIPC_OPEN_READ, -ENOENT);
  open_bad(path, MIPC_OPEN_WRITE, -ENOENT);
  open_bad(path_of("missing/below"), MAKE, -ENOENT);
  CHECK_EQ(size_of(path), -1);
}

static void making_and_opening(void) {
  const char *path = path_of("made");
  umask(027);
  mipc_file_t file;
  bool made = false;
  CHECK_EQ(mipc_file_open(path, MAKE, 0666, &file, &made), 0);
  CHECK(made);
  struct stat st;
  CHECK(stat(path, &st) == 0 && (st.st_mode & 07777) == 0640);
  umask(022);
  CHECK_EQ(write(mipc_file_descriptor(file), "x", 1), 1);
  mipc_file_close(file);

  file = open_good(path, MAKE, false);
  mipc_file_info_t info;
  CHECK_EQ(mipc_file_stat(file, &info), 0);
  CHECK_EQ(info.size, 1); /* nothing was cut off */
  CHECK_EQ(info.kind, MIPC_KIND_FILE);
  mipc_file_close(file);

  file = open_good(path, MIPC_OPEN_READ, false);
  CHECK(write(mipc_file_descriptor(file), "x", 1) < 0 && errno == EBADF);
  mipc_file_close(file);
}

static void exclusive(void) {
  const char *path = path_of("exclusive");
  mipc_file_close(open_good(path, ONLY, true));
  open_bad(path, ONLY, -EEXIST);
  CHECK_EQ(size_of(path), 0);
}

/* No file is created through a dangling link: it could not be told from an existing one. */
static void dangling_link(void) {
  const char *link = path_of("dangling"), *target = path_of("target");
  CHECK_EQ(symlink(target, link), 0);
  open_bad(link, MIPC_OPEN_READ, -ENOENT);
  open_bad(link, ONLY, -EEXIST);
  open_bad(link, MAKE, -ENOENT);
  CHECK_EQ(size_of(target), -1);
}

static void links_are_followed(void) {
  const char *link = path_of("link"), *loop = path_of("loop");
  CHECK_EQ(symlink(make_file("linked", 10), link), 0);
  mipc_file_t file = open_good(link, MAKE, false);
  mipc_file_info_t info;
  CHECK(mipc_file_stat(file, &info) == 0 && info.size == 10);
  mipc_file_close(file);
  CHECK_EQ(symlink(loop, loop), 0);
  open_bad(loop, MIPC_OPEN_READ, -ELOOP);
}

static void paths_the_system_refuses(void) {
  char name[300];
  memset(name, 'n', sizeof name - 1);
  name[sizeof name - 1] = '\0';
  open_bad("", MIPC_OPEN_READ, -ENOENT);
  char path[1024];
  snprintf(path, sizeof path, "%s/%s", fixture_folder, name);
  open_bad(path, MAKE, -ENAMETOOLONG);
  snprintf(path, sizeof path, "%s/below", make_file("no-folder", 1));
  open_bad(path, MAKE, -ENOTDIR);
}

/* The alarm ends a test that hangs here. */
static void fifo_does_not_block(void) {
  const char *path = path_of("fifo");
  CHECK_EQ(mkfifo(path, 0600), 0);
  alarm(10);
  mipc_file_t file = open_good(path, MIPC_OPEN_READ, false);
  CHECK_EQ(kind_of(file), MIPC_KIND_OTHER);
  mipc_file_close(file);
  file = open_good(path, MAKE, false);
  CHECK_EQ(kind_of(file), MIPC_KIND_OTHER);
  mipc_file_close(file);
  alarm(0);
}

static void other_kinds(void) {
  mipc_file_t file = open_good(fixture_folder, MIPC_OPEN_READ, false);
  CHECK_EQ(kind_of(file), MIPC_KIND_DIRECTORY);
  mipc_file_close(file);
  open_bad(fixture_folder, MAKE, -EISDIR);
  file = open_good("/dev/null", MIPC_OPEN_WRITE, false);
  CHECK_EQ(kind_of(file), MIPC_KIND_OTHER);
  mipc_file_close(file);
}

static void duplicate_is_our_own(void) {
  const char *path = make_file("duplicate", 7);
  int theirs = open(path, O_RDWR | O_CLOEXEC);
  mipc_file_t file = MIPC_NO_FILE;
  CHECK_EQ(mipc_file_dup(theirs, &file), 0);
  CHECK(mipc_file_descriptor(file) != theirs);
  close(theirs);
  mipc_file_info_t info;
  CHECK(mipc_file_stat(file, &info) == 0 && info.size == 7);
  mipc_file_close(file);
  CHECK_EQ(mipc_file_stat(file, &info), -EBADF);
  CHECK_EQ(info.size, 7);

  mipc_file_t none = {-77};
  CHECK_EQ(mipc_file_dup(theirs, &none), -EBADF);
  CHECK_EQ(mipc_file_dup(-1, &none), -EBADF);
  CHECK_EQ(none.os, -77);
}

static void nothing_is_inherited(void) {
  const char *path = path_of("inherited");
  mipc_file_t made = open_good(path, MAKE, true), opened = open_good(path, MIPC_OPEN_READ, false);
  mipc_file_t copy = MIPC_NO_FILE;
  int plain = open(path, O_RDONLY);
  CHECK_EQ(mipc_file_dup(plain, &copy), 0);
  CHECK_EQ(fcntl(plain, F_GETFD) & FD_CLOEXEC, 0); /* the caller's descriptor is unchanged */
  CHECK(fcntl(mipc_file_descriptor(made), F_GETFD) & FD_CLOEXEC);
  CHECK(fcntl(mipc_file_descriptor(opened), F_GETFD) & FD_CLOEXEC);
  CHECK(fcntl(mipc_file_descriptor(copy), F_GETFD) & FD_CLOEXEC);
  mipc_file_close(made);
  mipc_file_close(opened);
  mipc_file_close(copy);
  close(plain);
}

static void no_descriptor_left(void) {
  const char *path = make_file("plenty", 1);
  int theirs = open(path, O_RDONLY | O_CLOEXEC);
  struct rlimit limit, none;
  getrlimit(RLIMIT_NOFILE, &limit);
  none = (struct rlimit){0, limit.rlim_max};
  setrlimit(RLIMIT_NOFILE, &none);
  open_bad(path, MAKE, -EMFILE);
  mipc_file_t file;
  int status = mipc_file_dup(theirs, &file);
  CHECK(status == -EMFILE || status == -EINVAL); /* EINVAL: 0 is beyond this limit already */
  setrlimit(RLIMIT_NOFILE, &limit);
  close(theirs);
}

static void only_the_same_file_is_removed(void) {
  const char *path = path_of("removed"), *other = path_of("other");
  mipc_file_t file = open_good(path, MAKE, true);
  CHECK_EQ(rename(path, other), 0);
  mipc_file_remove(path, file); /* no such name: nothing happens */
  make_file("removed", 3);
  mipc_file_remove(path, file);
  CHECK_EQ(size_of(path), 3); /* another file by now */
  mipc_file_remove(other, MIPC_NO_FILE);
  CHECK_EQ(size_of(other), 0);
  CHECK_EQ(unlink(path), 0);
  CHECK_EQ(symlink(other, path), 0);
  mipc_file_remove(path, file);
  struct stat st;
  CHECK_EQ(lstat(path, &st), 0); /* a link to the file is not the file */
  CHECK_EQ(size_of(other), 0);
  mipc_file_remove(other, file);
  CHECK_EQ(size_of(other), -1);
  mipc_file_close(file);
}

static void closing_nothing(void) {
  int before = count_descriptors();
  mipc_file_close(MIPC_NO_FILE);
  CHECK_EQ(count_descriptors(), before);
  CHECK_EQ(mipc_file_descriptor(MIPC_NO_FILE), -1);
}

static void shared_memory_on_these_file_systems(void) {
  static const struct {
    long type;
    bool coherent;
  } types[] = {
      {0xEF53, true},
      {0x01021994, true},
      {0x58465342, true},
      {0x9123683E, true},
      {0x794C7630, true},
      {0x6969, false},
      {0x01021997, false},
      {0x65735546, false},
      {0x517B, false},
      {0x00C36400, false},
      {0xFF534D42, false},
      {0xFE534D42, false},
      /* f_type is a signed word: with 32 bits these are negative */
      {(int32_t)0xFF534D42, false},
      {(int32_t)0x9123683E, true},
  };
  mipc_file_t file = open_good(make_file("coherent", 1), MIPC_OPEN_READ, false);
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    pretended_type = types[i].type;
    if (!CHECK_EQ(mipc_file_coherent(file), types[i].coherent)) printf("  %lx\n", types[i].type);
  }
  pretended_error = ENOSYS;
  pretended_type = 0x6969;
  CHECK(mipc_file_coherent(file)); /* a system that cannot tell */
  pretended_error = 0;
  mipc_file_close(file);
}

int main(void) {
  path_of("");
  int before = count_descriptors();
  missing_file();
  making_and_opening();
  exclusive();
  dangling_link();
  links_are_followed();
  paths_the_system_refuses();
  fifo_does_not_block();
  other_kinds();
  duplicate_is_our_own();
  nothing_is_inherited();
  no_descriptor_left();
  only_the_same_file_is_removed();
  closing_nothing();
  shared_memory_on_these_file_systems();
  CHECK_EQ(count_descriptors(), before);
  return check_done("file");
}
