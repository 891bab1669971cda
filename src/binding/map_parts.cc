/*
 * SharedMap for JS, beside the calls for one key (map.cc): iteration, many keys in one call, and
 * facts about the whole map.
 */
#include "map.h"

#include <algorithm>
#include <utility>

namespace {

/* The prefix of an iteration is the key; an empty one means all entries. */
const mipc_map_key_t *prefix_of(const MapCall &at) {
  return at.key.length ? &at.key : nullptr;
}

void move_cursor(const MapCall &at, uint64_t cursor, uint64_t length, int status) {
  at.frame->cursor = static_cast<double>(cursor);
  at.frame->length = static_cast<double>(length);
  at.frame->status = status;
}

constexpr uint64_t padded(uint64_t size) {
  return (size + 7) & ~static_cast<uint64_t>(7);
}

/* An item of the iteration as a row for JS, at the same place. Returns the size of both. */
uint64_t to_row(uint8_t *at) {
  mipc_map_item_t item;
  static_assert(sizeof item == MIPC_MAP_ITEM_SIZE, "an item and its row have one size");
  std::memcpy(&item, at, sizeof item);
  mipc_map_row_t row = {item.type, item.key_length, static_cast<double>(item.length),
                        static_cast<double>(item.version), item.number};
  std::memcpy(at, &row, sizeof row);
  return sizeof row + padded(item.key_length & ~MIPC_MAP_WIDE) + padded(item.length);
}

/* mapNext(bytes | nothing, prefix?): copies the entries of the next buckets from frame.cursor on
 * into the array or the scratch, frame.length bytes of rows (base/layout.h) with keys and values */
napi_value next(const Call &call) {
  MapCall at(call, 1);
  if (!at.ready) return nullptr;
  size_t room = MIPC_MAP_SCRATCH;
  uint8_t *bytes = map_scratch(call.environment());
  if (!call.is(0, napi_undefined)) bytes = map_bytes_at(call, 0, &room);
  uint64_t cursor = whole(at.frame->cursor), used = 0;
  int status =
      mipc_map_next(at.map, prefix_of(at), at.frame->keys != 0, &cursor, bytes, room, &used);
  if (status == MIPC_MAP_DONE) {
    for (uint64_t i = 0; i < used;)
      i += to_row(bytes + i);
  }
  move_cursor(at, cursor, used, status);
  return nullptr;
}

/* mapClear(prefix?): removes the entries of the next buckets; frame.length counts them */
napi_value clear(const Call &call) {
  MapCall at(call, 0);
  if (!at.ready) return nullptr;
  uint64_t cursor = whole(at.frame->cursor), removed = 0;
  int status = mipc_map_clear(at.map, prefix_of(at), &cursor, at.frame->ms * 1000, &removed);
  move_cursor(at, cursor, removed, status);
  return nullptr;
}

/* The keys at the beginning of the scratch, each behind its length (bit 31: wide), in whole words.
 * Returns how many of them are valid. */
uint32_t keys_of(const mipc_map_t *map, const uint8_t *scratch, uint32_t count,
                 mipc_map_key_t *keys) {
  uint64_t at = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (at + 8 > MIPC_MAP_SCRATCH_KEYS) return i;
    uint32_t length;
    std::memcpy(&length, scratch + at, sizeof length);
    at += 8;
    mipc_map_key_t key = {reinterpret_cast<const uint64_t *>(scratch + at), 0,
                          length & ~MIPC_MAP_WIDE, (length & MIPC_MAP_WIDE) != 0};
    at += padded(key.length);
    if (key.length > MIPC_MAP_MOST_KEY || at > MIPC_MAP_SCRATCH_KEYS) return i;
    mipc_map_hash(map, &key);
    keys[i] = key;
  }
  return count;
}

constexpr uint32_t AHEAD = 16; /* keys whose memory is fetched together */

/* mapGetMany(count): gets the values of the keys at the beginning of the scratch. Behind them
 * follows a row for each, whose key_length is the result, and its value if it fits. */
napi_value get_many(const Call &call) {
  Environment *environment = call.environment();
  mipc_map_frame_t *frame = environment->map;
  mipc_map_t *map = nullptr;
  if (!frame) return nullptr;
  frame->status = find_map(environment, frame->handle, &map);
  if (frame->status < 0) return nullptr;
  mipc_map_key_t keys[MIPC_MAP_MOST_ITEMS];
  uint8_t *scratch = map_scratch(environment);
  uint32_t count =
      keys_of(map, scratch, std::min<uint32_t>(call.u32(0), MIPC_MAP_MOST_ITEMS), keys);
  /* Room for the rows that follow stays free. */
  uint64_t at = MIPC_MAP_SCRATCH_KEYS, end = MIPC_MAP_SCRATCH - count * MIPC_MAP_ITEM_SIZE;
  for (uint32_t i = 0; i < count; i++) {
    if (i % AHEAD == 0) mipc_map_prefetch(map, keys + i, std::min(AHEAD, count - i));
    mipc_map_value_t value = {};
    end += MIPC_MAP_ITEM_SIZE;
    at += MIPC_MAP_ITEM_SIZE;
    int status = mipc_map_get(map, keys + i, false, scratch + at, end - at, &value);
    /* A number lies in the row alone, and needs no room behind it. */
    if (value.type == MIPC_MAP_TYPE_NUMBER) value.length = 0;
    mipc_map_row_t row = {value.type, static_cast<uint32_t>(status),
                          static_cast<double>(value.length), static_cast<double>(value.version),
                          value.number};
    std::memcpy(scratch + at - MIPC_MAP_ITEM_SIZE, &row, sizeof row);
    if (status == MIPC_MAP_DONE) at += padded(value.length);
  }
  frame->length = count;
  return nullptr;
}

