'use strict';

// The plan of the house: the folders of src/ and of lib/ with their floors, and the headers that may
// be named in src/.

// What a file may include besides its own folder.
const SRC = {
  base: [],
  os: ['base'],
  region: ['base', 'os'],
  sync: ['base', 'os', 'region'],
  shm: ['base', 'os', 'region', 'sync'],
  pack: ['base'],
  binding: ['base', 'os', 'region', 'sync', 'shm', 'pack'],
};

// What a file may require besides its own folder; lib/index.js may require all.
const LIB = {
  base: [],
  native: ['base'],
  codec: ['base'],
  lock: ['base', 'native'],
  pack: ['base', 'native', 'lock'],
  region: ['base', 'native', 'lock'],
  mmap: ['base', 'native', 'lock', 'pack', 'region'],
  share: ['base', 'native', 'codec', 'lock', 'region'],
};

const NAPI_HEADERS = new Set(['napi.h', 'node_api.h', 'js_native_api.h']);

// What the language gives without an operating system; everything else is for src/os/.
const C_HEADERS = new Set(
  'assert float inttypes limits math stdbool stddef stdint stdlib string'
    .split(' ')
    .map((name) => `${name}.h`),
);

// For src/binding/ besides.
const CPP_HEADERS = new Set(
  [
    'algorithm array cassert cfloat cinttypes climits cmath cstddef cstdint cstdlib cstring',
    'functional initializer_list iterator limits memory new numeric optional string string_view',
    'tuple type_traits unordered_map utility vector',
  ]
    .join(' ')
    .split(' '),
);

// The atomics rule speaks about these two.
const ATOMIC_HEADERS = new Set(['stdatomic.h', 'atomic']);

module.exports = { SRC, LIB, NAPI_HEADERS, C_HEADERS, CPP_HEADERS, ATOMIC_HEADERS };
