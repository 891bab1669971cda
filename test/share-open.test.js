/*
 * Opening a Share: the constructor, attach, open and with; access rights.
 */
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { pathToFileURL } = require('node:url');

const { Share } = require('..');
const { posixIt } = require('./support/platform');
const { scratch } = require('./support/scratch');
const { shares, thrownBy } = require('./support/shares');

describe('Share: opening', () => {
  const { make, open, attach, mmap } = shares();
  const tmp = scratch();

  it('needs a capacity, a whole number of bytes from 1 on', () => {
    for (const capacity of [undefined, null, '100', 100n]) {
      assert.throws(() => make(capacity ?? (() => {})), { code: 'ERR_INVALID_ARG_TYPE' });
    }
    assert.throws(() => new Share(), { code: 'ERR_INVALID_ARG_TYPE' });
    assert.throws(() => new Share(undefined, { name: 'x' }), { code: 'ERR_INVALID_ARG_TYPE' });
    for (const capacity of [0, -1, 1.5, NaN, Infinity, 2 ** 53, 2 ** 52]) {
      assert.throws(() => make(capacity), { name: 'RangeError', code: 'ERR_OUT_OF_RANGE' });
    }
  });

  it('reports a misspelt option with the valid one', () => {
    for (const [wrong, right] of [
      ['checkSum', 'checksum'],
      ['nam', 'name'],
      ['readonly', 'readOnly'],
      ['Codec', 'codec'],
    ]) {
      const error = thrownBy(() => make(10, { [wrong]: 'x' }));
      assert.deepEqual([error.name, error.code], ['TypeError', 'ERR_INVALID_ARG_VALUE']);
      assert.ok(error.message.includes(`'${right}'`), error.message);
    }
  });

  it('refuses "file", and names "path"', () => {
    for (const call of [() => make(10, { file: 'x' }), () => open({ file: 'x' })]) {
      const error = thrownBy(call);
      assert.equal(error.code, 'ERR_INVALID_ARG_VALUE');
      assert.match(error.message, /"path"/);
    }
    assert.match(thrownBy(() => mmap({ path: 'x', size: 10 })).message, /"?file"?/);
  });

  it('throws a TypeError for options of a wrong type', () => {
    for (const options of [
      { checksum: 1 },
      { readOnly: 'yes', name: 'x' },
      { timeout: '5' },
      { mode: '600' },
      { codec: 5 },
      { codec: {} },
      { codec: { encode: 1, decode() {} } },
      { codec: 'jsn' },
      { name: 5 },
      { path: 5 },
      { create: 'yes' },
      { handle: 'no handle' },
      null,
      'x',
    ]) {
      assert.throws(() => make(10, options), { name: 'TypeError' }, JSON.stringify(options));
    }
    assert.throws(() => make(10, { timeout: -1 }), { code: 'ERR_OUT_OF_RANGE' });
    assert.throws(() => make(10, { mode: 0o10000 }), { code: 'ERR_OUT_OF_RANGE' });
  });

  it('accepts at most one of handle, inherit, name and path', () => {
    const pairs = { handle: make(10).handle, inherit: 'x', name: 'x', path: tmp() };
    for (const one of Object.keys(pairs)) {
      for (const two of Object.keys(pairs)) {
        if (one === two) continue;
        const options = { [one]: pairs[one], [two]: pairs[two] };
        assert.throws(() => make(10, options), { code: 'ERR_INVALID_ARG_VALUE' });
      }
    }
  });

  it('gives an anonymous Share a handle, and neither name nor path', () => {
    const share = make(10);
    assert.match(share.handle, /^[!-~]+$/);
    assert.deepEqual([share.name, share.path, share.readOnly], [undefined, undefined, false]);
  });

  it('throws a TypeError for an anonymous Share with readOnly or create: false', () => {
    for (const options of [{ readOnly: true }, { create: false }]) {
      assert.throws(() => make(10, options), { code: 'ERR_INVALID_ARG_VALUE' });
    }
  });

  it('finds the capacity: attach() by handle, open() by handle, inherit, name or path', () => {
    const share = make(777);
    share.set('x');
    const second = Share.attach(share.handle);
    assert.deepEqual([second.get(), second.capacity, second.closed], ['x', 777, false]);
    assert.notEqual(second.handle, undefined);
    second.close();
    const readOnly = Share.attach(share.handle, { readOnly: true });
    assert.deepEqual([readOnly.get(), readOnly.readOnly], ['x', true]);
    readOnly.close();
    assert.equal(open({ handle: share.handle }).get(), 'x');
    make(50, { inherit: 'down' }).set('i');
    assert.equal(open({ inherit: 'down' }).get(), 'i');
    make(50, { name: 'named' }).set('n');
    assert.equal(open({ name: 'named' }).get(), 'n');
    const file = tmp();
    make(50, { path: file }).set('p');
    assert.equal(open({ path: file }).get(), 'p');
    assert.equal(open({ path: pathToFileURL(file) }).path, file);
  });

  it('refuses invalid arguments of attach() and open()', () => {
    const { handle } = make(10);
    for (const call of [
      () => Share.attach(),
      () => Share.attach(handle, null),
      () => Share.attach(handle, { handle }),
      () => Share.open(),
      () => Share.open({}),
      () => Share.open({ name: 'x', create: true }),
    ]) {
      assert.throws(call, { name: 'TypeError' });
    }
    assert.throws(() => open({ name: 'nobody has it' }), { code: 'ENOENT' });
    assert.throws(() => open({ path: tmp() }), { code: 'ENOENT' });
  });

  it("opens or creates with create: true, only opens with false, only creates with 'exclusive'", () => {
    for (const where of [{ name: 'c' }, { path: tmp() }]) {
      assert.throws(() => make(10, { ...where, create: false }), { code: 'ENOENT' });
      const share = make(10, { ...where, create: 'exclusive' });
      share.set(true);
      assert.throws(() => make(10, { ...where, create: 'exclusive' }), { code: 'EEXIST' });
      assert.equal(make(10, { ...where, create: false }).get(), true);
      assert.equal(make(10, { ...where, create: true }).get(), true);
    }
  });

  it('uses an existing Share if its capacity suffices, otherwise throws ERR_MMAPIPC_TOO_SMALL', () => {
    const share = make(100, { name: 'sized' });
    assert.equal(make(1, { name: 'sized' }).capacity, 100);
    assert.equal(make(100, { name: 'sized' }).capacity, 100);
    const refused = {
      code: 'ERR_MMAPIPC_TOO_SMALL',
      required: 101,
      capacity: 100,
      message: /100 bytes.* 101 requested; Share\.open\(\) opens it with the size it has/,
    };
    assert.throws(() => make(101, { name: 'sized' }), refused);
    assert.throws(() => make(101, { handle: share.handle ?? make(100).handle }), refused);
    assert.throws(() => open({ name: 'sized', capacity: 101 }), refused);
    assert.equal(open({ name: 'sized', capacity: 100 }).capacity, 100);
  });

  it('throws ERR_MMAPIPC_KIND for a region of Mmap, and Mmap for one of Share', () => {
    const file = tmp();
    mmap({ name: 'bytes', size: 1000 });
    make(100, { name: 'value' });
    make(100, { path: file });
    const { handle } = make(100);
    const refused = { name: 'MmapipcError', code: 'ERR_MMAPIPC_KIND' };
    assert.throws(() => make(10, { name: 'bytes' }), { ...refused, message: /Mmap.*Share/ });
    assert.throws(() => open({ name: 'bytes' }), refused);
    assert.throws(() => mmap({ name: 'value', size: 10 }), { ...refused, message: /Share.*Mmap/ });
    assert.throws(() => mmap({ handle, size: 10 }), refused);
  });

  it('with() returns the result of fn and closes the Share, also if fn throws or rejects', async () => {
    let kept;
    const keep = (share) => {
      kept = share;
      return share.set(1);
    };
    assert.equal(Share.with(10, keep), 1);
    assert.equal(kept.closed, true);
    assert.equal(Share.with(10, { codec: 'json' }, keep), 1);
    const error = new Error('mine');
    const fail = (share) => {
      share.lock();
      kept = share;
      throw error;
    };
    assert.equal(
      thrownBy(() => Share.with(10, fail)),
      error,
    );
    assert.equal(kept.closed, true);
    const later = async (share) => {
      kept = share;
      await null;
      assert.equal(share.closed, false);
      return 'later';
    };
    assert.equal(await Share.with(10, later), 'later');
    assert.equal(kept.closed, true);
    assert.throws(() => Share.with(10), { name: 'TypeError' });
  });

  it('allows only reads with readOnly; every way to set or lock throws ERR_MMAPIPC_ACCESS', async () => {
    const share = make(100);
    share.set('x');
    const reader = attach(share, { readOnly: true });
    const refused = { name: 'MmapipcError', code: 'ERR_MMAPIPC_ACCESS' };
    for (const call of [
      () => reader.set(1),
      () => reader.compareAndSet(1, 1),
      () => reader.clear(),
      () => reader.update(() => 1),
      () => reader.lock(),
      () => reader.tryLock(),
      () => reader.unlock(),
      () => reader.withLock(() => 1),
    ]) {
      assert.throws(call, refused);
    }
    await assert.rejects(reader.setAsync(1), refused);
    await assert.rejects(
      reader.updateAsync(() => 1),
      refused,
    );
    await assert.rejects(reader.lockAsync(), refused);
    await assert.rejects(
      reader.withLockAsync(() => 1),
      refused,
    );
    assert.deepEqual([reader.get(), reader.peek(), reader.version], ['x', 'x', 1]);
    assert.deepEqual([reader.locked, reader.byteLength, reader.readOnly], [false, 1, true]);
    assert.equal(share.version, 1);
  });

  posixIt('creates a path with the permission bits of `mode`, 0600 by default', () => {
    const [one, two] = [tmp(), tmp()];
    make(10, { path: one });
    make(10, { path: two, mode: 0o640 });
    assert.deepEqual(
      [one, two].map((file) => fs.statSync(file).mode & 0o777),
      [0o600, 0o640],
    );
  });

  it('needs new, as it is a class', () => {
    assert.throws(() => Share(10), TypeError);
  });
});
