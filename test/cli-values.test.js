/*
 * The commands for values: get, set, del, keys and stats of mmapipc.
 */
'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const path = require('node:path');

const { COMMAND, run, runWith } = require('./support/command');
const { isLinux } = require('./support/platform');
const { maps } = require('./support/maps');
const { peers } = require('./support/peer');
const { shares } = require('./support/shares');

const done = { status: 0, stdout: '', stderr: '' };
const nothing = { status: 1, stdout: '', stderr: '' };
const printed = (stdout) => ({ status: 0, stdout, stderr: '' });

/* Arrays in arrays. */
function deep(levels) {
  let value = [];
  for (let i = 1; i < levels; i++) value = [value];
  return value;
}

describe('the command mmapipc for values', function () {
  if (!isLinux) return;
  this.timeout(60000);
  const { make: makeShare, mmap } = shares();
  const { make: makeMap, folder, files } = maps();
  const startPeer = peers();

  describe('of a SharedMap', () => {
    it('get prints the value of a key as one line of JSON', () => {
      const map = makeMap(2 ** 20, { name: 'm' });
      map.set('a', { b: [1, 'two', null, true], text: 'line\nbreak' }).set('n', 0.5);
      assert.deepEqual(
        run('get', '--name', 'm', 'a'),
        printed('{"b":[1,"two",null,true],"text":"line\\nbreak"}\n'),
      );
      assert.deepEqual(run('get', '--name', 'm', 'n', '--json'), printed('0.5\n'));
    });

    it('get of a missing or expired key prints nothing and exits with 1', () => {
      const map = makeMap(2 ** 20, { name: 'm' });
      map.set('old', 1, { expires: Date.now() - 1000 });
      for (const key of ['none', 'old']) assert.deepEqual(run('get', '--name', 'm', key), nothing);
    });

    it('set and get take a name, a handle or a path', () => {
      const named = makeMap(2 ** 20, { name: 'm' });
      const anonymous = makeMap(2 ** 20);
      const file = path.join(folder, files()[0]);
      for (const [map, place] of [
        [named, ['--name', 'm']],
        [named, [file]],
        [anonymous, [anonymous.handle]],
      ]) {
        map.delete('k');
        assert.deepEqual(run('set', ...place, 'k', '{"__proto__":1,"a":["ä"]}'), done);
        assert.deepEqual(map.get('k').a, ['ä']);
        assert.deepEqual(run('get', ...place, 'k'), printed('{"__proto__":1,"a":["ä"]}\n'));
      }
    });

    it('set takes negative numbers, and keys like options after --', () => {
      const map = makeMap(2 ** 20, { name: 'm' });
      assert.deepEqual(run('set', '--name', 'm', '-1', '-5.5e1'), done);
      assert.deepEqual(run('set', '--name', 'm', '--', '--raw', '-2'), done);
      assert.deepEqual([map.get('-1'), map.get('--raw')], [-55, -2]);
      assert.deepEqual(run('del', '--name', 'm', '-1'), done);
      assert.equal(map.has('-1'), false);
    });

    it('set with --ttl lets the entry expire, and without it never', () => {
      const map = makeMap(2 ** 20, { name: 'm' });
      assert.deepEqual(run('set', '--name', 'm', 'k', '1', '--ttl', '3600000'), done);
      assert.ok(map.ttl('k') > 3_000_000 && map.ttl('k') <= 3_600_000, `${map.ttl('k')}`);
      assert.deepEqual(run('set', '--name', 'm', 'k', '2'), done);
      assert.equal(map.ttl('k'), Infinity);
    });

    it('set reads the value from the standard input', () => {
      const map = makeMap(2 ** 24, { name: 'm' });
      const large = { text: 'x'.repeat(2_000_000) };
      assert.deepEqual(runWith(JSON.stringify(large), 'set', '--name', 'm', 'k', '-'), done);
      assert.ok(map.get('k').text === large.text);
      assert.ok(run('get', '--name', 'm', 'k').stdout === `${JSON.stringify(large)}\n`);
      assert.deepEqual(runWith('a\nb\n', 'set', '--name', 'm', 'k', '-', '--raw'), done);
      assert.equal(map.get('k'), 'a\nb\n');
    });

    it('--raw sets a text as it is, and prints texts and bytes as they are', () => {
      const map = makeMap(2 ** 20, { name: 'm' });
      assert.deepEqual(run('set', '--name', 'm', 'k', '{a', '--raw'), done);
      assert.equal(map.get('k'), '{a');
      assert.deepEqual(run('get', '--name', 'm', 'k', '--raw'), printed('{a\n'));
      const bytes = Buffer.from([0, 10, 200, 27]);
      map.set('bytes', bytes).set('n', 5);
      const args = [COMMAND, 'get', '--name', 'm', 'bytes', '--raw'];
      assert.deepEqual(spawnSync(process.execPath, args).stdout, bytes);
      assert.deepEqual(run('get', '--name', 'm', 'n', '--raw'), printed('5\n'));
    });

    it('del deletes keys, and exits with 1 if one of them is missing', () => {
      const map = makeMap(2 ** 20, { name: 'm' });
      map.setMany(Object.entries({ a: 1, b: 2, c: 3, 'x:1': 4, 'x:2': 5 }));
      assert.deepEqual(run('del', '--name', 'm', 'a', 'b'), done);
      assert.deepEqual(run('del', '--name', 'm', 'a', 'c'), nothing);
      assert.deepEqual([...map.keys()].sort(), ['x:1', 'x:2']);
    });

    it('del --prefix deletes the keys that begin with it', () => {
      const map = makeMap(2 ** 20, { name: 'm' });
      map.setMany(Object.entries({ a: 1, 'x:1': 4, 'x:2': 5 }));
      assert.deepEqual(run('del', '--name', 'm', '--prefix', 'x:'), done);
      assert.deepEqual([...map.keys()], ['a']);
      assert.deepEqual(run('del', '--name', 'm', '--prefix', ''), done);
      assert.equal(map.size, 0);
    });

    it('keys prints one key on a line, as JSON or raw, of all or with a prefix', () => {
      const map = makeMap(2 ** 20, { name: 'm' });
      assert.deepEqual(run('keys', '--name', 'm'), done);
      map.setMany(Object.entries({ a: 1, 'x:\n': 2, 'x:\x1b\u202e': 3 }));
      const sorted = (...args) =>
        run('keys', '--name', 'm', ...args)
          .stdout.split('\n')
          .sort();
      assert.deepEqual(sorted(), ['', '"a"', '"x:\\n"', '"x:\\u001b\\u202e"']);
      assert.deepEqual(sorted('--prefix', 'x:'), ['', '"x:\\n"', '"x:\\u001b\\u202e"']);
      assert.deepEqual(run('keys', '--name', 'm', '--prefix', 'a', '--raw'), printed('a\n'));
    });

    it('keys prints each of 50,000 keys once, and ends quietly when its reader does', () => {
      const map = makeMap(2 ** 24, { name: 'm' });
      for (let i = 0; i < 50_000; i++) map.set(`key-${i}`, i);
      const found = run('keys', '--name', 'm').stdout.split('\n').slice(0, -1);
      assert.equal(found.length, 50_000);
      assert.equal(new Set(found).size, 50_000);
      const line = `"${process.execPath}" "${COMMAND}" keys --name m; echo $? >&2`;
      const { stdout, stderr } = spawnSync('bash', ['-c', `(${line}) | head -1`], {
        encoding: 'utf8',
      });
      assert.match(stdout, /^"key-\d+"\n$/);
      assert.equal(stderr, '0\n');
    });

    it('stats prints the fill and the counters', () => {
      const map = makeMap(2 ** 20, { name: 'm', evict: 'lru' });
      map.set('a', 1).set('b', 2);
      const { cached, ...expected } = map.stats();
      assert.equal(typeof cached, 'number');
      const { stdout } = run('stats', '--name', 'm', '--json');
      assert.deepEqual(JSON.parse(stdout), {
        ...{ kind: 'SharedMap', evict: 'lru' },
        ...expected,
      });
      const text = run('stats', '--name', 'm').stdout;
      assert.match(text, /^kind +SharedMap\n/);
      assert.match(text, /^entries +2$/m);
      assert.match(text, new RegExp(`^free +${expected.free}$`, 'm'));
    });

    it('reports a map that is full, and a key that is too long', () => {
      const map = makeMap(65_536, { name: 'm' });
      map.set('k', 1);
      const full = runWith(JSON.stringify('x'.repeat(2 ** 20)), 'set', '--name', 'm', 'k', '-');
      assert.deepEqual([full.status, full.stdout], [1, '']);
      assert.match(full.stderr, /^mmapipc: the map has no space.*\n$/);
      assert.equal(map.get('k'), 1);
      const long = run('set', '--name', 'm', 'k'.repeat(2000), '1');
      assert.equal(long.status, 1);
      assert.match(long.stderr, /^mmapipc: .*2000 bytes.*\n$/);
    });
  });

  describe('of a Share', () => {
    it('get, set and del are for its value', () => {
      const share = makeShare(4096, { name: 's' });
      assert.deepEqual(run('get', '--name', 's'), nothing);
      assert.deepEqual(run('set', '--name', 's', '{"dark":true}'), done);
      assert.deepEqual(share.get(), { dark: true });
      assert.deepEqual(run('get', '--name', 's'), printed('{"dark":true}\n'));
      assert.deepEqual(run('del', '--name', 's'), done);
      assert.equal(share.get(), undefined);
      share.set(null);
      assert.deepEqual(run('get', '--name', 's'), printed('null\n'));
      const anonymous = makeShare(4096);
      assert.deepEqual(run('set', anonymous.handle, 'a text', '--raw'), done);
      assert.deepEqual(run('get', anonymous.handle), printed('"a text"\n'));
    });

    it('stats prints its version and its size', () => {
      const share = makeShare(4096, { name: 's' });
      share.set('text');
      assert.deepEqual(JSON.parse(run('stats', '--name', 's', '--json').stdout), {
        ...{ kind: 'Share', version: 1, byteLength: 4, capacity: 4096 },
      });
    });

    it('reports a value that is too large, and keeps the old one', () => {
      const share = makeShare(16, { name: 's' });
      share.set(1);
      const { status, stderr } = run('set', '--name', 's', `"${'x'.repeat(100)}"`);
      assert.equal(status, 1);
      assert.match(stderr, /^mmapipc: .*100.*\n$/);
      assert.equal(share.get(), 1);
    });
  });

  describe('of any codec', () => {
    it('sets and gets values of codec json', () => {
      const share = makeShare(4096, { name: 's', codec: 'json' });
      const map = makeMap(2 ** 20, { name: 'm', codec: 'json' });
      assert.deepEqual(run('set', '--name', 's', '[1]'), done);
      assert.deepEqual(run('set', '--name', 'm', 'k', '[1]'), done);
      assert.deepEqual([share.get(), map.get('k')], [[1], [1]]);
      assert.deepEqual(run('get', '--name', 's'), printed('[1]\n'));
      assert.deepEqual(run('get', '--name', 'm', 'k'), printed('[1]\n'));
    });

    it('shows the bytes of a custom codec, and cannot set them', () => {
      const codec = { encode: (text) => Buffer.from(text), decode: String };
      const share = makeShare(4096, { name: 's', codec });
      const map = makeMap(2 ** 20, { name: 'm', codec });
      share.set('hello');
      map.set('k', 'hello');
      assert.deepEqual(run('get', '--name', 's'), printed('{"$Buffer":"aGVsbG8="}\n'));
      assert.deepEqual(run('get', '--name', 'm', 'k', '--raw'), printed('hello'));
      for (const args of [['s'], ['m', 'k']]) {
        const { status, stderr } = run('set', '--name', ...args, '"x"');
        assert.equal(status, 1);
        assert.match(stderr, /^mmapipc: .*custom codec.*\n$/);
      }
      assert.deepEqual([share.get(), map.get('k')], ['hello', 'hello']);
      assert.deepEqual(run('del', '--name', 'm', 'k'), done);
      assert.deepEqual(run('del', '--name', 's'), done);
    });

    it('prints what JSON cannot express as objects with a $ key', () => {
      const map = makeMap(2 ** 20, { name: 'm' });
      const circular = { list: [] };
      circular.list.push(circular);
      const cases = [
        [12n, '{"$bigint":"12"}'],
        [[NaN, -0, Infinity], '[{"$number":"NaN"},{"$number":"-0"},{"$number":"Infinity"}]'],
        [{ a: undefined }, '{"a":{"$undefined":true}}'],
        [new Date(0), '{"$Date":"1970-01-01T00:00:00.000Z"}'],
        [new Date(NaN), '{"$Date":null}'],
        [/a/g, '{"$RegExp":"/a/g"}'],
        [new TypeError('bad'), '{"$Error":{"name":"TypeError","message":"bad"}}'],
        [new Map([['a', new Map([[1, 2n]])]]), '{"$Map":[["a",{"$Map":[[1,{"$bigint":"2"}]]}]]}'],
        [new Set([1, 'b']), '{"$Set":[1,"b"]}'],
        [Buffer.from('hi'), '{"$Buffer":"aGk="}'],
        [{ bytes: new Uint8Array([104, 105]) }, '{"bytes":{"$Buffer":"aGk="}}'],
        [[new Uint8Array([104, 105]).buffer], '[{"$ArrayBuffer":"aGk="}]'],
        [new DataView(new Uint8Array([1, 104, 105]).buffer, 1), '{"$DataView":"aGk="}'],
        [new Float64Array([0.5, NaN]), '{"$Float64Array":[0.5,{"$number":"NaN"}]}'],
        [new BigInt64Array([1n]), '{"$BigInt64Array":[{"$bigint":"1"}]}'],
        [Object('boxed'), '"boxed"'],
        [circular, '{"list":[{"$circular":2}]}'],
        ['\x9b\u202e', '"\\u009b\\u202e"'],
      ];
      const share = makeShare(65_536, { name: 's' });
      share.set(cases.map(([value]) => value));
      const all = JSON.parse(run('get', '--name', 's').stdout);
      assert.deepEqual(
        all,
        cases.map(([, text]) => JSON.parse(text)),
      );
      map.set('k', deep(500));
      assert.ok(run('get', '--name', 'm', 'k').stdout === `${JSON.stringify(deep(500))}\n`);
      makeShare(65_536, { name: 'j', codec: 'json' }).set(deep(4000));
      const { status, stdout, stderr } = run('get', '--name', 'j');
      assert.deepEqual([status, stdout], [1, '']);
      assert.match(stderr, /^mmapipc: the value is nested too deeply.*\n$/);
      for (const [value, text] of [cases[0], cases[9], cases.at(-1)]) {
        map.set('k', value);
        assert.deepEqual(run('get', '--name', 'm', 'k'), printed(`${text}\n`));
      }
    });
  });

  it('gets, sets and deletes while other processes write, and after they were killed', async () => {
    makeShare(65_536, { name: 's' });
    makeMap(2 ** 20, { name: 'm' });
    const writers = [
      await startPeer.process({ of: 'Share', name: 's' }),
      await startPeer.process({ of: 'SharedMap', name: 'm' }),
    ];
    for (const writer of writers) {
      await writer.run((self) => {
        const at = self.map.constructor.name === 'Share' ? [] : ['k'];
        const write = (i) =>
          self.map.set(...at, { i, text: `${i}`.repeat(1 + (i % 1000)), end: i });
        write(0);
        let i = 0;
        setImmediate(() => {
          for (;;) write(++i);
        });
      });
    }
    const look = () =>
      [['s'], ['m', 'k']].map((place) => {
        const { status, stdout, stderr } = run('get', '--name', ...place);
        assert.deepEqual([status, stderr], [0, '']);
        const { i, text, end } = JSON.parse(stdout);
        assert.deepEqual([text === `${i}`.repeat(1 + (i % 1000)), end], [true, i]);
        return i;
      });
    const first = look();
    const second = look();
    assert.ok(second[0] > first[0] && second[1] > first[1], `${first}; ${second}`);
    assert.deepEqual(run('set', '--name', 'm', 'mine', '1'), done);
    for (const writer of writers) await writer.end('SIGKILL');
    const third = look();
    assert.deepEqual(look(), third);
    assert.deepEqual(run('get', '--name', 'm', 'mine'), printed('1\n'));
    assert.deepEqual(run('set', '--name', 's', '5'), done);
    assert.deepEqual(run('get', '--name', 's'), printed('5\n'));
    assert.deepEqual(run('del', '--name', 'm', 'k', 'mine'), done);
    assert.deepEqual(run('keys', '--name', 'm'), done);
  });

  describe('with wrong arguments', () => {
    const failure = (status, pattern, ...args) => {
      const result = run(...args);
      assert.deepEqual([result.status, result.stdout], [status, ''], args.join(' '));
      assert.match(result.stderr, pattern);
    };

    it('names the kind of a region that a command is not for, and exits with 1', () => {
      makeShare(4096, { name: 's' });
      mmap({ name: 'x', size: 10 });
      failure(1, /'keys' is for a SharedMap.*'s' is of class Share\n$/, 'keys', '--name', 's');
      failure(1, /'get' is for a Share or a SharedMap.*class Mmap\n$/, 'get', '--name', 'x');
      failure(1, /^mmapipc: ENOENT.*\n$/, 'get', '--name', 'none');
      failure(1, /cannot be opened: .*not a region.*\n$/, 'stats', __filename);
    });

    it('exits with 2 and prints the usage if the arguments do not fit the region', () => {
      makeShare(4096, { name: 's' });
      const map = makeMap(2 ** 20, { name: 'm' });
      const usage = (...args) => failure(2, /^mmapipc: .+\nusage:\n/, ...args);
      usage('get', '--name', 's', 'key');
      usage('get', '--name', 'm');
      usage('set', '--name', 's', 'key', '1');
      usage('set', '--name', 'm', '1');
      usage('set', '--name', 's', '1', '--ttl', '5');
      usage('del', '--name', 's', 'key');
      usage('del', '--name', 's', '--prefix', 'k');
      usage('del', '--name', 'm');
      usage('del', '--name', 'm', 'k', '--prefix', 'k');
      assert.equal(map.size, 0);
    });

    it('exits with 2 and prints the usage for a wrong number of arguments or option', () => {
      for (const args of [
        ['get'],
        ['get', '--name', 'm', 'a', 'b'],
        ['set', '--name', 'm'],
        ['set', '--name', 'm', 'a', '1', '2'],
        ['keys', '--name', 'm', 'a'],
        ['stats', '--name', 'm', 'a'],
        ['stats', '--name', 'm', '--raw'],
        ['get', '--name', 'm', 'a', '--ttl', '5'],
        ['get', '--name', 'm', 'a', '--raw', '--json'],
        ['keys', '--name', 'm', '--prefix'],
        ['set', '--name', 'm', 'k', '--x'],
      ]) {
        failure(2, /^mmapipc: .+\nusage:\n/, ...args);
      }
    });

    it('explains how to quote a value that is not JSON, and exits with 2', () => {
      const map = makeMap(2 ** 20, { name: 'm' });
      for (const value of ['hello', '{a:1}', '', "'1'", '\x1b[2J']) {
        failure(2, /^mmapipc: the value is not JSON: .*'"text"'.*--raw.*\n$/, ...set(value));
      }
      const { status, stderr } = runWith('{', ...set('-'));
      assert.equal(status, 2);
      assert.match(stderr, /^mmapipc: the standard input is not JSON: \{; .*\n$/);
      for (const ttl of ['0', '-5', '1.5', 'x', '']) {
        failure(2, /^mmapipc: --ttl must be .*\n$/, ...set('1'), '--ttl', ttl);
      }
      assert.equal(map.size, 0);
    });

    const set = (value) => ['set', '--name', 'm', 'k', value];
  });
});
