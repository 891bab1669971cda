/*
 * Locks on files for JS. Each function is one step; the loops, queues and errors are in lib/. The
 * end of an asynchronous wait sends a wake-up (wakeups.cc).
 */
#include "values.h"

extern "C" {
#include "../base/status.h"
}

namespace {

int find_lock(mipc_object_t *object, mipc_filelock_t **ret_lock) {
  return object ? mipc_object_file_lock(object, ret_lock) : static_cast<int>(MIPC_E_CLOSED);
}

mipc_flock_range_t range_of(const Call &call, const mipc_object_t *object, size_t at) {
  return mipc_mapping_lock_range(object->mapping, call.flag(1), call.u64(at), call.u64(at + 1));
}

/* lockTake(handle, shared, naps, offset?, length?) -> nothing: taken; 0: another lock excludes it;
 * or a status */
napi_value lock_take(const Call &call) {
  mipc_object_t *object = call.object();
  mipc_filelock_t *lock = nullptr;
  int status = find_lock(object, &lock);
  if (status == 0) {
    mipc_flock_range_t range = range_of(call, object, 3);
    status = mipc_filelock_take(lock, &range, call.u32(2));
  }
  return status == 1 ? nullptr : to_number(call.env, status);
}

/* lockDrop(handle): releases the lock -> nothing, or a status */
napi_value lock_drop(const Call &call) {
  mipc_filelock_t *lock = nullptr;
  int status = find_lock(call.object(), &lock);
  if (status < 0) return to_number(call.env, status);
  mipc_filelock_drop(lock);
  return nullptr;
}

/* lockBegin(handle, shared, offset, length, wakeup): starts a wait; with `wakeup`, its end sends a
 * wake-up -> 0 or a status */
napi_value lock_begin(const Call &call) {
  mipc_object_t *object = call.object();
  mipc_filelock_t *lock;
  int status = find_lock(object, &lock);
  if (status < 0) return to_number(call.env, status);
  mipc_flock_range_t range = range_of(call, object, 2);
  status = call.flag(4) ? mipc_filelock_begin(lock, &range, object->notify, object->notified)
                        : mipc_filelock_begin(lock, &range, nullptr, nullptr);
  return to_number(call.env, status);
}

/* lockPoll(handle, ms) -> 1: taken; 0: still waiting; or a status */
napi_value lock_poll(const Call &call) {
  mipc_filelock_t *lock;
  int status = find_lock(call.object(), &lock);
  return to_number(call.env, status < 0 ? status : mipc_filelock_poll(lock, call.u32(1)));
}

/* lockCancel(handle): ends the wait; a lock that it has won is released -> 0 or a status */
napi_value lock_cancel(const Call &call) {
  mipc_filelock_t *lock;
  int status = find_lock(call.object(), &lock);
  if (status == 0) mipc_filelock_cancel(lock);
  return to_number(call.env, status);
}

} // namespace

void filelock_exports(Environment *environment, Object &exports) {
  static const Export list[] = {
      {"lockTake", entry<lock_take, 5>},     {"lockDrop", entry<lock_drop, 1>},
      {"lockBegin", entry<lock_begin, 5>},   {"lockPoll", entry<lock_poll, 2>},
      {"lockCancel", entry<lock_cancel, 1>},
  };
  add_functions(exports, environment, list);
}
