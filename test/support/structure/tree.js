'use strict';

// A project folder in the form for the rules: its source files, read on first use.

const fs = require('node:fs');
const path = require('node:path');
const { stripC } = require('./c-text');

const FOLDERS = ['src', 'lib', 'test', 'bench', 'examples', 'scripts', 'bin'];
const NOT_OURS = new Set(['node_modules', 'build', 'prebuilds']);

class SourceFile {
  #root;
  #text;
  #stripped;

  constructor(root, name) {
    this.#root = root;
    this.path = name; // relative, with slashes
    this.top = name.split('/')[0]; // 'src', 'lib' ...
    this.ext = path.posix.extname(name);
    this.isC = ['.c', '.cc', '.h'].includes(this.ext);
    this.floor = this.top === 'src' && name.split('/').length > 2 ? name.split('/')[1] : undefined;
  }

  get text() {
    this.#text ??= read(this.#root, this.path);
    return this.#text;
  }

  get lineCount() {
    return this.text.split('\n').length - (this.text.endsWith('\n') || this.text === '' ? 1 : 0);
  }

  /** C without comments, with strings. */
  get bare() {
    return this.#c.bare;
  }

  /** C without comments, with empty strings. */
  get code() {
    return this.#c.code;
  }

  get #c() {
    this.#stripped ??= stripC(this.text);
    return this.#stripped;
  }
}

function read(root, name) {
  return fs.readFileSync(path.join(root, name), 'utf8').replaceAll('\r\n', '\n');
}

function isFile(root, name) {
  return Boolean(fs.statSync(path.join(root, name), { throwIfNoEntry: false })?.isFile());
}

function walk(root, folder) {
  return fs.readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = `${folder}/${entry.name}`;
    if (entry.name.startsWith('.') || NOT_OURS.has(entry.name)) return [];
    if (entry.isDirectory()) return walk(root, name);
    return entry.isFile() ? [name] : [];
  });
}

/**
 * `files`: those of the folders above, sorted by path; `native`: the C and C++ of src/ among them;
 * `has(path)`: whether it is one of them; `exists(path)` and `read(path)`, for any file under the
 * root: the text is undefined for a missing file.
 */
function readTree(root) {
  const paths = FOLDERS.filter((folder) => fs.existsSync(path.join(root, folder)))
    .flatMap((folder) => walk(root, folder))
    .sort();
  const known = new Set(paths);
  const files = paths.map((name) => new SourceFile(root, name));
  return {
    files,
    native: files.filter((file) => file.top === 'src' && file.isC),
    has: (name) => known.has(name),
    exists: (name) => isFile(root, name),
    read: (name) => (isFile(root, name) ? read(root, name) : undefined),
  };
}

module.exports = { readTree };
