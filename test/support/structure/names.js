'use strict';

// The prefix shows the scope: mipc_ across folders, mipc_i_ inside one, MIPC_ for macros. The binding
// is C++ and exports no names.

const path = require('node:path');
const { includes, shape, lineAt } = require('./c-text');
const { SRC } = require('./house');

const FLOORS = new Set(Object.keys(SRC).filter((floor) => floor !== 'binding'));
const INNER_HEADER = /_i\.h$/;

// Written like a call in place of a declaration: attributes, assertions, macros.
const NOT_A_NAME = /\b(?:__attribute__|__declspec|alignas|_Alignas|static_assert|_Static_assert)\b/;
const MACRO_CALL = new RegExp(`(?:${NOT_A_NAME.source}|\\b[A-Z][A-Z0-9_]*)\\s*(?=\\()`);

/** `text` with spaces for every macro call, its parentheses included; nothing moves. */
function blankMacroCalls(text) {
  for (;;) {
    const match = MACRO_CALL.exec(text);
    if (!match) return text;
    let end = match.index + match[0].length;
    let depth = 0;
    do {
      if (text[end] === '(') depth++;
      if (text[end] === ')') depth--;
      end++;
    } while (depth > 0 && end < text.length);
    const call = text.slice(match.index, end).replace(/[^\n]/g, ' ');
    text = text.slice(0, match.index) + call + text.slice(end);
  }
}

/** The functions declared or defined at the top of a file: [{ name, line, isStatic }]. */
function functions(file) {
  const top = blankMacroCalls(shape(file.code).top);
  return [...top.matchAll(/[^;{}]+/g)].flatMap((statement) => {
    const text = statement[0].split('=')[0];
    const match = /\b([A-Za-z_]\w*)\s*\((?!\s*\*)/.exec(text);
    if (!match || /^\s*typedef\b/.test(text)) return [];
    const line = lineAt(top, statement.index + match.index);
    return [{ name: match[1], line, isStatic: /\bstatic\b/.test(text) }];
  });
}

function functionFault(file, { name, isStatic }) {
  const header = file.ext === '.h';
  if (isStatic && !header) return undefined;
  if (!name.startsWith('mipc_')) return `${name}() does not start with mipc_`;
  if (header && name.startsWith('mipc_i_') && !INNER_HEADER.test(file.path)) {
    return `${name}() is inner and may be declared in a *_i.h only`;
  }
  return undefined;
}

function functionNames(file) {
  return functions(file)
    .filter((one) => functionFault(file, one))
    .map((one) => ({ file: file.path, line: one.line, message: functionFault(file, one) }));
}

function macroNames(file) {
  if (file.ext !== '.h') return [];
  return shape(file.code)
    .directives.filter(({ name, rest }) => name === 'define' && !/^\s*MIPC_/.test(rest))
    .map(({ line, rest }) => ({
      file: file.path,
      line,
      message: `macro ${/\w+/.exec(rest)?.[0]} does not start with MIPC_`,
    }));
}

/** A *_i.h is included in its folder only. */
function innerHeaders(file) {
  return includes(file)
    .filter(({ quoted }) => quoted !== undefined && INNER_HEADER.test(quoted))
    .filter(({ quoted }) => {
      const target = path.posix.join(path.posix.dirname(file.path), quoted);
      return !target.startsWith(`src/${file.floor}/`);
    })
    .map(({ line, quoted }) => ({
      file: file.path,
      line,
      message: `"${quoted}" may be included in its own folder only`,
    }));
}

function names(tree) {
  return tree.native.flatMap((file) => [
    ...(FLOORS.has(file.floor) ? [...functionNames(file), ...macroNames(file)] : []),
    ...innerHeaders(file),
  ]);
}

module.exports = { names };
