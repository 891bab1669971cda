/*
 * sigchain.h on Linux. Everything except the installation runs inside the handler: no lock, no
 * allocation, and no thread-local variable, which in a library loaded at run time may be allocated
 * at its first use.
 */
#include "sigchain.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "../base/atomic.h"

/* The interrupted instruction; on other machines faults differ by their address only. */
#if defined(__x86_64__)
#define INSTRUCTION_OF(context) ((uintptr_t)(context)->uc_mcontext.gregs[REG_RIP])
#elif defined(__aarch64__)
#define INSTRUCTION_OF(context) ((uintptr_t)(context)->uc_mcontext.pc)
#else
#define INSTRUCTION_OF(context) ((void)(context), (uintptr_t)0)
#endif

#define MOST_FOUND 16 /* handlers in the list */
#define THREADS    64 /* that can pass signals on at the same time */
#define REPEATS    100

/* A handler that we have replaced; each is kept once and never freed. */
typedef struct found {
  struct sigaction action;
  struct found *next;
} found_t;

/*
 * The list, oldest first, read by the handler: an entry is stored before the count (release). In a
 * full list the newest handler replaces the last: a circle must end at the oldest.
 */
static mipc_atomic_uptr_t list[MOST_FOUND]; /* found_t * */
static mipc_atomic_u32_t list_length;
static found_t *all; /* under the mutex */

/*
 * The state of a thread that passes a signal on. `owner` is the thread id shifted left by one; the
 * low bit is set while the thread passes on. Another thread may take a record without that bit.
 * Only the owner accesses the other fields.
 */
typedef struct {
  mipc_atomic_u32_t owner;
  uint32_t depth;    /* number of passes under way, each inside the other */
  uintptr_t context; /* of the signal that is passed on */
  uintptr_t frame;   /* of our last pass */
  uintptr_t address; /* of the last fault, and its instruction */
  uintptr_t instruction;
  uint32_t repeats;
  bool resent; /* a handler has sent the signal again */
} record_t;

static record_t records[THREADS];

static bool is_same(const struct sigaction *a, const struct sigaction *b) {
  return a->sa_flags == b->sa_flags &&
         (a->sa_flags & SA_SIGINFO ? a->sa_sigaction == b->sa_sigaction
                                   : a->sa_handler == b->sa_handler);
}

static found_t *keep(const struct sigaction *action) {
  for (found_t *one = all; one; one = one->next) {
    if (is_same(&one->action, action)) return one;
  }
  found_t *fresh = malloc(sizeof *fresh);
  if (!fresh) return NULL;
  *fresh = (found_t){*action, all};
  return all = fresh;
}

bool mipc_sigchain_install(void (*ours)(int, siginfo_t *, void *)) {
  struct sigaction now;
  if (sigaction(SIGBUS, NULL, &now) < 0) return false;
  if ((now.sa_flags & SA_SIGINFO) && now.sa_sigaction == ours) return true;
  found_t *before = keep(&now);
  if (!before) return false;
  uint32_t length = mipc_atomic_load_relaxed(&list_length); /* under the mutex */
  uint32_t at = length < MOST_FOUND ? length : MOST_FOUND - 1;
  /* release, both: a handler that sees the entry (or the count) sees the handler (or the entries)
   * behind it. */
  mipc_atomic_store_release_ptr(&list[at], (uintptr_t)before);
  mipc_atomic_store_release(&list_length, at + 1);
  struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
  action.sa_sigaction = ours;
  return sigaction(SIGBUS, &action, NULL) == 0;
}

