/*
 * Compiled templates of Perl's pack and unpack: the whole language of perlfunc except p, P and D.
 *
 * Pure: no region, no system, no Node. The meaning of templates follows pp_pack.c of Perl 5.36, and
 * is checked against a real perl (test/pack-perl.test.js). A template is compiled for one
 * direction, as some elements are allowed in only one of them.
 */
#ifndef MIPC_PACK_TEMPLATE_H
#define MIPC_PACK_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Errors in a template, in values or in bytes: X(symbol, kind of error in JS, text). In a text %c
 * stands for the letter and %n for the number of the failure: a position in the template
 * (TEMPLATE), the index of a value (VALUE, RANGE), a number of values (VALUES), or a position in
 * the bytes (BYTES). */
#define MIPC_PACK_ERROR_MAP(X)                                                                     \
  X(NO_MEMORY, NO_MEMORY, "out of memory")                                                         \
  X(UNKNOWN_LETTER, TEMPLATE, "'%c' at position %n is not a letter of the template language")      \
  X(POINTER, TEMPLATE,                                                                             \
    "'%c' at position %n is refused: an address means nothing in another process")                 \
  X(LONG_DOUBLE, TEMPLATE,                                                                         \
    "'%c' at position %n is refused: JavaScript has no long double; use 'd'")                      \
  X(MODIFIER, TEMPLATE, "the modifier '%c' at position %n cannot follow the letter before it")     \
  X(BOTH_ORDERS, TEMPLATE, "'%c' at position %n: a field cannot be both < and >")                  \
  X(GROUP_ORDER, TEMPLATE, "'%c' at position %n: the group around it has the other byte order")    \
  X(NO_END, TEMPLATE, "the '%c' before position %n is not closed")                                 \
  X(BRACKETS, TEMPLATE, "'%c' at position %n has no opening bracket")                              \
  X(GROUP_COUNT, TEMPLATE,                                                                         \
    "position %n: the count of a group must follow the group, not be inside it")                   \
  X(TOO_DEEP, TEMPLATE, "position %n: groups are nested more than 100 deep")                       \
  X(COUNT_TOO_LARGE, TEMPLATE, "position %n: a count or size beyond 2^63 - 1")                     \
  X(MALFORMED_COUNT, TEMPLATE, "position %n: a number in [] must be digits only")                  \
  X(STAR_IN_COUNT, TEMPLATE, "position %n: '*' has no size, so it cannot be in []")                \
  X(SIZELESS, TEMPLATE, "'%c' before position %n has no fixed size, so it cannot be in []")        \
  X(BACK_IN_COUNT, TEMPLATE, "position %n: 'X' goes back before the start of the []")              \
  X(SLASH_COUNT, TEMPLATE, "position %n: '/' takes no count")                                      \
  X(SLASH_ALONE, TEMPLATE,                                                                         \
    "position %n: '/' must be between a length field and the field that it counts")                \
  X(COUNT_AFTER_SLASH, TEMPLATE, "position %n: the field after '/' must not have a count")         \
  X(CHECKSUM, TEMPLATE, "'%' at position %n: checksums are for unpack")                            \
  X(MISSING, VALUES, "the template takes more values than the %n that were given")                 \
  X(TOO_MANY, VALUES, "the template takes only %n of the values that were given")                  \
  X(NOT_A_NUMBER, VALUE, "of type number or bigint for '%c'")                                      \
  X(NOT_A_STRING, VALUE, "a string or Uint8Array for '%c'")                                        \
  X(NOT_FINITE, RANGE, "a finite number for '%c'")                                                 \
  X(NEGATIVE, RANGE, "0 or more for '%c'")                                                         \
  X(WIDE, RANGE, "a string of characters up to U+00FF for '%c'")                                   \
  X(CODE_POINT, RANGE, "at most 2^63 - 1 for '%c'")                                                \
  X(WIDE_RESULT, BYTES, "a character above U+00FF cannot be a byte; begin with C0 to get UTF-8")   \
  X(MALFORMED, BYTES, "the bytes packed in U0 mode are not UTF-8")                                 \
  X(MID_CHARACTER, BYTES, "at byte %n, C0 is in the middle of a character of U0")                  \
  X(BEFORE_START, BYTES, "'%c' goes back before the first byte")                                   \
  X(AFTER_END, BYTES, "'%c' goes beyond the end, from byte %n")                                    \
  X(LENGTH_AT_END, BYTES, "the length before '/' is missing: the bytes end at byte %n")            \
  X(NEGATIVE_LENGTH, BYTES, "the length before '/' is negative, at byte %n")                       \
  X(UNTERMINATED, BYTES, "the compressed integer ('%c') at byte %n has no end")                    \
  X(BYTE_STRING, BYTES,                                                                            \
    "'U' beyond the end means U0, for which the template must begin with U or hold U0 (as in "     \
    "Perl)")                                                                                       \
  X(BEYOND_SAFE, BYTES, "an integer is beyond 2^53 - 1, which { bigint: 'never' } refuses")        \
  X(TEXT_TOO_LONG, BYTES, "more than 4 GiB of strings")                                            \
  X(TOO_LARGE, BYTES, "more than 16 MiB of padding")                                               \
  X(TOO_MUCH_WORK, BYTES, "the template repeats itself too often for so few bytes or values")

