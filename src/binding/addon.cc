/*
 * The entry of the addon: creates the environment and collects the exports of the subjects. Any
 * number of threads may load the addon, at the same time and repeatedly, and each of them may be
 * terminated at any step.
 */
#include "values.h"

#include <napi.h>
#include <new>

void environment_put(Environment *environment) {
  if (--environment->refs) return;
  mipc_slots_done(&environment->owners);
  delete environment;
}

static void environment_finalize(napi_env env, void *data, void *) {
  Environment *environment = static_cast<Environment *>(data);
  drop(env, &environment->report_bytes);
  drop(env, &environment->lock_bytes);
  drop(env, &environment->section_bytes);
  drop(env, &environment->share_bytes);
  drop(env, &environment->map_bytes);
  drop(env, &environment->deliver);
  drop(env, &environment->collected);
  environment_put(environment);
}

/* Creates the environment, which is freed when the thread ends. NULL: it could not be created, and
 * nothing is left. */
static Environment *environment_make(napi_env env) {
  Environment *environment = new (std::nothrow) Environment();
  if (!environment) return nullptr;
  environment->refs = 1;
  mipc_slots_init(&environment->owners);
  void *bytes = nullptr;
  bool made = make_memory(env, sizeof(mipc_report_t), &bytes, &environment->report_bytes);
  environment->report = static_cast<mipc_report_t *>(bytes);
  if (made && napi_set_instance_data(env, environment, environment_finalize, nullptr) == napi_ok) {
    return environment;
  }
  environment_finalize(env, environment, nullptr);
  return nullptr;
}

/* Exports the global object of this environment, and an object that all copies of lib/ in it share.
 * A copy in a vm context, or one that was loaded again, has its own globals and modules. */
static void add_shared(napi_env env, Object &exports) {
  napi_value global = nullptr;
  if (napi_get_global(env, &global) != napi_ok) global = nullptr;
  exports.set("global", global);
  exports.set("shared", Object(env).get());
}

static Napi::Object init(Napi::Env env, Napi::Object given) {
  Environment *environment = environment_make(env);
  Object exports(env, environment ? static_cast<napi_value>(given) : nullptr);
  if (environment) {
    exports.set("report", value_of(env, environment->report_bytes));
    add_shared(env, exports);
    filelock_exports(environment, exports);
    map_exports(environment, exports);
    mapping_exports(environment, exports);
    wakeups_exports(env, environment, exports);
    pack_exports(environment, exports);
    region_exports(environment, exports);
    regionlock_exports(environment, exports);
    section_exports(environment, exports);
    share_exports(environment, exports);
    tables_exports(env, exports);
  }
  /* This also fails while the thread is being terminated; then the error reaches no user. */
  if (!exports.get()) napi_throw_error(env, nullptr, "mmapipc: out of memory");
  return given;
}

NODE_API_MODULE(mmapipc, init)
