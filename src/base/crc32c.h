/*
 * CRC-32C (Castagnoli), as iSCSI has it (RFC 3720, appendix B.4). Pure.
 */
#ifndef MIPC_BASE_CRC32C_H
#define MIPC_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Of `length` more bytes; `crc`: of those before, 0 at first. */
uint32_t mipc_crc32c(uint32_t crc, const void *bytes, size_t length);

#endif
