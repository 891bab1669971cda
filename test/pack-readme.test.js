/*
 * docs/pack.md: every line of its table of letters, and a struct that a real C program wrote.
 */
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { spawnSync } = require('node:child_process');

const { Mmap, pack, unpack } = require('..');
const { posixIt } = require('./support/platform');
const { examples, read, section, table } = require('./support/readme');
const { scratch } = require('./support/scratch');

const page = read('docs/pack.md');
const LETTERS = 'aAZbBhHcCsSlLqQjJiInNvVfdFwUWuxX@.';

/* A program that writes three of them with its compiler's own layout. */
const PROGRAM = (struct) => `
#include <stdint.h>
#include <stdio.h>
#include <string.h>
${struct}
int main(int argc, char **argv) {
  struct sensor all[3];
  memset(all, 0xEE, sizeof all);
  for (int i = 0; i < 3; i++) {
    all[i].id = -7 - i;
    strcpy(all[i].name, i == 1 ? "twelve chars" : "short");
    all[i].value = 0.1 * i;
    all[i].flags = (uint16_t)(0xFFFF - i);
  }
  FILE *file = fopen(argv[argc - 1], "wb");
  if (!file || fwrite(all, sizeof all, 1, file) != 1 || fclose(file)) return 1;
  printf("%zu", sizeof *all);
  return 0;
}
`;

describe('docs/pack.md', () => {
  const tmp = scratch();
  const rows = table(page, '## Letters');

  it('has a line for each letter', () => {
    const named = rows.map(([letter]) => letter);
    for (const letter of LETTERS) assert.ok(named.includes(letter), letter);
  });

  for (const [letter, , example, gives] of rows) {
    it(`${letter}: ${example} gives ${gives}`, () => {
      const result = new Function('pack', 'unpack', `return ${example}`)(pack, unpack);
      const shown = Buffer.isBuffer(result)
        ? [...result].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
        : result.join(', ');
      assert.equal(shown, gives);
    });
  }

  posixIt('its recipe reads the struct of a real C program', () => {
    const source = tmp('sensor.c');
    const program = tmp('sensor');
    const file = tmp('sensors.bin');
    fs.writeFileSync(source, PROGRAM(examples(page, 'c')[0]));
    const built = spawnSync('gcc', ['-Wall', source, '-o', program], { encoding: 'utf8' });
    assert.equal(built.status, 0, built.stderr);
    const ran = spawnSync(program, [file], { encoding: 'utf8' });
    assert.equal(ran.status, 0, ran.stderr);
    assert.equal(Number(ran.stdout), 40);
    assert.equal(path.basename(file), 'sensors.bin');

    const map = new Mmap({ file });
    const [given] = examples(section(page, '## C structs'), 'js');
    const code = given
      .replace(/^const map = .*$/m, '')
      .replace(/^(map\..*); \/\/.*$/gm, 'results.push($1);');
    const results = [];
    new Function('map', 'results', code)(map, results);
    const expected = [0, 1, 2].map((i) => [
      -7 - i,
      i === 1 ? 'twelve chars' : 'short',
      0.1 * i,
      0xffff - i,
    ]);
    assert.deepEqual(results, [expected[2], expected.flat()]);
    map.close();
  });
});
