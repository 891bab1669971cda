/*
 * A mapping over a region, as JS uses it. Readers see the stores of writers and cannot store;
 * closing the mapping closes the region; the cost of both.
 */
#include "regions.h"

#include "../../src/os/quarantine.h"

#define BOTH (MIPC_PROT_READ | MIPC_PROT_WRITE)

static mipc_mapping_t *map(mipc_region_t *region, uint32_t prot, bool with_header) {
  mipc_mapping_spec_t spec = {.region = region, .prot = prot, .with_header = with_header};
  mipc_mapping_t *mapping = NULL;
  if (!CHECK_EQ(mipc_mapping_open(&spec, &report, &mapping), 0)) exit(1);
  return mapping;
}

static void end(mipc_mapping_t *mapping) {
  mipc_mapping_close(mapping, 0);
  mipc_mapping_put(mapping);
}

static void shared(void) {
  int descriptors = count_descriptors();
  mipc_region_t *a = open_region(NAMED("use", .size = 10001)), *b, *c;
  b = open_region(NAMED("use"));
  c = open_region(NAMED("use", .read_only = true));
  mipc_mapping_spec_t refused = {.region = c, .prot = BOTH};
  mipc_mapping_t *none;
  CHECK_EQ(mipc_mapping_open(&refused, &report, &none), MIPC_E_ACCESS);
  refused = (mipc_mapping_spec_t){.region = a, .prot = BOTH, .offset = 10001};
  CHECK_EQ(mipc_mapping_open(&refused, &report, &none), MIPC_E_RANGE);
  refused.offset = 1;
  refused.length = 10001;
  CHECK_EQ(mipc_mapping_open(&refused, &report, &none), MIPC_E_RANGE);
  mipc_mapping_t *ma = map(a, BOTH, false), *mb = map(b, BOTH, false);
  mipc_mapping_t *mc = map(c, MIPC_PROT_READ, false);
  CHECK_EQ(report.size, 10001);
  CHECK_EQ(report.fd, -1);
  char text[8] = {0};
  CHECK_EQ(mipc_mapping_write(ma, 10000, "xyz", 3), 1);
  CHECK_EQ(mipc_mapping_write(ma, 0, "hello", 5), 5);
  CHECK_EQ(mipc_mapping_read(mb, 0, text, 5), 5);
  CHECK(!strcmp(text, "hello"));
  CHECK_EQ(mipc_mapping_read(mc, 10000, text, 5), 1);
  CHECK_EQ(text[0], 'x');
  CHECK_EQ(mipc_mapping_write(mc, 0, "no", 2), MIPC_E_ACCESS);
  mipc_filelock_t *lock;
  mipc_object_t object = {.mapping = ma};
  CHECK_EQ(mipc_object_file_lock(&object, &lock), MIPC_E_UNSUPPORTED);
  CHECK_EQ(mipc_mapping_flush(ma, 0, UINT64_MAX, false), 0);
  CHECK_EQ(mipc_mapping_resident(ma, 0, UINT64_MAX), 3);
  /* User code of a reader sees the region until it stores; its store reaches no other memory. */
  volatile uint8_t *seen = mipc_mapping_window(mc, 0, 10001, false);
  CHECK_EQ(seen[0], 'h');
  CHECK_EQ(mipc_mapping_write(mb, 0, "j", 1), 1);
  CHECK_EQ(seen[0], 'j');
  seen[0] = 'X';
  CHECK_EQ(mipc_mapping_read(ma, 0, text, 1), 1);
  CHECK_EQ(text[0], 'j');
  size_t waiting = mipc_quarantine_count();
  mipc_mapping_close(mc, 1);
  CHECK_EQ(mipc_quarantine_count(), waiting + 1);
  CHECK_EQ(seen[0], 0);
  CHECK_EQ(mapped_at((const void *)seen), MAPPED_ANONYMOUS);
  mipc_mapping_put_window(mc);
  mipc_mapping_put(mc);
  CHECK_EQ(mipc_mapping_read(ma, 0, text, 1), 1);
  end(ma);
  end(mb);
  CHECK_EQ(count_names(), 0);
  CHECK_EQ(count_descriptors(), descriptors);
  CHECK_EQ(count_maps("mmapipc-"), 0);
}

/* If C uses both, the header comes first. */
static void with_header(void) {
  mipc_region_t *r = open_region(ANONYMOUS(.size = 100));
  mipc_mapping_t *m = map(r, BOTH, true);
  CHECK_EQ(report.size, MIPC_PAYLOAD_OFFSET + 100);
  mipc_region_shm_t *header = mipc_mapping_window(m, 0, MIPC_PAYLOAD_OFFSET + 100, true);
  CHECK_EQ(header->magic, MIPC_REGION_MAGIC);
  CHECK_EQ(header->id_low, mipc_region_header(r)->id_low);
  mipc_mapping_put_window(m);
  end(m);
}

