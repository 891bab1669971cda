/*
 * What a SharedMap refuses: arguments of every method, keys, values, closed and read-only maps. The map is
 * unharmed afterwards.
 */
'use strict';

const assert = require('node:assert/strict');

const { MmapipcError, SharedMap } = require('..');
const refusals = require('./support/map-refusals');
const { maps } = require('./support/maps');
const { isLinux } = require('./support/platform');
const { thrownBy } = require('./support/shares');

const TYPE = 'ERR_INVALID_ARG_TYPE';
const VALUE = 'ERR_INVALID_ARG_VALUE';
const RANGE = 'ERR_OUT_OF_RANGE';
const RETURN = 'ERR_INVALID_RETURN_VALUE';
const TOO_LONG = 'ERR_MMAPIPC_KEY_TOO_LONG';
const CLASSES = { [TYPE]: TypeError, [VALUE]: TypeError, [RANGE]: RangeError, [RETURN]: TypeError };

const { ASYNC_CALLS, ASYNC_WITH_KEY, BAD_LIVES, CALLS, NO_KEYS, NO_VALUES } = refusals;
const { OPTIONS, WITH_KEY, WITH_LIFE, WITH_VALUE } = refusals;
const id = (value) => value;

function hasCode(error, code, what) {
  assert.equal(error.code, code, `${what}: ${error.stack}`);
  assert.ok(error instanceof (CLASSES[code] ?? MmapipcError), what);
}

async function rejectionOf(promise) {
  return promise.then(
    () => assert.fail('it is not rejected'),
    (error) => error,
  );
}

