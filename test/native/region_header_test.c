/*
 * The checks of a region's header: fields that a hostile or broken process may have written, each
 * alone, and at random.
 */
#include "regions.h"

#define PAYLOAD   100000
#define GOOD_SIZE (MIPC_PAYLOAD_OFFSET + PAYLOAD)

static mipc_region_shm_t good(void) {
  return (mipc_region_shm_t){
      .magic = MIPC_REGION_MAGIC,
      .version = MIPC_REGION_VERSION,
      .header_size = MIPC_HEADER_SIZE,
      .row_size = MIPC_PARTICIPANT_SIZE,
      .row_count = MIPC_PARTICIPANTS,
      .kind = MIPC_REGION_MMAP,
      .payload_offset = MIPC_PAYLOAD_OFFSET,
      .payload_size = PAYLOAD,
      .id_high = 1,
      .next_number = 1,
      .lock_id_high = 1,
      .end = MIPC_REGION_MAGIC,
  };
}

/* The state of a good header with one field changed. */
#define WITH(field, value) (h = good(), h.field = (value), mipc_region_validate(&h, GOOD_SIZE))

static void each_field(void) {
  mipc_region_shm_t h = good();
  CHECK_EQ(mipc_region_validate(&h, GOOD_SIZE), 0);
  CHECK_EQ(mipc_region_validate(&h, GOOD_SIZE + 1), 0);
  CHECK_EQ(mipc_region_validate(&h, UINT64_MAX), 0);
  CHECK_EQ(WITH(magic, 0), MIPC_E_FOREIGN);
  CHECK_EQ(WITH(end, 0), MIPC_E_CORRUPT);
  CHECK_EQ(WITH(lock_id_low, 1), MIPC_E_CORRUPT);
  CHECK_EQ(WITH(capacity, PAYLOAD + 1), MIPC_E_CORRUPT);
  CHECK_EQ(WITH(magic, 0x7F454C46), MIPC_E_FOREIGN);
  CHECK_EQ(WITH(magic, 0x6370696D), MIPC_E_VERSION); /* in the other byte order */
  CHECK_EQ(WITH(version, 0), 1);
  CHECK_EQ(WITH(version, MIPC_REGION_VERSION + 1), MIPC_E_VERSION);
  CHECK_EQ(WITH(version, UINT32_MAX), MIPC_E_VERSION);
  CHECK_EQ(WITH(incompatible, 1), MIPC_E_VERSION);
  CHECK_EQ(WITH(incompatible, 0x80000000), MIPC_E_VERSION);
  CHECK_EQ(WITH(compatible, UINT32_MAX), 0);
  CHECK_EQ(WITH(header_size, 0), MIPC_E_CORRUPT);
  CHECK_EQ(WITH(header_size, MIPC_HEADER_SIZE + 8), MIPC_E_CORRUPT);
  CHECK_EQ(WITH(row_size, 0), MIPC_E_CORRUPT);
  CHECK_EQ(WITH(row_count, UINT32_MAX), MIPC_E_CORRUPT);
  CHECK_EQ(WITH(kind, 0), MIPC_E_CORRUPT);
  CHECK_EQ(WITH(kind, UINT32_MAX), 0); /* a kind that is never asked for */
  CHECK_EQ(WITH(payload_offset, 0), MIPC_E_CORRUPT);
  CHECK_EQ(WITH(payload_offset, UINT64_MAX), MIPC_E_CORRUPT);
  CHECK_EQ(WITH(payload_offset, MIPC_PAYLOAD_OFFSET + 1), MIPC_E_CORRUPT);
  CHECK_EQ(WITH(payload_size, 0), MIPC_E_CORRUPT);
  CHECK_EQ(WITH(payload_size, PAYLOAD + 1), MIPC_E_CORRUPT);
  CHECK_EQ(WITH(payload_size, UINT64_MAX), MIPC_E_CORRUPT);
  CHECK_EQ(WITH(payload_size, UINT64_MAX - MIPC_PAYLOAD_OFFSET + 1), MIPC_E_CORRUPT);
  CHECK_EQ(WITH(payload_size, 1), 0);
  CHECK_EQ(WITH(id_high, 0), MIPC_E_CORRUPT);
  CHECK_EQ(WITH(next_number, 0), MIPC_E_CORRUPT);
  CHECK_EQ(WITH(next_number, MIPC_MAX_NUMBER + 1), 0); /* used up */
  CHECK_EQ(WITH(next_number, MIPC_MAX_NUMBER + 2), MIPC_E_CORRUPT);
  CHECK_EQ(WITH(clean, 1), 0);
  CHECK_EQ(WITH(clean, 2), MIPC_E_CORRUPT);
}

static void each_size(void) {
  mipc_region_shm_t h = good();
  CHECK_EQ(mipc_region_validate(&h, 0), 1);
  for (uint64_t size = 1; size < 8; size++)
    CHECK_EQ(mipc_region_validate(&h, size), MIPC_E_FOREIGN);
  for (uint64_t size = 8; size < GOOD_SIZE; size += 997)
    CHECK_EQ(mipc_region_validate(&h, size), MIPC_E_CORRUPT);
  CHECK_EQ(mipc_region_validate(&h, GOOD_SIZE - 1), MIPC_E_CORRUPT);
  h.version = 0;
  CHECK_EQ(mipc_region_validate(&h, 8), 1);
}

/* Bytes of a good header overwritten at random: every accepted header is consistent. */
static void at_random(void) {
  enum { ROUNDS = 2000000 };
  uint32_t random = 12345, believed = 0;
  for (int i = 0; i < ROUNDS; i++) {
    mipc_region_shm_t h = good();
    uint64_t size = next_random(&random) % 2 ? GOOD_SIZE : next_random(&random) % (2 * GOOD_SIZE);
    for (uint32_t n = next_random(&random) % 6; n; n--) {
      ((uint8_t *)&h)[next_random(&random) % 96] = (uint8_t)next_random(&random);
    }
    int state = mipc_region_validate(&h, size);
    bool known = state == 0 || state == 1 || state == MIPC_E_FOREIGN || state == MIPC_E_VERSION ||
                 state == MIPC_E_CORRUPT;
    if (!known) CHECK_EQ(state, 0);
    if (state != 0) continue;
    believed++;
    if (h.payload_offset != MIPC_PAYLOAD_OFFSET || !h.payload_size || h.payload_size > size ||
        h.payload_offset + h.payload_size > size) {
      CHECK(!"a payload outside the file");
    }
  }
  CHECK(believed > ROUNDS / 20);
}

int main(void) {
  each_field();
  each_size();
  at_random();
  return check_done("region_header");
}
