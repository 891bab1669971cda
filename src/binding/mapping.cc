/*
 * Mappings for JS: functions that take an integer handle, convert their arguments to plain C
 * values, and return a number: a count, a handle, or a negative status. This file also ties the
 * lifetime of a mapping to the JS object that owns it.
 */
#include "values.h"

#include <new>

extern "C" {
#include "../base/atomic.h"
#include "../base/status.h"
#include "../os/guard.h"
#include "../os/process.h"
#include "../os/quarantine.h"
}

namespace {

void owner_free(Owner *owner) {
  Environment *environment = owner->environment;
  mipc_slots_remove(&environment->owners, owner->handle);
  std::free(owner->label);
  delete owner;
  environment_put(environment);
}

/* The object was collected, or could not be created. */
void owner_release(Owner *owner) {
  mipc_mapping_t *mapping = owner->object.mapping;
  /* Its Buffers may outlive it. Its waits end first, as they would send wake-ups to the owner. */
  mipc_object_give_up(&owner->object);
  owner_free(owner);
  mipc_mapping_put(mapping);
}

/* Reports to JS that an object was collected while it holds its lock. A failure is harmless. */
void tell_collected(napi_env env, const Owner *owner) {
  char handle[MIPC_HANDLE_SIZE];
  const mipc_region_t *region = mipc_mapping_region(owner->object.mapping);
  napi_value callback = value_of(env, owner->environment->collected);
  napi_value undefined = nullptr;
  if (!callback || napi_get_undefined(env, &undefined) != napi_ok) return;
  bool has_handle = region && mipc_region_handle(region, handle) == 0;
  napi_value is_region = nullptr;
  if (napi_get_boolean(env, region != nullptr, &is_region) != napi_ok) return;
  napi_value given[] = {owner->label ? to_text(env, owner->label) : undefined,
                        has_handle ? to_text(env, handle) : undefined, is_region};
  if (given[0] && given[1]) napi_call_function(env, undefined, callback, 3, given, nullptr);
}

/*
 * The lock of an object outlives the object if it is held: the mapping and the lock stay as they
 * are until the thread ends. A region that other processes can see stays, too (mipc_region_keep).
 * At the end of the thread Node also finalizes objects still in use; their locks are released.
 */
void owner_finalize(napi_env env, void *data, void *) {
  Owner *owner = static_cast<Owner *>(data);
  Environment *environment = owner->environment;
  bool is_open = mipc_slots_get(&environment->owners, owner->handle) == owner;
  bool is_forgotten = is_open && !environment->ending;
  mipc_region_t *region = mipc_mapping_region(owner->object.mapping);
  if (is_forgotten && region) mipc_region_keep(region);
  if (!is_forgotten || !mipc_object_holds(&owner->object)) {
    owner_release(owner);
    return;
  }
  owner->next = environment->orphans;
  environment->orphans = owner;
  tell_collected(env, owner);
}

void window_finalize(napi_env, void *, void *mapping) {
  mipc_mapping_put_window(static_cast<mipc_mapping_t *>(mapping));
}

} // namespace

void release_orphans(Environment *environment) {
  while (Owner *owner = environment->orphans) {
    environment->orphans = owner->next;
    owner_release(owner);
  }
}

napi_value own_mapping(const Call &call, mipc_mapping_t *mapping, Text *label) {
  Environment *environment = call.environment();
  Owner *owner = new (std::nothrow) Owner();
  int64_t handle = owner ? mipc_slots_add(&environment->owners, owner) : -1;
  if (handle < 0) {
    delete owner;
    mipc_mapping_put(mapping);
    return to_number(call.env, mipc_no_memory());
  }
  mipc_object_t object = {mapping, environment, send_wakeup, owner,
                          nullptr, nullptr,     nullptr,     nullptr};
  *owner = {environment, object, static_cast<uint64_t>(handle), label->take(), nullptr};
  environment->refs++;
  if (napi_add_finalizer(call.env, call.at[0], owner, owner_finalize, nullptr, nullptr) !=
      napi_ok) {
    owner_release(owner);
    return to_number(call.env, mipc_no_memory());
  }
  return to_number(call.env, handle);
}

