/*
 * Checks for the C tests. A failed check prints its line, and the test goes on; check_done() at the
 * end of main() prints the count and returns the exit code. Any thread may check.
 */
#ifndef MIPC_TEST_CHECK_H
#define MIPC_TEST_CHECK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

static _Atomic long check_count, check_failures;

/* Returns the condition: `if (!CHECK(x)) return;` */
#define CHECK(condition) check_that((condition), __FILE__, __LINE__, #condition)

/* Compares two integers; prints both if they differ. */
#define CHECK_EQ(actual, expected)                                                                 \
  check_equal((long long)(actual), (long long)(expected), __FILE__, __LINE__,                      \
              #actual " == " #expected)

static inline bool check_that(bool holds, const char *file, int line, const char *text) {
  check_count++;
  if (!holds) {
    check_failures++;
    printf("%s:%d: failed: %s\n", file, line, text);
    fflush(stdout);
  }
  return holds;
}

static inline bool check_equal(long long actual, long long expected, const char *file, int line,
                               const char *text) {
  if (check_that(actual == expected, file, line, text)) return true;
  printf("  %lld, expected %lld\n", actual, expected);
  fflush(stdout);
  return false;
}

static inline int check_done(const char *name) {
  if (check_failures) {
    printf("%s: %ld of %ld checks failed\n", name, (long)check_failures, (long)check_count);
    return 1;
  }
  printf("%s: %ld checks passed\n", name, (long)check_count);
  return 0;
}

#endif
