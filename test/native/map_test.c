/*
 * The table of a SharedMap in one process: what is set is got, of any size, until the map is full
 * and beyond; after every group of operations, each page and each block has exactly one owner.
 */
#include "maps.h"

static uint64_t chance = 88172645463325252u;

static uint64_t draw(void) {
  chance ^= chance << 13;
  chance ^= chance >> 7;
  chance ^= chance << 17;
  return chance;
}

#define KEYS 600

/* What the map should hold. */
typedef struct {
  bool is_number, is_there;
  uint8_t fill;
  uint32_t length;
  double number;
} model_t;

static model_t model[KEYS];
static uint8_t bytes[1 << 20], got[1 << 20];

static uint32_t some_length(void) {
  uint64_t kind = draw() % 100;
  if (kind < 50) return (uint32_t)(draw() % 200);
  if (kind < 75) return (uint32_t)(draw() % 2100);
  if (kind < 97) return (uint32_t)(draw() % 9000);
  return (uint32_t)(draw() % 150000);
}

static bool check_key(mipc_map_t *map, uint32_t id, bool may_be_gone) {
  key_t room;
  const mipc_map_key_t *key = numbered_key(map, &room, id);
  const model_t *m = &model[id];
  mipc_map_value_t value = {0};
  int status = mipc_map_get(map, key, false, got, sizeof got, &value);
  if (status == MIPC_MAP_ABSENT) {
    if (m->is_there && may_be_gone) model[id].is_there = false;
    return CHECK(!m->is_there || may_be_gone);
  }
  if (!CHECK_EQ(status, MIPC_MAP_DONE) || !CHECK(m->is_there)) return false;
  if (m->is_number) return CHECK(value.type == MIPC_MAP_TYPE_NUMBER && value.number == m->number);
  if (!CHECK_EQ(value.length, m->length)) return false;
  return CHECK(all_are(got, m->length, m->fill));
}

static uint64_t count_model(void) {
  uint64_t count = 0;
  for (uint32_t i = 0; i < KEYS; i++)
    count += model[i].is_there;
  return count;
}

static void one_operation(mipc_map_t *map, bool evicts, long *full) {
  uint32_t id = (uint32_t)(draw() % KEYS), kind = (uint32_t)(draw() % 8);
  key_t room;
  const mipc_map_key_t *key = numbered_key(map, &room, id);
  model_t *m = &model[id];
  int status;
  if (kind < 4) {
    uint32_t length = some_length();
    uint8_t fill = (uint8_t)draw();
    memset(bytes, fill, length);
    status = set_bytes(map, key, bytes, length);
    if (status == MIPC_MAP_DONE) *m = (model_t){.is_there = true, .fill = fill, .length = length};
    *full += status == MIPC_MAP_FULL;
    CHECK(status == MIPC_MAP_DONE || status == MIPC_MAP_FULL);
  } else if (kind == 4) {
    double number = (double)(draw() % 1000);
    status = set_number(map, key, number);
    if (status == MIPC_MAP_DONE) {
      *m = (model_t){.is_there = true, .is_number = true, .number = number};
    }
  } else if (kind == 5) {
    double sum;
    check_key(map, id, evicts);
    status = add_number(map, key, 3, &sum);
    if (m->is_there && !m->is_number) CHECK_EQ(status, MIPC_MAP_NOT_NUMBER);
    if (status == MIPC_MAP_DONE) {
      CHECK(sum == (m->is_there ? m->number : 0) + 3);
      *m = (model_t){.is_there = true, .is_number = true, .number = sum};
    }
  } else {
    check_key(map, id, evicts);
    status = delete_key(map, key);
    CHECK_EQ(status, m->is_there ? MIPC_MAP_DONE : MIPC_MAP_ABSENT);
    m->is_there = false;
  }
  check_key(map, id, evicts);
}

