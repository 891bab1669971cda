/*
 * npm run test:bundlers: the packed package under bundlers and tracers, at pinned versions from the
 * registry. @vercel/nft and ncc ship the native binary. With the others the package stays outside of the
 * bundle, as docs/troubleshooting.md describes; a bundle without the binary throws an error with the cause. Run
 * `npm run prebuild` first.
 */
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');

const { ROOT, Failure, npmCommand, run } = require('./toolchain');
const { environment, makeProject, runTrials } = require('./trials');

const BINARY = 'prebuilds/linux-x64/mmapipc.glibc.node';
const PACKAGES = [
  ...['@vercel/nft@1.11.5', '@vercel/ncc@0.45.0', 'esbuild@0.28.2'],
  ...['webpack@5.113.0', 'rollup@4.68.8'],
];
const USE = "const share = new Share(64); share.set('shared'); console.log(share.get());\n";
const WEBPACK = `
  const [externals, filename] = [JSON.parse(process.argv[2]), process.argv[3]];
  const done = (error, stats) => {
    if (error || stats.hasErrors()) throw error ?? new Error(stats.toString());
  };
  const output = { path: __dirname + '/out', filename };
  require('webpack')(
    { entry: './app.js', target: 'node', mode: 'production', externals, output },
    done,
  );`;
const NFT = `
  const fs = require('node:fs'), path = require('node:path');
  require('@vercel/nft').nodeFileTrace(['app.js'], { base: '/' }).then(({ fileList }) => {
    const outside = [...fileList].filter((file) => !path.resolve('/', file).startsWith(__dirname));
    if (outside.length > 0) throw new Error('traced outside of the project: ' + outside);
  });
  require('@vercel/nft').nodeFileTrace(['app.js']).then(({ fileList }) => {
    for (const file of fileList) {
      fs.mkdirSync(path.join(process.argv[2], path.dirname(file)), { recursive: true });
      fs.copyFileSync(file, path.join(process.argv[2], file));
    }
  });`;
const FILES = {
  'app.js': `const { Share } = require('mmapipc');\n${USE}`,
  'app.mjs': `import { Share } from 'mmapipc';\n${USE}`,
  'webpack.cjs': WEBPACK,
  'nft.cjs': NFT,
};

function prepare(folder) {
  if (!fs.existsSync(path.join(ROOT, BINARY))) {
    throw new Failure(`${BINARY} does not exist: run "npm run prebuild" first`);
  }
  const [npm, ...first] = npmCommand();
  const args = ['pack', '--ignore-scripts', '--pack-destination', folder];
  run(npm, [...first, ...args], { cwd: ROOT, env: environment() });
  const [tarball] = fs.readdirSync(folder);
  const project = path.join(folder, 'project');
  makeProject(project, FILES, [path.join(folder, tarball), ...PACKAGES]);
}

/* Functions that work in the project of the folder; `elsewhere` is a folder outside of it. */
function within(folder) {
  const cwd = path.join(folder, 'project');
  const env = environment();
  const elsewhere = fs.mkdtempSync(path.join(folder, 'elsewhere-'));
  const node = (args, options) => run(process.execPath, args, { cwd, env, ...options });
  return {
    elsewhere,
    node,
    bin: (name, ...args) => run(path.join(cwd, 'node_modules/.bin', name), args, { cwd, env }),
    works: (file, at = cwd) => assert.equal(node([file], { cwd: at }).stdout, 'shared\n'),
    /* A bundle of the project, run where the package is not installed. */
    explains(file) {
      const copy = path.join(elsewhere, 'app', path.basename(file));
      fs.mkdirSync(path.dirname(copy), { recursive: true });
      fs.copyFileSync(path.join(cwd, file), copy);
      const code = 'try { require(process.argv[1]) } catch (e) { console.log(e.code, e.message) }';
      const { stdout } = node(['-e', code, copy], { cwd: elsewhere });
      assert.match(stdout, /^ERR_MMAPIPC_NO_BINARY .*runs in a bundle.*serverExternalPackages/);
      assert.doesNotMatch(stdout, /compiler/);
    },
  };
}

runTrials('bundlers', prepare, [
  [
    '@vercel/nft traces the binary; what it lists runs elsewhere',
    (folder) => {
      const { node, works, elsewhere } = within(folder);
      node(['nft.cjs', elsewhere]);
      works('app.js', elsewhere);
    },
  ],
  [
    'ncc puts the binary beside its bundle, which runs elsewhere',
    (folder) => {
      const { bin, works, elsewhere } = within(folder);
      bin('ncc', 'build', 'app.js', '-o', elsewhere, '-q');
      works('index.js', elsewhere);
    },
  ],
  [
    'esbuild: external works, bundled throws an error that explains what to do',
    (folder) => {
      const { bin, works, explains } = within(folder);
      const flags = ['app.js', '--bundle', '--platform=node', '--log-level=error'];
      bin('esbuild', ...flags, '--external:mmapipc', '--outfile=out/esbuild.cjs');
      works('out/esbuild.cjs');
      bin('esbuild', ...flags, '--outfile=out/esbuild-all.cjs');
      explains('out/esbuild-all.cjs');
    },
  ],
  [
    'webpack: external works, bundled throws an error that explains what to do',
    (folder) => {
      const { node, works, explains } = within(folder);
      node(['webpack.cjs', '{ "mmapipc": "commonjs mmapipc" }', 'webpack.cjs']);
      works('out/webpack.cjs');
      node(['webpack.cjs', '{}', 'webpack-all.cjs']);
      explains('out/webpack-all.cjs');
    },
  ],
  [
    'rollup: external runs',
    (folder) => {
      const { bin, works } = within(folder);
      const flags = [
        '--external',
        'mmapipc',
        '--format',
        'es',
        '--file',
        'out/rollup.mjs',
        '--silent',
      ];
      bin('rollup', 'app.mjs', ...flags);
      works('out/rollup.mjs');
    },
  ],
]);
