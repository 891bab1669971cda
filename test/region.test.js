/*
 * Mmap without a file: the ways to open one, their options and errors, and its properties.
 */
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const util = require('node:util');

const {
  Mmap,
  Share,
  SharedMap,
  PROT_READ,
  PROT_WRITE,
  MAP_SHARED,
  MAP_PRIVATE,
  MAP_ANON,
} = require('..');
const { holdings } = require('./support/holdings');
const { linuxIt, isLinux } = require('./support/platform');
const { regions } = require('./support/regions');

const RW = PROT_READ | PROT_WRITE;
const ARG = { code: 'ERR_INVALID_ARG_VALUE' };
const ENOENT = { code: 'ENOENT' };

describe('Mmap without a file', () => {
  const { open, files, folder } = regions();
  let count = 0;
  const fresh = () => `name-${++count}`;

  describe('kinds', () => {
    const ways = {
      anonymous: () => {
        const one = open({ size: 100 });
        return [one, open({ handle: one.handle })];
      },
      'anonymous, by attach': () => {
        const one = open({ size: 100 });
        return [one, Mmap.attach(one.handle)];
      },
      inherit: () => {
        const inherit = fresh();
        return [open({ inherit, size: 100 }), open({ inherit })];
      },
      name: () => {
        const name = fresh();
        const made = open({ name, size: 100 });
        return [made, Mmap.open({ name })];
      },
    };
    for (const [kind, make] of Object.entries(ways)) {
      linuxIt(`${kind}: two objects share readable and writable memory, initially zeros`, () => {
        const [one, two] = make();
        assert.deepEqual(
          [one.size, two.size, one.readOnly, two.readOnly],
          [100, 100, false, false],
        );
        assert.ok(one.read().equals(Buffer.alloc(100)));
        one.write('hello', 50);
        assert.equal(two.readString(50, 5), 'hello');
        two.buffer[50] = 72;
        assert.equal(one.readString(50, 5), 'Hello');
        assert.equal(two.pack(0, 'N', 7), 4);
        assert.deepEqual(one.unpack(0, 'N'), [7]);
        one.flush();
        assert.deepEqual([one.fd, one.file, one.offset], [undefined, undefined, 0]);
        two.close();
      });
    }

    linuxIt('accepts MAP_ANON with null and with a name, as IPC::Mmap does', () => {
      const shared = new Mmap(null, 50, RW, MAP_ANON | MAP_SHARED);
      assert.match(shared.handle, /^memfd:/);
      assert.equal(new Mmap(undefined, 50, undefined, MAP_ANON | MAP_SHARED).readOnly, false);
      const [one, two] = [1, 2].map(() => new Mmap('x', 50, RW, MAP_ANON | MAP_SHARED));
      one.write('x');
      assert.equal(two.readString(0, 1), 'x');
      assert.equal(new Mmap('x', 0, PROT_READ, MAP_ANON | MAP_SHARED).size, 50);
      for (const map of [shared, one, two]) map.close();
    });

    it('MAP_ANON | MAP_PRIVATE is memory of this process only', () => {
      for (const first of [null, 'x']) {
        const map = new Mmap(first, 5000, RW, MAP_ANON | MAP_PRIVATE);
        assert.equal(map.write('abc', 4996), 3);
        assert.equal(map.buffer.length, 5000);
        map.flush();
        assert.deepEqual([map.handle, map.name, map.file, map.fd], Array(4).fill(undefined));
        assert.equal(JSON.stringify({ map }), '{}');
        assert.match(util.inspect(map), /private: true, size: 5000/);
        assert.throws(() => map.lock(), { code: 'ERR_MMAPIPC_UNSUPPORTED' });
        map.close();
      }
      const map = new Mmap({ size: 10, private: true });
      assert.equal(map.readString(), '\0'.repeat(10));
      map.close();
    });

    linuxIt('a private mapping of a region follows it, and keeps its own stores', () => {
      const name = fresh();
      const shared = open({ name, size: 10 });
      const copy = open({ name, private: true });
      shared.write('abc');
      assert.equal(copy.readString(0, 3), 'abc');
      copy.write('x');
      assert.equal(shared.readString(0, 3), 'abc');
    });
  });

  describe('sizes', () => {
    linuxIt('an existing region is used, with its own size, if it is large enough', () => {
      const name = fresh();
      const { handle } = open({ size: 5000 });
      open({ name, size: 5000 });
      for (const where of [{ handle }, { name }]) {
        assert.equal(open(where).size, 5000);
        assert.equal(open({ ...where, size: 10 }).size, 5000);
        assert.equal(open({ ...where, size: 5000 }).size, 5000);
        assert.throws(() => open({ ...where, size: 5001 }), {
          code: 'ERR_MMAPIPC_TOO_SMALL',
          required: 5001,
          capacity: 5000,
          message: /5000 bytes, fewer than the 5001 requested; Mmap.open/,
        });
      }
    });

    linuxIt('an anonymous region needs a size', () => {
      assert.throws(() => new Mmap({}), { code: 'ERR_INVALID_ARG_TYPE', message: /"size"/ });
      assert.throws(() => new Mmap({ size: 0 }), { code: 'ERR_INVALID_ARG_TYPE' });
      assert.throws(() => new Mmap(null, 0, RW, MAP_ANON | MAP_SHARED), {
        code: 'ERR_OUT_OF_RANGE',
      });
      assert.throws(() => new Mmap({ name: fresh() }), { ...ENOENT, message: /needs a size/ });
      assert.deepEqual(files(), []);
    });

    linuxIt('may be a byte, or a GiB, which takes no memory before use', () => {
      assert.equal(open({ size: 1 }).write('ab'), 1);
      const map = open({ size: 2 ** 30 });
      map.write('end', 2 ** 30 - 3);
      assert.ok(map.resident() <= 3);
    });

    linuxIt('a size that no process can map is refused, and leaves nothing', () => {
      const { fds } = holdings();
      assert.throws(
        () => open({ size: 2 ** 52 }),
        (error) => /ENOMEM|EFBIG/.test(error.code),
      );
      assert.throws(() => open({ size: Number.MAX_SAFE_INTEGER }), { code: 'ERR_OUT_OF_RANGE' });
      assert.equal(holdings().fds, fds);
    });
  });

  describe('create', () => {
    linuxIt('false throws ENOENT if it is missing, exclusive EEXIST if it exists', () => {
      for (const where of [{ name: fresh() }, { inherit: fresh() }]) {
        assert.throws(() => open({ ...where, size: 10, create: false }), ENOENT);
        assert.throws(() => Mmap.open(where), ENOENT);
        open({ ...where, size: 10, create: 'exclusive' });
        assert.throws(() => open({ ...where, size: 10, create: 'exclusive' }), {
          code: 'EEXIST',
          message: /only creates new ones/,
        });
        assert.equal(open({ ...where, size: 10, create: false }).size, 10);
        Mmap.with({ ...where, create: false }, (map) => assert.equal(map.size, 10));
      }
    });

    linuxIt('an unused name is recreated', () => {
      const name = fresh();
      Mmap.with({ name, size: 10 }, (map) => map.write('old'));
      assert.deepEqual(files(), []);
      const map = open({ name, size: 20, create: 'exclusive' });
      assert.equal(map.readString(0, 3), '\0\0\0');
    });

    linuxIt(
      'the file of a name is 0600 in a directory of 0700, and the last close removes it',
      () => {
        const name = 'with space and ü';
        const map = new Mmap({ name, size: 10 });
        const [file] = files();
        assert.equal(fs.statSync(folder).mode & 0o7777, 0o700);
        assert.equal(fs.statSync(`${folder}/${file}`).mode & 0o7777, 0o600);
        const other = new Mmap({ name });
        map.close();
        assert.equal(files().length, 1);
        other.close();
        assert.deepEqual(files(), []);
      },
    );
  });

  describe('read-only', () => {
    for (const kind of ['handle', 'name']) {
      linuxIt(`by ${kind}: it follows the region, also after a stray store`, () => {
        const made = open(kind === 'name' ? { name: fresh(), size: 8192 } : { size: 8192 });
        const map = open({ [kind]: made[kind], readOnly: true });
        assert.equal(map.readOnly, true);
        assert.throws(() => map.write('x'), { code: 'ERR_MMAPIPC_ACCESS' });
        assert.throws(() => map.pack(0, 'N', 1), { code: 'ERR_MMAPIPC_ACCESS' });
        made.write('one', 5000);
        assert.equal(map.buffer.toString('latin1', 5000, 5003), 'one');
        map.buffer[0] = 65;
        assert.equal(made.read(0, 1)[0], 0);
        made.write('two', 5000);
        assert.equal(map.readString(5000, 3), 'two');
        assert.equal(map.buffer.toString('latin1', 5000, 5003), 'two');
        map.flush();
      });
    }

    linuxIt('creates nothing', () => {
      assert.throws(() => open({ size: 10, readOnly: true }), { ...ARG, message: /name it with/ });
      assert.throws(() => open({ name: fresh(), size: 10, readOnly: true }), ENOENT);
      assert.throws(() => open({ inherit: fresh(), size: 10, readOnly: true }), ENOENT);
      assert.throws(
        () => open({ name: fresh(), size: 10, readOnly: true, create: 'exclusive' }),
        ARG,
      );
    });
  });

  describe('refuses', () => {
    const cases = [
      [{ name: 'a/b', size: 1 }, /plain name/],
      [{ name: '..', size: 1 }, /plain name/],
      [{ name: 'a\\b', size: 1 }, /plain name/],
      [{ name: '', size: 1 }, /empty/],
      [{ name: 'a\0b', size: 1 }, /null bytes/],
      [{ name: 'a\ud800', size: 1 }, /surrogates/],
      [{ inherit: '', size: 1 }, /empty/],
      [{ handle: 'memfd:nonsense' }, /is not a handle/],
      [{ handle: 'x'.repeat(100) }, /is not a handle/],
      [{ handle: `memfd:${'0'.repeat(32)}:1` }, /is not a handle/],
      [{ path: 'x', size: 1 }, /use "file"/],
      [{ file: 'x', name: 'y' }, /"file" and "name" exclude/],
      [{ handle: 'x', inherit: 'y' }, /exclude each other/],
      [{ name: 'y', size: 1, offset: 5 }, /view\(offset/],
      [{ handle: 'memfd:1', size: 1, create: 'exclusive' }, /"handle" names one that exists/],
      [{ size: 1, create: false }, /name it with/],
      [{ size: 1, protect: true }, /read-only/],
    ];
    for (const [options, message] of cases) {
      linuxIt(`${JSON.stringify(options).slice(0, 60)}: ${message}`, () => {
        assert.throws(() => open(options), { ...ARG, name: 'TypeError', message });
      });
    }

    linuxIt('other types, naming the expected ones', () => {
      for (const key of ['name', 'inherit', 'handle']) {
        assert.throws(() => open({ [key]: 5, size: 1 }), {
          code: 'ERR_INVALID_ARG_TYPE',
          message: new RegExp(`"${key}" must be of type string. Received type number`),
        });
      }
      assert.throws(() => Mmap.attach(), { code: 'ERR_INVALID_ARG_TYPE' });
      assert.throws(() => Mmap.attach('x', 5), { code: 'ERR_INVALID_ARG_TYPE' });
      assert.throws(() => Mmap.attach('x', { handle: 'y' }), ARG);
      assert.throws(() => Mmap.open(), { code: 'ERR_INVALID_ARG_TYPE' });
      assert.throws(() => Mmap.open({ size: 5 }), ARG);
      assert.throws(() => Mmap.open({ name: 'x', create: true }), ARG);
      assert.throws(() => open({ nam: 'x', size: 1 }), { ...ARG, message: /did you mean 'name'/ });
    });

    linuxIt('a handle that no process has open, naming the cause', () => {
      const map = open({ size: 10 });
      const { handle } = map;
      map.close();
      assert.throws(() => Mmap.attach(handle), {
        ...ENOENT,
        message: /no process .* has it open/,
      });
    });

    linuxIt('a name too long for a file', () => {
      for (const length of [300, 5000]) {
        assert.throws(() => open({ name: 'x'.repeat(length), size: 1 }), /too long/);
      }
      open({ name: 'x'.repeat(255), size: 1 });
    });

    (isLinux ? it.skip : it)('all regions on a system without support for them', () => {
      for (const options of [{ size: 10 }, { name: 'x', size: 10 }, { inherit: 'x', size: 10 }]) {
        assert.throws(() => open(options), { code: 'ERR_MMAPIPC_UNSUPPORTED', message: /file/ });
      }
      for (const Class of [Share, SharedMap]) {
        const refused = { code: 'ERR_MMAPIPC_UNSUPPORTED', message: /file/ };
        for (const options of [
          {},
          { name: 'x' },
          { inherit: 'x' },
          { name: 'x', readOnly: true },
        ]) {
          assert.throws(() => new Class(65536, options), refused);
        }
      }
    });
  });

  describe('an object', () => {
    linuxIt('has a printed form and a JSON form, and cannot be posted', () => {
      const named = open({ name: fresh(), size: 10 });
      const plain = open({ size: 10 });
      const inherited = open({ inherit: 'it', size: 10 });
      assert.match(util.inspect(named), /^Mmap \{ name: 'name-\d+', size: 10, readOnly: false/);
      assert.match(util.inspect(plain), /^Mmap \{\n? +handle: 'memfd:.*',\n? +size: 10/);
      assert.match(util.inspect(inherited), /^Mmap \{\n? +inherit: 'it',\n? +handle: 'memfd:/);
      assert.equal(JSON.parse(JSON.stringify({ plain })).plain, plain.handle);
      assert.deepEqual(JSON.parse(JSON.stringify(named)), { name: named.name });
      assert.equal(open(JSON.parse(JSON.stringify(named))).size, 10);
      assert.throws(() => structuredClone(plain), { message: /\.handle/ });
      const { handle } = plain;
      plain.close();
      assert.match(util.inspect(plain), /closed: true/);
      assert.deepEqual([plain.handle, plain.size], [handle, 10]);
    });

    linuxIt('is closed by with()', async () => {
      let kept;
      assert.equal(
        Mmap.with({ size: 10 }, (map) => (kept = map).size),
        10,
      );
      assert.equal(kept.closed, true);
      assert.equal(await Mmap.with({ size: 7 }, async (map) => map.size), 7);
    });
  });
});
