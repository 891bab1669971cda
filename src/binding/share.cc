/*
 * Share for JS. C and JS exchange a value in memory that both can access: a frame, and the scratch
 * for the bytes of the value behind it (base/layout.h), one of each in an environment. A value that
 * does not fit into the scratch passes in a Uint8Array of its own.
 */
#include "values.h"

extern "C" {
#include "../base/status.h"
#include "../shm/share.h"
#include "../sync/bell.h"
}

namespace {

/* Never NULL: lib/ calls shareMemory() first, and stops if that fails. */
mipc_share_frame_t *frame_of(const Environment *environment) {
  return environment->share;
}

uint8_t *scratch_of(const Environment *environment) {
  return reinterpret_cast<uint8_t *>(environment->share) + MIPC_SHARE_FRAME_SIZE;
}

/* shareMemory() -> ArrayBuffer of frame and scratch */
napi_value memory(const Call &call) {
  Environment *environment = call.environment();
  void *bytes = nullptr;
  if (!environment->share && make_memory(call.env, MIPC_SHARE_FRAME_SIZE + MIPC_SHARE_SCRATCH,
                                         &bytes, &environment->share_bytes)) {
    environment->share = static_cast<mipc_share_frame_t *>(bytes);
  }
  return value_of(call.env, environment->share_bytes);
}

/* `way`: a mipc_share_way_t. */
int set(const Environment *environment, mipc_object_t *object, uint32_t ms, uint32_t way,
        const uint8_t *bytes) {
  mipc_share_frame_t *frame = frame_of(environment);
  if (!object) return MIPC_E_CLOSED;
  mipc_cell_value_t value = {0, whole(frame->length), frame->type, frame->checked != 0};
  uint64_t expected = frame->expected < 0 ? MIPC_SHARE_ANY : whole(frame->expected);
  int status = mipc_share_set(object, bytes, expected, ms * 1000,
                              static_cast<mipc_share_way_t>(way), &value);
  frame->version = static_cast<double>(value.version);
  return status;
}

/* Stores the facts of a value in the frame, and returns `status`. */
int report(mipc_share_frame_t *frame, const mipc_cell_value_t &value, int status) {
  frame->version = static_cast<double>(value.version);
  frame->length = static_cast<double>(value.length);
  frame->type = value.type;
  return status;
}

/* For the two hot calls. Their handle lies in the frame, because an argument costs more. */
mipc_object_t *hot_object(const Environment *environment) {
  return find(environment, environment->share->handle);
}

/* shareSet(ms, way): sets the value to frame.length bytes of the scratch; `way` and the results are
 * explained in shm/share.h -> nothing: set; 2: set and recovered; 0: the lock was not free; 3: the
 * version is not the expected one; 4: the same, and recovered; or a status */
napi_value share_set(const Call &call) {
  Environment *environment = call.environment();
  if (frame_of(environment)->length > MIPC_SHARE_SCRATCH) return nullptr; /* lib/ never does */
  int status =
      set(environment, hot_object(environment), call.u32(0), call.u32(1), scratch_of(environment));
  return status == MIPC_LOCK_TAKEN ? nullptr : to_number(call.env, status);
}

/* shareGet(): copies the value into the scratch -> nothing: copied; 1: frame.length bytes do not
 * fit into the scratch; 2: writers have overtaken the reader; or a status */
napi_value share_get(const Call &call) {
  Environment *environment = call.environment();
  mipc_share_frame_t *frame = frame_of(environment);
  const mipc_object_t *object = hot_object(environment);
  mipc_cell_value_t value = {};
  value.checked = frame->checked != 0;
  int status = object ? mipc_share_get(object, scratch_of(environment), MIPC_SHARE_SCRATCH, &value)
                      : static_cast<int>(MIPC_E_CLOSED);
  report(frame, value, status);
  return status == 0 ? nullptr : to_number(call.env, status);
}

/* The bytes of a Uint8Array, or the scratch if the argument is none. An array that cannot be read
 * counts as empty. */
uint8_t *bytes_or_scratch(const Call &call, size_t at, size_t *ret_length) {
  static uint8_t none; /* an empty array may have no address */
  void *bytes = nullptr;
  bool is_array = false;
  *ret_length = 0;
  if (napi_is_typedarray(call.env, call.at[at], &is_array) != napi_ok) return &none;
  if (!is_array) {
    *ret_length = MIPC_SHARE_SCRATCH;
    return scratch_of(call.environment());
  }
  napi_status status = napi_get_typedarray_info(call.env, call.at[at], nullptr, ret_length, &bytes,
                                                nullptr, nullptr);
  if (status == napi_ok && bytes) return static_cast<uint8_t *>(bytes);
  *ret_length = 0;
  return &none;
}

/* shareSetFrom(handle, ms, way, bytes): as shareSet(), from an array -> as shareSet(), but 1: set
 */
napi_value share_set_from(const Call &call) {
  Environment *environment = call.environment();
  size_t length;
  const uint8_t *bytes = bytes_or_scratch(call, 3, &length);
  if (frame_of(environment)->length > static_cast<double>(length)) {
    return to_number(call.env, MIPC_E_RANGE);
  }
  return to_number(call.env, set(environment, call.object(), call.u32(1), call.u32(2), bytes));
}

/* shareGetInto(handle, bytes?, ms?): as shareGet(), into an array; with `ms` under the lock,
 * waiting at most so long for it -> as shareGet(), but 0: copied */
napi_value share_get_into(const Call &call) {
  Environment *environment = call.environment();
  mipc_share_frame_t *frame = frame_of(environment);
  mipc_object_t *object = call.object();
  if (!object) return to_number(call.env, MIPC_E_CLOSED);
  size_t length;
  uint8_t *bytes = bytes_or_scratch(call, 1, &length);
  mipc_cell_value_t value = {};
  value.checked = frame->checked != 0;
  int status = call.is(2, napi_number)
                   ? mipc_share_get_locked(object, bytes, length, call.u32(2) * 1000, &value)
                   : mipc_share_get(object, bytes, length, &value);
  return to_number(call.env, report(frame, value, status));
}

/* shareLook(handle): finds frame.version and frame.length without the bytes -> as shareGet(), but
 * 0: found */
napi_value look(const Call &call) {
  const mipc_object_t *object = call.object();
  if (!object) return to_number(call.env, MIPC_E_CLOSED);
  mipc_cell_value_t value = {};
  int status = mipc_share_look(object, &value);
  return to_number(call.env, report(frame_of(call.environment()), value, status));
}

/* shareSize(capacity) -> size of its payload in bytes; 0: the capacity is too large */
napi_value size(const Call &call) {
  return to_number(call.env, static_cast<int64_t>(mipc_cell_size(call.u64(0))));
}

int find_watch(mipc_object_t *object, mipc_watch_t **ret_watch) {
  return object ? mipc_object_watch(object, ret_watch) : static_cast<int>(MIPC_E_CLOSED);
}

/* watchArm(handle): sends one wake-up when the region's event changes -> 0 or a status */
napi_value watch_arm(const Call &call) {
  mipc_watch_t *watch;
  int status = find_watch(call.object(), &watch);
  return to_number(call.env, status < 0 ? status : mipc_watch_arm(watch));
}

/* watchDisarm(handle): sends no more wake-ups of the event -> 0 or a status */
napi_value watch_disarm(const Call &call) {
  mipc_watch_t *watch;
  int status = find_watch(call.object(), &watch);
  if (status == 0) mipc_watch_disarm(watch);
  return to_number(call.env, status);
}

/* bellPath(handle) -> path under which this process can watch the bell of the region, or a status
 */
napi_value bell_path(const Call &call) {
  char path[MIPC_BELL_PATH];
  const mipc_mapping_t *mapping = call.mapping();
  const mipc_region_t *region = mapping ? mipc_mapping_region(mapping) : nullptr;
  int status = region ? mipc_bell_path(region, path) : static_cast<int>(MIPC_E_CLOSED);
  return status < 0 ? to_number(call.env, status) : to_text(call.env, path);
}

/* bellArm(handle): asks for a ring at the next publication -> 0 or a status, also if the file was
 * cut off */
napi_value bell_arm(const Call &call) {
  const mipc_mapping_t *mapping = call.mapping();
  const mipc_region_t *region = mapping ? mipc_mapping_region(mapping) : nullptr;
  int status = region ? mipc_bell_arm(region) : static_cast<int>(MIPC_E_CLOSED);
  return to_number(call.env, status < 0 ? status : mipc_region_whole(region));
}

/* shareListen(handle, known): arms the bell, and reads frame.version; a negative `known`: no
 * version is known (shm/share.h) -> 0 or a status */
napi_value listen(const Call &call) {
  const mipc_object_t *object = call.object();
  if (!object) return to_number(call.env, MIPC_E_CLOSED);
  uint64_t version = 0;
  int status = mipc_share_listen(object, whole(call.number(1), MIPC_SHARE_ANY), &version);
  if (status == 0) frame_of(call.environment())->version = static_cast<double>(version);
  return to_number(call.env, status);
}

} // namespace

void share_exports(Environment *environment, Object &exports) {
  static const Export list[] = {
      {"shareMemory", entry<memory, 0>},
      {"shareSet", entry<share_set, 2>},
      {"shareGet", quick_entry<share_get>},
      {"shareSetFrom", entry<share_set_from, 4>},
      {"shareGetInto", entry<share_get_into, 3>},
      {"shareLook", entry<look, 1>},
      {"shareSize", entry<size, 1>},
      {"watchArm", entry<watch_arm, 1>},
      {"watchDisarm", entry<watch_disarm, 1>},
      {"bellPath", entry<bell_path, 1>},
      {"bellArm", entry<bell_arm, 1>},
      {"shareListen", entry<listen, 2>},
  };
  add_functions(exports, environment, list);
}
