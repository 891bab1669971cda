'use strict';

// Only src/mmapipc.gypi chooses files by platform: it lists every source, those of one platform under a
// condition, all others in the common list.

const BUILD_FILE = 'src/mmapipc.gypi'; // its paths are relative to its own folder
const SYSTEMS = ['linux', 'mac', 'win', 'freebsd', 'openbsd'];
const PLATFORM_FILE = /_(?:linux|darwin|win32|posix|none)\.cc?$/;

const TERM = /^(\w+)\s*(?:(==|!=)\s*(['"])(\w+)\3|(not\s+)?in\s*([\w\s,'"[\]()]+))$/;

/** Whether a condition on OS and on variables of the target, with their defaults, holds; undefined for
 * other conditions. */
function holds(condition, system, variables) {
  const values = { ...variables, OS: system };
  const term = (text) => {
    const match = TERM.exec(text.trim());
    if (!match || !Object.hasOwn(values, match[1])) return undefined;
    const [, name, operator, , one, not, many] = match;
    if (operator) return (one === values[name]) === (operator === '==');
    return many.match(/\w+/g).includes(values[name]) !== Boolean(not);
  };
  const ways = condition.split(/\s+or\s+/).map((way) => way.split(/\s+and\s+/).map(term));
  if (ways.flat().includes(undefined)) return undefined;
  return ways.some((way) => way.every(Boolean));
}

/** The variables of a target that have a default: "name%". */
function defaultsOf({ variables = {} }) {
  return Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [name.replace(/%$/, ''), value]),
  );
}

/** [{ source, systems, conditional }] of a target, and the unreadable conditions. */
function listings(node, variables = defaultsOf(node), systems = SYSTEMS, conditional = false) {
  const list = (node.sources ?? []).map((source) => ({ source, systems, conditional }));
  const unread = [];
  for (const [condition, ...branches] of node.conditions ?? []) {
    const yes = systems.filter((system) => holds(condition, system, variables));
    const parts = [yes, systems.filter((system) => !yes.includes(system))];
    if (holds(condition, SYSTEMS[0], variables) === undefined) {
      if (JSON.stringify(branches).includes('"sources"')) unread.push(condition);
    } else {
      branches.forEach((branch, i) => {
        const inner = listings(branch, variables, parts[i], true);
        list.push(...inner.list);
        unread.push(...inner.unread);
      });
    }
  }
  return { list, unread };
}

/** The mistake in one entry of a list, or undefined. */
function entryFault(tree, { source, conditional }) {
  if (!tree.exists(`src/${source}`)) return 'does not exist';
  if (PLATFORM_FILE.test(source) === conditional) return undefined;
  return conditional
    ? 'is for all systems and stands under a condition'
    : "is one platform's and stands in the common list";
}

/** Sources that some system would compile twice. */
function twice(list) {
  const sources = [...new Set(list.map(({ source }) => source))];
  const count = (source, system) =>
    list.filter((one) => one.source === source && one.systems.includes(system)).length;
  return sources.filter((source) => SYSTEMS.some((system) => count(source, system) > 1));
}

function targetFaults(tree, text, target) {
  const { list, unread } = listings(target);
  const at = (word, message, find = 'indexOf') => ({
    file: BUILD_FILE,
    line: text.slice(0, text[find](JSON.stringify(word))).split('\n').length,
    message,
  });
  return [
    ...unread.map((condition) => at(condition, `sources under "${condition}", not about OS`)),
    ...list
      .filter((entry) => entryFault(tree, entry))
      .map((entry) => at(entry.source, `${entry.source} ${entryFault(tree, entry)}`)),
    ...twice(list).map((source) => at(source, `${source} is listed twice`, 'lastIndexOf')),
  ];
}

function platformFiles(tree) {
  const text = tree.read(BUILD_FILE);
  let targets;
  try {
    ({ targets } = JSON.parse(text));
    if (!Array.isArray(targets)) throw new TypeError('no targets');
  } catch (error) {
    return [{ file: BUILD_FILE, line: 1, message: `is not strict JSON: ${error.message}` }];
  }
  const listed = new Set(
    targets.flatMap((target) => listings(target).list.map(({ source }) => `src/${source}`)),
  );
  const unlisted = tree.native
    .filter((file) => file.ext !== '.h' && !listed.has(file.path))
    .map((file) => ({ file: file.path, line: 1, message: `is not listed in ${BUILD_FILE}` }));
  return [...targets.flatMap((target) => targetFaults(tree, text, target)), ...unlisted];
}

module.exports = { platformFiles };