static void holds_what_is_set(const char *name, uint64_t capacity, bool evicts) {
  mipc_object_t *object = open_map_object(map_spec(name, capacity, evicts));
  mipc_map_t *map = map_of(object);
  long full = 0;
  memset(model, 0, sizeof model);
  for (int i = 0; i < 30000; i++) {
    one_operation(map, evicts, &full);
    if (i % 1000) continue;
    for (uint32_t id = 0; id < KEYS; id++)
      check_key(map, id, evicts);
    if (!evicts) CHECK_EQ(entries_of(map), count_model());
    if (!check_map(map)) break;
  }
  mipc_map_facts_t facts;
  CHECK_EQ(mipc_map_facts(map, &facts), 0);
  CHECK(evicts ? facts.evicted > 0 && full == 0 : facts.evicted == 0);
  printf("%s: %ld full, %llu entries, %llu evicted, %llu moved\n", name, full,
         (unsigned long long)facts.entries, (unsigned long long)facts.evicted,
         (unsigned long long)facts.moved);
  close_map_object(object);
}

static void walks_over_everything_once(void) {
  mipc_object_t *object = open_map_object(map_spec("walk", 1 << 20, false));
  mipc_map_t *map = map_of(object);
  static bool seen[2000];
  static uint8_t items[20000];
  key_t room;
  for (uint32_t i = 0; i < 2000; i++)
    CHECK_EQ(set_number(map, numbered_key(map, &room, i), i), MIPC_MAP_DONE);
  uint64_t cursor = 0, used = 0,
           end = (uint64_t)map->geometry.stripe_count * map->geometry.buckets_of_stripe;
  int found = 0;
  while (cursor < end) {
    if (!CHECK_EQ(mipc_map_next(map, NULL, false, &cursor, items, sizeof items, &used),
                  MIPC_MAP_DONE))
      break;
    for (uint64_t at = 0; at < used;) {
      mipc_map_item_t item;
      memcpy(&item, items + at, sizeof item);
      unsigned id = (unsigned)item.number;
      CHECK(id < 2000 && !seen[id]);
      seen[id] = true;
      found++;
      at += sizeof item + mipc_i_pad(item.key_length) + (item.length + 7) / 8 * 8;
    }
  }
  CHECK_EQ(found, 2000);
  make_key(map, &room, "key:19");
  cursor = 0;
  found = 0;
  while (cursor < end) {
    if (!CHECK_EQ(mipc_map_next(map, &room.key, true, &cursor, items, sizeof items, &used),
                  MIPC_MAP_DONE))
      break;
    for (uint64_t at = 0; at < used; found++) {
      mipc_map_item_t item;
      memcpy(&item, items + at, sizeof item);
      CHECK(memcmp(items + at + sizeof item, "key:19", 6) == 0);
      at += sizeof item + mipc_i_pad(item.key_length);
    }
  }
  CHECK_EQ(found, 111);
  for (uint64_t removed, sum = cursor = 0; cursor < end;) {
    CHECK_EQ(mipc_map_clear(map, &room.key, &cursor, 1000, &removed), MIPC_MAP_DONE);
    sum += removed;
    if (cursor == end) CHECK_EQ(sum, 111);
  }
  CHECK_EQ(entries_of(map), 2000 - 111);
  for (uint64_t removed = cursor = 0; cursor < end;)
    CHECK_EQ(mipc_map_clear(map, NULL, &cursor, 1000, &removed), MIPC_MAP_DONE);
  CHECK_EQ(entries_of(map), 0);
  check_map(map);
  close_map_object(object);
}

