'use strict';

// Planted cases for names.

const { plus, swap, header } = require('../planted');

module.exports = (rule) => {
  rule('names', (reports, accepts) => {
    const pack = (text) => ({ 'src/pack/pack.c': plus(text) });
    const listed = (name) => ({
      'src/mmapipc.gypi': swap('"shm/cell.c"', `"shm/cell.c", "${name}"`),
    });
    const cell = (text) => ({ 'src/shm/cell.h': plus(text) });
    reports('a prototype without the prefix', cell('»int cell_put(void);'));
    reports('an inline function of a header without it', cell('»static inline int put(void) {}'));
    reports(
      'a prototype over two lines',
      cell('const struct mipc_cell *\n»cell_find(int (*test)(int));'),
    );
    reports('a prototype after an attribute', cell('__attribute__((pure)) »int cell_put(void);'));
    reports('a prototype after a macro of rows', cell('MIPC_ROWS(MIPC_ROW)\n»int cell_put(void);'));
    reports('a prototype in extern "C"', cell('extern "C" {\n»int cell_put(void);\n}'));
    reports('a prototype in a header of os', { 'src/os/clock.h': plus('»int clock_now(void);') });
    reports('a definition that is neither static nor prefixed', pack('»int pack(void) {\n}'));
    reports('one in base', {
      'src/base/bytes.c': header('»int bytes(void) {}'),
      ...listed('base/bytes.c'),
    });
    reports('an inner function in a public header', cell('»int mipc_i_cell_put(void);'));
    reports('an inner inline function in a public header', {
      'src/base/bytes.h': plus('»static inline int mipc_i_bytes(void) {}'),
    });
    reports('a macro of a header without the prefix', cell('»#define CELL_SIZE 8'));
    reports('a macro of an inner header without the prefix', {
      'src/shm/cell_i.h': plus('»#  define mipc_cell_size() 8'),
    });
    reports('an inner header on another floor', {
      'src/binding/addon.cc': plus('»#include "../shm/cell_i.h"'),
    });
    reports('an inner header of os in shm', {
      'src/os/clock_i.h': header(''),
      'src/shm/cell.c': plus('»#include "../os/clock_i.h"'),
    });
    accepts(
      'static functions and macros of a source',
      pack('#define SIZE 8\nstatic int put(void) {}'),
    );
    accepts('an inner function in an inner header', {
      'src/shm/cell_i.h': plus('static inline int mipc_i_cell_put(void) {}'),
    });
    accepts('an inner header on its floor, by a longer way', {
      'src/shm/cell.c': plus('#include "../shm/cell_i.h"'),
    });
    accepts(
      'calls in a function',
      pack('static int put(void) {\n  int n = get(1);\n  return set(n);\n}'),
    );
    accepts('types, pointers to functions and assertions', {
      'src/shm/cell.h': plus(
        'typedef int cell_test_t(int);\nstruct mipc_cell {\n  int (*test)(int);\n};\n' +
          'extern int (*mipc_cell_hook)(int);\n_Static_assert(sizeof(int) == 4, "int");\n' +
          'static const int mipc_cell_size = sizeof(int);',
      ),
    });
    accepts('functions in comments and macros', {
      'src/shm/cell.h': plus('/* int put(void); */\n#define MIPC_GET() get(1); \\\n  put(2)'),
    });
    accepts('any names in the binding', {
      'src/binding/addon.h': plus('int init();\n#define CALL 1'),
    });
  });
};
