/*
 * What one environment (the main thread, or one worker_thread) keeps: the table behind the integer
 * handles that JS holds, and the report that C fills and JS reads. Nothing in it is shared with
 * other threads.
 *
 * It is counted, because the finalizers that Node runs at the end of a thread come in no order:
 * the environment's own may run before those of its objects.
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
  bool ending;                      /* the thread ends: finalizers run for objects still in use */
  mipc_slots_t owners;              /* of what is open; JS has their handles */
  Owner *orphans;                   /* hold their locks until the thread ends (mapping.cc) */
  napi_threadsafe_function wakeups; /* called when a wait is over; made for the first wait */
  napi_ref deliver;                 /* the function of JS that gets the wake-ups */
  napi_ref collected;               /* the function of JS that is called for each new orphan */
  mipc_report_t *report;            /* the bytes of the ArrayBuffer below */
  napi_ref report_bytes;            /* keeps them alive, whatever JS does with its own reference */
  double *lock_handle;              /* of the next call of the lock; NULL: not asked for yet */
  napi_ref lock_bytes;
  mipc_section_frame_t *section; /* NULL: not asked for yet */
  napi_ref section_bytes;
  mipc_share_frame_t *share; /* with room behind it; NULL: not asked for yet */
  napi_ref share_bytes;
};

/* Drops one reference; the last frees it. */
void environment_put(Environment *environment);

/* Called on any thread when a wait of an object is over, with the Owner of the object. It sends the
 * handle to the function that JS has given to binding.onWakeup(). */
void send_wakeup(void *owner);

/* The environment is about to end: gives up all that its objects wait for or hold. */
void release_orphans(Environment *environment);

/* The subjects of the binding; each adds its functions or tables to `exports`. */
void filelock_exports(Environment *environment, Object &exports);
void mapping_exports(Environment *environment, Object &exports);
void wakeups_exports(napi_env env, Environment *environment, Object &exports);
void pack_exports(Environment *environment, Object &exports);
void region_exports(Environment *environment, Object &exports);
void regionlock_exports(Environment *environment, Object &exports);
void section_exports(Environment *environment, Object &exports);
void share_exports(Environment *environment, Object &exports);
void tables_exports(napi_env env, Object &exports);

#endif
