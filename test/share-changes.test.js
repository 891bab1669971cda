/*
 * A Share that tells of its changes: changed(), watch(), 'change'.
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

  it('gives the version of the next set, by this object or another one', async () => {
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

  it('since: a version that is over already gives the one that is there, at once', async () => {
    const share = make();
    share.set(1);
    share.set(2);
    assert.equal(await within(LONG, share.changed({ since: 1 })), 2);
    assert.equal(await within(LONG, share.changed({ since: 0 })), 2);
    const next = share.changed({ since: 2 });
    share.set(3);
    assert.equal(await within(LONG, next), 3);
  });

  it('no change is missed between changed({ since }) and the next one', async () => {
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

  it('timeout: ERR_MMAPIPC_TIMEOUT, and nothing is left of it', async () => {
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

  it('signal: AbortError with code ABORT_ERR and the reason as its cause', async () => {
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

  it('wrong options are told', async () => {
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

  it('many wait at once: all are told', async () => {
    const share = make();
    const all = Array.from({ length: 200 }, () => share.changed());
    share.set(1);
    assert.deepEqual(new Set(await within(LONG, Promise.all(all))), new Set([1]));
  });

  it('a read-only attacher is told too', async () => {
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

  it('gives the newest value each time, and skips what came between', async () => {
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

  it('begins with the first change after the call, whenever it is iterated over', async () => {
    const share = make();
    share.set('before');
    const watch = share.watch();
    share.set('after');
    assert.deepEqual(await within(LONG, watch.next()), { value: 'after', done: false });
    await watch.return();
  });

  it('a cleared value comes as undefined', async () => {
    const share = make();
    share.set(1);
    const watch = share.watch();
    share.clear();
    assert.deepEqual(await within(LONG, watch.next()), { value: undefined, done: false });
    await watch.return();
  });

  it('break ends it, and nothing is left waiting', async () => {
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

  it('signal ends it with an AbortError, close() as if nothing more came', async () => {
    const share = make();
    const controller = new AbortController();
    const one = share.watch({ signal: controller.signal }).next();
    const two = share.watch().next();
    controller.abort('why');
    await assert.rejects(within(LONG, one), { name: 'AbortError', cause: 'why' });
    share.close();
    assert.deepEqual(await within(LONG, two), { value: undefined, done: true });
  });

  it('return() and throw() end it at once while next() is pending', async () => {
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

  it('can be read as a stream, which ends when it is destroyed', async () => {
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

  it('since: 0 begins with the value that is there', async () => {
    const share = make();
    share.set('there');
    const { value } = await within(LONG, share.watch({ since: 0 }).next());
    assert.equal(value, 'there');
  });

  it('many waits on one AbortSignal have one listener', async () => {
    const share = make();
    const { signal } = new AbortController();
    const all = Array.from({ length: 20 }, () => share.changed({ signal }));
    assert.equal(getEventListeners(signal, 'abort').length, 1);
    share.set(1);
    await Promise.all(all);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  it('two watch() at once each see the last value', async () => {
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

  it('tells the version, of own writes and of those of other objects', async () => {
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

  it('is called later, never from within set(), and with the newest version last', async () => {
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

  it('a listener that sets the value itself is told of that too', async () => {
    const share = make();
    share.on('change', () => share.version < 10 && share.set(share.version));
    share.set('go');
    while (share.version < 10) await sleep(1);
  });

  it('once, off, removeAllListeners, addListener, prependListener work as in EventEmitter', async () => {
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

  it("events.once(share, 'change') and share.eventNames() work", async () => {
    const share = make();
    const next = once(share, 'change');
    share.set(1);
    assert.deepEqual(await within(LONG, next), [1]);
    share.on('recovered', () => {});
    assert.deepEqual(share.eventNames(), ['recovered']);
  });

  it('listeners may be taken off after close(), and none is called', async () => {
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

  it('what a listener throws is an uncaughtException, and the Share goes on', () => {
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

  it('what a listener throws without a handler ends the process', () => {
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
