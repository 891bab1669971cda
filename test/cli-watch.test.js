/*
 * The command watch of mmapipc, while other processes write.
 */
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');

const { inspect } = require('..');
const { COMMAND, run, start, until } = require('./support/command');
const { isLinux } = require('./support/platform');
const { maps } = require('./support/maps');
const { peers } = require('./support/peer');
const { scratch } = require('./support/scratch');
const { shares } = require('./support/shares');

/* Numbers from `first` on, one in each ms, until the peer is ended. */
function count(self, first) {
  let next = first;
  setInterval(() => self.map.set({ count: next++ }), 1);
}

describe('the command mmapipc watch', function () {
  if (!isLinux) return;
  this.timeout(60000);
  const { make, mmap } = shares();
  const { make: makeMap } = maps();
  const startPeer = peers();
  const tmp = scratch();
  const started = [];
  afterEach(() => {
    for (const { child } of started.splice(0)) child.kill('SIGKILL');
  });

  const watch = async (where, ...args) => {
    const command = start(
      'watch',
      ...(where.name ? ['--name', where.name] : [where.path]),
      ...args,
    );
    started.push(command);
    /* A reader has no row in the table of participants, and so no pid. */
    const isThere = ({ readers, participants }) =>
      readers > 0 || participants.some(({ pid }) => pid === command.child.pid);
    await until('the attachment', () => isThere(inspect(where)));
    return command;
  };

  const writer = async (where, first) => {
    const peer = await startPeer.process({ of: 'Share', ...where });
    await peer.run(count, first);
    return peer;
  };

  it('prints the values that another process sets, until SIGINT', async () => {
    const share = make(4096, { name: 's' });
    share.set('before');
    const command = await watch({ name: 's' });
    const peer = await writer({ name: 's' }, 0);
    const counts = (await command.has(20)).map((line) => JSON.parse(line).count);
    for (let i = 1; i < counts.length; i++) assert.ok(counts[i] > counts[i - 1], `${counts}`);
    await peer.end();
    share.set(['last']);
    await until('the last value', () => command.lines().at(-1) === '["last"]');
    command.child.kill('SIGINT');
    const { status, signal, stderr } = await command.ended;
    assert.deepEqual({ status, signal, stderr }, { status: 0, signal: null, stderr: '' });
    assert.equal(inspect({ name: 's' }).readers, 0);
  });

  it('goes on after a writer was killed', async () => {
    make(4096, { name: 's' });
    const command = await watch({ name: 's' });
    const first = await writer({ name: 's' }, 0);
    await command.has(5);
    await first.end('SIGKILL');
    await writer({ name: 's' }, 1_000_000);
    await until('a value of the next writer', () =>
      /^{"count":1\d{6}}$/.test(command.lines().at(-1)),
    );
    for (const line of command.lines()) assert.match(line, /^{"count":\d+}$/);
    command.child.kill('SIGTERM');
    assert.equal((await command.ended).status, 0);
  });

  it('prints texts as they are with --raw, and a cleared value', async () => {
    const share = make(4096, { name: 's' });
    const command = await watch({ name: 's' }, '--raw');
    let i = 0;
    await until('a text', () => {
      share.set(`text ${i++}`);
      return command.lines().length > 0;
    });
    assert.match(command.lines()[0], /^text \d+$/);
    share.clear();
    await until('the end of the value', () => command.lines().at(-1) === '{"$undefined":true}');
  });

  it('ends quietly with the first value after its reader has closed the pipe', async () => {
    const share = make(4096, { name: 's' });
    const line = `"${process.execPath}" "${COMMAND}" watch --name s; echo $? >&2`;
    const child = spawn('bash', ['-c', `(${line}) | head -1`], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) {
      child[name].on('data', (text) => (output[name] += text));
    }
    const timer = setInterval(() => share.set('value'), 1);
    await once(child, 'close');
    clearInterval(timer);
    assert.deepEqual(output, { stdout: '"value"\n', stderr: '0\n' });
  });

  it('reports a region that was truncated, and exits with 1', async () => {
    const file = tmp('share');
    make(4096, { path: file });
    const command = await watch({ path: file });
    fs.truncateSync(file, 0);
    const { status, stdout, stderr } = await command.ended;
    assert.deepEqual({ status, stdout }, { status: 1, stdout: '' });
    assert.match(stderr, /^mmapipc: .*\n$/);
  });

  it('prints the changes of a map by another process, with a prefix, until SIGINT', async () => {
    const map = makeMap(2 ** 20, { name: 'm' });
    const peer = await startPeer.process({ of: 'SharedMap', name: 'm' });
    const all = await watch({ name: 'm' });
    const some = await watch({ name: 'm' }, '--prefix', 'x:');
    let i = 0;
    await until('the first changes', () => {
      map.set('x:first', i++);
      return all.lines().length > 0 && some.lines().length > 0;
    });
    await peer.run((self) => {
      self.map.set('a', 1).set('x:\n', 2);
      self.map.delete('x:\n');
      self.map.set('x:last', 3);
    });
    const last = '{"key":"x:last","what":"set"}';
    for (const { lines } of [all, some]) await until('the last', () => lines().at(-1) === last);
    const first = (line) => line === '{"key":"x:first","what":"set"}';
    const changes = ['{"key":"x:\\n","what":"set"}', '{"key":"x:\\n","what":"delete"}', last];
    assert.deepEqual(
      some.lines().filter((line) => !first(line)),
      changes,
    );
    assert.deepEqual(
      all.lines().filter((line) => !first(line)),
      ['{"key":"a","what":"set"}', ...changes],
    );
    map.clear();
    for (const { lines } of [all, some]) {
      await until('the end', () => lines().at(-1) === '{"what":"clear"}');
    }
    for (const { child, ended } of [all, some]) {
      child.kill('SIGINT');
      const { status, stderr } = await ended;
      assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
    }
    assert.equal(inspect({ name: 'm' }).writers, 2);
  });

  it('prints the changes of a map while one of its writers is killed', async () => {
    const map = makeMap(2 ** 20, { name: 'm' });
    const command = await watch({ name: 'm' });
    const peer = await startPeer.process({ of: 'SharedMap', name: 'm' });
    await peer.run((self) => {
      setImmediate(() => {
        for (let i = 0; ; i++) self.map.set(`k-${i % 100}`, i);
      });
    });
    await command.has(1000);
    await peer.end('SIGKILL');
    const last = '{"key":"last","what":"set"}';
    await until('a change after that', () => {
      map.set('last', 1);
      return command.lines().at(-1) === last;
    });
    for (const line of command.lines()) {
      assert.match(line, /^{"key":"(?:k-\d+|last)","what":"set"}$|^{"what":"many"}$/);
    }
    assert.deepEqual(run('get', '--name', 'm', 'last').stdout, '1\n');
  });

  it('reports a region of another kind, and wrong arguments', () => {
    make(4096, { name: 's' });
    mmap({ name: 'x', size: 10 });
    for (const [status, ...args] of [
      [1, '--name', 'x'],
      [1, '--name', 'none'],
      [1, path.join(__dirname, 'none')],
      [2, '--name', 's', '--prefix', 'a'],
      [2, '--name', 's', 'key'],
      [2],
    ]) {
      const result = run('watch', ...args);
      assert.deepEqual([result.status, result.stdout], [status, ''], args.join(' '));
      assert.match(result.stderr, /^mmapipc: .*\n/);
    }
  });
});
