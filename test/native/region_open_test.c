/*
 * region/region.h, one process after the other: regions are created, found and refused, and a
 * refusal leaves nothing.
 */
#include "regions.h"

#include <sys/socket.h>
#include <sys/un.h>

static void anonymous(void) {
  int descriptors = count_descriptors();
  mipc_region_t *r = open_region(ANONYMOUS(.size = (uint64_t)1 << 30));
  CHECK_EQ(report.made, 1);
  CHECK_EQ(report.size, (uint64_t)1 << 30);
  CHECK_EQ(report.number, 1);
  CHECK_EQ(count_descriptors(), descriptors + 2);
  CHECK_EQ(mipc_region_size(r), (uint64_t)1 << 30);
  CHECK_EQ(mipc_region_status(r), 0);
  int fd = (int)mipc_region_file(r).os;
  struct stat st;
  CHECK(fstat(fd, &st) == 0 && st.st_nlink == 0 && (st.st_mode & 077) == 0);
  CHECK(st.st_blocks * 512 < 1 << 20); /* an untouched gigabyte costs nothing */
  CHECK_EQ(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  CHECK(ftruncate(fd, 4096) < 0 && errno == EPERM);
  CHECK(ftruncate(fd, (off_t)2 << 30) < 0 && errno == EPERM);
  CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) < 0 && errno == EPERM);
  mipc_region_put(r);
  CHECK_EQ(count_descriptors(), descriptors);
  CHECK_EQ(count_maps("mmapipc-"), 0);
  CHECK_REFUSED(ANONYMOUS(.size = 0), MIPC_E_RANGE);
  CHECK_REFUSED(ANONYMOUS(.size = UINT64_MAX), MIPC_E_RANGE);
  CHECK_REFUSED(ANONYMOUS(.size = MIPC_MAX_OFFSET), MIPC_E_RANGE);
  CHECK_REFUSED(ANONYMOUS(.read_only = true), MIPC_E_RANGE);
}

/* The common behaviour of names and paths. */
static void found_again(spec_t spec) {
  spec_t with = spec;
  with.create = MIPC_CREATE_NEVER;
  CHECK_REFUSED(with, -ENOENT);
  with = spec;
  with.size = 0;
  CHECK_REFUSED(with, -ENOENT);
  with = spec;
  with.read_only = true;
  CHECK_REFUSED(with, -ENOENT);
  with = spec;
  with.create = MIPC_CREATE_EXCLUSIVE;
  mipc_region_t *first = open_region(with), *second;
  CHECK_EQ(report.made, 1);
  CHECK_REFUSED(with, -EEXIST);
  CHECK_EQ(report.capacity, 4096);
  with.create = MIPC_CREATE_NEVER;
  with.size = 0;
  second = open_region(with);
  CHECK_EQ(report.made, 0);
  CHECK_EQ(report.size, 4096);
  CHECK_EQ(mipc_region_number(second), 2);
  mipc_region_put(second);
  with.size = 4097;
  CHECK_REFUSED(with, MIPC_E_TOO_SMALL);
  CHECK_EQ(report.capacity, 4096);
  with = spec;
  with.kind = MIPC_REGION_SHARE;
  CHECK_REFUSED(with, MIPC_E_KIND);
  CHECK_EQ(report.region_kind, MIPC_REGION_MMAP);
  with = spec;
  with.read_only = true;
  second = open_region(with);
  CHECK_EQ(mipc_region_number(second), 0);
  CHECK(mipc_region_read_only(second));
  mipc_region_close(first);
  mipc_region_close(first);
  CHECK_EQ(mipc_region_status(first), MIPC_E_CLOSED);
  CHECK(!mipc_region_header(first));
  mipc_region_put(first);
  CHECK_EQ(mipc_region_status(second), 0);
  mipc_region_put(second);
}

static void names(void) {
  found_again(NAMED("plain"));
  CHECK_EQ(count_names(), 0);
  /* A name is any text; two names never share a file. */
  static const char *const odd[] = {".", "..", "a/b", "a%2Fb", "/", "\xC3\xA4", "\n", " ", "%"};
  enum { ODD = sizeof odd / sizeof *odd };
  mipc_region_t *regions[ODD];
  for (int i = 0; i < ODD; i++) {
    regions[i] = open_region(NAMED(odd[i], .create = MIPC_CREATE_EXCLUSIVE));
  }
  CHECK_EQ(count_files(fixture_folder), 1);
  for (int i = 0; i < ODD; i++) {
    mipc_region_t *again = open_region(NAMED(odd[i], .create = MIPC_CREATE_NEVER));
    mipc_region_put(again);
    mipc_region_put(regions[i]);
  }
  CHECK_EQ(count_names(), 0);
  CHECK_REFUSED(NAMED(""), MIPC_E_RANGE);
  char name[400];
  memset(name, 'x', sizeof name - 1);
  name[sizeof name - 1] = '\0';
  CHECK_REFUSED(NAMED(name), -ENAMETOOLONG);
  name[255] = '\0';
  mipc_region_put(open_region(NAMED(name)));
}

