/*
 * The lock of a region for JS: one step each; the loops, queues and errors are in lib/. The end of
 * an asynchronous wait comes as a notice (notices.cc).
 */
#include "values.h"

extern "C" {
#include "../base/status.h"
}

namespace {

/* The lock of the mapping with this handle. */
int find_lock(Environment *environment, uint32_t handle, mipc_lock_t **ret_lock) {
  mipc_mapping_t *mapping =
      static_cast<mipc_mapping_t *>(mipc_slots_get(&environment->mappings, handle));
  return mapping ? mipc_mapping_region_lock(mapping, environment, ret_lock)
                 : static_cast<int>(MIPC_E_CLOSED);
}

int find_lock(const Napi::CallbackInfo &info, mipc_lock_t **ret_lock) {
  return find_lock(environment_of(info.Env()), to_u32(info[0]), ret_lock);
}

/*
 * The same for the two hot calls, on plain Node-API: their data is the environment, and the handle
 * lies in memory that JS writes to, as an argument would cost more. (Functions of each object's own
 * cost more still: V8 knows the one that it calls, or it is slow.)
 */
int find_lock(napi_env env, napi_callback_info info, mipc_lock_t **ret_lock) {
  void *data = nullptr;
  napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &data);
  Environment *environment = static_cast<Environment *>(data);
  return find_lock(environment, *environment->lock_handle, ret_lock);
}

/* regionLockTake(), when nobody has or wants it -> nothing when it is taken; else 2, taken and
 * recovered; 0, not taken; or a status. */
napi_value take(napi_env env, napi_callback_info info) {
  mipc_lock_t *lock = nullptr;
  napi_value result = nullptr;
  int status = find_lock(env, info, &lock);
  if (status == 0) status = mipc_lock_take(lock, 0, false);
  if (status != MIPC_LOCK_TAKEN) napi_create_int32(env, status, &result);
  return result;
}

/* regionLockDrop(): gives back what is held. -> nothing, or a status */
napi_value drop(napi_env env, napi_callback_info info) {
  mipc_lock_t *lock = nullptr;
  napi_value result = nullptr;
  int status = find_lock(env, info, &lock);
  if (status == 0) status = mipc_lock_drop(lock);
  if (status != 0) napi_create_int32(env, status, &result);
  return result;
}

/* regionLockMemory() -> ArrayBuffer: where the two find the handle, a Uint32 */
Napi::Value memory(const Napi::CallbackInfo &info) {
  Environment *environment = environment_of(info.Env());
  if (environment->lock_handle) return environment->lock_bytes.Value();
  Napi::ArrayBuffer bytes = Napi::ArrayBuffer::New(info.Env(), sizeof(uint32_t));
  environment->lock_handle = static_cast<uint32_t *>(bytes.Data());
  environment->lock_bytes = Napi::Persistent(bytes.As<Napi::Object>());
  return bytes;
}

/* regionLockWait(handle, ms, barge) -> 1, 2 as above, 0 not within that time, or a status */
Napi::Value wait(const Napi::CallbackInfo &info) {
  mipc_lock_t *lock;
  int status = find_lock(info, &lock);
  if (status < 0) return to_number(info, status);
  return to_number(info, mipc_lock_take(lock, to_u32(info[1]) * 1000, to_bool(info[2])));
}

/* regionLockGiveUp(handle): after waits that were in vain */
Napi::Value give_up(const Napi::CallbackInfo &info) {
  mipc_lock_t *lock;
  int status = find_lock(info, &lock);
  if (status == 0) mipc_lock_give_up(lock);
  return to_number(info, status);
}

/* regionLockUntell(handle): the holder of a recovered lock tells nobody of it */
Napi::Value untell(const Napi::CallbackInfo &info) {
  mipc_lock_t *lock;
  int status = find_lock(info, &lock);
  if (status == 0) mipc_lock_untell(lock);
  return to_number(info, status);
}

/* regionLockRecovers(handle) -> whether this object took what it holds from a dead owner */
Napi::Value recovers(const Napi::CallbackInfo &info) {
  mipc_lock_t *lock;
  int status = find_lock(info, &lock);
  return Napi::Boolean::New(info.Env(), status == 0 && mipc_lock_recovers(lock));
}

/* regionLockBegin(handle): waits beside, and gives notice. -> 0 or a status */
Napi::Value begin(const Napi::CallbackInfo &info) {
  mipc_lock_t *lock;
  int status = find_lock(info, &lock);
  if (status == 0) status = mipc_lock_begin(lock, notify, mipc_mapping_tied(find(info)));
  return to_number(info, status);
}

/* regionLockPoll(handle) -> 1, 2 as above, 0 still waiting or lent, or a status */
Napi::Value poll(const Napi::CallbackInfo &info) {
  mipc_lock_t *lock;
  int status = find_lock(info, &lock);
  return to_number(info, status < 0 ? status : mipc_lock_poll(lock));
}

/* regionLockCancel(handle): ends the wait, nothing of it is held afterwards */
Napi::Value cancel(const Napi::CallbackInfo &info) {
  mipc_lock_t *lock;
  int status = find_lock(info, &lock);
  if (status == 0) mipc_lock_cancel(lock);
  return to_number(info, status);
}

/* regionLockHolder(handle) -> { number, heldMs, pid?, thread?, pidNamespace?, alive }, undefined
 * when it is free, or a status */
Napi::Value holder(const Napi::CallbackInfo &info) {
  mipc_mapping_t *mapping = find(info);
  const mipc_region_t *region = mapping ? mipc_mapping_region(mapping) : nullptr;
  const mipc_region_shm_t *header = region ? mipc_region_header(region) : nullptr;
  if (!header) return to_number(info, MIPC_E_CLOSED);
  mipc_lock_facts_t facts;
  mipc_lock_look(header, &facts);
  if (!facts.owner) return info.Env().Undefined();
  Napi::Object result = Napi::Object::New(info.Env());
  mipc_participant_t who;
  result.Set("number", facts.owner);
  result.Set("heldMs", static_cast<double>(facts.held_ms));
  if (mipc_region_participant(region, facts.owner, &who)) {
    result.Set("pid", who.pid);
    result.Set("thread", who.thread);
    result.Set("pidNamespace", who.pid_namespace);
  }
  result.Set("alive", mipc_region_alive(region, facts.owner) != 0);
  return result;
}

} // namespace

void regionlock_exports(Napi::Env env, Napi::Object exports) {
  Environment *environment = environment_of(env);
  exports.Set("regionLockMemory", Napi::Function::New<memory>(env));
  set_plain(exports, "regionLockTake", take, environment);
  set_plain(exports, "regionLockDrop", drop, environment);
  exports.Set("regionLockWait", Napi::Function::New<wait>(env));
  exports.Set("regionLockGiveUp", Napi::Function::New<give_up>(env));
  exports.Set("regionLockUntell", Napi::Function::New<untell>(env));
  exports.Set("regionLockRecovers", Napi::Function::New<recovers>(env));
  exports.Set("regionLockBegin", Napi::Function::New<begin>(env));
  exports.Set("regionLockPoll", Napi::Function::New<poll>(env));
  exports.Set("regionLockCancel", Napi::Function::New<cancel>(env));
  exports.Set("regionLockHolder", Napi::Function::New<holder>(env));
}
