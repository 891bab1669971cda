/*
 * Share for JS. A value and what is told of it lie in memory that both reach: a frame and room
 * behind it (shm/layout.h), one in each environment; a value with more bytes than the room has
 * comes or goes in a Uint8Array of JS' own.
 */
#include "values.h"

extern "C" {
#include "../base/status.h"
#include "../shm/share.h"
}

namespace {

mipc_share_frame_t *frame_of(const Environment *environment) {
  return environment->share;
}

uint8_t *room_of(const Environment *environment) {
  return reinterpret_cast<uint8_t *>(environment->share) + MIPC_SHARE_FRAME_SIZE;
}

/* shareMemory() -> the ArrayBuffer of frame and room */
Napi::Value memory(const Napi::CallbackInfo &info) {
  Environment *environment = environment_of(info.Env());
  if (environment->share) return environment->share_bytes.Value();
  Napi::ArrayBuffer bytes =
      Napi::ArrayBuffer::New(info.Env(), MIPC_SHARE_FRAME_SIZE + MIPC_SHARE_ROOM);
  environment->share = static_cast<mipc_share_frame_t *>(bytes.Data());
  environment->share_bytes = Napi::Persistent(bytes.As<Napi::Object>());
  return bytes;
}

/* A field of the frame; lib/ puts in what is not negative. */
uint64_t whole(double number) {
  return static_cast<uint64_t>(static_cast<int64_t>(number));
}

/* `way`: a mipc_share_way_t. */
int set(Environment *environment, uint32_t handle, uint32_t ms, uint32_t way,
        const uint8_t *bytes) {
  mipc_share_frame_t *frame = frame_of(environment);
  mipc_mapping_t *mapping =
      static_cast<mipc_mapping_t *>(mipc_slots_get(&environment->mappings, handle));
  if (!mapping) return MIPC_E_CLOSED;
  mipc_cell_value_t value = {0, whole(frame->length), frame->type, frame->checked != 0};
  uint64_t expected = frame->expected < 0 ? MIPC_SHARE_ANY : whole(frame->expected);
  int status = mipc_share_set(mapping, environment, bytes, expected, ms * 1000,
                              static_cast<mipc_share_way_t>(way), &value);
  frame->version = static_cast<double>(value.version);
  return status;
}

int tell(mipc_share_frame_t *frame, const mipc_cell_value_t &value, int status) {
  frame->version = static_cast<double>(value.version);
  frame->length = static_cast<double>(value.length);
  frame->type = value.type;
  return status;
}

/* The two hot calls are on plain Node-API; their data is the environment.
 *
 * shareSet(handle, ms, way): frame.length bytes in the room, by the lock as shm/share.h has it
 * -> nothing when they are set, else 2, set and recovered; 0, the lock was not free; 3, another
 * version; 4, likewise and recovered; or a status */
napi_value share_set(napi_env env, napi_callback_info info) {
  size_t count = 3;
  napi_value arguments[3], result = nullptr;
  void *data = nullptr;
  uint32_t handle = 0, ms = 0, way = 0;
  napi_get_cb_info(env, info, &count, arguments, nullptr, &data);
  napi_get_value_uint32(env, arguments[0], &handle);
  napi_get_value_uint32(env, arguments[1], &ms);
  napi_get_value_uint32(env, arguments[2], &way);
  Environment *environment = static_cast<Environment *>(data);
  if (frame_of(environment)->length > MIPC_SHARE_ROOM) return nullptr; /* lib/ never does */
  int status = set(environment, handle, ms, way, room_of(environment));
  if (status != MIPC_LOCK_TAKEN) napi_create_int32(env, status, &result);
  return result;
}

/* shareGet(handle): into the room -> nothing, else 1, frame.length is more than the room has; 2,
 * overtaken; or a status */
napi_value share_get(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument, result = nullptr;
  void *data = nullptr;
  uint32_t handle = 0;
  napi_get_cb_info(env, info, &count, &argument, nullptr, &data);
  napi_get_value_uint32(env, argument, &handle);
  Environment *environment = static_cast<Environment *>(data);
  mipc_share_frame_t *frame = frame_of(environment);
  mipc_mapping_t *mapping =
      static_cast<mipc_mapping_t *>(mipc_slots_get(&environment->mappings, handle));
  mipc_cell_value_t value = {};
  value.checked = frame->checked != 0;
  int status = mapping ? mipc_share_get(mapping, room_of(environment), MIPC_SHARE_ROOM, &value)
                       : static_cast<int>(MIPC_E_CLOSED);
  tell(frame, value, status);
  if (status != 0) napi_create_int32(env, status, &result);
  return result;
}

/* The bytes of a Uint8Array, or the room when it is none. */
uint8_t *bytes_or_room(const Napi::CallbackInfo &info, size_t at, size_t *ret_length) {
  void *bytes = nullptr;
  napi_typedarray_type type;
  bool is_there = false;
  *ret_length = MIPC_SHARE_ROOM;
  napi_is_typedarray(info.Env(), info[at], &is_there);
  if (!is_there) return room_of(environment_of(info.Env()));
  napi_get_typedarray_info(info.Env(), info[at], &type, ret_length, &bytes, nullptr, nullptr);
  return static_cast<uint8_t *>(bytes);
}

/* shareSetFrom(handle, ms, way, bytes): the same from an array of its own -> as shareSet(), 1
 * when it is set */
Napi::Value share_set_from(const Napi::CallbackInfo &info) {
  Environment *environment = environment_of(info.Env());
  size_t length;
  const uint8_t *bytes = bytes_or_room(info, 3, &length);
  if (frame_of(environment)->length > static_cast<double>(length)) {
    return to_number(info, MIPC_E_RANGE);
  }
  return to_number(info,
                   set(environment, to_u32(info[0]), to_u32(info[1]), to_u32(info[2]), bytes));
}

/* shareGetInto(handle, bytes?, ms?): the same into an array of its own; with `ms` under the lock,
 * which is waited for so long at most -> as shareGet(), 0 when it is there */
Napi::Value share_get_into(const Napi::CallbackInfo &info) {
  Environment *environment = environment_of(info.Env());
  mipc_share_frame_t *frame = frame_of(environment);
  mipc_mapping_t *mapping = find(info);
  if (!mapping) return to_number(info, MIPC_E_CLOSED);
  size_t length;
  uint8_t *bytes = bytes_or_room(info, 1, &length);
  mipc_cell_value_t value = {};
  value.checked = frame->checked != 0;
  int status = info[2].IsNumber() ? mipc_share_get_locked(mapping, environment, bytes, length,
                                                          to_u32(info[2]) * 1000, &value)
                                  : mipc_share_get(mapping, bytes, length, &value);
  return to_number(info, tell(frame, value, status));
}

/* shareLook(handle): frame.version, frame.length -> 0 or as shareGet() */
Napi::Value look(const Napi::CallbackInfo &info) {
  mipc_mapping_t *mapping = find(info);
  if (!mapping) return to_number(info, MIPC_E_CLOSED);
  mipc_cell_value_t value = {};
  int status = mipc_share_look(mapping, &value);
  return to_number(info, tell(frame_of(environment_of(info.Env())), value, status));
}

/* shareSize(capacity) -> bytes of a payload for it, 0: there are none so large */
Napi::Value size(const Napi::CallbackInfo &info) {
  return to_number(info, static_cast<int64_t>(mipc_cell_size(to_u64(info[0]))));
}

/* watchArm(handle): gives notice when the region's event moves, once -> 0 or a status */
Napi::Value watch_arm(const Napi::CallbackInfo &info) {
  mipc_mapping_t *mapping = find(info);
  if (!mapping) return to_number(info, MIPC_E_CLOSED);
  mipc_watch_t *watch;
  int status = mipc_mapping_watch(mapping, notify, mipc_mapping_tied(mapping), &watch);
  return to_number(info, status < 0 ? status : mipc_watch_arm(watch));
}

/* watchDisarm(handle): no more of it */
Napi::Value watch_disarm(const Napi::CallbackInfo &info) {
  mipc_mapping_t *mapping = find(info);
  if (!mapping) return to_number(info, MIPC_E_CLOSED);
  mipc_watch_t *watch;
  int status = mipc_mapping_watch(mapping, notify, mipc_mapping_tied(mapping), &watch);
  if (status == 0) mipc_watch_disarm(watch);
  return to_number(info, status);
}

} // namespace

void share_exports(Napi::Env env, Napi::Object exports) {
  Environment *environment = environment_of(env);
  exports.Set("shareMemory", Napi::Function::New<memory>(env));
  set_plain(exports, "shareSet", share_set, environment);
  set_plain(exports, "shareGet", share_get, environment);
  exports.Set("shareSetFrom", Napi::Function::New<share_set_from>(env));
  exports.Set("shareGetInto", Napi::Function::New<share_get_into>(env));
  exports.Set("shareLook", Napi::Function::New<look>(env));
  exports.Set("shareSize", Napi::Function::New<size>(env));
  exports.Set("watchArm", Napi::Function::New<watch_arm>(env));
  exports.Set("watchDisarm", Napi::Function::New<watch_disarm>(env));
}
