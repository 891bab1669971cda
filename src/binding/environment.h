/*
 * What one environment (the main thread, or one worker_thread) keeps: the table behind the integer
 * handles that JS holds, and the report that C fills and JS reads. Nothing in it is shared with
 * other threads.
 *
 * It is counted, because the finalizers that Node runs at the end of a thread come in no order:
 * the environment's own may run before those of its mappings.
 */
#ifndef MIPC_BINDING_ENVIRONMENT_H
#define MIPC_BINDING_ENVIRONMENT_H

#include <napi.h>

extern "C" {
#include "../base/slots.h"
#include "../shm/layout.h"
}

struct Packer; /* pack.cc */

struct Environment {
  uint32_t refs;
  mipc_slots_t mappings;
  Packer *packer;                   /* made with the environment, and gone with it */
  napi_threadsafe_function notices; /* told that a wait is over; made at the first of them */
  mipc_report_t *report;            /* the bytes of the ArrayBuffer below */
  Napi::ObjectReference bytes;      /* keeps them alive, whatever JS does with its own reference */
  uint32_t *lock_handle;            /* of the next call of the lock; NULL: not asked for yet */
  Napi::ObjectReference lock_bytes;
  int32_t *section_status; /* of the last section that was to run; NULL: not asked for yet */
  napi_ref section_bytes;
  mipc_share_frame_t *share; /* with room behind it; NULL: not asked for yet */
  Napi::ObjectReference share_bytes;
};

Environment *environment_of(napi_env env);
void environment_put(Environment *environment);
void packer_free(Packer *packer);

/* To be called, on any thread, when what a mapping waits for has come: `owner` is what is tied to
 * it. It tells JS its handle, by the function given to binding.notices(). */
void notify(void *owner);

/* The subjects of the binding; each adds its functions or tables to `exports`. */
void filelock_exports(Napi::Env env, Napi::Object exports);
void mapping_exports(Napi::Env env, Napi::Object exports);
void notices_exports(Napi::Env env, Napi::Object exports);
void pack_exports(Napi::Env env, Napi::Object exports);
void region_exports(Napi::Env env, Napi::Object exports);
void regionlock_exports(Napi::Env env, Napi::Object exports);
void section_exports(Napi::Env env, Napi::Object exports);
void share_exports(Napi::Env env, Napi::Object exports);
void tables_exports(Napi::Env env, Napi::Object exports);

#endif
