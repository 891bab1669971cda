/*
 * The waits and listeners that keep a process alive, and notification by other processes.
 */
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');

const { runFunction } = require('./support/child');
const { peers } = require('./support/peer');
const { isLinux } = require('./support/platform');
const { shares, within } = require('./support/shares');

const LONG = 10000; /* ms: 'not stuck' */

const openThere = (self, handle) => {
  self.share = self.Share.attach(handle);
};
const setThere = (self, value) => self.share.set(value);

describe('Share: a process is kept alive by', () => {
  /* Runs each of the functions on its own Share; whether the process stays alive for `ms`. */
  function isAlive(ms, functions) {
    const body = (mmapipc, sources, limit) => {
      global.kept = sources.map((source) => {
        const share = new mmapipc.Share(100);
        (0, eval)(source)(share, mmapipc);
        return share;
      });
      setTimeout(() => process.exit(7), limit).unref();
    };
    const { status, stderr } = runFunction(body, [functions.map((fn) => `(${fn})`), ms]);
    assert.ok(status === 0 || status === 7, stderr);
    return status === 7;
  }

  for (const [title, fn] of [
    ["a listener of 'change' after ref()", (s) => s.on('change', () => {}).ref()],
    ["ref() before a listener of 'change'", (s) => s.ref().on('change', () => {})],
    ['a pending changed()', (share) => share.changed()],
    ['a pending watch()', (share) => share.watch().next()],
    [
      'a pending setAsync()',
      (share, { Share }) => {
        global.other = Share.attach(share.handle);
        global.other.lock();
        share.setAsync(1).catch(() => {});
      },
    ],
  ]) {
    it(title, () => assert.equal(isAlive(300, [fn]), true));
  }

  it('nothing else: no listener without ref(), nothing settled, aborted or closed', () => {
    const functions = [
      (share) => share.on('change', () => {}),
      (share) => share.ref(),
      (share) =>
        share
          .on('change', () => {})
          .ref()
          .unref(),
      (share) =>
        share
          .on('change', () => {})
          .ref()
          .removeAllListeners(),
      (share) =>
        share
          .on('change', () => {})
          .ref()
          .close(),
      (share) => share.ref().on('recovered', () => {}),
      (share) => share.watch(),
      (share) => share.changed().then(() => {}, share.set(1)),
      (share) => share.changed({ timeout: 5 }).catch(() => {}),
      (share) => {
        const controller = new AbortController();
        share.changed({ signal: controller.signal }).catch(() => {});
        controller.abort();
      },
      (share) => {
        share.changed().catch(() => {});
        share
          .watch()
          .next()
          .catch(() => {});
        share.close();
      },
      (share) => {
        share.lock();
        share.setAsync(1);
      },
    ];
    assert.equal(isAlive(10000, functions), false);
  });
});

describe('Share: a listener', function () {
  if (!isLinux) return;
  const { make } = shares();
  const start = peers();

  for (const kind of ['process', 'thread']) {
    it(`is notified of a set in another ${kind}, in both directions`, async () => {
      const share = make();
      const peer = await start[kind]();
      await peer.run(openThere, share.handle);
      const next = once(share, 'change');
      const changed = share.changed();
      await peer.run(setThere, 'there');
      assert.deepEqual(await within(LONG, next), [1]);
      assert.equal(await within(LONG, changed), 1);
      await peer.run((self) => {
        self.share.on('change', (version) => self.note([version, self.share.get()]));
      });
      share.set('here');
      assert.deepEqual(await within(LONG, peer.note()), [2, 'here']);
    });
  }

  it('does not affect others when its process is killed or stopped', async () => {
    const share = make();
    const listeners = await Promise.all([1, 2, 3].map(() => start.process()));
    for (const peer of listeners) {
      await peer.run(openThere, share.handle);
      await peer.run((self) => void self.share.on('change', (version) => self.note(version)).ref());
    }
    const [one, two, three] = listeners;
    one.end('SIGKILL');
    await one.ended;
    two.end('SIGSTOP');
    for (let i = 1; i <= 20; i++) {
      share.set(i);
      let version = 0;
      while (version < i) version = await within(LONG, three.note());
    }
  });

  it('does not delay the termination of its thread', async () => {
    const share = make();
    const peer = await start.thread();
    await peer.run(openThere, share.handle);
    await peer.run((self) => {
      self.share.changed();
      self.share.on('change', () => {});
    });
    peer.end();
    await within(LONG, peer.ended);
    share.set(1);
    assert.equal(share.version, 1);
  });
});
