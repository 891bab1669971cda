/*
 * map_stores DEATHS [SEED]: random operations on small maps, in one process. Each operation is
 * repeated from the same state, and dies before each of its stores in turn (dying.h); some of the
 * recoveries die before each of theirs, and some of the recoveries of those. Four kinds of map take
 * turns: with one stripe or two, that evict or not.
 *
 * After a death: a reader beside the dead sees for each key the value before or the one after. The
 * recovery takes back nothing that was seen, every page and block has one owner, the other keys are
 * unchanged, a value that may be kept under a version is still the value under that version, the
 * change is in the ring and listeners are notified, and the next set of the key works, with a
 * higher version.
 */
#include <setjmp.h>

#include "../map_witness.h"

/* Numbers of participants that never lived in this process, and are dead. */
#define STRANGER 100000u
/* The same, but they live. */
#define LIVING 50000u

static jmp_buf killed;
static bool is_counting;
static long made, until; /* stores of the operation; the one before which it dies, 0: none */
static uint64_t now = 1000;
static uint32_t dead[4], dead_count;

/* A long value is filled by one store after the other, and a death between two of them differs from
 * the next in nothing that others can see: the first and few of the others count. */
static bool counts(const void *at) {
  static const char *last;
  static unsigned run;
  run = (const char *)at == last + 8 ? run + 1 : 0;
  last = at;
  return run < 10 || run % 509 == 0;
}

void dying_store(const void *at) {
  if (!is_counting || !counts(at)) return;
  if (++made == until) longjmp(killed, 1);
}

int dying_is_alive(uint32_t number) {
  bool is_dead = number >= STRANGER;
  for (uint32_t i = 0; i < dead_count; i++)
    is_dead |= dead[i] == number;
  return !is_dead;
}

uint64_t dying_clock(void) {
  return now;
}

/* Participants: the one that dies, the one that recovers, the one that recovers it, one more. */
enum { WRITERS = 4 };

typedef struct {
  mipc_object_t *objects[WRITERS], *reader_object;
  mipc_map_t *writers[WRITERS], *reader;
  struct mipc_map states[WRITERS]; /* of the writers, as they were before the operation */
  uint8_t *bytes;                  /* of the payload */
  uint64_t size;
} stage_t;

static struct {
  long deaths, deaths_in_recovery, deaths_in_those, operations, most_stores, full;
  uint64_t moved, evicted, expired;
  long by_act[ACT_COUNT];
} counts_of;

static uint8_t *before, *after, *between; /* copies of the payload */
static stage_t open_stage(uint32_t stripes, bool evicts) {
  static unsigned count;
  char name[32];
  snprintf(name, sizeof name, "stores%u", count++);
  stage_t s = {0};
  spec_t spec = act_spec(name, stripes, evicts);
  for (int i = 0; i < WRITERS; i++) {
    s.objects[i] = open_map_object(spec);
    s.writers[i] = map_of(s.objects[i]);
  }
  spec.read_only = true;
  s.reader_object = open_map_object(spec);
  s.reader = map_of(s.reader_object);
  /* Always the same keys in the same buckets, so that a failure can be repeated. */
  static const uint64_t seed[2] = {0x1234567890ABCDEF, 0xFEDCBA0987654321};
  for (int i = 0; i < WRITERS; i++)
    memcpy(s.writers[i]->seed, seed, sizeof seed);
  memcpy(s.reader->seed, seed, sizeof seed);
  s.bytes = s.writers[0]->base;
  s.size = s.writers[0]->geometry.size;
  /* No record is free, and only a few belong to dead participants. So a record is taken from a dead
   * one, and each search comes by the record of the writer that has just died. */
  uint32_t records = s.writers[0]->geometry.record_count;
  for (uint32_t i = 0; i < records; i++) {
    uint32_t at = (s.writers[0]->me + i) % records;
    s.writers[0]->records[at].number = (i % 8 == 7 ? STRANGER : LIVING) + i;
  }
  before = realloc(before, s.size);
  after = realloc(after, s.size);
  between = realloc(between, s.size);
  if (!CHECK(before && after && between)) exit(1);
  return s;
}

