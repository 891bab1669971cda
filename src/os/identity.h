/*
 * Who is running here, for people to read and for keys that nobody has twice.
 */
#ifndef MIPC_OS_IDENTITY_H
#define MIPC_OS_IDENTITY_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
  uint32_t pid, thread;   /* as its own process namespace numbers them */
  uint32_t pid_namespace; /* which one that is; 0 where nobody knows */
  uint32_t second;        /* now, since the machine was started */
} mipc_identity_t;

/* Of the calling thread. */
void mipc_identity(mipc_identity_t *ret_identity);

/* Bytes that nobody can guess; 0 or the system's refusal. */
int mipc_random(void *bytes, size_t length);

/* 128 bits that change with each start of the machine; zeros where the system does not say. */
void mipc_boot_id(uint64_t ret_id[2]);

#endif
