/*
 * What the shared_*_linux.c files share with each other.
 */
#ifndef MIPC_OS_SHARED_I_H
#define MIPC_OS_SHARED_I_H

#include "shared_file.h"

/* Forks held off: takes over a descriptor that was opened since; closes it on failure. */
int mipc_i_shared_adopt(int fd, mipc_file_t *ret_file);

/* mipc_shared_reopen() through /proc, of any descriptor, one that only names its file (O_PATH)
 * included. */
int mipc_i_shared_reopen(int fd, bool read_only, mipc_file_t *ret_file);

#endif
