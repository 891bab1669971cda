/*
 * The compiled template that the engine reads: a list of fields, in which the fields of a group
 * follow the group.
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
  uint8_t size;   /* bytes of one number; 0: no fixed size */
  uint8_t how;    /* a mipc_i_count_t */
  bool shriek;    /* with !, on a letter where it changes more than the size */
  bool slash;     /* this field is the count of the next one */
  bool plain;     /* of a group: only numbers of fixed size, packed by columns */
  uint32_t end;   /* of a group: index of the first field behind it */
  uint32_t position;
  int64_t count;         /* 1 without a count and for '*'; never negative */
  uint64_t group_size;   /* of a plain group: bytes of one round, */
  uint64_t group_values; /* and its values */
} mipc_i_field_t;

struct mipc_template {
  mipc_i_field_t *fields;
  uint32_t count, capacity;
  bool flat; /* only numbers of fixed size, and strings (a A Z) with a count */
  uint64_t size, values;
  bool utf8;    /* unpack: has U0, where the bytes are the UTF-8 of their characters */
  bool begin_u; /* starts in U0 mode */
};

/* The enclosing groups of a field, for @ and `.`: a list on the stack. */
typedef struct mipc_i_group {
  struct mipc_i_group *outer;
  size_t start; /* pack: index of the output; unpack: index of the input */
  bool half;    /* unpack: at the second byte of that byte's UTF-8 */
} mipc_i_group_t;

/* White space of Perl's templates, strings under A and numbers in strings; ASCII only. */
static inline bool mipc_i_is_space(uint8_t c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline bool mipc_i_is_digit(uint8_t c) {
  return c >= '0' && c <= '9';
}

#endif
