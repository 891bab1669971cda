/*
 * Locks on files for JS: one step each; the loops, queues and errors are in lib/. The end of an
 * asynchronous wait comes as a notice (notices.cc).
 */
#include "values.h"

extern "C" {
#include "../base/status.h"
}

namespace {

int find_lock(const Napi::CallbackInfo &info, mipc_mapping_t **ret_mapping,
              mipc_filelock_t **ret_lock) {
  *ret_mapping = find(info);
  return *ret_mapping ? mipc_mapping_lock(*ret_mapping, ret_lock) : MIPC_E_CLOSED;
}

/*
 * The two hot calls, on plain Node-API.
 *
 * lockTake(handle, shared, naps) or lockTake(handle, shared, naps, offset, length) -> nothing
 * when it is taken, 0 when it is somebody else's, or a status.
 */
napi_value lock_take(napi_env env, napi_callback_info info) {
  size_t count = 5;
  napi_value arguments[5], result = nullptr;
  uint32_t handle = 0, naps = 0;
  bool shared = false;
  int64_t offset = 0, length = 0;
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  napi_get_value_uint32(env, arguments[0], &handle);
  napi_get_value_bool(env, arguments[1], &shared);
  napi_get_value_uint32(env, arguments[2], &naps);
  if (count == 5) {
    napi_get_value_int64(env, arguments[3], &offset);
    napi_get_value_int64(env, arguments[4], &length);
  }
  mipc_mapping_t *mapping = find(env, handle);
  mipc_filelock_t *lock = nullptr;
  int status = mapping ? mipc_mapping_lock(mapping, &lock) : MIPC_E_CLOSED;
  if (status == 0) {
    mipc_flock_range_t range = mipc_mapping_lock_range(
        mapping, shared, static_cast<uint64_t>(offset), static_cast<uint64_t>(length));
    status = mipc_filelock_take(lock, &range, naps);
  }
  if (status != 1) napi_create_int32(env, status, &result);
  return result;
}

/* lockDrop(handle): gives back what is held. -> nothing, or a status */
napi_value lock_drop(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value arguments[1], result = nullptr;
  uint32_t handle = 0;
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  napi_get_value_uint32(env, arguments[0], &handle);
  mipc_mapping_t *mapping = find(env, handle);
  mipc_filelock_t *lock = nullptr;
  int status = mapping ? mipc_mapping_lock(mapping, &lock) : MIPC_E_CLOSED;
  if (status < 0) {
    napi_create_int32(env, status, &result);
    return result;
  }
  mipc_filelock_drop(lock);
  return nullptr;
}

/* lockBegin(handle, shared, offset, length, notice) -> 0 or a status */
Napi::Value lock_begin(const Napi::CallbackInfo &info) {
  mipc_mapping_t *mapping;
  mipc_filelock_t *lock;
  int status = find_lock(info, &mapping, &lock);
  if (status < 0) return to_number(info, status);
  mipc_flock_range_t range =
      mipc_mapping_lock_range(mapping, to_bool(info[1]), to_u64(info[2]), to_u64(info[3]));
  if (!to_bool(info[4]))
    return to_number(info, mipc_filelock_begin(lock, &range, nullptr, nullptr));
  return to_number(info, mipc_filelock_begin(lock, &range, notify, mipc_mapping_tied(mapping)));
}

/* lockPoll(handle, ms) -> 1 taken, 0 still waiting, or a status */
Napi::Value lock_poll(const Napi::CallbackInfo &info) {
  mipc_mapping_t *mapping;
  mipc_filelock_t *lock;
  int status = find_lock(info, &mapping, &lock);
  if (status < 0) return to_number(info, status);
  return to_number(info, mipc_filelock_poll(lock, to_u32(info[1])));
}

/* lockCancel(handle): stops a wait; nothing is held afterwards */
Napi::Value lock_cancel(const Napi::CallbackInfo &info) {
  mipc_mapping_t *mapping;
  mipc_filelock_t *lock;
  int status = find_lock(info, &mapping, &lock);
  if (status == 0) mipc_filelock_cancel(lock);
  return to_number(info, status);
}

} // namespace

void filelock_exports(Napi::Env env, Napi::Object exports) {
  set_plain(exports, "lockTake", lock_take, nullptr);
  set_plain(exports, "lockDrop", lock_drop, nullptr);
  exports.Set("lockBegin", Napi::Function::New<lock_begin>(env));
  exports.Set("lockPoll", Napi::Function::New<lock_poll>(env));
  exports.Set("lockCancel", Napi::Function::New<lock_cancel>(env));
}
