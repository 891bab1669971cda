/*
 * Our place in the chain of this process' SIGBUS handlers: which handlers we have found, and what
 * happens to a signal that is not ours. For guard_posix.c alone.
 *
 * Handlers that pass signals on may form a circle: another copy of this package (or a crash
 * reporter) installs over us, and we install over it again. So the handlers we found are a list,
 * and a signal that comes back to us while we are passing it on goes to the one we found before;
 * when none is left, the system's default ends the process. A circle of copies of us thus ends at
 * the handler that the first of us found.
 *
 * A handler may return from a fault that it has not repaired (libuv's writes to a pipe and
 * returns). The fault then repeats; after the same fault at the same instruction 100 times in
 * succession the default ends the process.
 */
#ifndef MIPC_OS_SIGCHAIN_H
#define MIPC_OS_SIGCHAIN_H

#include <signal.h>
#include <stdbool.h>

/*
 * Makes `ours` the handler, unless it is, and notes the one it replaces. Under the mutex of the
 * process. False: no memory, nothing has changed.
 */
bool mipc_sigchain_install(void (*ours)(int, siginfo_t *, void *));

/* From the handler: gives the signal to the handler before us, or to the system. */
void mipc_sigchain_pass_on(int number, siginfo_t *info, void *context);

#endif
