/*
 * A compiled template, as the engine reads it: a flat list of fields, a group followed by its own.
 */
#ifndef MIPC_PACK_TEMPLATE_I_H
#define MIPC_PACK_TEMPLATE_I_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "template.h"

#define MIPC_I_STORE_ENUM_ROW(symbol, number) MIPC_I_STORE_##symbol = number,
typedef enum { MIPC_STORE_MAP(MIPC_I_STORE_ENUM_ROW) } mipc_i_store_t;
#undef MIPC_I_STORE_ENUM_ROW

typedef enum { MIPC_I_COUNT_NONE, MIPC_I_COUNT_NUMBER, MIPC_I_COUNT_STAR } mipc_i_count_t;

typedef struct {
  uint8_t letter; /* '(' is a group */
  uint8_t store;  /* a mipc_i_store_t */
  uint8_t size;   /* bytes of one number; 0 where it has no fixed one */
  uint8_t how;    /* a mipc_i_count_t */
  bool shriek;    /* ! stands behind a letter for which it means more than a size */
  bool slash;     /* the next field is counted by this one */
  bool plain;     /* of a group: numbers of fixed size only, so that it can be done at one go */
  uint32_t end;   /* of a group: index of the first field behind it */
  uint32_t position;
  int64_t count;         /* 1 when none is given or '*'; never negative */
  uint64_t group_size;   /* of a plain group, for one round: bytes */
  uint64_t group_values; /* and values */
} mipc_i_field_t;

struct mipc_template {
  mipc_i_field_t *fields;
  uint32_t count, capacity;
  bool flat; /* numbers of fixed size, and strings (a A Z) with a count; `size` and `values` */
  uint64_t size, values;
  bool utf8;    /* unpack: the bytes are looked at as the UTF-8 of their characters in U0 */
  bool begin_u; /* begins in U0 */
};

/* The groups around a field, for @ and `.`: a chain on the stack. */
typedef struct mipc_i_group {
  struct mipc_i_group *outer;
  size_t start; /* pack: index of the output; unpack: index of the input */
  bool half;    /* unpack: the second half of that byte's UTF-8 */
} mipc_i_group_t;

/* White space of Perl's templates, strings under A and numbers in strings; ASCII only. */
static inline bool mipc_i_is_space(uint8_t c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline bool mipc_i_is_digit(uint8_t c) {
  return c >= '0' && c <= '9';
}

#endif
