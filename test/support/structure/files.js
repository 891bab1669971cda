'use strict';

// Whole files: kind and folder, length, first lines, and the share of the binding.

const { SRC, LIB } = require('./house');

const MOST_LINES = 400;
const HEADER_TEXT = 20; // characters

const BINDING_SHARE = 0.17;

/** In src/ there is C on known floors, C++ in the binding, the build file, and prose; in lib/ there
 * are scripts in known folders. No rule misses a file. */
function fileKinds(tree) {
  const inLib = (file) => {
    if (file.path === 'lib/index.js') return undefined;
    const [, folder, ...rest] = file.path.split('/');
    if (rest.length !== 1 || !Object.hasOwn(LIB, folder)) return 'is not in a folder of lib/';
    return file.ext === '.js' ? undefined : `${file.ext || 'no extension'}: no .js`;
  };
  const inSrc = (file) => {
    if (file.ext === '.md' || file.path === 'src/mmapipc.gypi') return undefined;
    if (!Object.hasOwn(SRC, file.floor ?? '')) return 'is not in a folder of src/';
    if (!file.isC) return `${file.ext || 'no extension'}: neither .c, .cc nor .h`;
    if (file.ext === '.cc' && file.floor !== 'binding') return 'C++ belongs in src/binding/';
    return undefined;
  };
  const fault = (file) => ({ src: inSrc, lib: inLib })[file.top]?.(file);
  return tree.files
    .filter((file) => fault(file))
    .map((file) => ({ file: file.path, line: 1, message: fault(file) }));
}

/** Files have at most 400 lines. */
function length(tree) {
  return tree.files
    .filter((file) => file.isC || /^\.[cm]?[jt]s$/.test(file.ext) || file.top === 'bin')
    .filter((file) => file.lineCount > MOST_LINES)
    .map((file) => ({
      file: file.path,
      line: MOST_LINES + 1,
      message: `${file.lineCount} lines, at most ${MOST_LINES}`,
    }));
}

const C_START = /^\s*(\/\*[\s\S]*?\*\/)/;
const JS_PROLOGUE = /^\uFEFF?(?:#!.*\n)?\s*(?:(['"])use strict\1;?\s*)?/;
const JS_ORDER = /^(?:\/\*\s*(?:eslint|globals?)\b[\s\S]*?\*\/|\/\/\s*(?:eslint|@ts)-.*)\s*/;
const JS_START = /^(\/\*[\s\S]*?\*\/|(?:[ \t]*\/\/.*(?:\n|$))+)/;

/** The comment at the start of the file, or ''. */
function firstComment(file) {
  if (file.isC) return C_START.exec(file.text)?.[1] ?? '';
  let text = file.text.replace(JS_PROLOGUE, '');
  while (JS_ORDER.test(text)) text = text.replace(JS_ORDER, '');
  return JS_START.exec(text)?.[1] ?? '';
}

/** The first lines describe the file. */
function headerComment(tree) {
  return tree.files
    .filter((file) => file.isC || file.ext === '.js')
    .filter(
      (file) =>
        firstComment(file)
          .replace(/[\s*/]+/g, ' ')
          .trim().length < HEADER_TEXT,
    )
    .map((file) => ({ file: file.path, line: 1, message: 'has no first lines that describe it' }));
}

/** The binding holds no logic. */
function thinBinding(tree) {
  const lines = (files) => files.reduce((sum, file) => sum + file.lineCount, 0);
  const binding = lines(tree.native.filter((file) => file.floor === 'binding'));
  const all = lines(tree.native);
  if (binding <= all * BINDING_SHARE) return [];
  const percent = (share) => `${Math.round(share * 100)} %`;
  return [
    {
      file: 'src/binding',
      line: 1,
      message:
        `${binding} of ${all} native lines are binding, ${percent(binding / all)}; ` +
        `at most ${percent(BINDING_SHARE)}`,
    },
  ];
}

module.exports = { BINDING_SHARE, fileKinds, length, headerComment, thinBinding };
