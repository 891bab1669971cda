/*
 * One call of a SharedMap: finds the map and the key of the frame (binding/map.cc).
 */
#ifndef MIPC_BINDING_MAP_H
#define MIPC_BINDING_MAP_H

#include "values.h"

#include <cstring>
#include <limits>

extern "C" {
#include "../map/changes.h"
#include "../map/map.h"
}

inline uint8_t *map_scratch(const Environment *environment) {
  return reinterpret_cast<uint8_t *>(environment->map) + MIPC_MAP_FRAME_SIZE;
}

inline uint64_t ttl_from(double ttl) {
  return whole(ttl, MIPC_MAP_FOREVER);
}

inline double ttl_to(uint64_t ttl) {
  return ttl == MIPC_MAP_FOREVER ? std::numeric_limits<double>::infinity()
                                 : static_cast<double>(ttl);
}

inline int find_map(const Environment *environment, double handle, mipc_map_t **ret_map) {
  mipc_object_t *object = find(environment, handle);
  return object ? mipc_object_map(object, ret_map) : static_cast<int>(MIPC_E_CLOSED);
}

/* Stores a string of JS as the key in the frame. false: it could not be read. */
bool read_map_key(napi_env env, napi_value string, mipc_map_frame_t *frame);

/* One call: the map of frame.handle, and the key. `ready` if both were found; otherwise the status
 * in the frame is the reason. */
struct MapCall {
  mipc_map_frame_t *frame;
  mipc_map_t *map = nullptr;
  mipc_map_key_t key = {};
  bool ready = false;

  /* `at`: the argument that may be the key. */
  MapCall(const Call &call, size_t at) : frame(call.environment()->map) {
    if (!frame) return; /* lib/ calls mapMemory() first, and stops if that fails */
    frame->status = find_map(call.environment(), frame->handle, &map);
    if (frame->status < 0) return;
    if (frame->key_length == MIPC_MAP_KEY_GIVEN && !read_map_key(call.env, call.at[at], frame)) {
      frame->status = MIPC_E_RANGE;
      return;
    }
    if (frame->key_length > MIPC_MAP_FRAME_KEY) {
      frame->status = MIPC_E_KEY_TOO_LONG;
      return;
    }
    key.words = frame->key.at;
    key.length = frame->key_length;
    key.is_wide = frame->is_wide != 0;
    pad();
    mipc_map_hash(map, &key);
    ready = true;
  }
  mipc_map_how_t how() const {
    return {frame->ms * 1000, frame->when, whole(frame->expected), ttl_from(frame->ttl),
            frame->keep_ttl != 0};
  }
  /* Stores the facts of a value and the status. */
  napi_value report(const mipc_map_value_t &value, int status) const {
    frame->status = status;
    frame->type = value.type;
    frame->number = value.number;
    frame->length = static_cast<double>(value.length);
    frame->version = static_cast<double>(value.version);
    frame->ttl = ttl_to(value.ttl);
    frame->bucket = static_cast<double>(value.bucket);
    std::memcpy(&frame->bucket_version, &value.bucket_version, sizeof(double));
    return nullptr;
  }

private:
  /* Zeros behind the key, up to the end of its last word. */
  void pad() const {
    uint32_t rest = frame->key_length % 8;
    uint8_t *bytes = reinterpret_cast<uint8_t *>(frame->key.at);
    if (rest) std::memset(bytes + frame->key_length, 0, 8 - rest);
  }
};

/* The bytes of a Uint8Array, or none. */
inline uint8_t *map_bytes_at(const Call &call, size_t at, size_t *ret_length) {
  static uint8_t none[8];
  void *bytes = nullptr;
  *ret_length = 0;
  if (napi_get_typedarray_info(call.env, call.at[at], nullptr, ret_length, &bytes, nullptr,
                               nullptr) == napi_ok &&
      bytes) {
    return static_cast<uint8_t *>(bytes);
  }
  *ret_length = 0;
  return none;
}

/* The subject's second file; map_exports() adds its functions. */
void map_parts_exports(Environment *environment, Object &exports);

#endif
