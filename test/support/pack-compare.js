/*
 * Compares one pack or unpack of perl and of mmapipc: equal, or different as intended
 * (pack-differences.js).
 */
'use strict';

const assert = require('node:assert/strict');

const { word } = require('./perl');
const {
  END,
  excusePack,
  excuseThrow,
  excuseUnpack,
  isMalformed,
  isMovingGroup,
  withoutMoves,
} = require('./pack-differences');
const { parse, all, separated, unpackWork } = require('./pack-model');
const { valuesFor, HEAVY } = require('./pack-values');

const HEAVY_UNPACK = 60000; /* far above the work of most templates */
const UINT64 = 2n ** 64n;
const INT64 = -(2n ** 63n);

/* -> { result } or { error }; asserts that it is an error of mmapipc. */
function attempt(fn) {
  try {
    return { result: fn() };
  } catch (error) {
    assert.ok(error instanceof Error, `not an Error: ${String(error)}`);
    assert.match(String(error.code), /^ERR_[A-Z_]+$/, error.stack);
    return { error };
  }
}

const escaped = (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`;
const quoted = (text) => JSON.stringify(text).replace(/[\x7f-\xff]/g, escaped);

const show = (value) => {
  if (typeof value === 'bigint') return `${value}n`;
  if (Object.is(value, -0)) return '-0';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return quoted(value);
  return Array.isArray(value) ? `[${value.map(show).join(', ')}]` : `<${value.toString('hex')}>`;
};

const outcome = ({ result, error }) => (error ? `throws ${error.message}` : show(result));
const perlOutcome = (reply) => {
  if (reply.error !== undefined) return `croaks ${reply.error}`;
  if (reply.values === undefined) return reply.wide ? 'a wide string' : show(reply.bytes);
  return `[${reply.values.map((one) => Object.entries(one).flat().map(show)).join('; ')}]`;
};

/* A value in the form for perl, by the letter that takes it. */
function perlWord(value, letter) {
  if (typeof value === 'number') return word.number(value);
  if (typeof value !== 'bigint') return word.string(value);
  if (value >= INT64 && value < UINT64) return word.integer(value);
  return letter === 'w' ? word.large(value) : word.number(Number(value));
}

/* Never sent to perl, which would follow the pointers. */
function isForbidden(template) {
  return /[pPD]/.test(template);
}

/* p, P and D are refused as letters. Within comments and [] they may not be letters. */
function checkForbidden(items, ours) {
  const isReal = [...all(items)].some(({ refused, letter }) => !refused && 'pPD'.includes(letter));
  if (isReal) assert.ok(ours.error, `p, P or D: expected an error, got ${outcome(ours)}`);
  return END.letters;
}

class Mismatch extends Error {}

function fail(call, ours, reply) {
  throw new Mismatch(`${call}\n  perl:    ${perlOutcome(reply)}\n  mmapipc: ${outcome(ours)}`);
}

/* `given`: { template, numbers, strings, extra, delta } (pack-values.js). */
async function comparePack(perl, pack, given) {
  const { template } = given;
  const made = valuesFor(separated(template), given);
  if (made.walked.work >= HEAVY) return END.heavy;
  return compareValues(perl, pack, { template, ...made });
}

/* An END if pack is right, or undefined. */
function verdict(ours, reply, isCountWrong) {
  if (reply.error !== undefined) return ours.error && END.threw;
  if (reply.wide) return ours.error && END.wide;
  if (isCountWrong) return ours.error && END.values;
  return ours.result?.equals(reply.bytes) ? END.equal : undefined;
}

/* `letters` and `walked`: the letters that take the values, from valuesFor() and walk() of the
 * separated() template. */
async function compareValues(perl, pack, { template, values, letters, walked, items }) {
  const ours = attempt(() => pack(template, ...values));
  if (isForbidden(template)) return checkForbidden(items, ours);
  const excused = excusePack(items);
  if (excused) return excused;
  const words = values.map((value, i) => perlWord(value, letters[i]));
  const ask = (text) => perl.ask('P', word.template(separated(text)), ...words);
  const reply = await ask(template);
  if (reply.died) return END.perl;
  const end = verdict(ours, reply, walked.missing > 0 || walked.left > 0);
  if (end) return end;
  const excuse = ours.error && excuseThrow(ours.error, template, items, 'pack');
  if (excuse) return excuse;
  if (template.includes('U') && isMalformed(await ask(withoutMoves(template)))) return END.middle;
  if (isMovingGroup(template, items)) return END.moved;
  const count = `${walked.missing} values missing, ${walked.left} too many`;
  return fail(
    `pack(${[quoted(template), ...values.map(show)].join(', ')}) (${count})`,
    ours,
    reply,
  );
}

const isSafe = (integer) => integer >= -(2n ** 53n) + 1n && integer <= 2n ** 53n - 1n;

function isSame(js, { integer, number, string }, template, bigint) {
  if (number !== undefined) return Object.is(js, number);
  if (integer !== undefined) {
    if (bigint === 'always' && typeof js === 'bigint') return js === integer;
    return Object.is(js, isSafe(integer) ? Number(integer) : integer);
  }
  if (typeof js === 'string') return js === string;
  /* From 8 bytes on, w is a string of digits in Perl. */
  if (!template.includes('w') || !/^\d*$/.test(string)) return false;
  return isSame(js, { integer: BigInt(string) }, template, bigint);
}

function areSame(js, perl, ...how) {
  return js.length === perl.length && js.every((value, i) => isSame(value, perl[i], ...how));
}

/* An integer that is not a number for { bigint: 'never' }. */
function isUnsafe({ integer, string }, js) {
  if (integer !== undefined) return !isSafe(integer);
  return typeof js === 'bigint' && /^\d+$/.test(string) && !isSafe(BigInt(string));
}

/* The bytes for a template on which Perl may work endlessly, and whether they may be bytes that pack
 * made. Floats with a checksum (7) are not below -2, so in U0 no byte has its highest bit. If a field
 * that can be large counts a group, it is 0, or as pack has written it. */
function tame(template, items, { bytes, packed, cut }) {
  const list = [...all(items)];
  const isCounting =
    list.some(({ body }) => body) &&
    list.some(({ slash, letter }) => slash && !'cC'.includes(letter));
  const isSumming = template.includes('%') && /[fdF]/.test(template);
  if (!isCounting && !isSumming) return { bytes, packed };
  const isExact = !/[X@.bBhHuw%]/.test(template) && cut === 0 && !excusePack(items);
  const mask = isCounting ? 0 : template.includes('U') ? 0x3f : 0xbf;
  return { bytes: bytes.map((byte) => byte & mask), packed: packed && isExact && !isSumming };
}

const withoutChecksums = (template) => template.replace(/%(\d+|\*|\[[^\]]*\])?/g, '');

/* Bytes that perl's pack made from the same template, without the last `cut`. */
async function askPacked(perl, given, template) {
  const source = withoutChecksums(template);
  const { values, letters, walked } = valuesFor(source, given);
  if (walked.work >= HEAVY) return undefined;
  const words = values.map((value, i) => perlWord(value, letters[i]));
  const cut = word.string(String(given.cut));
  return perl.ask('R', word.template(source), cut, word.template(template), ...words);
}

/* `given`: { template, bytes, packed, cut, bigint, numbers, strings, extra }. */
async function compareUnpack(perl, unpack, given) {
  const { template, bigint } = given;
  const items = parse(template);
  if (isForbidden(template)) {
    return checkForbidden(
      items,
      attempt(() => unpack(template, given.bytes)),
    );
  }
  if (unpackWork(items, Math.max(96, given.bytes.length)) >= HEAVY_UNPACK) return END.heavy;
  const { bytes, packed } = tame(template, items, given);
  if (!packed) return compareBytes({ perl, unpack, template, items, bytes, bigint });
  const reply = await askPacked(perl, given, template);
  if (reply === undefined) return END.heavy;
  if (reply.died) return END.perl;
  return compareReply({ perl, unpack, template, items, bytes: reply.bytes, bigint, reply });
}

/* Whether { bigint: 'never' } throws rightly, because of an integer that is not a number. */
function isBeyondNumbers({ unpack, template, bytes, reply }) {
  const { result } = attempt(() => unpack(template, bytes));
  return result !== undefined && reply.values.some((value, i) => isUnsafe(value, result[i]));
}

async function compareReply({ perl, unpack, template, items, bytes, bigint, reply }) {
  if (reply.died) return END.perl;
  const options = bigint === undefined ? undefined : { bigint };
  const ours = attempt(() => unpack(template, bytes, options));
  if (ours.error && reply.error !== undefined) return END.threw;
  const isBeyond = bigint === 'never' && reply.error === undefined;
  if (isBeyond && isBeyondNumbers({ unpack, template, bytes, reply })) {
    if (ours.error) return END.threw;
  } else if (!ours.error && reply.error === undefined) {
    if (areSame(ours.result, reply.values, template, bigint)) return END.equal;
  }
  const excuse =
    (ours.error && excuseThrow(ours.error, template, items, 'unpack')) ??
    excuseUnpack({ template, items, bytes });
  if (excuse === END.garbage || excuse === END.malformed) {
    const ascii = bytes.map((byte) => byte & 0x7f);
    await compareBytes({ perl, unpack, template, items, bytes: ascii, bigint });
  }
  const call = `unpack(${quoted(template)}, ${show(bytes)}, ${JSON.stringify(options)})`;
  return excuse ?? fail(call, ours, reply);
}

async function compareBytes({ perl, unpack, template, items, bytes, bigint }) {
  const reply = await perl.ask('U', word.template(template), word.string(bytes));
  return compareReply({ perl, unpack, template, items, bytes, bigint, reply });
}

module.exports = { comparePack, compareValues, compareUnpack, compareBytes, perlWord };
