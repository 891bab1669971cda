/*
 * The data of one environment (the main thread, or one worker_thread): the table behind the integer
 * handles that JS holds, and the report that C fills and JS reads. No other thread uses it.
 *
 * It has a reference count, because Node runs the finalizers at the end of a thread in no order:
 * that of the environment may run before those of its objects.
 */
#ifndef MIPC_BINDING_ENVIRONMENT_H
#define MIPC_BINDING_ENVIRONMENT_H

#include <node_api.h>

extern "C" {
#include "../base/layout.h"
#include "../base/slots.h"
}

struct Owner; /* values.h */
class Object;

struct Environment {
  uint32_t refs;
  bool ending;                      /* the thread ends, and objects still in use are finalized */
  mipc_slots_t owners;              /* of the open objects; JS holds their handles */
  Owner *orphans;                   /* they hold their locks until the thread ends (mapping.cc) */
  napi_threadsafe_function wakeups; /* sends the wake-ups; created for the first wait */
  napi_ref deliver;                 /* the function of JS that receives the wake-ups */
  napi_ref collected;               /* the function of JS that is called for each new orphan */
  mipc_report_t *report;            /* the bytes of the ArrayBuffer below */
  napi_ref report_bytes; /* keeps the ArrayBuffer alive, even if JS drops its own reference */
  double *lock_handle;   /* for the next call of the lock; NULL: not requested yet */
  napi_ref lock_bytes;
  mipc_section_frame_t *section; /* NULL: not requested yet */
  napi_ref section_bytes;
  mipc_share_frame_t *share; /* memory for a value lies behind it; NULL: not requested yet */
  napi_ref share_bytes;
  mipc_map_frame_t *map; /* the same for a SharedMap */
  napi_ref map_bytes;
};

/* Drops one reference; the last frees it. */
void environment_put(Environment *environment);

/* Called on any thread when a wait of an object is over, with the Owner of the object. The wake-up
 * calls the function that JS has passed to binding.onWakeup(), with the handle. */
void send_wakeup(void *owner);

/* Called when the environment is about to end: releases the locks of all orphans. */
void release_orphans(Environment *environment);

/* The subjects of the binding; each adds its functions or tables to `exports`. */
void filelock_exports(Environment *environment, Object &exports);
void map_exports(Environment *environment, Object &exports);
void mapping_exports(Environment *environment, Object &exports);
void wakeups_exports(napi_env env, Environment *environment, Object &exports);
void pack_exports(Environment *environment, Object &exports);
void region_exports(Environment *environment, Object &exports);
void regionlock_exports(Environment *environment, Object &exports);
void section_exports(Environment *environment, Object &exports);
void share_exports(Environment *environment, Object &exports);
void tables_exports(napi_env env, Object &exports);

#endif