static void close_stage(stage_t *s) {
  mipc_map_facts_t facts = {0};
  CHECK_EQ(mipc_map_facts(s->reader, &facts), 0);
  counts_of.moved += facts.moved;
  counts_of.evicted += facts.evicted;
  counts_of.expired += facts.expired;
  for (int i = 0; i < WRITERS; i++)
    close_map_object(s->objects[i]);
  close_map_object(s->reader_object);
}

/* The state in which the next operation begins. */
static void keep(stage_t *s) {
  memcpy(before, s->bytes, s->size);
  for (int i = 0; i < WRITERS; i++)
    s->states[i] = *s->writers[i];
}

static void restore(stage_t *s, const uint8_t *copy) {
  memcpy(s->bytes, copy, s->size);
  for (int i = 0; i < WRITERS; i++)
    *s->writers[i] = s->states[i];
}

static int run_one(mipc_map_t *map, bool recovers) {
  return recovers ? mipc_map_recover(map, MAP_PATIENCE_US) : run_act(map, witness.act);
}

/* Runs the operation, or a recovery, up to this store. True: it died there. */
static bool die_at(stage_t *s, int writer, bool recovers, long store) {
  static volatile bool died;
  died = false;
  made = 0;
  until = store;
  is_counting = true;
  if (setjmp(killed) == 0)
    run_one(s->writers[writer], recovers);
  else
    died = true;
  is_counting = false;
  if (died) dead[dead_count++] = s->writers[writer]->me;
  return died;
}

/* The recoveries: `depth` more of them die before this store, or one after the other. */
static bool recover(stage_t *s, bool dies) {
  const uint32_t dead_before = dead_count;
  if (!dies) {
    CHECK_EQ(mipc_map_recover(s->writers[1], MAP_PATIENCE_US), MIPC_MAP_DONE);
    return check_recovered();
  }
  memcpy(between, s->bytes, s->size);
  for (long store = 1;; store++) {
    dead_count = dead_before;
    restore(s, between);
    if (!die_at(s, 1, true, store)) return check_recovered();
    counts_of.deaths_in_recovery++;
    bool again = draw() % 2 && die_at(s, 2, true, 1 + (long)(draw() % 40));
    counts_of.deaths_in_those += again;
    CHECK_EQ(mipc_map_recover(s->writers[3], MAP_PATIENCE_US), MIPC_MAP_DONE);
    if (!check_recovered() || !check_next(s->writers[3], false)) {
      printf("  the recovery died before store %ld\n", store);
      return false;
    }
  }
}

static bool check_death(stage_t *s, long store, bool twice) {
  dead_count = 0;
  restore(s, before);
  watch_death();
  if (!die_at(s, 0, false, store)) return true;
  counts_of.deaths++;
  counts_of.by_act[witness.act->what]++;
  bool good = check_beside();
  if (good && !twice && draw() % 3 == 0)
    good = check_next(s->writers[1], true);
  else
    good =
        good && recover(s, twice) && check_ring() && check_next(s->writers[twice ? 3 : 1], false);
  dead_count = 0;
  if (!good) printf("  died before store %ld\n", store);
  return good;
}

/* The operation as a whole: what it acknowledges is there. */
static bool check_done_act(const stage_t *s, int status) {
  const act_t *act = witness.act;
  see_all(s->reader, witness.end);
  if (status < 0) return broken("the operation failed", (uint32_t)-status);
  counts_of.full += status == MIPC_MAP_FULL;
  const seen_t *is = &witness.end[act->id];
  bool sets = act->what == ACT_SET || act->what == ACT_SET_TTL || act->what == ACT_LARGE;
  uint64_t wanted = 8 * 1000003u + (uint64_t)act->length * 31 + 1;
  if (act->length) wanted += (uint64_t)act->fill << 32;
  if (sets && status == MIPC_MAP_DONE && is->digest != wanted)
    return broken("set in vain", act->id);
  if (sets && status == MIPC_MAP_FULL && !witness.evicts &&
      is->digest != witness.before[act->id].digest)
    return broken("a full map has changed the value", act->id);
  return check_map(s->reader) || broken("after the operation", act->id);
}

