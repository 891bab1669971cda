/*
 * src/pack from C: the room that it asks for; no call reads or writes outside of the arrays (which
 * have exactly the given size, under ASan); bytes that change while they are unpacked do no harm.
 * The meaning of templates is compared with perl in test/pack-perl.test.js.
 */
#include "../../src/pack/pack.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static mipc_pack_failure_t failure;

static mipc_template_t *compiled(const char *text, mipc_direction_t direction) {
  mipc_template_t *program = NULL;
  size_t length = strlen(text);
  uint8_t *copy = malloc(length ? length : 1);
  memcpy(copy, text, length);
  CHECK_EQ(mipc_template_compile(copy, length, direction, &program, &failure), MIPC_PACK_OK);
  free(copy);
  return program;
}

/* Packs numbers into exactly the room that pack asks for, starting with none. Returns the number of
 * calls. */
static size_t pack_growing(const char *text, const double *numbers, size_t count, uint8_t **ret_to,
                           int *ret_calls) {
  mipc_template_t *program = compiled(text, MIPC_DIRECTION_PACK);
  mipc_pack_slot_t *slots = malloc((count + 1) * sizeof *slots);
  for (size_t i = 0; i < count; i++)
    slots[i].number = numbers[i];
  mipc_pack_values_t values = {.slots = slots, .count = count, .numbers = true};
  uint8_t *to = malloc(1);
  size_t capacity = 0, size = 0;
  mipc_pack_error_t error;
  *ret_calls = 1;
  while ((error = mipc_pack(program, &values, to, capacity, &size, &failure)) ==
         MIPC_PACK_MORE_OUTPUT) {
    if (!CHECK(failure.number > capacity) || ++*ret_calls > 1000) break;
    capacity = (size_t)failure.number;
    to = realloc(to, capacity);
  }
  CHECK_EQ(error, MIPC_PACK_OK);
  CHECK(size <= capacity);
  free(slots);
  mipc_template_free(program);
  *ret_to = to;
  return size;
}

static void output_grows_as_it_is_asked(void) {
  static const char *const templates[] = {"C n N",     "CnN",      "(C n N)1", "C x5 n @10 N",
                                          "U C0 C n",  "U0 C C C", "w w w",    "C . C",
                                          "(C)3 x!16", "W W W"};
  static const double numbers[] = {195, 169, 65};
  for (size_t i = 0; i < sizeof templates / sizeof *templates; i++) {
    uint8_t *to;
    int calls;
    size_t size = pack_growing(templates[i], numbers, 3, &to, &calls);
    if (!CHECK(size > 0 && calls > 1)) printf("  %s\n", templates[i]);
    free(to);
  }
}

/* Unpacks exactly these bytes into arrays that start empty and grow as asked. */
static size_t unpack_growing(const char *text, const void *bytes, size_t size,
                             mipc_pack_values_t *values) {
  mipc_template_t *program = compiled(text, MIPC_DIRECTION_UNPACK);
  uint8_t *copy = malloc(size ? size : 1);
  memcpy(copy, bytes, size);
  size_t slots = 0, text_size = 0;
  mipc_pack_error_t error;
  *values = (mipc_pack_values_t){.slots = malloc(8), .tags = malloc(1), .text = malloc(1)};
  for (;;) {
    values->count = slots;
    values->text_size = text_size;
    error = mipc_unpack(program, copy, size, MIPC_BIGINT_AUTO, values, &failure);
    if (error == MIPC_PACK_MORE_VALUES) {
      if (!CHECK(failure.number > slots)) break;
      slots = (size_t)failure.number;
      values->slots = realloc(values->slots, slots * sizeof *values->slots);
      values->tags = realloc(values->tags, slots);
    } else if (error == MIPC_PACK_MORE_TEXT) {
      if (!CHECK(failure.number > text_size)) break;
      text_size = (size_t)failure.number;
      values->text = realloc(values->text, text_size);
    } else {
      break;
    }
  }
  CHECK_EQ(error, MIPC_PACK_OK);
  CHECK(values->count <= slots && values->text_size <= text_size);
  CHECK(memcmp(copy, bytes, size) == 0);
  free(copy);
  mipc_template_free(program);
  return values->count;
}

static void free_values(mipc_pack_values_t *values) {
  free(values->slots);
  free(values->tags);
  free(values->text);
}

static void values_grow_as_they_are_asked(void) {
  static const struct {
    const char *template, *bytes;
    size_t count;
  } cases[] = {
      {"C*", "abcdef", 6},
      {"(C n)2", "abcdef", 4},
      {"a2 C A3", "abcdef", 3},
      {"(a2)*", "abcdef", 3},
      {"C/a* a*", "\3abcdef", 2},
      {"b* h*", "abcdef", 2},
      {"U0 C*", "\303\251", 4},
      {"u", "#86)C\n", 1},
      {"w", "\201\200\200\200\200\200\200\200\200\200\1", 1},
      {"%32C* a", "abcdef", 2},
      {"q C", "abcdefgh1", 2},
      {"Z* Z*", "ab\0cd", 2},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    mipc_pack_values_t values;
    size_t size = strlen(cases[i].bytes) + (strchr(cases[i].template, 'Z') ? 3 : 0);
    size_t count = unpack_growing(cases[i].template, cases[i].bytes, size, &values);
    if (!CHECK_EQ(count, cases[i].count)) printf("  %s\n", cases[i].template);
    free_values(&values);
  }
}

