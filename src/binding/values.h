/*
 * Arguments as plain C values, numbers as results. lib/ has checked every type; a value of another
 * type counts as 0 or false here.
 */
#ifndef MIPC_BINDING_VALUES_H
#define MIPC_BINDING_VALUES_H

#include "environment.h"

extern "C" {
#include "../shm/mapping.h"
}

inline uint64_t to_u64(const Napi::Value &value) {
  int64_t number = 0;
  napi_get_value_int64(value.Env(), value, &number);
  return number < 0 ? 0 : static_cast<uint64_t>(number);
}

inline uint32_t to_u32(const Napi::Value &value) {
  uint32_t number = 0;
  napi_get_value_uint32(value.Env(), value, &number);
  return number;
}

inline bool to_bool(const Napi::Value &value) {
  bool flag = false;
  napi_get_value_bool(value.Env(), value, &flag);
  return flag;
}

inline Napi::Value to_number(const Napi::CallbackInfo &info, int64_t number) {
  return Napi::Number::New(info.Env(), static_cast<double>(number));
}

/* Ties a mapping to the JS object that owns it: collected, it lets go of the mapping. The mapping
 * is tied to it (mipc_mapping_tied) as long as it is in the table. */
struct Owner {
  Environment *environment;
  mipc_mapping_t *mapping;
  uint32_t handle;
};

/* The mapping of the handle that is the first argument, or NULL. */
inline mipc_mapping_t *find(napi_env env, uint32_t handle) {
  return static_cast<mipc_mapping_t *>(mipc_slots_get(&environment_of(env)->mappings, handle));
}

inline mipc_mapping_t *find(const Napi::CallbackInfo &info) {
  return find(info.Env(), to_u32(info[0]));
}

/* A function on plain Node-API: less work for each argument and none for the result. `data`: what
 * it finds in its callback info. */
inline void set_plain(Napi::Object exports, const char *name, napi_callback callback, void *data) {
  napi_value function = nullptr;
  napi_create_function(exports.Env(), name, NAPI_AUTO_LENGTH, callback, data, &function);
  napi_set_named_property(exports.Env(), exports, name, function);
}

/* Puts a new mapping into the table, and ties it to the JS object that is the first argument; frees
 * it on failure. -> handle or status */
Napi::Value own_mapping(const Napi::CallbackInfo &info, mipc_mapping_t *mapping);

#endif
