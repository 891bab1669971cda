/*
 * A runtime that refuses Buffers over memory of native code, as Electron does; simulated by a
 * binding that refuses them.
 */
'use strict';

const assert = require('node:assert/strict');

const { Mmap, PROT_READ, PROT_WRITE } = require('..');
const binding = require('../lib/native/binding');
const { scratch } = require('./support/scratch');

const RW = PROT_READ | PROT_WRITE;

describe('a runtime that refuses external Buffers (Electron)', () => {
  const tmp = scratch();
  const { window } = binding;
  const unsupported = binding.codes.find(({ name }) => name === 'ERR_MMAPIPC_UNSUPPORTED').status;

  before(() => {
    binding.window = () => unsupported;
  });
  after(() => {
    binding.window = window;
  });

  it('supports read, readInto, readString and write; buffer and view report why they fail', () => {
    const map = new Mmap(tmp(), 100, RW);
    assert.equal(map.write('häß', 3), 5);
    assert.equal(map.write(Buffer.from('bytes'), 98), 2);
    assert.equal(map.write('aé', 98), 1);
    assert.equal(map.readString(3, 5), 'häß');
    assert.equal(map.read(98).toString('latin1'), 'ay');
    const into = Buffer.alloc(3);
    assert.equal(map.readInto(into, 97), 3);
    assert.equal(into.toString('latin1'), '\0ay');
    assert.throws(() => map.buffer, { code: 'ERR_MMAPIPC_UNSUPPORTED', message: /use read/ });
    assert.throws(() => map.view(1, 1), { code: 'ERR_MMAPIPC_UNSUPPORTED' });
    map.close();
  });
});
