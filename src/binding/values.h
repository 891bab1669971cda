/*
 * Values between JS and C: arguments as plain C values, and the objects that are returned.
 *
 * Every call of Node-API may fail, at any time: worker.terminate() and process.exit() reach a
 * thread in the middle of a native call, and from then on no value can be created or set. So no
 * value is used if the call that creates it has failed: an argument that cannot be read counts as
 * 0, and an object that cannot be built becomes nullptr, which JS sees as undefined, if it
 * continues. lib/ has checked every type; a value of another type counts as 0 or false, too.
 */
#ifndef MIPC_BINDING_VALUES_H
#define MIPC_BINDING_VALUES_H

#include "environment.h"

#include <cstdlib>

extern "C" {
#include "../base/status.h"
#include "../shm/object.h"
}

/* A number of JS as a whole number. NaN, negative and too large numbers become `otherwise`. */
inline uint64_t whole(double number, uint64_t otherwise = 0) {
  bool fits = number >= 0 && number < 9007199254740992.0;
  return fits ? static_cast<uint64_t>(static_cast<int64_t>(number)) : otherwise;
}

/* A number that is never a handle. */
constexpr uint64_t NO_HANDLE = UINT64_MAX;

/* Belongs to a JS object, and is in the environment's table until that object is closed or
 * collected. */
struct Owner {
  Environment *environment;
  mipc_object_t object; /* its `notified` is this owner */
  uint64_t handle;
  char *label; /* description of the object for people; NULL: unknown */
  Owner *next; /* in the environment's list of orphans */
};

/* The open object of a handle of JS, or NULL. */
inline mipc_object_t *find(const Environment *environment, double handle) {
  void *found = mipc_slots_get(&environment->owners, whole(handle, NO_HANDLE));
  return found ? &static_cast<Owner *>(found)->object : nullptr;
}

/* Find the locks of that object. 0 or a status. */
inline int find_region_lock(const Environment *environment, double handle, mipc_lock_t **ret_lock) {
  mipc_object_t *object = find(environment, handle);
  if (!object) return MIPC_E_CLOSED;
  /* Without a call of a function in the usual case: each of them costs a free lock 1 ns. */
  if (!object->region_lock) return mipc_object_region_lock(object, ret_lock);
  *ret_lock = object->region_lock;
  return 0;
}

inline int find_file_lock(const Environment *environment, double handle,
                          mipc_filelock_t **ret_lock) {
  mipc_object_t *object = find(environment, handle);
  return object ? mipc_object_file_lock(object, ret_lock) : static_cast<int>(MIPC_E_CLOSED);
}

inline double to_double(napi_env env, napi_value value) {
  double number = 0;
  napi_get_value_double(env, value, &number);
  return number;
}

/* One call from JS: its arguments, and the environment, which is the data of each function. */
struct Call {
  static constexpr size_t MOST = 12;

  napi_env env;
  void *data = nullptr;
  napi_value at[MOST];

  /* Only the first `most` arguments may be read; JS may have passed fewer. */
  Call(napi_env env, napi_callback_info info, size_t most) : env(env) {
    napi_get_cb_info(env, info, &most, at, nullptr, &data);
  }

  /* No argument may be read. The data is the environment also if the function has other data. */
  explicit Call(napi_env env) : env(env) {
    napi_get_instance_data(env, &data);
  }

  Environment *environment() const {
    return static_cast<Environment *>(data);
  }
  double number(size_t i) const {
    return to_double(env, at[i]);
  }
  uint64_t u64(size_t i) const {
    return whole(number(i));
  }
  uint32_t u32(size_t i) const {
    uint32_t number = 0;
    napi_get_value_uint32(env, at[i], &number);
    return number;
  }
  bool flag(size_t i) const {
    bool flag = false;
    napi_get_value_bool(env, at[i], &flag);
    return flag;
  }
  bool is(size_t i, napi_valuetype type) const {
    napi_valuetype found = napi_undefined;
    return napi_typeof(env, at[i], &found) == napi_ok && found == type;
  }
  /* The object of the handle that is the first argument, or NULL. */
  mipc_object_t *object() const {
    return find(environment(), number(0));
  }
  mipc_mapping_t *mapping() const {
    mipc_object_t *found = object();
    return found ? found->mapping : nullptr;
  }
};

/* The callback of Node-API for a function that takes a Call with up to `most` arguments. If the
 * function returns nullptr, JS gets undefined. */
template <napi_value (*body)(const Call &), size_t most = Call::MOST>
napi_value entry(napi_env env, napi_callback_info info) {
  static_assert(most <= Call::MOST, "too many arguments");
  Call call(env, info, most);
  return call.data ? body(call) : nullptr;
}

/* The same for a function without arguments, with the environment as its data. It is faster, as
 * Node-API does not look for arguments. */
template <napi_value (*body)(const Call &)>
napi_value quick_entry(napi_env env, napi_callback_info) {
  Call call(env);
  return call.data ? body(call) : nullptr;
}

