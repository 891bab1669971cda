/*
 * The lock of a region for JS: one step each; the loops, queues and errors are in lib/. The end of
 * an asynchronous wait comes as a wake-up (wakeups.cc).
 */
#include "values.h"

extern "C" {
#include "../base/status.h"
}

namespace {

/* The lock of the mapping whose handle is the first argument. */
int find_lock(const Call &call, mipc_lock_t **ret_lock) {
  return find_region_lock(call.environment(), call.number(0), ret_lock);
}

/*
 * The same for the two hot calls: the handle lies in memory that JS writes to, as an argument would
 * cost more. (Functions of each object's own cost more still: V8 knows the one that it calls, or it
 * is slow.)
 */
int find_hot_lock(const Call &call, mipc_lock_t **ret_lock) {
  Environment *environment = call.environment();
  return find_region_lock(environment, *environment->lock_handle, ret_lock);
}

/* regionLockTake(), if it is free and has no waiters -> nothing when it is taken; else 2, taken and
 * recovered; 0, not taken; or a status. */
napi_value take(const Call &call) {
  mipc_lock_t *lock = nullptr;
  int status = find_hot_lock(call, &lock);
  if (status == 0) status = mipc_lock_take(lock, 0, false);
  return status == MIPC_LOCK_TAKEN ? nullptr : to_number(call.env, status);
}

/* regionLockDrop(): releases what is held. -> nothing, or a status, NOT_LOCKED when it is nothing
 */
napi_value drop_lock(const Call &call) {
  mipc_lock_t *lock = nullptr;
  int status = find_hot_lock(call, &lock);
  if (status == 0) {
    status = mipc_lock_held(lock) ? mipc_lock_drop(lock) : static_cast<int>(MIPC_E_NOT_LOCKED);
  }
  return status == 0 ? nullptr : to_number(call.env, status);
}

/* regionLockMemory() -> ArrayBuffer: where the two find the handle, a double */
napi_value memory(const Call &call) {
  Environment *environment = call.environment();
  void *bytes = nullptr;
  if (!environment->lock_handle &&
      make_memory(call.env, sizeof(double), &bytes, &environment->lock_bytes)) {
    environment->lock_handle = static_cast<double *>(bytes);
  }
  return value_of(call.env, environment->lock_bytes);
}

/* regionLockWait(handle, ms, barge) -> 1, 2 as above, 0 not within that time, or a status */
napi_value wait(const Call &call) {
  mipc_lock_t *lock;
  int status = find_lock(call, &lock);
  if (status == 0) status = mipc_lock_take(lock, call.u32(1) * 1000, call.flag(2));
  return to_number(call.env, status);
}

/* regionLockGiveUp(handle): after waits that were in vain */
napi_value give_up(const Call &call) {
  mipc_lock_t *lock;
  int status = find_lock(call, &lock);
  if (status == 0) mipc_lock_give_up(lock);
  return to_number(call.env, status);
}

/* regionLockKeepRecovered(handle): keeps the recovery flag for the next user */
napi_value keep_recovered(const Call &call) {
  mipc_lock_t *lock;
  int status = find_lock(call, &lock);
  if (status == 0) mipc_lock_keep_recovered(lock);
  return to_number(call.env, status);
}

/* regionLockRecovers(handle) -> whether this object took what it holds from a dead owner */
napi_value recovers(const Call &call) {
  mipc_lock_t *lock;
  napi_value result = nullptr;
  int status = find_lock(call, &lock);
  napi_get_boolean(call.env, status == 0 && mipc_lock_recovers(lock), &result);
  return result;
}

/* regionLockBegin(handle): waits beside, and gives notice. -> 0 or a status */
napi_value begin(const Call &call) {
  mipc_lock_t *lock;
  int status = find_lock(call, &lock);
  const mipc_object_t *object = call.object();
  if (status == 0) status = mipc_lock_begin(lock, object->notify, object->notified);
  return to_number(call.env, status);
}

/* regionLockPoll(handle) -> 1, 2 as above, 0 still waiting or lent, or a status */
napi_value poll(const Call &call) {
  mipc_lock_t *lock;
  int status = find_lock(call, &lock);
  return to_number(call.env, status < 0 ? status : mipc_lock_poll(lock));
}

/* regionLockCancel(handle): ends the wait, nothing of it is held afterwards */
napi_value cancel(const Call &call) {
  mipc_lock_t *lock;
  int status = find_lock(call, &lock);
  if (status == 0) mipc_lock_cancel(lock);
  return to_number(call.env, status);
}

/* regionLockHolder(handle) -> { number, heldMs, pid?, thread?, pidNamespace?, alive }, undefined
 * when it is free, or a status */
napi_value holder(const Call &call) {
  const mipc_mapping_t *mapping = call.mapping();
  const mipc_region_t *region = mapping ? mipc_mapping_region(mapping) : nullptr;
  const mipc_region_shm_t *header = region ? mipc_region_header(region) : nullptr;
  if (!header) return to_number(call.env, MIPC_E_CLOSED);
  mipc_lock_facts_t facts;
  mipc_lock_look(header, &facts);
  if (!facts.owner) return nullptr;
  Object result(call.env);
  mipc_participant_t who;
  result.number("number", facts.owner);
  result.number("heldMs", static_cast<double>(facts.held_ms));
  if (mipc_region_participant(region, facts.owner, &who)) {
    result.number("pid", who.pid);
    result.number("thread", who.thread);
    result.number("pidNamespace", who.pid_namespace);
  }
  result.flag("alive", mipc_region_alive(region, facts.owner) != 0);
  return result.get();
}

} // namespace

void regionlock_exports(Environment *environment, Object &exports) {
  static const Export list[] = {
      {"regionLockMemory", entry<memory, 0>},
      {"regionLockTake", entry<take, 0>},
      {"regionLockDrop", entry<drop_lock, 0>},
      {"regionLockWait", entry<wait, 3>},
      {"regionLockGiveUp", entry<give_up, 1>},
      {"regionLockKeepRecovered", entry<keep_recovered, 1>},
      {"regionLockRecovers", entry<recovers, 1>},
      {"regionLockBegin", entry<begin, 1>},
      {"regionLockPoll", entry<poll, 1>},
      {"regionLockCancel", entry<cancel, 1>},
      {"regionLockHolder", entry<holder, 1>},
  };
  add_functions(exports, environment, list);
}
