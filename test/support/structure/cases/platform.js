'use strict';

// Planted cases for what depends on the platform: directives and the build file.

const { plus, after, swap, header } = require('../planted');

module.exports = (rule) => {
  rule('platform-ifdef', (reports, accepts) => {
    const inLook = (text) => ({ 'src/shm/cell.c': after('static int look(void) {', text) });
    reports('#ifdef _WIN32 in a function', inLook('»#ifdef _WIN32\n#endif'));
    reports('#ifndef __linux__ in a function', inLook('»#ifndef __linux__\n#endif'));
    reports('#if defined in a function', inLook('»  # if defined(__APPLE__)\n#endif'));
    reports('#elif in a function', inLook('#if 0\n»#elif defined(__FreeBSD__)\n#endif'));
    reports('a condition over two lines', inLook('»#if defined(A) || \\\n  _MSC_VER\n#endif'));
    reports('one after a function with two heads', {
      'src/shm/cell.c': plus(
        '#if 1\nstatic int a(void) {\n#else\nstatic int b(void) {\n#endif\n' +
          '»#ifdef __unix__\n#endif\n}',
      ),
    });
    reports('one in a function in extern "C"', {
      'src/binding/addon.cc': swap('\n}', '\nint f() {\n»#ifdef WIN32\n#endif\n}\n}'),
    });
    reports('one in os too', {
      'src/os/clock_posix.c': after(
        'uint64_t mipc_clock_ms(void) {',
        '»#ifdef __MINGW32__\n#endif',
      ),
    });
    accepts('#ifdef _WIN32 at file scope', { 'src/shm/cell.c': plus('#ifdef _WIN32\n#endif') });
    accepts('it between two functions with two heads', {
      'src/shm/cell.c': plus(
        '#if 1\nstatic int a(void) {\n#if 1\n#endif\n#else\nstatic int b(void) {\n#endif\n}\n' +
          '#ifdef _WIN32\n#endif\nstatic int c(void) {}',
      ),
    });
    accepts('it inside extern "C" and a namespace', {
      'src/binding/addon.cc': plus('extern "C" {\nnamespace {\n#ifdef _WIN32\n#endif\n}\n}'),
    });
    accepts('other questions in a function', inLook('#ifdef NDEBUG\n#endif'));
    accepts('the words in comments and strings', inLook('#if 1 /* _WIN32 */\n#endif // __linux__'));
    accepts('braces in comments, strings and macros before it', {
      'src/shm/cell.c': plus(
        '/* { */ static char a = \'{\', *b = "{";\n#define OPEN { \\\n {\n#ifdef _WIN32\n#endif',
      ),
    });
  });

  rule('platform-files', (reports, accepts) => {
    const gyp = (place, text) => ({ 'src/mmapipc.gypi': swap(place, text) });
    const linux = "[\"OS=='linux' or OS=='mac'\", {";
    reports('a source that is not listed', { 'src/shm/more.c': `»${header('')}` });
    reports('C++ that is not listed', { 'src/binding/more.cc': `»${header('')}` });
    reports('a source that is not there', gyp('"shm/cell.c"', '"shm/cell.c",\n»"shm/gone.c"'));
    reports(
      'a source listed twice in one list',
      gyp('"shm/cell.c"', '"shm/cell.c",\n»"shm/cell.c"'),
    );
    reports(
      'a source listed twice for one system',
      gyp(
        '["OS==\'win\'"',
        '["OS!=\'win\'", { "sources": [\n»"os/clock_posix.c"] }],\n["OS==\'win\'"',
      ),
    );
    reports(
      'a source listed twice by a condition that excludes',
      gyp(
        '["OS==\'win\'"',
        `["OS not in 'win'", { "sources": [
»"os/clock_posix.c"] }],\n["OS=='win'"`,
      ),
    );
    for (const system of ['linux', 'darwin', 'win32', 'posix', 'none']) {
      const name = `src/os/more_${system}.c`;
      reports(`a _${system} file in the common list`, {
        [name]: header(''),
        ...gyp('"shm/cell.c"', `"shm/cell.c",\n»"${name.slice(4)}"`),
      });
    }
    reports('a common file under a condition', {
      'src/os/more.c': header(''),
      ...gyp('["os/clock_win32.c"', '["os/clock_win32.c",\n»"os/more.c"'),
    });
    reports('sources under a condition that is not about the system', {
      ...gyp(linux, '»["asan==1", { "sources": ["os/a_none.c"] }],\n' + linux),
      'src/os/a_none.c': `»${header('')}`,
    });
    reports(
      'a build file that is not strict JSON',
      {
        'src/mmapipc.gypi': (old) => `»# a comment\n${old}`,
      },
      'src/mmapipc.gypi:1',
    );
    accepts(
      'one file for several systems',
      gyp(linux, `["OS in 'freebsd openbsd'", { "sources": ["os/clock_posix.c"] }], ${linux}`),
    );
    accepts('nested conditions and an else', {
      'src/os/a_linux.c': header(''),
      'src/os/a_none.c': header(''),
      ...gyp(
        linux,
        '["OS!=\'win\'", { "conditions": [["OS==\'linux\'", { "sources": ["os/a_linux.c"] }, ' +
          '{ "sources": ["os/a_none.c"] }]] }], ' +
          linux,
      ),
    });
    accepts(
      'a condition without sources',
      gyp(linux, '["asan==1", { "cflags": ["-g"] }], ' + linux),
    );
  });
};
