/*
 * Whether a recorded history of one key is linearizable: whether each operation can have taken effect in
 * one moment between its call and its response, so that all results are those of one plain variable. It is the
 * search of Wing and Gong with the memory of Lowe. A history of several keys is linearizable if that of
 * each key is, so keys are checked one by one.
 *
 * An operation is { kind, a, b, result, invoked, responded }. `responded` is Infinity if its process was
 * killed meanwhile: it may have taken effect at any time since, or never, and its result is unknown.
 * Values are positive numbers; 0 means that there is no entry; truth is 1 or 0.
 */
'use strict';

const ABSENT = 0;

const truth = (value) => (value ? 1 : 0);

/* kind: (state, a, b) => [result, state afterwards] */
const MODEL = {
  get: (state) => [state, state],
  has: (state) => [truth(state !== ABSENT), state],
  set: (state, a) => [1, a],
  delete: (state) => [truth(state !== ABSENT), ABSENT],
  clear: () => [1, ABSENT],
  add: (state, a) => (state === ABSENT ? [1, a] : [0, state]),
  replace: (state, a) => (state === ABSENT ? [0, state] : [1, a]),
  swap: (state, a) => [state, a],
  take: (state) => [state, ABSENT],
  /* Of values of which each is set once, so that a version stands for a value. */
  cas: (state, a, b) => (state === a ? [1, b] : [0, state]),
  increment: (state, a) => [state + a, state + a],
};

const isPending = (op) => op.responded === Infinity;

/* A list of calls and responses in the order of time. Ops that end as another one begins overlap it. A
 * pending one has no response. Returns its head. */
function listOf(ops) {
  const events = ops.flatMap((op, index) => {
    const response = isPending(op) ? undefined : { time: op.responded, isCall: false };
    const call = { time: op.invoked, isCall: true, op, index, response };
    return response === undefined ? [call] : [call, response];
  });
  events.sort((x, y) => x.time - y.time || Number(y.isCall) - Number(x.isCall));
  const head = { next: null };
  let last = head;
  for (const event of events) {
    event.previous = last;
    event.next = null;
    last.next = event;
    last = event;
  }
  return head;
}

function unlink(event) {
  event.previous.next = event.next;
  if (event.next !== null) event.next.previous = event.previous;
}

function relink(event) {
  event.previous.next = event;
  if (event.next !== null) event.next.previous = event;
}

/* The sets of operations already placed, each with the state after them. One that was seen before leads
 * nowhere again. */
class Seen {
  #keys = new Set();
  #words;

  constructor(length) {
    this.#words = new Int32Array(Math.ceil(length / 32));
  }

  flip(index) {
    this.#words[index >>> 5] ^= 1 << (index & 31);
  }

  isNew(state) {
    const { size } = this.#keys;
    return this.#keys.add(`${state}:${this.#words.join()}`).size > size;
  }
}

/*
 * Returns undefined if the history is linearizable; otherwise the longest order that was found, and the
 * operation after which every order is wrong: { order, stuck }.
 */
function check(ops) {
  const head = listOf(ops);
  const seen = new Seen(ops.length);
  const placed = []; /* { event, before: the state before it } */
  let left = ops.filter((op) => !isPending(op)).length;
  let state = ABSENT;
  let order = [];
  let stuck;
  let event = head.next;
  while (left > 0) {
    if (event.isCall) {
      const { op, index } = event;
      const [result, after] = MODEL[op.kind](state, op.a, op.b);
      let isGood = isPending(op) || op.result === result;
      if (isGood) {
        seen.flip(index);
        isGood = seen.isNew(after);
        if (!isGood) seen.flip(index);
      }
      if (isGood) {
        placed.push({ event, before: state });
        state = after;
        unlink(event);
        if (event.response !== undefined) {
          unlink(event.response);
          left--;
        }
        event = head.next;
      } else {
        event = event.next;
      }
    } else {
      /* This operation has responded before all others that could come first. */
      if (stuck === undefined || placed.length > order.length) {
        order = placed.map((one) => one.event.op);
        stuck = ops.find((op) => op.responded === event.time);
      }
      const last = placed.pop();
      if (last === undefined) return { order, stuck };
      state = last.before;
      seen.flip(last.event.index);
      if (last.event.response !== undefined) {
        relink(last.event.response);
        left++;
      }
      relink(last.event);
      event = last.event.next;
    }
  }
  return undefined;
}

/* Whether it has changed nothing, so that a right history stays right without it. */
const isRead = ({ kind, result }) =>
  kind === 'get' || kind === 'has' || (result === 0 && ['add', 'replace', 'cas'].includes(kind));

/* A wrong history without the reads that are not needed to see it. */
function minimal(ops) {
  let least = ops;
  for (const op of ops.filter((one) => !isPending(one) && isRead(one))) {
    const rest = least.filter((one) => one !== op);
    if (check(rest) !== undefined) least = rest;
  }
  return least;
}

/* The history for people: one line an operation, in the order of the calls; times in ns from the first. */
function show(ops) {
  const start = Math.min(...ops.map((op) => op.invoked));
  const line = ({ who, kind, a, b, result, invoked, responded }) =>
    `${String(who).padStart(2)} ${String(invoked - start).padStart(9)} .. ` +
    `${String(responded - start).padEnd(9)} ${kind}(${[a, b].filter((x) => x > 0).join(', ')})` +
    (responded === Infinity ? '' : ` = ${result}`);
  return [...ops]
    .sort((x, y) => x.invoked - y.invoked)
    .map(line)
    .join('\n');
}

module.exports = { ABSENT, MODEL, check, minimal, show };
