/*
 * The tables "Coming from ..." of docs/migrating.md: each line that exists is done here, and a line that
 * is not supported names the reason.
 */
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');

const mmapipc = require('..');
const { isWindows, linuxIt } = require('./support/platform');
const { read, table } = require('./support/readme');
const { regions } = require('./support/regions');
const { scratch } = require('./support/scratch');

const { Mmap, Share, SharedMap, PROT_READ, PROT_WRITE } = mmapipc;
const { MAP_SHARED, MAP_PRIVATE, MAP_ANON, MAP_ANONYMOUS, MAP_FILE } = mmapipc;
const RW = PROT_READ | PROT_WRITE;

/* Gets a mapping of a file that holds '0123456789', and its path; gives whether it worked. */
const perl = {
  'IPC::Mmap->new($file, $length, $prot, $flags)': (map, path) =>
    new Mmap(path, 5, RW, MAP_SHARED).size === 5,
  'IPC::Mmap->new(FILEHANDLE, ...)': async (map, path) => {
    const fd = fs.openSync(path, 'r');
    const one = new Mmap(fd).readString();
    fs.closeSync(fd);
    const handle = await fs.promises.open(path);
    const two = new Mmap(handle).readString();
    await handle.close();
    return one === '0123456789' && two === one;
  },
  'IPC::Mmap->new($name, $length, $prot, MAP_ANON)': () => {
    const one = new Mmap('migration', 10, RW, MAP_ANON | MAP_SHARED);
    const two = new Mmap('migration', 10, RW, MAP_ANON | MAP_SHARED);
    one.write('x');
    return two.readString(0, 1) === 'x';
  },
  '$mmap->read($data, $offset, $length)': (map) => map.read(3, 2).toString() === '34',
  '$mmap->write($data, $offset, $length)': (map) =>
    map.write('abcdef', 8, 4) === 2 && map.readString() === '01234567ab',
  '$mmap->pack($offset, $template, @values)': (map) =>
    map.pack(2, 'n a3', 0x4142, 'xyz') === 5 && map.readString() === '01ABxyz789',
  '$mmap->unpack($offset, $length, $template)': (map) => {
    const [one, two] = map.unpack(2, 4, 'a2 a*');
    return one === '23' && two === '45';
  },
  '$mmap->lock()': (map, path) => {
    map.lock();
    return new Mmap(path, 0, RW).tryLock() === null;
  },
  '$mmap->unlock()': (map, path) => {
    map.lock();
    map.unlock();
    return new Mmap(path, 0, RW).tryLock() !== null;
  },
  '$mmap->getFilename()': (map, path) => map.file === path,
  '$mmap->getFileHandle()': (map) =>
    isWindows ? map.fd === undefined : fs.fstatSync(map.fd).size === 10,
  '$mmap->getLength()': (map) => map.size === 10,
  '$mmap->getAddress()': (map) => typeof map.address === 'bigint' && map.address > 0n,
  '$mmap->unmap()': (map) => (map.unmap(), map.closed),
  '$mmap->close()': (map) => (map.close(), map.closed),
  PROT_READ: (map, path) => new Mmap(path, 0, PROT_READ).readOnly,
  PROT_WRITE: (map, path) => {
    const writer = new Mmap(path, 0, PROT_WRITE);
    assert.throws(() => writer.read(), { code: 'ERR_MMAPIPC_ACCESS' });
    return writer.write('x') === 1 && map.readString(0, 1) === 'x';
  },
  MAP_SHARED: (map, path) => {
    new Mmap(path, 0, RW, MAP_SHARED).write('x');
    return map.readString(0, 1) === 'x';
  },
  MAP_PRIVATE: (map, path) => {
    new Mmap(path, 0, RW, MAP_PRIVATE).write('x');
    return map.readString(0, 1) === '0';
  },
  MAP_ANON: () => new Mmap(null, 10, RW, MAP_ANON | MAP_SHARED).write('x') === 1,
  MAP_ANONYMOUS: () => new Mmap(null, 10, RW, MAP_ANONYMOUS | MAP_PRIVATE).write('x') === 1,
  MAP_FILE: (map, path) => new Mmap(path, 0, RW, MAP_SHARED | MAP_FILE).size === 10,
};

