/*
 * README.md and docs/: every example runs and gives what the text shows, and every link leads
 * to an existing file and heading.
 */
'use strict';

const assert = require('node:assert/strict');
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const ts = require('typescript');

const { ROOT } = require('./support/child');
const { isLinux } = require('./support/platform');
const { anchors, blocks, links, pages, read, section } = require('./support/readme');
const { regions } = require('./support/regions');
const { scratch } = require('./support/scratch');

/* Examples that cannot run alone: docs/pack.md reads the file of a C program. */
const NOT_RUN = 1;

/* Results that comments show, beside the outputs in blocks; raise it with each new one. */
const RESULTS = 18;

/* A comment that begins with a value: `map.write('hello', 100); // 5, the bytes written`. */
const RESULT =
  /^(?!const |let )([a-zA-Z].*); \/\/ ((?:-?\d|['"[{<]|(?:true|false|null|undefined)\b).*)$/gm;

/* Fails unless the comment begins with the value, apart from spaces. */
const CHECK = `
function check(value, comment) {
  const shown = require('node:util').inspect(value).replace(/\\s/g, '');
  const rest = comment.replace(/\\s/g, '').slice(shown.length);
  if (comment.replace(/\\s/g, '').startsWith(shown) && !/^[\\w.]/.test(rest.slice(0, 2))) return;
  throw new Error('gives ' + shown + ', the comment is: ' + comment);
}
`;

/* An example as a program: this package, its comments as checks, await at its top level. */
function program(code) {
  const checked = code
    .replaceAll("'mmapipc'", JSON.stringify(ROOT))
    .replace(RESULT, (all, call, comment) => `check(${call}, ${JSON.stringify(comment)});`);
  const body = /^(?:const \w+ = )?await /m.test(code) ? `(async () => {${checked}})();` : checked;
  return `${CHECK}${body}`;
}

describe('the examples of README.md and docs/', function () {
  if (!isLinux) return;
  this.timeout(60000);
  regions();
  const tmp = scratch();

  for (const page of pages()) {
    const all = blocks(read(page)).filter(({ language }) => language === 'js');
    all.forEach(({ code, output = '', notRun }, index) => {
      if (notRun) return;
      it(`${page}: example ${index + 1} gives what the text shows`, () => {
        const folder = tmp();
        fs.mkdirSync(folder);
        fs.writeFileSync(path.join(folder, 'example.js'), program(code));
        const { status, stdout, stderr } = spawnSync(process.execPath, ['example.js'], {
          cwd: folder,
          encoding: 'utf8',
        });
        assert.equal(status, 0, stderr);
        assert.equal(stdout, output, stderr);
      });
    });
  }

  it('docs/memory.md: a second program that runs at the same time finds the name', async () => {
    const [{ code, output }] = blocks(section(read('docs/memory.md'), '## Name'));
    const first = spawn(process.execPath, ['-e', `${program(code)}\nsetInterval(() => {}, 1000);`]);
    const [printed] = await once(first.stdout, 'data');
    const second = spawnSync(process.execPath, ['-e', program(code)], { encoding: 'utf8' });
    first.kill();
    await once(first, 'exit');
    assert.deepEqual([`${printed}`, second.stdout], [output, '2\n'], second.stderr);
  });

  it('runs all of them but one, and finds their results', () => {
    const all = pages().flatMap((page) => blocks(read(page)));
    const js = all.filter(({ language }) => language === 'js');
    assert.equal(all.filter(({ notRun }) => notRun).length, NOT_RUN);
    const results = js
      .filter(({ notRun }) => !notRun)
      .flatMap(({ code }) => [...code.matchAll(RESULT)]);
    assert.equal(results.length, RESULTS);
  });

  it('a wrong comment fails', () => {
    for (const [call, comment] of [
      ['one(5)', '6, the bytes'],
      ['one(5)', '55'],
      ["one('a')", "'b'"],
      ['one(1)', '1.5'],
      ['one([1])', '[1, 2]'],
    ]) {
      const code = program(`const one = (value) => value;\n${call}; // ${comment}\n`);
      const { status } = spawnSync(process.execPath, ['-e', code]);
      assert.equal(status, 1, comment);
    }
  });

  it('the TypeScript compiles', () => {
    const codes = pages().flatMap((page) =>
      blocks(read(page)).filter(({ language }) => language === 'ts'),
    );
    assert.equal(codes.length, 2);
    const examples = codes.map(({ code }, i) => {
      const file = tmp(`example-${i}.ts`);
      fs.writeFileSync(file, code);
      return file;
    });
    const compiled = ts.createProgram(examples, {
      ...{ strict: true, noEmit: true, skipLibCheck: true, types: ['node'] },
      ...{ target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.CommonJS },
      typeRoots: [path.join(ROOT, 'node_modules/@types')],
      paths: { mmapipc: [path.join(ROOT, 'index.d.ts')] },
    });
    const found = ts.getPreEmitDiagnostics(compiled);
    assert.deepEqual(
      found.map(({ messageText }) => messageText),
      [],
    );
  });

  it('a command that a page shows is one of the package', () => {
    const commands = pages()
      .flatMap((page) => [...read(page).matchAll(/npx mmapipc (\w+)/g)])
      .map(([, name]) => name);
    assert.ok(commands.length > 4);
    const { stdout } = spawnSync(process.execPath, [`${ROOT}/bin/mmapipc.js`, '--help'], {
      encoding: 'utf8',
    });
    for (const name of commands) assert.match(stdout, new RegExp(`^  mmapipc ${name}\\b`, 'm'));
  });

  it('an npm script that a page shows is in package.json', () => {
    const { scripts } = JSON.parse(read('package.json'));
    for (const page of [...pages(), 'CONTRIBUTING.md']) {
      for (const [, name] of read(page).matchAll(/npm run ([a-z0-9:]+)/g)) {
        assert.ok(Object.hasOwn(scripts, name), `${page}: npm run ${name}`);
      }
    }
  });
});

describe('the links', () => {
  const files = [
    ...pages(),
    ...['CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', 'src/README.md', 'bench/README.md'],
  ];
  for (const file of files) {
    it(`${file}: each leads to an existing file and heading`, () => {
      for (const link of links(read(file))) {
        if (/^[a-z]+:/.test(link)) continue;
        const [target, anchor] = link.split('#');
        const name = target === '' ? file : path.join(path.dirname(file), target);
        assert.ok(fs.existsSync(path.join(ROOT, name)), link);
        if (anchor) assert.ok(anchors(read(name)).includes(anchor), link);
      }
    });
  }

  it('README.md leads to each page of docs/', () => {
    const targets = links(read('README.md'));
    for (const page of pages().slice(1)) assert.ok(targets.includes(page), page);
  });
});
