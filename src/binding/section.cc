/*
 * Sections: functions of JS that run under a lock. C takes the lock, calls the function and
 * releases the lock, because a frame of C continues after every end of the function: an exception,
 * a stack overflow, the time limit of node:vm, worker.terminate(). A `finally` of JS does not.
 *
 * The caller receives the function's result or exception. The status in the frame shows whether the
 * function ran. If the lock was not free, JS calls again, in slices, as lock() does.
 *
 * This file also answers whether C holds a lock. JS keeps only a hint of that.
 */
#include "values.h"

extern "C" {
#include "../base/status.h"
}

namespace {

/* A section that holds its lock, and the `turn` of that lock. While the function runs, the object
 * may be closed, and the lock may be released and taken again, so afterwards both are looked up
 * again. */
struct Section {
  Environment *environment;
  double handle;
  uint32_t turn;
};

void end_region_section(const Section &section) {
  mipc_lock_t *lock = nullptr;
  if (find_region_lock(section.environment, section.handle, &lock) < 0) return;
  if (!mipc_lock_held(lock) || mipc_lock_turn(lock) != section.turn) return;
  mipc_lock_drop(lock);
}

void end_file_section(const Section &section) {
  mipc_filelock_t *lock = nullptr;
  if (find_file_lock(section.environment, section.handle, &lock) < 0) return;
  if (!mipc_filelock_held(lock) || mipc_filelock_turn(lock) != section.turn) return;
  mipc_filelock_drop(lock);
}

/* The result of function(argument); nullptr: it was unwound, and so is JS when this call returns.
 */
napi_value run(napi_env env, napi_value function, napi_value argument) {
  napi_value undefined = nullptr, result = nullptr;
  if (napi_get_undefined(env, &undefined) != napi_ok) return nullptr;
  if (napi_call_function(env, undefined, function, argument ? 1 : 0, &argument, &result) !=
      napi_ok) {
    return nullptr;
  }
  return result;
}

/* Wakes the listeners of the object: JS may have been unwound before its work after the section. */
void notify_of(const Section &section) {
  const mipc_object_t *object = find(section.environment, section.handle);
  if (object && section.environment->wakeups) object->notify(object->notified);
}

void report(Environment *environment, int status) {
  if (environment->section) environment->section->status = status;
}

/* sectionMemory() -> ArrayBuffer of the frame */
napi_value memory(const Call &call) {
  Environment *environment = call.environment();
  void *bytes = nullptr;
  if (!environment->section &&
      make_memory(call.env, sizeof(mipc_section_frame_t), &bytes, &environment->section_bytes)) {
    environment->section = static_cast<mipc_section_frame_t *>(bytes);
  }
  return value_of(call.env, environment->section_bytes);
}

/*
 * regionSection(body, guard, recovered): takes the lock of the frame's handle within its `ms`,
 * calls recovered(guard) if the owner had died, and then body(guard) -> the result of body. The
 * status in the frame: 1: it ran; 0: the lock was not free; negative: a failure
 */
napi_value region_section(const Call &call) {
  Environment *environment = call.environment();
  if (!environment->section) return nullptr;
  /* A copy: body may use the frame for a section of another object. */
  const mipc_section_frame_t frame = *environment->section;
  Section section = {environment, frame.handle, 0};
  mipc_lock_t *lock = nullptr;
  bool updates = frame.updates != 0;
  int status = find_region_lock(environment, section.handle, &lock);
  if (status == 0) status = mipc_lock_take(lock, frame.ms * 1000, frame.barge != 0);
  if (status <= 0) {
    report(environment, status);
    return nullptr;
  }
  section.turn = mipc_lock_turn(lock);
  bool reports = status == MIPC_LOCK_RECOVERED;
  if (updates) {
    if (reports) mipc_lock_keep_recovered(lock);
    reports = reports && mipc_lock_recovers(lock);
    mipc_lock_set_updating(lock, true);
  }
  napi_value result = nullptr;
  if (!reports || run(call.env, call.at[2], call.at[1])) {
    result = run(call.env, call.at[0], call.at[1]);
  }
  end_region_section(section);
  if (!result) notify_of(section);
  report(environment, MIPC_LOCK_TAKEN);
  return result;
}

/* regionUpdate(handle, body): calls body() as an update under the lock that the user holds -> as
 * regionSection(); DEADLOCK: an update is running already; NOT_LOCKED: the user does not hold it */
napi_value region_update(const Call &call) {
  Environment *environment = call.environment();
  Section section = {environment, call.number(0), 0};
  mipc_lock_t *lock = nullptr;
  int status = find_region_lock(environment, section.handle, &lock);
  if (status == 0 && !mipc_lock_held(lock)) status = MIPC_E_NOT_LOCKED;
  if (status == 0 && mipc_lock_updating(lock)) status = MIPC_E_DEADLOCK;
  if (status < 0) {
    report(environment, status);
    return nullptr;
  }
  section.turn = mipc_lock_turn(lock);
  mipc_lock_set_updating(lock, true);
  napi_value result = run(call.env, call.at[1], nullptr);
  if (find_region_lock(environment, section.handle, &lock) == 0 && mipc_lock_held(lock) &&
      mipc_lock_turn(lock) == section.turn) {
    mipc_lock_set_updating(lock, false);
  }
  report(environment, MIPC_LOCK_TAKEN);
  return result;
}

napi_value run_file_section(const Call &call, int status, napi_value body, napi_value guard) {
  Environment *environment = call.environment();
  Section section = {environment, call.number(0), 0};
  mipc_filelock_t *lock = nullptr;
  if (status != 1 || find_file_lock(environment, section.handle, &lock) < 0) {
    report(environment, status);
    return nullptr;
  }
  section.turn = mipc_filelock_turn(lock);
  napi_value result = run(call.env, body, guard);
  end_file_section(section);
  if (!result) notify_of(section);
  report(environment, 1);
  return result;
}

/* fileSection(handle, shared, naps, offset, length, body, guard): takes the lock as lockTake()
 * does, and calls body(guard) -> as regionSection() */
napi_value file_section(const Call &call) {
  mipc_filelock_t *lock = nullptr;
  int status = find_file_lock(call.environment(), call.number(0), &lock);
  if (status == 0) {
    mipc_flock_range_t range =
        mipc_mapping_lock_range(call.mapping(), call.flag(1), call.u64(3), call.u64(4));
    status = mipc_filelock_take(lock, &range, call.u32(2));
  }
  return run_file_section(call, status, call.at[5], call.at[6]);
}

/* fileSectionPoll(handle, ms, body, guard): polls the wait as lockPoll() does; if it has won the
 * lock, calls body(guard) -> as regionSection() */
napi_value file_section_poll(const Call &call) {
  mipc_filelock_t *lock = nullptr;
  int status = find_file_lock(call.environment(), call.number(0), &lock);
  if (status == 0) status = mipc_filelock_poll(lock, call.u32(1));
  return run_file_section(call, status, call.at[2], call.at[3]);
}

napi_value to_flag(napi_env env, bool flag) {
  napi_value result = nullptr;
  return napi_get_boolean(env, flag, &result) == napi_ok ? result : nullptr;
}

/* regionLockHeld(handle), fileLockHeld(handle) -> whether a user holds the lock of the object */
napi_value region_held(const Call &call) {
  mipc_lock_t *lock = nullptr;
  int status = find_region_lock(call.environment(), call.number(0), &lock);
  return to_flag(call.env, status == 0 && mipc_lock_held(lock));
}

napi_value file_held(const Call &call) {
  mipc_filelock_t *lock = nullptr;
  int status = find_file_lock(call.environment(), call.number(0), &lock);
  return to_flag(call.env, status == 0 && mipc_filelock_held(lock));
}

} // namespace

void section_exports(Environment *environment, Object &exports) {
  static const Export list[] = {
      {"sectionMemory", entry<memory, 0>},       {"regionSection", entry<region_section, 3>},
      {"regionUpdate", entry<region_update, 2>}, {"regionLockHeld", entry<region_held, 1>},
      {"fileSection", entry<file_section, 7>},   {"fileSectionPoll", entry<file_section_poll, 4>},
      {"fileLockHeld", entry<file_held, 1>},
  };
  add_functions(exports, environment, list);
}
