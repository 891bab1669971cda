/*
 * The entry of the addon: makes the environment and collects what the subjects export. It may be
 * loaded by any number of threads, at once and again and again.
 */
#include "environment.h"

#include <new>

Environment *environment_of(napi_env env) {
  void *data = nullptr;
  napi_get_instance_data(env, &data);
  return static_cast<Environment *>(data);
}

void environment_put(Environment *environment) {
  if (--environment->refs) return;
  mipc_slots_done(&environment->mappings);
  delete environment;
}

static void environment_finalize(napi_env env, void *data, void *) {
  Environment *environment = static_cast<Environment *>(data);
  environment->bytes.Reset();
  environment->lock_bytes.Reset();
  environment->share_bytes.Reset();
  if (environment->section_bytes) napi_delete_reference(env, environment->section_bytes);
  packer_free(environment->packer);
  environment->packer = nullptr;
  environment_put(environment);
}

static Napi::Object init(Napi::Env env, Napi::Object exports) {
  Environment *environment = new (std::nothrow) Environment();
  if (!environment) {
    Napi::Error::New(env, "mmapipc: out of memory").ThrowAsJavaScriptException();
    return exports;
  }
  environment->refs = 1;
  mipc_slots_init(&environment->mappings);
  Napi::ArrayBuffer bytes = Napi::ArrayBuffer::New(env, sizeof(mipc_report_t));
  environment->report = static_cast<mipc_report_t *>(bytes.Data());
  environment->bytes = Napi::Persistent(bytes.As<Napi::Object>());
  napi_set_instance_data(env, environment, environment_finalize, nullptr);

  exports.Set("report", bytes);
  exports.Set("global", env.Global());
  filelock_exports(env, exports);
  mapping_exports(env, exports);
  notices_exports(env, exports);
  pack_exports(env, exports);
  region_exports(env, exports);
  regionlock_exports(env, exports);
  section_exports(env, exports);
  share_exports(env, exports);
  tables_exports(env, exports);
  return exports;
}

NODE_API_MODULE(mmapipc, init)
