/*
 * Failures of shm/mapping.h: the right status, the system call that failed, and no file, byte,
 * descriptor or memory left behind.
 */
#include "mappings.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/vfs.h>

/* The file system that fstatfs() reports; 0: tmpfs. */
static long pretended_type;

int fstatfs(int fd, struct statfs *info) {
  (void)fd;
  memset(info, 0, sizeof *info);
  info->f_type = pretended_type ? pretended_type : 0x01021994;
  return 0;
}

/* Checks that it fails as expected and leaves nothing in the folder of the test. */
static void fails(mipc_mapping_spec_t spec, int status, mipc_call_t call) {
  int descriptors = count_descriptors(), maps = count_maps(fixture_folder);
  mipc_mapping_t *mapping = (mipc_mapping_t *)&report;
  memset(&report, 0xA5, sizeof report);
  bool good = CHECK_EQ(mipc_mapping_open(&spec, &report, &mapping), status);
  good = CHECK_EQ(report.call, call) && good;
  good = CHECK(mapping == (mipc_mapping_t *)&report) && good;
  good = CHECK(report.fd == -1 && report.size == 0 && report.address == 0) && good;
  good = CHECK_EQ(report.page_size, mipc_vm_page_size()) && good;
  good = CHECK_EQ(count_descriptors(), descriptors) && good;
  good = CHECK_EQ(count_maps(fixture_folder), maps) && good;
  if (!good) printf("  mapping of %s, prot %u\n", spec.path ? spec.path : "fd", spec.prot);
}

static void senseless_specifications(void) {
  const char *path = make_file("there", 100);
  const uint64_t max = 9007199254740991;
  static const uint32_t prots[] = {0, 4, 5, 7, 8, UINT32_MAX};
  for (size_t i = 0; i < sizeof prots / sizeof *prots; i++)
    fails(SPEC(path, prots[i]), MIPC_E_RANGE, MIPC_CALL_NONE);
  fails(SPEC(path, READ, .offset = max + 1), MIPC_E_RANGE, MIPC_CALL_NONE);
  fails(SPEC(path, READ, .offset = max, .length = 1), MIPC_E_RANGE, MIPC_CALL_NONE);
  fails(SPEC(path, READ, .length = max + 1), MIPC_E_RANGE, MIPC_CALL_NONE);
  fails(SPEC(path, BOTH, .offset = 1, .length = UINT64_MAX), MIPC_E_RANGE, MIPC_CALL_NONE);
  fails(SPEC(path, BOTH, .offset = UINT64_MAX, .length = 1), MIPC_E_RANGE, MIPC_CALL_NONE);
  path = path_of("not-made");
  mipc_create_t only = MIPC_CREATE_EXCLUSIVE;
  fails(SPEC(path, BOTH, .create = only), MIPC_E_RANGE, MIPC_CALL_NONE);
  fails(SPEC(path, READ, .create = only, .length = 1), MIPC_E_RANGE, MIPC_CALL_NONE);
  fails(SPEC(path, BOTH, .create = only, .length = 1, .copy_on_write = true), MIPC_E_RANGE,
        MIPC_CALL_NONE);
  CHECK_EQ(size_of(path), -1);
  CHECK_EQ(size_of(path_of("there")), 100);
}

static void files_that_are_not_there(void) {
  const char *path = path_of("not-there");
  mipc_create_t make = MIPC_CREATE_IF_MISSING;
  fails(SPEC(path, READ), -ENOENT, MIPC_CALL_OPEN);
  fails(SPEC(path, READ, .length = 10, .create = make), -ENOENT, MIPC_CALL_OPEN);
  fails(SPEC(path, BOTH, .length = 10), -ENOENT, MIPC_CALL_OPEN);
  fails(SPEC(path, BOTH, .create = make), -ENOENT, MIPC_CALL_OPEN);
  fails(SPEC(path, BOTH, .length = 10, .create = make, .copy_on_write = true), -ENOENT,
        MIPC_CALL_OPEN);
  CHECK_EQ(size_of(path), -1);
  fails(SPEC(NULL, READ, .fd = -1), -EBADF, MIPC_CALL_DUP);
  fails(SPEC(NULL, BOTH, .fd = 987, .length = 10), -EBADF, MIPC_CALL_DUP);
}

static void files_that_are_there(void) {
  const char *path = make_file("exists", 10);
  fails(SPEC(path, BOTH, .length = 100, .create = MIPC_CREATE_EXCLUSIVE), -EEXIST, MIPC_CALL_OPEN);
  CHECK_EQ(size_of(path), 10);
}