const ruby = {
  'MMap.new(:file => f)': (map, path) => new Mmap({ file: path, readOnly: false }).write('x') === 1,
  'MMap.new(...) { |addr| ... }': (map, path) => Mmap.with({ file: path }, (m) => m.size) === 10,
  'MMap.open(name)': (map, path) => {
    const name = `migration-${process.pid}-${path.at(-1)}`;
    const made = new Mmap({ name, size: 10 });
    made.write('x');
    const again = Mmap.open({ name });
    const first = again.readString(0, 1);
    again.close();
    made.close();
    return first === 'x';
  },
  ':name': (map, path) => {
    const name = `migration-${process.pid}-${path.at(-1)}`;
    return Mmap.with({ name, size: 10 }, (made) => made.name) === name;
  },
  ':inherit': () =>
    Mmap.with({ inherit: 'migration-ruby', size: 10 }, ({ handle }) =>
      Object.values(process.env).includes(handle),
    ),
  ':size': (map, path) => new Mmap({ file: path, size: 20, readOnly: false }).size === 20,
  ':protection': (map, path) => protections(path),
  ':access': (map, path) => protections(path),
  address: (map) => typeof map.address === 'bigint',
  ':open': (map, path) => {
    const options = { file: `${path}-missing`, size: 10, readOnly: false, create: false };
    assert.throws(() => new Mmap(options), { code: 'ENOENT' });
    return true;
  },
  ':autolock': (map, path) => {
    const auto = new Mmap({ file: path, readOnly: false, autolock: true, timeout: 1 });
    const written = auto.write('x');
    map.lock();
    assert.throws(() => auto.write('y'), { code: 'ERR_MMAPIPC_DEADLOCK' });
    map.unlock();
    return written === 1;
  },
  ':timeout': (map, path) => {
    const other = new Mmap({ file: path, readOnly: false, timeout: 0 });
    return other.tryLock() !== null;
  },
  'flush(num_bytes)': (map) => map.flush(0, 4) === undefined,
  'map.foo = value': () => attributes((map) => (map.object.foo = { a: [0] })).a[0] === 0,
  'map.foo': () => attributes((map) => map.set('foo', 'hello')) === 'hello',
  close: (map) => (map.close(), map.closed),
  'write_string(s)': (map) => map.write('new') === 3,
  'read_string(length)': (map) => map.readString(0, 4) === '0123',
};

/* What another object of the same map has as `foo` afterwards. */
function attributes(set) {
  return SharedMap.with(65536, { name: 'migration-map' }, (map) => {
    set(map);
    return SharedMap.with(65536, { name: 'migration-map' }, ({ object }) => object.foo);
  });
}

function protections(path) {
  const readOnly = new Mmap({ file: path, readOnly: true });
  const copy = new Mmap({ file: path, readOnly: false, private: true });
  const both = new Mmap({ file: path, prot: RW });
  assert.throws(() => readOnly.write('x'), { code: 'ERR_MMAPIPC_ACCESS' });
  copy.write('x');
  both.write('y');
  return readOnly.readString(0, 1) === 'y' && copy.readString(0, 1) === 'x';
}

const share = {
  'IPC::Mmap::Share->new($size)': () => {
    const one = new Share(100, { inherit: 'share' });
    const two = new Share(100, { inherit: 'share' });
    one.set('x');
    return two.get() === 'x';
  },
  '$share->set($var)': () =>
    Share.with(10, (one) => {
      one.set([1, 2]);
      assert.throws(() => one.set('too much for it'), { code: 'ERR_MMAPIPC_TOO_LARGE' });
      return one.get().length === 2;
    }),
  '$share->get()': () => Share.with(100, (one) => one.get() === undefined),
  '$share->lock(sub { ... })': () =>
    Share.with(100, (one) => {
      one.withLock(() => one.set(1));
      return one.update((old) => old + 1) === 2;
    }),
  '$share->unlock()': () =>
    Share.with(100, (one) => {
      one.lock();
      const other = Share.attach(one.handle);
      const taken = other.tryLock() === null;
      one.unlock();
      return taken && other.tryLock() !== null;
    }),
};

for (const [heading, ways] of [
  ["## Coming from Perl's IPC::Mmap", perl],
  ["## Coming from Perl's IPC::Mmap::Share", share],
  ["## Coming from Ruby's win32-mmap", ruby],
]) {
  describe(heading.replace('## ', ''), () => {
    const tmp = scratch();
    regions(); // names lie in a directory of this test
    const rows = table(read('docs/migrating.md'), heading);

    for (const [theirs, ours, note] of rows) {
      if (ours.startsWith('not supported')) {
        it(`${theirs}: names the reason why it is not supported`, () => {
          assert.match(ours, /^not supported, because .{10}/, note);
          assert.ok(!(theirs in ways), 'it works: say so');
        });
      } else {
        const onlyLinux =
          /MAP_ANON|name\b|inherit|share|map\.foo/i.test(theirs) && !/getFilename/.test(theirs);
        (onlyLinux ? linuxIt : it)(`${theirs}: ${ours}`, async () => {
          const path = tmp();
          fs.writeFileSync(path, '0123456789');
          const map = new Mmap(path, 0, RW);
          assert.equal(await ways[theirs](map, path), true);
          map[Symbol.dispose ?? Symbol.for('nodejs.dispose')]();
        });
      }
    }

    it('has no way that the table does not name', () => {
      const named = new Set(rows.map(([theirs]) => theirs));
      assert.deepEqual(
        Object.keys(ways).filter((theirs) => !named.has(theirs)),
        [],
      );
    });
  });
}
