/*
 * Formats the C and C++ of the project by .clang-format. With --check it only reports the files whose
 * format differs.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const { ROOT, Failure, findProgram, main, run } = require('./toolchain');

const FOLDERS = ['src', 'test/native', 'test/fuzz', 'test/fixtures', 'bench/lib'];

function sources(folder) {
  const absolute = path.join(ROOT, folder);
  if (!fs.existsSync(absolute)) return [];
  return fs
    .readdirSync(absolute, { recursive: true })
    .filter((file) => /\.(?:c|cc|h)$/.test(file))
    .map((file) => path.join(folder, file));
}

function body() {
  if (!findProgram('clang-format')) {
    throw new Failure('clang-format is missing: apt-get install clang-format');
  }
  const check = process.argv.includes('--check');
  const files = FOLDERS.flatMap(sources);
  run('clang-format', [...(check ? ['--dry-run', '--Werror'] : ['-i']), ...files], {
    cwd: ROOT,
    sentence: check ? 'some files are not formatted: npm run format' : 'clang-format failed',
  });
}

main('clang-format', body);
