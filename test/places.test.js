/*
 * Obstacles to finding memory: another user's file under a known handle or path, a file that is
 * removed or replaced while it is in use, a changed working directory, thousands of names, a file
 * that lost its end in a power failure.
 */
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { once } = require('node:events');

const { Mmap, Share } = require('..');
const { layout } = require('../lib/native/binding');
const { ROOT, runFunction } = require('./support/child');
const { isLinux } = require('./support/platform');
const { regions } = require('./support/regions');
const { scratch } = require('./support/scratch');

const isRoot = isLinux && process.geteuid() === 0;
const OTHER_USER = 65534;

function needsRoot() {
  if (isRoot) return;
  if (isLinux && process.env.CI) throw new Error('CI must run as root');
  this.skip();
}

function inWindowsSkip() {
  if (!isLinux) this.skip();
}

describe('files of other users', () => {
  const tmp = scratch();
  before(needsRoot);

  /* A sticky directory for all users, as /tmp is, owned by none of the users of this test. */
  function sticky() {
    const folder = tmp();
    fs.mkdirSync(folder);
    fs.chmodSync(folder, 0o1777);
    return folder;
  }

  it('a path in a sticky directory by another user throws ERR_MMAPIPC_OWNER, also for root', () => {
    const file = path.join(sticky(), 'planted');
    new Share(100, { path: file }).close();
    fs.chownSync(file, OTHER_USER, OTHER_USER);
    assert.throws(() => Share.open({ path: file }), { code: 'ERR_MMAPIPC_OWNER', path: file });
    assert.throws(() => new Share(100, { path: file }), /another user/);
  });

  it('a path in a sticky directory by this user or the owner of the directory is opened', () => {
    const folder = sticky();
    const file = path.join(folder, 'good');
    new Share(100, { path: file }).close();
    Share.open({ path: file }).close();
    fs.chownSync(file, OTHER_USER, OTHER_USER);
    fs.chownSync(folder, OTHER_USER, OTHER_USER);
    Share.open({ path: file }).close();
  });

  it('two users can share a path with a mode, as the error advises', () => {
    const folder = tmp();
    fs.mkdirSync(folder);
    fs.chmodSync(folder, 0o777);
    fs.chmodSync(path.dirname(folder), 0o755);
    const file = path.join(folder, 'shared');
    const umask = process.umask(0);
    const share = new Share(100, { path: file, mode: 0o666 });
    process.umask(umask);
    share.set('from root');
    const named = new Share(100, { inherit: 'of-root' });
    const { stdout, stderr } = runFunction(
      ({ Share: Theirs }, where, handle, user) => {
        process.setgid(user);
        process.setuid(user);
        let refusal;
        try {
          Theirs.attach(handle);
        } catch (error) {
          refusal = `${error.code}: ${error.message}`;
        }
        const theirs = Theirs.open({ path: where });
        const seen = theirs.get();
        theirs.set('from nobody');
        console.log(JSON.stringify({ seen, refusal }));
      },
      [file, named.handle, OTHER_USER],
    );
    named.close();
    const { seen, refusal } = JSON.parse(stdout || JSON.stringify({ refusal: stderr }));
    assert.equal(seen, 'from root');
    assert.equal(share.get(), 'from nobody');
    assert.match(refusal, /^EACCES.*\{ path: .*mode/s);
    share.close();
  });
});

describe('a handle of another user', () => {
  before(needsRoot);

  it('throws ERR_MMAPIPC_OWNER, for any name of the memory', () => {
    const { stdout, stderr } = runFunction(
      ({ Share: Theirs }, root, user) => {
        const cp = require('node:child_process');
        const code = `
        process.setgid(${user}); process.setuid(${user});
        const share = new (require(${JSON.stringify(root)}).Share)(100);
        share.set('evil');
        console.log(share.handle);
        setInterval(() => {}, 1000);`;
        const child = cp.spawn(process.execPath, ['-e', code]);
        child.stdout.once('data', (text) => {
          try {
            console.log(Theirs.attach(`${text}`.trim()).get());
          } catch (error) {
            console.log(error.code);
          }
          child.kill();
        });
      },
      [ROOT, OTHER_USER],
    );
    assert.equal(stdout, 'ERR_MMAPIPC_OWNER\n', stderr);
  });
});

describe('after the working directory changes', () => {
  const tmp = scratch();
  let home;
  beforeEach(() => {
    home = process.cwd();
  });
  afterEach(() => process.chdir(home));

  it('a relative path or file leads to the same file, and JSON has the absolute path', () => {
    const folder = fs.realpathSync(path.dirname(tmp()));
    process.chdir(folder);
    fs.writeFileSync('bytes', 'some');
    const map = new Mmap('./bytes');
    assert.equal(JSON.parse(JSON.stringify(map)).file, path.join(folder, 'bytes'));
    const share = isLinux ? new Share(100, { path: 'value' }) : undefined;
    process.chdir('/');
    assert.equal(map.stale, false);
    if (share !== undefined) {
      assert.deepEqual(share.toJSON(), { path: `${folder}/value` });
      assert.equal(share.stale, false);
      share.close();
    }
    map.close();
  });

  it('a relative MMAPIPC_DIR leads to the same directory', function () {
    if (!isLinux) this.skip();
    const folder = tmp();
    fs.mkdirSync(path.join(folder, 'names'), { recursive: true });
    const before_ = process.env.MMAPIPC_DIR;
    process.env.MMAPIPC_DIR = './names';
    try {
      process.chdir(folder);
      const one = new Share(100, { name: 'one' });
      process.chdir('/');
      const other = Share.open({ name: 'one' });
      one.set('seen');
      assert.equal(other.get(), 'seen');
      other.close();
      one.close();
    } finally {
      if (before_ === undefined) delete process.env.MMAPIPC_DIR;
      else process.env.MMAPIPC_DIR = before_;
    }
  });
});

describe('the property stale', () => {
  const scope = regions();
  const tmp = scratch();
  before(inWindowsSkip);

  it('is true for a removed or replaced name or path, not for anonymous or closed objects', () => {
    const name = new Share(100, { name: 'gone' });
    const file = tmp();
    const at = new Share(100, { path: file });
    const anonymous = new Share(100);
    assert.deepEqual([name.stale, at.stale, anonymous.stale], [false, false, false]);
    fs.rmSync(scope.folder, { recursive: true });
    fs.renameSync(file, `${file}.1`);
    assert.deepEqual([name.stale, at.stale, anonymous.stale], [true, true, false]);
    const fresh = new Share(100, { name: 'gone' });
    assert.deepEqual([name.stale, fresh.stale], [true, false]);
    for (const share of [name, at, anonymous, fresh]) share.close();
    assert.equal(name.stale, false);
  });

  it('is true for a file that was rotated, not for one opened by descriptor', () => {
    const file = tmp();
    fs.writeFileSync(file, 'log');
    const fd = fs.openSync(file);
    const [map, byFd] = [new Mmap(file), new Mmap(fd)];
    fs.renameSync(file, `${file}.1`);
    fs.writeFileSync(file, 'new');
    assert.deepEqual([map.stale, byFd.stale], [true, false]);
    map.close();
    byFd.close();
    fs.closeSync(fd);
  });

  /* A service opened its names as root, called setuid(), and every set() then failed: only root may
   * look into the directory of its names, and that was mistaken for their loss. */
  it('stays false for a process that has dropped its privileges', function () {
    needsRoot.call(this);
    const file = tmp();
    fs.writeFileSync(file, 'log');
    fs.chmodSync(path.dirname(file), 0o700);
    const { stdout, stderr } = runFunction(
      ({ Mmap: TheirMmap, Share: Theirs }, log, user) => {
        const share = new Theirs(100, { name: 'dropped' });
        const map = new TheirMmap(log);
        process.setgid(user);
        process.setuid(user);
        share.set('as nobody');
        console.log(JSON.stringify([share.get(), share.stale, map.stale]));
      },
      [file, OTHER_USER],
    );
    assert.equal(stdout.trim(), '["as nobody",false,false]', stderr);
  });

  it("is reported to a listening Share by one 'error' with ERR_MMAPIPC_STALE", async () => {
    const share = new Share(100, { name: 'heard' });
    const errors = [];
    share.on('change', () => {});
    share.on('error', (error) => errors.push(error.code));
    share.ref();
    fs.rmSync(scope.folder, { recursive: true });
    await once(share, 'error').catch(() => {});
    assert.deepEqual(errors, ['ERR_MMAPIPC_STALE']);
    share.close();
  });
});

describe('an open among many names', () => {
  const scope = regions();
  const tmp = scratch();
  before(inWindowsSkip);

  it('looks at no more than 64 of the names in use', function () {
    if (spawnSync('strace', ['-V']).error) {
      assert.ok(!process.env.CI, 'CI must have strace');
      this.skip();
    }
    const list = Array.from({ length: 300 }, (_, i) => new Share(64, { name: `used-${i}` }));
    const calls = tmp();
    const opens = 5;
    const { status, stderr } = runFunction(
      ({ Share: Theirs }, times) => {
        for (let i = 0; i < times; i++) new Theirs(64, { name: 'one-more' }).close();
      },
      [opens],
      { command: ['strace', '-f', '-qq', '-e', 'trace=open,openat,openat2', '-o', calls] },
    );
    for (const share of list) share.close();
    assert.equal(status, 0, stderr);
    const looked = fs.readFileSync(calls, 'utf8').match(/used-\d+/g).length;
    assert.ok(looked > 0 && looked <= opens * 64, `${looked} in ${opens} opens`);
  });

  it('removes stale files among the names in use', function () {
    this.timeout(60000);
    const list = Array.from({ length: 300 }, (_, i) => new Share(64, { name: `used-${i}` }));
    const stale = 200;
    for (let i = 0; i < stale; i++) fs.writeFileSync(path.join(scope.folder, `stale-${i}`), '');
    const { stdout, stderr } = runFunction((mmapipc) => {
      const fs_ = require('node:fs');
      const before_ = fs_.readdirSync(`${process.env.MMAPIPC_DIR}/mmapipc-${process.geteuid()}`);
      new mmapipc.Share(64, { name: 'one-more' }).close();
      console.log(before_.length);
    });
    assert.equal(stdout.trim(), `${list.length + stale}`, stderr);
    for (const share of list.slice(40)) share.close();
    /* Few names are in use now, so one open finds all stale files. */
    runFunction(({ Share: Theirs }) => new Theirs(64, { name: 'last' }).close());
    assert.equal(scope.files().length, 40);
    for (const share of list) share.close();
  });
});

describe('after a power failure', () => {
  const tmp = scratch();
  before(inWindowsSkip);
  const { fields } = layout.region;

  /* A region that was open in another boot; `damage` makes the loss. */
  function failed(damage) {
    const file = tmp();
    new Share(10000, { path: file }).close();
    const fd = fs.openSync(file, 'r+');
    fs.writeSync(fd, Buffer.alloc(8, 7), 0, 8, fields.boot_high.offset);
    fs.writeSync(fd, Buffer.alloc(4), 0, 4, fields.clean.offset);
    damage(fd, fs.fstatSync(fd).size);
    fs.closeSync(fd);
    return file;
  }

  for (const checksum of [false, true]) {
    it(`a file that lost its end throws ERR_MMAPIPC_UNCLEAN (checksum: ${checksum})`, () => {
      const file = failed((fd, size) => fs.ftruncateSync(fd, size - 4096));
      assert.throws(() => Share.open({ path: file, checksum }), { code: 'ERR_MMAPIPC_UNCLEAN' });
    });
  }

  it('a partly lost header throws ERR_MMAPIPC_UNCLEAN', () => {
    const file = failed((fd) => fs.writeSync(fd, Buffer.alloc(512), 0, 512, 4096 - 512));
    assert.throws(() => Share.open({ path: file }), { code: 'ERR_MMAPIPC_UNCLEAN' });
  });

  it('a file that was truncated in this boot throws ERR_MMAPIPC_CORRUPT', () => {
    const file = tmp();
    new Share(10000, { path: file }).close();
    fs.truncateSync(file, 70000);
    assert.throws(() => Share.open({ path: file }), { code: 'ERR_MMAPIPC_CORRUPT' });
  });
});
