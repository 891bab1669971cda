/*
 * Several copies of lib/ in one thread, over one addon. Jest gives each test file a fresh copy, in a
 * vm context. The second copy got no wake-ups, as they went to the first, and its pack() replaced the
 * memory that the first one used.
 */
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');
const vm = require('node:vm');

const { amount } = require('./support/amounts');
const { collect } = require('./support/holdings');
const { ROOT } = require('./support/child');
const { isLinux } = require('./support/platform');

const LIB = path.join(ROOT, 'lib') + path.sep;

/* Loaded by require() after the modules of lib/ were removed from its cache. */
function freshCopy() {
  const before = { ...require.cache };
  const ours = (name) => name.startsWith(LIB);
  for (const name of Object.keys(require.cache).filter(ours)) delete require.cache[name];
  const copy = require(ROOT);
  for (const name of Object.keys(require.cache).filter(ours)) delete require.cache[name];
  for (const name of Object.keys(before).filter(ours)) require.cache[name] = before[name];
  /* Otherwise each copy would stay in the list of children of this module. */
  module.children.length = 0;
  return copy;
}

/* Loaded in a separate vm context, as a test runner does. */
function contextCopy() {
  const context = vm.createContext({ process, Buffer, performance, setTimeout, clearTimeout });
  vm.runInContext('globalThis.global = globalThis', context);
  const copied = ['queueMicrotask', 'setImmediate', 'AbortController', 'TextDecoder', 'URL'];
  for (const name of copied) context[name] = global[name];
  const loaded = new Map();
  const load = (file) => {
    if (!file.startsWith(LIB)) return require(file);
    if (loaded.has(file)) return loaded.get(file).exports;
    const own = { exports: {} };
    loaded.set(file, own);
    const code = `(function (module, exports, require, __dirname, __filename) {${fs.readFileSync(file)}\n})`;
    const resolve = Module.createRequire(file).resolve;
    const requireOne = (name) => load(resolve(name));
    vm.runInContext(code, context, { filename: file })(
      own,
      own.exports,
      requireOne,
      path.dirname(file),
      file,
    );
    return own.exports;
  };
  return load(path.join(LIB, 'index.js'));
}

