/*
 * os/vm.h on Linux: the content and the effects of the three kinds of mapping.
 */
#include "../../src/os/vm.h"

#include <signal.h>
#include <sys/mman.h>

#include "check.h"
#include "fixture.h"

static size_t page;

static mipc_file_t open_file(const char *path, uint32_t flags) {
  mipc_file_t file = MIPC_NO_FILE;
  bool made;
  CHECK_EQ(mipc_file_open(path, flags, 0600, &file, &made), 0);
  return file;
}

/* Never NULL, so that a failure is one line and not a crash. */
static uint8_t *map_good(mipc_file_t file, uint64_t offset, size_t length,
                         mipc_vm_access_t access) {
  static uint8_t spare[1 << 16];
  void *base = NULL;
  CHECK_EQ(mipc_vm_map(file, offset, length, access, &base), 0);
  return base ? base : spare;
}

static void sizes_are_powers_of_two(void) {
  size_t granularity = mipc_vm_granularity();
  CHECK(page && (page & (page - 1)) == 0);
  CHECK(granularity && (granularity & (granularity - 1)) == 0);
  CHECK_EQ(granularity % page, 0);
  CHECK_EQ(page, sysconf(_SC_PAGESIZE));
}

static void shared_at_an_offset(void) {
  const char *path = make_file("shared", 3 * page + 100);
  mipc_file_t file = open_file(path, MIPC_OPEN_WRITE);
  uint8_t *base = map_good(file, page, 2 * page + 100, MIPC_VM_WRITE);
  mipc_file_close(file); /* the mapping outlives it */
  CHECK(is_pattern(base, 2 * page + 100, page));
  base[0] = 0;
  base[2 * page + 99] = 0;
  CHECK_EQ(byte_of(path, (off_t)page), 0);
  CHECK_EQ(byte_of(path, (off_t)(3 * page) + 99), 0);
  set_byte(path, (off_t)page + 7, 77);
  CHECK_EQ(base[7], 77);
  CHECK_EQ(count_maps(path), 1);
  mipc_vm_unmap(base, 2 * page + 100);
  CHECK_EQ(count_maps(path), 0);
}

static void copy_follows_the_file_until_stored_into(void) {
  const char *path = make_file("copy", 2 * page);
  mipc_file_t file = open_file(path, MIPC_OPEN_READ); /* enough for stores that stay here */
  uint8_t *base = map_good(file, 0, 2 * page, MIPC_VM_COPY);
  set_byte(path, 5, 55);
  CHECK_EQ(base[5], 55);
  base[0] = 200;
  CHECK_EQ(byte_of(path, 0), pattern_at(0));
  set_byte(path, 6, 66);
  CHECK_EQ(base[6], pattern_at(6)); /* this page is private now, with its content at our store */
  set_byte(path, (off_t)page + 6, 99);
  CHECK_EQ(base[page + 6], 99); /* that one still shows the file */
  mipc_vm_unmap(base, 2 * page);
  mipc_file_close(file);
}

static void store(void *address) {
  signal(SIGSEGV, SIG_DFL);
  *(volatile uint8_t *)address = 1;
}

static void read_only_follows_and_refuses(void) {
  const char *path = make_file("read", page);
  mipc_file_t file = open_file(path, MIPC_OPEN_READ);
  uint8_t *base = map_good(file, 0, page, MIPC_VM_READ);
  CHECK(is_pattern(base, page, 0));
  set_byte(path, 3, 33);
  CHECK_EQ(base[3], 33);
  int status = in_child(store, base);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
  CHECK_EQ(byte_of(path, 0), pattern_at(0));
  mipc_vm_unmap(base, page);
  mipc_file_close(file);
}

static void refused_maps(void) {
  void *base = &page;
  mipc_file_t file = open_file(make_file("refused", page), MIPC_OPEN_READ);
  CHECK_EQ(mipc_vm_map(file, 0, 0, MIPC_VM_READ, &base), -EINVAL);
  CHECK_EQ(mipc_vm_map(file, 1, page, MIPC_VM_READ, &base), -EINVAL);
  CHECK_EQ(mipc_vm_map(file, 0, page, MIPC_VM_WRITE, &base), -EACCES);
  CHECK_EQ(mipc_vm_map(file, 0, (size_t)1 << 60, MIPC_VM_READ, &base), -ENOMEM);
  CHECK_EQ(mipc_vm_map(MIPC_NO_FILE, 0, page, MIPC_VM_READ, &base), -EBADF);
  CHECK(base == &page);
  mipc_file_close(file);
}

/* 100 GiB: more than the machine has, which fails only if the system reserves memory in advance. */
static void copy_asks_for_no_space(void) {
  size_t huge = (size_t)100 << 30;
  const char *path = path_of("huge");
  mipc_file_t file = open_file(path, MIPC_OPEN_WRITE | MIPC_OPEN_CREATE);
  CHECK_EQ(truncate(path, (off_t)huge), 0);
  uint8_t *base = map_good(file, 0, huge, MIPC_VM_COPY);
  CHECK_EQ(base[0], 0);
  mipc_vm_unmap(base, huge);
  mipc_file_close(file);
  CHECK_EQ(unlink(path), 0);
}

