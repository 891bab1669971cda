/*
 * Notices: how a thread of ours tells JS that what a mapping waits for has come. They go through
 * one thread-safe function of the environment, and say nothing but the mapping's handle: what there
 * is to know, JS asks.
 *
 * When the thread of JS ends, everything that its objects wait for is stopped, and every lock
 * given up, before anything of the environment goes.
 */
#include "values.h"

extern "C" {
#include "../base/status.h"
#include "../os/process.h"
}

/*
 * The object ends its waits, and waits for their threads, before the owner is deleted. What is sent
 * is the index in the table, as a pointer has room for no more on every machine. Another object may
 * have the index when it arrives; its listeners then look in vain.
 */
void notify(void *data) {
  const Owner *owner = static_cast<Owner *>(data);
  uint64_t index = owner->handle % MIPC_SLOT_LIMIT;
  napi_call_threadsafe_function(owner->environment->notices,
                                reinterpret_cast<void *>(static_cast<uintptr_t>(index)),
                                napi_tsfn_nonblocking);
}

namespace {

/* Without an environment what is left in the queue of a dead one is thrown away. */
void deliver(napi_env env, napi_value, void *context, void *data) {
  if (!env) return;
  const Environment *environment = static_cast<Environment *>(context);
  uint32_t index = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(data));
  int64_t number = mipc_slots_number(&environment->owners, index);
  napi_value callback = value_of(env, environment->deliver);
  napi_value handle = number < 0 ? nullptr : to_number(env, number);
  napi_value undefined = nullptr;
  if (!callback || !handle || napi_get_undefined(env, &undefined) != napi_ok) return;
  /* What it throws, or why it could not run, is Node's to report. */
  napi_call_function(env, undefined, callback, 1, &handle, nullptr);
}

/* Runs before the thread-safe function's own clean-up, which was registered earlier, and before the
 * finalizers of all objects. */
void stop_all(void *data) {
  Environment *environment = static_cast<Environment *>(data);
  environment->ending = true;
  uint32_t index = 0;
  while (void *item = mipc_slots_next(&environment->owners, &index)) {
    mipc_object_give_up(&static_cast<Owner *>(item)->object);
  }
  release_orphans(environment);
}

/* Puts a function in the place of the one before. */
bool replace(const Call &call, napi_ref *at) {
  napi_ref fresh = nullptr;
  if (napi_create_reference(call.env, call.at[0], 1, &fresh) != napi_ok) return false;
  drop(call.env, at);
  *at = fresh;
  return true;
}

bool open_notices(napi_env env, Environment *environment) {
  napi_value name = to_text(env, "mmapipc");
  if (!name ||
      napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr,
                                      environment, deliver, &environment->notices) != napi_ok) {
    environment->notices = nullptr;
    return false;
  }
  napi_unref_threadsafe_function(env, environment->notices);
  /* Once more, and so before the function's own. Without memory for it Node ends the process. */
  napi_remove_env_cleanup_hook(env, stop_all, environment);
  napi_add_env_cleanup_hook(env, stop_all, environment);
  return true;
}

/* notices(callback(handle)): before the first wait that is to be told of; a later callback takes
 * the place of the one before. -> 0 or a status */
napi_value notices(const Call &call) {
  Environment *environment = call.environment();
  bool done = replace(call, &environment->deliver) &&
              (environment->notices || open_notices(call.env, environment));
  return to_number(call.env, done ? MIPC_OK : mipc_no_memory());
}

/* collected(callback(label?, handle?, isRegion)): hears of objects that were collected while they
 * held their lock; likewise. -> 0 or a status */
napi_value collected(const Call &call) {
  bool done = replace(call, &call.environment()->collected);
  return to_number(call.env, done ? MIPC_OK : mipc_no_memory());
}

/* keepAlive(on): whether what is waited for keeps the event loop running. */
napi_value keep_alive(const Call &call) {
  napi_threadsafe_function function = call.environment()->notices;
  if (function && call.flag(0)) napi_ref_threadsafe_function(call.env, function);
  if (function && !call.flag(0)) napi_unref_threadsafe_function(call.env, function);
  return to_number(call.env, MIPC_OK);
}

} // namespace

void notices_exports(napi_env env, Environment *environment, Object &exports) {
  static const Export list[] = {
      {"notices", entry<notices, 1>},
      {"collected", entry<collected, 1>},
      {"keepAlive", entry<keep_alive, 1>},
  };
  napi_add_env_cleanup_hook(env, stop_all, environment);
  add_functions(exports, environment, list);
}
