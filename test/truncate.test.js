/*
 * A file truncated by another process while it is mapped: zeros and a named error, no crash.
 */
'use strict';

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const { Worker } = require('node:worker_threads');

const { Mmap, PROT_READ, PROT_WRITE, MAP_PRIVATE } = require('..');
const { ROOT, runFunction } = require('./support/child');
const { linuxIt } = require('./support/platform');
const { scratch } = require('./support/scratch');

const RW = PROT_READ | PROT_WRITE;
const PAGE = 4096;
const TRUNCATED = { name: 'MmapipcError', code: 'ERR_MMAPIPC_TRUNCATED' };

describe('a file truncated while it is mapped', () => {
  const tmp = scratch();
  const cut = (path, size = 0) => execFileSync('truncate', ['-s', String(size), path]);

  function make(pages = 4) {
    const path = tmp();
    fs.writeFileSync(path, Buffer.alloc(pages * PAGE, 'x'));
    return path;
  }

  for (const [kind, prot, flags] of [
    ['writable', RW],
    ['read-only', PROT_READ],
    ['private', RW, MAP_PRIVATE],
  ]) {
    linuxIt(`${kind}: plain reads give zeros, and every call throws an error with the path`, () => {
      const path = make();
      const map = new Mmap(path, 0, prot, flags);
      const { buffer } = map;
      assert.equal(buffer[0], 0x78);
      cut(path);
      assert.equal(buffer[2 * PAGE], 0);
      assert.equal(buffer.readUInt32LE(3 * PAGE), 0);
      const calls = [
        () => map.read(),
        () => map.read(0, 1),
        () => map.readInto(Buffer.alloc(10)),
        () => map.readString(5, 5),
        () => map.buffer,
        () => map.view(1, 1),
        () => map.flush(),
        () => map.advise('normal'),
        () => map.resident(),
      ];
      if (kind !== 'read-only') {
        calls.push(
          () => map.write('x'),
          () => map.write(buffer, 1),
        );
      }
      for (const call of calls) assert.throws(call, { ...TRUNCATED, path });
      map.close();
      assert.equal(buffer.length, 0);
    });

    linuxIt(`${kind}: the first call that touches the lost bytes throws`, () => {
      const first = [
        (map) => map.read(2 * PAGE),
        (map) => map.readInto(Buffer.alloc(10), 3 * PAGE),
        (map) => map.readString(2 * PAGE, 10),
        (map) => (kind === 'read-only' ? map.read() : map.write('y', 3 * PAGE)),
        (map) => (kind === 'read-only' ? map.read() : map.write(Buffer.alloc(9), 2 * PAGE)),
      ];
      for (const call of first) {
        const path = make();
        const map = new Mmap(path, 0, prot, flags);
        cut(path, PAGE);
        assert.equal(map.readString(0, 3), 'xxx');
        assert.throws(() => call(map), TRUNCATED);
        map.close();
      }
    });
  }

  linuxIt('still throws when the file grows again; a new mapping has the new file', () => {
    const path = make();
    const map = new Mmap(path, 0, RW);
    const { buffer } = map;
    cut(path, PAGE);
    assert.equal(buffer[PAGE], 0);
    fs.writeFileSync(path, Buffer.alloc(4 * PAGE, 'y'));
    assert.equal(buffer[PAGE], 0);
    assert.throws(() => map.read(), TRUNCATED);
    const fresh = new Mmap(path, 0, RW);
    assert.equal(fresh.readString(PAGE, 3), 'yyy');
    fresh.write('z', PAGE);
    assert.equal(buffer[PAGE], 0);
    map.close();
    fresh.close();
  });

  linuxIt('is mapped as it is now if it grew again before any access', () => {
    const path = make();
    const map = new Mmap(path, 0, RW);
    cut(path);
    cut(path, 4 * PAGE);
    assert.deepEqual(map.read(), Buffer.alloc(4 * PAGE));
    map.write('back', PAGE);
    assert.equal(fs.readFileSync(path, 'latin1').slice(PAGE, PAGE + 4), 'back');
    map.close();
  });

  linuxIt('inside its last page reads as zeros, undetected, as documented', () => {
    const path = make(1);
    const map = new Mmap(path);
    cut(path, 10);
    assert.equal(map.readString(8, 4), 'xx\0\0');
    map.close();
  });

  linuxIt('affects only mappings that lost bytes', () => {
    const path = make();
    const hit = new Mmap(path);
    const low = new Mmap({ file: path, size: 10 });
    const other = new Mmap(make(), 0, RW);
    cut(path, PAGE);
    assert.throws(() => hit.read(), TRUNCATED);
    assert.equal(low.readString(0, 2), 'xx');
    assert.equal(other.write('fine'), 4);
    for (const map of [hit, low, other]) map.close();
  });

  linuxIt('is detected in each of many mappings, also after others are closed', () => {
    const maps = Array.from({ length: 300 }, () => new Mmap(make(2), 0, RW));
    for (let i = 0; i < 300; i += 2) maps[i].close();
    for (let i = 0; i < 300; i += 4) maps[i] = new Mmap(make(2));
    maps.forEach((map, i) => {
      if (map.closed) return;
      fs.truncateSync(map.file, i % 3 ? 0 : 2 * PAGE);
      if (i % 3) assert.throws(() => map.read(), TRUNCATED);
      else assert.equal(map.readString(0, 1), 'x');
      map.close();
    });
  });

  linuxIt('reads as zeros in optimised code', () => {
    const body = ({ Mmap: There }, path) => {
      const map = new There(path, 0, 3);
      const { buffer } = map;
      const sum = (from, n) => {
        let total = 0;
        for (let i = from; i < from + n; i++) total += buffer[i];
        return total;
      };
      for (let i = 0; i < 2000; i++) sum(0, 4096);
      require('node:child_process').execFileSync('truncate', ['-s', '0', path]);
      const store = (n) => {
        for (let i = 0; i < n; i++) buffer[i] = i;
        return buffer[255];
      };
      console.log(sum(0, 16384), store(16384), sum(0, 256));
      try {
        map.read();
      } catch (error) {
        console.log(error.code);
      }
    };
    const { stdout, signal } = runFunction(body, [make()]);
    assert.deepEqual([stdout, signal], ['0 255 32640\nERR_MMAPIPC_TRUNCATED\n', null]);
  });

  linuxIt('throws in a worker_thread, while the main thread maps another file', async () => {
    const path = make(64);
    const code = `
      const { workerData, parentPort } = require('node:worker_threads');
      const { Mmap } = require(${JSON.stringify(ROOT)});
      const map = new Mmap(workerData, 0, 3);
      parentPort.postMessage('ready');
      let code;
      for (;;) {
        try { map.read(); } catch (error) { code = error.code; break; }
      }
      parentPort.postMessage([code, map.closed]);`;
    const worker = new Worker(code, { eval: true, workerData: path });
    const mine = new Mmap(make(64), 0, RW);
    const answer = await new Promise((resolve, reject) => {
      worker.on('error', reject);
      worker.on('message', (message) => (message === 'ready' ? cut(path, PAGE) : resolve(message)));
    });
    assert.deepEqual(answer, ['ERR_MMAPIPC_TRUNCATED', false]);
    assert.equal(mine.readString(0, 1), 'x');
    mine.close();
    await worker.terminate();
  });

  linuxIt("ends the process with SIGBUS if onTruncate is 'crash'", () => {
    const body = ({ Mmap: There }, path, onTruncate) => {
      const guarded = new There({ file: `${path}-other`, size: 10, readOnly: false });
      const map = new There({ file: path, onTruncate });
      require('node:child_process').execFileSync('truncate', ['-s', '0', path]);
      console.log(guarded.size, map.buffer[0]);
    };
    const crash = runFunction(body, [make(), 'crash']);
    assert.deepEqual([crash.stdout, crash.signal], ['', 'SIGBUS']);
    const soft = runFunction(body, [make(), 'throw']);
    assert.deepEqual([soft.stdout, soft.signal], ['10 0\n', null]);
  });

  it("accepts 'throw' or 'crash' as onTruncate", () => {
    for (const onTruncate of ['ignore', true, null]) {
      assert.throws(() => new Mmap({ file: make(), onTruncate }), {
        code: 'ERR_INVALID_ARG_VALUE',
        message: /'throw' or 'crash'/,
      });
    }
  });
});