static void not_files(void) {
  fails(SPEC(fixture_folder, READ), MIPC_E_UNSUPPORTED, MIPC_CALL_NONE);
  CHECK_EQ(report.kind, MIPC_KIND_DIRECTORY);
  fails(SPEC(fixture_folder, BOTH, .length = 10), -EISDIR, MIPC_CALL_OPEN);
  const char *path = path_of("fifo");
  CHECK_EQ(mkfifo(path, 0600), 0);
  alarm(10);
  fails(SPEC(path, READ), MIPC_E_UNSUPPORTED, MIPC_CALL_NONE);
  CHECK_EQ(report.kind, MIPC_KIND_OTHER);
  fails(SPEC(path, BOTH, .length = 10, .create = MIPC_CREATE_IF_MISSING), MIPC_E_UNSUPPORTED,
        MIPC_CALL_NONE);
  alarm(0);
  CHECK_EQ(size_of(path), 0);
  fails(SPEC("/dev/zero", BOTH, .length = 10), MIPC_E_UNSUPPORTED, MIPC_CALL_NONE);
  CHECK_EQ(report.kind, MIPC_KIND_OTHER);
}

static void files_too_small(void) {
  const char *path = make_file("small", 100), *empty = make_file("empty", 0);
  mipc_mapping_spec_t specs[] = {
      SPEC(path, READ, .offset = 100),
      SPEC(path, READ, .offset = 5000),
      SPEC(path, BOTH, .offset = 100), /* no length: the size to extend to is unknown */
      SPEC(path, READ, .length = 101),
      SPEC(path, READ, .offset = 1, .length = 100),
      SPEC(path, BOTH, .length = 101, .copy_on_write = true),
      SPEC(path, READ, .length = 9007199254740991),
  };
  for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
    fails(specs[i], MIPC_E_FILE_TOO_SMALL, MIPC_CALL_NONE);
    CHECK_EQ(report.file_size, 100);
  }
  CHECK_EQ(size_of(path), 100);
  fails(SPEC(empty, READ), MIPC_E_FILE_TOO_SMALL, MIPC_CALL_NONE);
  CHECK_EQ(report.file_size, 0);
}

/* The mapping fails before the file is extended. */
static void descriptor_that_cannot_write(void) {
  const char *path = make_file("readable", 100);
  int theirs = open(path, O_RDONLY | O_CLOEXEC);
  fails(SPEC(NULL, BOTH, .fd = theirs, .length = 200), -EACCES, MIPC_CALL_MMAP);
  CHECK_EQ(size_of(path), 100);
  close(theirs);
  theirs = open(path, O_WRONLY | O_CLOEXEC);
  fails(SPEC(NULL, READ, .fd = theirs), -EACCES, MIPC_CALL_MMAP);
  fails(SPEC(NULL, BOTH, .fd = theirs, .length = 200), -EACCES, MIPC_CALL_MMAP);
  CHECK_EQ(size_of(path), 100);
  close(theirs);
}

static void more_than_the_address_space(void) {
  const char *path = path_of("too-much");
  mipc_create_t make = MIPC_CREATE_IF_MISSING;
  fails(SPEC(path, BOTH, .length = 9007199254740991, .create = make), -ENOMEM, MIPC_CALL_MMAP);
  CHECK_EQ(size_of(path), -1);
  make_file("too-much", 10);
  fails(SPEC(path, BOTH, .length = 9007199254740991, .create = make), -ENOMEM, MIPC_CALL_MMAP);
  CHECK_EQ(size_of(path), 10);
}

static void no_descriptor_left(void) {
  const char *path = path_of("plenty");
  struct rlimit limit, none;
  getrlimit(RLIMIT_NOFILE, &limit);
  int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
  none = (struct rlimit){(rlim_t)next, limit.rlim_max};
  mipc_mapping_spec_t by_path = SPEC(path, BOTH, .length = 1, .create = MIPC_CREATE_IF_MISSING);
  mipc_mapping_spec_t by_descriptor = SPEC(NULL, READ, .fd = 0);
  mipc_mapping_t *mapping;
  close(next);
  setrlimit(RLIMIT_NOFILE, &none);
  int status = mipc_mapping_open(&by_path, &report, &mapping);
  uint32_t call = report.call;
  int other_status = mipc_mapping_open(&by_descriptor, &report, &mapping);
  setrlimit(RLIMIT_NOFILE, &limit);
  CHECK_EQ(status, -EMFILE);
  CHECK_EQ(call, MIPC_CALL_OPEN);
  CHECK_EQ(other_status, -EMFILE);
  CHECK_EQ(report.call, MIPC_CALL_DUP);
  CHECK_EQ(size_of(path), -1);
}

static void file_systems_that_do_not_share(void) {
  const char *path = make_file("remote", 100);
  pretended_type = 0x6969;
  fails(SPEC(path, BOTH), MIPC_E_FILESYSTEM, MIPC_CALL_NONE);
  fails(SPEC(path, BOTH, .length = 200), MIPC_E_FILESYSTEM, MIPC_CALL_NONE);
  CHECK_EQ(size_of(path), 100);
  fails(SPEC(path_of("not-here"), BOTH, .length = 1, .create = MIPC_CREATE_EXCLUSIVE),
        MIPC_E_FILESYSTEM, MIPC_CALL_NONE);
  CHECK_EQ(size_of(path_of("not-here")), -1);
  close_mapping(open_mapping(SPEC(path, READ)));
  close_mapping(open_mapping(SPEC(path, BOTH, .copy_on_write = true)));
  close_mapping(open_mapping(SPEC(path, BOTH, .any_filesystem = true)));
  pretended_type = 0;
}

