/*
 * Several handlers of SIGBUS in one process: copies of the package, and listeners. Two copies passed
 * an unguarded fault to each other endlessly, at 100 % CPU.
 */
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');

const { ROOT, runFunction } = require('./support/child');
const { linuxIt } = require('./support/platform');
const { scratch } = require('./support/scratch');

describe('several handlers of SIGBUS', function () {
  this.timeout(30000);
  const tmp = scratch();

  /* A copy of the package with its own binary, which the loader treats as another library. */
  function copyPackage() {
    const folder = tmp();
    const binary = require.resolve('../build/Release/mmapipc.node');
    for (const part of ['lib', 'package.json', path.relative(ROOT, binary)]) {
      fs.cpSync(path.join(ROOT, part), path.join(folder, part), { recursive: true });
    }
    fs.symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
    return folder;
  }

  function run(how, listen) {
    const files = [tmp(), tmp(), tmp()];
    for (const file of files) fs.writeFileSync(file, Buffer.alloc(16384, 'x'));
    const body = (A, other, [fileA, fileB, nobodys], what, listens) => {
      const { truncateSync } = require('node:fs');
      const B = require(other);
      if (B.Mmap === A.Mmap) throw new Error('the copy is the same module');
      if (listens) {
        process.on('SIGBUS', () => {
          console.log('heard');
          process.exit();
        });
      }
      const maps = [];
      for (const { Mmap } of [A, B, A, B, A]) maps.push(new Mmap(Mmap === A.Mmap ? fileA : fileB));
      const crash = new A.Mmap({ file: nobodys, onTruncate: 'crash' });
      truncateSync(fileA, 0);
      truncateSync(fileB, 0);
      console.log(maps.map((map) => map.buffer[9000]).join(''));
      truncateSync(nobodys, 0);
      if (what === 'kill') process.kill(process.pid, 'SIGBUS');
      else crash.buffer[9000];
      setTimeout(() => console.log('alive'), 2000);
    };
    const { stdout, signal } = runFunction(body, [copyPackage(), files, how, listen]);
    return [stdout, signal];
  }

  linuxIt('repair the faults of two copies; a signal of neither ends the process', () => {
    assert.deepEqual(run('kill', false), ['00000\n', 'SIGBUS']);
    assert.deepEqual(run('fault', false), ['00000\n', 'SIGBUS']);
  });

  linuxIt('call a listener that was set before two copies were loaded', () => {
    assert.deepEqual(run('kill', true), ['00000\nheard\n', null]);
  });

  linuxIt('end the process on a fault that a listener does not repair', () => {
    assert.deepEqual(run('fault', true), ['00000\n', 'SIGBUS']);
  });
});

describe('a process at its limits', function () {
  this.timeout(30000);
  const tmp = scratch();

  linuxIt('ends a wait for a lock on timeout and abort with a full signal queue', () => {
    const file = tmp();
    fs.writeFileSync(file, 'x');
    const body = ({ Mmap, Share }, path_) => {
      const holder = new Mmap({ file: path_, readOnly: false });
      holder.lock();
      const map = new Mmap({ file: path_, readOnly: false });
      const share = new Share(64);
      share.on('change', () => {});
      const controller = new AbortController();
      const waits = [
        map.lockAsync({ timeout: 50 }),
        map.lockAsync({ offset: 0, length: 1, signal: controller.signal }),
      ];
      setTimeout(() => controller.abort(), 100);
      Promise.allSettled(waits).then((ended) => {
        share.close();
        console.log(ended.map(({ reason }) => reason.code ?? reason.name).join());
        holder.unlock();
      });
    };
    const { stdout, stderr, signal } = runFunction(body, [file], {
      command: ['timeout', '-s', 'KILL', '10', 'prlimit', '--sigpending=0'],
    });
    assert.deepEqual([stdout, signal], ['ERR_MMAPIPC_TIMEOUT,ABORT_ERR\n', null], stderr);
  });

  linuxIt('reuses the addresses of closed mappings before a new one fails', () => {
    const file = tmp();
    fs.writeFileSync(file, '');
    fs.truncateSync(file, 256 << 20);
    const body = ({ Mmap }, path_) => {
      const sizes = [];
      for (let i = 0; i < 30; i++) {
        const map = new Mmap(i % 2 ? path_ : { size: 256 << 20, private: true });
        sizes.push(map.buffer.length >> 20);
        map.close();
      }
      console.log([...new Set(sizes)].join());
    };
    const { stdout, stderr } = runFunction(body, [file], {
      command: ['prlimit', '--as=4000000000'],
    });
    assert.equal(stdout, '256\n', stderr);
  });
});