namespace {

napi_value open_spec(const Call &call, const mipc_mapping_spec_t &spec, Text *label) {
  mipc_mapping_t *mapping = nullptr;
  int status = mipc_mapping_open(&spec, call.environment()->report, &mapping);
  return status < 0 ? to_number(call.env, status) : own_mapping(call, mapping, label);
}

/* openFile(owner, path | fd, offset, length, prot, copyOnWrite, protect, anyFilesystem, create,
 * mode, guard, label) -> handle or status; binding.report has the details */
napi_value open_file(const Call &call) {
  Text path(call.env, call.at[1]), label(call.env, call.at[11]);
  if (path.has_failed() || label.has_failed()) return to_number(call.env, mipc_no_memory());
  mipc_mapping_spec_t spec = {};
  spec.path = path.get();
  spec.fd = static_cast<int>(call.u32(1));
  spec.offset = call.u64(2);
  spec.length = call.u64(3);
  spec.prot = call.u32(4);
  spec.copy_on_write = call.flag(5);
  spec.protect = call.flag(6);
  spec.any_filesystem = call.flag(7);
  spec.create = static_cast<mipc_create_t>(call.u32(8));
  spec.mode = call.u32(9);
  spec.guard = call.flag(10);
  return open_spec(call, spec, &label);
}

/* openPrivate(owner, length, prot): maps private memory of this process -> as openFile() */
napi_value open_private(const Call &call) {
  Text label(call.env, call.at[1]); /* without a label */
  mipc_mapping_spec_t spec = {};
  spec.anonymous = true;
  spec.length = call.u64(1);
  spec.prot = call.u32(2);
  return open_spec(call, spec, &label);
}

/* Detaches the ArrayBuffer that is element `i` of an array. false: it is none, was detached before,
 * or cannot be detached. */
bool detach(napi_env env, napi_value list, uint32_t i) {
  napi_handle_scope scope = nullptr;
  napi_value buffer = nullptr;
  bool gone = true;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return false;
  bool done = napi_get_element(env, list, i, &buffer) == napi_ok &&
              napi_is_detached_arraybuffer(env, buffer, &gone) == napi_ok && !gone &&
              napi_detach_arraybuffer(env, buffer) == napi_ok;
  napi_close_handle_scope(env, scope);
  return done;
}

/* close(handle, windows: ArrayBuffer[]): closes the mapping; `windows` are those that JS can reach.
 * The addresses of a window that cannot be detached stay in use, as private zeros, until it is
 * collected -> 0 or a status */
napi_value close(const Call &call) {
  mipc_object_t *object = call.object();
  if (!object) return to_number(call.env, MIPC_E_CLOSED);
  uint32_t count = 0, detached = 0;
  if (napi_get_array_length(call.env, call.at[1], &count) != napi_ok) count = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (detach(call.env, call.at[1], i)) detached++;
  }
  mipc_slots_remove(&call.environment()->owners, whole(call.number(0)));
  mipc_object_close(object, detached);
  return to_number(call.env, MIPC_OK);
}

/* window(handle, offset, length, truth) -> ArrayBuffer, or a status. A window for user code begins
 * at an address that is a multiple of 8, up to 7 bytes before `offset`, so that a typed array over
 * it is aligned or refused: Atomics on a misaligned word are not atomic. Those bytes lie in the
 * same page of the file. */
napi_value window(const Call &call) {
  mipc_mapping_t *mapping = call.mapping();
  if (!mapping) return to_number(call.env, MIPC_E_CLOSED);
  uint64_t length = call.u64(2);
  void *bytes = mipc_mapping_window(mapping, call.u64(1), length, call.flag(3));
  if (!bytes) return to_number(call.env, MIPC_E_RANGE);
  size_t before = call.flag(3) ? 0 : reinterpret_cast<uintptr_t>(bytes) % 8;
  napi_value buffer = nullptr;
  napi_status status = napi_create_external_arraybuffer(
      call.env, static_cast<uint8_t *>(bytes) - before, static_cast<size_t>(length) + before,
      window_finalize, mapping, &buffer);
  if (status == napi_ok) return buffer;
  /* Node runs the finalizer only after a failure in the middle of the call (generic failure). It
   * never runs it when it refuses the call at once, because external memory is not allowed
   * (Electron) or the thread is being terminated. */
  if (status != napi_generic_failure) mipc_mapping_put_window(mapping);
  return to_number(call.env, MIPC_E_UNSUPPORTED);
}

void nothing_finalize(napi_env, void *, void *) {}

/* The bytes of a Uint8Array argument. */
bool bytes_of(const Call &call, size_t at, uint8_t **ret_bytes, size_t *ret_length) {
  napi_typedarray_type type;
  void *data = nullptr;
  napi_status status =
      napi_get_typedarray_info(call.env, call.at[at], &type, ret_length, &data, nullptr, nullptr);
  if (status != napi_ok || type != napi_uint8_array) return false;
  *ret_bytes = static_cast<uint8_t *>(data);
  return true;
}

/* read(handle, offset, target: Uint8Array) -> bytes copied: as many as fit into the target, up to
 * the end of the mapping; or a status */
