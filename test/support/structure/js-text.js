'use strict';

// JavaScript as text: its requires. Comments, strings, templates and regular expressions are skipped,
// so that a require( in one of them does not count.

const TOKEN = new RegExp(
  [
    /\/\*[\s\S]*?(?:\*\/|$)|\/\/.*/, // comments
    /'(?:\\[\s\S]|[^'\\\n])*'?|"(?:\\[\s\S]|[^"\\\n])*"?/, // strings
    /`(?:\\[\s\S]|\$\{(?:[^{}`]|`[^`]*`|\{[^{}]*\})*\}|[^`\\])*`?/, // templates
    // a regular expression stands where a value is expected
    /(?<=(?:^|[=(,:;!&|?{}[+\-*%~^<>]|\breturn|\btypeof|\bcase)\s*)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\//,
    /(?<dlopen>\bprocess\s*\.\s*dlopen\b)/,
    /(?<call>(?:\bmodule\s*\.\s*|(?<![.\w$]))(?:require(?:\s*\.\s*resolve)?|import)\s*\(\s*(?:(?<quote>['"])(?<name>[^'"\n]*)\k<quote>\s*[,)])?)/,
  ]
    .map((part) => part.source)
    .join('|'),
  'g',
);

/** [{ line, name, dlopen }]; `name` is undefined if it is not a literal. */
function requires(text) {
  return [...text.matchAll(TOKEN)]
    .filter(({ groups }) => groups.call || groups.dlopen)
    .map(({ groups, index }) => ({
      line: text.slice(0, index).split('\n').length,
      name: groups.name,
      dlopen: Boolean(groups.dlopen),
    }));
}

module.exports = { requires };
