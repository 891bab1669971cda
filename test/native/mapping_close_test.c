/*
 * The end of a mapping: the content of addresses that may still be in use, and the moment when the
 * range is released. Windows are put here as the finalizers of their ArrayBuffers do it.
 */
#include "mappings.h"

enum { SIZE = 10000 };
static const char *path;

static uint8_t *show(mipc_mapping_t *m) {
  return mipc_mapping_window(m, 100, SIZE - 100, false);
}

/* Private zeros. */
static void check_nobodys(uint8_t *bytes) {
  CHECK_EQ(mapped_at(bytes), MAPPED_ANONYMOUS);
  CHECK(all_are(bytes, SIZE - 100, 0));
  bytes[0] = 99;
  CHECK_EQ(byte_of(path, 100), pattern_at(100));
  bytes[0] = 0;
}

static mipc_mapping_spec_t kinds[4];
#define KINDS (sizeof kinds / sizeof *kinds)

static void make_kinds(void) {
  path = make_file("data", SIZE);
  kinds[0] = SPEC(path, READ);
  kinds[1] = SPEC(path, READ, .protect = true);
  kinds[2] = SPEC(path, BOTH);
  kinds[3] = SPEC(path, BOTH, .copy_on_write = true);
}

static void never_shown(void) {
  for (size_t i = 0; i < KINDS; i++) {
    size_t waiting = mipc_quarantine_count();
    mipc_mapping_t *m = open_mapping(kinds[i]);
    int descriptors = count_descriptors();
    void *address = (void *)(uintptr_t)report.address;
    CHECK_EQ(mapped_at(address), MAPPED_FILE);
    mipc_mapping_close(m, 0);
    CHECK_EQ(mapped_at(address), MAPPED_NOT);
    CHECK_EQ(count_maps(path), 0);
    CHECK_EQ(mipc_quarantine_count(), waiting);
    CHECK_EQ(count_descriptors(), descriptors - 1);
    mipc_mapping_put(m);
  }
}

/* Our own window on the true image does not count as a window of the user. */
static void only_the_truth_was_seen(void) {
  for (size_t i = 0; i < KINDS; i++) {
    size_t waiting = mipc_quarantine_count();
    mipc_mapping_t *m = open_mapping(kinds[i]);
    CHECK(mipc_mapping_window(m, 0, SIZE, true));
    mipc_mapping_close(m, 1);
    CHECK_EQ(count_maps(path), 0);
    CHECK_EQ(mapped_at((void *)(uintptr_t)report.address), MAPPED_NOT);
    CHECK_EQ(mipc_quarantine_count(), waiting);
    mipc_mapping_put(m);
    mipc_mapping_put_window(m);
  }
}

static void shown_and_detached(void) {
  for (size_t i = 0; i < KINDS; i++) {
    size_t waiting = mipc_quarantine_count();
    mipc_mapping_t *m = open_mapping(kinds[i]);
    int descriptors = count_descriptors();
    uint8_t *bytes = show(m);
    CHECK(mipc_mapping_window(m, 0, 10, true));
    CHECK_EQ(bytes[0], pattern_at(100));
    mipc_mapping_close(m, 2);
    CHECK_EQ(count_maps(path), 0);
    CHECK_EQ(count_descriptors(), descriptors - 1);
    CHECK_EQ(mipc_quarantine_count(), waiting + 1);
    check_nobodys(bytes);
    mipc_mapping_put(m);
    mipc_mapping_put_window(m);
    mipc_mapping_put_window(m);
    CHECK_EQ(mipc_quarantine_count(), waiting + 1);
    check_nobodys(bytes); /* an asynchronous call may still use it */
  }
}

/* All Buffers are collected: nothing can use the address, not even a call of Node. */
static void shown_and_collected(void) {
  for (size_t i = 0; i < KINDS; i++) {
    size_t waiting = mipc_quarantine_count();
    mipc_mapping_t *m = open_mapping(kinds[i]);
    uint8_t *bytes = show(m);
    mipc_mapping_put_window(m);
    mipc_mapping_close(m, 0);
    CHECK_EQ(mapped_at(bytes), MAPPED_NOT);
    CHECK_EQ(count_maps(path), 0);
    CHECK_EQ(mipc_quarantine_count(), waiting);
    mipc_mapping_put(m);
  }
}

/* One was transferred to another ArrayBuffer: it stays readable as long as that exists. */
static void one_left_behind(void) {
  for (size_t i = 0; i < KINDS; i++) {
    size_t waiting = mipc_quarantine_count();
    mipc_mapping_t *m = open_mapping(kinds[i]);
    uint8_t *bytes = show(m);
    mipc_mapping_close(m, 0);
    CHECK_EQ(count_maps(path), 0);
    check_nobodys(bytes);
    CHECK_EQ(mipc_quarantine_count(), waiting);
    mipc_mapping_put(m); /* the owner is collected first */
    check_nobodys(bytes);
    mipc_mapping_put_window(m);
    CHECK_EQ(mapped_at(bytes), MAPPED_NOT);
    CHECK_EQ(mipc_quarantine_count(), waiting);
  }
}

