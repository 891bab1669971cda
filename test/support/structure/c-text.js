'use strict';

// C and C++ as text: without comments and strings, its directives, the code outside braces. Removed
// text keeps its line ends, so that line numbers remain right.

const TOKEN = new RegExp(
  [
    /(?<comment>\/\*[\s\S]*?(?:\*\/|$)|\/\/(?:\\\n|.)*)/,
    /(?<string>R"(?<mark>[^(\n]*)\([\s\S]*?\)\k<mark>"|"(?:\\[\s\S]|[^"\\\n])*"?)/,
    /\b\d(?:'?\w)*/, // 1'000: not the beginning of a character
    /(?<char>'(?:\\[\s\S]|[^'\\\n])*'?)/,
  ]
    .map((part) => part.source)
    .join('|'),
  'g',
);

const lineEnds = (text) => (text.match(/\\?\n/g) ?? []).join('');
const plainEnds = (text) => lineEnds(text).replaceAll('\\', '');

/** { bare, code }: without comments; the same with empty strings and characters. */
function stripC(text) {
  const bare = [];
  const code = [];
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    const { comment, string, char } = match.groups;
    const before = text.slice(end, match.index);
    const ends = lineEnds(match[0]);
    bare.push(before, comment ? ` ${ends}` : match[0]);
    code.push(before, comment ? ` ${ends}` : string ? `"${ends}"` : char ? "''" : match[0]);
    end = match.index + match[0].length;
  }
  bare.push(text.slice(end));
  code.push(text.slice(end));
  return { bare: bare.join(''), code: code.join('') };
}

const lineAt = (text, index) => text.slice(0, index).split('\n').length;

/** The #includes: [{ line, quoted, angle, other }], one of the three a string. */
function includes(file) {
  const bare = file.bare.split('\n');
  return file.code.split('\n').flatMap((codeLine, i) => {
    if (!/^\s*#\s*(?:include|include_next|import)\b/.test(codeLine)) return [];
    const [, quoted, angle, other] = /#\s*\w+\s*(?:"([^"]*)"|<([^>]*)>|(.*))/.exec(bare[i]);
    return [{ line: i + 1, quoted, angle, other }];
  });
}

const SHAPE =
  /^[ \t]*#(?:\\\n|.)*|(?<open>(?<clear>\bextern\s*"\s*"\s*|\bnamespace\b[\w\s:]*)?\{)|\}/gm;

/**
 * `directives`: [{ line, depth, name, rest }], `depth` the number of braces around it. `top`: the
 * code outside all braces, without directives. The braces of extern "C" and of a namespace are not
 * counted. The branches of an #if begin at one depth.
 */
function shape(code) {
  const directives = [];
  const top = [];
  const branches = [];
  let open = []; // per brace, whether it counts
  let end = 0;
  const depth = () => open.filter(Boolean).length;
  const take = (text) => top.push(depth() ? plainEnds(text) : text);
  for (const match of code.matchAll(SHAPE)) {
    take(code.slice(end, match.index));
    end = match.index + match[0].length;
    if (match.groups.open) {
      if (!match.groups.clear && !depth()) top.push('{');
      open.push(!match.groups.clear);
      top.push(plainEnds(match[0]));
    } else if (match[0] === '}') {
      if (open.pop() && !depth()) top.push('}');
    } else {
      const [, name, rest] = /#\s*(\w*)([\s\S]*)/.exec(match[0]);
      if (/^if/.test(name)) branches.push([...open]);
      if (/^el/.test(name) && branches.length) open = [...branches.at(-1)];
      if (name === 'endif') branches.pop();
      directives.push({ line: lineAt(code, match.index), depth: depth(), name, rest });
      top.push(plainEnds(match[0]));
    }
  }
  take(code.slice(end));
  return { directives, top: top.join('') };
}

module.exports = { stripC, includes, shape, lineAt };
