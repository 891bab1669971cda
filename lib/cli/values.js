/*
 * The commands for the values of Shares and SharedMaps: get, set, del, keys and stats.
 */
'use strict';

const { express, raw } = require('./express');
const { KINDS, withRegion } = require('./open');
const { json, plain, print } = require('./text');
const { UsageError, WrongValue } = require('./usage');

const CHUNK = 65536; /* characters that are printed in one call */
const SHOWN = 40; /* characters of a wrong value in an error */

/* A line for a value. Bytes of --raw have no line break at their end, which would change them. */
function lineOf(value, isRaw) {
  const text = isRaw ? raw(value) : express(value);
  return typeof text === 'string' ? `${text}\n` : text;
}

function get(asked) {
  const { rest, options } = asked;
  return withRegion(asked, {}, async (object, kind) => {
    checkCount(asked, kind);
    const value = object.get(...rest);
    if (value === undefined) return false;
    await print(lineOf(value, options.raw));
    return true;
  });
}

/* The arguments of get and set depend on the kind: those of a SharedMap begin with a key. */
const TAKES = {
  get: { Share: ['no key', 0], SharedMap: ['a key', 1] },
  set: { Share: ['a value and no key', 1], SharedMap: ['a key and a value', 2] },
};

function checkCount({ command, rest }, kind) {
  const [what, count] = TAKES[command][kind];
  if (rest.length !== count) throw new UsageError(`'${command}' of a ${kind} takes ${what}`);
}

async function set(asked) {
  const { rest, options } = asked;
  const value = await valueOf(rest.at(-1), options.raw);
  return withRegion(asked, { writes: KINDS }, (object, kind) => {
    const isShare = kind === 'Share';
    checkCount(asked, kind);
    if (isShare && options.ttl !== undefined) {
      throw new UsageError('--ttl is for a SharedMap; the value of a Share does not expire');
    }
    if (isShare) object.set(value);
    else object.set(rest[0], value, options.ttl);
    return true;
  });
}

async function valueOf(argument, isRaw) {
  const text = argument === '-' ? await standardInput() : argument;
  if (isRaw) return text;
  try {
    return JSON.parse(text);
  } catch {
    throw notJson(argument === '-' ? 'the standard input' : 'the value', text);
  }
}

async function standardInput() {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function notJson(what, text) {
  const shown = text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text;
  return new WrongValue(
    `${what} is not JSON: ${shown === '' ? 'it is empty' : shown}; give JSON in single quotes, as in '"text"' ` +
      `or '{"a":1}', or add --raw to set a text as it is`,
  );
}

function del(asked) {
  const { rest, options } = asked;
  if (rest.length > 0 && options.prefix !== undefined) {
    throw new UsageError('keys and --prefix exclude each other');
  }
  return withRegion(asked, { writes: KINDS }, (object, kind) => {
    if (kind === 'Share') return clearShare(object, asked);
    if (options.prefix !== undefined) {
      object.namespace(options.prefix).clear();
      return true;
    }
    if (rest.length === 0) {
      throw new UsageError("'del' of a SharedMap takes keys, or --prefix ('' for all keys)");
    }
    return object.deleteMany(rest) === rest.length;
  });
}

function clearShare(share, { rest, options }) {
  if (rest.length > 0 || options.prefix !== undefined) {
    throw new UsageError("'del' of a Share takes no keys; it clears the value");
  }
  share.clear();
  return true;
}

function keys(asked) {
  const { prefix, raw: isRaw } = asked.options;
  return withRegion(asked, { kinds: ['SharedMap'] }, async (map) => {
    let text = '';
    for (const key of map.keys({ prefix })) {
      text += lineOf(key, isRaw);
      if (text.length < CHUNK) continue;
      await print(text);
      text = '';
    }
    await print(text);
    return true;
  });
}

function figuresOf(object, kind) {
  if (kind === 'Share') {
    const { version, byteLength, capacity } = object;
    return { kind, version, byteLength, capacity };
  }
  const figures = { kind, evict: object.evict, ...object.stats() };
  delete figures.cached; /* entries in the process of this command */
  return figures;
}

function stats(asked) {
  return withRegion(asked, {}, async (object, kind) => {
    const figures = figuresOf(object, kind);
    const lines = Object.entries(figures).map(
      ([name, value]) => `${name.padEnd(13)} ${plain(`${value}`)}\n`,
    );
    await print(asked.options.json ? `${json(figures)}\n` : lines.join(''));
    return true;
  });
}

module.exports = { del, get, keys, lineOf, set, stats };
