'use strict';

// Planted cases for files as a whole: kind, length, first lines, share of the binding.

const { files: good } = require('../good-tree');
const { BINDING_SHARE } = require('../files');
const { swap, header, lines } = require('../planted');

/** How many more lines the binding of the good tree may have. */
function bindingRoom() {
  const count = (part) =>
    Object.keys(good)
      .filter((name) => name.startsWith(part) && /\.(?:c|cc|h)$/.test(name))
      .reduce((sum, name) => sum + good[name].split('\n').length - 1, 0);
  let room = 0;
  while (count('src/binding/') + room + 1 <= (count('src/') + room + 1) * BINDING_SHARE) room++;
  return room;
}

module.exports = (rule) => {
  rule('file-kinds', (reports, accepts) => {
    reports('a source on no floor', { 'src/misc/a.h': `»${header('')}` });
    reports('a source directly in src/', { 'src/a.h': `»${header('')}` });
    reports('an extension the rules do not read', { 'src/shm/a.hpp': `»${header('')}` });
    reports('C++ outside the binding', {
      'src/shm/a.cc': `»${header('')}`,
      'src/mmapipc.gypi': swap('"shm/cell.c"', '"shm/cell.c", "shm/a.cc"'),
    });
    reports('a script directly in lib/', { 'lib/a.js': `»${good['bench/run.js']}` });
    reports('a script in no folder of lib/', { 'lib/misc/a.js': `»${good['bench/run.js']}` });
    reports('a script in a folder of a folder of lib/', {
      'lib/base/more/a.js': `»${good['bench/run.js']}`,
    });
    reports('another kind of file in lib/', { 'lib/base/a.mjs': `»${good['bench/run.js']}` });
    accepts('prose', { 'src/shm/README.md': 'unistd.h\n' });
  });

  rule('length', (reports, accepts) => {
    const tooLong = lines(400) + '»\n';
    reports('401 lines of C', { 'src/shm/long.h': tooLong });
    reports('401 lines of a test in C', { 'test/native/long.c': tooLong });
    for (const folder of ['lib/base', 'test/processes', 'bench', 'examples', 'scripts', 'bin']) {
      reports(`401 lines in ${folder}/`, { [`${folder}/long.js`]: tooLong });
    }
    reports('401 lines of TypeScript', { 'test/types/long.ts': tooLong });
    reports('401 lines of a command without an extension', { 'bin/long': tooLong });
    reports('401 lines, the last without an end', { 'lib/base/long.js': `${lines(400)}»x` });
    accepts('400 lines', { 'src/shm/long.h': lines(400), 'lib/base/long.js': lines(400) });
    accepts('a long index.d.ts', { 'index.d.ts': lines(900) });
    accepts('what npm installed', { 'bench/node_modules/a/index.js': '\n'.repeat(900) });
  });

  rule('header-comment', (reports, accepts) => {
    const text = 'What this file is, in a line.';
    reports('a header without one', { 'src/shm/a.h': '»#define MIPC_A 1\n' });
    reports('one without text', { 'src/shm/a.h': '»/***** a.h ************************/\n' });
    reports('a comment that comes later', {
      'src/shm/a.h': `»#define MIPC_A 1\n/* ${text} */\n`,
    });
    reports('C that begins with a line comment', { 'src/shm/a.h': `»// ${text}\n` });
    for (const folder of ['lib/base', 'test/fixtures', 'bench', 'examples', 'scripts']) {
      reports(`a script in ${folder}/ without one`, {
        [`${folder}/a.js`]: `»'use strict';\n\nmodule.exports = 1;\n// ${text}\n`,
      });
    }
    reports('an instruction to eslint instead of one', {
      'lib/base/a.js': "»'use strict';\n/* eslint-disable no-console, no-empty */\n",
    });
    for (const [title, start] of Object.entries({
      'a block comment': `/* ${text} */\n`,
      'a doc comment before use strict': `/** ${text} */\n'use strict';\n`,
      'line comments': "'use strict';\n\n// What this\n// file is now.\n",
      'one after a shebang': `#!/usr/bin/env node\n'use strict';\n// ${text}\n`,
      'one after an instruction': `// @ts-check\n/* eslint-disable */\n// ${text}\n`,
    })) {
      accepts(title, { 'scripts/a.js': start });
    }
  });

  rule('thin-binding', (reports, accepts) => {
    const room = bindingRoom();
    reports(
      'a binding beyond its share',
      { 'src/binding/more.h': lines(room + 1) },
      'src/binding:1',
    );
    accepts('a binding that has just its share', { 'src/binding/more.h': lines(room) });
  });
};