napi_value read(const Call &call) {
  mipc_mapping_t *mapping = call.mapping();
  if (!mapping) return to_number(call.env, MIPC_E_CLOSED);
  uint8_t *bytes;
  size_t length;
  if (!bytes_of(call, 2, &bytes, &length)) return to_number(call.env, MIPC_E_RANGE);
  return to_number(call.env, mipc_mapping_read(mapping, call.u64(1), bytes, length));
}

/* write(handle, offset, source: Uint8Array) -> bytes copied, up to the end of the mapping; or a
 * status */
napi_value write(const Call &call) {
  mipc_mapping_t *mapping = call.mapping();
  if (!mapping) return to_number(call.env, MIPC_E_CLOSED);
  uint8_t *bytes;
  size_t length;
  if (!bytes_of(call, 2, &bytes, &length)) return to_number(call.env, MIPC_E_RANGE);
  return to_number(call.env, mipc_mapping_write(mapping, call.u64(1), bytes, length));
}

/* flush(handle, offset, length, async) -> 0 or a status */
napi_value flush(const Call &call) {
  mipc_mapping_t *mapping = call.mapping();
  if (!mapping) return to_number(call.env, MIPC_E_CLOSED);
  return to_number(call.env, mipc_mapping_flush(mapping, call.u64(1), call.u64(2), call.flag(3)));
}

/* advise(handle, index into binding.advices, offset, length) -> 0 or a status */
napi_value advise(const Call &call) {
  mipc_mapping_t *mapping = call.mapping();
  if (!mapping) return to_number(call.env, MIPC_E_CLOSED);
  uint32_t advice = call.u32(1);
  if (advice >= MIPC_ADVICE_COUNT) return to_number(call.env, MIPC_E_RANGE);
  return to_number(call.env, mipc_mapping_advise(mapping, static_cast<mipc_advice_t>(advice),
                                                 call.u64(2), call.u64(3)));
}

/* resident(handle, offset, length) -> count of pages in memory, or a status */
napi_value resident(const Call &call) {
  mipc_mapping_t *mapping = call.mapping();
  if (!mapping) return to_number(call.env, MIPC_E_CLOSED);
  return to_number(call.env, mipc_mapping_resident(mapping, call.u64(1), call.u64(2)));
}

/* lockMemory(handle, on) -> 0 or a status */
napi_value lock_memory(const Call &call) {
  mipc_mapping_t *mapping = call.mapping();
  if (!mapping) return to_number(call.env, MIPC_E_CLOSED);
  return to_number(call.env, call.flag(1) ? mipc_mapping_lock_memory(mapping)
                                          : mipc_mapping_unlock_memory(mapping));
}

/* lost(handle) -> 0, or the status that is the reason for zeros in place of the file */
napi_value lost(const Call &call) {
  const mipc_mapping_t *mapping = call.mapping();
  if (!mapping) return to_number(call.env, MIPC_E_CLOSED);
  return to_number(call.env, mipc_mapping_lost(mapping));
}

/* hits() -> count of the faults in this process that the guard has handled */
napi_value hits(const Call &call) {
  return to_number(call.env, mipc_atomic_load_acquire(mipc_guard_hits()));
}

/* hitsBuffer() -> ArrayBuffer over the same count in C's memory, which is never freed; nothing
 * where the runtime refuses it */
napi_value hits_buffer(const Call &call) {
  napi_value buffer = nullptr;
  void *word = const_cast<mipc_atomic_u32_t *>(mipc_guard_hits());
  napi_status status = napi_create_external_arraybuffer(call.env, word, sizeof(mipc_atomic_u32_t),
                                                        nothing_finalize, nullptr, &buffer);
  return status == napi_ok ? buffer : nullptr;
}

/* quarantined() -> count of the ranges in quarantine; for tests */
napi_value quarantined(const Call &call) {
  return to_number(call.env, static_cast<int64_t>(mipc_quarantine_count()));
}

} // namespace

void mapping_exports(Environment *environment, Object &exports) {
  static const Export list[] = {
      {"openFile", entry<open_file>},
      {"openPrivate", entry<open_private, 3>},
      {"close", entry<close, 2>},
      {"window", entry<window, 4>},
      {"read", entry<read, 3>},
      {"write", entry<write, 3>},
      {"flush", entry<flush, 4>},
      {"advise", entry<advise, 4>},
      {"resident", entry<resident, 3>},
      {"lockMemory", entry<lock_memory, 2>},
      {"lost", entry<lost, 1>},
      {"hits", entry<hits, 0>},
      {"hitsBuffer", entry<hits_buffer, 0>},
      {"quarantined", entry<quarantined, 0>},
  };
  add_functions(exports, environment, list);
}