/* mapListen(handle, thread, ms): begins to listen to changes; `thread`: by the event of the region,
 * instead of its bell -> a result of C */
napi_value map_listen(const Call &call) {
  mipc_map_t *map = nullptr;
  int status = find_map(call.environment(), call.number(0), &map);
  if (status == 0) status = mipc_map_listen(map, call.flag(1), call.u32(2) * 1000);
  return to_number(call.env, status);
}

/* mapUnlisten(handle): ends that -> 0 or a status */
napi_value map_unlisten(const Call &call) {
  mipc_map_t *map = nullptr;
  int status = find_map(call.environment(), call.number(0), &map);
  if (status == 0) mipc_map_unlisten(map);
  return to_number(call.env, status);
}

/* mapChanges(): copies the next changes into the scratch, as mapNext(); the type of a row is the
 * kind of the change. frame.created: 1 if there were others, which are not known */
napi_value changes(const Call &call) {
  Environment *environment = call.environment();
  mipc_map_frame_t *frame = environment->map;
  mipc_map_t *map = nullptr;
  if (!frame) return nullptr;
  frame->status = find_map(environment, frame->handle, &map);
  if (frame->status < 0) return nullptr;
  uint64_t used = 0;
  bool lost = false;
  uint8_t *scratch = map_scratch(environment);
  frame->status = mipc_map_changes(map, scratch, MIPC_MAP_SCRATCH, frame->ms * 1000, &used, &lost);
  for (uint64_t i = 0; i < used;)
    i += to_row(scratch + i);
  frame->length = static_cast<double>(used);
  frame->created = lost;
  return nullptr;
}

/* mapSize(handle) -> count of entries, or a status */
napi_value size(const Call &call) {
  mipc_map_t *map = nullptr;
  uint64_t count = 0;
  int status = find_map(call.environment(), call.number(0), &map);
  if (status == 0) status = mipc_map_size(map, &count);
  return to_number(call.env, status < 0 ? status : static_cast<int64_t>(count));
}

/* mapFacts(handle) -> the facts of mipc_map_facts_t, or a status */
napi_value facts(const Call &call) {
  mipc_map_t *map = nullptr;
  mipc_map_facts_t found = {};
  int status = find_map(call.environment(), call.number(0), &map);
  if (status == 0) status = mipc_map_facts(map, &found);
  if (status < 0) return to_number(call.env, status);
  Object result(call.env);
  const std::pair<const char *, uint64_t> rows[] = {
      {"entries", found.entries},   {"evicted", found.evicted}, {"expired", found.expired},
      {"moved", found.moved},       {"pages", found.pages},     {"freePages", found.free_pages},
      {"capacity", found.capacity}, {"used", found.used},       {"stripes", found.stripes},
      {"buckets", found.buckets},   {"locked", found.locked},   {"records", found.records},
  };
  for (const auto &[name, number] : rows)
    result.number(name, static_cast<double>(number));
  return result.get();
}

/* mapShape(handle) -> { evicts, wallClock, buckets, bucketsAt }: bucketsAt is the offset of the
 * buckets in the payload; or a status */
napi_value shape(const Call &call) {
  mipc_map_t *map = nullptr;
  int status = find_map(call.environment(), call.number(0), &map);
  if (status < 0) return to_number(call.env, status);
  const mipc_map_geometry_t *geometry = mipc_map_geometry_of(map);
  Object result(call.env);
  result.flag("evicts", geometry->evicts);
  result.flag("wallClock", geometry->wall_clock);
  result.number("buckets", static_cast<double>(geometry->buckets_of_stripe) *
                               static_cast<double>(geometry->stripe_count));
  result.number("bucketsAt", static_cast<double>(geometry->buckets));
  return result.get();
}

/* mapPlan(capacity, most, evicts, wallClock, words: Uint32Array) -> size of the payload of a new
 * map, 0: the capacity is too small or too large; fills the words of its header */
napi_value plan(const Call &call) {
  mipc_map_plan_t wanted = {call.u64(0), call.u64(1), call.flag(2), call.flag(3)};
  mipc_kind_words_t words = {};
  uint64_t payload = mipc_map_plan(&wanted, &words);
  size_t length;
  uint8_t *bytes = map_bytes_at(call, 4, &length);
  if (length == MIPC_REGION_KIND_WORDS) std::memcpy(bytes, &words, sizeof words);
  return to_number(call.env, static_cast<int64_t>(payload));
}

/* regionAlive(handle, number) -> 1 if the participant is attached, 0, or a status */
napi_value alive(const Call &call) {
  const mipc_mapping_t *mapping = call.mapping();
  const mipc_region_t *region = mapping ? mipc_mapping_region(mapping) : nullptr;
  if (!region) return to_number(call.env, MIPC_E_CLOSED);
  return to_number(call.env, mipc_region_alive(region, call.u32(1)));
}

} // namespace

void map_parts_exports(Environment *environment, Object &exports) {
  static const Export list[] = {
      {"mapGetMany", entry<get_many, 1>},
      {"mapNext", entry<next, 2>},
      {"mapClear", entry<clear, 1>},
      {"mapSize", entry<size, 1>},
      {"mapFacts", entry<facts, 1>},
      {"mapShape", entry<shape, 1>},
      {"mapPlan", entry<plan, 5>},
      {"mapListen", entry<map_listen, 3>},
      {"mapUnlisten", entry<map_unlisten, 1>},
      {"mapChanges", entry<changes, 0>},
      {"regionAlive", entry<alive, 2>},
  };
  add_functions(exports, environment, list);
}
