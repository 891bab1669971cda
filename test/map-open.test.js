/*
 * Where a SharedMap lives, and who may attach: handles, names, paths, inherit, codecs, other classes.
 */
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const util = require('node:util');
const { pathToFileURL } = require('node:url');

const { Mmap, Share, SharedMap, inspect, unlink } = require('..');
const { maps } = require('./support/maps');
const { runFunction } = require('./support/child');
const { isLinux } = require('./support/platform');
const { scratch } = require('./support/scratch');
const { thrownBy } = require('./support/shares');

const MB = 2 ** 20;

describe('SharedMap: places', () => {
  if (!isLinux) return;
  const { make, open, attach, files } = maps();
  const tmp = scratch();

  it('is found by handle, name, path, URL and inherit', () => {
    const path = tmp();
    for (const [first, second] of [
      [{ name: 'map' }, { name: 'map' }],
      [{ path }, { path: pathToFileURL(path) }],
      [{ inherit: 'map' }, { inherit: 'map' }],
    ]) {
      const map = make(MB, first);
      map.set('a', 1);
      assert.equal(open(second).get('a'), 1);
      assert.equal(make(MB, second).get('a'), 1);
      map.clear();
    }
    const map = make().set('a', 1);
    assert.equal(SharedMap.attach(map.handle).get('a'), 1);
    assert.equal(make({ capacity: MB, name: 'other' }).size, 0);
  });

  it('a file keeps its entries after close(), also for another process', () => {
    const path = tmp();
    const map = make(MB, { path });
    map.setMany(Object.entries({ a: 1, b: 'text', c: { d: [1] }, big: 'x'.repeat(100000) }));
    map.flush();
    map.close();
    const again = open({ path });
    assert.deepEqual(
      [again.get('a'), again.get('b'), again.get('c'), again.get('big').length],
      [1, 'text', { d: [1] }, 100000],
    );
    assert.deepEqual([again.path, again.capacity, again.size], [path, MB, 4]);
    again.close();
    const { stdout, stderr } = runFunction(
      ({ SharedMap: There }, where) => {
        const there = There.open({ path: where });
        console.log(there.increment('a'), there.get('b'));
      },
      [path],
    );
    assert.equal(stdout.trim(), '2 text', stderr);
    assert.equal(open({ path }).get('a'), 2);
  });

  it('a name ends with its last process', () => {
    const map = make(MB, { name: 'gone' });
    map.set('a', 1).close();
    assert.deepEqual(files(), []);
    assert.equal(thrownBy(() => open({ name: 'gone' })).code, 'ENOENT');
  });

  it("create: false and 'exclusive' are as for the other classes", () => {
    assert.equal(thrownBy(() => make(MB, { name: 'x', create: false })).code, 'ENOENT');
    make(MB, { name: 'x', create: 'exclusive' });
    assert.equal(thrownBy(() => make(MB, { name: 'x', create: 'exclusive' })).code, 'EEXIST');
  });

  it('an existing map of a smaller capacity is TOO_SMALL, with both numbers', () => {
    const map = make(MB, { name: 'x' });
    const error = thrownBy(() => make(2 * MB, { name: 'x' }));
    assert.deepEqual(
      [error.code, error.required, error.capacity],
      ['ERR_MMAPIPC_TOO_SMALL', 2 * MB, MB],
    );
    assert.equal(make(MB / 2, { name: 'x' }).capacity, MB);
    assert.equal(map.capacity, MB);
  });

  it('another class is KIND', () => {
    const map = make(MB, { name: 'x' });
    assert.equal(thrownBy(() => new Share(100, { name: 'x' })).code, 'ERR_MMAPIPC_KIND');
    assert.equal(thrownBy(() => new Mmap({ name: 'x' })).code, 'ERR_MMAPIPC_KIND');
    map.close();
    const share = new Share(100, { name: 'x' });
    const error = thrownBy(() => open({ name: 'x' }));
    assert.deepEqual(
      [error.code, error.found, error.wanted],
      ['ERR_MMAPIPC_KIND', 'Share', 'SharedMap'],
    );
    share.close();
  });

  it('another codec is CODEC; auto and v8 go together, and read json read-only', () => {
    const json = make(MB, { codec: 'json' }).set('a', { b: 1 });
    const error = thrownBy(() => attach(json));
    assert.deepEqual(
      [error.code, error.found, error.wanted],
      ['ERR_MMAPIPC_CODEC', 'json', 'auto'],
    );
    assert.deepEqual(attach(json, { readOnly: true }).get('a'), { b: 1 });
    const auto = make(MB).set('a', new Map([[1, 2]]));
    assert.deepEqual(attach(auto, { codec: 'v8' }).get('a'), new Map([[1, 2]]));
    assert.equal(thrownBy(() => attach(auto, { codec: 'json' })).code, 'ERR_MMAPIPC_CODEC');
    const custom = { encode: (v) => Buffer.from(v), decode: (b) => `${b}` };
    assert.equal(thrownBy(() => attach(auto, { codec: custom })).code, 'ERR_MMAPIPC_CODEC');
    assert.equal(
      attach(make(MB, { codec: custom }).set('a', 'text'), { codec: custom }).get('a'),
      'text',
    );
  });

  it('a map that could not be used as requested is left by the open that failed', () => {
    const map = make(MB, { name: 'x', evict: 'lru' });
    for (let i = 0; i < 100; i++) thrownBy(() => open({ name: 'x', evict: 'none' }));
    map.close();
    assert.deepEqual(files(), []);
  });

  it('unlink() removes a map; its processes keep it', () => {
    const map = make(MB, { name: 'x' });
    map.set('a', 1);
    assert.equal(inspect({ name: 'x' }).kind, 'SharedMap');
    unlink({ name: 'x' });
    assert.equal(map.get('a'), 1);
    assert.equal(map.stale, true);
    assert.equal(make(MB, { name: 'x' }).size, 0);
  });

  it('a file that another process cuts off is TRUNCATED, also for cached values', () => {
    const path = tmp();
    const map = make(MB, { path }).set('a', 1);
    for (let i = 0; i < 200; i++) map.get('a');
    fs.truncateSync(path, 0);
    for (const call of [
      () => map.get('b'),
      () => map.set('a', 2),
      () => [...map],
      () => map.get('a'),
    ]) {
      assert.equal(thrownBy(call).code, 'ERR_MMAPIPC_TRUNCATED', String(call));
    }
  });

  /* `size` was 0 then, without an error. */
  it('the size of a map whose file was cut off is TRUNCATED, and no number', () => {
    const path = tmp();
    const map = make(MB, { path }).set('a', 1);
    fs.truncateSync(path, 4096);
    assert.equal(thrownBy(() => map.size).code, 'ERR_MMAPIPC_TRUNCATED');
  });

  it('console.log shows place, capacity and entries, and never throws', () => {
    const map = make(MB, { name: 'x' }).set('a', 1);
    const text = util.inspect(map);
    for (const part of [
      /^SharedMap \{/,
      /name: 'x'/,
      /capacity: 1048576/,
      /entries: 1/,
      /evict: 'none'/,
    ]) {
      assert.match(text, part);
    }
    map.close();
    assert.match(util.inspect(map), /closed: true/);
  });

  it('toJSON() is what another process passes to open it', () => {
    const map = make();
    assert.equal(JSON.parse(JSON.stringify({ map })).map, map.handle);
    assert.deepEqual(JSON.parse(JSON.stringify(make(MB, { name: 'x' }))), { name: 'x' });
  });

  it('stats() counts entries and bytes', () => {
    const map = make(MB);
    const before = map.stats();
    for (let i = 0; i < 1000; i++) map.set(`key ${i}`, 'x'.repeat(200));
    const after = map.stats();
    assert.deepEqual([before.entries, before.evictions, after.entries], [0, 0, 1000]);
    assert.ok(after.used > before.used + 200000 && after.used < 400000);
    assert.equal(after.free, after.capacity - after.used);
    assert.ok(after.stripes >= 1 && after.buckets >= 1000);
  });

  it('an object that is collected leaves the entries of a named map', async () => {
    const map = make(MB, { name: 'kept' });
    map.set('a', 1);
    (() => void new SharedMap(MB, { name: 'kept' }).set('b', 2))();
    for (let i = 0; i < 5; i++) {
      global.gc();
      await new Promise(setImmediate);
    }
    assert.deepEqual([map.get('a'), map.get('b')], [1, 2]);
  });

  /* The iterator held the table, but not the map. The map was collected in the middle of the loop, which
   * ended with ERR_MMAPIPC_CLOSED. */
  for (const [name, start] of Object.entries({
    keys: (map) => map.keys(),
    entries: (map) => map.entries(),
    values: (map) => map.values(),
    'the iterator': (map) => map[Symbol.iterator](),
    'keys of a namespace': (map) => map.namespace('k').keys(),
  })) {
    it(`${name}: a loop ends normally if nothing else refers to the map`, async () => {
      const map = make(MB, { name: 'x' });
      for (let i = 0; i < 5000; i++) map.set(`k${i}`, i);
      let count = 0;
      for await (const item of start(SharedMap.open({ name: 'x' }))) {
        if (count++ % 500 === 0) {
          global.gc();
          await new Promise(setImmediate);
        }
        assert.notEqual(item, undefined);
      }
      assert.equal(count, 5000);
    });
  }
});
