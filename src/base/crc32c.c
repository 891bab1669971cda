/*
 * CRC-32C by tables, eight bytes at a time ("slicing-by-8": Kounavis and Berry, A Systematic
 * Approach to Building High Performance, Software-based, CRC Generators, 2005).
 */
#include "crc32c.h"

#include "atomic.h"

#define POLYNOMIAL 0x82F63B78u /* its bits reversed */

static uint32_t tables[8][256];
static mipc_atomic_u32_t ready;

/* Two threads may do this at the same time: they store the same values. */
static void make_tables(void) {
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; bit++)
      crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
    mipc_atomic_store_relaxed(&tables[0][i], crc);
  }
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t crc = tables[0][i];
    for (int k = 1; k < 8; k++) {
      crc = tables[0][crc & 0xFF] ^ crc >> 8;
      mipc_atomic_store_relaxed(&tables[k][i], crc);
    }
  }
  /* release: a thread that loads 1 (acquire) sees the whole tables. */
  mipc_atomic_store_release(&ready, 1);
}

uint32_t mipc_crc32c(uint32_t crc, const void *bytes, size_t length) {
  const uint8_t *at = bytes;
  if (!mipc_atomic_load_acquire(&ready)) make_tables();
  crc = ~crc;
  for (; length >= 8; length -= 8, at += 8) {
    crc ^= (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
    crc = tables[7][crc & 0xFF] ^ tables[6][crc >> 8 & 0xFF] ^ tables[5][crc >> 16 & 0xFF] ^
          tables[4][crc >> 24] ^ tables[3][at[4]] ^ tables[2][at[5]] ^ tables[1][at[6]] ^
          tables[0][at[7]];
  }
  while (length--)
    crc = tables[0][(crc ^ *at++) & 0xFF] ^ crc >> 8;
  return ~crc;
}