/* One operation: whole, then dead before each of its stores, or before some of many. */
static bool one_act(stage_t *s, long most) {
  act_t drawn = draw_act();
  now += draw() % 300;
  arm_map(s->writers[0], draw() % 2);
  /* Now and then it has no record yet. */
  if (draw() % 8 == 0 && s->writers[0]->own) mipc_i_record_give(s->writers[0]);
  watch_act(s->reader, &drawn);
  keep(s);
  struct mipc_map states_after[WRITERS];
  made = until = 0;
  is_counting = true;
  int status = run_one(s->writers[0], false);
  is_counting = false;
  long stores = made;
  counts_of.operations++;
  if (stores > counts_of.most_stores) counts_of.most_stores = stores;
  if (!check_done_act(s, status)) return false;
  memcpy(after, s->bytes, s->size);
  for (int i = 0; i < WRITERS; i++)
    states_after[i] = *s->writers[i];
  bool twice = draw() % 24 == 0;
  long step = stores > most ? stores / most : 1;
  bool good = true;
  for (long store = 1 + (long)(draw() % (uint64_t)step); store <= stores && good; store += step)
    good = check_death(s, store, twice);
  memcpy(s->bytes, after, s->size);
  for (int i = 0; i < WRITERS; i++)
    *s->writers[i] = states_after[i];
  return good;
}

/* Three processes die while they fill what they have reserved: most of the map. A fourth one sets a
 * value of that size. */
static bool take_back_reservations(stage_t *s) {
  static const act_t large = {.what = ACT_LARGE, .id = 3, .length = 90000, .fill = 1};
  watch_act(s->reader, &large);
  dead_count = 0;
  for (int i = 0; i < 3; i++) {
    keep(s);
    for (long store = 1;; store++) {
      restore(s, before);
      if (!die_at(s, i, false, store)) return broken("it has not reserved", 0);
      const mipc_map_record_shm_t *r = s->writers[i]->own;
      if (r && r->state == MIPC_MAP_OP_RESERVED && !s->writers[i]->stripes[r->stripe - 1].lock)
        break;
      dead_count--;
    }
  }
  int status = run_act(s->writers[3], &large);
  CHECK_EQ(mipc_map_recover(s->writers[3], MAP_PATIENCE_US), MIPC_MAP_DONE);
  return CHECK_EQ(status, MIPC_MAP_DONE) && check_map(s->reader);
}

int main(int count, char **arguments) {
  long deaths = count > 1 ? atol(arguments[1]) : 10000;
  uint64_t seed = count > 2 ? (uint64_t)atoll(arguments[2]) : (uint64_t)getpid();
  act_chance += seed * 7919;
  names_in_memory();
  bool good = true;
  for (int kind = 0; kind < 4 && good; kind++) {
    stage_t s = open_stage(kind & 1 ? 2 : 1, kind & 2);
    /* Full first: then every set has to make room. */
    for (int i = 0; i < 700; i++) {
      act_t drawn = draw_act();
      run_act(s.writers[0], &drawn);
    }
    while (good && counts_of.deaths < deaths * (kind + 1) / 4)
      good = one_act(&s, 300);
    if (good && kind & 2) good = take_back_reservations(&s);
    if (good) close_stage(&s);
  }
  printf("map_stores, seed %llu: %ld deaths, %ld in recoveries, %ld in recoveries of those; %ld "
         "operations, %ld full, at most %ld stores; %llu moved, %llu evicted, %llu expired\n",
         (unsigned long long)seed, counts_of.deaths, counts_of.deaths_in_recovery,
         counts_of.deaths_in_those, counts_of.operations, counts_of.full, counts_of.most_stores,
         (unsigned long long)counts_of.moved, (unsigned long long)counts_of.evicted,
         (unsigned long long)counts_of.expired);
  for (int i = 0; i < ACT_COUNT; i++)
    printf("%s %ld%s", act_names[i], counts_of.by_act[i], i + 1 < ACT_COUNT ? ", " : "\n");
  return check_done("map_stores");
}
