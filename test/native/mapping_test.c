/*
 * shm/mapping.h in use: any offset, clipping, refused accesses, the effect of a stray store, whole
 * pages. The end of a mapping is in mapping_close_test.c, failures are in mapping_errors_test.c.
 */
#include "mappings.h"

static size_t page;

static void any_offset(void) {
  enum { SIZE = 80000 };
  static const uint64_t offsets[] = {0, 1, 100, 4095, 4096, 4097, 65535, 65536, 70001, SIZE - 1};
  static const uint64_t lengths[] = {0, 1, 2, 4096, 5000};
  static const uint32_t prots[] = {READ, BOTH};
  const char *path = make_file("offsets", SIZE);
  static uint8_t bytes[SIZE];
  for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
    for (size_t j = 0; j < sizeof lengths / sizeof *lengths; j++) {
      for (size_t k = 0; k < 2; k++) {
        uint64_t offset = offsets[i], length = lengths[j];
        if (offset + length > SIZE) continue;
        mipc_mapping_t *m = open_mapping(SPEC(path, prots[k], .offset = offset, .length = length));
        uint64_t size = length ? length : SIZE - offset;
        CHECK_EQ(report.size, size);
        CHECK_EQ(report.file_size, SIZE);
        CHECK_EQ(mipc_mapping_read(m, 0, bytes, SIZE), size);
        CHECK(is_pattern(bytes, size, offset));
        CHECK(is_pattern((void *)(uintptr_t)report.address, size, offset));
        close_mapping(m);
      }
    }
  }
  CHECK_EQ(size_of(path), SIZE);
}

static void reading_is_clipped(void) {
  uint8_t bytes[64];
  mipc_mapping_t *m = open_mapping(SPEC(make_file("reading", 120), READ, .offset = 100));
  memset(bytes, 0xEE, sizeof bytes);
  CHECK_EQ(mipc_mapping_read(m, 15, bytes, sizeof bytes), 5);
  CHECK(is_pattern(bytes, 5, 115));
  CHECK(all_are(bytes + 5, sizeof bytes - 5, 0xEE));
  CHECK_EQ(mipc_mapping_read(m, 19, bytes, UINT64_MAX), 1);
  CHECK_EQ(mipc_mapping_read(m, 0, NULL, 0), 0);
  CHECK_EQ(mipc_mapping_read(m, 20, bytes, 0), MIPC_E_RANGE);
  CHECK_EQ(mipc_mapping_read(m, 20, bytes, 1), MIPC_E_RANGE);
  CHECK_EQ(mipc_mapping_read(m, UINT64_MAX, bytes, 2), MIPC_E_RANGE);
  CHECK_EQ(mipc_mapping_write(m, 0, "x", 1), MIPC_E_ACCESS);
  CHECK_EQ(mipc_mapping_write(m, 20, "x", 1), MIPC_E_ACCESS);
  close_mapping(m);
}

static void writing_is_clipped(void) {
  const char *path = make_file("writing", 300);
  mipc_mapping_t *m = open_mapping(SPEC(path, BOTH, .offset = 100, .length = 100));
  CHECK_EQ(mipc_mapping_write(m, 98, "abcdef", 6), 2);
  CHECK_EQ(byte_of(path, 197), pattern_at(197));
  CHECK_EQ(byte_of(path, 198), 'a');
  CHECK_EQ(byte_of(path, 199), 'b');
  CHECK_EQ(byte_of(path, 200), pattern_at(200));
  CHECK_EQ(mipc_mapping_write(m, 0, NULL, 0), 0);
  CHECK_EQ(mipc_mapping_write(m, 100, "x", 1), MIPC_E_RANGE);
  CHECK_EQ(mipc_mapping_write(m, UINT64_MAX, "xy", 2), MIPC_E_RANGE);
  close_mapping(m);
}

