/*
 * The plan of a map: which tables it has, how large they are and where. A pure function of the
 * words in the region's header, so that every process computes the same, and trusts no offset in
 * shared memory.
 *
 *   pool | stripes | records | rings of changes | pages | buckets | arena
 *
 * All tables of a new map are zeros: nothing is touched when it is created.
 */
#include "../base/range.h"
#include "map_i.h"

#define LAYOUT 1 /* version of everything in base/map_layout.h */

/* The flags in the first word, above the version. */
#define EVICTS     ((uint32_t)1 << 16)
#define WALL_CLOCK ((uint32_t)1 << 17)

enum { WORD_LAYOUT, WORD_STRIPES, WORD_BUCKETS, WORD_RECORDS, WORD_CLASSES };

/* One stripe for so many bytes. */
#define STRIPE_BYTES ((uint64_t)4 << 20)
#define MOST_STRIPES 128u

/* One record, for a participant that writes, for so many bytes. */
#define RECORD_BYTES  16384
#define LEAST_RECORDS 64u
#define MOST_RECORDS  1024u

/* By default the buckets take one part in so many of the capacity. */
#define BUCKET_SHARE 16
#define PER_BUCKET   4                   /* entries, if the number of entries is given */
#define MOST_BUCKETS ((uint64_t)1 << 28) /* of a stripe: as many as there are bits of the hash */

/* More pages than bytes for entries: each class of each stripe may have one unfilled slab. */
#define SPARE_PAGES(stripes) ((uint64_t)(stripes)*MIPC_MAP_CLASSES / 2 + 16)

static uint64_t power_above(uint64_t number, uint64_t least, uint64_t most) {
  uint64_t power = least;
  while (power < number && power < most)
    power *= 2;
  return power;
}

/* Offsets for so many pages; returns the size. */
static uint64_t lay_out(mipc_map_geometry_t *g, uint64_t pages) {
  uint64_t at = 0;
#define TABLE(bytes) mipc_round_up(at + (bytes), MIPC_MAP_PAGE_SIZE)
  g->stripes = at = TABLE(MIPC_MAP_POOL_SIZE);
  g->records = at = TABLE((uint64_t)g->stripe_count * MIPC_MAP_STRIPE_SIZE);
  g->rings = at = TABLE((uint64_t)g->record_count * MIPC_MAP_RECORD_SIZE);
  g->pages = at = TABLE((uint64_t)g->stripe_count * MIPC_MAP_CHANGES * MIPC_MAP_CHANGE_SIZE);
  g->buckets = at = TABLE(pages * MIPC_MAP_PAGE_ROW);
  at = TABLE((uint64_t)g->stripe_count * g->buckets_of_stripe * MIPC_MAP_BUCKET_SIZE);
#undef TABLE
  g->first_page = (uint32_t)(at / MIPC_MAP_PAGE_SIZE);
  g->page_count = (uint32_t)pages;
  g->size = at + pages * MIPC_MAP_PAGE_SIZE;
  return g->size;
}

uint64_t mipc_map_plan(const mipc_map_plan_t *plan, mipc_kind_words_t *ret_words) {
  if (plan->capacity < MIPC_MAP_LEAST_BYTES || plan->capacity > MIPC_MAP_MOST_BYTES) return 0;
  mipc_map_geometry_t g = {0};
  g.stripe_count = (uint32_t)power_above(plan->capacity / STRIPE_BYTES, 1, MOST_STRIPES);
  g.record_count =
      (uint32_t)power_above(plan->capacity / RECORD_BYTES, LEAST_RECORDS, MOST_RECORDS);
  uint64_t wanted = plan->most ? plan->most / PER_BUCKET + 1
                               : plan->capacity / BUCKET_SHARE / MIPC_MAP_BUCKET_SIZE;
  g.buckets_of_stripe = (uint32_t)power_above(wanted / g.stripe_count, 1, MOST_BUCKETS);
  uint64_t pages = mipc_round_up(plan->capacity, MIPC_MAP_PAGE_SIZE) / MIPC_MAP_PAGE_SIZE +
                   SPARE_PAGES(g.stripe_count);
  *ret_words = (mipc_kind_words_t){{
      [WORD_LAYOUT] = LAYOUT | (plan->evicts ? EVICTS : 0) | (plan->wall_clock ? WALL_CLOCK : 0),
      [WORD_STRIPES] = g.stripe_count,
      [WORD_BUCKETS] = g.buckets_of_stripe,
      [WORD_RECORDS] = g.record_count,
      [WORD_CLASSES] = mipc_i_classes_id(),
  }};
  return lay_out(&g, pages);
}

static bool is_power(uint64_t number, uint64_t least, uint64_t most) {
  return number >= least && number <= most && (number & (number - 1)) == 0;
}

/* The largest number of pages with which the tables fit into the size. */
static uint64_t pages_in(mipc_map_geometry_t *g, uint64_t size) {
  uint64_t without = lay_out(g, 0);
  if (without >= size) return 0;
  uint64_t pages = (size - without) / (MIPC_MAP_PAGE_SIZE + MIPC_MAP_PAGE_ROW);
  while (lay_out(g, pages + 1) <= size)
    pages++;
  while (pages && lay_out(g, pages) > size)
    pages--;
  return pages;
}

int mipc_map_geometry(const mipc_kind_words_t *words, uint64_t size,
                      mipc_map_geometry_t *ret_geometry) {
  const uint32_t *w = words->at;
  if ((w[WORD_LAYOUT] & 0xFFFF) != LAYOUT || w[WORD_CLASSES] != mipc_i_classes_id()) {
    return MIPC_E_VERSION;
  }
  mipc_map_geometry_t g = {.stripe_count = w[WORD_STRIPES],
                           .buckets_of_stripe = w[WORD_BUCKETS],
                           .record_count = w[WORD_RECORDS],
                           .evicts = (w[WORD_LAYOUT] & EVICTS) != 0,
                           .wall_clock = (w[WORD_LAYOUT] & WALL_CLOCK) != 0};
  bool good =
      is_power(g.stripe_count, 1, MOST_STRIPES) && is_power(g.buckets_of_stripe, 1, MOST_BUCKETS) &&
      is_power(g.record_count, LEAST_RECORDS, MOST_RECORDS) && size <= 2 * MIPC_MAP_MOST_BYTES;
  if (!good) return MIPC_E_CORRUPT;
  while (1u << g.stripe_bits < g.stripe_count)
    g.stripe_bits++;
  uint64_t pages = pages_in(&g, size);
  if (!pages) return MIPC_E_CORRUPT;
  lay_out(&g, pages);
  *ret_geometry = g;
  return 0;
}