static void expires(void) {
  mipc_object_t *object = open_map_object(map_spec("expiry", 1 << 20, false));
  mipc_map_t *map = map_of(object);
  key_t room;
  mipc_map_value_t value = {.type = 8, .length = 10};
  mipc_map_how_t how = {.us = 1000, .ttl = 60};
  const mipc_map_key_t *key = make_key(map, &room, "short");
  CHECK_EQ(mipc_map_set(map, key, "0123456789", &how, &value), MIPC_MAP_DONE);
  CHECK_EQ(mipc_map_get(map, key, false, got, 100, &value), MIPC_MAP_DONE);
  CHECK(value.ttl <= 60 && value.ttl > 0 && value.bucket_version == 0);
  usleep(80000);
  CHECK_EQ(mipc_map_get(map, key, false, got, 100, &value), MIPC_MAP_ABSENT);
  CHECK_EQ(delete_key(map, key), MIPC_MAP_ABSENT);
  CHECK_EQ(entries_of(map), 0);
  /* From no expiry to one and back, with the same version. */
  key = make_key(map, &room, "later");
  CHECK_EQ(set_bytes(map, key, "0123456789", 10), MIPC_MAP_DONE);
  CHECK_EQ(mipc_map_get(map, key, false, got, 100, &value), MIPC_MAP_DONE);
  uint64_t version = value.version;
  how.ttl = 100000;
  CHECK_EQ(mipc_map_expire(map, key, &how, &value), MIPC_MAP_DONE);
  CHECK_EQ(mipc_map_get(map, key, false, got, 100, &value), MIPC_MAP_DONE);
  CHECK(value.version == version && value.ttl > 90000 && value.ttl <= 100000);
  CHECK(memcmp(got, "0123456789", 10) == 0);
  how.ttl = MIPC_MAP_FOREVER;
  CHECK_EQ(mipc_map_expire(map, key, &how, &value), MIPC_MAP_DONE);
  CHECK_EQ(mipc_map_get(map, key, false, got, 100, &value), MIPC_MAP_DONE);
  CHECK(value.version == version && value.ttl == MIPC_MAP_FOREVER);
  check_map(map);
  close_map_object(object);
}

static void judges_conditions(void) {
  mipc_object_t *object = open_map_object(map_spec("conditions", 1 << 20, false));
  mipc_map_t *map = map_of(object);
  key_t room;
  const mipc_map_key_t *key = make_key(map, &room, "k");
  mipc_map_value_t value = {.type = 8, .length = 1};
  mipc_map_how_t how = {.us = 1000, .ttl = MIPC_MAP_FOREVER, .when = MIPC_MAP_IF_REPLACE};
  CHECK_EQ(mipc_map_set(map, key, "a", &how, &value), MIPC_MAP_OTHER);
  how.when = MIPC_MAP_IF_ADD;
  CHECK_EQ(mipc_map_set(map, key, "a", &how, &value), MIPC_MAP_DONE);
  CHECK_EQ(mipc_map_set(map, key, "b", &how, &value), MIPC_MAP_OTHER);
  how.when = MIPC_MAP_IF_VERSION;
  how.expected = 0;
  CHECK_EQ(mipc_map_set(map, key, "b", &how, &value), MIPC_MAP_OTHER);
  how.expected = value.version;
  uint64_t before = value.version;
  CHECK_EQ(mipc_map_set(map, key, "c", &how, &value), MIPC_MAP_DONE);
  CHECK(value.version > before);
  CHECK_EQ(mipc_map_delete(map, key, &how, &value), MIPC_MAP_OTHER);
  how.expected = value.version;
  CHECK_EQ(mipc_map_delete(map, key, &how, &value), MIPC_MAP_DONE);
  /* A lease counts as absent, and only its version replaces it. */
  how = (mipc_map_how_t){.us = 1000, .ttl = MIPC_MAP_FOREVER, .when = MIPC_MAP_IF_ADD};
  uint64_t lease[2] = {mipc_region_number(map->region), 1};
  value = (mipc_map_value_t){.type = MIPC_MAP_TYPE_LEASE, .length = sizeof lease};
  CHECK_EQ(mipc_map_set(map, key, lease, &how, &value), MIPC_MAP_DONE);
  uint64_t version = value.version;
  CHECK_EQ(mipc_map_get(map, key, false, got, 100, &value), MIPC_MAP_ABSENT);
  CHECK_EQ(mipc_map_get(map, key, true, got, 100, &value), MIPC_MAP_DONE);
  CHECK_EQ(value.type, MIPC_MAP_TYPE_LEASE);
  how.when = MIPC_MAP_IF_VERSION;
  how.expected = version;
  value = (mipc_map_value_t){.type = 8, .length = 1};
  CHECK_EQ(mipc_map_set(map, key, "d", &how, &value), MIPC_MAP_DONE);
  /* A delete ends it: the maker of the value finds its lease gone. */
  CHECK_EQ(delete_key(map, key), MIPC_MAP_DONE);
  how.when = MIPC_MAP_IF_ADD;
  value = (mipc_map_value_t){.type = MIPC_MAP_TYPE_LEASE, .length = sizeof lease};
  CHECK_EQ(mipc_map_set(map, key, lease, &how, &value), MIPC_MAP_DONE);
  version = value.version;
  CHECK_EQ(delete_key(map, key), MIPC_MAP_ABSENT);
  CHECK_EQ(mipc_map_get(map, key, true, got, 100, &value), MIPC_MAP_ABSENT);
  how.when = MIPC_MAP_IF_VERSION;
  how.expected = version;
  value = (mipc_map_value_t){.type = 8, .length = 1};
  CHECK_EQ(mipc_map_set(map, key, "late", &how, &value), MIPC_MAP_OTHER);
  CHECK_EQ(set_bytes(map, key, "d", 1), MIPC_MAP_DONE);
  CHECK_EQ(mipc_map_get(map, key, false, got, 100, &value), MIPC_MAP_DONE);
  check_map(map);
  close_map_object(object);
}