static void write_only(void) {
  const char *path = make_file("write-only", 100);
  uint8_t byte = 0;
  mipc_mapping_t *m = open_mapping(SPEC(path, MIPC_PROT_WRITE));
  CHECK_EQ(mipc_mapping_write(m, 0, "x", 1), 1);
  CHECK_EQ(mipc_mapping_read(m, 0, &byte, 1), MIPC_E_ACCESS);
  CHECK_EQ(mipc_mapping_read(m, 100, &byte, 1), MIPC_E_ACCESS);
  CHECK_EQ(byte, 0);
  close_mapping(m);
  CHECK_EQ(byte_of(path, 0), 'x');
}

static void *window_of(mipc_mapping_t *m, void **argument) {
  *argument = mipc_mapping_window(m, 0, 100, false);
  return *argument;
}

/* readInto() and write() between a mapping and a Buffer over the same mapping. */
static void overlapping_write(void *unused) {
  (void)unused;
  void *window;
  mipc_mapping_t *m = open_mapping(SPEC(path_of("overlap"), BOTH));
  CHECK_EQ(mipc_mapping_write(m, 10, window_of(m, &window), 100), 100);
  CHECK(is_pattern((uint8_t *)window + 10, 90, 0));
}

static void overlapping_read(void *unused) {
  (void)unused;
  void *window;
  mipc_mapping_t *m = open_mapping(SPEC(path_of("overlap"), BOTH));
  window_of(m, &window);
  CHECK_EQ(mipc_mapping_read(m, 0, (uint8_t *)window + 10, 100), 100);
  CHECK(is_pattern((uint8_t *)window + 10, 100, 0));
}

static void copies_may_overlap(void) {
  make_file("overlap", 300);
  CHECK_EQ(in_child(overlapping_write, NULL), 0);
  make_file("overlap", 300);
  CHECK_EQ(in_child(overlapping_read, NULL), 0);
}

/* A stray store by user code changes only the page that it hits; our own reads show the file. */
static void read_only_has_two_images(void) {
  const char *path = make_file("two", 2 * page);
  mipc_mapping_t *m = open_mapping(SPEC(path, READ, .offset = 10));
  CHECK_EQ(count_maps(path), 2);
  uint8_t *shown = mipc_mapping_window(m, 0, 2 * page - 10, false);
  const uint8_t *truth = mipc_mapping_window(m, 0, 2 * page - 10, true);
  CHECK(shown && truth && shown != truth);
  CHECK_EQ((uintptr_t)shown, report.address);
  shown[0] = 200;
  set_byte(path, 11, 211);
  uint8_t bytes[2];
  CHECK_EQ(mipc_mapping_read(m, 0, bytes, 2), 2);
  CHECK(bytes[0] == pattern_at(10) && bytes[1] == 211);
  CHECK(truth[0] == pattern_at(10) && truth[1] == 211);
  CHECK(shown[0] == 200 && shown[1] == pattern_at(11));
  set_byte(path, (off_t)page, 222);
  CHECK(truth[page - 10] == 222 && shown[page - 10] == 222);
  CHECK_EQ(byte_of(path, 10), pattern_at(10));
  mipc_mapping_put_window(m);
  mipc_mapping_put_window(m);
  close_mapping(m);
}

static void others_have_one_image(void) {
  const char *path = make_file("one", page);
  mipc_mapping_spec_t specs[] = {
      SPEC(path, BOTH),
      SPEC(path, MIPC_PROT_WRITE),
      SPEC(path, BOTH, .copy_on_write = true),
      SPEC(path, READ, .protect = true),
      SPEC(path, READ, .protect = true, .copy_on_write = true),
  };
  for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
    mipc_mapping_t *m = open_mapping(specs[i]);
    CHECK_EQ(count_maps(path), 1);
    CHECK(mipc_mapping_window(m, 5, 10, false) == mipc_mapping_window(m, 5, 10, true));
    mipc_mapping_put_window(m);
    mipc_mapping_put_window(m);
    close_mapping(m);
  }
}