describe('copies of the modules over one addon', function () {
  if (!isLinux) return;
  this.timeout(60000);

  for (const [how, make] of Object.entries({
    'loaded anew': freshCopy,
    'in a context': contextCopy,
  })) {
    describe(how, () => {
      const first = require('..');
      const second = make();
      const copies = { first, second, third: make(), 'first again': first };

      for (const [which, { Share }] of Object.entries(copies)) {
        it(`the ${which} is notified of changes and of released locks`, async () => {
          const share = new Share(100);
          const changed = share.changed({ timeout: 5000 });
          setTimeout(() => share.set(1), 5);
          assert.equal(await changed, 1);
          const event = new Promise((resolve) => share.once('change', resolve));
          share.set(2);
          assert.equal(await event, 2);
          const other = Share.attach(share.handle);
          const guard = await share.lockAsync();
          const wait = other.lockAsync({ timeout: 5000 });
          setTimeout(() => guard.release(), 5);
          (await wait).release();
          other.close();
          share.close();
        });
      }

      it('waits of two copies at once both end, and then the process can end', async () => {
        const { shared } = require('../lib/native/binding');
        const before = shared.pending;
        const shares = [first, second].map(({ Share }) => new Share(100));
        const waits = shares.map((share) => share.changed({ timeout: 5000 }));
        assert.equal(shared.pending, before + 2);
        shares[1].set('b');
        shares[0].set('a');
        assert.deepEqual(await Promise.all(waits), [1, 1]);
        assert.equal(shared.pending, before);
        for (const share of shares) share.close();
      });

      it('maps of two copies share entries, changes and makings, also within one call', async () => {
        const map = new first.SharedMap(65536);
        const other = second.SharedMap.attach(map.handle);
        const seen = [];
        map.on('change', ({ key }) => seen.push(key));
        const changed = other.changed('a', { timeout: 5000 });
        /* The getter uses the frame of the thread while the value is encoded. */
        const value = {
          get b() {
            other.set('key of more than 24 characters', 'text');
            return other.get('key of more than 24 characters');
          },
        };
        map.set('a', value, 3600000);
        assert.equal(await changed, map.entry('a').version);
        assert.deepEqual([other.get('a'), other.ttl('a') < Infinity], [{ b: 'text' }, true]);
        assert.deepEqual([map.increment('n'), other.increment('n'), map.get('n')], [1, 2, 2]);
        const wait = new Promise((resolve) => setTimeout(resolve, 20, 'made'));
        const makings = [map, other].map((one) => one.getOrSetAsync('m', () => wait));
        assert.deepEqual(await Promise.all(makings), ['made', 'made']);
        while (!seen.includes('m')) await new Promise((resolve) => map.once('change', resolve));
        other.close();
        map.close();
      });

      /* A change of another map counted as one of this key, if bucket and version were equal, and update()
       * threw ERR_MMAPIPC_DEADLOCK. The change by the other copy stands for one by another process. */
      it('update() of one map may change other maps while others change its key', () => {
        for (let i = 0; i < amount(1000, 3000); i++) {
          const [map, mirror] = [new first.SharedMap(65536), new first.SharedMap(65536)];
          const other = second.SharedMap.attach(map.handle);
          let runs = 0;
          map.set('a', 0);
          const sum = map.update('a', (old) => {
            if (runs++ === 0) {
              other.set('a', 5);
              mirror.set('b', 1).set('b', 2);
            }
            return old + 1;
          });
          assert.deepEqual([sum, runs], [6, 2]);
          for (const one of [map, mirror, other]) one.close();
        }
      });

      it('lock() throws ERR_MMAPIPC_DEADLOCK while another copy in the thread holds the lock', () => {
        const share = new first.Share(100);
        const other = second.Share.attach(share.handle);
        const guard = share.lock();
        assert.throws(() => other.lock(), { code: 'ERR_MMAPIPC_DEADLOCK' });
        guard.release();
        other.lock().release();
        other.close();
        share.close();
      });

      it('peek() of each copy returns one frozen value until it changes, and errors have codes', () => {
        let deep = {};
        for (let i = 0; i < 50000; i++) deep = { deep };
        for (const { Share } of [first, second]) {
          for (const codec of ['v8', 'auto', 'json']) {
            const share = new Share(10000, { codec });
            share.set({ list: [{ a: 1 }] });
            const value = share.peek();
            assert.equal(share.peek(), value);
            assert.ok(Object.isFrozen(value.list[0]));
            assert.throws(() => share.set(deep), { code: 'ERR_OUT_OF_RANGE' });
            assert.throws(() => share.set('x'.repeat(20000)), { code: 'ERR_MMAPIPC_TOO_LARGE' });
            assert.throws(() => share.lock({ timeout: '1' }), { code: 'ERR_INVALID_ARG_TYPE' });
            share.set({ list: [] });
            assert.deepEqual(JSON.stringify(share.peek()), '{"list":[]}');
            share.close();
          }
        }
      });

      it('pack and unpack of one copy do not affect those of the other', () => {
        const numbers = Array.from({ length: 3000 }, (_, i) => i);
        for (let round = 0; round < 3; round++) {
          for (const { pack, unpack } of [first, second]) {
            assert.deepEqual(Array.from(unpack('w*', pack('w*', ...numbers))), numbers);
            assert.deepEqual(Array.from(unpack('q/a* N', pack('q/a* N', 'text', 7))), ['text', 7]);
          }
        }
      });

      it('an inherited name that both have open is removed when the last one closes', () => {
        const variable = 'MMAPIPC_INHERIT_636f70696573';
        const one = new first.Share(100, { inherit: 'copies' });
        const two = new second.Share(100, { inherit: 'copies' });
        two.close();
        assert.equal(process.env[variable], one.handle);
        const three = new second.Share(100, { inherit: 'copies' });
        one.close();
        assert.equal(process.env[variable], three.handle);
        three.close();
        assert.equal(process.env[variable], undefined);
      });
    });
  }

  it('many fresh copies leak no memory', async () => {
    const use = () => {
      const { Share, pack, unpack } = freshCopy();
      const share = new Share(100);
      const listener = () => undefined;
      share.on('change', listener);
      share.off('change', listener);
      share.close();
      unpack('l d', pack('l d', 1, 2));
    };
    const rounds = async (n) => {
      for (let i = 0; i < n; i++) use();
      await collect(6);
      return process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
    };
    await rounds(10);
    const before = await rounds(5);
    const after = await rounds(amount(30, 50));
    /* A copy takes about 100 KB. */
    assert.ok(after < before + 2e6, `${before} -> ${after}`);
  });
});
