/*
 * Identity of the running thread, for display; random bytes; and the identity of this boot.
 */
#ifndef MIPC_OS_IDENTITY_H
#define MIPC_OS_IDENTITY_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
  uint32_t pid, thread;   /* ids in the process's own namespace */
  uint32_t pid_namespace; /* identifies that namespace; 0: unknown */
  uint32_t second;        /* the current time, in seconds since boot */
} mipc_identity_t;

/* The identity of the calling thread; all zeros where the system is not supported. */
void mipc_identity(mipc_identity_t *ret_identity);

/* Fills `bytes` with unpredictable bytes. Returns 0 or the system's error. */
int mipc_random(void *bytes, size_t length);

/* 128 bits that are different after each boot; zeros where the system does not provide them. */
void mipc_boot_id(uint64_t ret_id[2]);

#endif
