/*
 * What belongs to the process as a whole: its one mutex, its clock, its memory.
 */
#ifndef MIPC_OS_PROCESS_H
#define MIPC_OS_PROCESS_H

#include <stdint.h>

/* The mutex of the process, for operations on short lists; never held over a blocking call. */
void mipc_process_lock(void);
void mipc_process_unlock(void);

/* The system's own status for "out of memory", for an allocation of ours that failed. */
int mipc_no_memory(void);

/* The same for "there is no such file" and "the file is there already", for rules of ours about
 * files. */
int mipc_not_there(void);
int mipc_already_there(void);

/* Milliseconds, and microseconds, on a clock that nobody sets. */
uint64_t mipc_clock_ms(void);
uint64_t mipc_clock_us(void);

/* The same clock, read at less cost, and a few milliseconds behind: for stamps that people read. */
uint64_t mipc_clock_stamp(void);

#endif
