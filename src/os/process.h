/*
 * Facilities of the whole process: its mutex, its clocks, and statuses for errors of our own.
 */
#ifndef MIPC_OS_PROCESS_H
#define MIPC_OS_PROCESS_H

#include <stdint.h>

/* The mutex of the process, for operations on short lists; never held during a blocking call. */
void mipc_process_lock(void);
void mipc_process_unlock(void);

/* The system's status for "out of memory", for a failed allocation of ours. */
int mipc_no_memory(void);

/* The same for "no such file" and "the file exists", for rules of ours about files. */
int mipc_not_there(void);
int mipc_already_there(void);

/* Milliseconds and microseconds of a monotonic clock, which cannot be set. */
uint64_t mipc_clock_ms(void);
uint64_t mipc_clock_us(void);

/* Milliseconds of the same clock, cheaper and up to a few milliseconds late: for timestamps that
 * are only displayed. */
uint64_t mipc_clock_stamp(void);

/* Milliseconds of two clocks for expiries, a few milliseconds late at most: since the boot, with
 * the time in which the machine slept; and since 1970, by a clock that can be set. */
uint64_t mipc_clock_boot_ms(void);
uint64_t mipc_clock_wall_ms(void);

#endif
