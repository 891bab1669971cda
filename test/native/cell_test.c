/*
 * The cell: values are set and read; the state after a dead writer; every bound of values read from
 * memory; checksums. And the calls of class Share over it.
 */
#include "../../src/base/crc32c.h"
#include "../../src/shm/share.h"
#include "cells.h"

#define CAPACITY 5000

static int set_value(const mipc_cell_t *cell, const void *bytes, size_t length, uint32_t type) {
  mipc_cell_value_t value = {.length = length, .type = type};
  return mipc_cell_write(cell, bytes, &value);
}

static mipc_cell_slot_shm_t *slot_at(const fixture_t *f, uint64_t version) {
  return (mipc_cell_slot_shm_t *)(f->cell.slots + version % MIPC_CELL_SLOTS * f->cell.stride);
}

static void checksums(void) {
  CHECK_EQ(mipc_crc32c(0, "", 0), 0);
  CHECK_EQ(mipc_crc32c(0, "123456789", 9), 0xE3069283);
  uint8_t bytes[1024];
  memset(bytes, 0, 32);
  CHECK_EQ(mipc_crc32c(0, bytes, 32), 0x8A9136AA);
  memset(bytes, 0xFF, 32);
  CHECK_EQ(mipc_crc32c(0, bytes, 32), 0x62A8AB43);
  for (int i = 0; i < 32; i++)
    bytes[i] = (uint8_t)i;
  CHECK_EQ(mipc_crc32c(0, bytes, 32), 0x46DD794E);
  for (int i = 0; i < 32; i++)
    bytes[i] = (uint8_t)(31 - i);
  CHECK_EQ(mipc_crc32c(0, bytes, 32), 0x113FDB5C);
  /* A checksum in parts, from any address and of any length, is that of the whole. */
  for (size_t i = 0; i < sizeof bytes; i++)
    bytes[i] = (uint8_t)(i * 7 + i / 251);
  for (size_t start = 0; start < 9; start++) {
    for (size_t length = 0; length < 300; length += 1 + length / 40) {
      uint32_t whole = mipc_crc32c(0, bytes + start, length), slow = ~0u;
      for (size_t i = 0; i < length; i++) {
        slow ^= bytes[start + i];
        for (int bit = 0; bit < 8; bit++)
          slow = slow >> 1 ^ (slow & 1 ? 0x82F63B78u : 0);
      }
      CHECK_EQ(whole, ~slow);
      size_t part = length / 3;
      uint32_t first = mipc_crc32c(0, bytes + start, part);
      CHECK_EQ(mipc_crc32c(first, bytes + start + part, length - part), whole);
    }
  }
}

static void sizes(void) {
  CHECK_EQ(mipc_cell_size(1), MIPC_CELL_SLOTS * 128 + 64);
  CHECK_EQ(mipc_cell_size(64), MIPC_CELL_SLOTS * 128 + 64);
  CHECK_EQ(mipc_cell_size(65), MIPC_CELL_SLOTS * 192 + 64);
  CHECK_EQ(mipc_cell_size(UINT64_MAX), 0);
  CHECK_EQ(mipc_cell_size(UINT64_MAX / 4), 0);
  CHECK_EQ(mipc_cell_size(MIPC_MAX_OFFSET), 0);
  uint64_t most = MIPC_MAX_OFFSET / MIPC_CELL_SLOTS - 3 * MIPC_CELL_SLOT_SIZE;
  CHECK(mipc_cell_size(most) >= most * MIPC_CELL_SLOTS && mipc_cell_size(most) <= MIPC_MAX_OFFSET);
  CHECK_EQ(mipc_cell_size(most + 1), 0);
}

