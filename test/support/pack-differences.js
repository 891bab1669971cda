/*
 * Intended differences from Perl. mmapipc behaves as Perl 5.36 under `no warnings`, except that
 *  1. p, P and D are refused: an address is useless elsewhere, JavaScript has no long double;
 *  2. missing and surplus values are refused: Perl fills in '' and 0, and drops the rest, which hides
 *     a mistake in the template;
 *  3. the result of pack is bytes: a character above U+00FF, which Perl's string may have, throws;
 *  4. a template is compiled completely: a mistake in a part that Perl never reaches (a group repeated
 *     0 times, after a '/' with nothing to count) may throw;
 *  5. a return to C0 inside a character of U0 throws: Perl then treats bytes as characters;
 *  6. work and memory are bounded: a template that repeats far too often, or pads with more than
 *     16 MiB, throws;
 *  7. a checksum of floats far below 0 is not different, but takes Perl (almost) endlessly, so the
 *     tests make none;
 *  8. a string for a number and a number for a string are TypeErrors: the tests make none either, and
 *     no length is that of a number (n/a/C);
 *  9. a bigint beyond 64 bits saturates as such a number (an NV) does in Perl; for w it has any size,
 *     as a string of digits has in Perl;
 * 10. where Perl's unpack gives undef (u of nothing) the result is '', and where it gives '' (w of
 *     more than 8 zeros and nothing else) it is 0;
 * 11. a '/' means the same next to a group as elsewhere. Perl's pack forgets it after the field that
 *     follows a group (perl gets an x0 between them), or applies that of a group which it does not
 *     enter to the next field. Perl's unpack forgets it after a group, and one in a group with
 *     nothing to count also ends the enclosing group;
 * 12. in a string that U0 has made UTF-8, Perl's unpack guesses how many numbers of several bytes
 *     are left, and gives the previous content of its variable for missing ones;
 * 13. U of bytes that are not UTF-8 gives 0 for one byte. So does Perl's U, but its decoder
 *     (5.36) fails after a byte that cannot start a character: \x80\xe2\x82\xac is 0x220ac;
 * 14. a template that is refused elsewhere is refused in [], too: Perl's pack accepts x[%] there, and
 *     both accept x[(s>)<];
 * 15. X! before the start of a group moves that start. In a string that U0 has made UTF-8, Perl's
 *     pack forgets it, and @ and . then count from a position beyond the end.
 */
'use strict';

const { all } = require('./pack-model');

/* The outcomes of a comparison. */
const END = {
  equal: 'equal',
  threw: 'both threw',
  letters: '1 refused letter',
  values: '2 too few or many values',
  wide: '3 wide result',
  unreached: '4 unreached',
  middle: '5 middle of a character',
  bounds: '6 bounds',
  strings: '8 length of a number',
  slash: '11 slash and group',
  garbage: '12 garbage',
  malformed: '13 U of no UTF-8',
  measured: '14 refused in []',
  moved: '15 X! beyond a group',
  heavy: 'too heavy for perl',
  perl: 'perl died',
};

/* All other outcomes mean that nothing was compared. */
const COMPARED = [END.equal, END.threw, END.letters, END.values, END.wide];

const VALID = 'aAZbBhHcCWUwsSlLqQjJiInNvVfdFuxX@.(';

/* Calls it for each list of items: that of the template and those of its groups. */
function* lists(items) {
  yield items;
  for (const { body } of all(items)) if (body) yield body;
}

const isString = (item) => 'aAZ'.includes(item?.letter ?? '?');

function hasWrongSlash(items, direction) {
  return items.some(({ slash }, i) => {
    const next = items[i + 1];
    return slash && (next === undefined || (direction === 'unpack' && next.how === 'number'));
  });
}

/* 4: the template has a mistake, whether Perl reaches it or not. */
function isWrongSomewhere(items, direction) {
  const valid = direction === 'unpack' ? `${VALID}%` : VALID;
  return (
    [...all(items)].some(({ refused, letter }) => refused || !valid.includes(letter)) ||
    [...lists(items)].some((list) => hasWrongSlash(list, direction))
  );
}

/* 11: perl cannot be asked about a '/' after a group. */
const isSlashOfGroup = (items) => [...all(items)].some(({ body, slash }) => body && slash);

/* 8, in pack: n/a/C takes the length of a number in Perl's notation. */
function isLengthOfNumber(items) {
  return [...lists(items)].some((list) =>
    list.some(
      ({ slash }, i) =>
        slash && isString(list[i + 1]) && list[i + 1].slash && !isString(list[i + 2]),
    ),
  );
}

/* The reason not to compare pack: an END, or undefined. */
function excusePack(items) {
  if (isSlashOfGroup(items)) return END.slash;
  return isLengthOfNumber(items) ? END.strings : undefined;
}

/* 11, in unpack: a '/' in a group, which may have nothing to count. */
function isSlashInGroup(items) {
  return [...lists(items)].some((list) => list !== items && list.some(({ slash }) => slash));
}

/* 12 and 13 need characters beyond U+007F. */
const isAscii = (bytes) => bytes.every((byte) => byte < 0x80);

/* 12 also needs numbers of more than one byte. */
const isGarbagePossible = (template) =>
  template.includes('U') && /[sSlLqQjJiInNvVfdF]/.test(template);

const hasU = (items) => [...all(items)].some(({ letter, count }) => letter === 'U' && count !== 0);

/* The reason why mmapipc may throw and Perl not: an END, or undefined. */
function excuseThrow(error, template, items, direction) {
  if (template.includes('U') && /middle of a character/.test(error.message)) return END.middle;
  if (/MiB of padding|too often/.test(error.message)) return END.bounds;
  if (/checksums|other byte order/.test(error.message) && /\[[^\]]*[%<>]/.test(template)) {
    return END.measured;
  }
  if (isWrongSomewhere(items, direction)) return END.unreached;
  return undefined;
}

/* 15: only with X! in a group, and U0 anywhere. */
const isMovingGroup = (template, items) =>
  template.includes('U') &&
  template.includes('X!') &&
  items.some(({ body }) => body) &&
  /[@.]/.test(template);

/* 5: in Perl, X, @ and . may remove bytes that were not UTF-8, without an error. The template with
 * these fields made harmless shows whether that happens: perl then throws. */
const COUNT = /(\d+|\*|\[[^\]]*\])?/.source;
const withoutMoves = (template) =>
  template
    .replace(new RegExp(`[X@]!?${COUNT}`, 'g'), '')
    .replace(new RegExp(`[.]!?${COUNT}`, 'g'), 'a0');
const isMalformed = ({ error }) => /^Malformed|^panic/.test(error ?? '');

/* The reason why unpack may differ from Perl: an END, or undefined. For 12 and 13, it must not differ
 * for the same bytes made ASCII. */
function excuseUnpack({ template, items, bytes }) {
  if (isSlashOfGroup(items) || isSlashInGroup(items)) return END.slash;
  if (isAscii(bytes)) return undefined;
  if (hasU(items)) return END.malformed;
  return isGarbagePossible(template) ? END.garbage : undefined;
}

module.exports = {
  END,
  COMPARED,
  excusePack,
  excuseThrow,
  excuseUnpack,
  isMalformed,
  isMovingGroup,
  withoutMoves,
};
