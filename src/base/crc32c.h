/*
 * CRC-32C (Castagnoli), as in iSCSI (RFC 3720, appendix B.4). Pure.
 */
#ifndef MIPC_BASE_CRC32C_H
#define MIPC_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of all bytes so far: `crc` is that of the bytes before (0: none), `length` more
 * follow. Any thread may call it. */
uint32_t mipc_crc32c(uint32_t crc, const void *bytes, size_t length);

#endif