static void copy_on_write_keeps_the_file(void) {
  const char *path = make_file("private", 100);
  uint8_t byte;
  mipc_mapping_t *m = open_mapping(SPEC(path, BOTH, .copy_on_write = true));
  CHECK_EQ(mipc_mapping_write(m, 50, "x", 1), 1);
  CHECK(mipc_mapping_read(m, 50, &byte, 1) == 1 && byte == 'x');
  CHECK_EQ(byte_of(path, 50), pattern_at(50));
  close_mapping(m);
}

static void windows_lie_inside(void) {
  mipc_mapping_t *m = open_mapping(SPEC(make_file("windows", 300), BOTH, .offset = 100));
  CHECK(mipc_mapping_window(m, 0, 0, false) == NULL);
  CHECK(mipc_mapping_window(m, 0, 201, false) == NULL);
  CHECK(mipc_mapping_window(m, 200, 1, false) == NULL);
  CHECK(mipc_mapping_window(m, 1, UINT64_MAX, false) == NULL);
  CHECK(mipc_mapping_window(m, UINT64_MAX, 1, true) == NULL);
  uint8_t *last = mipc_mapping_window(m, 199, 1, false);
  CHECK(last && *last == pattern_at(299));
  mipc_mapping_put_window(m);
  close_mapping(m);
}

static void files_are_made_and_extended(void) {
  const char *path = path_of("new");
  mipc_mapping_t *m = open_mapping(
      SPEC(path, BOTH, .offset = 5000, .length = 10000, .create = MIPC_CREATE_EXCLUSIVE));
  CHECK(report.size == 10000 && report.file_size == 15000);
  CHECK_EQ(size_of(path), 15000);
  CHECK(blocks_of(path) * 512 >= 15000);
  uint8_t *bytes = mipc_mapping_window(m, 0, 10000, false);
  CHECK(all_are(bytes, 10000, 0));
  bytes[9999] = 'z';
  CHECK_EQ(byte_of(path, 14999), 'z');
  mipc_mapping_put_window(m);
  close_mapping(m);

  m = open_mapping(SPEC(path, BOTH, .length = 100, .create = MIPC_CREATE_IF_MISSING));
  CHECK(report.size == 100 && report.file_size == 15000);
  close_mapping(m);
  m = open_mapping(SPEC(path, BOTH, .offset = 14000, .length = 6000)); /* CREATE_NEVER */
  CHECK(report.size == 6000 && report.file_size == 20000);
  close_mapping(m);
  CHECK_EQ(size_of(path), 20000);
}

static void report_of_a_success(void) {
  mipc_mapping_t *m = open_mapping(SPEC(make_file("report", 5000), READ, .offset = 4100));
  CHECK_EQ(report.call, MIPC_CALL_NONE);
  CHECK_EQ(report.kind, MIPC_KIND_FILE);
  CHECK_EQ(report.size, 900);
  CHECK_EQ(report.file_size, 5000);
  CHECK_EQ(report.page_size, page);
  CHECK_EQ(report.address % page, 4100 % page);
  CHECK(report.fd >= 0 && (fcntl(report.fd, F_GETFD) & FD_CLOEXEC));
  close_mapping(m);
}

static void descriptor_is_duplicated(void) {
  const char *path = make_file("descriptor", 100);
  int theirs = open(path, O_RDWR | O_CLOEXEC);
  mipc_mapping_t *m = open_mapping(SPEC(NULL, BOTH, .fd = theirs, .length = 200));
  CHECK(report.fd >= 0 && report.fd != theirs);
  close(theirs);
  CHECK_EQ(size_of(path), 200);
  CHECK_EQ(mipc_mapping_write(m, 150, "x", 1), 1);
  close_mapping(m);
  CHECK_EQ(byte_of(path, 150), 'x');
}

