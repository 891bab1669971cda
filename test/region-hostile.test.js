/*
 * Regions that are damaged, foreign or under attack give named errors, never a crash, a hang or a
 * change of another file.
 */
'use strict';

const assert = require('node:assert/strict');
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');

const { Mmap, inspect } = require('..');
const { layout } = require('../lib/native/binding');
const { amount } = require('./support/amounts');
const { isLinux } = require('./support/platform');
const { regions } = require('./support/regions');

const SCRIBBLER = path.join(__dirname, 'fixtures', 'region-scribbler.js');
const SCRIBBLED = amount(1000, 3000); /* ms */
const PAYLOAD = 65536;

describe('a damaged region', function () {
  if (!isLinux) return;
  this.timeout(60000);
  const { open, files, folder } = regions();
  let file;
  let map;
  beforeEach(() => {
    map = open({ name: 'it', size: 5000 });
    file = path.join(folder, 'it');
  });

  /* Overwrites a field of the header, or of the file's bytes. */
  function patch(field, value) {
    const { offset, type } = layout.region.fields[field];
    const fd = fs.openSync(file, 'r+');
    const bytes = Buffer.alloc(type === 'uint64_t' ? 8 : 4);
    if (type === 'uint64_t') bytes.writeBigUInt64LE(BigInt(value));
    else bytes.writeUInt32LE(value);
    fs.writeSync(fd, bytes, 0, bytes.length, offset);
    fs.closeSync(fd);
  }
  const bad = [
    ['no magic', () => patch('magic', 0x6c6c6548), 'FOREIGN', /not created by mmapipc/, 'foreign'],
    ['another byte order', () => patch('magic', 0x6370696d), 'VERSION', /byte order/, 'version'],
    ['a newer version', () => patch('version', 2), 'VERSION', /version 2, .*version 1;/, 'version'],
    ['unknown features', () => patch('incompatible', 4), 'VERSION', /features/, 'version'],
    ['another kind', () => patch('kind', 2), 'KIND', /by class Share, not by Mmap/, 'ok'],
    ['an unknown kind', () => patch('kind', 77), 'KIND', /class number 77/, 'ok'],
    [
      'a header of another size',
      () => patch('header_size', 64),
      'CORRUPT',
      /overwritten/,
      'damaged',
    ],
    ['a payload beyond the file', () => patch('payload_size', 1e9), 'CORRUPT', /over/, 'damaged'],
    ['a payload of 2^63', () => patch('payload_size', 2n ** 63n), 'CORRUPT', /over/, 'damaged'],
    ['an early payload', () => patch('payload_offset', 0), 'CORRUPT', /overwritten/, 'damaged'],
    ['a number beyond all', () => patch('next_number', 2 ** 31), 'CORRUPT', /over/, 'damaged'],
    ['no more numbers', () => patch('next_number', 2 ** 30), 'EXHAUSTED', /close it/, 'ok'],
    [
      'the header cut off',
      () => fs.truncateSync(file, 100),
      'CORRUPT',
      /overwritten or truncated/,
      'damaged',
    ],
    [
      'the payload cut off',
      () => fs.truncateSync(file, PAYLOAD + 1),
      'CORRUPT',
      /overwritten or truncated/,
      'damaged',
    ],
  ];
  for (const [what, spoil, code, message, state] of bad) {
    it(`with ${what} throws ERR_MMAPIPC_${code}; inspect() reports ${state}`, () => {
      spoil();
      assert.throws(() => open({ name: 'it', size: 5000 }), {
        name: 'MmapipcError',
        code: `ERR_MMAPIPC_${code}`,
        message,
      });
      const facts = inspect({ name: 'it' });
      assert.equal(facts.state, state);
      if (state !== 'ok') assert.equal(typeof facts.reason, 'string');
      assert.deepEqual(inspect({ path: file }), facts);
      /* A process that has it mapped may continue, and close. */
      if (/cut off/.test(what)) {
        assert.throws(() => map.write('x', 4999), { code: 'ERR_MMAPIPC_TRUNCATED' });
      } else {
        assert.equal(map.write('x', 4999), 1);
      }
    });
  }

  it('that is truncated while in use reads as zeros and throws ERR_MMAPIPC_TRUNCATED, no SIGBUS', () => {
    map.write('hello', 4096);
    fs.truncateSync(file, 0);
    assert.throws(() => map.read(4096, 5), { code: 'ERR_MMAPIPC_TRUNCATED' });
    assert.throws(() => map.buffer, { code: 'ERR_MMAPIPC_TRUNCATED' });
  });

  for (const [what, make, code] of [
    ['a directory', (at) => fs.mkdirSync(at), 'EISDIR'],
    ['a FIFO', (at) => spawnSync('mkfifo', [at]), 'ERR_MMAPIPC_UNSUPPORTED'],
    ['a symbolic link', (at) => fs.symlinkSync('/etc/passwd', at), 'ELOOP'],
  ]) {
    it(`that is ${what} throws ${code}, and is not removed`, () => {
      const at = path.join(folder, 'other');
      make(at);
      const before_ = fs.lstatSync(at);
      for (const options of [{ size: 10 }, { readOnly: true }, { create: false }]) {
        assert.throws(() => open({ name: 'other', ...options }), { code });
      }
      assert.equal(fs.lstatSync(at).ino, before_.ino);
      fs.rmSync(at, { recursive: true });
    });
  }

  it('that no process has open does not prevent the use of its name', () => {
    let i = 0;
    for (const bytes of ['', 'hello', 'x'.repeat(100000)]) {
      const name = `rubbish-${i++}`;
      fs.writeFileSync(path.join(folder, name), bytes);
      assert.equal(open({ name, size: 10 }).readString(), '\0'.repeat(10));
    }
    assert.ok(!files().includes('hello'));
  });

  const peers = [];
  afterEach(() => peers.splice(0).forEach((peer) => peer.kill('SIGKILL')));

  for (const kind of ['handle', 'name']) {
    it(`whose header a peer overwrites continuously gives errors only, quickly (${kind})`, async () => {
      const target = kind === 'handle' ? open({ size: 5000 }) : map;
      const where = kind === 'handle' ? { handle: target.handle } : { name: 'it' };
      const peer = spawn(process.execPath, [SCRIBBLER, JSON.stringify(target)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      peers.push(peer);
      await once(peer.stdout, 'data');
      const tally = {};
      let slowest = 0;
      const attempt = (call) => {
        const begin = performance.now();
        let result = 'ok';
        try {
          call();
        } catch (error) {
          result = error.code;
          assert.match(result, /^E/, error.stack);
        }
        tally[result] = (tally[result] ?? 0) + 1;
        slowest = Math.max(slowest, performance.now() - begin);
      };
      const until = performance.now() + SCRIBBLED;
      while (performance.now() < until) {
        attempt(() => Mmap.with({ ...where, timeout: 100 }, (one) => one.read(0, 100)));
        attempt(() => Mmap.with({ ...where, timeout: 100, readOnly: true }, (one) => one.read()));
        attempt(() => inspect(where));
      }
      assert.ok(slowest < 1000, `${slowest} ms`);
      assert.equal(target.read().length, 5000);
      console.log(`      slowest ${slowest.toFixed(1)} ms: ${JSON.stringify(tally)}`);
    });
  }
});
