/*
 * Sections: functions of JS that run under a lock. C takes the lock, calls the function and releases
 * the lock, as only a frame of C runs on whatever ends the function: an exception, the end of the
 * stack, the time limit of node:vm, worker.terminate(). A `finally` of JS does not.
 *
 * What the function returned or threw goes on to the caller. Whether it ran at all stands in the
 * status: a section that could not take the lock at once is to be asked for again by JS, in slices, as
 * lock() is.
 *
 * Also here: whether C holds a lock. JS keeps only a hint of it.
 */
#include "values.h"

extern "C" {
#include "../base/status.h"
}

namespace {

/* One call from JS; every argument that cannot be read counts as 0. */
struct Arguments {
  static constexpr size_t MOST = 8;
  napi_env env;
  void *data = nullptr;
  napi_value at[MOST] = {};

  Arguments(napi_env env, napi_callback_info info) : env(env) {
    size_t count = MOST;
    napi_get_cb_info(env, info, &count, at, nullptr, &data);
  }
  Environment *environment() const {
    return static_cast<Environment *>(data);
  }
  uint32_t u32(size_t i) const {
    uint32_t number = 0;
    napi_get_value_uint32(env, at[i], &number);
    return number;
  }
  uint64_t u64(size_t i) const {
    int64_t number = 0;
    napi_get_value_int64(env, at[i], &number);
    return number < 0 ? 0 : static_cast<uint64_t>(number);
  }
  bool flag(size_t i) const {
    bool flag = false;
    napi_get_value_bool(env, at[i], &flag);
    return flag;
  }
};

mipc_mapping_t *mapping_of(const Environment *environment, uint32_t handle) {
  return static_cast<mipc_mapping_t *>(mipc_slots_get(&environment->mappings, handle));
}

int find_region_lock(Environment *environment, uint32_t handle, mipc_lock_t **ret_lock) {
  mipc_mapping_t *mapping = mapping_of(environment, handle);
  return mapping ? mipc_mapping_region_lock(mapping, environment, ret_lock)
                 : static_cast<int>(MIPC_E_CLOSED);
}

int find_file_lock(const Environment *environment, uint32_t handle, mipc_filelock_t **ret_lock) {
  mipc_mapping_t *mapping = mapping_of(environment, handle);
  return mapping ? mipc_mapping_lock(mapping, ret_lock) : static_cast<int>(MIPC_E_CLOSED);
}

/* A section that has begun: with its lock, `turn` of it. While the function runs the object may be
 * closed, and the lock be released and taken again, so all is found anew afterwards. */
struct Section {
  Environment *environment;
  uint32_t handle;
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

/* What function(argument) returned; nullptr: it was unwound, which JS is told of on return. */
napi_value call(napi_env env, napi_value function, napi_value argument) {
  napi_value undefined = nullptr, result = nullptr;
  if (napi_get_undefined(env, &undefined) != napi_ok) return nullptr;
  if (napi_call_function(env, undefined, function, argument ? 1 : 0, &argument, &result) != napi_ok) {
    return nullptr;
  }
  return result;
}

/* Listeners of the object look: what JS was to do after the section may not have been done. */
void notify_of(const Section &section) {
  mipc_mapping_t *mapping = mapping_of(section.environment, section.handle);
  if (mapping && section.environment->notices) notify(mipc_mapping_tied(mapping));
}

void report(Environment *environment, int status) {
  if (environment->section_status) *environment->section_status = status;
}

/* sectionMemory() -> ArrayBuffer: the status, an Int32 */
napi_value memory(napi_env env, napi_callback_info info) {
  Environment *environment = Arguments(env, info).environment();
  napi_value buffer = nullptr;
  if (environment->section_status) {
    napi_get_reference_value(env, environment->section_bytes, &buffer);
    return buffer;
  }
  void *bytes = nullptr;
  if (napi_create_arraybuffer(env, sizeof(int32_t), &bytes, &buffer) != napi_ok) return nullptr;
  napi_ref reference = nullptr;
  if (napi_create_reference(env, buffer, 1, &reference) != napi_ok) return nullptr;
  environment->section_bytes = reference;
  environment->section_status = static_cast<int32_t *>(bytes);
  return buffer;
}

/*
 * regionSection(handle, ms, barge, update, body, guard, recovered): takes the lock, within `ms`, runs
 * body(guard), and before it recovered(guard), when the owner was dead. `update`: it is an update()
 * of ours, which no user is told of and other sets may not come between. -> what body returned;
 * status 1: it ran; 0: the lock was not free; else a failure
 */
napi_value region_section(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Environment *environment = arguments.environment();
  Section section = {environment, arguments.u32(0), 0};
  mipc_lock_t *lock = nullptr;
  bool updates = arguments.flag(3);
  int status = find_region_lock(environment, section.handle, &lock);
  if (status == 0) status = mipc_lock_take(lock, arguments.u32(1) * 1000, arguments.flag(2));
  if (status <= 0) {
    report(environment, status);
    return nullptr;
  }
  section.turn = mipc_lock_turn(lock);
  bool tells = status == MIPC_LOCK_RECOVERED;
  if (updates) {
    if (tells) mipc_lock_untell(lock);
    tells = tells && mipc_lock_recovers(lock);
    mipc_lock_set_updating(lock, true);
  }
  napi_value result = nullptr;
  if (!tells || call(env, arguments.at[6], arguments.at[5])) {
    result = call(env, arguments.at[4], arguments.at[5]);
  }
  end_region_section(section);
  if (!result) notify_of(section);
  report(environment, MIPC_LOCK_TAKEN);
  return result;
}

/* regionUpdate(handle, body): runs body() as an update under the lock that the user holds. -> as
 * regionSection(); DEADLOCK: in an update already; NOT_LOCKED */
napi_value region_update(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Environment *environment = arguments.environment();
  Section section = {environment, arguments.u32(0), 0};
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
  napi_value result = call(env, arguments.at[1], nullptr);
  if (find_region_lock(environment, section.handle, &lock) == 0 && mipc_lock_held(lock) &&
      mipc_lock_turn(lock) == section.turn) {
    mipc_lock_set_updating(lock, false);
  }
  report(environment, MIPC_LOCK_TAKEN);
  return result;
}

napi_value run_file_section(const Arguments &arguments, int status, napi_value body,
                            napi_value guard) {
  Environment *environment = arguments.environment();
  Section section = {environment, arguments.u32(0), 0};
  mipc_filelock_t *lock = nullptr;
  if (status != 1 || find_file_lock(environment, section.handle, &lock) < 0) {
    report(environment, status);
    return nullptr;
  }
  section.turn = mipc_filelock_turn(lock);
  napi_value result = call(arguments.env, body, guard);
  end_file_section(section);
  if (!result) notify_of(section);
  report(environment, 1);
  return result;
}

/* fileSection(handle, shared, naps, offset, length, body, guard): as lockTake(), then as
 * regionSection() */
napi_value file_section(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  mipc_mapping_t *mapping = mapping_of(arguments.environment(), arguments.u32(0));
  mipc_filelock_t *lock = nullptr;
  int status = mapping ? mipc_mapping_lock(mapping, &lock) : static_cast<int>(MIPC_E_CLOSED);
  if (status == 0) {
    mipc_flock_range_t range =
        mipc_mapping_lock_range(mapping, arguments.flag(1), arguments.u64(3), arguments.u64(4));
    status = mipc_filelock_take(lock, &range, arguments.u32(2));
  }
  return run_file_section(arguments, status, arguments.at[5], arguments.at[6]);
}

/* fileSectionPoll(handle, ms, body, guard): as lockPoll(), then likewise */
napi_value file_section_poll(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  mipc_filelock_t *lock = nullptr;
  int status = find_file_lock(arguments.environment(), arguments.u32(0), &lock);
  if (status == 0) status = mipc_filelock_poll(lock, arguments.u32(1));
  return run_file_section(arguments, status, arguments.at[2], arguments.at[3]);
}

/* regionLockHeld(handle), fileLockHeld(handle) -> whether a user holds it */
napi_value region_held(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  mipc_lock_t *lock = nullptr;
  napi_value result = nullptr;
  int status = find_region_lock(arguments.environment(), arguments.u32(0), &lock);
  napi_get_boolean(env, status == 0 && mipc_lock_held(lock), &result);
  return result;
}

napi_value file_held(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  mipc_filelock_t *lock = nullptr;
  napi_value result = nullptr;
  int status = find_file_lock(arguments.environment(), arguments.u32(0), &lock);
  napi_get_boolean(env, status == 0 && mipc_filelock_held(lock), &result);
  return result;
}

} // namespace

void section_exports(Napi::Env env, Napi::Object exports) {
  Environment *environment = environment_of(env);
  set_plain(exports, "sectionMemory", memory, environment);
  set_plain(exports, "regionSection", region_section, environment);
  set_plain(exports, "regionUpdate", region_update, environment);
  set_plain(exports, "regionLockHeld", region_held, environment);
  set_plain(exports, "fileSection", file_section, environment);
  set_plain(exports, "fileSectionPoll", file_section_poll, environment);
  set_plain(exports, "fileLockHeld", file_held, environment);
}