describe('SharedMap: refusals', () => {
  if (!isLinux) return;
  const { make, attach } = maps();
  const filled = (options) => make(2 ** 20, options).set('a', 'old');
  const isUnharmed = (map) => {
    assert.deepEqual([...map], [['a', 'old']]);
    assert.equal(map.set('c', 1).delete('c'), true);
  };

  for (const [name, call] of Object.entries(WITH_KEY)) {
    it(`${name}() refuses a key that is not a string, or too long`, () => {
      const map = filled();
      for (const view of [map, map.namespace(''), map.namespace('x')]) {
        for (const key of NO_KEYS) {
          hasCode(
            thrownBy(() => call(view, key)),
            TYPE,
            name,
          );
        }
        for (const key of [
          'x'.repeat(1025),
          '€'.repeat(513),
          `${'x'.repeat(1100)}€`,
          'x'.repeat(1e6),
        ]) {
          const error = thrownBy(() => call(view, key));
          hasCode(error, TOO_LONG, name);
          assert.equal(error.limit, 1024);
          assert.ok(error.required > 1024);
        }
      }
      isUnharmed(map);
    });
  }

  for (const [name, call] of Object.entries(ASYNC_WITH_KEY)) {
    it(`${name}() rejects for a key that is not a string, or too long`, async () => {
      const map = filled();
      for (const key of NO_KEYS) hasCode(await rejectionOf(call(map, key)), TYPE, name);
      hasCode(await rejectionOf(call(map, 'x'.repeat(1025))), TOO_LONG, name);
      isUnharmed(map);
    });
  }

  it('a prefix counts for the length of the key', () => {
    const map = filled();
    const view = map.namespace('x'.repeat(1000));
    view.set('y'.repeat(24), 1);
    hasCode(
      thrownBy(() => view.set('y'.repeat(25), 1)),
      TOO_LONG,
    );
    view.clear();
    isUnharmed(map);
  });

  for (const [name, call] of Object.entries(WITH_VALUE)) {
    it(`${name}() refuses undefined, functions and symbols, also inside a value`, () => {
      const map = filled();
      for (const value of NO_VALUES) {
        hasCode(
          thrownBy(() => call(map, value)),
          TYPE,
          name,
        );
      }
      const error = thrownBy(() => call(map, { users: [{ f: id }] }));
      hasCode(error, VALUE, name);
      assert.match(error.message, /at \.users\[0\]\.f/);
      isUnharmed(map);
    });
  }

  for (const [name, call] of Object.entries(WITH_LIFE)) {
    it(`${name}() refuses a wrong time to live`, () => {
      const map = filled();
      for (const [life, code] of BAD_LIVES) {
        hasCode(
          thrownBy(() => call(map, life)),
          code,
          `${name} ${JSON.stringify(String(life))}`,
        );
      }
      isUnharmed(map);
    });
  }

  for (const [call, code] of CALLS) {
    it(`${String(call).slice(9)} throws ${code}`, () => {
      const map = filled();
      hasCode(
        thrownBy(() => call(map)),
        code,
        call,
      );
      isUnharmed(map);
    });
  }

  for (const [call, code] of ASYNC_CALLS) {
    it(`${String(call).slice(9)} rejects with ${code}`, async () => {
      const map = filled();
      hasCode(await rejectionOf(call(map)), code, call);
      isUnharmed(map);
    });
  }

  it('the constructor refuses wrong arguments and options', () => {
    for (const [args, code] of OPTIONS) {
      hasCode(
        thrownBy(() => new SharedMap(...args).close()),
        code,
        JSON.stringify(args),
      );
    }
  });

  it('attach(), open() and with() refuse wrong arguments', () => {
    for (const call of [
      () => SharedMap.attach(),
      () => SharedMap.attach(5),
      () => SharedMap.attach('x', 5),
      () => SharedMap.open(),
      () => SharedMap.with(65536),
      () => SharedMap.with(65536, {}),
    ]) {
      hasCode(thrownBy(call), TYPE, call);
    }
    hasCode(
      thrownBy(() => SharedMap.open({})),
      VALUE,
    );
    hasCode(
      thrownBy(() => SharedMap.open({ name: 'x', create: true })),
      VALUE,
    );
  });

  it('an error of fn passes through update(), and changes nothing', async () => {
    const map = filled();
    const thrown = new Error('mine');
    const fail = () => {
      throw thrown;
    };
    assert.equal(
      thrownBy(() => map.update('a', fail)),
      thrown,
    );
    assert.equal(await rejectionOf(map.updateAsync('a', fail)), thrown);
    assert.equal(await rejectionOf(map.getOrSetAsync('b', fail)), thrown);
    isUnharmed(map);
  });

  it('fn of update() that changes its own key is DEADLOCK; other keys are fine', () => {
    const map = filled();
    for (const fn of [
      () => map.set('a', 1) && 2,
      () => map.delete('a') || 2,
      () => map.delete('a') && map.increment('a'),
      () => map.update('a', () => 5),
      () => map.namespace('').set('a', 1) && 2,
      () => (map.object.a = 2),
    ]) {
      map.set('a', 'old');
      hasCode(
        thrownBy(() => map.update('a', fn)),
        'ERR_MMAPIPC_DEADLOCK',
        fn,
      );
    }
    map.set('a', 'old');
    map.update('a', () => map.set('b', 1).get('a'));
    assert.equal(map.getAndDelete('b'), 1);
    isUnharmed(map);
  });

  it('a getter of a value may use the map while the value is set', () => {
    const map = filled();
    const value = {
      get b() {
        map.set('inner', 'x'.repeat(100)).get('inner');
        return map.getMany(['inner', 'a']);
      },
    };
    map.set('outer', value);
    assert.deepEqual(map.get('outer'), { b: ['x'.repeat(100), 'old'] });
    map.deleteMany(['inner', 'outer']);
    isUnharmed(map);
  });

  it('every method of a closed map throws CLOSED', async () => {
    const map = filled();
    const view = map.namespace('a');
    const keys = map.keys();
    map.close();
    hasCode(
      thrownBy(() => [...keys]),
      'ERR_MMAPIPC_CLOSED',
    );
    for (const each of [map, view]) {
      for (const [name, call] of Object.entries(WITH_KEY)) {
        hasCode(
          thrownBy(() => call(each, 'a')),
          'ERR_MMAPIPC_CLOSED',
          name,
        );
      }
      for (const call of Object.values(ASYNC_WITH_KEY)) {
        hasCode(await rejectionOf(call(each, 'a')), 'ERR_MMAPIPC_CLOSED');
      }
      for (const call of [(m) => m.size, (m) => m.clear(), (m) => [...m], (m) => m.object.a]) {
        hasCode(
          thrownBy(() => call(each)),
          'ERR_MMAPIPC_CLOSED',
          call,
        );
      }
    }
    for (const call of [(m) => m.stats(), (m) => m.flush(), (m) => m.lock(), (m) => m.tryLock()]) {
      hasCode(
        thrownBy(() => call(map)),
        'ERR_MMAPIPC_CLOSED',
        call,
      );
    }
    map.close();
    assert.equal(map.closed, true);
  });

  it('a read-only map is read, and refuses changes with ACCESS', async () => {
    const map = filled();
    map.set('n', 1);
    const reader = attach(map, { readOnly: true });
    assert.deepEqual(
      [reader.get('a'), reader.get('n'), reader.has('a'), reader.size],
      ['old', 1, true, 2],
    );
    assert.deepEqual(
      [reader.peek('a'), reader.ttl('a'), [...reader.keys()].length],
      ['old', Infinity, 2],
    );
    assert.deepEqual(reader.getMany(['a', 'x']), ['old', undefined]);
    assert.equal(reader.stats().entries, 2);
    assert.equal(await reader.getOrSetAsync('a', () => 5), 'old');
    for (const name of [
      'set',
      'delete',
      'add',
      'replace',
      'getAndSet',
      'increment',
      'count',
      'update',
      'expire',
    ]) {
      hasCode(
        thrownBy(() => WITH_KEY[name](reader, 'a')),
        'ERR_MMAPIPC_ACCESS',
        name,
      );
    }
    hasCode(
      thrownBy(() => reader.clear()),
      'ERR_MMAPIPC_ACCESS',
    );
    hasCode(
      thrownBy(() => reader.lock()),
      'ERR_MMAPIPC_ACCESS',
    );
    hasCode(await rejectionOf(reader.getOrSetAsync('b', () => 1)), 'ERR_MMAPIPC_ACCESS');
    assert.equal(map.getAndDelete('n'), 1);
    isUnharmed(map);
  });

  it('postMessage and structuredClone refuse a map', () => {
    const map = filled();
    const error = thrownBy(() => structuredClone(map));
    assert.equal(error.name, 'DataCloneError');
    assert.match(error.message, /\.handle/);
  });
});