static void takes_large_values(void) {
  mipc_object_t *object = open_map_object(map_spec("large", 64 << 20, false));
  mipc_map_t *map = map_of(object);
  key_t room;
  const uint64_t size = 10 << 20;
  uint8_t *large = malloc(size), *back = malloc(size);
  const mipc_map_key_t *key = make_key(map, &room, "large");
  for (int i = 1; i < 20; i++) {
    memset(large, i, size);
    CHECK_EQ(set_bytes(map, key, large, size - (uint64_t)i), MIPC_MAP_DONE);
    mipc_map_value_t value;
    CHECK_EQ(mipc_map_get(map, key, false, back, size, &value), MIPC_MAP_DONE);
    CHECK(value.length == size - (uint64_t)i && all_are(back, value.length, (uint8_t)i));
    check_map(map);
  }
  free(large);
  free(back);
  close_map_object(object);
}

/* A value that no map of this size can hold does not empty a map that evicts. */
static void refuses_what_never_fits(void) {
  mipc_object_t *object = open_map_object(map_spec("too large", 1 << 20, true));
  mipc_map_t *map = map_of(object);
  key_t room;
  uint8_t *large = calloc(1, 4 << 20);
  for (uint32_t i = 0; i < 200; i++)
    CHECK_EQ(set_number(map, numbered_key(map, &room, i), i), MIPC_MAP_DONE);
  CHECK_EQ(set_bytes(map, numbered_key(map, &room, 7), large, 4 << 20), MIPC_MAP_FULL);
  CHECK_EQ(entries_of(map), 200);
  check_map(map);
  free(large);
  close_map_object(object);
}

/* Every class fits, and every cut holds exactly what it has to. */
static void cuts_add_up(void) {
  for (uint32_t header = 16; header <= 16 + 8 + 1024; header += 8) {
    for (uint64_t length = 0; length < 20000; length += length < 5000 ? 1 : 37) {
      mipc_i_cut_t cut;
      mipc_i_cut(header, length, &cut);
      uint64_t room = mipc_i_class_size[cut.head] - cut.header;
      if (cut.tail != MIPC_MAP_NO_CLASS) room += mipc_i_class_size[cut.tail] - MIPC_MAP_TAIL_HEADER;
      room += (uint64_t)cut.pages * MIPC_MAP_PAGE_SIZE;
      bool good = cut.header <= mipc_i_class_size[cut.head] && room >= length &&
                  (cut.is_large || (!cut.pages && cut.tail == MIPC_MAP_NO_CLASS));
      if (!good) {
        CHECK_EQ(room, length);
        printf("header %u, length %llu\n", header, (unsigned long long)length);
        return;
      }
    }
  }
  CHECK(true);
}

int main(void) {
  cuts_add_up();
  judges_conditions();
  expires();
  walks_over_everything_once();
  holds_what_is_set("keeps", 768 << 10, false);
  holds_what_is_set("evicts", 768 << 10, true);
  holds_what_is_set("stripes", 9 << 20, false);
  takes_large_values();
  refuses_what_never_fits();
  return check_done("map");
}
