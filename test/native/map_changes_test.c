/*
 * The changes of a map: a listener gets each of them with its key, or learns that some are missing.
 */
#include "../../src/map/changes.h"
#include "../../src/sync/event.h"
#include "maps.h"

/* The changes that a listener of `map` gets, as text: "s:key " for a set; "?" if some are lost. */
static const char *heard(mipc_map_t *map) {
  static char text[8192];
  static uint8_t items[500];
  int at = 0, status;
  do {
    uint64_t used = 0;
    bool lost = false;
    status = mipc_map_changes(map, items, sizeof items, 1000000, &used, &lost);
    CHECK(status == MIPC_MAP_DONE || status == MIPC_MAP_MORE);
    for (uint64_t i = 0; i < used;) {
      mipc_map_item_t item;
      memcpy(&item, items + i, sizeof item);
      at += snprintf(text + at, sizeof text - (size_t)at, "%c:%.*s ", "-sdxec"[item.type],
                     (int)item.key_length, (char *)items + i + sizeof item);
      i += sizeof item + mipc_i_pad(item.key_length);
    }
    if (lost) at += snprintf(text + at, sizeof text - (size_t)at, "?");
  } while (status == MIPC_MAP_MORE);
  text[at] = 0;
  return text;
}

static void tells_listeners(void) {
  mipc_object_t *objects[3];
  mipc_map_t *maps[3];
  key_t room;
  for (int i = 0; i < 3; i++) {
    objects[i] = open_map_object(map_spec("changes", 1 << 20, false));
    maps[i] = map_of(objects[i]);
  }
  CHECK_EQ(set_number(maps[0], make_key(maps[0], &room, "before"), 1), MIPC_MAP_DONE);
  CHECK_EQ(mipc_map_listen(maps[1], false, 1000), MIPC_MAP_DONE);
  CHECK(strcmp(heard(maps[1]), "") == 0);
  CHECK_EQ(set_number(maps[0], make_key(maps[0], &room, "a"), 1), MIPC_MAP_DONE);
  CHECK_EQ(set_number(maps[0], &room.key, 2), MIPC_MAP_DONE);
  CHECK_EQ(set_bytes(maps[0], make_key(maps[0], &room, "b"), "x", 1), MIPC_MAP_DONE);
  CHECK_EQ(delete_key(maps[0], &room.key), MIPC_MAP_DONE);
  const char *text = "a key that is much too long for the 40 bytes of a record";
  CHECK_EQ(set_bytes(maps[0], make_key(maps[0], &room, text), "x", 1), MIPC_MAP_DONE);
  char expected[200];
  snprintf(expected, sizeof expected, "s:a s:a s:b d:b s:%s ", text);
  if (!CHECK(strcmp(heard(maps[1]), expected) == 0)) printf("%s\n", heard(maps[1]));
  CHECK(strcmp(heard(maps[1]), "") == 0);
  CHECK_EQ(delete_key(maps[0], &room.key), MIPC_MAP_DONE);
  CHECK(strcmp(heard(maps[1]), "?") == 0); /* its key is gone */
  /* Too much for the ring, and for the credits. */
  for (int i = 0; i < 65; i++)
    set_number(maps[0], make_key(maps[0], &room, "a"), i);
  CHECK(strcmp(heard(maps[1]), "?") == 0);
  CHECK_EQ(mipc_map_listen(maps[2], false, 1000), MIPC_MAP_DONE);
  for (int i = 0; i < 5000; i++)
    set_number(maps[0], make_key(maps[0], &room, "a"), i);
  CHECK(strcmp(heard(maps[2]), "?") == 0);
  set_number(maps[0], make_key(maps[0], &room, "z"), 1);
  CHECK(strcmp(heard(maps[2]), "s:z ") == 0);
  /* The first listener did not see that the credits had ended. */
  CHECK(strchr(heard(maps[1]), '?'));
  uint64_t cursor = 0, removed;
  while (cursor < (uint64_t)maps[0]->geometry.stripe_count * maps[0]->geometry.buckets_of_stripe)
    CHECK_EQ(mipc_map_clear(maps[0], NULL, &cursor, 1000, &removed), MIPC_MAP_DONE);
  CHECK(strcmp(heard(maps[2]), "c: ") == 0);
  check_map(maps[0]);
  for (int i = 0; i < 3; i++)
    close_map_object(objects[i]);
}

/* A key of this stripe. */
static const mipc_map_key_t *key_in(const mipc_map_t *map, key_t *to, uint32_t stripe) {
  for (uint32_t id = 0;; id++) {
    const mipc_map_key_t *key = numbered_key(map, to, id);
    if (id % 7 && mipc_i_stripe_index(map, key->hash) == stripe) return key;
  }
}

/* Changes that were read before a stripe that is locked are reported, and not read over. A listener
 * that begins to wait for the event by a thread gets every later change, whatever is locked. */
static void tells_beside_locks(void) {
  mipc_object_t *objects[2];
  mipc_map_t *maps[2];
  key_t room;
  uint8_t items[500];
  uint64_t used;
  bool lost;
  for (int i = 0; i < 2; i++) {
    objects[i] = open_map_object(map_spec("locks", 9 << 20, false));
    maps[i] = map_of(objects[i]);
  }
  uint32_t *lock = &maps[1]->stripes[1].lock;
  CHECK(maps[0]->geometry.stripe_count > 1);
  CHECK_EQ(mipc_map_listen(maps[1], false, 1000), MIPC_MAP_DONE);
  /* The credits of stripe 1 end, so that it must be armed again. */
  for (int i = 0; i < 5000; i++)
    set_number(maps[0], key_in(maps[0], &room, 1), i);
  set_number(maps[0], key_in(maps[0], &room, 0), 1);
  *lock = maps[0]->me;
  CHECK_EQ(mipc_map_changes(maps[1], items, sizeof items, 1000, &used, &lost), MIPC_MAP_MORE);
  CHECK(used > 0 && !lost);
  CHECK_EQ(mipc_map_changes(maps[1], items, sizeof items, 1000, &used, &lost), MIPC_MAP_BUSY);
  CHECK_EQ(used, 0);
  *lock = 0;
  CHECK_EQ(mipc_map_changes(maps[1], items, sizeof items, 1000, &used, &lost), MIPC_MAP_DONE);
  CHECK(lost);
  *lock = maps[0]->me;
  CHECK_EQ(mipc_map_listen(maps[1], true, 1000), MIPC_MAP_BUSY);
  CHECK_EQ(mipc_map_listen(maps[1], true, 1000), MIPC_MAP_BUSY);
  *lock = 0;
  set_number(maps[0], key_in(maps[0], &room, 1), 7);
  CHECK_EQ(mipc_map_listen(maps[1], true, 1000), MIPC_MAP_DONE);
  uint32_t events = mipc_event_count(maps[0]->header);
  set_number(maps[0], &room.key, 8);
  CHECK_EQ(mipc_event_count(maps[0]->header), events + 1);
  CHECK_EQ(mipc_map_changes(maps[1], items, sizeof items, 1000, &used, &lost), MIPC_MAP_DONE);
  CHECK(used == 2 * (sizeof(mipc_map_item_t) + mipc_i_pad(room.key.length)) && !lost);
  check_map(maps[0]);
  for (int i = 0; i < 2; i++)
    close_map_object(objects[i]);
}

int main(void) {
  tells_listeners();
  tells_beside_locks();
  return check_done("map_changes");
}
