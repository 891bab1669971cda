/*
 * presence.h on a system where it is not built yet.
 */
#include "presence.h"

#include "../base/status.h"

int mipc_presence_take(mipc_file_t file, uint64_t byte, bool shared) {
  (void)file;
  (void)byte;
  (void)shared;
  return MIPC_E_UNSUPPORTED;
}

void mipc_presence_give(mipc_file_t file, uint64_t byte) {
  (void)file;
  (void)byte;
}

int mipc_presence_find(mipc_file_t file, uint64_t from, uint64_t to, bool or_shared,
                       uint64_t *ret_first, uint64_t *ret_last) {
  (void)file;
  (void)from;
  (void)to;
  (void)or_shared;
  (void)ret_first;
  (void)ret_last;
  return MIPC_E_UNSUPPORTED;
}
