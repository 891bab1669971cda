/*
 * Names and paths that no longer lead to their region, because they were lost or removed; and the
 * moments when a write to a named region checks its name.
 */
#include "regions.h"

#define PERIOD_MS 1000 /* LOOK_EVERY_MS of region/stale.c */

/* Replaces it by another file, or by none. */
static void replace(const char *file, bool by_another) {
  const char *other = make_file("other", 100);
  CHECK_EQ(by_another ? rename(other, file) : unlink(file), 0);
}

static void lost(void) {
  for (int by_another = 0; by_another < 2; by_another++) {
    mipc_region_t *name = open_region(NAMED("lost"));
    mipc_region_t *reader = open_region(NAMED("lost", .read_only = true));
    mipc_region_t *path = open_region(AT_PATH(path_of("lost-path")));
    mipc_region_t *anonymous = open_region(ANONYMOUS());
    mipc_region_t *const all[] = {name, reader, path, anonymous};
    for (int i = 0; i < 4; i++) {
      CHECK_EQ(mipc_region_whereabouts(all[i]), MIPC_WHEREABOUTS_IN_PLACE);
      CHECK_EQ(mipc_region_check_name(all[i]), 0);
    }
    replace(file_of("lost"), by_another);
    replace(path_of("lost-path"), by_another);
    for (int i = 0; i < 3; i++)
      CHECK_EQ(mipc_region_whereabouts(all[i]), MIPC_WHEREABOUTS_LOST);
    CHECK_EQ(mipc_region_whereabouts(anonymous), MIPC_WHEREABOUTS_IN_PLACE);
    /* A rotated file is still the one whose users opened it: only names refuse writes. */
    CHECK_EQ(mipc_region_check_name(path), 0);
    unlink(file_of("lost"));
    mipc_region_t *fresh = open_region(NAMED("lost"));
    CHECK_EQ(report.made, 1);
    CHECK_EQ(mipc_region_whereabouts(fresh), MIPC_WHEREABOUTS_IN_PLACE);
    CHECK_EQ(mipc_region_whereabouts(name), MIPC_WHEREABOUTS_LOST);
    mipc_region_close(name);
    CHECK_EQ(mipc_region_whereabouts(name), MIPC_WHEREABOUTS_IN_PLACE);
    for (int i = 0; i < 4; i++)
      mipc_region_put(all[i]);
    CHECK_EQ(access(file_of("lost"), F_OK), 0); /* the old ones have left that to its owner */
    mipc_region_put(fresh);
    unlink(path_of("lost-path"));
  }
}

static void remove_it(void *spec) {
  CHECK_EQ(mipc_region_unlink(spec, &report), 0);
}

/* unlink(), by any process, is no loss. */
static void removed_on_purpose(void) {
  spec_t specs[] = {NAMED("removed"), AT_PATH(path_of("removed-path"))};
  for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
    mipc_region_t *r = open_region(specs[i]);
    CHECK_EQ(end_of(start_child(remove_it, &specs[i])), 0);
    CHECK_EQ(mipc_region_whereabouts(r), MIPC_WHEREABOUTS_UNLINKED);
    CHECK_EQ(mipc_region_check_name(r), 0);
    mipc_region_t *fresh = open_region(specs[i]);
    CHECK_EQ(report.made, 1);
    CHECK_EQ(mipc_region_check_name(r), 0); /* it looks: a name was created */
    CHECK_EQ(mipc_region_whereabouts(r), MIPC_WHEREABOUTS_UNLINKED);
    CHECK_EQ(mipc_region_whereabouts(fresh), MIPC_WHEREABOUTS_IN_PLACE);
    mipc_region_put(r);
    mipc_region_put(fresh);
  }
  unlink(path_of("removed-path"));
  /* Any process can store the mark; the file stays. */
  mipc_region_t *r = open_region(NAMED("marked"));
  mipc_region_header(r)->unlinked = 0xFFFFFFFF;
  CHECK_EQ(mipc_region_whereabouts(r), MIPC_WHEREABOUTS_IN_PLACE);
  mipc_region_put(open_region(NAMED("marked")));
  replace(file_of("marked"), false);
  CHECK_EQ(mipc_region_whereabouts(r), MIPC_WHEREABOUTS_UNLINKED);
  mipc_region_put(r);
}

/* At most one check per second, however often it is called; afterwards STALE is permanent. */
static void looks_once_a_second(void) {
  mipc_region_t *r = open_region(NAMED("slow"));
  uint64_t since = mipc_clock_stamp();
  CHECK_EQ(mipc_region_check_name(r), 0);
  replace(file_of("slow"), false);
  long asked = 0;
  for (; mipc_region_check_name(r) == 0; asked++)
    nap_us(100);
  CHECK(mipc_clock_stamp() - since >= PERIOD_MS);
  CHECK(asked > 0);
  for (int i = 0; i < 100; i++)
    CHECK_EQ(mipc_region_check_name(r), MIPC_E_STALE);
  mipc_region_put(r);
}

/* When this process creates a name, all its regions check theirs at once: it may be the same name,
 * and two memories would share it. */
static void looks_when_a_name_is_created(void) {
  mipc_region_t *r = open_region(NAMED("quick"));
  CHECK_EQ(mipc_region_check_name(r), 0);
  replace(file_of("quick"), false);
  mipc_region_t *fresh = open_region(NAMED("quick"));
  CHECK_EQ(mipc_region_check_name(r), MIPC_E_STALE);
  CHECK_EQ(mipc_region_check_name(fresh), 0);
  mipc_region_put(r);
  mipc_region_put(fresh);
}

static void look_as_nobody(void *argument) {
  (void)argument;
  mipc_region_t *r = open_region(NAMED("dropped"));
  CHECK(setgid(65534) == 0 && setuid(65534) == 0);
  CHECK_EQ(access(file_of("dropped"), F_OK), -1);
  CHECK_EQ(mipc_region_whereabouts(r), MIPC_WHEREABOUTS_IN_PLACE);
  CHECK_EQ(mipc_region_check_name(r), 0);
  mipc_region_put(r);
}

/* A process that has dropped the permission to check has lost nothing. */
static void without_rights(void) {
  if (geteuid() != 0) return;
  mipc_region_t *r = open_region(NAMED("dropped"));
  CHECK_EQ(end_of(start_child(look_as_nobody, NULL)), 0);
  mipc_region_put(r);
}

static void look_in_child(void *region) {
  CHECK_EQ(mipc_region_whereabouts(region), MIPC_WHEREABOUTS_IN_PLACE);
}

/* The child of a fork() has no region, so it cannot have lost one. */
static void forked(void) {
  mipc_region_t *r = open_region(NAMED("forked"));
  replace(file_of("forked"), false);
  CHECK_EQ(end_of(start_child(look_in_child, r)), 0);
  CHECK_EQ(mipc_region_whereabouts(r), MIPC_WHEREABOUTS_LOST);
  mipc_region_put(r);
}

int main(void) {
  int descriptors = count_descriptors();
  lost();
  removed_on_purpose();
  looks_once_a_second();
  looks_when_a_name_is_created();
  without_rights();
  forked();
  CHECK_EQ(count_descriptors(), descriptors);
  CHECK_EQ(count_names(), 0);
  return check_done("region_stale");
}
