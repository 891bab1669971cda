/*
 * Fuzz target: src/pack. A template is compiled for both directions; values are packed and bytes
 * unpacked with it, and the packed bytes are unpacked again. For any input there is no access to
 * other memory, only results that pack.h names, and bounded time and memory.
 *
 * With FUZZ_SHOW in the environment it only shows the first input.
 */
#include "../../src/pack/pack.h"

#include "fuzz.h"
#include "pack_input.h"

#define MIB ((size_t)1 << 20)

/* The limits for so small an input: of output, of slots, of text. */
static const size_t MOST_OUTPUT = 256 * MIB;
static const size_t MOST_VALUES = 64 * MIB / sizeof(mipc_pack_slot_t);
static const size_t MOST_TEXT = 64 * MIB;

/* The most packed bytes that are unpacked again; the most that are compared with a second
 * unpacking. */
static const size_t MOST_AGAIN = 4096;

typedef enum { TEMPLATE, NO_MEMORY, VALUES, VALUE, RANGE, BYTES } kind_t;

#define ERROR_ROW(symbol, kind, text) [MIPC_PACK_##symbol] = {#symbol, kind, text},
static const struct {
  const char *symbol;
  kind_t kind;
  const char *text;
} ERRORS[] = {MIPC_PACK_ERROR_MAP(ERROR_ROW)};
#undef ERROR_ROW

/* The extremes of this run. */
static struct {
  size_t output, values, text;
  double slowest;
  const char *slowest_call;
} most = {0, 0, 0, 0, "none"};

static void print_most(void) {
  fprintf(stderr, "most: %zu bytes packed, %zu values and %zu bytes of text unpacked, %s %.0f ms\n",
          most.output, most.values, most.text, most.slowest_call, most.slowest);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  if (!getenv("FUZZ_SHOW")) atexit(print_most);
  return 0;
}

/* Whether to repeat the call, to see whether the call or the machine was slow. */
static bool was_slow(const char *call, double since, int tries) {
  double took = fuzz_clock() - since;
  if (took > FUZZ_CALL_MS) {
    if (tries < FUZZ_CALL_TRIES) return true;
    fuzz_die("%s took %.0f ms, %d times at least %d ms", call, took, tries, FUZZ_CALL_MS);
  }
  if (took > most.slowest) {
    most.slowest = took;
    most.slowest_call = call;
  }
  return false;
}

/* Not zero, so that missing stores are detected. */
static const mipc_pack_failure_t UNSET = {0xEE, 0xEEEEEEEEEEEEEEEE};

static bool is_number_sane(const pack_input_t *input, mipc_pack_error_t error, uint64_t number,
                           uint64_t bytes_size) {
  switch (ERRORS[error].kind) {
  case VALUE:
  case RANGE:
    return number < input->count;
  case VALUES:
    return error == MIPC_PACK_MISSING ? number == input->count : number < input->count;
  case TEMPLATE:
    return number <= input->format_size;
  default:
    return number <= bytes_size;
  }
}

/* `bytes_size`: the last valid position in the bytes. */
static void check_failure(const pack_input_t *input, const char *call, mipc_pack_error_t error,
                          const mipc_pack_failure_t *failure, uint64_t bytes_size) {
  if (error < MIPC_PACK_NO_MEMORY || error >= sizeof ERRORS / sizeof *ERRORS)
    fuzz_die("%s gave %d", call, (int)error);
  const char *symbol = ERRORS[error].symbol;
  bool has_letter = strstr(ERRORS[error].text, "%c") != NULL;
  bool in_template =
      input->format_size > 0 && memchr(input->format, failure->letter, input->format_size) != NULL;
  if (!in_template && (has_letter || failure->letter != 0))
    fuzz_die("%s gave %s with the letter 0x%02x", call, symbol, failure->letter);
  if (!is_number_sane(input, error, failure->number, bytes_size))
    fuzz_die("%s gave %s with the number %llu", call, symbol, (unsigned long long)failure->number);
}