/* For a count, handle or status. */
inline napi_value to_number(napi_env env, int64_t number) {
  napi_value value = nullptr;
  return napi_create_double(env, static_cast<double>(number), &value) == napi_ok ? value : nullptr;
}

inline napi_value to_text(napi_env env, const char *text) {
  napi_value value = nullptr;
  napi_status status = napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value);
  return status == napi_ok ? value : nullptr;
}

/* A JS object that is being built. A step that fails makes it nullptr, and all later steps do
 * nothing. So the caller need not check each step. */
class Object {
public:
  explicit Object(napi_env env) : env(env) {
    if (napi_create_object(env, &value) != napi_ok) value = nullptr;
  }
  Object(napi_env env, napi_value existing) : env(env), value(existing) {}

  void set(const char *name, napi_value field) {
    if (value && (!field || napi_set_named_property(env, value, name, field) != napi_ok)) {
      value = nullptr;
    }
  }
  void number(const char *name, double number) {
    napi_value field = nullptr;
    set(name, napi_create_double(env, number, &field) == napi_ok ? field : nullptr);
  }
  void flag(const char *name, bool flag) {
    napi_value field = nullptr;
    set(name, napi_get_boolean(env, flag, &field) == napi_ok ? field : nullptr);
  }
  void text(const char *name, const char *text) {
    set(name, to_text(env, text));
  }
  /* Adds a function; `data` becomes the data of its Call. */
  napi_value function(const char *name, napi_callback callback, void *data) {
    napi_value made = nullptr;
    if (!value || napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, data, &made)) {
      made = nullptr;
    }
    set(name, made);
    return made;
  }
  /* nullptr if a step has failed. */
  napi_value get() const {
    return value;
  }
  napi_value frozen() const {
    return value && napi_object_freeze(env, value) == napi_ok ? value : nullptr;
  }

private:
  napi_env env;
  napi_value value = nullptr;
};

/* The same for a JS array. */
class List {
public:
  explicit List(napi_env env) : env(env) {
    if (napi_create_array(env, &value) != napi_ok) value = nullptr;
  }
  void push(napi_value item) {
    if (value && (!item || napi_set_element(env, value, length++, item) != napi_ok)) {
      value = nullptr;
    }
  }
  void number(double number) {
    napi_value item = nullptr;
    push(napi_create_double(env, number, &item) == napi_ok ? item : nullptr);
  }
  napi_value get() const {
    return value;
  }

private:
  napi_env env;
  napi_value value = nullptr;
  uint32_t length = 0;
};

/* The functions that a subject adds to `exports`; their data is the environment. */
struct Export {
  const char *name;
  napi_callback callback;
};

template <size_t n>
void add_functions(Object &exports, Environment *environment, const Export (&list)[n]) {
  for (const Export &each : list)
    exports.function(each.name, each.callback, environment);
}

/* A copy of a JS string; no other type of value has a text. */
class Text {
public:
  Text(napi_env env, napi_value value) {
    napi_valuetype type = napi_undefined;
    if (!value || napi_typeof(env, value, &type) != napi_ok) {
      failed = true;
    } else if (type == napi_string) {
      read(env, value);
    }
  }
  Text(const Text &) = delete;
  Text &operator=(const Text &) = delete;
  ~Text() {
    std::free(text);
  }
  /* NULL: no text. */
  const char *get() const {
    return text;
  }
  /* Moves the text to the caller, which frees it. */
  char *take() {
    char *taken = text;
    text = nullptr;
    return taken;
  }
  /* Whether the value could not be read. */
  bool has_failed() const {
    return failed;
  }

private:
  void read(napi_env env, napi_value value) {
    size_t length = 0;
    failed = true;
    if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) return;
    text = static_cast<char *>(std::malloc(length + 1));
    if (!text) return;
    failed = napi_get_value_string_utf8(env, value, text, length + 1, &length) != napi_ok;
  }

  char *text = nullptr;
  bool failed = false;
};

/* Creates an ArrayBuffer of `size` bytes, and a reference that keeps it alive. false: that failed,
 * and *ret_reference is as before. */
inline bool make_memory(napi_env env, size_t size, void **ret_bytes, napi_ref *ret_reference) {
  napi_value buffer = nullptr;
  napi_ref reference = nullptr;
  if (napi_create_arraybuffer(env, size, ret_bytes, &buffer) != napi_ok) return false;
  if (napi_create_reference(env, buffer, 1, &reference) != napi_ok) return false;
  *ret_reference = reference;
  return true;
}

/* The value of a reference, or nullptr. */
inline napi_value value_of(napi_env env, napi_ref reference) {
  napi_value value = nullptr;
  bool found = reference && napi_get_reference_value(env, reference, &value) == napi_ok;
  return found ? value : nullptr;
}

inline void drop(napi_env env, napi_ref *reference) {
  if (*reference) napi_delete_reference(env, *reference);
  *reference = nullptr;
}

/* Puts a new mapping into the table, owned by the JS object that is the first argument. On failure
 * the mapping is released. `label` moves to the owner. Returns a handle or a status. */
napi_value own_mapping(const Call &call, mipc_mapping_t *mapping, Text *label);

#endif
