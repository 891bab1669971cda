/*
 * Helpers of fuzz targets: memory of exactly the requested size, so that AddressSanitizer detects
 * the first byte beyond it; the clock of the time limit; the end of the process on a broken
 * promise.
 */
#ifndef MIPC_TEST_FUZZ_H
#define MIPC_TEST_FUZZ_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The time limit of one call; sanitizers slow it down. */
#ifndef FUZZ_CALL_MS
#define FUZZ_CALL_MS 100
#endif

/* The clock jumps now and then on a busy machine, so a call counts as slow only after this many. */
#define FUZZ_CALL_TRIES 3

__attribute__((noreturn, format(printf, 1, 2))) static inline void fuzz_die(const char *format,
                                                                            ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "broken promise: ");
  vfprintf(stderr, format, arguments);
  fprintf(stderr, "\n");
  va_end(arguments);
  abort();
}

/* The processor time of this process in milliseconds. */
static inline double fuzz_clock(void) {
  struct timespec now;
  if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now)) fuzz_die("there is no clock");
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

typedef struct {
  void *memory;
  void *at; /* the first of `size` bytes */
} fuzz_block_t;

/*
 * A block of exactly that size. malloc(0) would return an accessible byte, so an empty block is the
 * end of another one.
 */
static inline fuzz_block_t fuzz_block(size_t size) {
  enum { UNTOUCHED = 16 };
  fuzz_block_t block = {malloc(size ? size : UNTOUCHED), NULL};
  if (!block.memory) fuzz_die("no memory for %zu bytes", size);
  block.at = size ? block.memory : (uint8_t *)block.memory + UNTOUCHED;
  return block;
}

static inline fuzz_block_t fuzz_copy(const void *bytes, size_t size) {
  fuzz_block_t block = fuzz_block(size);
  if (size) memcpy(block.at, bytes, size);
  return block;
}

#endif
