/*
 * The lock of a region for JS. Each function is one step; the loops, queues and errors are in lib/.
 * The end of an asynchronous wait sends a wake-up (wakeups.cc).
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
 * The same for the two hot calls. Their handle lies in memory that JS writes to, because an
 * argument costs more. A function for each object costs even more: V8 is fast only where a call
 * site always calls the same function.
 */
int find_hot_lock(const Call &call, mipc_lock_t **ret_lock) {
  Environment *environment = call.environment();
  return find_region_lock(environment, *environment->lock_handle, ret_lock);
}

/* regionLockTake(): takes the lock if it is free and has no waiters -> nothing: taken; 2: taken and
 * recovered; 0: not taken; or a status */
napi_value take(const Call &call) {
  mipc_lock_t *lock = nullptr;
  int status = find_hot_lock(call, &lock);
  if (status == 0) status = mipc_lock_take(lock, 0, false);
  return status == MIPC_LOCK_TAKEN ? nullptr : to_number(call.env, status);
}

/* regionLockDrop(): releases the lock -> nothing, or a status; NOT_LOCKED: the user does not hold
 * it */
napi_value drop_lock(const Call &call) {
  mipc_lock_t *lock = nullptr;
  int status = find_hot_lock(call, &lock);
  if (status == 0) {
    status = mipc_lock_held(lock) ? mipc_lock_drop(lock) : static_cast<int>(MIPC_E_NOT_LOCKED);
  }
  return status == 0 ? nullptr : to_number(call.env, status);
}

/* regionLockMemory() -> ArrayBuffer in which the two hot calls find the handle, a double */
napi_value memory(const Call &call) {
  Environment *environment = call.environment();
  void *bytes = nullptr;
  if (!environment->lock_handle &&
      make_memory(call.env, sizeof(double), &bytes, &environment->lock_bytes)) {
    environment->lock_handle = static_cast<double *>(bytes);
  }
  return value_of(call.env, environment->lock_bytes);
}

/* regionLockWait(handle, ms, barge) -> 1: taken; 2: taken and recovered; 0: not taken within `ms`;
 * or a status */
napi_value wait(const Call &call) {
  mipc_lock_t *lock;
  int status = find_lock(call, &lock);
  if (status == 0) status = mipc_lock_take(lock, call.u32(1) * 1000, call.flag(2));
  return to_number(call.env, status);
}

/* regionLockGiveUp(handle): gives up after waits that did not acquire the lock -> 0 or a status */
napi_value give_up(const Call &call) {
  mipc_lock_t *lock;
  int status = find_lock(call, &lock);
  if (status == 0) mipc_lock_give_up(lock);
  return to_number(call.env, status);
}

/* regionLockRecovers(handle) -> whether this object took the lock that it holds from a dead owner
 */
napi_value recovers(const Call &call) {
  mipc_lock_t *lock;
  napi_value result = nullptr;
  int status = find_lock(call, &lock);
  napi_get_boolean(call.env, status == 0 && mipc_lock_recovers(lock), &result);
  return result;
}

/* regionLockBegin(handle): starts an asynchronous wait, whose end sends a wake-up -> 0 or a status
 */
napi_value begin(const Call &call) {
  mipc_lock_t *lock;
  int status = find_lock(call, &lock);
  const mipc_object_t *object = call.object();
  if (status == 0) status = mipc_lock_begin(lock, object->notify, object->notified);
  return to_number(call.env, status);
}

/* regionLockListen(handle): asks for a ring of the bell at the next release -> 0 or a status */
napi_value listen(const Call &call) {
  mipc_lock_t *lock;
  int status = find_lock(call, &lock);
  if (status == 0) mipc_lock_listen(lock);
  return to_number(call.env, status);
}

/* regionLockPoll(handle) -> 1: taken; 2: taken and recovered; 0: still waiting, or lent; or a
 * status */
napi_value poll(const Call &call) {
  mipc_lock_t *lock;
  int status = find_lock(call, &lock);
  return to_number(call.env, status < 0 ? status : mipc_lock_poll(lock));
}

/* regionLockHear(handle): as regionLockPoll(), after a ring of the bell */
napi_value hear(const Call &call) {
  mipc_lock_t *lock;
  int status = find_lock(call, &lock);
  return to_number(call.env, status < 0 ? status : mipc_lock_hear(lock));
}

/* regionLockCancel(handle): ends the wait; a lock that it has won is released -> 0 or a status */
napi_value cancel(const Call &call) {
  mipc_lock_t *lock;
  int status = find_lock(call, &lock);
  if (status == 0) mipc_lock_cancel(lock);
  return to_number(call.env, status);
}

/* regionLockHolder(handle) -> { number, heldMs, pid?, thread?, pidNamespace?, alive }, nothing
 * when the lock is free, or a status */
napi_value holder(const Call &call) {
  const mipc_mapping_t *mapping = call.mapping();
  const mipc_region_t *region = mapping ? mipc_mapping_region(mapping) : nullptr;
  const mipc_region_shm_t *header = region ? mipc_region_header(region) : nullptr;
  if (!header) return to_number(call.env, MIPC_E_CLOSED);
  mipc_lock_facts_t facts;
  mipc_lock_look(header, &facts);
  if (!facts.owner) return nullptr;
  Object result(call.env);
  mipc_participant_t participant;
  result.number("number", facts.owner);
  result.number("heldMs", static_cast<double>(facts.held_ms));
  if (mipc_region_participant(region, facts.owner, &participant)) {
    result.number("pid", participant.pid);
    result.number("thread", participant.thread);
    result.number("pidNamespace", participant.pid_namespace);
  }
  result.flag("alive", mipc_region_alive(region, facts.owner) != 0);
  return result.get();
}

} // namespace

void regionlock_exports(Environment *environment, Object &exports) {
  static const Export list[] = {
      {"regionLockMemory", entry<memory, 0>},     {"regionLockTake", quick_entry<take>},
      {"regionLockDrop", quick_entry<drop_lock>}, {"regionLockWait", entry<wait, 3>},
      {"regionLockGiveUp", entry<give_up, 1>},    {"regionLockRecovers", entry<recovers, 1>},
      {"regionLockBegin", entry<begin, 1>},       {"regionLockPoll", entry<poll, 1>},
      {"regionLockCancel", entry<cancel, 1>},     {"regionLockHolder", entry<holder, 1>},
      {"regionLockListen", entry<listen, 1>},     {"regionLockHear", entry<hear, 1>},
  };
  add_functions(exports, environment, list);
}
