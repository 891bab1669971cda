'use strict';

// Dependencies go down: includes between the folders of src/, requires between those of lib/, without
// circles.

const path = require('node:path');
const { builtinModules } = require('node:module');
const { includes } = require('./c-text');
const { requires } = require('./js-text');
const { SRC, LIB, NAPI_HEADERS } = require('./house');

const BUILTINS = new Set(builtinModules.map((name) => name.replace(/^node:/, '')));

const beside = (file, name) => path.posix.join(path.posix.dirname(file.path), name);

/** Why `file` may not include `name`, or undefined. */
function includeFault(tree, file, name) {
  const target = beside(file, name);
  if (!target.startsWith('src/')) return `"${name}" is outside src/`;
  if (!tree.has(target)) return `"${name}" does not exist`;
  const floor = target.split('/')[1];
  const down = floor === file.floor || SRC[file.floor]?.includes(floor);
  return down ? undefined : `${file.floor} may not include ${floor} ("${name}")`;
}

function includeArrows(tree, edges) {
  return tree.native.flatMap((file) =>
    includes(file).flatMap(({ line, quoted, other }) => {
      if (other !== undefined) return [{ file: file.path, line, message: 'a computed #include' }];
      if (quoted === undefined || NAPI_HEADERS.has(quoted)) return [];
      const target = beside(file, quoted);
      if (tree.has(target)) edges.push({ from: file.path, to: target, line });
      const message = includeFault(tree, file, quoted);
      return message ? [{ file: file.path, line, message }] : [];
    }),
  );
}

/** The file of lib/ to which a relative require leads, or undefined. */
function resolveInLib(tree, file, name) {
  const target = beside(file, name);
  return [target, `${target}.js`].find((one) => one.startsWith('lib/') && tree.has(one));
}

const roomOf = (name) => (name.split('/').length > 2 ? name.split('/')[1] : undefined);

/** Why `file` may not require `target`, another file of lib/, or undefined. */
function roomFault(file, target) {
  const [from, to] = [roomOf(file.path), roomOf(target)];
  if (from === undefined || from === to) return undefined;
  if (to === undefined) return `${from} may not require ${target}`;
  return LIB[from]?.includes(to) ? undefined : `${from} may not require ${to}`;
}

const loadsAddon = (name) => /^node-gyp-build(?:\/|$)|\.node$/.test(name);

/** Why a file of lib/ may not require the package or builtin `name`, or undefined. */
function packageFault(dependencies, name) {
  if (name.startsWith('node:')) {
    return BUILTINS.has(name.slice(5)) ? undefined : `there is no builtin ${name}`;
  }
  const owner = name.split('/', name.startsWith('@') ? 2 : 1).join('/');
  if (Object.hasOwn(dependencies, owner)) return undefined;
  if (BUILTINS.has(name)) return `'${name}' is written without node:`;
  return `'${name}' is not a dependency in package.json`;
}

function requireArrows(tree, edges) {
  const { dependencies = {} } = JSON.parse(tree.read('package.json') ?? '{}');
  const loader = 'lib/native/binding.js';
  return tree.files
    .filter((file) => file.top === 'lib' && /^\.[cm]?js$/.test(file.ext))
    .flatMap((file) =>
      requires(file.text).flatMap(({ line, name, dlopen }) => {
        const found = (message) => (message ? [{ file: file.path, line, message }] : []);
        if (dlopen || name === undefined || loadsAddon(name)) {
          if (file.path === loader) return [];
          if (dlopen || name) return found(`only ${loader} may load the addon`);
          return found('a computed require');
        }
        if (!/^\.{0,2}\//.test(name)) return found(packageFault(dependencies, name));
        const target = resolveInLib(tree, file, name);
        if (!target) return found(`'${name}' is no file of lib/`);
        edges.push({ from: file.path, to: target, line });
        return found(roomFault(file, target));
      }),
    );
}

/** One violation for each edge that closes a circle. */
function circles(edges) {
  const found = [];
  const done = new Set();
  const trail = [];
  const visit = (node) => {
    trail.push(node);
    for (const { to, line } of edges.filter((edge) => edge.from === node)) {
      if (trail.includes(to)) {
        const circle = [...trail.slice(trail.indexOf(to)), to].join(' -> ');
        found.push({ file: node, line, message: `a circle: ${circle}` });
      } else if (!done.has(to)) {
        visit(to);
      }
    }
    trail.pop();
    done.add(node);
  };
  for (const { from } of edges) if (!done.has(from)) visit(from);
  return found;
}

function arrows(tree) {
  const edges = [];
  const found = [...includeArrows(tree, edges), ...requireArrows(tree, edges)];
  return [...found, ...circles(edges)];
}

module.exports = { arrows };
