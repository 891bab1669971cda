/*
 * Where mmapipc differs from Perl on purpose. It does what Perl 5.36 does under `no warnings`, but
 *  1. p, P and D are refused: an address means nothing elsewhere, JavaScript has no long double;
 *  2. values that are missing or too many are refused: Perl fills in '' and 0, and drops the rest,
 *     which hides a mistake in the template;
 *  3. the result of pack is bytes: a character above U+00FF, which Perl's string may have, throws;
 *  4. a template is compiled as a whole: what is wrong in a part that Perl never reaches (a group
 *     repeated 0 times, behind a '/' with nothing to count) may throw;
 *  5. going back to C0 in the middle of a character of U0 throws: Perl then takes bytes for
 *     characters that they are not;
 *  6. work and memory are bounded: what repeats itself far too often, or pads with more than 16 MiB;
 *  7. a checksum of floats that is far below 0 is no different, but Perl needs (almost) for ever, so
 *     none is made here;
 *  8. a string for a number and a number for a string are TypeErrors: none is made here either, and a
 *     length is never that of a number (n/a/C);
 *  9. a bigint beyond 64 bits saturates as such a number (an NV) does in Perl; for w it has any size,
 *     as a string of digits has in Perl;
 * 10. what Perl's unpack gives as undef (u of nothing) is '', and as '' (w of nothing but zeros, more
 *     than 8 of them) is 0;
 * 11. a '/' means the same next to a group as elsewhere. Perl's pack forgets it behind the field that
 *     follows a group (perl gets an x0 between them), or takes that of a group which it does not enter
 *     for the next field's. Its unpack forgets it behind a group, and one in a group with nothing to
 *     count ends what is around the group, too;
 * 12. in a string that U0 has made UTF-8, Perl's unpack guesses how many numbers of several bytes
 *     are left, and gives what its variable held before for those that are not;
 * 13. U of what is not UTF-8 gives 0 for one byte. Perl's says so too, but its decoder (5.36) loses
 *     its way behind a first byte that begins no character: \x80\xe2\x82\xac is 0x220ac;
 * 14. what is refused elsewhere is refused in [], too: Perl's pack takes x[%] there, and both take
 *     x[(s>)<];
 * 15. X! before the beginning of a group moves that beginning. In a string that U0 has made UTF-8,
 *     Perl's pack forgets it, and @ and . then count from what is beyond the end.
 */
'use strict';

const { all } = require('./pack-model');

/* What a comparison ends with. */
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

/* Of the others nothing was compared. */
const COMPARED = [END.equal, END.threw, END.letters, END.values, END.wide];

const VALID = 'aAZbBhHcCWUwsSlLqQjJiInNvVfdFuxX@.(';

/* Of each list of items, that of the template and those of its groups. */
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

/* 4: something is wrong with the template, whether Perl reaches it or not. */
function isWrongSomewhere(items, direction) {
  const valid = direction === 'unpack' ? `${VALID}%` : VALID;
  return (
    [...all(items)].some(({ refused, letter }) => refused || !valid.includes(letter)) ||
    [...lists(items)].some((list) => hasWrongSlash(list, direction))
  );
}

/* 11: nothing else can say what a '/' behind a group is to do. */
const isSlashOfGroup = (items) => [...all(items)].some(({ body, slash }) => body && slash);

/* 8, in pack: n/a/C takes the length of a number, as Perl writes it. */
function isLengthOfNumber(items) {
  return [...lists(items)].some((list) =>
    list.some(
      ({ slash }, i) =>
        slash && isString(list[i + 1]) && list[i + 1].slash && !isString(list[i + 2]),
    ),
  );
}

/* What pack is not compared for: an END, or undefined. */
function excusePack(items) {
  if (isSlashOfGroup(items)) return END.slash;
  return isLengthOfNumber(items) ? END.strings : undefined;
}

/* 11, in unpack: a '/' in a group, which may find nothing. */
function isSlashInGroup(items) {
  return [...lists(items)].some((list) => list !== items && list.some(({ slash }) => slash));
}

/* 12 and 13 need characters beyond U+007F. */
const isAscii = (bytes) => bytes.every((byte) => byte < 0x80);

/* 12: and numbers of more than one byte. */
const isGarbagePossible = (template) =>
  template.includes('U') && /[sSlLqQjJiInNvVfdF]/.test(template);

const hasU = (items) => [...all(items)].some(({ letter, count }) => letter === 'U' && count !== 0);

/* Why we may throw where Perl does not: an END, or undefined. */
function excuseThrow(error, template, items, direction) {
  if (template.includes('U') && /middle of a character/.test(error.message)) return END.middle;
  if (/MiB of padding|too often/.test(error.message)) return END.bounds;
  if (/checksums|other byte order/.test(error.message) && /\[[^\]]*[%<>]/.test(template)) {
    return END.measured;
  }
  if (isWrongSomewhere(items, direction)) return END.unreached;
  return undefined;
}

/* 15: only by X! in a group, with U0 somewhere. */
const isMovingGroup = (template, items) =>
  template.includes('U') &&
  template.includes('X!') &&
  items.some(({ body }) => body) &&
  /[@.]/.test(template);

/* 5: in Perl X, @ and . may remove what was no UTF-8, and it does not complain. Without them it does,
 * if that is what happens: a template with such fields made harmless, and what perl says to it. */
const COUNT = /(\d+|\*|\[[^\]]*\])?/.source;
const withoutMoves = (template) =>
  template
    .replace(new RegExp(`[X@]!?${COUNT}`, 'g'), '')
    .replace(new RegExp(`[.]!?${COUNT}`, 'g'), 'a0');
const isMalformed = ({ error }) => /^Malformed|^panic/.test(error ?? '');

/* Why unpack may end otherwise than Perl did: an END, or undefined. For 12 and 13 it then must not
 * with the same bytes made ASCII. */
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
