/*
 * Arbitraries of fast-check for templates of pack and unpack, over the whole language, and for
 * similar texts that are not templates.
 */
'use strict';

const fc = require('fast-check');

const INTEGERS = [...'cCWUsSlLqQjJiInNvVw'];
const FLOATS = [...'fdF'];
const STRINGS = [...'aAZbBhHu'];

const pick = (...weighted) =>
  fc.oneof(...weighted.map(([weight, arbitrary]) => ({ weight, arbitrary })));
const oneOf = (...values) => fc.constantFrom(...values);
const row = (...parts) => fc.tuple(...parts).map((texts) => texts.join(''));

/* The contents of []; some are invalid. */
const measured = oneOf(
  ...['C', 's', 'N', 'd', 'q', 'l!', 'i', 'a3', 'x2', 's2', 'Cx![4]', '(CN)', '(s2)2', 'B9', 'h3'],
  ...['N X2', 's>', 'C0', 'nC X!2', '%', 'a*', 'U', 'w', '@', 'X', '3x', '', '(s>)<', ' C # C\n'],
);

const digits = pick(
  [40, fc.nat(4).map(String)],
  [12, fc.integer({ min: 5, max: 20 }).map(String)],
  [4, fc.integer({ min: 21, max: 130 }).map(String)],
  [1, oneOf('00', '01', '007', '9223372036854775808', '99999999999999999999')],
);

const some = pick(
  [6, digits],
  [2, digits.map((text) => `[${text}]`)],
  [1, measured.map((text) => `[${text}]`)],
);
const count = pick([5, fc.constant('')], [4, some]);
const countOrStar = pick([4, fc.constant('')], [4, some], [3, fc.constant('*')]);

/* Modifiers of a letter, and now and then invalid ones. */
function modifiers(letter) {
  const fit = [''];
  if ('sSiIlLqQjJfFd('.includes(letter)) fit.push('', '<', '>');
  if ('sSiIlL'.includes(letter)) fit.push('!', '!<', '>!', '<<');
  if ('xX'.includes(letter)) fit.push('!');
  if ('nNvV@.'.includes(letter)) fit.push('', '!');
  return pick([100, oneOf(...fit)], [1, oneOf('!', '<', '>', '<>', '!!')]);
}

function item(letters, counts) {
  return oneOf(...letters).chain((letter) => row(fc.constant(letter), modifiers(letter), counts));
}

const noise = pick(
  [12, fc.constant('')],
  [4, fc.constant(' ')],
  [1, oneOf(',', '\n', '#x(]\n', '\t')],
);

const backwards = oneOf('X', 'X', 'X2', 'X!2', 'X!4', 'X!8', 'X*', 'X0', 'X3');
const checksum = oneOf('%', '%32', '%8', '%64', '%3', '%65', '%100', '%63', '%0', '%*', '%[N]');

/* Inside a group with a byte order no other is allowed; most templates obey that. */
function group(body, stars) {
  return fc
    .tuple(body, modifiers('('), pick([4, stars], [1, fc.constant('*')]), fc.nat(9))
    .map(([inside, order, times, chance]) => {
      const text = order === '' || chance === 0 ? inside : inside.replace(/[<>]/g, '');
      return `(${text})${order}${times}`;
    });
}

function regular(isUnpack) {
  /* A '*' of numbers leaves no values for the next fields, so in pack it comes last. */
  const stars = isUnpack ? countOrStar : count;
  const lengths = pick(
    [6, item([...'CnwNsvV'], fc.constant(''))],
    [3, item([...'aAZ'], oneOf('', '1', '2', '*'))],
    [1, item([...INTEGERS, ...STRINGS, ...FLOATS, '@', 'x', '.'], count)],
  );
  const { top } = fc.letrec((tie) => ({
    one: pick(
      [12, item(INTEGERS, stars)],
      [3, item(FLOATS, stars)],
      [10, item(STRINGS, countOrStar)],
      [2, item(['x'], countOrStar)],
      [1, backwards],
      [2, item(['@', '.'], countOrStar)],
      [1, oneOf('C0', 'U0')],
      [isUnpack ? 2 : 0, row(checksum, tie('one'))],
      [4, row(lengths, oneOf('/', '/', ' / '), tie('counted'))],
      [4, group(tie('inner'), stars)],
    ),
    counted: pick(
      [6, item([...'aAZ'], isUnpack ? oneOf('', '*') : countOrStar)],
      [3, item([...INTEGERS, ...STRINGS], isUnpack ? oneOf('', '', '*', '2') : countOrStar)],
      [2, group(tie('inner'), stars)],
      [1, tie('one')],
    ),
    inner: fc
      .array(row(tie('one'), noise), { maxLength: 5, depthIdentifier: 'group' })
      .map((items) => items.join('')),
    top: fc
      .array(row(tie('one'), noise), { minLength: 1, maxLength: 6, depthIdentifier: 'group' })
      .map((items) => items.join('')),
  }));
  const first = pick(
    [9, fc.constant('')],
    [1, oneOf('U0', 'C0', 'U', 'C0U', 'U0U*', ' U0', '#\nU')],
  );
  const numbers = item([...INTEGERS, ...FLOATS], fc.constant('*'));
  const last = isUnpack ? fc.constant('') : pick([3, fc.constant('')], [1, numbers]);
  return row(first, top, last);
}

/* Fields of known sizes, alone or in a group that repeats often, for which an engine has shortcuts. */
const fixed = oneOf(...'cCsSlLqQjJiInNvVfdFaAZx').chain((letter) =>
  row(
    fc.constant(letter),
    modifiers(letter),
    pick([3, fc.constant('')], [1, oneOf('1', '2', '5')]),
  ),
);
const rounds = pick(
  [2, fc.integer({ min: 2, max: 9 }).map(String)],
  [1, fc.integer({ min: 10, max: 300 }).map(String)],
  [1, fc.constant('*')],
);
const record = fc
  .tuple(fc.array(fixed, { minLength: 1, maxLength: 5 }), fc.nat(2), rounds)
  .map(([fields, kind, times]) => {
    const text = fields.join(kind === 0 ? ' ' : '');
    return kind === 2 ? `(${text.replace(/[aAZ]\d*/g, 'n')})${times}` : text;
  });

const soup = fc
  .array(
    pick(
      [9, oneOf(...'aAZbBhHcCWUwsSlLqQjJiInNvVfdFuxX@.', '(', ')', 'C0', 'U0')],
      [4, oneOf(...'!<>()[]*/%,# \n0123456789*/')],
      [1, oneOf(...'epPD\0\x80ÿ')],
    ),
    { maxLength: 9 },
  )
  .map((letters) => letters.join(''));

/* Templates for one direction: 'pack' or 'unpack'. */
function templates(direction) {
  return pick([8, regular(direction === 'unpack')], [1, record], [1, soup]);
}

module.exports = { templates, pick, oneOf, INTEGERS, FLOATS, STRINGS };
