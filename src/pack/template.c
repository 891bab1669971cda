/*
 * The compiler of templates. It reads a template symbol by symbol, as Perl's next_symbol() does, so
 * that every text means the same as in Perl. Unlike Perl it reads the whole template before
 * anything is packed, so that it reports errors also in parts that would not be reached.
 */
#include "template_i.h"

#include <stdlib.h>
#include <string.h>

#include "letters_i.h"

enum { MOST_LEVELS = 100 };

enum { LITTLE = 1, BIG = 2 };

typedef struct {
  const uint8_t *text;
  size_t at, end;
  unsigned order; /* byte order of the enclosing groups */
  unsigned level;
} range_t;

/* One symbol: a letter with its modifiers, count and slash. */
typedef struct {
  mipc_i_field_t field;
  range_t body; /* of a group */
} symbol_t;

typedef struct {
  mipc_direction_t direction;
  mipc_template_t *program;
  mipc_pack_failure_t failure;
} compiler_t;

static mipc_pack_error_t fail(compiler_t *compiler, mipc_pack_error_t error, uint8_t letter,
                              size_t position) {
  compiler->failure.letter = letter;
  compiler->failure.number = position;
  return error;
}

static void skip_comment(range_t *range) {
  while (range->at < range->end && range->text[range->at] != '\n')
    range->at++;
}

/* Skips white space, comments and, where a letter may follow, commas (for which Perl warns).
 * Returns whether anything is left. */
static bool skip_blank(range_t *range, bool commas) {
  while (range->at < range->end) {
    uint8_t c = range->text[range->at];
    if (c == '#') {
      skip_comment(range);
    } else if (mipc_i_is_space(c) || (c == ',' && commas)) {
      range->at++;
    } else {
      return true;
    }
  }
  return false;
}

static bool next_is(const range_t *range, uint8_t c) {
  return range->at < range->end && range->text[range->at] == c;
}

static bool next_is_count(const range_t *range) {
  return range->at < range->end &&
         (mipc_i_is_digit(range->text[range->at]) || next_is(range, '*') || next_is(range, '['));
}

/* Moves behind the partner of the ( or [ that has just been read; `ret_end`: its position. */
static mipc_pack_error_t find_end(compiler_t *compiler, range_t *range, uint8_t open, uint8_t close,
                                  size_t *ret_end) {
  size_t begin = range->at, opened = 0;
  while (range->at < range->end) {
    uint8_t c = range->text[range->at++];
    if (opened == 0 && c == close) {
      *ret_end = range->at - 1;
      return MIPC_PACK_OK;
    }
    if (c == '#') {
      skip_comment(range);
    } else if (c == '(' || c == '[') {
      opened++;
    } else if (c == ')' || c == ']') {
      if (opened == 0) return fail(compiler, MIPC_PACK_BRACKETS, c, range->at - 1);
      opened--;
    }
  }
  return fail(compiler, MIPC_PACK_NO_END, open, begin);
}

static mipc_pack_error_t read_number(compiler_t *compiler, range_t *range, int64_t *ret_number) {
  size_t begin = range->at;
  int64_t number = 0;
  while (range->at < range->end && mipc_i_is_digit(range->text[range->at])) {
    int digit = range->text[range->at++] - '0';
    if (number > (INT64_MAX - digit) / 10) {
      return fail(compiler, MIPC_PACK_COUNT_TOO_LARGE, 0, begin);
    }
    number = number * 10 + digit;
  }
  *ret_number = number;
  return MIPC_PACK_OK;
}

static mipc_pack_error_t read_symbol(compiler_t *compiler, range_t *range, symbol_t *symbol);