static void flush_and_memory_locks(void) {
  mipc_mapping_t *m = open_mapping(SPEC(make_file("flushed", 3 * page), BOTH, .offset = 10));
  CHECK_EQ(mipc_mapping_write(m, 0, "x", 1), 1);
  CHECK_EQ(mipc_mapping_flush(m, 0, UINT64_MAX, false), 0);
  CHECK_EQ(mipc_mapping_flush(m, page + 1, 1, true), 0);
  CHECK_EQ(mipc_mapping_flush(m, 3 * page - 11, 5, false), 0);
  CHECK_EQ(mipc_mapping_flush(m, 3 * page - 10, 1, false), MIPC_E_RANGE);
  CHECK_EQ(mipc_mapping_flush(m, UINT64_MAX, 1, false), MIPC_E_RANGE);
  CHECK_EQ(mipc_mapping_lock_memory(m), 0);
  CHECK_EQ(mipc_mapping_unlock_memory(m), 0);
  close_mapping(m);
}

static void resident_widens_to_whole_pages(void) {
  mipc_mapping_t *m = open_mapping(SPEC(make_file("resident", 3 * page), BOTH, .offset = 10));
  uint8_t *bytes = mipc_mapping_window(m, 0, 3 * page - 10, false);
  for (size_t i = 0; i < 3; i++)
    bytes[i * page] = 1;
  CHECK_EQ(mipc_mapping_resident(m, 0, UINT64_MAX), 3);
  CHECK_EQ(mipc_mapping_resident(m, 0, 1), 1);
  CHECK_EQ(mipc_mapping_resident(m, page - 11, 2), 2);
  CHECK_EQ(mipc_mapping_resident(m, 3 * page - 11, 100), 1);
  CHECK_EQ(mipc_mapping_resident(m, 3 * page - 10, 1), MIPC_E_RANGE);
  CHECK_EQ(mipc_mapping_resident(m, page - 10, 0), 0); /* no bytes, no pages: at a page ... */
  CHECK_EQ(mipc_mapping_resident(m, 5, 0), 0);         /* ... and in one */
  mipc_mapping_put_window(m);
  close_mapping(m);
}

/* DONTNEED discards private changes, but only in pages that are covered as a whole. */
static void dontneed_narrows(void) {
  size_t size = 3 * page;
  const char *path = make_file("narrow", size);
  static const struct {
    uint64_t offset, length; /* in eighths of a page */
    bool lost[3];
  } cases[] = {
      {0, 24, {true, true, true}},    {0, 23, {true, true, false}},
      {1, 23, {false, true, true}},   {1, 15, {false, true, false}},
      {1, 14, {false, false, false}}, {8, 8, {false, true, false}},
      {9, 7, {false, false, false}},  {16, 8, {false, false, true}},
      {17, 7, {false, false, false}}, {16, 100, {false, false, true}},
      {0, 0, {false, false, false}},  {3, 0, {false, false, false}},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    mipc_mapping_t *m = open_mapping(SPEC(path, BOTH, .copy_on_write = true));
    for (size_t at = 0; at < 3; at++)
      CHECK_EQ(mipc_mapping_write(m, at * page, "\0", 1), 1);
    CHECK_EQ(mipc_mapping_advise(m, MIPC_ADVICE_DONTNEED, cases[i].offset * page / 8,
                                 cases[i].length * page / 8),
             0);
    for (size_t at = 0; at < 3; at++) {
      uint8_t byte;
      CHECK_EQ(mipc_mapping_read(m, at * page, &byte, 1), 1);
      if (!CHECK_EQ(byte, cases[i].lost[at] ? pattern_at(at * page) : 0)) {
        printf("  case %zu, page %zu\n", i, at);
      }
    }
    close_mapping(m);
  }
}

