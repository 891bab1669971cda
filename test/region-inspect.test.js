/*
 * inspect(), list() and unlink(), as functions and as the command mmapipc.
 */
'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { Share, inspect, list, unlink } = require('..');
const { ROOT } = require('./support/child');
const { COMMAND, run } = require('./support/command');
const { peers } = require('./support/peer');
const { isLinux } = require('./support/platform');
const { regions } = require('./support/regions');

describe('regions seen from outside', function () {
  if (!isLinux) return;
  this.timeout(60000);
  const { open, files, folder } = regions();
  const start = peers();

  describe('inspect', () => {
    it('reports the same by handle, name, path and inherit', async () => {
      const named = open({ name: 'it', size: 100 });
      const anonymous = open({ inherit: 'it', size: 200 });
      for (const [where, size] of [
        [{ name: 'it' }, 100],
        [{ path: path.join(folder, 'it') }, 100],
        [anonymous.handle, 200],
        [{ handle: anonymous.handle }, 200],
        [{ inherit: 'it' }, 200],
      ]) {
        const { since, ...participant } = inspect(where).participants[0];
        assert.ok(Math.abs(Date.now() - since) < 60000, `${since}`);
        assert.equal(participant.pid, process.pid);
        assert.equal(participant.alive, true);
        const { id, ...facts } = { ...inspect(where), participants: undefined };
        assert.match(id, /^[0-9a-f]{32}$/);
        assert.deepEqual(facts, {
          state: 'ok',
          kind: 'Mmap',
          size,
          version: 1,
          writers: 1,
          readers: 0,
          dead: 0,
          lock: { holder: null, waiters: 0 },
          participants: undefined,
        });
      }
      assert.equal(inspect(anonymous.handle).id, anonymous.handle.split(':')[1]);
      named.close();
      const elsewhere = await start.thread();
      const there = (self) => self.require(`${self.root}/lib`).inspect({ inherit: 'it' }).size;
      await elsewhere.run((self, root) => void (self.root = root), ROOT);
      assert.equal(await elsewhere.run(there), 200);
    });

    it('distinguishes live from dead participants, and readers from writers', async () => {
      const map = open({ size: 100 });
      const dead = await start.process({ handle: map.handle });
      const thread = await start.thread({ handle: map.handle });
      const reader = await start.process({ handle: map.handle, readOnly: true });
      const pid = await dead.run(() => process.pid);
      dead.end();
      await dead.ended;
      const facts = inspect(map.handle);
      assert.deepEqual([facts.writers, facts.readers, facts.dead], [2, 1, 1]);
      const of = (one) => facts.participants.filter((p) => p.pid === one);
      assert.deepEqual(
        of(pid).map(({ alive }) => alive),
        [false],
      );
      assert.deepEqual(
        of(process.pid).map(({ alive }) => alive),
        [true, true],
      );
      assert.equal(new Set(of(process.pid).map((p) => p.thread)).size, 2);
      thread.end();
      reader.end();
    });

    it('takes no lock and does not attach', () => {
      const map = open({ name: 'it', size: 100 });
      const { number } = inspect({ name: 'it' }).participants[0];
      for (let i = 0; i < 100; i++) inspect({ name: 'it' });
      map.close();
      assert.equal(number, 1);
      assert.deepEqual(files(), []);
    });

    it('throws ENOENT for a missing region, and reports an unfinished one', () => {
      assert.throws(() => inspect({ name: 'it' }), { code: 'ENOENT' });
      assert.throws(() => inspect({ path: '/nowhere/at/all' }), { code: 'ENOENT' });
      assert.throws(() => inspect({ inherit: 'it' }), { code: 'ENOENT' });
      open({ name: 'other', size: 1 });
      fs.writeFileSync(path.join(folder, 'it'), '');
      assert.equal(inspect({ name: 'it' }).state, 'unfinished');
    });

    it('refuses invalid arguments', () => {
      for (const [value, code] of [
        [5, 'ERR_INVALID_ARG_TYPE'],
        [null, 'ERR_INVALID_ARG_TYPE'],
        [{}, 'ERR_INVALID_ARG_VALUE'],
        [{ name: 'x', path: 'y' }, 'ERR_INVALID_ARG_VALUE'],
        [{ nam: 'x' }, 'ERR_INVALID_ARG_VALUE'],
        ['rubbish', 'ERR_INVALID_ARG_VALUE'],
      ]) {
        assert.throws(() => inspect(value), { code });
      }
    });
  });

  describe('list', () => {
    it('reports each name of this user briefly', async () => {
      for (const file of files()) fs.rmSync(path.join(folder, file));
      assert.deepEqual(list(), []);
      open({ name: 'b', size: 100 });
      const share = new Share(64, { name: 'a' });
      const peer = await start.process({ name: 'b', readOnly: true });
      const pid = await peer.run(() => process.pid);
      fs.writeFileSync(path.join(folder, 'half'), '');
      fs.writeFileSync(path.join(folder, 'other'), 'of another program');
      const found = list();
      const { size } = inspect({ name: 'a' });
      const common = { state: 'ok', readers: 0, dead: 0, pids: [process.pid] };
      share.close();
      assert.deepEqual(found.slice(0, 2), [
        { ...common, name: 'a', kind: 'Share', size, capacity: 64, writers: 1 },
        {
          ...common,
          ...{ name: 'b', kind: 'Mmap', size: 100, writers: 1, readers: 1 },
          pids: found[1].pids,
        },
      ]);
      /* Read-only participants have no row, and so no pid. */
      assert.ok(found[1].pids.every((one) => [process.pid, pid].includes(one)));
      assert.deepEqual(
        found.slice(2).map(({ name, state }) => [name, state]),
        [
          ['half', 'unfinished'],
          ['other', 'foreign'],
        ],
      );
      for (const name of ['half', 'other']) fs.rmSync(path.join(folder, name));
    });

    it('omits a name that is removed during the call', () => {
      open({ name: 'there', size: 100 });
      const { readdirSync } = fs;
      fs.readdirSync = (...args) => [...readdirSync(...args), 'gone'];
      try {
        assert.deepEqual(
          list().map(({ name }) => name),
          ['there'],
        );
      } finally {
        fs.readdirSync = readdirSync;
      }
    });
  });

  describe('unlink', () => {
    it('removes a name; attached processes keep the region', () => {
      const map = open({ name: 'it', size: 100 });
      unlink({ name: 'it' });
      assert.deepEqual(files(), []);
      const other = open({ name: 'it', size: 200 });
      map.write('old');
      assert.equal(other.readString(0, 3), '\0\0\0');
      map.close();
      assert.deepEqual(files(), ['it']);
      unlink({ path: path.join(folder, 'it'), timeout: 100 });
      assert.throws(() => unlink({ name: 'it' }), { code: 'ENOENT' });
    });

    it('does not remove files that are not regions', () => {
      open({ name: 'it', size: 100 });
      const file = path.join(folder, '..', 'precious');
      fs.writeFileSync(file, 'precious data of somebody');
      assert.throws(() => unlink({ path: file }), { code: 'ERR_MMAPIPC_FOREIGN' });
      assert.equal(fs.readFileSync(file, 'utf8'), 'precious data of somebody');
      assert.throws(() => unlink('it'), { code: 'ERR_INVALID_ARG_TYPE' });
      assert.throws(() => unlink({ handle: 'it' }), { code: 'ERR_INVALID_ARG_VALUE' });
      assert.throws(() => unlink({}), { code: 'ERR_INVALID_ARG_VALUE' });
    });
  });

  describe('the command', () => {
    it('inspect prints text for people, or JSON', () => {
      const map = open({ name: 'with space', size: 100 });
      const plain = open({ size: 7 });
      for (const args of [['--name', 'with space'], [path.join(folder, files()[0])]]) {
        const { status, stdout } = run('inspect', ...args);
        assert.equal(status, 0);
        assert.match(stdout, /^state +ok\nkind +Mmap\nsize +100 bytes\n/);
        assert.match(stdout, new RegExp(`alive {2}pid ${process.pid}, `));
      }
      const { stdout } = run('inspect', plain.handle, '--json');
      assert.equal(JSON.parse(stdout).size, 7);
      assert.equal(JSON.parse(stdout).participants[0].pid, process.pid);
      map.close();
    });

    it('inspect exits with 1 for a damaged or missing region', () => {
      const { status, stdout } = run('inspect', __filename);
      assert.deepEqual(
        [status, stdout],
        [1, 'state         foreign: the file is not a region of mmapipc\n'],
      );
      const missing = run('inspect', '--name', 'missing');
      assert.equal(missing.status, 1);
      assert.match(missing.stderr, /^mmapipc: ENOENT.*no process has a region of this name\n$/);
    });

    it('ls prints names with their participants', () => {
      assert.deepEqual(run('ls'), { status: 0, stdout: '', stderr: '' });
      open({ name: 'b', size: 100 });
      open({ name: 'ä', size: 50 });
      const { stdout } = run('ls');
      assert.equal(
        stdout,
        `b  Mmap, 100 bytes, 1 attached (pid ${process.pid})\n` +
          `ä  Mmap, 50 bytes, 1 attached (pid ${process.pid})\n`,
      );
      const printed = JSON.parse(run('ls', '--json').stdout);
      assert.deepEqual(
        printed.map(({ name, state }) => [name, state]),
        [
          ['b', 'ok'],
          ['ä', 'ok'],
        ],
      );
    });

    it('ls ends quietly when its reader closes the pipe', () => {
      for (let i = 0; i < 100; i++) open({ name: `${i}-${'x'.repeat(100)}`, size: 1 });
      const line = `"${process.execPath}" "${COMMAND}" ls; echo $? >&2`;
      const { stdout, stderr } = spawnSync('bash', ['-c', `(${line}) | true`], {
        encoding: 'utf8',
      });
      assert.deepEqual([stdout, stderr], ['', '0\n']);
    });

    it('reports an output that cannot be written, and exits with 1', function () {
      if (!fs.existsSync('/dev/full')) this.skip();
      open({ name: 'it', size: 100 });
      const line = `"${process.execPath}" "${COMMAND}" ls > /dev/full`;
      const { status, stderr } = spawnSync('bash', ['-c', line], { encoding: 'utf8' });
      assert.equal(status, 1);
      assert.match(stderr, /^mmapipc: ENOSPC.*\n$/);
    });

    it('ls escapes control characters in names', () => {
      const name = 'a\x1b[2J\nb\x9b\u202ec\u{e0001}';
      open({ name, size: 1 });
      const escaped = 'a\\u001b[2J\\u000ab\\u009b\\u202ec\\udb40\\udc01';
      assert.equal(
        run('ls').stdout,
        `${escaped}  Mmap, 1 bytes, 1 attached (pid ${process.pid})\n`,
      );
      const { stdout } = run('ls', '--json');
      assert.ok(stdout.includes('\\u009b\\u202ec\\udb40\\udc01"'), stdout);
      assert.equal(JSON.parse(stdout)[0].name, name);
      const { stderr } = run('inspect', '--name', '\x1b[2J');
      assert.match(stderr, /^mmapipc: ENOENT.*\\u001b\[2J.*\n$/);
    });

    it('unlink removes a name', () => {
      open({ name: 'it', size: 100 });
      assert.deepEqual(run('unlink', '--name', 'it'), { status: 0, stdout: '', stderr: '' });
      assert.deepEqual(files(), []);
      assert.equal(run('unlink', '--name', 'it').status, 1);
      const foreign = run('unlink', __filename);
      assert.equal(foreign.status, 1);
      assert.match(foreign.stderr, /left unchanged/);
    });

    it('help works without a native addon, and a command that needs it reports that', () => {
      const without = (command) =>
        spawnSync(process.execPath, ['--no-addons', COMMAND, command], { encoding: 'utf8' });
      const help = without('help');
      assert.deepEqual([help.status, help.stdout.slice(0, 6), help.stderr], [0, 'usage:', '']);
      const names = without('ls');
      assert.deepEqual([names.status, names.stdout], [1, '']);
      assert.match(names.stderr, /^mmapipc: .*--no-addons.*\n$/);
    });

    it('wrong arguments print the usage and exit with 2', () => {
      for (const args of [
        [],
        ['foo'],
        ['inspect'],
        ['inspect', 'a', 'b'],
        ['ls', 'x'],
        ['build', 'x'],
        ['ls', '--x'],
        ['unlink', 'memfd:x'],
        ['inspect', 'x', '--name', 'y'],
      ]) {
        const { status, stdout, stderr } = run(...args);
        assert.deepEqual([status, stdout], [2, ''], args.join(' '));
        assert.match(stderr, /^mmapipc: .+\nusage:\n/);
      }
      for (const args of [['--help'], ['-h'], ['help'], ['ls', '--help']]) {
        const { status, stdout } = run(...args);
        assert.deepEqual([status, stdout.slice(0, 6)], [0, 'usage:']);
      }
    });
  });
});
