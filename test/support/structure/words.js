'use strict';

// Words that only some files may use: headers of the system, of Node, of the compiler; platform
// names; names of C.

const { includes, shape, lineAt } = require('./c-text');
const { NAPI_HEADERS, C_HEADERS, CPP_HEADERS, ATOMIC_HEADERS } = require('./house');

const ATOMIC_HOME = 'src/base/atomic.h';
const ATOMIC_WORD =
  /\b(?:__atomic|__ATOMIC_|__sync_|_*Interlocked|_Atomic\b|std\s*::\s*atomic)\w*/g;

const PLATFORM_WORDS = [
  ...['_WIN32', '_WIN64', 'WIN32', '_MSC_VER', '__MINGW32__', '__MINGW64__', '__CYGWIN__'],
  ...['__linux', '__linux__', '__ANDROID__', '__unix', '__unix__', '__APPLE__'],
  ...['__FreeBSD__', '__NetBSD__', '__OpenBSD__'],
];
const PLATFORM_WORD = new RegExp(`\\b(?:${PLATFORM_WORDS.join('|')})\\b`);

/** Headers of the operating system only in src/os/. */
function osHeaders(tree) {
  const allowed = (file, name) =>
    C_HEADERS.has(name) || (file.floor === 'binding' && CPP_HEADERS.has(name));
  return tree.native
    .filter((file) => file.floor !== 'os')
    .flatMap((file) =>
      includes(file)
        .filter(({ angle }) => angle !== undefined && !allowed(file, angle))
        .filter(({ angle }) => !NAPI_HEADERS.has(angle) && !ATOMIC_HEADERS.has(angle))
        .map(({ line, angle }) => ({
          file: file.path,
          line,
          message: `<${angle}> is not among the headers that every system has`,
        })),
    );
}

/** Node-API only in src/binding/. */
function napi(tree) {
  return tree.native
    .filter((file) => file.floor !== 'binding')
    .flatMap((file) =>
      includes(file)
        .map(({ line, quoted, angle }) => ({ line, name: quoted ?? angle }))
        .filter(({ name }) => NAPI_HEADERS.has(name?.split('/').at(-1)))
        .map(({ line, name }) => ({
          file: file.path,
          line,
          message: `${name} may be included in src/binding/ only`,
        })),
    );
}

/** The compiler's atomics only in base/atomic.h. */
function atomics(tree) {
  const message = (word) => `${word} belongs into ${ATOMIC_HOME}`;
  return tree.native
    .filter((file) => file.path !== ATOMIC_HOME)
    .flatMap((file) => [
      ...includes(file)
        .filter(({ angle, quoted }) => ATOMIC_HEADERS.has(angle ?? quoted))
        .map(({ line, angle, quoted }) => ({
          file: file.path,
          line,
          message: message(angle ?? quoted),
        })),
      ...[...file.code.matchAll(ATOMIC_WORD)].map((match) => ({
        file: file.path,
        line: lineAt(file.code, match.index),
        message: message(match[0]),
      })),
    ]);
}

/** No function tests the system at compile time. */
function platformIfdef(tree) {
  return tree.native.flatMap((file) =>
    shape(file.code)
      .directives.filter(({ depth, name }) => depth > 0 && /^(?:el)?if/.test(name))
      .filter(({ rest }) => PLATFORM_WORD.test(rest))
      .map(({ line, name, rest }) => ({
        file: file.path,
        line,
        message: `#${name}${rest.trimEnd()} inside braces`,
      })),
  );
}

const C_NAME = /\b(?:MIPC|mipc)_\w+/;

/** lib/ takes the numbers of C from the addon's tables, and so needs none of its names. */
function cNumbers(tree) {
  return tree.files
    .filter((file) => file.top === 'lib')
    .flatMap((file) =>
      file.text
        .split('\n')
        .map((text, i) => ({ name: C_NAME.exec(text)?.[0], line: i + 1 }))
        .filter(({ name }) => name !== undefined)
        .map(({ name, line }) => ({
          file: file.path,
          line,
          message: `${name}: a number of C comes from binding.numbers, never by hand`,
        })),
    );
}

module.exports = { osHeaders, napi, atomics, platformIfdef, cNumbers };