/*
 * One window was detached, one was not. The second is collected, but an asynchronous call may still
 * use the first: quarantine.h keeps the address out of use for a while.
 */
static void one_left_behind_and_one_detached(void) {
  size_t waiting = mipc_quarantine_count();
  mipc_mapping_t *m = open_mapping(SPEC(path, BOTH));
  uint8_t *bytes = show(m);
  CHECK(mipc_mapping_window(m, 0, 10, false));
  mipc_mapping_close(m, 1);
  check_nobodys(bytes);
  mipc_mapping_put_window(m); /* the finalizer of the detached one comes soon after */
  check_nobodys(bytes);
  mipc_mapping_put(m);
  check_nobodys(bytes);
  mipc_mapping_put_window(m);
  CHECK_EQ(mipc_quarantine_count(), waiting + 1);
  CHECK_EQ(mapped_at(bytes), MAPPED_ANONYMOUS);
}

/* Not closed; the object was collected before its windows. */
static void collected_without_close(void) {
  for (size_t i = 0; i < KINDS; i++) {
    size_t waiting = mipc_quarantine_count();
    int descriptors = count_descriptors();
    mipc_mapping_t *m = open_mapping(kinds[i]);
    uint8_t *bytes = show(m);
    const uint8_t *truth = mipc_mapping_window(m, 0, SIZE, true);
    mipc_mapping_put(m);
    CHECK(is_pattern(bytes, SIZE - 100, 100));
    CHECK(is_pattern(truth, SIZE, 0));
    mipc_mapping_put_window(m);
    CHECK(is_pattern(bytes, SIZE - 100, 100));
    CHECK_EQ(count_descriptors(), descriptors + 1);
    mipc_mapping_put_window(m);
    CHECK_EQ(count_maps(path), 0);
    CHECK_EQ(mapped_at(bytes), MAPPED_NOT);
    CHECK_EQ(count_descriptors(), descriptors);
    CHECK_EQ(mipc_quarantine_count(), waiting);
  }
}

static void nothing_works_after_close(void) {
  for (size_t i = 0; i < KINDS; i++) {
    mipc_mapping_t *m = open_mapping(kinds[i]);
    int descriptors = count_descriptors();
    char byte;
    CHECK(show(m));
    mipc_mapping_close(m, 1);
    size_t waiting = mipc_quarantine_count();
    mipc_mapping_close(m, 1);
    mipc_mapping_close(m, 0);
    CHECK_EQ(mipc_quarantine_count(), waiting);
    CHECK_EQ(count_descriptors(), descriptors - 1);
    CHECK(mipc_mapping_window(m, 0, 1, false) == NULL);
    CHECK(mipc_mapping_window(m, 0, 1, true) == NULL);
    CHECK_EQ(mipc_mapping_read(m, 0, &byte, 1), MIPC_E_CLOSED);
    CHECK_EQ(mipc_mapping_write(m, 0, "x", 1), MIPC_E_CLOSED);
    CHECK_EQ(mipc_mapping_flush(m, 0, 1, false), MIPC_E_CLOSED);
    CHECK_EQ(mipc_mapping_advise(m, MIPC_ADVICE_NORMAL, 0, 1), MIPC_E_CLOSED);
    CHECK_EQ(mipc_mapping_resident(m, 0, 1), MIPC_E_CLOSED);
    CHECK_EQ(mipc_mapping_lock_memory(m), MIPC_E_CLOSED);
    CHECK_EQ(mipc_mapping_unlock_memory(m), MIPC_E_CLOSED);
    mipc_mapping_put_window(m);
    mipc_mapping_put(m);
  }
}

/* Memory locked by mlock() is released like any other. */
static void locked_in_memory(void) {
  mipc_mapping_t *m = open_mapping(SPEC(path, READ));
  uint8_t *bytes = show(m);
  CHECK_EQ(mipc_mapping_lock_memory(m), 0);
  mipc_mapping_close(m, 1);
  check_nobodys(bytes);
  mipc_mapping_put_window(m);
  mipc_mapping_put(m);
}

/* A mapping in another process does not notice our close. */
static void others_keep_theirs(void) {
  mipc_mapping_t *ours = open_mapping(SPEC(path, BOTH));
  mipc_mapping_t *theirs = open_mapping(SPEC(path, BOTH));
  uint8_t *bytes = show(ours);
  mipc_mapping_close(ours, 1);
  memset(bytes, 0xEE, SIZE - 100);
  static uint8_t seen[SIZE];
  CHECK_EQ(mipc_mapping_read(theirs, 0, seen, SIZE), SIZE);
  CHECK(is_pattern(seen, SIZE, 0));
  mipc_mapping_put_window(ours);
  mipc_mapping_put(ours);
  close_mapping(theirs);
}

int main(void) {
  path_of("");
  int before = count_descriptors();
  make_kinds();
  never_shown();
  only_the_truth_was_seen();
  shown_and_detached();
  shown_and_collected();
  one_left_behind();
  one_left_behind_and_one_detached();
  collected_without_close();
  nothing_works_after_close();
  locked_in_memory();
  others_keep_theirs();
  CHECK_EQ(count_descriptors(), before);
  CHECK_EQ(count_maps(fixture_folder), 0);
  return check_done("mapping_close");
}
