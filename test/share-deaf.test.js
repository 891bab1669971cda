/*
 * Listeners that can hear no more: where no thread can be started, and of a region that was cut off or
 * overwritten. They were deaf, undetected.
 */
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');

const { runFunction } = require('./support/child');
const { sleep } = require('./support/peer');
const { isLinux } = require('./support/platform');
const { scratch } = require('./support/scratch');
const { shares, within } = require('./support/shares');

const ROWS = 512; /* bytes of the header that say what the region is; these stay */
const LONG = 10000; /* ms: 'not stuck' */
const rootIt = process.geteuid?.() === 0 ? it : it.skip;

describe('Share: what can no longer be observed', function () {
  if (!isLinux) return;
  this.timeout(30000);
  const { make } = shares();
  const tmp = scratch();

  rootIt(
    'where no thread can be started, listeners, changed() and lockAsync() are served all the same',
    () => {
      const body = ({ Mmap, Share }, file) => {
        const files = [1, 2].map(() => new Mmap({ file, size: 10, readOnly: false }));
        process.setgid(65534);
        process.setuid(65534);
        const count = () => require('node:fs').readdirSync('/proc/self/task').length;
        const heard = new Set();
        const all = Array.from({ length: 60 }, () => new Share(100));
        for (const share of all) share.on('change', () => heard.add(share));
        const waits = all.slice(0, 5).map((share) => share.changed());
        const threads = count();
        const holders = [files[0], all[0]].map((one) => one.lock());
        const region = Share.attach(all[0].handle);
        const locks = [files[1], region].map((one) => one.lockAsync({ timeout: 20000 }));
        const isThreadless = count() === threads;
        setTimeout(async () => {
          for (const guard of holders) guard.release();
          for (const lock of locks) (await lock).release();
          for (const share of all) share.set(1);
          const versions = await Promise.all(waits);
          while (heard.size < all.length) await new Promise((resolve) => setTimeout(resolve, 10));
          console.log(JSON.stringify({ isThreadless, isLimited: threads < 60, versions }));
          process.exit();
        }, 50);
      };
      const command = ['prlimit', '--nproc=30'];
      const { stdout, stderr, status } = runFunction(body, [tmp()], { command });
      assert.equal(status, 0, stderr);
      assert.deepEqual(JSON.parse(stdout), {
        isThreadless: true,
        isLimited: true,
        versions: [1, 1, 1, 1, 1],
      });
    },
  );

  const ways = {
    TRUNCATED: (file) => fs.truncateSync(file, 0),
    CORRUPT(file) {
      const fd = fs.openSync(file, 'r+');
      fs.writeSync(fd, Buffer.alloc(4096 - ROWS, 0xff), 0, 4096 - ROWS, ROWS);
      fs.closeSync(fd);
    },
  };

  for (const [name, damage] of Object.entries(ways)) {
    const code = `ERR_MMAPIPC_${name}`;

    it(`of a region that was damaged: 'error' once, and changed() rejects, with ${code}`, async () => {
      const path = tmp();
      const share = make(100, { path });
      const errors = [];
      share.on('change', () => {});
      const told = new Promise((resolve) => {
        share.on('error', (error) => resolve(errors.push(error.code)));
      });
      const change = share.changed();
      damage(path);
      await assert.rejects(within(LONG, change), { code });
      await within(LONG, told);
      await sleep(50);
      assert.deepEqual(errors, [code]);
    });
  }
});
