/*
 * base/status.h: the numbers and names of our errors are distinct, and differ from those of the
 * system.
 */
#include "../../src/base/status.h"

#include <stddef.h>
#include <string.h>

#include "check.h"

typedef struct {
  int number;
  const char *name, *text;
} row_t;

#define ROW(symbol, number, name, text) {number, name, text},
static const row_t rows[] = {MIPC_STATUS_MAP(ROW)};
#undef ROW
#define COUNT (sizeof rows / sizeof *rows)

#define ROW(symbol, name) name,
static const char *const calls[] = {MIPC_CALL_MAP(ROW)};
#undef ROW
#define CALLS (sizeof calls / sizeof *calls)

static void numbers_are_unique(void) {
  for (size_t i = 0; i < COUNT; i++) {
    for (size_t j = 0; j < i; j++) {
      CHECK(rows[i].number != rows[j].number);
      CHECK(strcmp(rows[i].name, rows[j].name) != 0);
      CHECK(strcmp(rows[i].text, rows[j].text) != 0);
    }
  }
}

static void numbers_are_not_the_systems(void) {
  for (size_t i = 0; i < COUNT; i++) {
    CHECK(rows[i].number < -1000); /* -errno */
    CHECK(rows[i].number > -3000); /* libuv's on Windows: -4100 to -3000 */
  }
}

static void names_are_codes_of_js(void) {
  for (size_t i = 0; i < COUNT; i++) {
    CHECK(strncmp(rows[i].name, "ERR_", 4) == 0);
    CHECK(strspn(rows[i].name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == strlen(rows[i].name));
    CHECK(strlen(rows[i].text) > 0);
  }
}

static void enum_follows_the_list(void) {
  CHECK_EQ(MIPC_OK, 0);
#define ROW(symbol, number, name, text) CHECK_EQ(MIPC_E_##symbol, number);
  MIPC_STATUS_MAP(ROW)
#undef ROW
}

/* A report of zeros must not name a call. */
static void calls_begin_with_none(void) {
  CHECK_EQ(MIPC_CALL_NONE, 0);
  CHECK(strcmp(calls[MIPC_CALL_NONE], "") == 0);
  CHECK(strcmp(calls[MIPC_CALL_OPEN], "open") == 0);
  CHECK(strcmp(calls[MIPC_CALL_MMAP], "mmap") == 0);
  for (size_t i = 0; i < CALLS; i++) {
    for (size_t j = 0; j < i; j++)
      CHECK(strcmp(calls[i], calls[j]) != 0);
  }
}

int main(void) {
  numbers_are_unique();
  numbers_are_not_the_systems();
  names_are_codes_of_js();
  enum_follows_the_list();
  calls_begin_with_none();
  return check_done("status");
}