/* The bytes before an odd offset are not in use here: they do not protect the first page. */
static void dontneed_at_an_odd_offset(void) {
  const char *path = make_file("odd", 2 * page);
  mipc_mapping_t *m = open_mapping(SPEC(path, BOTH, .offset = 10, .copy_on_write = true));
  uint8_t byte;
  CHECK_EQ(mipc_mapping_write(m, 0, "\0", 1), 1);
  CHECK_EQ(mipc_mapping_advise(m, MIPC_ADVICE_DONTNEED, 1, page - 11), 0);
  CHECK(mipc_mapping_read(m, 0, &byte, 1) == 1 && byte == 0);
  CHECK_EQ(mipc_mapping_advise(m, MIPC_ADVICE_DONTNEED, 0, page - 11), 0);
  CHECK(mipc_mapping_read(m, 0, &byte, 1) == 1 && byte == 0);
  CHECK_EQ(mipc_mapping_advise(m, MIPC_ADVICE_DONTNEED, 0, page - 10), 0);
  CHECK(mipc_mapping_read(m, 0, &byte, 1) == 1 && byte == pattern_at(10));
  close_mapping(m);
}

/* Both images are advised: the stray store into the user's image is discarded. */
static void dontneed_of_a_read_only_mapping(void) {
  mipc_mapping_t *m = open_mapping(SPEC(make_file("advised", 100), READ));
  uint8_t *shown = mipc_mapping_window(m, 0, 100, false);
  shown[1] = 200;
  CHECK_EQ(mipc_mapping_advise(m, MIPC_ADVICE_DONTNEED, 0, UINT64_MAX), 0);
  CHECK_EQ(shown[1], pattern_at(1));
  CHECK_EQ(mipc_mapping_advise(m, MIPC_ADVICE_WILLNEED, 99, 1), 0);
  CHECK_EQ(mipc_mapping_advise(m, MIPC_ADVICE_NORMAL, 100, 1), MIPC_E_RANGE);
  mipc_mapping_put_window(m);
  close_mapping(m);
}

static void anonymous_is_of_this_process(void) {
  mipc_mapping_t *m =
      open_mapping((mipc_mapping_spec_t){.anonymous = true, .length = 10000, .prot = BOTH});
  uint8_t bytes[4] = {1, 2, 3, 4};
  mipc_filelock_t *lock;
  CHECK_EQ(report.size, 10000);
  CHECK_EQ(report.fd, -1);
  CHECK(!mipc_mapping_region(m));
  CHECK_EQ(mipc_mapping_write(m, 9998, bytes, 4), 2);
  CHECK_EQ(mipc_mapping_read(m, 9997, bytes, 4), 3);
  CHECK_EQ(bytes[0], 0);
  CHECK_EQ(bytes[1], 1);
  CHECK_EQ(mipc_mapping_flush(m, 0, 10000, false), 0);
  mipc_object_t object = {.mapping = m};
  CHECK_EQ(mipc_object_file_lock(&object, &lock), MIPC_E_UNSUPPORTED);
  close_mapping(m);
  mipc_mapping_spec_t none = {.anonymous = true, .prot = BOTH};
  CHECK_EQ(mipc_mapping_open(&none, &report, &m), MIPC_E_RANGE);
}

int main(void) {
  page = mipc_vm_page_size();
  path_of("");
  int before = count_descriptors();
  any_offset();
  reading_is_clipped();
  writing_is_clipped();
  write_only();
  copies_may_overlap();
  read_only_has_two_images();
  others_have_one_image();
  copy_on_write_keeps_the_file();
  windows_lie_inside();
  files_are_made_and_extended();
  report_of_a_success();
  descriptor_is_duplicated();
  flush_and_memory_locks();
  resident_widens_to_whole_pages();
  dontneed_narrows();
  dontneed_at_an_odd_offset();
  dontneed_of_a_read_only_mapping();
  anonymous_is_of_this_process();
  CHECK_EQ(count_descriptors(), before);
  CHECK_EQ(count_maps(fixture_folder), 0);
  return check_done("mapping");
}
