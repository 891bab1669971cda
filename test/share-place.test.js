/*
 * Closing, printing and posting a Share; its traces on disk and in memory.
 */
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const util = require('node:util');
const { Worker } = require('node:worker_threads');

const { Mmap, Share, inspect, unlink } = require('..');
const { layout } = require('../lib/native/binding');
const { runFunction } = require('./support/child');
const { linuxIt } = require('./support/platform');
const { scratch } = require('./support/scratch');
const { DISPOSE, shares } = require('./support/shares');

const PAYLOAD = 65536;
const BIG = 2 ** 30;

describe('Share: closing, printing, posting', () => {
  const { make } = shares();

  it('close() may be repeated; every other call then throws ERR_MMAPIPC_CLOSED', async () => {
    const share = make(100);
    share.set('x');
    share.peek();
    share.close();
    share.close();
    assert.equal(share.closed, true);
    const closed = { name: 'MmapipcError', code: 'ERR_MMAPIPC_CLOSED' };
    for (const call of [
      () => share.get(),
      () => share.peek(),
      () => share.set(1),
      () => share.compareAndSet(1, 1),
      () => share.clear(),
      () => share.update(() => 1),
      () => share.version,
      () => share.byteLength,
      () => share.lock(),
      () => share.tryLock(),
      () => share.unlock(),
      () => share.withLock(() => 1),
      () => share.flush(),
      () => share.watch(),
      () => share.on('change', () => {}),
    ]) {
      assert.throws(call, closed, String(call));
    }
    const fn = () => 1;
    for (const call of [
      () => share.setAsync(1),
      () => share.updateAsync(fn),
      () => share.changed(),
      () => share.lockAsync(),
      () => share.withLockAsync(fn),
    ]) {
      await assert.rejects(call(), closed, String(call));
    }
    assert.equal(share.listenerCount('change'), 0);
    assert.equal(share.capacity, 100);
    assert.equal(share.locked, false);
    assert.ok(inspect !== undefined && util.inspect(share).includes('closed: true'));
  });

  it('a closed Share remains closed when many others are opened', function () {
    this.timeout(120000); /* 2 s on a quiet machine */
    const old = make(64);
    old.set('old');
    old.close();
    const closed = { code: 'ERR_MMAPIPC_CLOSED' };
    /* Native handles were reused after 4,096 opens. */
    for (let i = 0; i < 4110; i++) {
      const other = make(64);
      if (i > 4080) {
        other.set('of another');
        for (const call of [() => old.get(), () => old.set(1), () => old.lock()]) {
          assert.throws(call, closed);
        }
        assert.equal(other.get(), 'of another');
      }
      other.close();
    }
  });

  it('close() while locked throws ERR_MMAPIPC_LOCKED, and the Share remains open', async () => {
    const share = make(100);
    const guard = share.lock();
    assert.throws(() => share.close(), { code: 'ERR_MMAPIPC_LOCKED' });
    guard.release();
    const second = await share.lockAsync();
    assert.throws(() => share.close(), { code: 'ERR_MMAPIPC_LOCKED' });
    second.release();
    share.close();
  });

  it('dispose releases the lock first', async () => {
    const share = make(100, { name: 'd' });
    const other = make(100, { name: 'd' });
    for (const lock of ['lock', 'lockAsync']) {
      const one = make(100, { name: 'd' });
      const guard = await one[lock]();
      one[DISPOSE]();
      one[DISPOSE]();
      assert.equal(one.closed, true);
      other.set(1);
      guard.release();
    }
    share.close();
    share[DISPOSE]();
  });

  it('JSON has the handle, { name } or { path }', () => {
    const share = make(10);
    const named = make(10, { name: 'json' });
    assert.equal(JSON.parse(JSON.stringify({ share })).share, share.handle);
    assert.deepEqual(JSON.parse(JSON.stringify(named)), { name: 'json' });
  });

  it('console.log prints kind, place and size, and never throws', () => {
    const share = make(1234, { name: 'printed' });
    share.on('change', () => {});
    for (const text of [util.inspect(share), util.inspect({ share }, { depth: 0 }), `${share}`]) {
      assert.equal(typeof text, 'string');
    }
    assert.match(util.inspect(share), /^Share .*printed.*1234/s);
    share.close();
    assert.match(util.inspect(share), /^Share /);
    assert.equal(typeof util.inspect(Share.prototype), 'string');
    assert.equal(typeof util.inspect(Object.create(share)), 'string');
  });

  it('posting to a thread throws a DataCloneError that names .handle, also with listeners', async () => {
    const worker = new Worker('setInterval(() => {}, 1000)', { eval: true });
    const share = make(100);
    const refused = { name: 'DataCloneError', message: /\.handle/ };
    const check = () => {
      assert.throws(() => structuredClone(share), refused);
      assert.throws(() => structuredClone({ a: [share] }), refused);
      assert.throws(() => worker.postMessage(share), refused);
      const other = make(1000);
      assert.throws(() => other.set(share), { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' });
    };
    check();
    share.on('change', () => {});
    check();
    share.on('change', () => {}).once('recovered', () => {});
    check();
    share.removeAllListeners();
    check();
    share.setMaxListeners(5).on('change', () => {});
    check();
    await worker.terminate();
  });
});

describe('Share: on disk', () => {
  const { make, open, files } = shares();
  const tmp = scratch();

  function patch(file, values) {
    const fd = fs.openSync(file, 'r+');
    for (const [name, value] of Object.entries(values)) {
      const { offset, type } = layout.region.fields[name];
      const bytes = Buffer.alloc(type === 'uint64_t' ? 8 : 4);
      if (type === 'uint64_t') bytes.writeBigUInt64LE(BigInt(value));
      else bytes.writeUInt32LE(value);
      fs.writeSync(fd, bytes, 0, bytes.length, offset);
    }
    fs.closeSync(fd);
  }

  /* As a power failure would leave it. */
  const goDown = (file) => patch(file, { boot_high: 0x1234, boot_low: 0x5678, clean: 0 });

  /* Changes byte `at` of the value of this version. */
  function corrupt(file, { version, capacity }, at = 0) {
    const size = layout.cellSlot.size;
    const stride = size + Math.ceil(capacity / 64) * 64;
    const position = PAYLOAD + (version % 4) * stride + size + at;
    const fd = fs.openSync(file, 'r+');
    const bytes = Buffer.alloc(1);
    fs.readSync(fd, bytes, 0, 1, position);
    bytes[0] ^= 0x10;
    fs.writeSync(fd, bytes, 0, 1, position);
    fs.closeSync(fd);
  }

  it('a path remains after all processes have closed it; flush() writes it', () => {
    const file = tmp();
    const child = (mmapipc, at) => {
      const share = new mmapipc.Share(1000, { path: at });
      share.set({ made: 'by a process that is gone' });
      share.flush();
      process.kill(process.pid, 'SIGKILL');
    };
    assert.equal(runFunction(child, [file]).signal, 'SIGKILL');
    const share = open({ path: file });
    assert.deepEqual(share.get(), { made: 'by a process that is gone' });
    assert.equal(share.flush(), undefined);
    share.set(2);
    share.close();
    const reader = open({ path: file, readOnly: true });
    assert.equal(reader.get(), 2);
    reader.flush();
    reader.close();
    unlink({ path: file });
    assert.equal(fs.existsSync(file), false);
  });

  linuxIt('a name is removed when the last process closes it', () => {
    const one = make(100, { name: 'short' });
    const two = make(100, { name: 'short' });
    one.set(1);
    one.close();
    assert.deepEqual(files(), ['short']);
    assert.equal(two.get(), 1);
    two.close();
    assert.deepEqual(files(), []);
  });

  linuxIt('without a checksum, a power failure makes an open throw ERR_MMAPIPC_UNCLEAN', () => {
    const file = tmp();
    Share.with(1000, { path: file }, (share) => share.set({ a: 1 }));
    goDown(file);
    for (const options of [{}, { readOnly: true }, { checksum: true }]) {
      assert.throws(() => open({ path: file, ...options }), { code: 'ERR_MMAPIPC_UNCLEAN' });
    }
    assert.throws(() => make(1000, { path: file }), { code: 'ERR_MMAPIPC_UNCLEAN' });
    unlink({ path: file });
    assert.equal(make(1000, { path: file }).get(), undefined);
  });

  linuxIt('after a power failure, a right checksum is accepted, and a wrong one refused', () => {
    const file = tmp();
    const options = { path: file, checksum: true };
    Share.with(1000, options, (share) => share.set({ a: 1 }));
    goDown(file);
    assert.deepEqual(
      Share.with(1000, options, (share) => share.get()),
      { a: 1 },
    );
    goDown(file);
    corrupt(file, { version: 1, capacity: 1000 });
    assert.throws(() => open(options), { code: 'ERR_MMAPIPC_UNCLEAN' });
    assert.throws(() => open(options), { code: 'ERR_MMAPIPC_UNCLEAN' });
    unlink({ path: file });
  });

  linuxIt('checksum: true detects a changed byte: ERR_MMAPIPC_CORRUPT', () => {
    const file = tmp();
    const share = make(100000, { path: file, checksum: true });
    const reader = open({ path: file, readOnly: true, checksum: true });
    const plain = open({ path: file });
    const refused = { name: 'MmapipcError', code: 'ERR_MMAPIPC_CORRUPT' };
    for (const length of [1, 100, 100000]) {
      for (const at of [0, length >> 1, length - 1]) {
        share.set('a'.repeat(length));
        assert.equal(reader.get().length, length);
        corrupt(file, share, at);
        for (const one of [share, reader, plain]) {
          assert.throws(() => one.get(), refused);
          assert.throws(() => one.peek(), refused);
        }
        assert.throws(() => share.update(() => 1), refused);
        assert.equal(share.locked, false);
      }
    }
    share.set('anew');
    assert.equal(reader.get(), 'anew');
  });

  it('checksum: true refuses a value without a checksum: ERR_MMAPIPC_CORRUPT', () => {
    const strict = make(100, { name: 'strict', checksum: true });
    const plain = make(100, { name: 'strict' });
    assert.equal(strict.get(), undefined);
    plain.set(1);
    assert.throws(() => strict.get(), { code: 'ERR_MMAPIPC_CORRUPT' });
    strict.set(2);
    assert.deepEqual([plain.get(), strict.get()], [2, 2]);
    strict.clear();
    assert.equal(strict.get(), undefined);
  });

  linuxIt('a truncated file throws ERR_MMAPIPC_TRUNCATED, and never gives a torn value', () => {
    /* also inside pages, which the system does not report: header, head of a slot, a value, the mark */
    const cuts = [0, 100, 330, 4096, 5000, PAYLOAD, PAYLOAD + 10, PAYLOAD + 4096, PAYLOAD + 20160];
    for (const cut of [...cuts, PAYLOAD + 36864, PAYLOAD + 50000, PAYLOAD + 80386]) {
      const file = tmp();
      const share = make(20000, { path: file });
      const value = 'v'.repeat(20000);
      share.set(value);
      share.set(value);
      fs.truncateSync(file, cut);
      const attempt = (call) => {
        try {
          return call();
        } catch (error) {
          assert.equal(error.code, 'ERR_MMAPIPC_TRUNCATED', `${cut} ${error.stack}`);
          return value;
        }
      };
      assert.equal(
        attempt(() => share.get()),
        value,
      );
      assert.equal(
        attempt(() => share.peek()),
        value,
      );
      attempt(() => share.version);
      attempt(() => share.set(value));
      attempt(() => share.set(value));
      assert.throws(
        () => share.get() === value && share.set('x') && share.set('y') && share.set('z'),
        { code: 'ERR_MMAPIPC_TRUNCATED' },
        `${cut}`,
      );
      assert.throws(() => share.get(), { code: 'ERR_MMAPIPC_TRUNCATED' });
      assert.throws(() => share.set(1), { code: 'ERR_MMAPIPC_TRUNCATED' });
      assert.equal(share.locked, false);
      share.close();
    }
  });

  linuxIt('an anonymous Share of 1 GiB that holds 1 KB takes under 1 MiB of memory', () => {
    const body = ({ Share: It }, capacity) => {
      const resident = () => {
        const text = require('node:fs').readFileSync('/proc/self/smaps', 'utf8');
        const parts = text.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
        return parts
          .filter((part) => /memfd:mmapipc/.test(part))
          .reduce((sum, part) => sum + Number(/^Rss: +(\d+)/m.exec(part)[1]), 0);
      };
      const share = new It(capacity);
      for (let i = 0; i < 100; i++) {
        share.set('x'.repeat(1000));
        share.get();
      }
      console.log(JSON.stringify({ kb: resident(), capacity: share.capacity }));
    };
    const { stdout, stderr } = runFunction(body, [BIG]);
    const { kb, capacity } = JSON.parse(stdout || stderr);
    assert.equal(capacity, BIG);
    assert.ok(kb > 0 && kb < 1024, `${kb} KB`);
  });

  it('a Share and an Mmap work in one process', () => {
    const share = make(100);
    const map = new Mmap({ size: 100 });
    share.set('x');
    map.write('y');
    assert.deepEqual([share.get(), map.readString(0, 1)], ['x', 'y']);
    map.close();
  });
});