static void set_and_got(void) {
  static uint8_t bytes[CAPACITY + 16], back[CAPACITY + 16];
  fixture_t f = new_cell(CAPACITY);
  mipc_cell_value_t value = {0};
  CHECK_EQ(mipc_cell_version(&f.cell), 0);
  CHECK_EQ(mipc_cell_read(&f.cell, back, sizeof back, &value), 0);
  CHECK(value.version == 0 && value.length == 0 && value.type == 0 && !value.checked);
  uint64_t version = 0;
  for (size_t length = 0; length <= CAPACITY; length += length < 80 ? 1 : 70) {
    for (size_t i = 0; i < length; i++)
      bytes[i] = (uint8_t)(1 + (i + length) % 255);
    bool checked = length % 2;
    value = (mipc_cell_value_t){.length = length, .type = length % 256, .checked = checked};
    CHECK_EQ(mipc_cell_write(&f.cell, bytes, &value), 0);
    CHECK_EQ(value.version, ++version);
    CHECK_EQ(mipc_cell_version(&f.cell), version);
    memset(back, 0xEE, sizeof back);
    value = (mipc_cell_value_t){.checked = checked};
    CHECK_EQ(mipc_cell_read(&f.cell, back + length % 8, length, &value), 0);
    CHECK(value.version == version && value.length == length && value.type == length % 256);
    CHECK_EQ(value.checked, checked);
    CHECK(memcmp(back + length % 8, bytes, length) == 0);
    CHECK(all_are(back + length % 8 + length, 8, 0xEE)); /* nothing behind it */
    if (length == 0) continue;
    value = (mipc_cell_value_t){0};
    CHECK_EQ(mipc_cell_read(&f.cell, back, length - 1, &value), MIPC_CELL_MORE);
    CHECK(value.length == length && value.version == version && value.type == length % 256);
    CHECK_EQ(mipc_cell_read(&f.cell, NULL, 0, &value), MIPC_CELL_MORE);
  }
  value = (mipc_cell_value_t){.length = CAPACITY + 1};
  CHECK_EQ(mipc_cell_write(&f.cell, bytes, &value), MIPC_E_RANGE);
  value.length = UINT64_MAX;
  CHECK_EQ(mipc_cell_write(&f.cell, bytes, &value), MIPC_E_RANGE);
  CHECK_EQ(mipc_cell_version(&f.cell), version);
  free_cell(&f);
}

static void what_a_dead_writer_leaves(void) {
  fixture_t f = new_cell(100);
  char back[100];
  mipc_cell_value_t value;
  for (uint64_t n = 1; n <= 12; n++) {
    char text[16];
    int length = snprintf(text, sizeof text, "value %d", (int)n);
    CHECK_EQ(set_value(&f.cell, text, (size_t)length, 5), 0);
    /* The writer has begun the next version, and overwritten any part of its slot. */
    for (int part = 0; part < 4; part++) {
      f.cell.header->cell_begin = n + 1;
      mipc_cell_slot_shm_t *next = slot_at(&f, n + 1);
      if (part > 0) next->length = UINT64_MAX;
      if (part > 1) next->type = 77;
      if (part > 2) memset(next + 1, 0xAA, 100);
      value = (mipc_cell_value_t){0};
      CHECK_EQ(mipc_cell_read(&f.cell, back, sizeof back, &value), 0);
      CHECK(value.version == n && value.length == (uint64_t)length && value.type == 5);
      CHECK(memcmp(back, text, (size_t)length) == 0);
    }
  }
  /* The next writer takes the same version. */
  CHECK_EQ(set_value(&f.cell, "last", 4, 5), 0);
  CHECK_EQ(mipc_cell_version(&f.cell), 13);
  free_cell(&f);
}

static void bounds(void) {
  fixture_t f = new_cell(100);
  char back[200];
  mipc_cell_value_t value = {0};
  mipc_region_shm_t *h = f.cell.header;
  CHECK_EQ(set_value(&f.cell, "value", 5, 5), 0);
  mipc_cell_slot_shm_t *slot = slot_at(&f, 1), good = *slot;

#define CHECK_READ(expected)                                                                       \
  value = (mipc_cell_value_t){0};                                                                  \
  CHECK_EQ(mipc_cell_read(&f.cell, back, sizeof back, &value), expected)

  const uint64_t lengths[] = {101, 128, 1u << 31, UINT32_MAX, 1ull << 63, UINT64_MAX};
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    slot->length = lengths[i];
    CHECK_READ(MIPC_E_CORRUPT);
  }
  *slot = good;
  const uint32_t types[] = {512, 1u << 16, 1u << 31, UINT32_MAX};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    slot->type = types[i];
    CHECK_READ(MIPC_E_CORRUPT);
  }
  *slot = good;
  slot->length = 100;
  CHECK_READ(0);
  *slot = good;

  /* The largest distance of `begin` from the version. */
  for (uint64_t ahead = 0; ahead < MIPC_CELL_SLOTS; ahead++) {
    h->cell_begin = 1 + ahead;
    CHECK_READ(0);
  }
  const uint64_t begins[] = {0, 1 + MIPC_CELL_SLOTS, 1000, 1ull << 63, UINT64_MAX};
  for (size_t i = 0; i < sizeof begins / sizeof *begins; i++) {
    h->cell_begin = begins[i];
    CHECK_READ(MIPC_CELL_OVERTAKEN);
  }
  CHECK_EQ(set_value(&f.cell, "again", 5, 5), 0); /* which repairs it */
  CHECK_READ(0);

  const uint64_t commits[] = {MIPC_MAX_OFFSET, MIPC_MAX_OFFSET + 1, 1ull << 63, UINT64_MAX};
  for (size_t i = 0; i < sizeof commits / sizeof *commits; i++) {
    h->cell_commit = h->cell_begin = commits[i];
    CHECK_EQ(set_value(&f.cell, "no", 2, 5), MIPC_E_CORRUPT);
    CHECK_EQ(mipc_cell_version(&f.cell), commits[i]);
    if (i == 0) continue;
    slot_at(&f, commits[i])->length = 2;
    slot_at(&f, commits[i])->type = 5;
    CHECK_READ(MIPC_E_CORRUPT);
  }
  h->cell_commit = h->cell_begin = MIPC_MAX_OFFSET - 1;
  CHECK_EQ(set_value(&f.cell, "the last", 8, 5), 0);
  CHECK_READ(0);
  CHECK_EQ(value.version, MIPC_MAX_OFFSET);
  free_cell(&f);
}

