/*
 * Mappings for JS: free functions that take an integer handle, make plain C values of their
 * arguments, and return a number: a count, a handle, or a negative status. lib/ has checked every
 * type; a value of another type counts as 0 here.
 */
#include "values.h"

#include <new>
#include <string>

extern "C" {
#include "../base/atomic.h"
#include "../base/status.h"
#include "../os/guard.h"
#include "../os/process.h"
#include "../shm/mapping.h"
#include "../shm/quarantine.h"
}

namespace {

void owner_finalize(napi_env, void *data, void *) {
  Owner *owner = static_cast<Owner *>(data);
  mipc_slots_t *table = &owner->environment->mappings;
  if (mipc_slots_get(table, owner->handle) == owner->mapping) {
    mipc_slots_remove(table, owner->handle);
  }
  /* Its Buffers may live on; the lock may not, as nobody is left to release it. */
  mipc_mapping_give_up(owner->mapping);
  mipc_mapping_put(owner->mapping);
  environment_put(owner->environment);
  delete owner;
}

void window_finalize(napi_env, void *, void *mapping) {
  mipc_mapping_put_window(static_cast<mipc_mapping_t *>(mapping));
}

} // namespace

Napi::Value own_mapping(const Napi::CallbackInfo &info, mipc_mapping_t *mapping) {
  Environment *environment = environment_of(info.Env());
  int64_t handle = mipc_slots_add(&environment->mappings, mapping);
  Owner *owner = handle < 0 ? nullptr : new (std::nothrow) Owner;
  if (!owner) {
    if (handle >= 0) mipc_slots_remove(&environment->mappings, static_cast<uint32_t>(handle));
    mipc_mapping_put(mapping);
    return to_number(info, mipc_no_memory());
  }
  *owner = {environment, mapping, static_cast<uint32_t>(handle)};
  environment->refs++;
  mipc_mapping_tie(mapping, owner);
  if (napi_add_finalizer(info.Env(), info[0], owner, owner_finalize, nullptr, nullptr) != napi_ok) {
    owner_finalize(info.Env(), owner, nullptr);
    return to_number(info, mipc_no_memory());
  }
  return to_number(info, handle);
}

