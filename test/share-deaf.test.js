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
    'without a thread listeners and changed() are served; the lock of a file is EAGAIN',
    () => {
      const body = ({ Mmap, Share }, file) => {
        const options = { file, size: 10, readOnly: false };
        const [holder, map] = [new Mmap(options), new Mmap(options)];
        holder.lock();
        process.setgid(65534);
        process.setuid(65534);
        const heard = new Set();
        const all = Array.from({ length: 60 }, () => new Share(100));
        for (const share of all) share.on('change', () => heard.add(share));
        const waits = all.slice(0, 5).map((share) => share.changed());
        map.lockAsync().catch(async ({ code, message }) => {
          for (const share of all) share.set(1);
          const versions = await Promise.all(waits);
          const timer = setInterval(() => {
            if (heard.size < all.length) return;
            clearInterval(timer);
            console.log(JSON.stringify({ code, message, versions }));
            process.exit();
          }, 10);
        });
      };
      const command = ['prlimit', '--nproc=30'];
      const { stdout, stderr, status } = runFunction(body, [tmp()], { command });
      assert.equal(status, 0, stderr);
      const { code, message, versions } = JSON.parse(stdout);
      assert.deepEqual([code, versions], ['EAGAIN', [1, 1, 1, 1, 1]]);
      assert.match(message, /thread.*limit/);
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
