/*
 * Notification of changes: changed(), watch(), 'change'.
 */
'use strict';

const assert = require('node:assert/strict');
const { getEventListeners, once } = require('node:events');
const { Readable } = require('node:stream');

const { runFunction } = require('./support/child');
const { sleep } = require('./support/peer');
const { shares, within } = require('./support/shares');

const LONG = 10000; /* ms: 'not stuck' */

describe('Share: changed()', () => {
  const { make, attach } = shares();

  it('resolves with the version of the next set, by this object or another one', async () => {
    const share = make();
    const other = attach(share);
    const first = share.changed();
    share.set('a');
    assert.equal(await within(LONG, first), 1);
    const second = share.changed();
    setTimeout(() => other.set('b'), 5);
    assert.equal(await within(LONG, second), 2);
    const third = share.changed();
    other.clear();
    assert.equal(await within(LONG, third), 3);
  });

  it('resolves immediately with the current version if `since` is older', async () => {
    const share = make();
    share.set(1);
    share.set(2);
    assert.equal(await within(LONG, share.changed({ since: 1 })), 2);
    assert.equal(await within(LONG, share.changed({ since: 0 })), 2);
    const next = share.changed({ since: 2 });
    share.set(3);
    assert.equal(await within(LONG, next), 3);
  });

  it('misses no change between two calls with `since`', async () => {
    const share = make();
    const other = attach(share);
    let last = 0;
    const writer = (async () => {
      for (let i = 0; i < 300; i++) {
        other.set(i);
        if (i % 3 === 0) await sleep(0);
      }
    })();
    while (last < 300) {
      const version = await within(LONG, share.changed({ since: last }));
      assert.ok(version > last);
      last = version;
    }
    await writer;
  });

  it('rejects with ERR_MMAPIPC_TIMEOUT after `timeout`, and leaves nothing pending', async () => {
    const share = make();
    for (const timeout of [0, 1, 20]) {
      await assert.rejects(share.changed({ timeout }), {
        name: 'MmapipcError',
        code: 'ERR_MMAPIPC_TIMEOUT',
      });
    }
    share.set(1);
    assert.equal(await share.changed({ since: 0, timeout: 0 }), 1);
  });

  it('rejects with AbortError, code ABORT_ERR and the reason as its cause, on abort', async () => {
    const share = make();
    const reason = new Error('enough');
    const refused = { name: 'AbortError', code: 'ABORT_ERR', cause: reason };
    await assert.rejects(share.changed({ signal: AbortSignal.abort(reason) }), refused);
    const controller = new AbortController();
    const promise = share.changed({ signal: controller.signal });
    controller.abort(reason);
    await assert.rejects(promise, refused);
    const late = new AbortController();
    const settled = share.changed({ signal: late.signal });
    share.set(1);
    assert.equal(await settled, 1);
    late.abort();
  });

  it('refuses invalid options', async () => {
    const share = make();
    for (const options of [
      { since: '1' },
      { since: -1 },
      { timeout: '1' },
      { timeout: -1 },
      { signal: {} },
      { sinse: 1 },
    ]) {
      await assert.rejects(share.changed(options), /TypeError|RangeError/);
    }
    assert.throws(() => share.watch({ signal: 1 }), { name: 'TypeError' });
    assert.throws(() => share.watch({ sinse: 1 }), { name: 'TypeError' });
  });

  it('notifies all of many waits', async () => {
    const share = make();
    const all = Array.from({ length: 200 }, () => share.changed());
    share.set(1);
    assert.deepEqual(new Set(await within(LONG, Promise.all(all))), new Set([1]));
  });

  it('notifies a read-only object', async () => {
    const share = make();
    const reader = attach(share, { readOnly: true });
    for (let i = 1; i < 5; i++) {
      const next = reader.changed();
      share.set(i);
      assert.equal(await within(LONG, next), i);
      await sleep(i * 10);
    }
  });
});

