/*
 * Shares for the C tests: a region of kind SHARE, mappings of it, and values that show whether they
 * are whole.
 */
#ifndef MIPC_TEST_SHARES_H
#define MIPC_TEST_SHARES_H

#include "../../src/shm/share.h"
#include "locks.h"

#define SHARE_CAPACITY 4096

/* A value: number of its writer, sequence number of the set, and bytes computed from both. */
typedef struct {
  uint64_t slot, sequence, length;
} proof_t;

#define MOST_PROVED (SHARE_CAPACITY - sizeof(proof_t))

static inline uint8_t proof_byte(uint64_t slot, uint64_t sequence, uint64_t at) {
  return (uint8_t)(slot * 31 + sequence * 131 + at * 7);
}

/* Writes a value whose length depends on `sequence`; returns its size. */
static inline uint64_t prove(uint8_t *to, uint64_t slot, uint64_t sequence) {
  proof_t proof = {slot, sequence, sequence * 2654435761u % MOST_PROVED};
  memcpy(to, &proof, sizeof proof);
  for (uint64_t i = 0; i < proof.length; i++)
    to[sizeof proof + i] = proof_byte(slot, sequence, i);
  return sizeof proof + proof.length;
}

/* Whether these bytes are one whole value. */
static inline bool is_proved(const uint8_t *from, uint64_t length, proof_t *ret_proof) {
  if (length < sizeof *ret_proof) return false;
  memcpy(ret_proof, from, sizeof *ret_proof);
  if (length != sizeof *ret_proof + ret_proof->length) return false;
  for (uint64_t i = 0; i < ret_proof->length; i++) {
    uint8_t expected = proof_byte(ret_proof->slot, ret_proof->sequence, i);
    if (from[sizeof *ret_proof + i] != expected) return false;
  }
  return true;
}

static inline spec_t share_spec(const char *name) {
  return NAMED(name, .kind = MIPC_REGION_SHARE, .size = mipc_cell_size(SHARE_CAPACITY),
               .capacity = SHARE_CAPACITY);
}

/* Attaches as binding/region.cc does. Exits on failure. */
static inline mipc_object_t *open_share(const char *name) {
  mipc_region_t *region = open_region(share_spec(name));
  mipc_mapping_spec_t spec = {
      .region = region, .prot = MIPC_PROT_READ | MIPC_PROT_WRITE, .with_header = true};
  mipc_mapping_t *mapping = NULL;
  if (!CHECK_EQ(mipc_mapping_open(&spec, &report, &mapping), 0)) exit(1);
  mipc_object_t *share = calloc(1, sizeof *share);
  if (!CHECK(share)) exit(1);
  share->mapping = mapping;
  share->thread = thread_1;
  return share;
}

static inline void close_share(mipc_object_t *share) {
  mipc_object_close(share, 0);
  mipc_mapping_put(share->mapping);
  free(share);
}

/* Sets the value, however long the lock takes. Returns the result of mipc_share_set(). */
static inline int set_share(mipc_object_t *share, const void *bytes, uint64_t expected, bool under,
                            mipc_cell_value_t *value) {
  int status;
  do {
    status = mipc_share_set(share, bytes, expected, 20000, under, value);
  } while (status == MIPC_LOCK_BUSY);
  return status;
}

static inline int get_share(const mipc_object_t *share, uint8_t to[SHARE_CAPACITY],
                            mipc_cell_value_t *ret_value) {
  int status;
  do {
    *ret_value = (mipc_cell_value_t){0};
    status = mipc_share_get(share, to, SHARE_CAPACITY, ret_value);
  } while (status == MIPC_CELL_OVERTAKEN);
  return status;
}

#endif
