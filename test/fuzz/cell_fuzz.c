/*
 * Fuzz target: the cell, with words and slots as a hostile peer could write them. The same input
 * goes to cell.h, over memory of exactly the required size, and to share.h, over a region in a
 * memory file. For any input there is no access outside the memory, no endless loop, and only
 * results that the headers name; a value set afterwards can be read completely.
 *
 * The input: a byte, bits 0 to 2: the capacity, as capacities[] below; bit 3: `begin` and `commit`
 * are close; bit 4: the lock is hostile, too. Then begin and commit, eight bytes each;
 * event and lock, four each; four times a slot's length (8), type (4) and checksum (4); then bytes
 * of values, which are also the value to set.
 *
 * With FUZZ_SHOW in the environment it only shows the first input.
 */
#include <unistd.h>

#include "../../src/base/range.h"
#include "../../src/base/status.h"
#include "../../src/shm/cell.h"
#include "../../src/shm/share.h"

#include "fuzz.h"

#define MOST 1000 /* bytes of a value */

static const uint64_t capacities[8] = {1, 7, 8, 64, 65, 100, 500, MOST};

/* The parts of the input; zeros if it is too short. */
typedef struct {
  uint8_t how;
  uint64_t capacity, begin, commit;
  uint32_t event, lock;
  struct {
    uint64_t length;
    uint32_t type, checksum;
  } slots[MIPC_CELL_SLOTS];
  const uint8_t *rest;
  size_t rest_size;
} input_t;

static void take(input_t *in, void *to, size_t size) {
  memset(to, 0, size);
  size_t n = size < in->rest_size ? size : in->rest_size;
  memcpy(to, in->rest, n);
  in->rest += n;
  in->rest_size -= n;
}

static input_t parse(const uint8_t *data, size_t size) {
  input_t in = {.rest = data, .rest_size = size};
  take(&in, &in.how, 1);
  in.capacity = capacities[in.how & 7];
  take(&in, &in.begin, sizeof in.begin);
  take(&in, &in.commit, sizeof in.commit);
  if (in.how & 8) in.begin = in.commit + in.begin % 6 - 1;
  take(&in, &in.event, sizeof in.event);
  take(&in, &in.lock, sizeof in.lock);
  for (int i = 0; i < MIPC_CELL_SLOTS; i++) {
    take(&in, &in.slots[i].length, sizeof in.slots[i].length);
    take(&in, &in.slots[i].type, sizeof in.slots[i].type);
    take(&in, &in.slots[i].checksum, sizeof in.slots[i].checksum);
  }
  return in;
}

/* Writes the input into a cell. */
static void spoil(const input_t *in, mipc_cell_t *cell) {
  cell->header->cell_begin = in->begin;
  cell->header->cell_commit = in->commit;
  cell->header->event = in->event;
  *(uint64_t *)(void *)(cell->slots + cell->stride * MIPC_CELL_SLOTS) =
      in->how & 128 ? in->begin : MIPC_CELL_MARK;
  for (int i = 0; i < MIPC_CELL_SLOTS; i++) {
    uint8_t *at = cell->slots + (uint64_t)i * cell->stride;
    mipc_cell_slot_shm_t *slot = (mipc_cell_slot_shm_t *)at;
    slot->length = in->slots[i].length;
    slot->type = in->slots[i].type;
    slot->checksum = in->slots[i].checksum;
    size_t room = (size_t)(cell->stride - MIPC_CELL_SLOT_SIZE);
    size_t n = in->rest_size < room ? in->rest_size : room;
    if (n) memcpy(at + MIPC_CELL_SLOT_SIZE, in->rest, n);
  }
}

/* Counts of this run. */
static uint64_t got, refused, set;

static void print_most(void) {
  fprintf(stderr, "most: %llu values got, %llu set, %llu refused\n", (unsigned long long)got,
          (unsigned long long)set, (unsigned long long)refused);
}

/* The results that a read may have. */
static void judge(int status, const mipc_cell_value_t *value, uint64_t capacity, uint64_t room) {
  if (status == MIPC_E_CORRUPT || status == MIPC_E_TRUNCATED || status == MIPC_CELL_OVERTAKEN) {
    refused++;
    return;
  }
  if (status != 0 && status != MIPC_CELL_MORE) fuzz_die("a read gave %d", status);
  if (value->length > capacity) fuzz_die("a value of more than the capacity");
  if (value->type > 255) fuzz_die("type %u", value->type);
  if (value->version > MIPC_MAX_OFFSET) fuzz_die("a version beyond all");
  if ((value->length > room) != (status == MIPC_CELL_MORE)) fuzz_die("it does not fit, or does");
  got++;
}

static void must_be(const mipc_cell_value_t *value, const mipc_cell_value_t *was, const void *bytes,
                    const void *expected) {
  bool same = value->version == was->version && value->length == was->length &&
              value->type == was->type && value->checked == was->checked &&
              memcmp(bytes, expected, (size_t)was->length) == 0;
  if (!same) fuzz_die("the value read differs from the value set");
}

