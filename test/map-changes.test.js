/*
 * 'change', watch() and changed() of a SharedMap.
 */
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');

const { maps } = require('./support/maps');
const { runFunction } = require('./support/child');
const { peers, sleep } = require('./support/peer');
const { isLinux } = require('./support/platform');
const { scratch } = require('./support/scratch');
const { thrownBy, within } = require('./support/shares');

const MANY = { key: undefined, what: 'many' };

/* Resolves when call() is true. */
async function until(call) {
  for (let i = 0; i < 2000; i++) {
    if (call()) return;
    await sleep(5);
  }
  assert.fail(`${call} stays false`);
}

describe('SharedMap: changes', function () {
  if (!isLinux) return;
  this.timeout(60000);
  const { make, attach } = maps();
  const start = peers();
  const tmp = scratch();

  const seenBy = (map) => {
    const seen = [];
    map.on('change', (change) => seen.push(change));
    return seen;
  };

  it("'change' reports key and kind of each change, by this object and another one", async () => {
    const map = make();
    const other = attach(map);
    const [here, there] = [seenBy(map), seenBy(other)];
    map.set('a', 1);
    other.set('a', 2);
    other.increment('a');
    map.set('€', { b: 1 });
    map.delete('a');
    other.delete('none');
    map.clear();
    const expected = [
      ...[
        { key: 'a', what: 'set' },
        { key: 'a', what: 'set' },
        { key: 'a', what: 'set' },
      ],
      ...[
        { key: '€', what: 'set' },
        { key: 'a', what: 'delete' },
        { key: undefined, what: 'clear' },
      ],
    ];
    await until(() => here.length === 6 && there.length === 6);
    assert.deepEqual(here, expected);
    assert.deepEqual(there, expected);
  });

  it("'change' reports changes of another process", async () => {
    const map = make();
    const seen = seenBy(map);
    const peer = await start.process({ of: 'SharedMap', handle: map.handle });
    await peer.run((self) => void self.map.set('a', 1).set('k'.repeat(40), 2).delete('a'));
    await until(() => seen.length === 3);
    assert.deepEqual(
      seen.map(({ what }) => what),
      ['set', 'set', 'delete'],
    );
    assert.equal(seen[1].key, 'k'.repeat(40));
  });

  it('eviction is reported', async () => {
    const map = make(2 ** 16, { evict: 'lru' });
    const seen = seenBy(map);
    for (let i = 0; !seen.some(({ what }) => what === 'evict'); i++) {
      map.set(`key ${i}`, 'x'.repeat(200));
      if (i % 5 === 0) await new Promise(setImmediate);
    }
  });

  it('expiry is reported when the entry is removed', async () => {
    const map = make();
    const seen = seenBy(map);
    map.set('short', 1, 1);
    await until(() => !map.has('short'));
    while (!seen.some(({ what, key }) => what === 'expire' && key === 'short')) {
      map.set('other', 1, 3600000);
      await new Promise(setImmediate);
    }
  });

  it("more changes than are recorded are reported as 'many'", async () => {
    const map = make();
    const other = attach(map);
    const seen = seenBy(map);
    for (let i = 0; i < 1000; i++) other.set(`key ${i}`, i);
    await until(() => seen.length > 0);
    assert.deepEqual(seen.at(-1), MANY);
    seen.length = 0;
    other.set('a', 1);
    await until(() => seen.length === 1);
    assert.deepEqual(seen, [{ key: 'a', what: 'set' }]);
  });

  it('a lease is no change, the value that is made is one', async () => {
    const map = make();
    const seen = seenBy(map);
    await map.getOrSetAsync('a', () => sleep(20, 5));
    await until(() => seen.length > 0);
    assert.deepEqual(seen, [{ key: 'a', what: 'set' }]);
  });

  it('removed listeners hear nothing, and new ones only what comes later', async () => {
    const map = make();
    const first = seenBy(map);
    map.set('a', 1);
    await until(() => first.length === 1);
    map.removeAllListeners('change');
    map.set('b', 1);
    const second = seenBy(map);
    map.set('c', 1);
    await until(() => second.length === 1);
    assert.deepEqual([first.length, second], [1, [{ key: 'c', what: 'set' }]]);
  });

  it('watch() iterates over the changes since the call', async () => {
    const map = make();
    const other = attach(map);
    map.set('before', 1);
    const watch = map.watch();
    other.set('a', 1);
    other.delete('a');
    assert.deepEqual((await watch.next()).value, { key: 'a', what: 'set' });
    assert.deepEqual((await watch.next()).value, { key: 'a', what: 'delete' });
    const pending = watch.next();
    other.set('b', 1);
    assert.deepEqual((await within(10000, pending)).value, { key: 'b', what: 'set' });
    assert.deepEqual(await watch.return(), { value: undefined, done: true });
    assert.deepEqual(await watch.next(), { value: undefined, done: true });
  });

  it('watch() with a prefix, and that of a namespace, skip other keys', async () => {
    const map = make();
    const all = [
      map.watch({ prefix: 'a:b:' }),
      map.namespace('a:').watch({ prefix: 'b:' }),
      map.namespace('a:').namespace('b:').watch(),
    ];
    map.setMany(['x', 'a:x', 'a:b:1', 'b:', 'a:b:2'].map((key) => [key, 1]));
    const keys = [];
    for (const watch of all) {
      keys.push((await watch.next()).value.key, (await watch.next()).value.key);
    }
    assert.deepEqual(keys, ['a:b:1', 'a:b:2', 'b:1', 'b:2', '1', '2']);
    await Promise.all(all.map((watch) => watch.return()));
  });

  it('for await ends by break, close() and signal', async () => {
    const map = make();
    const write = setInterval(() => map.increment('a'), 2);
    for await (const { key } of map.watch()) {
      assert.equal(key, 'a');
      break;
    }
    const controller = new AbortController();
    const aborted = (async () => {
      for await (const change of map.watch({ signal: controller.signal })) assert.ok(change);
    })();
    const closed = (async () => {
      for await (const change of map.watch()) assert.ok(change);
      return 'ended';
    })();
    await sleep(20);
    controller.abort();
    await assert.rejects(within(10000, aborted), { code: 'ABORT_ERR' });
    clearInterval(write);
    map.close();
    assert.equal(await within(10000, closed), 'ended');
  });

  it("a slow iterator gets 'many' in place of what was dropped", async () => {
    const map = make();
    const watch = map.watch();
    for (let round = 0; round < 100; round++) {
      for (let i = 0; i < 50; i++) map.set(`key ${i}`, round);
      await new Promise(setImmediate);
    }
    const changes = [];
    map.set('last', 1);
    for (;;) {
      const { value } = await within(10000, watch.next());
      changes.push(value);
      if (value.key === 'last' || changes.length > 6000) break;
    }
    assert.ok(changes.some(({ what }) => what === 'many') || changes.length === 5001);
    await watch.return();
  });

  it('changed() resolves with the version when the entry changes', async () => {
    const map = make();
    const other = attach(map);
    const first = map.changed('a');
    await sleep(10);
    other.set('b', 1).set('a', 1);
    const version = await within(10000, first);
    assert.equal(version, map.entry('a').version);
    assert.equal(await map.changed('a', { since: 0 }), version);
    const second = map.changed('a', { since: version });
    other.delete('a');
    assert.equal(await within(10000, second), 0);
    const third = map.namespace('n:').changed('a');
    map.set('n:a', 5);
    assert.equal(await within(10000, third), map.entry('n:a').version);
  });

  it('changed() resolves with 0 when the entry expires', async () => {
    const map = make();
    map.set('a', 1, 30);
    assert.equal(await within(10000, map.changed('a')), 0);
  });

  it('changed() ends by timeout, signal and close()', async () => {
    const map = make();
    await assert.rejects(map.changed('a', { timeout: 10 }), { code: 'ERR_MMAPIPC_TIMEOUT' });
    const controller = new AbortController();
    const aborted = map.changed('a', { signal: controller.signal });
    controller.abort();
    await assert.rejects(aborted, { code: 'ABORT_ERR' });
    const pending = map.changed('a');
    await sleep(5);
    map.close();
    await assert.rejects(pending, { code: 'ERR_MMAPIPC_CLOSED' });
    await assert.rejects(map.changed('a'), { code: 'ERR_MMAPIPC_CLOSED' });
    assert.equal(thrownBy(() => map.watch()).code, 'ERR_MMAPIPC_CLOSED');
    assert.equal(thrownBy(() => map.on('change', () => {})).code, 'ERR_MMAPIPC_CLOSED');
  });

  it('refuses wrong arguments', async () => {
    const map = make();
    for (const [call, code] of [
      [() => map.changed(5), 'ERR_INVALID_ARG_TYPE'],
      [() => map.changed('a', 5), 'ERR_INVALID_ARG_TYPE'],
      [() => map.changed('a', { since: -1 }), 'ERR_OUT_OF_RANGE'],
      [() => map.changed('a', { timeout: 'x' }), 'ERR_INVALID_ARG_TYPE'],
      [() => map.changed('a', { signal: {} }), 'ERR_INVALID_ARG_TYPE'],
      [() => map.changed('a', { prefix: 'a' }), 'ERR_INVALID_ARG_VALUE'],
    ]) {
      await assert.rejects(call(), { code }, String(call));
    }
    assert.equal(thrownBy(() => map.watch({ prefix: 5 })).code, 'ERR_INVALID_ARG_TYPE');
    assert.equal(thrownBy(() => map.watch({ signal: 5 })).code, 'ERR_INVALID_ARG_TYPE');
    assert.equal(thrownBy(() => map.watch({ key: 'a' })).code, 'ERR_INVALID_ARG_VALUE');
  });

  it('a read-only map cannot observe changes', async () => {
    const map = make();
    const reader = attach(map, { readOnly: true });
    assert.equal(thrownBy(() => reader.on('change', () => {})).code, 'ERR_MMAPIPC_ACCESS');
    assert.equal(reader.listenerCount('change'), 0);
    await assert.rejects(reader.changed('a'), { code: 'ERR_MMAPIPC_ACCESS' });
    await assert.rejects(reader.watch().next(), { code: 'ERR_MMAPIPC_ACCESS' });
  });

  it('a listener keeps the process alive only after ref(), pending waits always', () => {
    const run = (fn) => {
      const { stdout, stderr } = runFunction(fn);
      assert.equal(stderr, '');
      return stdout.trim();
    };
    assert.equal(
      run(({ SharedMap }) => {
        new SharedMap(65536).on('change', () => {});
        process.on('exit', () => console.log('exit'));
      }),
      'exit',
    );
    assert.equal(
      run(({ SharedMap }) => {
        const map = new SharedMap(65536);
        map.on('change', ({ key }) => console.log(key) ?? map.unref()).ref();
        setTimeout(() => map.set('a', 1), 50).unref();
      }),
      'a',
    );
    assert.equal(
      run(({ SharedMap }) => {
        const map = new SharedMap(65536);
        map.changed('a').then(() => console.log('changed'));
        setTimeout(() => map.set('a', 1), 50).unref();
      }),
      'changed',
    );
  });

  it('a dropped iterator is collected, and a dead listener costs writers nothing in the end', async () => {
    const map = make();
    const peer = await start.process({ of: 'SharedMap', handle: map.handle });
    await peer.run((self) => void self.map.on('change', () => {}));
    await peer.end();
    for (let i = 0; i < 10000; i++) map.set('a', i);
    const seen = seenBy(map);
    map.set('b', 1);
    await until(() => seen.length > 0);
    assert.ok(seen.some(({ key, what }) => key === 'b' || what === 'many'));
    map.watch();
    for (let i = 0; i < 5; i++) {
      global.gc();
      await new Promise(setImmediate);
    }
    map.set('c', 1);
  });

  it("once(map, 'change') works", async () => {
    const map = make();
    const change = once(map, 'change');
    map.set('a', 1);
    assert.deepEqual(await within(10000, change), [{ key: 'a', what: 'set' }]);
  });

  /* The timer for the expiry read the entry, and its error ended the process. */
  it('changed() of an entry with a ttl rejects if the file is cut off', async () => {
    const path = tmp();
    const map = make(2 ** 20, { path });
    map.set('a', 1, 20);
    const changed = map.changed('a');
    fs.truncateSync(path, 0);
    Atomics.wait(
      new Int32Array(new SharedArrayBuffer(4)),
      0,
      0,
      50,
    ); /* so that the timer is first */
    await assert.rejects(within(10000, changed), { code: 'ERR_MMAPIPC_TRUNCATED' });
  });
});
