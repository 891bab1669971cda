/*
 * The error of require('mmapipc') when the native addon cannot be loaded: the cause and the remedy.
 * Each case runs in a copy of lib/ whose package lacks the file in question.
 */
'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { ROOT } = require('./support/child');

const SYSTEM = `${process.platform}-${process.arch}`;

describe('the error of a native addon that cannot be loaded', () => {
  let root;
  beforeEach(() => {
    root = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'mmapipc-load-'));
    fs.cpSync(path.join(ROOT, 'lib'), path.join(root, 'lib'), { recursive: true });
    fs.cpSync(path.join(ROOT, 'bin'), path.join(root, 'bin'), { recursive: true });
    fs.symlinkSync(path.join(ROOT, 'node_modules'), path.join(root, 'node_modules'), 'junction');
    fs.copyFileSync(path.join(ROOT, 'package.json'), path.join(root, 'package.json'));
  });
  afterEach(() => fs.rmSync(root, { recursive: true }));

  function binary(name, bytes) {
    const file = path.join(root, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, bytes);
  }

  /* Code and message of the error. */
  function load(...flags) {
    const code = `try { require(process.argv[1]); console.log('{}'); }
      catch ({ code, message, name, cause }) {
        console.log(JSON.stringify({ code, message, name, cause: cause?.code }));
      }`;
    const env = { ...process.env, MMAPIPC_PREBUILD: undefined, PREBUILDS_ONLY: undefined };
    const { stdout } = spawnSync(
      process.execPath,
      [...flags, '-e', code, path.join(root, 'lib', 'index.js')],
      { encoding: 'utf8', env },
    );
    const { message, ...error } = JSON.parse(stdout);
    assert.deepEqual([error.code, error.name], ['ERR_MMAPIPC_NO_BINARY', 'MmapipcError']);
    return message;
  }

  it('names the system, the binaries in the package and the build command if no binary fits', () => {
    binary('prebuilds/plan9-sparc/mmapipc.node', '');
    binary('prebuilds/linux-pdp11/mmapipc.musl.node', '');
    const message = load();
    assert.match(message, new RegExp(`no native binary fits ${SYSTEM}.*Node-API \\d+`));
    assert.match(message, /has linux-pdp11 \(musl\), plan9-sparc;/);
    assert.match(message, /"npx mmapipc build"/);
    if (process.platform === 'linux') assert.match(message, /with (glibc \d|musl)/);
  });

  it('reports that the package has no binary', () => {
    assert.match(load(), /the package has none.*prebuilds\/.*"npx mmapipc build"/);
  });

  it('reports why the system refuses the binary, and does not call it missing', () => {
    binary('build/Release/mmapipc.node', 'no binary of any system');
    const message = load();
    assert.match(
      message,
      /cannot be loaded on .*build\/Release\/mmapipc\.node.*"npx mmapipc build"/s,
    );
    assert.doesNotMatch(message, /no native binary/);
  });

  it('explains how to keep the package out of a bundle', () => {
    fs.rmSync(path.join(root, 'package.json'));
    const message = load();
    for (const one of ['esbuild', 'webpack', 'rollup', 'serverExternalPackages', 'bundle']) {
      assert.ok(message.includes(one), `${one} is not in: ${message}`);
    }
    assert.doesNotMatch(message, /compiler|mmapipc build/);
    fs.writeFileSync(path.join(root, 'package.json'), '{"name": "an-app"}');
    assert.equal(load(), message);
  });

  it('names the option of Node that forbids addons', () => {
    fs.cpSync(path.join(ROOT, 'build/Release'), path.join(root, 'build/Release'), {
      recursive: true,
      filter: (file) => file.endsWith('Release') || file.endsWith('.node'),
    });
    const message = load('--no-addons');
    assert.match(message, /ERR_DLOPEN_DISABLED.*--no-addons/);
    assert.doesNotMatch(message, /build|compiler/);
    const permission = process.allowedNodeEnvironmentFlags.has('--permission')
      ? '--permission'
      : '--experimental-permission';
    assert.match(load(permission, '--allow-fs-read=*'), /--permission.*--allow-addons/);
  });

  it('does not prevent the command from printing its help', () => {
    const { status, stdout } = spawnSync(
      process.execPath,
      [path.join(root, 'bin', 'mmapipc.js'), '--help'],
      { encoding: 'utf8' },
    );
    assert.equal(status, 0);
    assert.match(stdout, /mmapipc build/);
    const { stderr } = spawnSync(process.execPath, [path.join(root, 'bin', 'mmapipc.js'), 'ls'], {
      encoding: 'utf8',
    });
    assert.match(stderr, /^mmapipc: no native binary fits .*"npx mmapipc build".*\n$/);
  });
});