static void try_cell(const input_t *in) {
  uint64_t size = mipc_cell_size(in->capacity);
  mipc_cell_t cell = {.capacity = in->capacity, .stride = mipc_cell_stride(in->capacity)};
  cell.header = aligned_alloc(64, sizeof *cell.header);
  cell.slots = aligned_alloc(64, (size_t)size);
  if (!cell.header || !cell.slots) fuzz_die("no memory");
  memset(cell.header, 0, sizeof *cell.header);
  memset(cell.slots, 0, (size_t)size);
  spoil(in, &cell);

  const uint64_t rooms[] = {0, 1, in->capacity / 2, in->capacity, in->slots[0].length};
  for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
    uint64_t room = rooms[i] < 4 * MOST ? rooms[i] : 4 * MOST;
    fuzz_block_t to = fuzz_block((size_t)room);
    mipc_cell_value_t value = {.checked = i % 2};
    judge(mipc_cell_read(&cell, to.at, room, &value), &value, in->capacity, room);
    free(to.memory);
  }

  size_t length = in->rest_size < in->capacity ? in->rest_size : (size_t)in->capacity;
  fuzz_block_t from = fuzz_copy(in->rest, length);
  for (int i = 0; i < 5; i++) {
    mipc_cell_value_t was = {.length = length, .type = in->how, .checked = i % 2};
    int status = mipc_cell_write(&cell, from.at, &was);
    if (status == MIPC_E_CORRUPT || status == MIPC_E_TRUNCATED) break;
    if (status != 0) fuzz_die("a write gave %d", status);
    fuzz_block_t to = fuzz_block(length);
    mipc_cell_value_t value = {.checked = was.checked};
    status = mipc_cell_read(&cell, to.at, length, &value);
    if (status != 0) fuzz_die("a value that was set cannot be read: %d", status);
    must_be(&value, &was, to.at, from.at);
    free(to.memory);
    set++;
  }
  free(from.memory);
  free(cell.header);
  free(cell.slots);
}

/* A Share of each capacity, for all inputs of this run. */
static mipc_object_t shares[8];
static mipc_cell_t cells[8];

static void open_share(int i) {
  mipc_report_t report;
  uint64_t size = mipc_cell_size(capacities[i]);
  mipc_region_spec_t spec = {.place = MIPC_PLACE_ANONYMOUS,
                             .kind = MIPC_REGION_SHARE,
                             .create = MIPC_CREATE_IF_MISSING,
                             .mode = 0600,
                             .size = size,
                             .capacity = capacities[i]};
  mipc_mapping_spec_t wanted = {.with_header = true, .prot = MIPC_PROT_READ | MIPC_PROT_WRITE};
  if (mipc_region_open(&spec, &report, &wanted.region) < 0) fuzz_die("no region");
  if (mipc_mapping_open(&wanted, &report, &shares[i].mapping) < 0) fuzz_die("no mapping");
  uint8_t *base = mipc_mapping_window(shares[i].mapping, 0, MIPC_PAYLOAD_OFFSET + size, true);
  cells[i] = (mipc_cell_t){.header = (mipc_region_shm_t *)base,
                           .slots = base + MIPC_PAYLOAD_OFFSET,
                           .capacity = capacities[i],
                           .stride = mipc_cell_stride(capacities[i])};
}

static void judge_set(int status) {
  if (status != MIPC_LOCK_BUSY && status != MIPC_LOCK_TAKEN && status != MIPC_LOCK_RECOVERED &&
      status != MIPC_E_CORRUPT && status != MIPC_E_TRUNCATED && status != MIPC_E_DEADLOCK &&
      status != MIPC_SHARE_OTHER) {
    fuzz_die("a set gave %d", status);
  }
}

static void try_share(const input_t *in) {
  int i = in->how & 7;
  if (!shares[i].mapping) open_share(i);
  mipc_object_t *share = &shares[i];
  spoil(in, &cells[i]);
  cells[i].header->lock = in->how & 16 ? in->lock : 0;
  cells[i].header->lock_probed = 0;

  uint8_t back[MOST];
  mipc_cell_value_t value = {0};
  judge(mipc_share_get(share, back, in->capacity, &value), &value, in->capacity, in->capacity);
  int status = mipc_share_look(share, &value);
  if (status == 0) judge(0, &value, in->capacity, in->capacity);
  value = (mipc_cell_value_t){.checked = true};
  status = mipc_share_get_locked(share, back, in->capacity, 0, &value);
  if (status != MIPC_E_DEADLOCK) judge(status, &value, in->capacity, in->capacity);

  size_t length = in->rest_size < in->capacity ? in->rest_size : (size_t)in->capacity;
  mipc_cell_value_t was = {.length = length, .type = in->how, .checked = in->how & 32};
  status = mipc_share_set(share, in->rest, in->commit, 0, false, &was);
  judge_set(status);
  if (in->how & 16) {
    cells[i].header->lock = 0;
    return;
  }
  if (status == MIPC_LOCK_TAKEN) {
    value = (mipc_cell_value_t){.checked = was.checked};
    if (mipc_share_get(share, back, in->capacity, &value) != 0)
      fuzz_die("a value that was set cannot be read");
    must_be(&value, &was, back, in->rest);
  }
  if (cells[i].header->lock & MIPC_MAX_NUMBER) fuzz_die("the lock is kept");
}

static void show(const input_t *in) {
  printf("how 0x%x, capacity %llu\n", in->how, (unsigned long long)in->capacity);
  printf("begin 0x%llx, commit 0x%llx, event 0x%x, lock 0x%x\n", (unsigned long long)in->begin,
         (unsigned long long)in->commit, in->event, in->lock);
  for (int i = 0; i < MIPC_CELL_SLOTS; i++) {
    printf("slot %d: length 0x%llx, type 0x%x, checksum 0x%x\n", i,
           (unsigned long long)in->slots[i].length, in->slots[i].type, in->slots[i].checksum);
  }
  printf("and %zu bytes\n", in->rest_size);
  fflush(stdout);
  _Exit(0); /* a return would show it again */
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  atexit(print_most);
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  input_t in = parse(data, size);
  if (getenv("FUZZ_SHOW")) show(&in);
  double since = fuzz_clock();
  try_cell(&in);
  try_share(&in);
  if (fuzz_clock() - since > FUZZ_CALL_MS) fuzz_die("it took too long");
  return 0;
}