/* The value of the count [template]: the number of bytes that the template packs. */
static mipc_pack_error_t measure(compiler_t *compiler, range_t range, int64_t *ret_total) {
  int64_t total = 0;
  symbol_t symbol;
  while (skip_blank(&range, true)) {
    mipc_pack_error_t error = read_symbol(compiler, &range, &symbol);
    if (error) return error;
    const mipc_i_field_t *field = &symbol.field;
    if (field->how == MIPC_I_COUNT_STAR) {
      return fail(compiler, MIPC_PACK_STAR_IN_COUNT, 0, field->position);
    }
    int64_t count = field->count, unit = mipc_i_measured_size(field->letter);
    if (field->size) unit = field->size;
    switch (field->letter) {
    case '(':
      error = measure(compiler, symbol.body, &unit);
      if (error) return error;
      break;
    case '@':
    case '.':
    case 'u':
      return fail(compiler, MIPC_PACK_SIZELESS, field->letter, range.at);
    case 'X':
      if (field->shriek) count = total % (count ? count : 1);
      if (total < count) return fail(compiler, MIPC_PACK_BACK_IN_COUNT, 0, field->position);
      unit = -1;
      break;
    case 'x':
      if (field->shriek) {
        int64_t over = total % (count ? count : 1);
        count = over ? count - over : 0;
      }
      break;
    case 'b':
    case 'B':
      count = count / 8 + (count % 8 != 0);
      break;
    case 'h':
    case 'H':
      count = count / 2 + count % 2;
      break;
    default:
      break;
    }
    if (unit > 0 && count > (INT64_MAX - total) / unit) {
      return fail(compiler, MIPC_PACK_COUNT_TOO_LARGE, 0, field->position);
    }
    total += count * unit;
  }
  *ret_total = total;
  return MIPC_PACK_OK;
}

static mipc_pack_error_t read_modifiers(compiler_t *compiler, range_t *range, uint8_t letter,
                                        unsigned *ret_order, bool *ret_shriek) {
  unsigned order = 0, around = mipc_i_takes_order(letter) ? range->order : 0;
  for (; range->at < range->end; range->at++) {
    uint8_t c = range->text[range->at];
    if (c != '!' && c != '<' && c != '>') break;
    bool allowed = c == '!' ? mipc_i_takes_shriek(letter) : mipc_i_takes_order(letter);
    if (!allowed) return fail(compiler, MIPC_PACK_MODIFIER, c, range->at);
    if (c == '!') {
      *ret_shriek = true;
      continue;
    }
    order |= c == '<' ? LITTLE : BIG;
    if (order == (LITTLE | BIG)) return fail(compiler, MIPC_PACK_BOTH_ORDERS, c, range->at);
    if ((order | around) == (LITTLE | BIG)) {
      return fail(compiler, MIPC_PACK_GROUP_ORDER, c, range->at);
    }
  }
  *ret_order = order | around;
  return MIPC_PACK_OK;
}

/* Reads the count, in any of its forms. */
static mipc_pack_error_t read_count(compiler_t *compiler, range_t *range, mipc_i_field_t *field) {
  mipc_pack_error_t error = MIPC_PACK_OK;
  field->how = MIPC_I_COUNT_NONE;
  field->count = 1;
  if (range->at >= range->end) return MIPC_PACK_OK;
  if (mipc_i_is_digit(range->text[range->at])) {
    field->how = MIPC_I_COUNT_NUMBER;
    return read_number(compiler, range, &field->count);
  }
  if (next_is(range, '*')) {
    range->at++;
    field->how = MIPC_I_COUNT_STAR;
    return MIPC_PACK_OK;
  }
  if (!next_is(range, '[')) return MIPC_PACK_OK;
  range->at++;
  field->how = MIPC_I_COUNT_NUMBER;
  range_t inside = *range;
  error = find_end(compiler, range, '[', ']', &inside.end);
  if (error) return error;
  if (inside.at < inside.end && mipc_i_is_digit(inside.text[inside.at])) {
    error = read_number(compiler, &inside, &field->count);
    if (!error && inside.at != inside.end) {
      error = fail(compiler, MIPC_PACK_MALFORMED_COUNT, 0, inside.at);
    }
    return error;
  }
  /* Perl's only limit for nested [] is its stack. */
  if (++inside.level > MOST_LEVELS) return fail(compiler, MIPC_PACK_TOO_DEEP, 0, inside.at);
  return measure(compiler, inside, &field->count);
}

