/*
 * A struct made of rows, X(type, field, offset, meaning): for the structs whose offsets JS or
 * another process depends on. Pure.
 */
#ifndef MIPC_BASE_ROWS_H
#define MIPC_BASE_ROWS_H

#include <assert.h>
#include <stddef.h>

#define MIPC_LAYOUT_FIELD(type, field, offset, meaning) type field;

/* `mipc_layout_t` is the struct of the function around it. */
#define MIPC_LAYOUT_ASSERT(type, field, offset, meaning)                                           \
  static_assert(offsetof(mipc_layout_t, field) == (offset), #field);

/* Defines the type `name` with the fields of ROWS, and asserts the offset of each. (The function
 * exists only to hold the asserts: a row does not know the name of its struct.) */
#define MIPC_LAYOUT(name, ROWS)                                                                    \
  typedef struct {                                                                                 \
    ROWS(MIPC_LAYOUT_FIELD)                                                                        \
  } name;                                                                                          \
  static inline void name##_check(void) {                                                          \
    typedef name mipc_layout_t;                                                                    \
    ROWS(MIPC_LAYOUT_ASSERT)                                                                       \
  }

#endif
