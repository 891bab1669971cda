/*
 * Garbage collection never removes a region that others can find. A primary opened a region before
 * its first fork, as advised, and did not use it again; the region and its value were gone when a
 * worker opened it.
 */
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { Worker } = require('node:worker_threads');
const { once } = require('node:events');

const { Mmap, Share, inspect } = require('..');
const { amount, grouped } = require('./support/amounts');
const { ROOT, runFunction } = require('./support/child');
const { collect, holdings, mappingsOf } = require('./support/holdings');
const { isLinux } = require('./support/platform');
const { regions } = require('./support/regions');

const FORGOTTEN = amount(200, 2000);
const VARIABLE = (name) => `MMAPIPC_INHERIT_${Buffer.from(name).toString('hex')}`;

describe('a region whose object was collected', function () {
  if (!isLinux) return;
  this.timeout(60000);
  const { open, files, directory } = regions();

  const forgotten = async (options, use = () => undefined) => {
    const result = (() => {
      const share = new Share(64, options);
      share.set('value');
      return use(share);
    })();
    await collect(6);
    return result;
  };

  it('remains with its value when opened by name or path', async () => {
    const path = `${directory}/kept`;
    for (const options of [{ name: 'kept' }, { path }]) {
      await forgotten(options);
      assert.equal(inspect(options).writers, 1);
      Share.with(64, options, (share) => assert.equal(share.get(), 'value'));
    }
    assert.deepEqual(files(), ['kept']);
  });

  it('remains for this process, its threads and its children when opened by inherit', async () => {
    await forgotten({ inherit: 'forgotten' });
    Share.with(64, { inherit: 'forgotten' }, (share) => assert.equal(share.get(), 'value'));
    const child = (mmapipc) => {
      console.log(mmapipc.Share.open({ inherit: 'forgotten' }).get());
    };
    assert.equal(runFunction(child).stdout.trim(), 'value');
    const code = `const { Share } = require(${JSON.stringify(ROOT)});
      require('node:worker_threads').parentPort.postMessage(Share.open({ inherit: 'forgotten' }).get())`;
    const [got] = await once(new Worker(code, { eval: true }), 'message');
    assert.equal(got, 'value');
  });

  it('remains when its handle was read, in any way', async () => {
    const { inspect: print } = require('node:util');
    const ways = [
      (share) => share.handle,
      (share) => JSON.parse(JSON.stringify(share)),
      (share) => /memfd:\S+(?=')/.exec(print(share))[0],
    ];
    for (const way of ways) {
      const handle = await forgotten({}, way);
      Share.attach(handle).close();
    }
  });

  it('is unmapped when its handle was never read', async () => {
    const held = new Share(64); /* proves that mappings are counted */
    const { length } = mappingsOf('memfd:mmapipc');
    assert.ok(length > 0);
    await forgotten({});
    assert.ok(mappingsOf('memfd:mmapipc').length <= length);
    held.close();
  });

  it(`is one attachment after ${grouped(FORGOTTEN)} opens that were collected`, async () => {
    await forgotten({ name: 'again' });
    const { fds } = holdings();
    for (let i = 0; i < FORGOTTEN; i++) {
      void new Share(64, { name: 'again' });
      if (i % 100 === 99) await collect(3);
    }
    await collect(6);
    assert.ok(holdings().fds <= fds + 4, `${fds} -> ${holdings().fds}`);
    assert.equal(inspect({ name: 'again' }).writers, 1);
  });

  it('remains after its thread ended, unlike one whose object was not collected', async () => {
    for (const [name, isForgotten] of [
      ['forgotten in a thread', true],
      ['open in a thread', false],
    ]) {
      const code = `const { Share } = require(${JSON.stringify(ROOT)});
        const { parentPort } = require('node:worker_threads');
        let share = new Share(64, { name: ${JSON.stringify(name)} });
        share.set('value');
        if (${isForgotten}) share = undefined; else globalThis.share = share;
        setImmediate(async () => {
          for (let i = 0; i < 8; i++) { gc(); await new Promise(setImmediate); }
          parentPort.postMessage(0);
        });`;
      const worker = new Worker(code, { eval: true });
      await once(worker, 'exit');
      assert.equal(files().includes(encodeURIComponent(name)), isForgotten, name);
      if (isForgotten) assert.equal(Share.open({ name }).get(), 'value');
    }
  });

  it('leaves no file in the names directory when the process ends', () => {
    const child = async (mmapipc) => {
      (() => void new mmapipc.Share(64, { name: 'of a child' }).set(1))();
      for (let i = 0; i < 8; i++) {
        global.gc();
        await new Promise(setImmediate);
      }
      console.log(mmapipc.inspect({ name: 'of a child' }).writers);
      process.exit();
    };
    const { stdout, stderr } = runFunction(child, [], { nodeArgs: ['--expose-gc'] });
    assert.equal(stdout.trim(), '1', stderr);
    assert.equal(files().includes('of%20a%20child') || files().includes('of a child'), false);
  });

  describe('the environment variable of an inherited name', () => {
    it('is removed when the last object of this thread closes', () => {
      const one = open({ inherit: 'v1', size: 64 });
      const two = open({ inherit: 'v1', size: 64 });
      two.close();
      assert.equal(process.env[VARIABLE('v1')], one.handle);
      one.close();
      assert.equal(process.env[VARIABLE('v1')], undefined);
    });

    it('gets back the value from the parent process', () => {
      const map = open({ size: 64 });
      process.env[VARIABLE('v2')] = map.handle;
      const inherited = open({ inherit: 'v2', size: 64 });
      assert.notEqual(process.env[VARIABLE('v2')], map.handle);
      inherited.close();
      assert.equal(process.env[VARIABLE('v2')], map.handle);
    });

    it('remains after an object was collected', async () => {
      await forgotten({ inherit: 'v3' });
      new Share(64, { inherit: 'v3' }).close();
      assert.match(process.env[VARIABLE('v3')], /^memfd:/);
    });

    it('has a name short enough to start children', () => {
      for (const [name, code] of [
        ['x'.repeat(256), 'ERR_INVALID_ARG_VALUE'],
        ['\u20ac'.repeat(86), 'ERR_INVALID_ARG_VALUE'],
      ]) {
        assert.throws(() => new Share(64, { inherit: name }), { code });
        assert.throws(() => new Mmap({ size: 64, inherit: name }), { code });
      }
      new Share(64, { inherit: '\u20ac'.repeat(85) }).close();
      assert.ok(fs.existsSync('/proc/self'));
    });
  });
});