#define MIPC_PACK_ERROR_ENUM_ROW(symbol, kind, text) MIPC_PACK_##symbol,
typedef enum {
  MIPC_PACK_OK,
  /* No errors: call again with more room, and it starts again. failure.number is the room that it
   * needs to get further. */
  MIPC_PACK_MORE_VALUES,
  MIPC_PACK_MORE_TEXT,
  MIPC_PACK_MORE_OUTPUT,
  MIPC_PACK_ERROR_MAP(MIPC_PACK_ERROR_ENUM_ROW)
} mipc_pack_error_t;
#undef MIPC_PACK_ERROR_ENUM_ROW

/* The letter and the number of an error, if its text uses them. */
typedef struct {
  uint8_t letter;
  uint64_t number;
} mipc_pack_failure_t;

typedef enum { MIPC_DIRECTION_PACK, MIPC_DIRECTION_UNPACK } mipc_direction_t;

typedef struct mipc_template mipc_template_t;

/*
 * Compiles `length` bytes of text (Latin-1). Linear in `length`, except that the inside of groups
 * and of [template] counts is read once more for each enclosing level.
 * -> OK, or an error of kind TEMPLATE or NO_MEMORY with its failure.
 */
mipc_pack_error_t mipc_template_compile(const uint8_t *text, size_t length,
                                        mipc_direction_t direction, mipc_template_t **ret_template,
                                        mipc_pack_failure_t *ret_failure);

/* How a number of fixed size lies in the bytes; NONE: no such number. SWAPPED: in another byte
 * order than that of this machine. */
#define MIPC_STORE_MAP(X)                                                                          \
  X(NONE, 0)                                                                                       \
  X(INT8, 1)                                                                                       \
  X(UINT8, 2)                                                                                      \
  X(INT16, 3)                                                                                      \
  X(INT16_SWAPPED, 4)                                                                              \
  X(UINT16, 5)                                                                                     \
  X(UINT16_SWAPPED, 6)                                                                             \
  X(INT32, 7)                                                                                      \
  X(INT32_SWAPPED, 8)                                                                              \
  X(UINT32, 9)                                                                                     \
  X(UINT32_SWAPPED, 10)                                                                            \
  X(INT64, 11)                                                                                     \
  X(INT64_SWAPPED, 12)                                                                             \
  X(UINT64, 13)                                                                                    \
  X(UINT64_SWAPPED, 14)                                                                            \
  X(FLOAT, 15)                                                                                     \
  X(FLOAT_SWAPPED, 16)                                                                             \
  X(DOUBLE, 17)                                                                                    \
  X(DOUBLE_SWAPPED, 18)

/* A field of a flat template, which is numbers of fixed size, and strings (a A Z) with a count. */
typedef struct {
  uint32_t kind;  /* of a number one of MIPC_STORE_MAP, of a string its letter */
  uint32_t count; /* of numbers; of a string: bytes */
  uint32_t size;  /* bytes of one number */
} mipc_flat_field_t;

/* The field at the index. False: behind the last one, or the template is not flat. */
bool mipc_template_flat(const mipc_template_t *program, uint32_t index,
                        mipc_flat_field_t *ret_field);

/* NULL is fine. */
void mipc_template_free(mipc_template_t *program);

#endif
