/*
 * The tables of docs/ and src/README.md against the code, and the package's exports. The examples are
 * run by docs.test.js.
 */
'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const { EventEmitter } = require('node:events');
const fs = require('node:fs');

const mmapipc = require('..');
const binding = require('../lib/native/binding');
const { ROOT } = require('./support/child');
const { read, table } = require('./support/readme');
const { scratch } = require('./support/scratch');

describe('docs/', () => {
  it('lists every code that C defines, with its meaning', () => {
    const expected = binding.codes.map(({ name, text }) => [name, text]);
    assert.deepEqual(table(read('docs/errors.md'), '## Codes'), expected);
  });

  it('every MmapipcError code thrown in lib/ is in that list', () => {
    const known = new Set(binding.codes.map(({ name }) => name));
    const files = fs.readdirSync(`${ROOT}/lib`, { recursive: true });
    for (const file of files.filter((name) => name.endsWith('.js'))) {
      for (const [code] of read(`lib/${file}`).matchAll(/ERR_MMAPIPC_[A-Z_]+/g)) {
        assert.ok(known.has(code), `${code} in lib/${file}`);
      }
    }
  });

  /* The names of the class and of those it is made of, down to the classes of Node. */
  const namesOf = (prototype) =>
    prototype === EventEmitter.prototype || prototype === Object.prototype
      ? []
      : [...Object.getOwnPropertyNames(prototype), ...namesOf(Object.getPrototypeOf(prototype))];

  for (const [name, file] of [
    ['Mmap', 'mmap'],
    ['Share', 'share'],
    ['SharedMap', 'map'],
  ]) {
    it(`names every member of ${name} in its table`, () => {
      const inherited = Object.getOwnPropertyNames(EventEmitter.prototype);
      const members = namesOf(mmapipc[name].prototype).filter(
        (member) => member !== 'constructor' && !inherited.includes(member),
      );
      const page = read(`docs/${file}.md`);
      const cells = table(page, '## Members').flat().join(' ');
      const declared = read('index.d.ts');
      for (const member of [...members, 'with', 'attach', 'open']) {
        assert.match(cells, new RegExp(`\\b${member}\\b`));
        assert.match(declared, new RegExp(`^  (static |readonly )?${member}\\b`, 'm'));
      }
    });
  }
});

describe('src/README.md', () => {
  it('has the layout that C defines', () => {
    const headings = {
      report: '## What C and JS share',
      region: '## What lies in a region',
      participant: '## The participants of a region',
      cellSlot: '## A value of a Share',
      share: '## The frame of Share',
      section: '## The frame of a section',
      pack: '## The frame of pack and unpack',
      map: '## The frame of SharedMap',
      mapItem: '## An entry for JS',
      mapPool: '## The pool of a map',
      mapStripe: '## A stripe of a map',
      mapRecord: '## A record of a map',
      mapPage: '## A page of a map',
      mapBucket: '## A bucket of a map',
      mapEntry: '## An entry of a map',
      mapChange: '## A change of a map',
    };
    assert.deepEqual(Object.keys(headings), Object.keys(binding.layout));
    for (const [name, heading] of Object.entries(headings)) {
      const rows = Object.entries(binding.layout[name].fields);
      assert.deepEqual(
        table(read('src/README.md'), heading),
        rows.map(([field, { type, offset, meaning }]) => [field, type, String(offset), meaning]),
      );
    }
    assert.equal(binding.report.byteLength, binding.layout.report.size);
  });

  it('names only files that exist', () => {
    const text = read('src/README.md');
    for (const [, name] of text.matchAll(
      /`((?:base|os|region|sync|shm|pack|binding)\/[a-z_0-9]+\.[a-z]+)`/g,
    )) {
      assert.ok(fs.existsSync(`${ROOT}/src/${name}`), name);
    }
    for (const [, name] of text.matchAll(
      /`((?:bin|docs|formal|lib|scripts|test)\/[a-z./_-]+\.[a-z]+)`/g,
    )) {
      assert.ok(fs.existsSync(`${ROOT}/${name}`), name);
    }
  });
});

describe('the package', () => {
  it('exports the same names to require and to import', async () => {
    const names = [
      ...[
        'Mmap',
        'MmapipcError',
        'Share',
        'SharedMap',
        'constants',
        'inspect',
        'list',
        'pack',
        'sizeOf',
      ],
      ...['unlink', 'unpack'],
      ...['PROT_READ', 'PROT_WRITE', 'MAP_SHARED'],
      ...['MAP_PRIVATE', 'MAP_ANON', 'MAP_ANONYMOUS', 'MAP_FILE'],
    ];
    assert.deepEqual(Object.keys(mmapipc), names);
    const script = `
      import * as all from ${JSON.stringify(`${ROOT}/lib/index.js`)};
      import { ${names.join(', ')} } from ${JSON.stringify(`${ROOT}/lib/index.js`)};
      console.log(Object.keys(all).sort().join(), typeof Mmap, PROT_READ | PROT_WRITE);`;
    const file = tmp2(script);
    const { stdout, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8' });
    const expected = [...names, 'default', 'module.exports'].sort();
    const [keys, ...rest] = stdout.trim().split(' ');
    assert.deepEqual(rest, ['function', '3'], stderr);
    assert.deepEqual(
      keys.split(',').filter((k) => k !== 'module.exports'),
      [...expected.filter((k) => k !== 'module.exports')],
    );
  });

  it('has one version in package.json and CHANGELOG.md', () => {
    const { version } = JSON.parse(read('package.json'));
    assert.ok(read('CHANGELOG.md').includes(`\n## ${version} `));
  });

  const tmp = scratch();
  const tmp2 = (text) => {
    const file = tmp('names.mjs');
    fs.writeFileSync(file, text);
    return file;
  };
});
