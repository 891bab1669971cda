/*
 * Functions that shared_file_linux.c and shared_memfd_linux.c share.
 */
#ifndef MIPC_OS_SHARED_I_H
#define MIPC_OS_SHARED_I_H

#include "shared_file.h"

/* While forks are held (os/fork.h): takes over a descriptor that was opened since the hold; closes
 * it on failure. */
int mipc_i_shared_adopt(int fd, mipc_file_t *ret_file);

/* mipc_shared_reopen() through /proc, also for an O_PATH descriptor. */
int mipc_i_shared_reopen(int fd, bool read_only, mipc_file_t *ret_file);

#endif
