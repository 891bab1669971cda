/*
 * identity.h on a system where it is not built yet.
 */
#include "identity.h"

#include "../base/status.h"

void mipc_identity(mipc_identity_t *ret_identity) {
  *ret_identity = (mipc_identity_t){0};
}

int mipc_random(void *bytes, size_t length) {
  (void)bytes;
  (void)length;
  return MIPC_E_UNSUPPORTED;
}

void mipc_boot_id(uint64_t ret_id[2]) {
  ret_id[0] = ret_id[1] = 0;
}
