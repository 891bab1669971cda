/*
 * What the command line tool prints: text without control characters, and JSON.
 */
'use strict';

const { wallNow } = require('../base/clock');

const CONTROL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/* The text as one line without control characters: a line break becomes \u000a. */
function plain(text) {
  return text.replace(CONTROL, (character) =>
    [...Array(character.length).keys()]
      .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

/* JSON has no control characters outside of strings, except the line breaks of its indentation. */
const json = (value) => JSON.stringify(value, null, 2).split('\n').map(plain).join('\n');

/* The time since then, for people. */
function age(since) {
  const seconds = Math.max(0, Math.round((wallNow() - since) / 1000));
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

/* Resolves when the text (or the bytes) is written. A failure ends the process (main.js), before the caller
 * has written much more. */
const print = (text) => new Promise((resolve) => process.stdout.write(text, () => resolve()));

module.exports = { age, json, plain, print };
