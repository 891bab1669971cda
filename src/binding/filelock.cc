/*
 * Locks on files for JS: one step each; the loops, queues and errors are in lib/.
 *
 * The end of an asynchronous wait comes as a notice through a thread-safe function of the
 * environment, made at the first wait. When the thread of JS ends, all its waits are stopped and
 * all its locks given back before anything of the environment goes.
 */
#include "values.h"

#include <new>

extern "C" {
#include "../base/status.h"
#include "../os/process.h"
}

namespace {

/* What a waiting thread needs to send its notice. */
struct Notice {
  napi_threadsafe_function notices;
  uint32_t handle;
};

void notify(void *context) {
  Notice *notice = static_cast<Notice *>(context);
  void *handle = reinterpret_cast<void *>(static_cast<uintptr_t>(notice->handle));
  napi_call_threadsafe_function(notice->notices, handle, napi_tsfn_nonblocking);
  delete notice;
}

void deliver(napi_env env, napi_value callback, void *, void *data) {
  if (!env || !callback) return;
  napi_value undefined, handle, result;
  napi_get_undefined(env, &undefined);
  napi_create_uint32(env, static_cast<uint32_t>(reinterpret_cast<uintptr_t>(data)), &handle);
  napi_call_function(env, undefined, callback, 1, &handle, &result);
}

/* Runs before the thread-safe function's own clean-up, which was registered earlier. */
void stop_all(void *data) {
  Environment *environment = static_cast<Environment *>(data);
  uint32_t index = 0;
  while (void *item = mipc_slots_next(&environment->mappings, &index)) {
    mipc_mapping_give_up(static_cast<mipc_mapping_t *>(item));
  }
}

/* lockNotices(callback(handle)): once, before the first asynchronous wait. -> 0 or a status */
Napi::Value lock_notices(const Napi::CallbackInfo &info) {
  Environment *environment = environment_of(info.Env());
  if (environment->notices) return to_number(info, MIPC_OK);
  napi_status status = napi_create_threadsafe_function(
      info.Env(), info[0], nullptr, Napi::String::New(info.Env(), "mmapipc lock"), 0, 1, nullptr,
      nullptr, nullptr, deliver, &environment->notices);
  if (status != napi_ok) return to_number(info, mipc_no_memory());
  napi_unref_threadsafe_function(info.Env(), environment->notices);
  napi_add_env_cleanup_hook(info.Env(), stop_all, environment);
  return to_number(info, MIPC_OK);
}

/* lockKeepAlive(on): whether pending waits keep the event loop running. */
Napi::Value lock_keep_alive(const Napi::CallbackInfo &info) {
  Environment *environment = environment_of(info.Env());
  if (!environment->notices) return to_number(info, MIPC_OK);
  if (to_bool(info[0])) {
    napi_ref_threadsafe_function(info.Env(), environment->notices);
  } else {
    napi_unref_threadsafe_function(info.Env(), environment->notices);
  }
  return to_number(info, MIPC_OK);
}

int find_lock(const Napi::CallbackInfo &info, mipc_mapping_t **ret_mapping,
              mipc_filelock_t **ret_lock) {
  *ret_mapping = find(info);
  return *ret_mapping ? mipc_mapping_lock(*ret_mapping, ret_lock) : MIPC_E_CLOSED;
}

/*
 * The two hot calls, on plain Node-API: less work for each argument and none for the result.
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
  napi_threadsafe_function notices = environment_of(info.Env())->notices;
  if (!to_bool(info[4]) || !notices) {
    return to_number(info, mipc_filelock_begin(lock, &range, nullptr, nullptr));
  }
  Notice *notice = new (std::nothrow) Notice{notices, to_u32(info[0])};
  if (!notice) return to_number(info, mipc_no_memory());
  status = mipc_filelock_begin(lock, &range, notify, notice);
  if (status < 0) delete notice;
  return to_number(info, status);
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

void set_plain(Napi::Object exports, const char *name, napi_callback callback) {
  napi_value function = nullptr;
  napi_create_function(exports.Env(), name, NAPI_AUTO_LENGTH, callback, nullptr, &function);
  napi_set_named_property(exports.Env(), exports, name, function);
}

} // namespace

void filelock_exports(Napi::Env env, Napi::Object exports) {
  exports.Set("lockNotices", Napi::Function::New<lock_notices>(env));
  exports.Set("lockKeepAlive", Napi::Function::New<lock_keep_alive>(env));
  set_plain(exports, "lockTake", lock_take);
  set_plain(exports, "lockDrop", lock_drop);
  exports.Set("lockBegin", Napi::Function::New<lock_begin>(env));
  exports.Set("lockPoll", Napi::Function::New<lock_poll>(env));
  exports.Set("lockCancel", Napi::Function::New<lock_cancel>(env));
}