/* Presence lasts as long as the mapping, whichever put is last: here that of a window. */
static void collected(void) {
  mipc_region_t *watcher = open_region(NAMED("gc")), *r = open_region(NAMED("gc"));
  uint32_t number = mipc_region_number(r);
  mipc_mapping_t *m = map(r, BOTH, false);
  uint8_t *window = mipc_mapping_window(m, 0, 100, false);
  mipc_mapping_put(m);
  CHECK_EQ(mipc_region_alive(watcher, number), 1);
  window[0] = 1;
  mipc_mapping_put_window(m);
  CHECK_EQ(mipc_region_alive(watcher, number), 0);
  mipc_region_put(watcher);
  CHECK_EQ(count_names(), 0);
}

/* An overwritten header, a truncated file: the access itself reports it. */
static void broken(void) {
  mipc_region_t *r = open_region(ANONYMOUS());
  mipc_mapping_t *m = map(r, BOTH, false);
  uint8_t byte;
  mipc_region_header(r)->id_high++;
  CHECK_EQ(mipc_mapping_read(m, 0, &byte, 1), MIPC_E_CORRUPT);
  CHECK_EQ(mipc_mapping_write(m, 0, &byte, 1), MIPC_E_CORRUPT);
  end(m);
  const char *path = path_of("cut");
  r = open_region(AT_PATH(path, .guard = true));
  mipc_mapping_spec_t spec = {.region = r, .prot = BOTH, .guard = true};
  CHECK_EQ(mipc_mapping_open(&spec, &report, &m), 0);
  CHECK_EQ(truncate(path, MIPC_PAYLOAD_OFFSET), 0);
  CHECK_EQ(mipc_mapping_read(m, 0, &byte, 1), MIPC_E_TRUNCATED);
  CHECK_EQ(truncate(path, 0), 0);
  CHECK_EQ(mipc_mapping_read(m, 0, &byte, 1), MIPC_E_TRUNCATED);
  end(m);
}

static void store_into_reader(void *argument) {
  mipc_region_t *r = argument;
  signal(SIGSEGV, SIG_DFL);
  ((volatile mipc_region_shm_t *)mipc_region_header(r))->clean = 1;
}

/* The system refuses writes of a reader, through the mapping and through the descriptor. */
static void reader_refused(void) {
  mipc_region_t *w = open_region(NAMED("ro"));
  mipc_region_t *r = open_region(NAMED("ro", .read_only = true));
  CHECK_EQ(WTERMSIG(in_child(store_into_reader, r)), SIGSEGV);
  int fd = (int)mipc_region_file(r).os;
  CHECK(pwrite(fd, "x", 1, 0) < 0 && errno == EBADF);
  CHECK(ftruncate(fd, 0) < 0);
  CHECK(mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
  mipc_region_put(r);
  mipc_region_put(w);
}

static uint64_t resident_kb(void) {
  char text[4096];
  int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  ssize_t n = read(fd, text, sizeof text - 1);
  close(fd);
  text[n > 0 ? n : 0] = '\0';
  const char *at = strstr(text, "RssShmem:");
  return at ? strtoull(at + 9, NULL, 10) : 0;
}

static void over_four_gigabytes(void) {
  const uint64_t size = (uint64_t)5 << 30;
  uint64_t before = resident_kb();
  mipc_region_t *r = open_region(ANONYMOUS(.size = size));
  mipc_mapping_t *m = map(r, BOTH, false);
  CHECK(resident_kb() - before < 1024);
  CHECK_EQ(mipc_mapping_write(m, size - 3, "end", 3), 3);
  struct stat st;
  CHECK(fstat((int)mipc_region_file(r).os, &st) == 0 && st.st_blocks * 512 < 1 << 20);
  char handle[MIPC_HANDLE_SIZE], text[4] = "";
  CHECK_EQ(mipc_region_handle(r, handle), 0);
  mipc_mapping_t *again = map(open_region(AT_HANDLE(handle)), BOTH, false);
  CHECK_EQ(mipc_mapping_read(again, size - 3, text, 3), 3);
  CHECK(!strcmp(text, "end"));
  end(again);
  end(m);
}

static void cost(const char *what, spec_t spec) {
  enum { ROUNDS = 2000 };
  mipc_region_t *kept = open_region(spec);
  char handle[MIPC_HANDLE_SIZE];
  if (spec.place == MIPC_PLACE_ANONYMOUS) {
    CHECK_EQ(mipc_region_handle(kept, handle), 0);
    spec = AT_HANDLE(handle);
  }
  double opening = 0, closing = 0;
  for (int i = 0; i < ROUNDS; i++) {
    double start = now_us();
    mipc_mapping_t *m = map(open_region(spec), BOTH, false);
    double opened = now_us();
    end(m);
    opening += opened - start;
    closing += now_us() - opened;
  }
  printf("%s: attach %.0f us, close %.0f us\n", what, opening / ROUNDS, closing / ROUNDS);
  mipc_region_put(kept);
}

int main(void) {
  signal(SIGBUS, SIG_DFL); /* the handler of the sanitizers would report it */
  shared();
  with_header();
  collected();
  broken();
  reader_refused();
  over_four_gigabytes();
  cost("handle", ANONYMOUS(.size = 1 << 20));
  cost("name", NAMED("cost", .size = 1 << 20));
  cost("path", AT_PATH(path_of("cost"), .size = 1 << 20));
  return check_done("region_use");
}