/* NULL if the template is refused. The text is freed. */
static mipc_template_t *compile(const pack_input_t *input, mipc_direction_t direction) {
  const char *call = direction == MIPC_DIRECTION_PACK ? "compile for pack" : "compile for unpack";
  fuzz_block_t text = fuzz_copy(input->format, input->format_size);
  if (input->format_size == 0 && input->flags & PACK_NULL_TEXT) text.at = NULL;
  mipc_template_t *program = NULL;
  mipc_pack_failure_t failure;
  mipc_pack_error_t error;
  double since;
  int tries = 0;
  do {
    if (tries++) mipc_template_free(program);
    program = NULL;
    failure = UNSET;
    since = fuzz_clock();
    error = mipc_template_compile(text.at, input->format_size, direction, &program, &failure);
  } while (was_slow(call, since, tries));
  if (input->format_size && memcmp(text.at, input->format, input->format_size) != 0)
    fuzz_die("%s changed the text", call);
  free(text.memory);
  if ((error == MIPC_PACK_OK) != (program != NULL))
    fuzz_die("%s: %d, yet %p", call, error, program);
  if (error == MIPC_PACK_OK) return program;
  check_failure(input, call, error, &failure, 0);
  if (ERRORS[error].kind != TEMPLATE && ERRORS[error].kind != NO_MEMORY)
    fuzz_die("%s gave %s", call, ERRORS[error].symbol);
  return NULL;
}

typedef struct {
  fuzz_block_t slots, tags, text;
} arrays_t;

static void arrays_free(arrays_t *arrays) {
  free(arrays->slots.memory);
  free(arrays->tags.memory);
  free(arrays->text.memory);
}

/* The capacity for the next try: at least double, and at least the reported need, as in lib/. */
static size_t larger(const char *call, size_t room, uint64_t needed, size_t most_room) {
  if (needed <= room) fuzz_die("%s has room for %zu and needs %" PRIu64, call, room, needed);
  if (needed > most_room) fuzz_die("%s needs room for %" PRIu64, call, needed);
  return needed > room * 2 ? (size_t)needed : room * 2;
}

/* Packs the values of the input. -> OK with a block of the bytes, or an error. */
static mipc_pack_error_t pack_values(const pack_input_t *input, const mipc_template_t *program,
                                     const mipc_pack_values_t *values, fuzz_block_t *ret_bytes,
                                     size_t *ret_size) {
  size_t room = PACK_ROOMS[input->flags >> PACK_ROOM_SHIFT];
  for (;;) {
    fuzz_block_t to = fuzz_block(room);
    mipc_pack_failure_t failure;
    mipc_pack_error_t error;
    size_t size;
    double since;
    int tries = 0;
    do {
      tries++;
      size = SIZE_MAX;
      failure = UNSET;
      since = fuzz_clock();
      error = mipc_pack(program, values, to.at, room, &size, &failure);
    } while (was_slow("pack", since, tries));
    if (error == MIPC_PACK_OK) {
      if (size > room) fuzz_die("pack gave %zu bytes in room for %zu", size, room);
      if (size > most.output) most.output = size;
      *ret_bytes = to;
      *ret_size = size;
      return error;
    }
    free(to.memory);
    if (error != MIPC_PACK_MORE_OUTPUT) {
      check_failure(input, "pack", error, &failure, MOST_OUTPUT);
      if (ERRORS[error].kind == TEMPLATE) fuzz_die("pack gave %s", ERRORS[error].symbol);
      return error;
    }
    room = larger("pack", room, failure.number, MOST_OUTPUT);
  }
}

