/*
 * Part of the contract: the options of the lock family.
 */
'use strict';

const assert = require('node:assert/strict');
const { inspect } = require('node:util');

const VALUE = 'ERR_INVALID_ARG_VALUE';
const TYPE = 'ERR_INVALID_ARG_TYPE';
const RANGE = 'ERR_OUT_OF_RANGE';

const WRONG = [
  [{ time: 1 }, VALUE],
  [{ timeOut: 1 }, VALUE],
  [{ share: true }, VALUE],
  [{ timeout: '1' }, TYPE],
  [{ timeout: null }, TYPE],
  [{ timeout: -1 }, RANGE],
  [{ timeout: NaN }, RANGE],
  [{ shared: 1 }, TYPE],
  [5, TYPE],
  [null, TYPE],
];

module.exports = ({ subject, create, same, isFree }) => {
  for (const [options, code] of [...WRONG, ...subject.wrong]) {
    it(`refuses the options ${inspect(options)} with ${code}, and acquires nothing`, async () => {
      const object = create();
      assert.throws(() => object.lock(options), { code });
      const forTry = options?.timeout === undefined ? code : VALUE;
      assert.throws(() => object.tryLock(options), { code: forTry });
      assert.throws(() => object.withLock(assert.fail, options), { code });
      await assert.rejects(object.lockAsync(options), { code });
      await assert.rejects(object.withLockAsync(assert.fail, options), { code });
      assert.deepEqual([object.locked, isFree(object)], [false, true]);
    });
  }

  it('refuses an option that is misspelt, with the valid ones, or is of another call', async () => {
    const object = create();
    const message = /'timeout'/;
    assert.throws(() => object.lock({ timout: 1 }), { code: VALUE, message });
    assert.throws(() => object.lock({ signal: undefined }), { code: VALUE });
    assert.throws(() => object.tryLock({ timeout: 1 }), { code: VALUE });
    await assert.rejects(object.lockAsync({ signl: undefined }), { code: VALUE });
    await assert.rejects(object.lockAsync({ signal: {} }), { code: TYPE });
    assert.throws(() => same(object, { autoLock: true }), { code: VALUE });
    assert.throws(() => same(object, { timeout: -1 }), { code: RANGE });
  });

  it('takes options that are undefined, and shared: false, as none', async () => {
    const object = create();
    object.lock(undefined).release();
    object.lock({ timeout: undefined, shared: undefined, offset: undefined }).release();
    object.lock({ shared: false }).release();
    object.tryLock({ shared: false, length: undefined }).release();
    (await object.lockAsync({ signal: undefined, shared: false })).release();
    assert.equal(object.locked, false);
  });

  it('withLock() and withLockAsync() refuse what is no function before they acquire it', async () => {
    const object = create();
    assert.throws(() => object.withLock(), { code: TYPE });
    await assert.rejects(object.withLockAsync({}), { code: TYPE });
    assert.equal(object.locked, false);
  });
};