/* The size of the address space of this process in bytes. */
static uint64_t address_space(void) {
  unsigned long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  CHECK(file && fscanf(file, "%lu", &pages) == 1);
  if (file) fclose(file);
  return (uint64_t)pages * mipc_vm_page_size();
}

/* Runs with `room` bytes of address space left. */
static int open_within(uint64_t room, const mipc_mapping_spec_t *spec, mipc_mapping_t **ret) {
  struct rlimit limit, low;
  getrlimit(RLIMIT_AS, &limit);
  low = (struct rlimit){address_space() + room, limit.rlim_max};
  setrlimit(RLIMIT_AS, &low);
  int status = mipc_mapping_open(spec, &report, ret);
  setrlimit(RLIMIT_AS, &limit);
  return status;
}

/* Room for the true image but not for the user's: both are one, and a stray store is a fault. */
static void no_memory_for_the_second_image(void) {
  enum { MIB = 1 << 20 };
  const char *path = make_file("second", 100);
  CHECK_EQ(truncate(path, 64 * MIB), 0);
  mipc_mapping_spec_t spec = SPEC(path, READ);
  mipc_mapping_t *m = NULL;
  if (CHECK_EQ(open_within(96 * MIB, &spec, &m), 0)) {
    CHECK_EQ(count_maps(path), 1);
    CHECK_EQ(report.call, MIPC_CALL_NONE);
    uint8_t *shown = mipc_mapping_window(m, 0, 100, false);
    CHECK(is_pattern(shown, 100, 0));
    mipc_mapping_put_window(m);
    close_mapping(m);
  }
  m = NULL;
  CHECK_EQ(open_within(32 * MIB, &spec, &m), -ENOMEM);
  CHECK_EQ(report.call, MIPC_CALL_MMAP);
  CHECK(m == NULL);
  CHECK_EQ(count_maps(path), 0);
}

/* In a folder with room for less than 128 MiB in one file: a file that had to grow is as before,
 * except for `slack` blocks of 512 bytes (ext4 keeps its index of extents). */
static void fails_to_grow(const char *folder, int status, int64_t slack) {
  char path[600];
  snprintf(path, sizeof path, "%s/grows", folder);
  mipc_mapping_spec_t spec = SPEC(path, BOTH, .length = 1 << 27, .create = MIPC_CREATE_IF_MISSING);
  fails(spec, status, MIPC_CALL_FALLOCATE);
  CHECK_EQ(size_of(path), -1);
  spec.create = MIPC_CREATE_EXCLUSIVE;
  spec.offset = 5000;
  fails(spec, status, MIPC_CALL_FALLOCATE);
  CHECK_EQ(size_of(path), -1);

  spec.create = MIPC_CREATE_IF_MISSING;
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  CHECK_EQ(write(fd, "12345", 5), 5);
  int64_t blocks = blocks_of(path);
  spec.path = path;
  fails(spec, status, MIPC_CALL_FALLOCATE);
  CHECK_EQ(report.file_size, 5);
  CHECK_EQ(size_of(path), 5);
  CHECK(blocks_of(path) >= blocks && blocks_of(path) <= blocks + slack);
  spec.path = NULL;
  spec.fd = fd;
  fails(spec, status, MIPC_CALL_FALLOCATE);
  CHECK_EQ(size_of(path), 5);
  CHECK_EQ(byte_of(path, 4), '5');
  close(fd);
  unlink(path);
}

static void files_that_cannot_grow(void) {
  struct rlimit limit, low;
  getrlimit(RLIMIT_FSIZE, &limit);
  low = (struct rlimit){1 << 24, limit.rlim_max};
  setrlimit(RLIMIT_FSIZE, &low); /* Node ignores this signal, and so does main() */
  fails_to_grow(fixture_folder, -EFBIG, 8);
  setrlimit(RLIMIT_FSIZE, &limit);
  if (mount_small(path_of("full-1"), "1m")) fails_to_grow(path_of("full-1"), -ENOSPC, 0);
  if (mount_small(path_of("full-40"), "40m")) fails_to_grow(path_of("full-40"), -ENOSPC, 0);
}

int main(void) {
  signal(SIGXFSZ, SIG_IGN);
  path_of("");
  senseless_specifications();
  files_that_are_not_there();
  files_that_are_there();
  not_files();
  files_too_small();
  descriptor_that_cannot_write();
  more_than_the_address_space();
  no_descriptor_left();
  file_systems_that_do_not_share();
  no_memory_for_the_second_image();
  files_that_cannot_grow();
  return check_done("mapping_errors");
}