static mipc_pack_error_t pack(const pack_input_t *input, const mipc_template_t *program,
                              fuzz_block_t *ret_bytes, size_t *ret_size) {
  size_t slots_size = input->count * sizeof *input->slots;
  arrays_t arrays = {
      .slots = fuzz_copy(input->slots, slots_size),
      /* If all are numbers, no tag is read, as none is given. */
      .tags = fuzz_copy(input->tags, input->numbers ? 0 : input->count),
      .text = fuzz_copy(input->text, input->text_size),
  };
  mipc_pack_values_t values = {arrays.slots.at, arrays.tags.at,   input->count,
                               arrays.text.at,  input->text_size, input->numbers};
  mipc_pack_error_t error = pack_values(input, program, &values, ret_bytes, ret_size);
  if (slots_size && memcmp(arrays.slots.at, input->slots, slots_size) != 0)
    fuzz_die("pack changed the slots");
  if (!input->numbers && input->count && memcmp(arrays.tags.at, input->tags, input->count) != 0)
    fuzz_die("pack changed the tags");
  if (input->text_size && memcmp(arrays.text.at, input->text, input->text_size) != 0)
    fuzz_die("pack changed the text");
  arrays_free(&arrays);
  return error;
}

static void check_slot(const mipc_pack_values_t *values, size_t index, mipc_bigint_t bigint) {
  static const int64_t SAFE = 9007199254740991;
  const mipc_pack_slot_t *slot = &values->slots[index];
  mipc_tag_t tag = (mipc_tag_t)values->tags[index];
  switch (tag) {
  case MIPC_TAG_NUMBER:
    break;
  case MIPC_TAG_INT:
    if (bigint == MIPC_BIGINT_AUTO && slot->integer <= SAFE && slot->integer >= -SAFE)
      fuzz_die("value %zu is a small INT", index);
    break;
  case MIPC_TAG_UINT:
    if (bigint == MIPC_BIGINT_AUTO && slot->bits <= (uint64_t)SAFE)
      fuzz_die("value %zu is a small UINT", index);
    break;
  case MIPC_TAG_TEXT:
  case MIPC_TAG_BIG:
    if (slot->text.offset > values->text_size ||
        slot->text.length > values->text_size - slot->text.offset)
      fuzz_die("value %zu lies outside the text", index);
    if (tag == MIPC_TAG_BIG && (slot->text.length < 9 || values->text[slot->text.offset] == 0))
      fuzz_die("value %zu is BIG, yet of no more than 64 bits", index);
    break;
  default:
    fuzz_die("value %zu has the tag %d", index, (int)tag);
  }
  if (bigint == MIPC_BIGINT_NEVER && tag != MIPC_TAG_NUMBER && tag != MIPC_TAG_TEXT)
    fuzz_die("value %zu is a bigint", index);
}

static void check_values(const mipc_pack_values_t *values, size_t room, size_t text_room,
                         mipc_bigint_t bigint) {
  if (values->count > room) fuzz_die("unpack gave %zu values in room for %zu", values->count, room);
  if (values->text_size > text_room)
    fuzz_die("unpack gave %zu bytes of text in room for %zu", values->text_size, text_room);
  if (values->count > most.values) most.values = values->count;
  if (values->text_size > most.text) most.text = values->text_size;
  for (size_t i = 0; i < values->count; i++) {
    check_slot(values, i, bigint);
    if (values->numbers && values->tags[i] != MIPC_TAG_NUMBER)
      fuzz_die("value %zu is no number, and `numbers` is set", i);
  }
}

typedef struct {
  arrays_t arrays;
  mipc_pack_values_t values;
  uint64_t needed; /* with MORE_ */
} unpacked_t;

/* Unpacks with the given capacities of values and text. -> OK, MORE_ or an error. */
static mipc_pack_error_t unpack_into(const pack_input_t *input, const mipc_template_t *program,
                                     const uint8_t *from, size_t size, size_t room,
                                     size_t text_room, unpacked_t *ret) {
  arrays_t arrays = {
      .slots = fuzz_block(room * sizeof(mipc_pack_slot_t)),
      .tags = fuzz_block(room),
      .text = fuzz_block(text_room),
  };
  fuzz_block_t bytes = fuzz_copy(from, size);
  mipc_pack_failure_t failure;
  mipc_pack_error_t error;
  double since;
  int tries = 0;
  do {
    tries++;
    failure = UNSET;
    ret->values = (mipc_pack_values_t){arrays.slots.at, arrays.tags.at, room,
                                       arrays.text.at,  text_room,      false};
    since = fuzz_clock();
    error = mipc_unpack(program, bytes.at, size, pack_bigint(input), &ret->values, &failure);
  } while (size <= PACK_MOST_INPUT && was_slow("unpack", since, tries));
  if (size && memcmp(bytes.at, from, size) != 0) fuzz_die("unpack changed the bytes");
  free(bytes.memory);
  if (error == MIPC_PACK_OK) {
    check_values(&ret->values, room, text_room, pack_bigint(input));
  } else if (error != MIPC_PACK_MORE_VALUES && error != MIPC_PACK_MORE_TEXT) {
    check_failure(input, "unpack", error, &failure, size);
    if (ERRORS[error].kind == TEMPLATE) fuzz_die("unpack gave %s", ERRORS[error].symbol);
  }
  ret->arrays = arrays;
  ret->needed = failure.number;
  return error;
}

