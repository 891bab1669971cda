/*
 * Whether mmapipc is used above this thread: by the process that forked this process, or by a thread
 * above this thread. There an `inherit` that finds nothing is a mistake, and throws. Everywhere else it
 * creates the region: under node --watch, nodemon, pm2 and test runners, whose children have an IPC
 * channel too, but which have not loaded mmapipc; and in a program that was only spawned, for example
 * by a test that uses mmapipc itself.
 *
 * When this module is loaded, it puts a mark into process.env: `<pid>:<thread>` of this thread and,
 * after a space, the mark that this thread has inherited. Children and threads inherit the mark with
 * the environment. An inherited mark counts only if it names the parent process or another thread of
 * this process, because marks pass further than that: through a shell, or to orphans. A child or thread
 * whose environment lacks the mark looks like one whose parent has not loaded mmapipc, and creates.
 */
'use strict';

const { isMainThread, threadId } = require('node:worker_threads');

const VARIABLE = 'MMAPIPC_PARENT';
const own = `${process.pid}:${threadId}`;

/*
 * The mark that this thread has inherited; undefined for none. If another copy of this module in the
 * same thread has been loaded before, the variable holds the thread's own mark and then the inherited
 * one.
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
  /* process.send stays when the channel is closed; threads have none. */
  if (pid === process.ppid) return process.send !== undefined;
  /* A thread that shares the main thread's environment (SHARE_ENV) leaves its mark there, too; but no
   * thread is above the main thread. */
  return pid === process.pid && !isMainThread && thread !== threadId;
}

/* Whether an `inherit` that finds nothing in this thread is a mistake. Few programs need the module
 * cluster, so it is loaded on demand. */
function mustInherit() {
  return isUsedAbove() || require('node:cluster').isWorker;
}

module.exports = { mustInherit };
