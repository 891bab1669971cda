/*
 * The tests of Ruby's win32-mmap for its dynamic attributes, as a user of this package writes them:
 * `mmap.foo = 'hello'` is `map.object.foo = 'hello'`.
 */
'use strict';

const assert = require('node:assert/strict');

const { SharedMap } = require('..');
const { maps } = require('./support/maps');
const { runFunction } = require('./support/child');
const { isLinux } = require('./support/platform');
const { scratch } = require('./support/scratch');

describe('coming from win32-mmap: dynamic attributes', () => {
  if (!isLinux) return;
  const { make } = maps();
  const tmp = scratch();

  for (const [kind, values] of [
    ['strings', ['hello', '', 'h\u00e9llo', '\u65e5\u672c', 'a\0b', 'x'.repeat(5000)]],
    ['integers', [1, -1, 42, 2 ** 31, -(2 ** 31), 2 ** 53 - 1]],
    ['zero', [0]],
    ['floats', [1.5, -0.25, 1e300]],
    ['hashes', [{ alpha: 1, beta: 'two' }, {}]],
    ['arrays', [[1, 2, 3], [], ['a', null, true]]],
    ['nested data', [{ list: [{ deep: { deeper: [1, [2, [3]]] } }], name: 'x' }]],
    ['symbols of Ruby, which are strings here', ['symbol']],
    ['true, false and nil', [true, false, null]],
    ['times', [new Date(86400000)]],
  ]) {
    it(`${kind} are set and read as attributes`, () => {
      const { object } = make();
      for (const value of values) {
        object.foo = value;
        assert.deepEqual(object.foo, value);
      }
    });
  }

  it('an attribute that was never set is undefined, and can be set to other kinds of values', () => {
    const { object } = make();
    assert.equal(object.never, undefined);
    object.foo = 'hello';
    object.foo = 7;
    object.bar = [object.foo];
    assert.deepEqual({ ...object }, { foo: 7, bar: [7] });
  });

  it('two objects of one name share their attributes', () => {
    const first = make(2 ** 16, { name: 'test' });
    const second = make(2 ** 16, { name: 'test' });
    first.object.foo = 'hello';
    assert.equal(second.object.foo, 'hello');
    second.object.foo += ' world';
    second.object.hash = { a: [1] };
    assert.deepEqual([first.object.foo, first.object.hash], ['hello world', { a: [1] }]);
  });

  it('another process sees the attributes of a named map', () => {
    const map = make(2 ** 16, { name: 'test' });
    map.object.foo = 'hello';
    const { stderr, status } = runFunction(({ SharedMap: There }) => {
      const { object } = There.open({ name: 'test' });
      object.bar = `${object.foo} back`;
    });
    assert.equal(status, 0, stderr);
    assert.equal(map.object.bar, 'hello back');
  });

  it('a map in a file has its attributes again after close()', () => {
    const path = tmp('mmap.test');
    SharedMap.with(2 ** 16, { path }, ({ object }) => {
      object.str = 'hello';
      object.num = 0;
      object.hash = { nested: [1, { two: 2 }] };
    });
    const again = make(2 ** 16, { path });
    assert.deepEqual(
      { ...again.object },
      { str: 'hello', num: 0, hash: { nested: [1, { two: 2 }] } },
    );
  });

  it('a lock is held around several attributes', () => {
    const map = make(2 ** 16, { timeout: 100 });
    map.withLock(() => {
      map.object.a = 1;
      map.object.b = map.object.a + 1;
    });
    assert.equal(map.object.b, 2);
  });
});