/* The record of this thread, marked as passing on; NULL: all are in use. */
static record_t *record_of_thread(void) {
  uint32_t me = (uint32_t)syscall(SYS_gettid) << 1;
  for (size_t i = 0; i < THREADS; i++) {
    /* relaxed: only this thread stores its own id. */
    uint32_t owner = mipc_atomic_load_relaxed(&records[i].owner);
    if (owner == (me | 1)) return &records[i];
    /* acquire: as below. The swap fails if another thread takes the record over. */
    if (owner == me && mipc_atomic_swap_acquire(&records[i].owner, me, me | 1)) return &records[i];
  }
  for (size_t i = 0; i < THREADS; i++) {
    uint32_t owner = mipc_atomic_load_relaxed(&records[i].owner);
    /* acquire: pairs with the release of its last owner. */
    if ((owner & 1) || !mipc_atomic_swap_acquire(&records[i].owner, owner, me | 1)) continue;
    record_t *record = &records[i];
    record->depth = 0;
    record->context = record->frame = record->address = record->instruction = 0;
    record->repeats = 0;
    record->resent = false;
    return record;
  }
  return NULL;
}

/* Acts as if there were no handler. A fault repeats after the return from the handler; a sent
 * signal must be sent again, and is delivered when the outermost handler returns. */
static void act_by_default(const siginfo_t *info) {
  struct sigaction standard = {.sa_handler = SIG_DFL};
  sigaction(SIGBUS, &standard, NULL);
  if (info->si_code <= 0) raise(SIGBUS);
}

static void call(const struct sigaction *action, int number, siginfo_t *info, void *context) {
  if (action->sa_flags & SA_SIGINFO) {
    action->sa_sigaction(number, info, context);
  } else if (action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN) {
    action->sa_handler(number);
  } else if (action->sa_handler == SIG_DFL || info->si_code > 0) {
    act_by_default(info); /* a fault cannot be ignored */
  }
}

/* Counts repetitions of the last signal without progress in between. */
static bool repeats_too_often(record_t *record, const siginfo_t *info, const void *context) {
  bool is_fault = info->si_code > 0;
  uintptr_t address = is_fault ? (uintptr_t)info->si_addr : 0;
  uintptr_t instruction = INSTRUCTION_OF((const ucontext_t *)context);
  bool same = address == record->address && instruction == record->instruction &&
              (is_fault || record->resent);
  record->repeats = same ? record->repeats + 1 : 0;
  record->address = address;
  record->instruction = instruction;
  record->resent = false;
  return record->repeats >= REPEATS;
}

/* Whether a handler has sent the signal again, to this thread or the process: it is pending until
 * the handler returns. */
static bool is_pending(void) {
  sigset_t pending;
  return sigpending(&pending) == 0 && sigismember(&pending, SIGBUS) == 1;
}

void mipc_sigchain_pass_on(int number, siginfo_t *info, void *context) {
  int saved = errno; /* of the code that was interrupted */
  uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
  uint32_t length = mipc_atomic_load_acquire(&list_length);
  record_t *record = record_of_thread();
  uint32_t depth = 0;
  uintptr_t outer_context = 0, outer_frame = 0;
  if (record) {
    /*
     * The same signal again, or a new one? A handler may have left by siglongjmp, so that the
     * record says "passing on" although no pass is under way. A signal that returned to us is
     * deeper in the stack than our pass and has the same context; a new one is not deeper.
     */
    bool again = record->depth && record->context == (uintptr_t)context && frame < record->frame;
    depth = again ? record->depth : 0;
    outer_context = record->context;
    outer_frame = record->frame;
    bool stuck = !again && repeats_too_often(record, info, context);
    if (stuck || depth >= length) {
      act_by_default(info);
      if (!depth) mipc_atomic_store_release(&record->owner, record->owner & ~(uint32_t)1);
      errno = saved;
      return;
    }
    record->depth = depth + 1;
    record->context = (uintptr_t)context;
    record->frame = frame;
  }
  found_t *before = (found_t *)mipc_atomic_load_acquire_ptr(&list[length - 1 - depth]);
  call(&before->action, number, info, context);
  if (record) {
    if (info->si_code <= 0 && is_pending()) record->resent = true;
    record->depth = depth;
    record->context = outer_context;
    record->frame = outer_frame;
    /* release: our stores to the record come before those of a thread that takes it over. */
    if (!depth) mipc_atomic_store_release(&record->owner, record->owner & ~(uint32_t)1);
  }
  errno = saved;
}