namespace {

/* open(owner, path | fd, offset, length, prot, copyOnWrite, protect, anyFilesystem, create, mode,
 * guard) -> handle or status; binding.report tells more. */
Napi::Value open(const Napi::CallbackInfo &info) {
  mipc_mapping_spec_t spec = {};
  std::string path;
  if (info[1].IsString()) {
    path = info[1].As<Napi::String>().Utf8Value();
    spec.path = path.c_str();
  } else {
    spec.fd = static_cast<int>(to_u32(info[1]));
  }
  spec.offset = to_u64(info[2]);
  spec.length = to_u64(info[3]);
  spec.prot = to_u32(info[4]);
  spec.copy_on_write = to_bool(info[5]);
  spec.protect = to_bool(info[6]);
  spec.any_filesystem = to_bool(info[7]);
  spec.create = static_cast<mipc_create_t>(to_u32(info[8]));
  spec.mode = to_u32(info[9]);
  spec.guard = to_bool(info[10]);

  mipc_mapping_t *mapping = nullptr;
  int status = mipc_mapping_open(&spec, environment_of(info.Env())->report, &mapping);
  return status < 0 ? to_number(info, status) : own_mapping(info, mapping);
}

/* openPrivate(owner, length, prot): memory of this process alone. -> as open() */
Napi::Value open_private(const Napi::CallbackInfo &info) {
  mipc_mapping_spec_t spec = {};
  spec.anonymous = true;
  spec.length = to_u64(info[1]);
  spec.prot = to_u32(info[2]);
  mipc_mapping_t *mapping = nullptr;
  int status = mipc_mapping_open(&spec, environment_of(info.Env())->report, &mapping);
  return status < 0 ? to_number(info, status) : own_mapping(info, mapping);
}

bool detach(napi_env env, const Napi::Value &buffer) {
  bool gone = true;
  napi_is_detached_arraybuffer(env, buffer, &gone);
  return !gone && napi_detach_arraybuffer(env, buffer) == napi_ok;
}

/* close(handle, windows: ArrayBuffer[]): all that are still reachable. */
Napi::Value close(const Napi::CallbackInfo &info) {
  mipc_mapping_t *mapping = find(info);
  if (!mapping) return to_number(info, MIPC_E_CLOSED);
  Napi::Array windows = info[1].As<Napi::Array>();
  uint32_t detached = 0;
  for (uint32_t i = 0; i < windows.Length(); i++) {
    Napi::HandleScope scope(info.Env());
    if (detach(info.Env(), windows.Get(i))) detached++;
  }
  mipc_slots_remove(&environment_of(info.Env())->mappings, to_u32(info[0]));
  mipc_mapping_close(mapping, detached);
  return to_number(info, MIPC_OK);
}

/* window(handle, offset, length, truth) -> ArrayBuffer, or a status. What user code gets begins at
 * an address that is a multiple of 8, up to 7 bytes before `offset`, so that a typed array over it
 * is aligned or refused: Atomics on a misaligned word are not atomic. Those bytes lie in the same
 * page of the file. */
Napi::Value window(const Napi::CallbackInfo &info) {
  mipc_mapping_t *mapping = find(info);
  if (!mapping) return to_number(info, MIPC_E_CLOSED);
  uint64_t length = to_u64(info[2]);
  void *bytes = mipc_mapping_window(mapping, to_u64(info[1]), length, to_bool(info[3]));
  if (!bytes) return to_number(info, MIPC_E_RANGE);
  size_t before = to_bool(info[3]) ? 0 : reinterpret_cast<uintptr_t>(bytes) % 8;
  napi_value buffer = nullptr;
  napi_status status = napi_create_external_arraybuffer(
      info.Env(), static_cast<uint8_t *>(bytes) - before, static_cast<size_t>(length) + before,
      window_finalize, mapping, &buffer);
  if (status == napi_ok) return Napi::Value(info.Env(), buffer);
  /* Only when it fails in the middle (generic failure) has Node taken the finalizer over. Refused
   * at the door, because external memory is not allowed (Electron) or the thread is being
   * terminated, it will never run. */
  if (status != napi_generic_failure) mipc_mapping_put_window(mapping);
  return to_number(info, MIPC_E_UNSUPPORTED);
}

void nothing_finalize(napi_env, void *, void *) {}

/* The bytes of a Uint8Array argument. */
bool bytes_of(const Napi::Value &value, uint8_t **ret_bytes, size_t *ret_length) {
  napi_typedarray_type type;
  void *data = nullptr;
  if (napi_get_typedarray_info(value.Env(), value, &type, ret_length, &data, nullptr, nullptr) !=
          napi_ok ||
      type != napi_uint8_array) {
    return false;
  }
  *ret_bytes = static_cast<uint8_t *>(data);
  return true;
}

/* read(handle, offset, target: Uint8Array) -> bytes copied: as many as the target holds, clipped
 * at the end of the mapping. */
Napi::Value read(const Napi::CallbackInfo &info) {
  mipc_mapping_t *mapping = find(info);
  if (!mapping) return to_number(info, MIPC_E_CLOSED);
  uint8_t *bytes;
  size_t length;
  if (!bytes_of(info[2], &bytes, &length)) return to_number(info, MIPC_E_RANGE);
  return to_number(info, mipc_mapping_read(mapping, to_u64(info[1]), bytes, length));
}

/* write(handle, offset, source: Uint8Array) -> bytes copied. */
Napi::Value write(const Napi::CallbackInfo &info) {
  mipc_mapping_t *mapping = find(info);
  if (!mapping) return to_number(info, MIPC_E_CLOSED);
  uint8_t *bytes;
  size_t length;
  if (!bytes_of(info[2], &bytes, &length)) return to_number(info, MIPC_E_RANGE);
  return to_number(info, mipc_mapping_write(mapping, to_u64(info[1]), bytes, length));
}

/* flush(handle, offset, length, async) */
Napi::Value flush(const Napi::CallbackInfo &info) {
  mipc_mapping_t *mapping = find(info);
  if (!mapping) return to_number(info, MIPC_E_CLOSED);
  return to_number(info,
                   mipc_mapping_flush(mapping, to_u64(info[1]), to_u64(info[2]), to_bool(info[3])));
}

/* advise(handle, index into binding.advices, offset, length) */
Napi::Value advise(const Napi::CallbackInfo &info) {
  mipc_mapping_t *mapping = find(info);
  if (!mapping) return to_number(info, MIPC_E_CLOSED);
  uint32_t advice = to_u32(info[1]);
  if (advice >= MIPC_ADVICE_COUNT) return to_number(info, MIPC_E_RANGE);
  return to_number(info, mipc_mapping_advise(mapping, static_cast<mipc_advice_t>(advice),
                                             to_u64(info[2]), to_u64(info[3])));
}

/* resident(handle, offset, length) -> pages */
Napi::Value resident(const Napi::CallbackInfo &info) {
  mipc_mapping_t *mapping = find(info);
  if (!mapping) return to_number(info, MIPC_E_CLOSED);
  return to_number(info, mipc_mapping_resident(mapping, to_u64(info[1]), to_u64(info[2])));
}

/* lockMemory(handle, on) */
Napi::Value lock_memory(const Napi::CallbackInfo &info) {
  mipc_mapping_t *mapping = find(info);
  if (!mapping) return to_number(info, MIPC_E_CLOSED);
  return to_number(info, to_bool(info[1]) ? mipc_mapping_lock_memory(mapping)
                                          : mipc_mapping_unlock_memory(mapping));
}

/* lost(handle) -> 0, or the status that says why it shows zeros in the place of the file */
Napi::Value lost(const Napi::CallbackInfo &info) {
  mipc_mapping_t *mapping = find(info);
  if (!mapping) return to_number(info, MIPC_E_CLOSED);
  return to_number(info, mipc_mapping_lost(mapping));
}

/* hits() -> the count of all truncations met in this process. */
Napi::Value hits(const Napi::CallbackInfo &info) {
  return to_number(info, mipc_atomic_load_acquire(mipc_guard_hits()));
}

/* hitsBuffer() -> the same count as an ArrayBuffer over C's own memory, which is never freed;
 * undefined where the runtime refuses. */
Napi::Value hits_buffer(const Napi::CallbackInfo &info) {
  napi_value buffer = nullptr;
  void *word = const_cast<mipc_atomic_u32_t *>(mipc_guard_hits());
  napi_status status = napi_create_external_arraybuffer(info.Env(), word, sizeof(mipc_atomic_u32_t),
                                                        nothing_finalize, nullptr, &buffer);
  return status == napi_ok ? Napi::Value(info.Env(), buffer) : info.Env().Undefined();
}

/* quarantined() -> ranges that wait; for tests */
Napi::Value quarantined(const Napi::CallbackInfo &info) {
  return to_number(info, static_cast<int64_t>(mipc_quarantine_count()));
}

} // namespace

void mapping_exports(Napi::Env env, Napi::Object exports) {
  exports.Set("open", Napi::Function::New<open>(env));
  exports.Set("openPrivate", Napi::Function::New<open_private>(env));
  exports.Set("close", Napi::Function::New<close>(env));
  exports.Set("window", Napi::Function::New<window>(env));
  exports.Set("read", Napi::Function::New<read>(env));
  exports.Set("write", Napi::Function::New<write>(env));
  exports.Set("flush", Napi::Function::New<flush>(env));
  exports.Set("advise", Napi::Function::New<advise>(env));
  exports.Set("resident", Napi::Function::New<resident>(env));
  exports.Set("lockMemory", Napi::Function::New<lock_memory>(env));
  exports.Set("lost", Napi::Function::New<lost>(env));
  exports.Set("hits", Napi::Function::New<hits>(env));
  exports.Set("hitsBuffer", Napi::Function::New<hits_buffer>(env));
  exports.Set("quarantined", Napi::Function::New<quarantined>(env));
}
