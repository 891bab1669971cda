'use strict';

// The plan of the house: the floors of src/ and the headers that may be named there.

// A file may include its own floor and those with a smaller number; shm and pack are neighbours.
const FLOORS = { base: 0, os: 1, shm: 2, pack: 2, binding: 3 };

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

module.exports = { FLOORS, NAPI_HEADERS, C_HEADERS, CPP_HEADERS, ATOMIC_HEADERS };
