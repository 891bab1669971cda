/*
 * fork.h on a system that has no fork().
 */
#include "fork.h"

void mipc_fork_hold(void) {}

void mipc_fork_release(void) {}

int mipc_fork_name(mipc_file_t file) {
  (void)file;
  return 0;
}

void mipc_fork_forget(mipc_file_t file) {
  (void)file;
}

uint32_t mipc_fork_generation(void) {
  return 0;
}