/* Unlike a name, it exists without participants. */
static void paths(void) {
  const char *path = path_of("region");
  found_again(AT_PATH(path));
  CHECK_EQ(size_of(path), MIPC_PAYLOAD_OFFSET + 4096);
  mipc_region_t *r = open_region(AT_PATH(path, .create = MIPC_CREATE_NEVER));
  CHECK_EQ(report.made, 0);
  CHECK_EQ(mipc_region_number(r), 3); /* continues the numbers */
  mipc_region_put(r);
  CHECK_EQ(unlink(path), 0);
  struct stat st;
  mipc_region_put(open_region(AT_PATH(path, .mode = 0640)));
  CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0640);
  CHECK_REFUSED(AT_PATH(path_of("missing/region")), -ENOENT);
  CHECK_EQ(report.call, MIPC_CALL_OPEN);
}

/* A file of `size` bytes that begins with this header. */
static const char *make_header(const char *name, mipc_region_shm_t header, off_t size) {
  const char *path = path_of(name);
  int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  size_t length = (size_t)size < sizeof header ? (size_t)size : sizeof header;
  CHECK(pwrite(fd, &header, length, 0) == (ssize_t)length && ftruncate(fd, size) == 0);
  close(fd);
  return path;
}

static mipc_region_shm_t header_of(const char *path) {
  mipc_region_shm_t header;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  CHECK(pread(fd, &header, sizeof header, 0) == (ssize_t)sizeof header);
  close(fd);
  return header;
}

