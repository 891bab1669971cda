/*
 * SharedMap for JS. C and JS exchange the arguments and results of a call in a frame
 * (base/layout.h), one in each environment, with scratch memory for the bytes of a value behind it.
 * The frequent calls have no argument, because one costs 5 ns, and store their result in
 * frame.status. A key that does not lie in the frame is the last argument.
 */
#include "map.h"

#include <algorithm>

constexpr size_t KEY_CHARS = MIPC_MAP_FRAME_KEY; /* of Latin-1; half as many of UTF-16 */

/* The string as the key in the frame: Latin-1 if no character is above 255. */
bool read_map_key(napi_env env, napi_value string, mipc_map_frame_t *frame) {
  char16_t text[KEY_CHARS + 2];
  size_t length = 0;
  if (napi_get_value_string_utf16(env, string, text, KEY_CHARS + 2, &length) != napi_ok) {
    return false;
  }
  char16_t all = 0;
  for (size_t i = 0; i < length; i++)
    all |= text[i];
  frame->is_wide = all > 0xFF;
  frame->key_length = static_cast<uint32_t>(frame->is_wide ? 2 * length : length);
  if (frame->key_length > MIPC_MAP_FRAME_KEY) return true;
  uint8_t *key = reinterpret_cast<uint8_t *>(frame->key.at);
  if (frame->is_wide)
    std::memcpy(key, text, frame->key_length);
  else
    std::transform(text, text + length, key, [](char16_t c) { return static_cast<uint8_t>(c); });
  return true;
}

