/*
 * Regions inherited by children and threads, and the ways to pass on a handle.
 */
'use strict';

const assert = require('node:assert/strict');
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { Worker } = require('node:worker_threads');

const { Mmap } = require('..');
const { ROOT, runFunction } = require('./support/child');
const { peers } = require('./support/peer');
const { isLinux } = require('./support/platform');
const { regions } = require('./support/regions');

const CLUSTER = path.join(__dirname, 'fixtures', 'region-cluster.js');
const LATER = path.join(__dirname, 'fixtures', 'lock-peer.js');
const NOT_INHERITED = { code: 'ERR_MMAPIPC_NOT_INHERITED', message: /before the first fork/ };

/* Adds 1 to the first word of the inherited region `name`, `times` times; returns its handle. */
function count(self, name, times, options) {
  const map = new self.Mmap({ inherit: name, size: 64, ...options });
  const words = new Int32Array(map.buffer.buffer, 0, 16);
  for (let i = 0; i < times; i++) Atomics.add(words, 0, 1);
  self.kept = map;
  return map.handle;
}
const counted = (map) => new Int32Array(map.buffer.buffer, 0, 16)[0];

describe('an inherited region', function () {
  if (!isLinux) return;
  this.timeout(30000);
  const { open } = regions();
  const start = peers();

  it('is one memory for 4 cluster workers, 2 of them restarted', () => {
    const { stdout, stderr } = spawnSync(process.execPath, [CLUSTER, '4', '25000'], {
      encoding: 'utf8',
    });
    assert.deepEqual(JSON.parse(stdout), { workers: 6, counted: 150000 }, stderr);
  });

  it('throws in a cluster worker that opens it first, and advises to open it in the primary', () => {
    const { stdout } = spawnSync(process.execPath, [CLUSTER, 'first'], { encoding: 'utf8' });
    const { code, message, path: at } = JSON.parse(stdout);
    assert.deepEqual([code, at], [NOT_INHERITED.code, undefined]);
    assert.match(message, NOT_INHERITED.message);
    assert.match(message, /MMAPIPC_INHERIT_.*Mmap\.open\(\)/);
  });

  it('has an attachment for each forked child and grandchild', async () => {
    const map = open({ inherit: 'x', size: 64 });
    const children = await Promise.all([1, 2, 3].map(() => start.process()));
    const handles = await Promise.all(children.map((child) => child.run(count, 'x', 10000)));
    assert.equal(counted(map), 30000);
    assert.equal(new Set([map.handle, ...handles]).size, 4);
    const grandchild = (self, root) => {
      const script = `const { Mmap } = require(${JSON.stringify(root)});
        new Mmap({ inherit: 'x' }).buffer.writeUInt32LE(7, 8);
        console.log(process.env.MMAPIPC_INHERIT_78)`;
      return self
        .require('node:child_process')
        .execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' });
    };
    assert.match(await children[0].run(grandchild, ROOT), /^memfd:/);
    assert.equal(map.buffer.readUInt32LE(8), 7);
  });

  it("is found by a process spawned with the parent's environment, not without", () => {
    const map = open({ inherit: 'x', size: 64 });
    const child = (mmapipc) => {
      const there = new mmapipc.Mmap({ inherit: 'x', size: 64 });
      console.log(there.buffer.readUInt8(0));
    };
    map.write('A');
    assert.equal(runFunction(child).stdout.trim(), '65');
    const own = runFunction(child, [], { env: { MMAPIPC_INHERIT_78: undefined } });
    assert.equal(own.stdout.trim(), '0', own.stderr);
  });

  it('is passed on by a handle of this process, as long as it has one', () => {
    const variable = 'MMAPIPC_INHERIT_6162';
    const one = open({ inherit: 'ab', size: 64 });
    assert.equal(process.env[variable], one.handle);
    const two = open({ inherit: 'ab' });
    assert.equal(process.env[variable], two.handle);
    two.close();
    assert.equal(process.env[variable], one.handle);
    one.close();
    assert.equal(process.env[variable], undefined);
    open({ inherit: 'ab', size: 64, create: 'exclusive' });
    assert.notEqual(process.env[variable], one.handle);
  });

  it('is found by threads started before or after any thread opened it', async () => {
    const before_ = await start.thread();
    const map = open({ inherit: 'x', size: 64 });
    const after_ = await start.thread();
    for (const thread of [before_, after_]) await thread.run(count, 'x', 1000);
    assert.equal(counted(map), 2000);
    await before_.run(count, 'of a thread', 5, { create: 'exclusive' });
    await after_.run(count, 'of a thread', 5);
    assert.equal(counted(open({ inherit: 'of a thread' })), 10);
  });

  it('throws in threads and forked children that cannot find it, unless they may create it', async () => {
    for (const kind of ['thread', 'process']) {
      const peer = await start[kind]();
      await assert.rejects(peer.run(count, 'nothing', 1), NOT_INHERITED);
      await assert.rejects(peer.run(count, 'nothing', 1, { readOnly: true }), NOT_INHERITED);
      assert.match(await peer.run(count, 'nothing', 1, { create: 'exclusive' }), /^memfd:/);
      assert.match(await peer.run(count, 'nothing', 1), /^memfd:/);
    }
    const map = open({ inherit: 'gone', size: 64 });
    const child = await start.process();
    map.close();
    await assert.rejects(child.run(count, 'gone', 1), {
      code: NOT_INHERITED.code,
      message: /gone/,
    });
  });

  it('is found through an attached child after its creator was killed', async () => {
    const script = `
      const { fork } = require('node:child_process');
      const { Mmap } = require(${JSON.stringify(ROOT)});
      const map = new Mmap({ inherit: 'x', size: 64 });
      map.write('made');
      const child = fork(${JSON.stringify(LATER)}, { detached: true });
      child.on('message', () => console.log(JSON.stringify([map.handle, child.pid])));
      child.send({ id: 1, args: [], code: "(self) => void (self.kept = self.Mmap.open({ inherit: 'x' }), setInterval(() => {}, 1000), process.removeAllListeners('disconnect'), self.kept.handle)" });`;
    const creator = spawn(process.execPath, ['-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(creator.stdout, 'data');
    const [handle, pid] = JSON.parse(line);
    creator.kill('SIGKILL');
    await once(creator, 'exit');
    try {
      assert.equal(fs.existsSync(`/proc/${handle.split(':')[2]}`), false);
      const map = Mmap.attach(handle);
      assert.equal(map.readString(0, 4), 'made');
      assert.notEqual(map.handle.split(':')[2], handle.split(':')[2]);
      process.env.MMAPIPC_INHERIT_78 = handle;
      assert.equal(open({ inherit: 'x' }).readString(0, 4), 'made');
      map.close();
    } finally {
      process.kill(pid, 'SIGKILL');
    }
  });

  it('has a handle that works through workerData, postMessage, argv, env and process.send', async () => {
    const map = open({ size: 64 });
    const child = (mmapipc, handle) => {
      const there = mmapipc.Mmap.attach(handle);
      Atomics.add(new Int32Array(there.buffer.buffer, 0, 1), 0, 1);
    };
    assert.equal(runFunction(child, [map]).status, 0);
    const peer = await start.process();
    await peer.run((self, h) => self.Mmap.attach(h).write('x', 8), map.handle);
    const code = `const { workerData, parentPort } = require('node:worker_threads');
      const there = require(${JSON.stringify(ROOT)}).Mmap.attach(workerData);
      Atomics.add(new Int32Array(there.buffer.buffer, 0, 1), 0, 1);
      parentPort.postMessage(0)`;
    const worker = new Worker(code, { eval: true, workerData: map.handle });
    await once(worker, 'message');
    await worker.terminate();
    assert.deepEqual([counted(map), map.readString(8, 1)], [2, 'x']);
  });

  it('has a handle that never opens another file under the same descriptor', () => {
    const target = path.join(process.env.MMAPIPC_DIR, 'victim');
    fs.writeFileSync(target, 'precious'.repeat(20000));
    const before_ = fs.readFileSync(target);
    let tried = 0;
    for (let i = 0; i < 50; i++) {
      const map = new Mmap({ size: 64 });
      const { handle } = map;
      const number = Number(handle.split(':')[3]);
      map.close();
      const held = [];
      while (!held.includes(number) && held.length < 100) held.push(fs.openSync(target, 'r+'));
      if (held.includes(number)) tried++;
      assert.throws(() => Mmap.attach(handle), { code: 'ENOENT' });
      for (const fd of held) fs.closeSync(fd);
    }
    assert.ok(tried > 40, `${tried} of 50 numbers were used again`);
    assert.ok(fs.readFileSync(target).equals(before_));
    console.log(`      ${tried} descriptors reused for another file`);
  });

  it('throws in a forked child that inherited another name', async () => {
    open({ inherit: 'one', size: 64 });
    const child = await start.process();
    await assert.rejects(child.run(count, 'two', 1), NOT_INHERITED);
  });

  it('throws an error that names a variable without a valid handle', () => {
    process.env.MMAPIPC_INHERIT_78 = 'rubbish';
    assert.throws(() => open({ inherit: 'x', size: 1 }), {
      code: 'ERR_INVALID_ARG_VALUE',
      message: /MMAPIPC_INHERIT_78 does not hold a handle/,
    });
  });
});
