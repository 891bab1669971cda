/*
 * Shared by the scripts that test the package together with other programs of the registry: a temporary
 * project, and checks that are counted.
 */
'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { main, npmCommand, run, seconds } = require('./toolchain');

/* The environment without the variables that the library and npm set. */
function environment(more) {
  const isTheirs = (name) => !/^(MMAPIPC_|INIT_CWD$|NODE_ENV$|npm_(lifecycle|package))/.test(name);
  const env = Object.entries(process.env).filter(([name]) => isTheirs(name));
  return { ...Object.fromEntries(env), ...more };
}

/* A project in `folder` with these files and packages. */
function makeProject(folder, files, packages) {
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n');
  for (const [name, text] of Object.entries(files)) {
    fs.writeFileSync(path.join(folder, name), text);
  }
  const [npm, ...first] = npmCommand();
  const flags = ['--no-audit', '--no-fund', '--prefer-offline'];
  run(npm, [...first, 'install', ...flags, ...packages], {
    cwd: folder,
    env: environment(),
    sentence: 'the packages to test could not be installed',
  });
}

/*
 * Runs `trials`, pairs of a title and a function, one after the other in a temporary folder that
 * `prepare(folder)` has filled. Prints and counts their results.
 */
function runTrials(name, prepare, trials) {
  return main(name, async () => {
    const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), `mmapipc-${name}-`)));
    let failed = 0;
    try {
      await prepare(folder);
      for (const [title, trial] of trials) {
        const start = performance.now();
        try {
          await trial(folder);
          console.log(`ok      ${title} (${seconds(start)})`);
        } catch (error) {
          failed++;
          console.log(`FAILED  ${title}: ${error.message}`);
          if (error.output) console.log(error.output.replace(/^/gm, '        '));
        }
      }
    } finally {
      fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
    console.log(`${trials.length - failed} passed, ${failed} failed`);
    if (failed > 0) process.exitCode = 1;
  });
}

module.exports = { environment, makeProject, runTrials };