static void checked_values(void) {
  static uint8_t bytes[CAPACITY], back[CAPACITY];
  fixture_t f = new_cell(CAPACITY);
  memset(bytes, 0x5A, sizeof bytes);
  for (size_t length = 0; length <= CAPACITY; length += 1 + length / 3) {
    mipc_cell_value_t value = {.length = length, .type = 7, .checked = true};
    CHECK_EQ(mipc_cell_write(&f.cell, bytes, &value), 0);
    mipc_cell_slot_shm_t *slot = slot_at(&f, value.version);
    uint8_t *there = (uint8_t *)(slot + 1);
    for (size_t at = 0; at < length; at += 1 + at / 2) {
      there[at] ^= 1;
      value = (mipc_cell_value_t){0};
      CHECK_EQ(mipc_cell_read(&f.cell, back, sizeof back, &value), MIPC_E_CORRUPT);
      there[at] ^= 1;
    }
    slot->type ^= 2;
    CHECK_EQ(mipc_cell_read(&f.cell, back, sizeof back, &value), MIPC_E_CORRUPT);
    slot->type ^= 2;
    slot->checksum ^= 1;
    CHECK_EQ(mipc_cell_read(&f.cell, back, sizeof back, &value), MIPC_E_CORRUPT);
    slot->checksum ^= 1;
    value = (mipc_cell_value_t){.checked = true};
    CHECK_EQ(mipc_cell_read(&f.cell, back, sizeof back, &value), 0);
    CHECK(value.checked);
    /* The value of an earlier version in the slot. */
    f.cell.header->cell_commit += MIPC_CELL_SLOTS;
    f.cell.header->cell_begin += MIPC_CELL_SLOTS;
    CHECK_EQ(mipc_cell_read(&f.cell, back, sizeof back, &value), MIPC_E_CORRUPT);
  }
  CHECK_EQ(set_value(&f.cell, "x", 1, 7), 0);
  mipc_cell_value_t value = {.checked = true};
  CHECK_EQ(mipc_cell_read(&f.cell, back, sizeof back, &value), MIPC_E_CORRUPT);
  value = (mipc_cell_value_t){0};
  CHECK_EQ(mipc_cell_read(&f.cell, back, sizeof back, &value), 0);
  free_cell(&f);
}

/* The calls of share.h over a region. */
static mipc_object_t open_share(spec_t spec, const void *thread, bool read_only) {
  spec.kind = MIPC_REGION_SHARE;
  spec.read_only = read_only;
  mipc_mapping_t *mapping = NULL;
  mipc_mapping_spec_t wanted = {.region = open_region(spec),
                                .with_header = true,
                                .prot =
                                    read_only ? MIPC_PROT_READ : MIPC_PROT_READ | MIPC_PROT_WRITE,
                                .protect = read_only};
  if (!read_only) set_row_thread(wanted.region, NO_THREAD);
  CHECK_EQ(mipc_mapping_open(&wanted, &report, &mapping), 0);
  return (mipc_object_t){.mapping = mapping, .thread = thread};
}

/* A source that changes while it is copied, like memory shared with others: here it is the slot
 * itself, whose head and bytes are stored meanwhile. */
static void changing_source(void) {
  fixture_t f = new_cell(CAPACITY);
  uint8_t got[CAPACITY];
  for (uint64_t version = 1; version < 50; version++) {
    mipc_cell_value_t value = {.length = 100 * version, .type = 3, .checked = true};
    uint8_t *source = (uint8_t *)slot_at(&f, version) + version % 3 * 8;
    memset(source, (int)version, 64);
    CHECK_EQ(mipc_cell_write(&f.cell, source, &value), 0);
    CHECK_EQ(mipc_cell_read(&f.cell, got, sizeof got, &value), 0);
    CHECK_EQ(value.length, 100 * version);
  }
  free_cell(&f);
}