/* Reads the '/' behind the field, if there is one. */
static mipc_pack_error_t read_slash(compiler_t *compiler, range_t *range, mipc_i_field_t *field) {
  if (!skip_blank(range, false) || !next_is(range, '/')) return MIPC_PACK_OK;
  range->at++;
  field->slash = true;
  if (next_is_count(range)) return fail(compiler, MIPC_PACK_SLASH_COUNT, 0, range->at);
  return MIPC_PACK_OK;
}

/* Reads the symbol that begins here. */
static mipc_pack_error_t read_symbol(compiler_t *compiler, range_t *range, symbol_t *symbol) {
  size_t position = range->at;
  uint8_t letter = range->text[range->at++];
  mipc_i_field_t *field = &symbol->field;
  *field = (mipc_i_field_t){.letter = letter, .position = (uint32_t)position};
  mipc_pack_error_t error;
  if (letter == '/') return fail(compiler, MIPC_PACK_SLASH_ALONE, 0, position);
  if (letter == 'p' || letter == 'P') return fail(compiler, MIPC_PACK_POINTER, letter, position);
  if (letter == 'D') return fail(compiler, MIPC_PACK_LONG_DOUBLE, letter, position);
  if (letter == '%' && compiler->direction == MIPC_DIRECTION_PACK) {
    return fail(compiler, MIPC_PACK_CHECKSUM, letter, position);
  }
  if (!mipc_i_is_letter(letter)) {
    return fail(compiler, MIPC_PACK_UNKNOWN_LETTER, letter, position);
  }
  if (letter == '(') {
    if (next_is_count(range)) return fail(compiler, MIPC_PACK_GROUP_COUNT, 0, range->at);
    symbol->body = *range;
    error = find_end(compiler, range, '(', ')', &symbol->body.end);
    if (error) return error;
    if (++symbol->body.level > MOST_LEVELS) {
      return fail(compiler, MIPC_PACK_TOO_DEEP, 0, position);
    }
  }
  unsigned order = 0;
  bool shriek = false;
  error = read_modifiers(compiler, range, letter, &order, &shriek);
  if (!error) error = read_count(compiler, range, field);
  if (!error) error = read_slash(compiler, range, field);
  if (error) return error;
  symbol->body.order = order;
  field->shriek = shriek && strchr("xX@.", letter) != NULL;
  field->store = (uint8_t)mipc_i_store_of(letter, shriek, order == BIG, order == LITTLE);
  field->size = mipc_i_store_size((mipc_i_store_t)field->store);
  return MIPC_PACK_OK;
}

static mipc_pack_error_t append(compiler_t *compiler, const mipc_i_field_t *field) {
  mipc_template_t *program = compiler->program;
  if (program->count == program->capacity) {
    uint32_t capacity = program->capacity ? program->capacity * 2 : 8;
    mipc_i_field_t *fields = realloc(program->fields, capacity * sizeof *fields);
    if (!fields) return MIPC_PACK_NO_MEMORY;
    program->fields = fields;
    program->capacity = capacity;
  }
  program->fields[program->count++] = *field;
  return MIPC_PACK_OK;
}

/* The bytes and values of one round of the fields from `first` on. False: they are not all numbers
 * of fixed size or, if `strings`, strings with a count. */
