/*
 * The bell: it rings if a listener has armed it, once, in every kind of region; inotify reports the
 * ring to each process that watches. A file that was cut off is not made longer by a ring. A Share
 * that listens finds each new version, and a file that was cut off behind its header.
 */
#include "shares.h"

#include <poll.h>
#include <sys/inotify.h>

#include "../../src/sync/bell.h"

static mipc_region_t *region;

static int watch_bell(const mipc_region_t *watched) {
  char path[MIPC_BELL_PATH];
  int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  CHECK_EQ(mipc_bell_path(watched, path), 0);
  CHECK(inotify_add_watch(fd, path, IN_MODIFY) >= 0);
  return fd;
}

/* Whether there are events; takes them. */
static bool has_rung(int fd) {
  char events[4096];
  struct pollfd wanted = {fd, POLLIN, 0};
  if (poll(&wanted, 1, 0) <= 0) return false;
  return read(fd, events, sizeof events) > 0;
}

static bool is_armed(void) {
  return mipc_atomic_load_relaxed(&mipc_region_header(region)->bell_armed) == 1;
}

static void rings_once(void) {
  int one = watch_bell(region), two = watch_bell(region);
  mipc_bell_publish(region, mipc_region_header(region));
  CHECK(!has_rung(one));
  for (int i = 0; i < 3; i++) {
    CHECK_EQ(mipc_bell_arm(region), 0);
    CHECK(is_armed());
    mipc_bell_publish(region, mipc_region_header(region));
    CHECK(!is_armed());
    CHECK(has_rung(one) && has_rung(two));
    mipc_bell_publish(region, mipc_region_header(region));
    CHECK(!has_rung(one) && !has_rung(two));
  }
  mipc_bell_ring(region);
  CHECK(has_rung(one) && has_rung(two));
  /* A store through the mapping is no ring. */
  mipc_region_header(region)->bell++;
  CHECK(!has_rung(one));
  close(one);
  close(two);
}

static void publish(void *handle) {
  mipc_region_t *own = open_region(AT_HANDLE(handle));
  mipc_bell_publish(own, mipc_region_header(own));
  mipc_region_put(own);
}

static void rung_by_another_process(void) {
  char handle[MIPC_HANDLE_SIZE];
  region = open_region(ANONYMOUS());
  CHECK_EQ(mipc_region_handle(region, handle), 0);
  int fd = watch_bell(region);
  CHECK_EQ(mipc_bell_arm(region), 0);
  CHECK_EQ(end_of(start_child(publish, handle)), 0);
  CHECK(has_rung(fd));
  CHECK(!is_armed());
  close(fd);
  mipc_region_put(region);
}

static void of_every_place(void) {
  const spec_t specs[] = {ANONYMOUS(), NAMED("bell"), AT_PATH(path_of("bell-path"))};
  for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
    region = open_region(specs[i]);
    rings_once();
    mipc_region_put(region);
  }
}

static void refused(void) {
  char path[MIPC_BELL_PATH];
  region = open_region(NAMED("refused", .guard = true));
  mipc_region_t *reader = open_region(NAMED("refused", .read_only = true));
  CHECK_EQ(mipc_bell_path(reader, path), MIPC_E_ACCESS);
  mipc_region_close(reader);
  CHECK_EQ(mipc_bell_path(reader, path), MIPC_E_CLOSED);
  mipc_region_put(reader);
  int fd = (int)mipc_region_file(region).os;
  CHECK_EQ(mipc_bell_arm(region), 0);
  CHECK_EQ(ftruncate(fd, 0), 0);
  CHECK_EQ(mipc_bell_arm(region), MIPC_E_TRUNCATED);
  mipc_bell_ring(region);
  struct stat info;
  CHECK_EQ(fstat(fd, &info), 0);
  CHECK_EQ(info.st_size, 0);
  mipc_region_put(region);
}

static void cut(const mipc_region_t *cut_off, off_t size) {
  CHECK_EQ(ftruncate((int)mipc_region_file(cut_off).os, size), 0);
}

static void listens(void) {
  uint64_t version = 7;
  mipc_object_t *share = open_share("listened");
  region = mipc_mapping_region(share->mapping);
  int fd = watch_bell(region);
  CHECK_EQ(mipc_share_listen(share, MIPC_SHARE_ANY, &version), 0);
  CHECK_EQ(version, 0);
  for (uint64_t i = 1; i < 4; i++) {
    mipc_cell_value_t value = {.type = 8, .length = 5};
    CHECK(is_armed());
    CHECK_EQ(set_share(share, "value", MIPC_SHARE_ANY, false, &value), MIPC_LOCK_TAKEN);
    CHECK(!is_armed());
    CHECK(has_rung(fd));
    CHECK_EQ(mipc_share_listen(share, version, &version), 0);
    CHECK_EQ(version, i);
  }
  CHECK_EQ(mipc_share_listen(share, version, &version), 0);
  cut(region, MIPC_PAYLOAD_OFFSET + 1);
  CHECK(has_rung(fd));
  CHECK_EQ(mipc_share_listen(share, 2, &version), 0); /* it found a version, and does not ask */
  version = 7;
  CHECK_EQ(mipc_share_listen(share, 3, &version), MIPC_E_TRUNCATED);
  CHECK_EQ(mipc_share_listen(share, MIPC_SHARE_ANY, &version), MIPC_E_TRUNCATED);
  mipc_region_close(region);
  CHECK_EQ(mipc_share_listen(share, 3, &version), MIPC_E_CLOSED);
  CHECK_EQ(version, 7);
  close_share(share);
  close(fd);
}

int main(void) {
  int descriptors = count_descriptors();
  rung_by_another_process();
  of_every_place();
  refused();
  listens();
  CHECK_EQ(count_descriptors(), descriptors);
  CHECK_EQ(count_names(), 0);
  return check_done("bell");
}