static void close_share(mipc_object_t *share) {
  mipc_object_close(share, 0);
  mipc_mapping_put(share->mapping);
}

static void shares(void) {
  int thread, other_thread;
  char back[100];
  char handle[MIPC_HANDLE_SIZE];
  mipc_object_t one =
      open_share(ANONYMOUS(.size = mipc_cell_size(100), .capacity = 100), &thread, false);
  CHECK_EQ(mipc_region_handle(mipc_mapping_region(one.mapping), handle), 0);
  mipc_object_t two = open_share(AT_HANDLE(handle), &other_thread, false);
  mipc_object_t reader = open_share(AT_HANDLE(handle), &thread, true);
  mipc_cell_value_t value = {.length = 5, .type = 3};

  CHECK_EQ(mipc_share_set(&one, "first", MIPC_SHARE_ANY, 0, false, &value), 1);
  CHECK_EQ(value.version, 1);
  CHECK_EQ(mipc_share_set(&one, "other", 0, 0, false, &value), MIPC_SHARE_OTHER);
  CHECK_EQ(value.version, 1);
  value.length = 101;
  CHECK_EQ(mipc_share_set(&one, "large", MIPC_SHARE_ANY, 0, false, &value), MIPC_E_RANGE);
  value.length = 5;
  CHECK_EQ(mipc_share_set(&one, "under", MIPC_SHARE_ANY, 0, true, &value), MIPC_E_NOT_LOCKED);
  CHECK_EQ(mipc_share_set(&reader, "never", MIPC_SHARE_ANY, 0, false, &value), MIPC_E_ACCESS);

  mipc_lock_t *lock;
  CHECK_EQ(mipc_object_region_lock(&two, &lock), 0);
  CHECK_EQ(mipc_lock_take(lock, 0, false), MIPC_LOCK_TAKEN);
  CHECK_EQ(mipc_share_set(&one, "other", MIPC_SHARE_ANY, 1000, false, &value), 0);
  CHECK_EQ(mipc_share_set(&two, "third", 1, 0, true, &value), 1);
  CHECK_EQ(value.version, 2);
  CHECK(mipc_lock_held(lock));
  /* Readers never wait. */
  const mipc_object_t *const all[] = {&one, &two, &reader};
  for (int i = 0; i < 3; i++) {
    value = (mipc_cell_value_t){0};
    CHECK_EQ(mipc_share_get(all[i], back, sizeof back, &value), 0);
    CHECK(value.version == 2 && value.length == 5 && memcmp(back, "third", 5) == 0);
    CHECK_EQ(mipc_share_look(all[i], &value), 0);
    CHECK(value.version == 2 && value.length == 5);
  }
  CHECK_EQ(mipc_share_get_locked(&one, back, sizeof back, 1000, &value), MIPC_CELL_OVERTAKEN);
  CHECK_EQ(mipc_share_get_locked(&two, back, sizeof back, 0, &value), 0);
  CHECK(mipc_lock_held(lock));
  CHECK_EQ(mipc_share_get_locked(&reader, back, sizeof back, 0, &value), MIPC_E_ACCESS);
  CHECK_EQ(mipc_lock_drop(lock), 0);

  /* Under the lock no writer overtakes a reader. */
  mipc_region_shm_t *header = (mipc_region_shm_t *)mipc_mapping_window(one.mapping, 0, 4096, true);
  header->cell_begin += 100;
  CHECK_EQ(mipc_share_get(&one, back, sizeof back, &value), MIPC_CELL_OVERTAKEN);
  CHECK_EQ(mipc_share_get_locked(&one, back, sizeof back, 0, &value), MIPC_E_CORRUPT);
  mipc_mapping_put_window(one.mapping);

  close_share(&two);
  close_share(&reader);
  mipc_object_close(&one, 1);
  CHECK_EQ(mipc_share_get(&one, back, sizeof back, &value), MIPC_E_CLOSED);
  CHECK_EQ(mipc_share_look(&one, &value), MIPC_E_CLOSED);
  CHECK_EQ(mipc_share_set(&one, "never", MIPC_SHARE_ANY, 0, false, &value), MIPC_E_CLOSED);
  mipc_mapping_put(one.mapping);
}

int main(void) {
  checksums();
  sizes();
  set_and_got();
  what_a_dead_writer_leaves();
  bounds();
  checked_values();
  changing_source();
  shares();
  return check_done("cell");
}
