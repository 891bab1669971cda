/*
 * wait.h on Linux, by futex(2) of the shared kind, whose key is the file and the offset in it.
 */
#include "wait.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The timespec of SYS_futex: its fields are longs, even where time_t is wider. */
typedef struct {
  long seconds, nanoseconds;
} kernel_time_t;

bool mipc_wait_on(const mipc_atomic_u32_t *word, uint32_t value, uint32_t us) {
  kernel_time_t time = {us / 1000000, (long)(us % 1000000) * 1000};
  long status = syscall(SYS_futex, word, FUTEX_WAIT, value, &time, NULL, 0);
  return status == 0 || errno != EAGAIN;
}

void mipc_wait_wake(const mipc_atomic_u32_t *word, bool all) {
  syscall(SYS_futex, word, FUTEX_WAKE, all ? INT_MAX : 1, NULL, NULL, 0);
}