describe('Share: watch()', () => {
  const { make, attach } = shares();

  it('yields the newest value each time, and skips intermediate ones', async () => {
    const share = make();
    const seen = [];
    const watching = (async () => {
      for await (const value of share.watch()) {
        seen.push(value);
        if (value === 'last') break;
        await sleep(20);
      }
    })();
    for (let i = 0; i < 100; i++) share.set(i);
    await sleep(5);
    share.set('between');
    share.set('last');
    await within(LONG, watching);
    assert.ok(seen.length <= 4, seen.join());
    assert.equal(seen.at(-1), 'last');
    assert.ok(!seen.includes(0));
  });

  it('starts with the first change after the call, even if the iteration starts later', async () => {
    const share = make();
    share.set('before');
    const watch = share.watch();
    share.set('after');
    assert.deepEqual(await within(LONG, watch.next()), { value: 'after', done: false });
    await watch.return();
  });

  it('yields undefined for a cleared value', async () => {
    const share = make();
    share.set(1);
    const watch = share.watch();
    share.clear();
    assert.deepEqual(await within(LONG, watch.next()), { value: undefined, done: false });
    await watch.return();
  });

  it('ends on break, and leaves nothing pending', async () => {
    const share = make();
    const other = attach(share);
    for (let i = 0; i < 20; i++) {
      const watch = share.watch();
      other.set(i);
      for await (const value of watch) {
        assert.equal(value, i);
        break;
      }
    }
    share.close();
  });

  it('throws an AbortError on abort, and ends normally on close()', async () => {
    const share = make();
    const controller = new AbortController();
    const one = share.watch({ signal: controller.signal }).next();
    const two = share.watch().next();
    controller.abort('why');
    await assert.rejects(within(LONG, one), { name: 'AbortError', cause: 'why' });
    share.close();
    assert.deepEqual(await within(LONG, two), { value: undefined, done: true });
  });

  it('ends immediately on return() and throw() while next() is pending', async () => {
    const share = make();
    const one = share.watch();
    const pending = one.next();
    assert.deepEqual(await within(LONG, one.return(7)), { value: 7, done: true });
    assert.deepEqual(await within(LONG, pending), { value: undefined, done: true });
    assert.deepEqual(await one.next(), { value: undefined, done: true });
    const two = share.watch();
    const other = two.next();
    await assert.rejects(within(LONG, two.throw(new Error('mine'))), { message: 'mine' });
    assert.equal((await within(LONG, other)).done, true);
  });

  it('works as the source of a stream, and ends when the stream is destroyed', async () => {
    const share = make();
    const stream = Readable.from(share.watch());
    const data = once(stream, 'data');
    await sleep(5);
    share.set('news');
    assert.deepEqual(await within(LONG, data), ['news']);
    const closed = once(stream, 'close');
    stream.destroy();
    await within(LONG, closed);
  });

  it('starts with the current value if since is 0', async () => {
    const share = make();
    share.set('there');
    const { value } = await within(LONG, share.watch({ since: 0 }).next());
    assert.equal(value, 'there');
  });

  it('adds one listener to an AbortSignal for many waits', async () => {
    const share = make();
    const { signal } = new AbortController();
    const all = Array.from({ length: 20 }, () => share.changed({ signal }));
    assert.equal(getEventListeners(signal, 'abort').length, 1);
    share.set(1);
    await Promise.all(all);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  it('yields the last value to each of two iterators', async () => {
    const share = make();
    const last = async (watch) => {
      for await (const value of watch) if (value === 9) return value;
      return undefined;
    };
    const both = [last(share.watch()), last(share.watch())];
    for (let i = 0; i < 10; i++) share.set(i);
    assert.deepEqual(await within(LONG, Promise.all(both)), [9, 9]);
  });
});

describe("Share: 'change'", () => {
  const { make, attach } = shares();

  it('has the version of own writes and of writes of other objects', async () => {
    const share = make();
    const other = attach(share);
    const seen = [];
    share.on('change', (version) => seen.push(version));
    share.set(1);
    while (seen.length < 1) await sleep(1);
    other.set(2);
    while (seen.length < 2) await sleep(1);
    share.clear();
    while (seen.length < 3) await sleep(1);
    assert.deepEqual(seen, [1, 2, 3]);
  });

  it('is emitted after set() has returned, the newest version last', async () => {
    const share = make();
    const seen = [];
    share.on('change', (version) => seen.push(version));
    for (let i = 0; i < 1000; i++) share.set(i);
    assert.deepEqual(seen, []);
    while (seen.at(-1) !== 1000) await sleep(1);
    for (let i = 1; i < seen.length; i++) assert.ok(seen[i] > seen[i - 1]);
    await sleep(30);
    assert.equal(seen.at(-1), 1000);
  });

  it('is emitted also for a set by the listener', async () => {
    const share = make();
    share.on('change', () => share.version < 10 && share.set(share.version));
    share.set('go');
    while (share.version < 10) await sleep(1);
  });

  it('supports once, off, addListener and the other methods of EventEmitter', async () => {
    const share = make();
    const calls = [];
    const log = (name) => () => calls.push(name);
    const gone = log('gone');
    share.once('change', log('once')).prependListener('change', log('first'));
    share.addListener('change', gone).off('change', gone);
    share.prependOnceListener('change', log('zero'));
    share.set(1);
    while (calls.length < 3) await sleep(1);
    assert.deepEqual(calls.splice(0), ['zero', 'first', 'once']);
    share.set(2);
    while (calls.length < 1) await sleep(1);
    assert.deepEqual(calls.splice(0), ['first']);
    assert.equal(share.removeAllListeners(), share);
    share.set(3);
    await sleep(20);
    assert.deepEqual(calls, []);
    share.on('change', log('again'));
    share.set(4);
    while (calls.length < 1) await sleep(1);
    share.removeAllListeners('change');
    assert.equal(share.listenerCount('change'), 0);
  });

  it('works with events.once() and eventNames()', async () => {
    const share = make();
    const next = once(share, 'change');
    share.set(1);
    assert.deepEqual(await within(LONG, next), [1]);
    share.on('recovered', () => {});
    assert.deepEqual(share.eventNames(), ['recovered']);
  });

  it('is not emitted after close(), and listeners can then be removed', async () => {
    const share = make();
    let calls = 0;
    const one = () => calls++;
    const two = () => calls++;
    share.on('change', one).on('change', two);
    share.close();
    share.off('change', one);
    share.removeAllListeners();
    await sleep(10);
    assert.equal(calls, 0);
    assert.throws(() => share.on('change', one), { code: 'ERR_MMAPIPC_CLOSED' });
  });

  it('turns an error of a listener into an uncaughtException, and continues', () => {
    const body = ({ Share }) => {
      const share = new Share(100);
      const seen = [];
      process.on('uncaughtException', (error) => {
        seen.push(error.message);
        setImmediate(() => share.set(1));
      });
      share.on('change', (version) => {
        if (version < 3) throw new Error(`mine ${version}`);
        console.log(JSON.stringify(seen));
        process.exit();
      });
      share.ref();
      share.set(1);
    };
    const { stdout, stderr } = runFunction(body);
    assert.deepEqual(JSON.parse(stdout || '[]'), ['mine 1', 'mine 2'], stderr);
  });

  it('ends the process on an error of a listener without a handler', () => {
    const body = ({ Share }) => {
      const share = new Share(100);
      share.on('change', () => {
        throw new Error('mine');
      });
      share.ref();
      share.set(1);
    };
    const { status, stderr } = runFunction(body);
    assert.equal(status, 1);
    assert.match(stderr, /Error: mine/);
  });
});
