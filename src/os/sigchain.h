/*
 * The chain of this process's SIGBUS handlers: the handlers that we have replaced, and the way of a
 * signal that is not ours. For guard_posix.c only.
 *
 * Handlers that pass signals on may form a circle: another copy of this package (or a crash
 * reporter) installs over us, and we install over it again. So we keep a list of the replaced
 * handlers. A signal that returns to us while we pass it on goes to the handler before; when none
 * is left, the system's default ends the process. A circle of copies of us thus ends at the handler
 * that the first copy replaced.
 *
 * A handler may return from a fault that it has not repaired (libuv's handler writes to a pipe and
 * returns). The fault then repeats; after the same fault at the same instruction 100 times in
 * succession the default ends the process.
 */
#ifndef MIPC_OS_SIGCHAIN_H
#define MIPC_OS_SIGCHAIN_H

#include <signal.h>
#include <stdbool.h>

/*
 * Installs `ours`, unless it is the current handler, and adds the replaced one to the list. Call it
 * under the mutex of the process. False: out of memory or refused; the handler is unchanged.
 */
bool mipc_sigchain_install(void (*ours)(int, siginfo_t *, void *));

/* Called by our handler: passes the signal to the handler before us, or to the system. */
void mipc_sigchain_pass_on(int number, siginfo_t *info, void *context);

#endif
