/*
 * Whether mmapipc is used above this thread: by the process that forked this one, or by a thread that
 * this one descends from. `inherit` that finds nothing is a mistake there, and creates the region
 * everywhere else: under node --watch, nodemon, pm2 and test runners, whose children have an IPC
 * channel too, but which have not loaded mmapipc; and in a program that was only spawned, as by a
 * test that uses mmapipc itself.
 *
 * At load a mark is put into process.env, `<pid>:<thread>` of this thread and, behind a blank, the
 * mark that came down to it. Children and threads get it with the environment. What came down is
 * believed only if it names the parent process or another thread of this one, as marks go down
 * further than that: through a shell, or to orphans. A child or thread that is given an environment
 * without the mark cannot be told from one whose parent has not loaded mmapipc, and creates.
 */
'use strict';

const { isMainThread, threadId } = require('node:worker_threads');

const VARIABLE = 'MMAPIPC_PARENT';
const own = `${process.pid}:${threadId}`;

/*
 * The mark that came down to this thread; undefined for none. Another copy of this module in the
 * same thread has left the mark of the thread, with the one that came down behind it.
 */
function takeMark() {
  const marks = (process.env[VARIABLE] ?? '').split(' ');
  const above = marks[0] === own ? marks[1] : marks[0];
  process.env[VARIABLE] = above ? `${own} ${above}` : own;
  return /^(\d+):(\d+)$/.exec(above ?? '') ?? undefined;
}

const mark = takeMark();

function isUsedAbove() {
  if (mark === undefined) return false;
  const [pid, thread] = [Number(mark[1]), Number(mark[2])];
  /* It stays when the channel is closed, and threads have none. */
  if (pid === process.ppid) return process.send !== undefined;
  /* A thread that shares its environment with the main one (SHARE_ENV) leaves its mark there, too:
   * no thread is above the main one. */
  return pid === process.pid && !isMainThread && thread !== threadId;
}

/* Whether an `inherit` that finds nothing here should have found something. The module cluster is
 * needed by few, and required when one asks. */
function mustInherit() {
  return isUsedAbove() || require('node:cluster').isWorker;
}

module.exports = { mustInherit };
