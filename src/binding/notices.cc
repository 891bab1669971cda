/*
 * Notices: how a thread of ours tells JS that what a mapping waits for has come. They go through
 * one thread-safe function of the environment, and say nothing but the mapping's handle: what there
 * is to know, JS asks.
 *
 * When the thread of JS ends, everything that its mappings wait for is stopped, and every lock
 * given up, before anything of the environment goes.
 */
#include "values.h"

extern "C" {
#include "../base/status.h"
#include "../os/process.h"
}

/* Its mapping closes its waiters, and waits for their threads, before the owner is deleted. */
void notify(void *data) {
  const Owner *owner = static_cast<Owner *>(data);
  void *handle = reinterpret_cast<void *>(static_cast<uintptr_t>(owner->handle));
  napi_call_threadsafe_function(owner->environment->notices, handle, napi_tsfn_nonblocking);
}

namespace {

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

/* notices(callback(handle)): once, before the first wait that is to be told of. -> 0 or a status */
Napi::Value notices(const Napi::CallbackInfo &info) {
  Environment *environment = environment_of(info.Env());
  if (environment->notices) return to_number(info, MIPC_OK);
  napi_status status = napi_create_threadsafe_function(
      info.Env(), info[0], nullptr, Napi::String::New(info.Env(), "mmapipc"), 0, 1, nullptr,
      nullptr, nullptr, deliver, &environment->notices);
  if (status != napi_ok) return to_number(info, mipc_no_memory());
  napi_unref_threadsafe_function(info.Env(), environment->notices);
  /* Once more, and so before the function's own. */
  napi_remove_env_cleanup_hook(info.Env(), stop_all, environment);
  napi_add_env_cleanup_hook(info.Env(), stop_all, environment);
  return to_number(info, MIPC_OK);
}

/* keepAlive(on): whether what is waited for keeps the event loop running. */
Napi::Value keep_alive(const Napi::CallbackInfo &info) {
  Environment *environment = environment_of(info.Env());
  if (!environment->notices) return to_number(info, MIPC_OK);
  if (to_bool(info[0])) {
    napi_ref_threadsafe_function(info.Env(), environment->notices);
  } else {
    napi_unref_threadsafe_function(info.Env(), environment->notices);
  }
  return to_number(info, MIPC_OK);
}

} // namespace

void notices_exports(Napi::Env env, Napi::Object exports) {
  napi_add_env_cleanup_hook(env, stop_all, environment_of(env));
  exports.Set("notices", Napi::Function::New<notices>(env));
  exports.Set("keepAlive", Napi::Function::New<keep_alive>(env));
}