static bool measure_flat(const mipc_template_t *program, uint32_t first, bool strings,
                         uint64_t *ret_size, uint64_t *ret_values) {
  const int64_t most = 1 << 20;
  int64_t size = 0, values = 0;
  for (uint32_t i = first; i < program->count; i++) {
    const mipc_i_field_t *field = &program->fields[i];
    bool string = strings && strchr("aAZ", field->letter);
    if (!(field->store || string) || field->how == MIPC_I_COUNT_STAR || field->slash) return false;
    /* C0 is a mode, not a number. */
    if (field->count > most || (field->letter == 'C' && field->count == 0)) return false;
    size += field->count * (string ? 1 : field->size);
    values += string ? 1 : field->count;
    if (size > most) return false;
  }
  *ret_size = (uint64_t)size;
  *ret_values = (uint64_t)values;
  return values > 0;
}

static mipc_pack_error_t compile_range(compiler_t *compiler, range_t range) {
  const mipc_template_t *program = compiler->program;
  bool counted = false; /* the field before has a '/' */
  while (skip_blank(&range, true)) {
    symbol_t symbol;
    mipc_pack_error_t error = read_symbol(compiler, &range, &symbol);
    if (error) return error;
    mipc_i_field_t *field = &symbol.field;
    if (counted && field->how == MIPC_I_COUNT_NUMBER &&
        compiler->direction == MIPC_DIRECTION_UNPACK) {
      return fail(compiler, MIPC_PACK_COUNT_AFTER_SLASH, 0, field->position);
    }
    if (field->letter == '%') field->slash = false; /* it has no value that could be a count */
    counted = field->slash;
    uint32_t index = program->count;
    error = append(compiler, field);
    if (!error && field->letter == '(') error = compile_range(compiler, symbol.body);
    if (error) return error;
    program->fields[index].end = program->count;
    if (field->letter == '(') {
      field = &program->fields[index];
      field->plain =
          measure_flat(program, index + 1, false, &field->group_size, &field->group_values);
    }
  }
  if (counted) return fail(compiler, MIPC_PACK_SLASH_ALONE, 0, range.at);
  return MIPC_PACK_OK;
}

/*
 * Whether unpack must see the characters as UTF-8. Like Perl's need_utf8() it reads the plain text,
 * so that blanks before a first U matter.
 */
static bool needs_utf8(const uint8_t *text, size_t length) {
  bool first = true;
  for (size_t i = 0; i < length; i++) {
    if (text[i] == '#') {
      while (i < length && text[i] != '\n')
        i++;
      if (i == length) return false;
    } else if (text[i] == 'U') {
      if (first || (i + 1 < length && text[i + 1] == '0')) return true;
    } else {
      first = false;
    }
  }
  return false;
}

/* Perl's first_symbol(): the first character outside comments; 0: there is none. */
static uint8_t first_symbol(const uint8_t *text, size_t length) {
  for (size_t i = 0; i < length; i++) {
    if (text[i] != '#') return text[i];
    while (i < length && text[i] != '\n')
      i++;
  }
  return 0;
}

mipc_pack_error_t mipc_template_compile(const uint8_t *text, size_t length,
                                        mipc_direction_t direction, mipc_template_t **ret_template,
                                        mipc_pack_failure_t *ret_failure) {
  mipc_template_t *program = calloc(1, sizeof *program);
  if (!program) return MIPC_PACK_NO_MEMORY;
  compiler_t compiler = {.direction = direction, .program = program};
  mipc_pack_error_t error = compile_range(&compiler, (range_t){.text = text, .end = length});
  if (error) {
    mipc_template_free(program);
    *ret_failure = compiler.failure;
    return error;
  }
  if (direction == MIPC_DIRECTION_UNPACK) {
    program->utf8 = needs_utf8(text, length);
    program->begin_u = program->utf8 && first_symbol(text, length) == 'U';
  } else {
    program->begin_u = program->count > 0 && program->fields[0].letter == 'U';
  }
  program->flat = measure_flat(program, 0, true, &program->size, &program->values) &&
                  !program->begin_u && !program->utf8;
  *ret_template = program;
  return MIPC_PACK_OK;
}

void mipc_template_free(mipc_template_t *program) {
  if (!program) return;
  free(program->fields);
  free(program);
}
