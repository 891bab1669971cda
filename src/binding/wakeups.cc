/*
 * Wake-ups: messages from a waiter thread to JS that a wait of an object is over. They go through
 * one thread-safe function of the environment and carry only the object's handle. JS then polls the
 * result.
 *
 * When the thread of JS ends, all waits of its objects are ended and all its locks released, before
 * any part of the environment is freed.
 */
#include "values.h"

extern "C" {
#include "../base/status.h"
#include "../os/process.h"
}

/*
 * The object ends its waits, and joins their threads, before the owner is deleted. The message is
 * the index in the table, because a pointer has no space for a handle on every machine. When it
 * arrives, another object may have the index; the listeners of that object then find no result.
 */
void send_wakeup(void *data) {
  const Owner *owner = static_cast<Owner *>(data);
  uint64_t index = owner->handle % MIPC_SLOT_LIMIT;
  napi_call_threadsafe_function(owner->environment->wakeups,
                                reinterpret_cast<void *>(static_cast<uintptr_t>(index)),
                                napi_tsfn_nonblocking);
}

namespace {

/* Without an `env` the environment has ended, and the rest of its queue is discarded. */
void deliver(napi_env env, napi_value, void *context, void *data) {
  if (!env) return;
  const Environment *environment = static_cast<Environment *>(context);
  uint32_t index = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(data));
  int64_t number = mipc_slots_number(&environment->owners, index);
  napi_value callback = value_of(env, environment->deliver);
  napi_value handle = number < 0 ? nullptr : to_number(env, number);
  napi_value undefined = nullptr;
  if (!callback || !handle || napi_get_undefined(env, &undefined) != napi_ok) return;
  /* Node reports an exception of the callback, and a failure to call it. */
  napi_call_function(env, undefined, callback, 1, &handle, nullptr);
}

/* Runs before the clean-up of the thread-safe function, which was registered earlier, and before
 * the finalizers of all objects. */
void stop_all(void *data) {
  Environment *environment = static_cast<Environment *>(data);
  environment->ending = true;
  uint32_t index = 0;
  while (void *item = mipc_slots_next(&environment->owners, &index)) {
    mipc_object_give_up(&static_cast<Owner *>(item)->object);
  }
  release_orphans(environment);
}

/* Replaces the function in `at` by the first argument. */
bool replace(const Call &call, napi_ref *at) {
  napi_ref fresh = nullptr;
  if (napi_create_reference(call.env, call.at[0], 1, &fresh) != napi_ok) return false;
  drop(call.env, at);
  *at = fresh;
  return true;
}

bool open_wakeups(napi_env env, Environment *environment) {
  napi_value name = to_text(env, "mmapipc");
  if (!name ||
      napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr,
                                      environment, deliver, &environment->wakeups) != napi_ok) {
    environment->wakeups = nullptr;
    return false;
  }
  napi_unref_threadsafe_function(env, environment->wakeups);
  /* Registered again, so that it runs before the function's own clean-up. If there is no memory for
   * that, Node ends the process. */
  napi_remove_env_cleanup_hook(env, stop_all, environment);
  napi_add_env_cleanup_hook(env, stop_all, environment);
  return true;
}

/* onWakeup(callback(handle)): called before the first wait that sends a wake-up; a later callback
 * replaces an earlier one. -> 0 or a status */
napi_value on_wakeup(const Call &call) {
  Environment *environment = call.environment();
  bool done = replace(call, &environment->deliver) &&
              (environment->wakeups || open_wakeups(call.env, environment));
  return to_number(call.env, done ? MIPC_OK : mipc_no_memory());
}

/* onCollected(callback(label?, handle?, isRegion)): called for each object that is collected while
 * it holds its lock; a later callback replaces an earlier one. -> 0 or a status */
napi_value on_collected(const Call &call) {
  bool done = replace(call, &call.environment()->collected);
  return to_number(call.env, done ? MIPC_OK : mipc_no_memory());
}

/* keepAlive(on): whether pending waits keep the event loop running. */
napi_value keep_alive(const Call &call) {
  napi_threadsafe_function function = call.environment()->wakeups;
  if (function && call.flag(0)) napi_ref_threadsafe_function(call.env, function);
  if (function && !call.flag(0)) napi_unref_threadsafe_function(call.env, function);
  return to_number(call.env, MIPC_OK);
}

} // namespace

void wakeups_exports(napi_env env, Environment *environment, Object &exports) {
  static const Export list[] = {
      {"onWakeup", entry<on_wakeup, 1>},
      {"onCollected", entry<on_collected, 1>},
      {"keepAlive", entry<keep_alive, 1>},
  };
  napi_add_env_cleanup_hook(env, stop_all, environment);
  add_functions(exports, environment, list);
}
