/*
 * base/range.h at its limits: 0, 2^53 - 1, and the last number of 64 bits. The expected results
 * come from a wider type where it can hold the sum.
 */
#include "../../src/base/range.h"

#include "check.h"

#define MAX MIPC_MAX_OFFSET

__extension__ typedef unsigned __int128 wide_t;

static const uint64_t edges[] = {
    0,           1,       2,   4095,    4096,      4097,       UINT32_MAX - 1,    UINT32_MAX,
    0x100000000, MAX - 1, MAX, MAX + 1, INT64_MAX, 1ull << 63, UINT64_MAX - 4096, UINT64_MAX - 1,
    UINT64_MAX,
};
#define EDGES (sizeof edges / sizeof *edges)

static void largest_is_what_js_can_say(void) {
  CHECK(MAX == ((uint64_t)1 << 53) - 1);
  CHECK((double)MAX == 9007199254740991.0);
}

static void clip_by_hand(void) {
  CHECK_EQ(mipc_range_clip(0, 0, 0), 0);
  CHECK_EQ(mipc_range_clip(0, 0, 1), 0);
  CHECK_EQ(mipc_range_clip(10, 0, 10), 10);
  CHECK_EQ(mipc_range_clip(10, 0, 11), 10);
  CHECK_EQ(mipc_range_clip(10, 9, 5), 1);
  CHECK_EQ(mipc_range_clip(10, 10, 5), 0);
  CHECK_EQ(mipc_range_clip(10, 11, 5), 0);
  CHECK_EQ(mipc_range_clip(10, 3, 0), 0);
  CHECK(mipc_range_clip(MAX, MAX - 1, UINT64_MAX) == 1);
  CHECK(mipc_range_clip(MAX, MAX, UINT64_MAX) == 0);
  CHECK(mipc_range_clip(UINT64_MAX, 0, UINT64_MAX) == UINT64_MAX);
  CHECK(mipc_range_clip(UINT64_MAX, UINT64_MAX - 1, UINT64_MAX) == 1);
  CHECK(mipc_range_clip(UINT64_MAX, UINT64_MAX, 1) == 0);
  CHECK(mipc_range_clip(10, UINT64_MAX, UINT64_MAX) == 0);
}

static void fits_by_hand(void) {
  CHECK(mipc_range_fits(0, 0, 0));
  CHECK(!mipc_range_fits(0, 0, 1));
  CHECK(!mipc_range_fits(0, 1, 0));
  CHECK(mipc_range_fits(10, 4, 6));
  CHECK(!mipc_range_fits(10, 4, 7));
  CHECK(mipc_range_fits(10, 10, 0));
  CHECK(mipc_range_fits(MAX, MAX, 0));
  CHECK(mipc_range_fits(MAX, 0, MAX));
  CHECK(mipc_range_fits(MAX, 1, MAX - 1));
  CHECK(!mipc_range_fits(MAX, 1, MAX));
  CHECK(!mipc_range_fits(MAX, MAX, 1));
  CHECK(!mipc_range_fits(MAX, 1, UINT64_MAX)); /* the sum is 0 in 64 bits */
  CHECK(!mipc_range_fits(MAX, UINT64_MAX, 1));
  CHECK(!mipc_range_fits(MAX, UINT64_MAX, UINT64_MAX));
  CHECK(mipc_range_fits(UINT64_MAX, UINT64_MAX, 0));
  CHECK(!mipc_range_fits(UINT64_MAX, UINT64_MAX, 1));
}

static void every_edge_agrees_with_128_bits(void) {
  for (size_t i = 0; i < EDGES; i++) {
    for (size_t j = 0; j < EDGES; j++) {
      for (size_t k = 0; k < EDGES; k++) {
        uint64_t size = edges[i], offset = edges[j], length = edges[k];
        wide_t end = (wide_t)offset + length;
        CHECK(mipc_range_fits(size, offset, length) == (end <= size));
        uint64_t inside = offset >= size ? 0 : end <= size ? length : size - offset;
        CHECK(mipc_range_clip(size, offset, length) == inside);
      }
    }
  }
}

static void rounding(void) {
  CHECK_EQ(mipc_round_down(0, 4096), 0);
  CHECK_EQ(mipc_round_up(0, 4096), 0);
  CHECK_EQ(mipc_round_down(4095, 4096), 0);
  CHECK_EQ(mipc_round_up(1, 4096), 4096);
  CHECK_EQ(mipc_round_up(4096, 4096), 4096);
  CHECK_EQ(mipc_round_up(4097, 4096), 8192);
  CHECK_EQ(mipc_round_up(65537, 65536), 131072);
  CHECK(mipc_round_up((uint64_t)1 << 63, 4096) == (uint64_t)1 << 63);
  CHECK(mipc_round_down(UINT64_MAX, 4096) == UINT64_MAX - 4095);
  CHECK(mipc_round_up(MAX, 65536) == (uint64_t)1 << 53);
  for (size_t i = 0; i < EDGES; i++) {
    for (uint64_t unit = 1; unit <= 1u << 21; unit *= 2) {
      uint64_t value = edges[i];
      uint64_t down = mipc_round_down(value, unit);
      CHECK(down % unit == 0 && down <= value && value - down < unit);
      if (value > (uint64_t)1 << 63) continue;
      uint64_t up = mipc_round_up(value, unit);
      CHECK(up % unit == 0 && up >= value && up - value < unit);
    }
  }
}

int main(void) {
  largest_is_what_js_can_say();
  clip_by_hand();
  fits_by_hand();
  every_edge_agrees_with_128_bits();
  rounding();
  return check_done("range");
}