/* Room in the wrong array does not help. */
static void an_array_that_is_full_is_not_written_beyond(void) {
  mipc_template_t *program = compiled("C4", MIPC_DIRECTION_UNPACK);
  for (size_t room = 0; room < 4; room++) {
    mipc_pack_slot_t *slots = malloc(room * sizeof *slots + 1);
    uint8_t *tags = malloc(room + 1);
    mipc_pack_values_t values = {.slots = slots, .tags = tags, .count = room};
    CHECK_EQ(mipc_unpack(program, (const uint8_t *)"abcd", 4, MIPC_BIGINT_AUTO, &values, &failure),
             MIPC_PACK_MORE_VALUES);
    CHECK_EQ(failure.number, 4);
    free(slots);
    free(tags);
  }
  mipc_template_free(program);
}

static void errors_say_where(void) {
  static const struct {
    const char *text;
    mipc_pack_error_t error;
    uint8_t letter;
    uint64_t number;
  } cases[] = {
      {"l y", MIPC_PACK_UNKNOWN_LETTER, 'y', 2},  {"a p", MIPC_PACK_POINTER, 'p', 2},
      {"D", MIPC_PACK_LONG_DOUBLE, 'D', 0},       {"a <", MIPC_PACK_UNKNOWN_LETTER, '<', 2},
      {"a!", MIPC_PACK_MODIFIER, '!', 1},         {"l<>", MIPC_PACK_BOTH_ORDERS, '>', 2},
      {"(l>)<", MIPC_PACK_GROUP_ORDER, '>', 2},   {"a (l", MIPC_PACK_NO_END, '(', 3},
      {"a)", MIPC_PACK_UNKNOWN_LETTER, ')', 1},   {"(3a)", MIPC_PACK_GROUP_COUNT, 0, 1},
      {"a[3x]", MIPC_PACK_MALFORMED_COUNT, 0, 3}, {"x[a*]", MIPC_PACK_STAR_IN_COUNT, 0, 2},
      {"n/3", MIPC_PACK_SLASH_COUNT, 0, 2},       {"a /", MIPC_PACK_SLASH_ALONE, 0, 3},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    for (mipc_direction_t direction = 0; direction <= MIPC_DIRECTION_UNPACK; direction++) {
      mipc_template_t *program = (mipc_template_t *)&failure;
      const uint8_t *text = (const uint8_t *)cases[i].text;
      bool good = CHECK_EQ(
          mipc_template_compile(text, strlen(cases[i].text), direction, &program, &failure),
          cases[i].error);
      good = CHECK_EQ(failure.letter, cases[i].letter) && good;
      good = CHECK_EQ(failure.number, cases[i].number) && good;
      good = CHECK(program == (mipc_template_t *)&failure) && good;
      if (!good) printf("  %s\n", cases[i].text);
    }
  }
}

/* Another thread writes the bytes that are unpacked, as another process may. */
#if defined(__SANITIZE_THREAD__)
/* The reads are plain on purpose, like those of memcpy() from shared memory. */
static void scribbled_bytes_do_no_harm(void) {}
#else
static uint8_t shared[256];
static atomic_bool enough;

static void *scribble(void *unused) {
  uint32_t state = 1;
  (void)unused;
  while (!enough) {
    state = state * 1664525 + 1013904223;
    ((volatile uint8_t *)shared)[state >> 24] = (uint8_t)(state >> 16);
  }
  return NULL;
}

static void scribbled_bytes_do_no_harm(void) {
  static const char *const templates[] = {"(C/a*)*",  "(w)*",        "C0 (U)*", "U0 (a3 C0 a)*",
                                          "(Z*)*",    "(n/(C a2))*", "u",       "(A8 Z8)*",
                                          "%32U0 U*", "(q d)*"};
  pthread_t thread;
  mipc_pack_slot_t *slots = malloc(4096 * sizeof *slots);
  uint8_t *tags = malloc(4096), *text = malloc(65536);
  pthread_create(&thread, NULL, scribble, NULL);
  for (size_t i = 0; i < sizeof templates / sizeof *templates; i++) {
    mipc_template_t *program = compiled(templates[i], MIPC_DIRECTION_UNPACK);
    for (int round = 0; round < 3000; round++) {
      mipc_pack_values_t values = {
          .slots = slots, .tags = tags, .count = 4096, .text = text, .text_size = 65536};
      mipc_unpack(program, shared, sizeof shared, MIPC_BIGINT_AUTO, &values, &failure);
      bool good = values.count <= 4096 && values.text_size <= 65536;
      for (size_t j = 0; j < values.count; j++)
        if (tags[j] == MIPC_TAG_TEXT)
          good = good && slots[j].text.offset <= values.text_size &&
                 slots[j].text.length <= values.text_size - slots[j].text.offset;
      if (!CHECK(good)) break;
    }
    mipc_template_free(program);
  }
  enough = true;
  pthread_join(thread, NULL);
  free(slots);
  free(tags);
  free(text);
}
#endif

int main(void) {
  output_grows_as_it_is_asked();
  values_grow_as_they_are_asked();
  an_array_that_is_full_is_not_written_beyond();
  errors_say_where();
  scribbled_bytes_do_no_harm();
  return check_done("pack");
}
