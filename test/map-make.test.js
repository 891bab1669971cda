/*
 * getOrSetAsync(): one caller of all processes makes a missing value.
 */
'use strict';

const assert = require('node:assert/strict');

const { maps } = require('./support/maps');
const { peers, sleep } = require('./support/peer');
const { isLinux } = require('./support/platform');
const { within } = require('./support/shares');

/* Runs in a peer: makes the value slowly, and counts the runs of make(). */
async function getSlowly(self, ms, options) {
  return self.map.getOrSetAsync(
    'a',
    async (key) => {
      self.map.increment('runs');
      self.note('making');
      await self.sleep(ms);
      return { key, by: self.pid ?? 0 };
    },
    options,
  );
}

async function getNever(self) {
  self.map.getOrSetAsync('a', () => {
    self.map.increment('runs');
    self.note('making');
    return new Promise(() => {});
  });
  await self.sleep(600000);
}

describe('SharedMap: getOrSetAsync', function () {
  if (!isLinux) return;
  this.timeout(60000);
  const { make, attach } = maps();
  const start = peers();
  const peerOf = (map, kind = 'process') => start[kind]({ of: 'SharedMap', handle: map.handle });

  it('returns the value, or makes it with the key as argument, and sets it', async () => {
    const map = make();
    const seen = [];
    const fn = async (key) => {
      seen.push(key);
      return { n: 1 };
    };
    assert.deepEqual(await map.getOrSetAsync('a', fn), { n: 1 });
    assert.deepEqual(await map.getOrSetAsync('a', fn), { n: 1 });
    assert.deepEqual([seen, map.get('a'), map.ttl('a')], [['a'], { n: 1 }, Infinity]);
    assert.deepEqual(await map.namespace('x:').getOrSetAsync('b', fn, { ttl: 3600000 }), { n: 1 });
    assert.deepEqual([seen[1], map.ttl('x:b') <= 3600000], ['b', true]);
    map.set('null', null);
    assert.equal(await map.getOrSetAsync('null', fn), null);
    assert.equal(await map.getOrSetAsync('sync', () => 5), 5);
  });

  it('callers of one thread share one make()', async () => {
    const map = make();
    let runs = 0;
    const fn = async () => {
      runs++;
      await sleep(20);
      return 'made';
    };
    const all = await Promise.all(Array.from({ length: 50 }, () => map.getOrSetAsync('a', fn)));
    assert.deepEqual([runs, new Set(all)], [1, new Set(['made'])]);
  });

  it('an error of make() reaches its callers, and the next call makes again', async () => {
    const map = make();
    const error = new Error('mine');
    const fail = async () => {
      await null;
      throw error;
    };
    const all = [map.getOrSetAsync('a', fail), map.getOrSetAsync('a', () => 1)];
    for (const one of all) await assert.rejects(one, error);
    assert.deepEqual([map.has('a'), map.size], [false, 0]);
    assert.equal(await map.getOrSetAsync('a', () => 2), 2);
  });

  it('a value that cannot be stored rejects, and leaves nothing', async () => {
    const map = make(2 ** 16);
    await assert.rejects(
      map.getOrSetAsync('a', () => 'x'.repeat(10 ** 6)),
      { code: 'ERR_MMAPIPC_FULL' },
    );
    await assert.rejects(
      map.getOrSetAsync('a', () => undefined),
      { code: 'ERR_INVALID_RETURN_VALUE' },
    );
    assert.equal(map.size, 0);
    assert.equal(map.add('a', 1), true);
  });

  it('while a value is made, the key is absent for all other calls', async () => {
    const map = make();
    const other = attach(map);
    let finish;
    const made = map.getOrSetAsync('a', () => new Promise((resolve) => (finish = resolve)));
    await sleep(5);
    assert.deepEqual(
      [other.get('a'), other.has('a'), other.peek('a'), other.entry('a')],
      [undefined, false, undefined, undefined],
    );
    assert.deepEqual([[...other], other.replace('a', 1)], [[], false]);
    assert.deepEqual(
      [other.getMany(['a']), other.ttl('a'), other.expire('a', 5)],
      [[undefined], undefined, false],
    );
    finish(7);
    assert.equal(await made, 7);
    assert.equal(other.get('a'), 7);
  });

  /* The value may have been made from what the delete has made stale. */
  for (const [name, call] of [
    ['delete()', (map) => assert.equal(map.delete('a'), false)],
    ['clear()', (map) => map.clear()],
  ]) {
    it(`a value that is being made at ${name} reaches its callers, and is not stored`, async () => {
      const map = make();
      const other = attach(map);
      let finish;
      const made = map.getOrSetAsync('a', () => new Promise((resolve) => (finish = resolve)));
      await sleep(5);
      call(other);
      finish(7);
      assert.equal(await made, 7);
      assert.equal(other.has('a'), false);
      assert.equal(await other.getOrSetAsync('a', () => 8), 8);
    });
  }

  for (const [name, call] of [
    ['set()', (map) => map.set('a', 'mine')],
    ['add()', (map) => map.add('a', 'mine')],
    ['compareAndSet()', (map) => map.compareAndSet('a', 0, 'mine')],
    ['update()', (map) => map.update('a', () => 'mine')],
  ]) {
    it(`${name} while a value is made wins, and is what all get`, async () => {
      const map = make();
      const other = attach(map);
      let finish;
      const made = map.getOrSetAsync('a', () => new Promise((resolve) => (finish = resolve)));
      await sleep(5);
      assert.ok(call(other));
      finish('made');
      assert.deepEqual([await made, map.get('a'), other.get('a')], ['mine', 'mine', 'mine']);
    });
  }

  for (const kind of ['process', 'thread']) {
    it(`of 4 other callers (${kind}) one makes, and all get its value`, async () => {
      const map = make();
      const party = await Promise.all(Array.from({ length: 4 }, () => peerOf(map, kind)));
      const values = await Promise.all(party.map((peer) => peer.run(getSlowly, 200)));
      assert.equal(map.get('runs'), 1);
      assert.equal(new Set(values.map((value) => JSON.stringify(value))).size, 1);
    });

    it(`if the maker ends (${kind}), one of the waiting callers takes over`, async () => {
      const map = make();
      const maker = await peerOf(map, kind);
      maker.run(getNever);
      await maker.note();
      const party = await Promise.all([peerOf(map), peerOf(map)]);
      const all = party.map((peer) => peer.run(getSlowly, 10));
      const mine = map.getOrSetAsync('a', () => {
        map.increment('runs');
        return 'own';
      });
      await sleep(100);
      assert.equal(map.get('runs'), 1);
      await maker.end();
      const values = await within(10000, Promise.all([...all, mine]));
      assert.equal(new Set(values.map((value) => JSON.stringify(value))).size, 1);
      assert.equal(map.get('runs'), 2);
    });
  }

  it('if make() throws in one process, a caller of another one makes the value', async () => {
    const map = make();
    const peer = await peerOf(map);
    const failing = peer.run((self) =>
      self.map.getOrSetAsync('a', async () => {
        self.note('making');
        await self.sleep(200);
        throw new TypeError('no value');
      }),
    );
    await peer.note();
    const mine = map.getOrSetAsync('a', () => 'mine');
    await assert.rejects(failing, { name: 'TypeError' });
    assert.equal(await within(10000, mine), 'mine');
  });

  it('timeout and signal end the wait of their caller only', async () => {
    const map = make();
    const other = attach(map);
    let finish;
    const made = map.getOrSetAsync('a', () => new Promise((resolve) => (finish = resolve)));
    const controller = new AbortController();
    const never = () => assert.fail('it must not run');
    const waits = [map, other].flatMap((one) => [
      assert.rejects(one.getOrSetAsync('a', never, { timeout: 20 }), {
        code: 'ERR_MMAPIPC_TIMEOUT',
      }),
      assert.rejects(one.getOrSetAsync('a', never, { signal: controller.signal }), {
        code: 'ABORT_ERR',
      }),
    ]);
    await sleep(30);
    controller.abort();
    await within(10000, Promise.all(waits));
    await assert.rejects(other.getOrSetAsync('a', never, { signal: AbortSignal.abort() }), {
      code: 'ABORT_ERR',
    });
    const second = other.getOrSetAsync('a', never);
    finish('made');
    assert.deepEqual([await made, await within(10000, second)], ['made', 'made']);
  });

  it('close() rejects what is pending, and another object makes the value', async () => {
    const map = make();
    const other = attach(map);
    const pending = map.getOrSetAsync('a', () => new Promise(() => {}));
    await sleep(5);
    const waiting = other.getOrSetAsync('a', () => 'other');
    await sleep(20);
    map.close();
    await assert.rejects(pending, { code: 'ERR_MMAPIPC_CLOSED' });
    assert.equal(await within(10000, waiting), 'other');
  });

  it('close() rejects a call that waits for another process', async () => {
    const map = make();
    const other = attach(map);
    map.getOrSetAsync('a', () => new Promise(() => {})).catch(() => {});
    await sleep(5);
    const waiting = other.getOrSetAsync('a', () => 'other');
    await sleep(20);
    other.close();
    await assert.rejects(within(10000, waiting), { code: 'ERR_MMAPIPC_CLOSED' });
  });

  /* All callers of a thread gave up while another process made the value. A call that came a moment after
   * the wait for that process had ended joined them, and got undefined. */
  it('a call at any moment after all others have given up gets a value', async () => {
    const map = make();
    const other = attach(map);
    for (let steps = 0; steps < 8; steps++) {
      const key = `key ${steps}`;
      other.getOrSetAsync(key, () => new Promise(() => {})).catch(() => {});
      await sleep(5);
      const controller = new AbortController();
      const { signal } = controller;
      const gone = map.getOrSetAsync(key, () => 'first', { signal });
      await sleep(5);
      controller.abort();
      await assert.rejects(gone, { code: 'ABORT_ERR' });
      const late = new Promise((resolve) => {
        map.once('change', async () => {
          map.delete(key);
          for (let i = 0; i < steps; i++) await null;
          resolve(map.getOrSetAsync(key, () => 'second'));
        });
      });
      other.set(key, 'other');
      assert.match(await within(10000, late), /^(first|second)$/, `${steps} steps`);
    }
  });
});