describe('SIGBUS of other origin', () => {
  const tmp = scratch();

  linuxIt('ends the process when sent by a process', () => {
    const body = ({ Mmap: There }, path) => {
      const map = new There(path, 100, 3);
      process.kill(process.pid, 'SIGBUS');
      setTimeout(() => console.log('alive', map.size), 2000);
    };
    const { stdout, signal } = runFunction(body, [tmp()]);
    assert.deepEqual([stdout, signal], ['', 'SIGBUS']);
  });

  for (const when of ['before', 'after']) {
    linuxIt(`reaches a process.on('SIGBUS') that was set ${when} the first mapping`, () => {
      const body = ({ Mmap: There }, path, order) => {
        const listen = () =>
          process.on('SIGBUS', () => {
            console.log('heard');
            process.exit();
          });
        if (order === 'before') listen();
        const map = new There(path, 100, 3);
        if (order === 'after') listen();
        process.kill(process.pid, 'SIGBUS');
        setTimeout(() => console.log('alive', map.size), 2000);
      };
      const { stdout, signal } = runFunction(body, [tmp(), when]);
      assert.deepEqual([stdout, signal], ['heard\n', null]);
    });
  }

  linuxIt("is handled again, after a later process.on('SIGBUS'), from the next mapping on", () => {
    const body = ({ Mmap: There }, path) => {
      const first = new There(path, 8192, 3);
      process.on('SIGBUS', () => {
        console.log('heard');
        process.exit();
      });
      const second = new There(`${path}-second`, 8192, 3);
      require('node:child_process').execFileSync('truncate', ['-s', '0', path]);
      console.log(first.buffer[0], second.size);
      process.kill(process.pid, 'SIGBUS');
      setTimeout(() => {}, 2000);
    };
    const { stdout, signal } = runFunction(body, [tmp()]);
    assert.deepEqual([stdout, signal], ['0 8192\nheard\n', null]);
  });

  linuxIt('does not disturb WebAssembly traps', () => {
    const body = ({ Mmap: There }, path) => {
      const map = new There(path, 8192, 3);
      /* (module (memory 1) (func (export "f") (param i32) (result i32) local.get 0 i32.load)) */
      const bytes = Buffer.from(
        '0061736d0100000001060160017f017f030201000503010001070501016600000a09010700200028020 00b'.replace(
          ' ',
          '',
        ),
        'hex',
      );
      const { f } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
      require('node:child_process').execFileSync('truncate', ['-s', '0', path]);
      const trap = () => {
        try {
          return f(65536 * 3);
        } catch (error) {
          return error.name;
        }
      };
      const before = trap();
      console.log(before, map.buffer[0], trap(), f(0));
    };
    const { stdout, signal, stderr } = runFunction(body, [tmp()]);
    assert.deepEqual([stdout, signal], ['RuntimeError 0 RuntimeError 0\n', null], stderr);
  });
});
