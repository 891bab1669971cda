/*
 * The behaviours that IPC::Mmap's own test (t/01mmap.t) checks, in its order; and real Perl on the
 * same file.
 */
'use strict';

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');

const { Mmap, PROT_READ, PROT_WRITE, MAP_SHARED, MAP_FILE } = require('..');
const { linuxIt } = require('./support/platform');
const { scratch } = require('./support/scratch');

const RW = PROT_READ | PROT_WRITE;

describe("behaviours of IPC::Mmap's t/01mmap.t", () => {
  const tmp = scratch();
  const name = () => tmp('ipc_mmap.tmp');
  const A = (letter, n) => letter.repeat(n);

  describe('read and write, by the name of a file that does not exist', () => {
    let map;
    before(() => {
      map = new Mmap(name(), 10000, RW, MAP_SHARED | MAP_FILE);
    });

    it('has an address and the requested length', () => {
      assert.notEqual(map.address, 0n);
      assert.equal(map.size, 10000);
    });
    it('simple write', () => assert.equal(map.write(A('A', 2000), 100), 2000));
    it('short write', () => assert.equal(map.write(A('B', 2000), 100, 30), 30));
    it('long write', () => assert.equal(map.write(A('C', 2000), 100, 300000), 2000));
    it('too long write', () => assert.equal(map.write(A('D', 20000), 100), 9900));
    it('bad offset write', () => {
      assert.throws(() => map.write(A('E', 200), 200000), { code: 'ERR_OUT_OF_RANGE' });
    });
    it('simple read', () => assert.equal(map.readString(100), A('D', 9900)));
    it('short read', () => assert.equal(map.readString(100, 30), A('D', 30)));
    it('long read', () => assert.equal(map.read(100, 300000).length, 9900));
    it('bad offset read', () => {
      assert.throws(() => map.read(200000), { code: 'ERR_OUT_OF_RANGE' });
    });
    it('unmap', () => {
      map.unmap();
      assert.ok(map.closed);
    });
  });

  describe('read-only, of the whole file', () => {
    let map;
    before(() => {
      map = new Mmap(name(), 0, PROT_READ, MAP_SHARED | MAP_FILE);
    });

    it('write to read-only', () => {
      assert.throws(() => map.write(A('A', 2000), 100), { code: 'ERR_MMAPIPC_ACCESS' });
    });
    it('has the length of the file, and its name', () => {
      assert.equal(map.size, 10000);
      assert.equal(map.file, name());
    });
    it('simple read', () => assert.equal(map.read(100).length, 9900));
    it('short read', () => assert.equal(map.read(100, 30).length, 30));
    it('long read', () => assert.equal(map.read(100, 300000).length, 9900));
    it('bad offset read', () => {
      assert.throws(() => map.read(200000), { code: 'ERR_OUT_OF_RANGE' });
    });
    it('unmap', () => {
      map.unmap();
      fs.unlinkSync(name());
    });
  });

  describe('write-only', () => {
    let map;
    before(() => {
      map = new Mmap(name(), 10000, PROT_WRITE, MAP_SHARED | MAP_FILE);
    });

    it('simple write', () => assert.equal(map.write(A('A', 2000), 100), 2000));
    it('read of write-only', () => {
      assert.throws(() => map.read(100), { code: 'ERR_MMAPIPC_ACCESS' });
    });
    it('unmap', () => map.unmap());
  });
});

describe('real Perl on the same file', () => {
  const tmp = scratch();

  linuxIt('reads what Node writes, and Node reads what it writes', () => {
    const map = new Mmap(tmp('shared'), 10000, RW);
    map.write('from node', 4094);
    const script = `
      open my $f, '+<:raw', $ARGV[0] or die $!;
      seek $f, 4094, 0; read $f, my $there, 9;
      seek $f, 8000, 0; print {$f} pack('lldV', 1, -2, 0.5, 4000000000);
      close $f; print $there, ' ', -s $ARGV[0];`;
    const there = execFileSync('perl', ['-e', script, map.file], { encoding: 'utf8' });
    assert.equal(there, 'from node 10000');
    const bytes = map.view(8000, 20);
    assert.deepEqual(
      [bytes.readInt32LE(0), bytes.readInt32LE(4), bytes.readDoubleLE(8), bytes.readUInt32LE(16)],
      [1, -2, 0.5, 4000000000],
    );
    map.close();
  });
});
