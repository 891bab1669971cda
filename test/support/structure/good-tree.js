'use strict';

// The smallest project that keeps every rule, as { path: text }: the start of the planted cases.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const GYP = `{
  "targets": [
    {
      "target_name": "good",
      "sources": [
        "binding/addon.cc",
        "pack/pack.c",
        "shm/cell.c"
      ],
      "conditions": [
        ["OS=='linux' or OS=='mac'", { "sources": ["os/clock_posix.c"] }],
        ["OS=='win'", { "sources": ["os/clock_win32.c"] }]
      ]
    }
  ]
}
`;

const header = (guard, body) => `/*
 * A header of the good tree: ${guard}.
 */
#ifndef MIPC_${guard}_H
#define MIPC_${guard}_H

${body}
#endif
`;

const source = (body) => `/*
 * A source of the good tree.
 */
${body}`;

const script = (body) => `'use strict';

// A script of the good tree.

${body}`;

const files = {
  'package.json': '{ "dependencies": { "node-gyp-build": "^4.8.4", "@scope/name": "1" } }\n',
  'src/mmapipc.gypi': GYP,
  'index.d.ts': 'export {};\n',
  'src/README.md': '# The map\n',
  'src/base/atomic.h': header(
    'BASE_ATOMIC',
    `#include <stdint.h>

static inline uint32_t mipc_atomic_load(const uint32_t *word) {
  return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}
`,
  ),
  'src/base/bytes.h': header('BASE_BYTES', '#define MIPC_BYTES_MAX 8\n'),
  'src/base/long.h': header('BASE_LONG', '\n'.repeat(200)), // next to it the binding is thin
  'src/os/clock.h': header(
    'OS_CLOCK',
    `#include <stdint.h>

#include "../base/bytes.h"

uint64_t mipc_clock_ms(void);
`,
  ),
  'src/os/clock_posix.c': source(`#include "clock.h"

#include <time.h>

uint64_t mipc_clock_ms(void) {
  return (uint64_t)time(0) * 1000;
}
`),
  'src/os/clock_win32.c': source(`#include "clock.h"

#include <windows.h>

uint64_t mipc_clock_ms(void) {
  return GetTickCount64();
}
`),
  'src/shm/cell.h': header('SHM_CELL', 'int mipc_cell_get(void);\n'),
  'src/shm/cell_i.h': header('SHM_CELL_I', '#include "cell.h"\n\nint mipc_i_cell_look(void);\n'),
  'src/shm/cell.c': source(`#include "cell_i.h"

#include <string.h>

#include "../base/atomic.h"
#include "../os/clock.h"

static int look(void) {
  return 1;
}

int mipc_i_cell_look(void) {
  return look();
}

int mipc_cell_get(void) {
  return mipc_i_cell_look();
}
`),
  'src/pack/pack.h': header('PACK_PACK', 'int mipc_pack(void);\n'),
  'src/pack/pack.c': source(`#include "pack.h"

int mipc_pack(void) {
  return 1;
}
`),
  'src/binding/addon.h': header('BINDING_ADDON', '#include <napi.h>\n'),
  'src/binding/addon.cc': source(`#include "addon.h"

#include <utility>

extern "C" {
#include "../pack/pack.h"
#include "../shm/cell.h"
}
`),
  'lib/index.js': script("module.exports = require('./share/share');\n"),
  'lib/share/share.js': script(`const path = require('node:path');
const binding = require('../native/binding');

module.exports = { path, binding };
`),
  'lib/native/binding.js': script("module.exports = require('node-gyp-build')(__dirname);\n"),
  'test/share.test.js': script("require('../lib');\n"),
  'bench/run.js': script(''),
  'examples/run.js': script(''),
  'scripts/run.js': script(''),
};

/** Writes `tree` into a new temporary folder, calls `use(root)`, removes the folder. */
function withTree(tree, use) {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'mmapipc-structure-'));
  try {
    for (const [name, text] of Object.entries(tree)) {
      fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
      fs.writeFileSync(path.join(root, name), text);
    }
    return use(root);
  } finally {
    fs.rmSync(root, { recursive: true, force: true });
  }
}

module.exports = { files, withTree };