static void replaced_is_zeros_and_nobodys(void) {
  static const mipc_vm_access_t kinds[] = {MIPC_VM_READ, MIPC_VM_WRITE, MIPC_VM_COPY};
  size_t length = 2 * page + 100;
  const char *path = make_file("replaced", length);
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    mipc_file_t file = open_file(path, MIPC_OPEN_WRITE);
    uint8_t *base = map_good(file, 0, length, kinds[i]);
    CHECK(is_pattern(base, length, 0));
    CHECK(mipc_vm_replace(base, length));
    CHECK(all_are(base, 3 * page, 0));
    CHECK_EQ(mapped_at(base), MAPPED_ANONYMOUS);
    CHECK_EQ(mapped_at(base + length - 1), MAPPED_ANONYMOUS);
    CHECK_EQ(count_maps(path), 0);
    memset(base, 0xEE, length); /* a write through the old address */
    CHECK(all_are(base, length, 0xEE));
    CHECK_EQ(byte_of(path, 0), pattern_at(0));
    CHECK_EQ(byte_of(path, (off_t)length - 1), pattern_at(length - 1));
    mipc_vm_unmap_replaced(base, length);
    CHECK_EQ(mapped_at(base), MAPPED_NOT);
    CHECK_EQ(mapped_at(base + length - 1), MAPPED_NOT);
    mipc_file_close(file);
  }
}

static void flush_of_a_mapping_and_of_nothing(void) {
  const char *path = make_file("flushed", 2 * page);
  mipc_file_t file = open_file(path, MIPC_OPEN_WRITE);
  uint8_t *base = map_good(file, 0, 2 * page, MIPC_VM_WRITE);
  base[0] = 1;
  CHECK_EQ(mipc_vm_flush(file, base, 2 * page, false), 0);
  CHECK_EQ(mipc_vm_flush(file, base + page, 1, true), 0);
  mipc_vm_unmap(base, 2 * page);
  CHECK_EQ(mipc_vm_flush(file, base, page, false), -ENOMEM);
  mipc_file_close(file);
}

/* Memory without readahead; more pages than one call asks for. */
static void resident_pages_are_counted(void) {
  enum { PAGES = 9000 };
  size_t length = PAGES * page;
  mipc_file_t file = {memfd_create("resident", MFD_CLOEXEC)};
  CHECK_EQ(ftruncate((int)file.os, (off_t)length), 0);
  uint8_t *base = map_good(file, 0, length, MIPC_VM_WRITE);
  CHECK_EQ(mipc_vm_resident(base, length), 0);
  base[0] = base[4096 * page] = base[length - 1] = 1;
  int64_t count = mipc_vm_resident(base, length);
  CHECK(count >= 3 && count < PAGES); /* more than 3 where huge pages are used */
  CHECK_EQ(mipc_vm_resident(base, page), 1);
  CHECK_EQ(mipc_vm_resident(base, 1), 1);
  CHECK_EQ(mipc_vm_resident(base + length - page, page), 1);
  for (size_t i = 0; i < PAGES; i++)
    base[i * page] = 1;
  CHECK_EQ(mipc_vm_resident(base, length), PAGES);
  CHECK_EQ(mipc_vm_resident(base, length - page + 1), PAGES);
  CHECK_EQ(mipc_vm_resident(base, 4096 * page), 4096);
  CHECK_EQ(mipc_vm_resident(base, 4097 * page), 4097);
  mipc_vm_unmap(base, length);
  CHECK_EQ(mipc_vm_resident(base, length), -ENOMEM);
  mipc_file_close(file);
}

static void every_advice_is_known(void) {
  const char *path = make_file("advised", 2 * page);
  mipc_file_t file = open_file(path, MIPC_OPEN_WRITE);
  uint8_t *base = map_good(file, 0, 2 * page, MIPC_VM_COPY);
  for (int advice = 0; advice < MIPC_ADVICE_COUNT; advice++) {
    int status = mipc_vm_advise(base, 2 * page, (mipc_advice_t)advice);
    CHECK(status == 0 || (advice == MIPC_ADVICE_HUGEPAGE && status == -EINVAL));
  }
  base[0] = base[page] = 200;
  CHECK_EQ(mipc_vm_advise(base, page, MIPC_ADVICE_DONTNEED), 0);
  CHECK_EQ(base[0], pattern_at(0)); /* our private version is discarded, the file is visible */
  CHECK_EQ(base[page], 200);
  mipc_vm_unmap(base, 2 * page);
  CHECK_EQ(mipc_vm_advise(base, page, MIPC_ADVICE_WILLNEED), -ENOMEM);
  mipc_file_close(file);
}

/* Sanitizers do not pass mlock() on: only the status is tested here. */
static void locked_and_unlocked(void) {
  mipc_file_t file = open_file(make_file("locked", page), MIPC_OPEN_READ);
  uint8_t *base = map_good(file, 0, page, MIPC_VM_READ);
  CHECK_EQ(mipc_vm_lock(base, page), 0);
  CHECK_EQ(mipc_vm_unlock(base, page), 0);
  mipc_vm_unmap(base, page);
  mipc_file_close(file);
}

int main(void) {
  page = mipc_vm_page_size();
  path_of("");
  int before = count_descriptors();
  sizes_are_powers_of_two();
  shared_at_an_offset();
  copy_follows_the_file_until_stored_into();
  read_only_follows_and_refuses();
  refused_maps();
  copy_asks_for_no_space();
  replaced_is_zeros_and_nobodys();
  flush_of_a_mapping_and_of_nothing();
  resident_pages_are_counted();
  every_advice_is_known();
  locked_and_unlocked();
  CHECK_EQ(count_descriptors(), before);
  CHECK_EQ(count_maps(fixture_folder), 0);
  return check_done("vm");
}