/* Repeats it with exactly the used capacity: the same values, unless the result is "too little"
 * (text of a checksum, or before an X, may need capacity without becoming a value). */
static void unpack_again(const pack_input_t *input, const mipc_template_t *program,
                         const uint8_t *from, size_t size, const mipc_pack_values_t *expected) {
  unpacked_t again;
  mipc_pack_error_t error =
      unpack_into(input, program, from, size, expected->count, expected->text_size, &again);
  const mipc_pack_values_t values = again.values;
  if (error == MIPC_PACK_OK) {
    if (values.count != expected->count || values.text_size != expected->text_size ||
        values.numbers != expected->numbers)
      fuzz_die("unpacked again, there are other counts");
    if (values.count && memcmp(values.slots, expected->slots, values.count * sizeof *values.slots))
      fuzz_die("unpacked again, there are other values");
    if (values.count && !values.numbers && memcmp(values.tags, expected->tags, values.count))
      fuzz_die("unpacked again, there are other tags");
    if (values.text_size && memcmp(values.text, expected->text, values.text_size))
      fuzz_die("unpacked again, there is other text");
  } else if (error != MIPC_PACK_MORE_VALUES && error != MIPC_PACK_MORE_TEXT) {
    fuzz_die("unpacked again, it fails: %s", ERRORS[error].symbol);
  }
  arrays_free(&again.arrays);
}

static void unpack(const pack_input_t *input, const mipc_template_t *program, const uint8_t *from,
                   size_t size) {
  unsigned choice = input->flags >> PACK_ROOM_SHIFT;
  size_t room = PACK_ROOMS[choice];
  size_t text_room = PACK_ROOMS[choice * 5 % 16];
  for (;;) {
    unpacked_t done;
    mipc_pack_error_t error = unpack_into(input, program, from, size, room, text_room, &done);
    if (error == MIPC_PACK_OK && done.values.count <= MOST_AGAIN &&
        done.values.text_size <= MOST_AGAIN)
      unpack_again(input, program, from, size, &done.values);
    arrays_free(&done.arrays);
    if (error == MIPC_PACK_MORE_VALUES)
      room = larger("unpack (values)", room, done.needed, MOST_VALUES);
    else if (error == MIPC_PACK_MORE_TEXT)
      text_room = larger("unpack (text)", text_room, done.needed, MOST_TEXT);
    else
      return;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static pack_input_t input;
  pack_read(&input, data, size);
  if (getenv("FUZZ_SHOW")) {
    pack_show(&input);
    fflush(stdout);
    _Exit(0); /* a return would show it again */
  }
  mipc_template_t *packer = compile(&input, MIPC_DIRECTION_PACK);
  mipc_template_t *unpacker = compile(&input, MIPC_DIRECTION_UNPACK);
  fuzz_block_t packed = {NULL, NULL};
  size_t packed_size = 0;
  bool is_packed = packer && pack(&input, packer, &packed, &packed_size) == MIPC_PACK_OK;
  if (unpacker) unpack(&input, unpacker, input.bytes, input.bytes_size);
  if (unpacker && is_packed && packed_size <= MOST_AGAIN)
    unpack(&input, unpacker, packed.at, packed_size);
  free(packed.memory);
  mipc_template_free(packer);
  mipc_template_free(unpacker);
  return 0;
}