/* Other content at the path is refused with its own error, and no byte of it changes. */
static void strangers(void) {
  const char *path = make_file("stranger", 100000);
  CHECK_REFUSED(AT_PATH(path), MIPC_E_FOREIGN);
  CHECK_REFUSED(AT_PATH(path, .create = MIPC_CREATE_EXCLUSIVE), -EEXIST);
  CHECK_EQ(size_of(path), 100000);
  CHECK_EQ(byte_of(path, 0), pattern_at(0));
  CHECK_REFUSED(AT_PATH(make_file("tiny", 3)), MIPC_E_FOREIGN);
  int fd = open(path_of("zeros"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  CHECK_EQ(ftruncate(fd, 200000), 0);
  close(fd);
  CHECK_REFUSED(AT_PATH(path_of("zeros")), MIPC_E_FOREIGN);

  path = path_of("model");
  mipc_region_put(open_region(AT_PATH(path)));
  const mipc_region_shm_t model = header_of(path);
  const off_t size = size_of(path);
  mipc_region_shm_t h = model;
  h.version = MIPC_REGION_VERSION + 1;
  CHECK_REFUSED(AT_PATH(make_header("newer", h, size)), MIPC_E_VERSION);
  CHECK_EQ(report.version, MIPC_REGION_VERSION + 1);
  h = model;
  h.magic = 0x6370696D;
  CHECK_REFUSED(AT_PATH(make_header("other-endian", h, size)), MIPC_E_VERSION);
  CHECK_REFUSED(AT_PATH(make_header("shorter", model, size - 1)), MIPC_E_CORRUPT);
  CHECK_REFUSED(AT_PATH(make_header("cut", model, 500)), MIPC_E_CORRUPT);
  h = model;
  h.payload_size = UINT64_MAX;
  CHECK_REFUSED(AT_PATH(make_header("endless", h, size)), MIPC_E_CORRUPT);

  CHECK_REFUSED(AT_PATH(fixture_folder), -EISDIR);
  CHECK_REFUSED(AT_PATH(fixture_folder, .read_only = true), MIPC_E_UNSUPPORTED);
  CHECK_EQ(report.kind, MIPC_KIND_DIRECTORY);
  CHECK_EQ(mkfifo(path_of("fifo"), 0600), 0);
  CHECK_REFUSED(AT_PATH(path_of("fifo")), MIPC_E_UNSUPPORTED);
  CHECK_REFUSED(AT_PATH(path_of("fifo"), .read_only = true), MIPC_E_UNSUPPORTED);
  CHECK_EQ(symlink(path_of("model"), path_of("link")), 0);
  CHECK_REFUSED(AT_PATH(path_of("link")), -ELOOP);
  CHECK_EQ(symlink(path_of("nothing"), path_of("dangling")), 0);
  CHECK_REFUSED(AT_PATH(path_of("dangling")), -ELOOP);
  CHECK_EQ(size_of(path_of("nothing")), -1);
}

/* The same under names: an unused file is no region, and is replaced. */
static void stale_files(void) {
  mipc_region_put(open_region(NAMED("seen")));
  const char *path = file_of("old");
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  CHECK_EQ(pwrite(fd, "garbage garbage", 15, 0), 15);
  close(fd);
  CHECK_REFUSED(NAMED("old", .create = MIPC_CREATE_NEVER), -ENOENT);
  CHECK_EQ(size_of(path), -1);
  fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  close(fd);
  mipc_region_t *r = open_region(NAMED("old", .create = MIPC_CREATE_EXCLUSIVE));
  CHECK_EQ(report.made, 1);
  mipc_region_put(r);
  /* A damaged region in use is refused: its participants keep it. */
  r = open_region(NAMED("held"));
  mipc_region_header(r)->payload_size = 0;
  CHECK_REFUSED(NAMED("held"), MIPC_E_CORRUPT);
  mipc_region_header(r)->payload_size = 4096;
  mipc_region_put(open_region(NAMED("held", .create = MIPC_CREATE_NEVER)));
  mipc_region_header(r)->id_high ^= 1;
  CHECK_EQ(mipc_region_status(r), MIPC_E_CORRUPT);
  mipc_region_put(r);
  CHECK_EQ(symlink("/etc/passwd", file_of("link")), 0);
  CHECK_REFUSED(NAMED("link"), -ELOOP);
  CHECK_EQ(mkdir(file_of("folder"), 0700), 0);
  CHECK_REFUSED(NAMED("folder"), -EISDIR);
  CHECK_EQ(count_names(), 2);
  CHECK(unlink(file_of("link")) == 0 && rmdir(file_of("folder")) == 0);
}

/* Unfinished files, as a killed creator leaves them at each step. */
static void half_made(void) {
  static const off_t sizes[] = {0, 8, 4096, MIPC_PAYLOAD_OFFSET + 100, MIPC_PAYLOAD_OFFSET + 9000};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    mipc_region_shm_t h = {.magic = MIPC_REGION_MAGIC};
    memset(h.reserved.bytes, 7, sizeof h.reserved.bytes);
    const char *path = make_header("half", h, sizes[i]);
    CHECK_REFUSED(AT_PATH(path, .create = MIPC_CREATE_NEVER), -ENOENT);
    CHECK_EQ(size_of(path), sizes[i]);
    mipc_region_t *r = open_region(AT_PATH(path, .create = MIPC_CREATE_EXCLUSIVE));
    CHECK_EQ(report.made, 1);
    CHECK(all_are(mipc_region_header(r)->reserved.bytes, sizeof h.reserved.bytes, 0));
    mipc_region_put(r);
    CHECK_EQ(unlink(path), 0);
  }
}

static void as_nobody(void *argument) {
  (void)argument;
  CHECK(setgid(65534) == 0 && setuid(65534) == 0);
  CHECK_REFUSED(AT_PATH(path_of("model"), .create = MIPC_CREATE_NEVER), -EACCES);
  CHECK_EQ(report.call, MIPC_CALL_OPEN);
  CHECK_REFUSED(NAMED("x"), MIPC_E_OWNER);
}

/* A file or directory of another user; needs root. */
static void other_users(void) {
  mipc_region_put(open_region(NAMED("mine")));
  const char *folder = file_of("");
  CHECK_EQ(chmod(folder, 0701), 0);
  CHECK_REFUSED(NAMED("mine"), MIPC_E_OWNER);
  CHECK_EQ(chmod(folder, 0700), 0);
  if (geteuid() != 0) return;
  CHECK_EQ(chown(folder, 65534, 65534), 0);
  CHECK_REFUSED(NAMED("mine"), MIPC_E_OWNER);
  CHECK_EQ(chown(folder, 0, 0), 0);
  int fd = open(file_of("theirs"), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  CHECK_EQ(fchown(fd, 65534, 65534), 0);
  close(fd);
  CHECK_REFUSED(NAMED("theirs"), MIPC_E_OWNER);
  CHECK_EQ(unlink(file_of("theirs")), 0);
  char squatted[300];
  snprintf(squatted, sizeof squatted, "%.200s/mmapipc-65534", fixture_folder);
  CHECK(mkdir(squatted, 0700) == 0 && chmod(fixture_folder, 0755) == 0);
  CHECK_EQ(in_child(as_nobody, NULL), 0);
  CHECK_EQ(rmdir(squatted), 0);
  CHECK_EQ(chmod(fixture_folder, 0700), 0);
}

static void no_space(void) {
  const char *folder = path_of("small");
  if (!mount_small(folder, "1m")) return;
  char path[400];
  snprintf(path, sizeof path, "%.200s/region", folder);
  spec_t named = NAMED("big", .directory = folder, .size = 8 << 20);
  CHECK_REFUSED(named, -ENOSPC);
  CHECK_EQ(report.call, MIPC_CALL_FALLOCATE);
  CHECK_REFUSED(AT_PATH(path, .size = 8 << 20), -ENOSPC);
  CHECK_EQ(size_of(path), -1);
  CHECK_EQ(count_files(folder), 1); /* the directory of names */
  named.size = 512 << 10;
  mipc_region_t *r = open_region(named);
  named.where = "second";
  CHECK_REFUSED(named, -ENOSPC);
  CHECK_REFUSED(AT_PATH(path, .size = 900 << 10), -ENOSPC);
  mipc_region_put(r);
  /* The whole megabyte is free again. */
  mipc_region_put(open_region(AT_PATH(path, .size = 900 << 10)));
  CHECK_EQ(umount2(folder, MNT_DETACH), 0);
}

/* A path region of another boot. */
static void after_a_crash(void) {
  const char *path = path_of("crash");
  mipc_region_t *r = open_region(AT_PATH(path));
  mipc_region_header(r)->next_number = 1000;
  mipc_region_header(r)->boot_low ^= 1;
  CHECK_EQ(mipc_region_header(r)->clean, 0);
  mipc_region_put(r);
  CHECK_EQ(header_of(path).clean, 1);
  r = open_region(AT_PATH(path)); /* left clean: only the numbers restart */
  CHECK_EQ(mipc_region_number(r), 1);
  CHECK_EQ(mipc_region_header(r)->clean, 0);
  mipc_region_header(r)->boot_low ^= 1;
  /* a writer is attached: whatever the header says, the machine is running */
  mipc_region_put(open_region(AT_PATH(path, .create = MIPC_CREATE_NEVER)));
  mipc_region_put(r);
  mipc_region_shm_t h = header_of(path);
  CHECK_EQ(h.clean, 1);
  h.clean = 0;
  make_header("crash", h, MIPC_PAYLOAD_OFFSET + 4096);
  CHECK_REFUSED(AT_PATH(path), MIPC_E_UNCLEAN);
  CHECK_REFUSED(AT_PATH(path, .read_only = true), MIPC_E_UNCLEAN);
  mipc_region_put(open_region(AT_PATH(path, .read_only = true, .accept_unclean = true)));
  CHECK_REFUSED(AT_PATH(path), MIPC_E_UNCLEAN);
  r = open_region(AT_PATH(path, .accept_unclean = true));
  CHECK_EQ(mipc_region_number(r), 1);
  mipc_region_put(r);
  mipc_region_put(open_region(AT_PATH(path)));
}

static void truncated(void) {
  const char *path = path_of("cut-off");
  mipc_region_t *r = open_region(AT_PATH(path, .guard = true));
  CHECK_EQ(mipc_region_status(r), 0);
  CHECK_EQ(truncate(path, 100), 0);
  CHECK_EQ(mipc_region_header(r)->rest.bytes[1000], 0);
  CHECK_EQ(truncate(path, 0), 0);
  CHECK_EQ(mipc_region_status(r), MIPC_E_TRUNCATED);
  /* It looks unfinished, but it is in use. */
  CHECK_REFUSED(AT_PATH(path), MIPC_E_TRUNCATED);
  CHECK_EQ(size_of(path), 0);
  mipc_region_put(r);
  mipc_region_put(open_region(AT_PATH(path)));
  CHECK_EQ(size_of(path), MIPC_PAYLOAD_OFFSET + 4096);
}

int main(void) {
  signal(SIGBUS, SIG_DFL); /* the handler of the sanitizers would report it */
  anonymous();
  names();
  paths();
  strangers();
  stale_files();
  half_made();
  other_users();
  no_space();
  after_a_crash();
  truncated();
  for (int round = 0; count_names() > 0 && round < 2; round++)
    mipc_region_put(open_region(NAMED("sweep")));
  CHECK_EQ(rmdir(file_of("")), 0);
  return check_done("region_open");
}