namespace {

/* mapMemory() -> ArrayBuffer of frame and scratch. A call that writes a string appends a zero. */
napi_value memory(const Call &call) {
  Environment *environment = call.environment();
  void *bytes = nullptr;
  if (!environment->map && make_memory(call.env, MIPC_MAP_FRAME_SIZE + MIPC_MAP_SCRATCH + 8, &bytes,
                                       &environment->map_bytes)) {
    environment->map = static_cast<mipc_map_frame_t *>(bytes);
  }
  return value_of(call.env, environment->map_bytes);
}

/* The value as a string, if it is a text; else nullptr. */
napi_value text_of(const Call &call, const mipc_map_frame_t *frame, const mipc_map_value_t &value,
                   const uint8_t *bytes) {
  napi_value text = nullptr;
  uint32_t bit = value.type < 32 ? 1u << value.type : 0;
  size_t length = static_cast<size_t>(value.length);
  napi_status status = napi_generic_failure;
  if (frame->latin1 & bit) {
    status =
        napi_create_string_latin1(call.env, reinterpret_cast<const char *>(bytes), length, &text);
  } else if ((frame->utf16 & bit) && length % 2 == 0) {
    status = napi_create_string_utf16(call.env, reinterpret_cast<const char16_t *>(bytes),
                                      length / 2, &text);
  }
  return status == napi_ok ? text : nullptr;
}

/* mapGet(), mapGetOf(key): gets the value: a number in the frame, other values in the scratch ->
 * the string, if the value is a text, or nothing */
napi_value map_get(const Call &call) {
  MapCall at(call, 0);
  if (!at.ready) return nullptr;
  uint8_t *scratch = map_scratch(call.environment());
  mipc_map_value_t value = {};
  int status =
      mipc_map_get(at.map, &at.key, at.frame->leases != 0, scratch, MIPC_MAP_SCRATCH, &value);
  at.report(value, status);
  return status == MIPC_MAP_DONE ? text_of(call, at.frame, value, scratch) : nullptr;
}

/* mapLook(), mapLookOf(key): as mapGet(), without the value; DONE if there is an entry */
napi_value look(const Call &call) {
  MapCall at(call, 0);
  if (!at.ready) return nullptr;
  mipc_map_value_t value = {};
  int status = mipc_map_get(at.map, &at.key, at.frame->leases != 0, nullptr, 0, &value);
  return at.report(value, status == MIPC_MAP_MORE ? static_cast<int>(MIPC_MAP_DONE) : status);
}

/* mapGetInto(bytes, key?): as mapGet(), into an array */
napi_value map_get_into(const Call &call) {
  MapCall at(call, 1);
  if (!at.ready) return nullptr;
  size_t room;
  uint8_t *bytes = map_bytes_at(call, 0, &room);
  mipc_map_value_t value = {};
  int status = mipc_map_get(at.map, &at.key, at.frame->leases != 0, bytes, room, &value);
  return at.report(value, status);
}

/* mapGetLocked(bytes | nothing, key?): as mapGet(), into an array or the scratch, under the lock,
 * within frame.ms */
napi_value map_get_locked(const Call &call) {
  MapCall at(call, 1);
  if (!at.ready) return nullptr;
  size_t room = MIPC_MAP_SCRATCH;
  uint8_t *bytes = map_scratch(call.environment());
  if (!call.is(0, napi_undefined)) bytes = map_bytes_at(call, 0, &room);
  mipc_map_value_t value = {};
  int status = mipc_map_get_locked(at.map, &at.key, at.frame->leases != 0, bytes, room,
                                   at.frame->ms * 1000, &value);
  return at.report(value, status);
}

napi_value store(const MapCall &at, const uint8_t *bytes) {
  mipc_map_value_t value = {};
  value.type = at.frame->type;
  value.length = whole(at.frame->length);
  value.number = at.frame->number;
  mipc_map_how_t how = at.how();
  int status = mipc_map_set(at.map, &at.key, bytes, &how, &value);
  return at.report(value, status);
}

/* mapSet(), mapSetOf(key): sets the value to frame.number, or to frame.length bytes of the scratch
 */
napi_value map_set(const Call &call) {
  MapCall at(call, 0);
  if (!at.ready || at.frame->length > MIPC_MAP_SCRATCH) return nullptr; /* lib/ never does */
  return store(at, map_scratch(call.environment()));
}

/* mapSetText(text, key?): sets the value to a string of frame.length bytes, of a type of
 * frame.latin1 or frame.utf16, which fits into the scratch */
napi_value map_set_text(const Call &call) {
  MapCall at(call, 1);
  if (!at.ready || at.frame->length > MIPC_MAP_SCRATCH) return nullptr;
  uint8_t *scratch = map_scratch(call.environment());
  size_t length = 0;
  napi_status status =
      (at.frame->latin1 >> (at.frame->type & 31)) & 1
          ? napi_get_value_string_latin1(call.env, call.at[0], reinterpret_cast<char *>(scratch),
                                         MIPC_MAP_SCRATCH + 1, &length)
          : napi_get_value_string_utf16(call.env, call.at[0], reinterpret_cast<char16_t *>(scratch),
                                        MIPC_MAP_SCRATCH / 2 + 1, &length);
  if (status == napi_ok) return store(at, scratch);
  at.frame->status = MIPC_E_RANGE;
  return nullptr;
}

/* mapSetFrom(bytes, key?): sets the value to frame.length bytes of an array */
napi_value map_set_from(const Call &call) {
  MapCall at(call, 1);
  if (!at.ready) return nullptr;
  size_t length;
  const uint8_t *bytes = map_bytes_at(call, 0, &length);
  if (at.frame->length <= static_cast<double>(length)) return store(at, bytes);
  at.frame->status = MIPC_E_RANGE;
  return nullptr;
}

/* mapAdd(), mapAddOf(key): adds frame.number to a number; frame.initial is that of an entry that is
 * absent */
napi_value map_add(const Call &call) {
  MapCall at(call, 0);
  if (!at.ready) return nullptr;
  mipc_map_value_t value = {};
  mipc_map_how_t how = at.how();
  bool created = false;
  int status =
      mipc_map_add(at.map, &at.key, at.frame->number, at.frame->initial, &how, &value, &created);
  at.frame->created = created;
  return at.report(value, status);
}

template <int (*change)(mipc_map_t *, const mipc_map_key_t *, const mipc_map_how_t *,
                        mipc_map_value_t *)>
napi_value map_change(const Call &call) {
  MapCall at(call, 0);
  if (!at.ready) return nullptr;
  mipc_map_value_t value = {};
  mipc_map_how_t how = at.how();
  int status = change(at.map, &at.key, &how, &value);
  return at.report(value, status);
}

} // namespace

void map_exports(Environment *environment, Object &exports) {
  /* Of the frequent calls there are two forms: that without an argument is faster. */
  static const Export list[] = {
      {"mapMemory", entry<memory, 0>},
      {"mapGet", quick_entry<map_get>},
      {"mapGetOf", entry<map_get, 1>},
      {"mapLook", quick_entry<look>},
      {"mapLookOf", entry<look, 1>},
      {"mapGetInto", entry<map_get_into, 2>},
      {"mapGetLocked", entry<map_get_locked, 2>},
      {"mapSet", quick_entry<map_set>},
      {"mapSetOf", entry<map_set, 1>},
      {"mapSetText", entry<map_set_text, 2>},
      {"mapSetFrom", entry<map_set_from, 2>},
      {"mapAdd", quick_entry<map_add>},
      {"mapAddOf", entry<map_add, 1>},
      {"mapDelete", quick_entry<map_change<mipc_map_delete>>},
      {"mapDeleteOf", entry<map_change<mipc_map_delete>, 1>},
      {"mapExpire", entry<map_change<mipc_map_expire>, 1>},
  };
  add_functions(exports, environment, list);
  map_parts_exports(environment, exports);
}
