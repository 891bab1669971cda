'use strict';

// The plan of the project: the folders of src/ and of lib/, from the bottom up, and the headers that
// src/ may include.

// The folders that a file may include besides its own.
const SRC = {
  base: [],
  os: ['base'],
  region: ['base', 'os'],
  sync: ['base', 'os', 'region'],
  map: ['base', 'os', 'region', 'sync'],
  shm: ['base', 'os', 'region', 'sync', 'map'],
  pack: ['base'],
  binding: ['base', 'os', 'region', 'sync', 'map', 'shm', 'pack'],
};

// The folders that a file may require besides its own; lib/index.js may require all.
const LIB = {
  base: [],
  native: ['base'],
  codec: ['base'],
  lock: ['base', 'native'],
  pack: ['base', 'native', 'lock'],
  region: ['base', 'native', 'lock'],
  mmap: ['base', 'native', 'lock', 'pack', 'region'],
  share: ['base', 'native', 'codec', 'lock', 'region'],
  map: ['base', 'native', 'codec', 'lock', 'region'],
  cli: ['base', 'region', 'share', 'map'],
};

const NAPI_HEADERS = new Set(['napi.h', 'node_api.h', 'js_native_api.h']);

// The headers of the language without an operating system; only src/os/ may include others.
const C_HEADERS = new Set(
  'assert float inttypes limits math stdbool stddef stdint stdlib string'
    .split(' ')
    .map((name) => `${name}.h`),
);

// More headers for src/binding/.
const CPP_HEADERS = new Set(
  [
    'algorithm array cassert cfloat cinttypes climits cmath cstddef cstdint cstdlib cstring',
    'functional initializer_list iterator limits memory new numeric optional string string_view',
    'tuple type_traits unordered_map utility vector',
  ]
    .join(' ')
    .split(' '),
);

// The two files of the atomics rule.
const ATOMIC_HEADERS = new Set(['stdatomic.h', 'atomic']);

module.exports = { SRC, LIB, NAPI_HEADERS, C_HEADERS, CPP_HEADERS, ATOMIC_HEADERS };
