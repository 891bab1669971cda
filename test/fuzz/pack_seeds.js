/*
 * The first inputs of pack_fuzz.c, in the format of pack_input.h: templates of perlfunc and
 * perlpacktut, and one for each letter, modifier and rule.
 */
'use strict';

const KINDS = {
  number: 1,
  byte: 2,
  odd: 3,
  int: 4,
  uint: 5,
  text: 6,
  wide: 7,
  big: 8,
  negative: 9,
};
const ODD_NUMBERS = 29;

/* A value in the format of pack_input.h: a number, a bigint or a string; a Buffer is used unchanged. */
function encodeValue(value) {
  if (Buffer.isBuffer(value)) return value;
  const bytes = Buffer.alloc(9);
  if (typeof value === 'string') {
    const text = Buffer.from(value, 'latin1');
    return Buffer.concat([Buffer.from([KINDS.text, text.length]), text]);
  }
  if (typeof value === 'number') {
    bytes[0] = KINDS.number;
    bytes.writeDoubleLE(value, 1);
  } else if (value < 0n) {
    bytes[0] = KINDS.int;
    bytes.writeBigInt64LE(value, 1);
  } else if (value < 1n << 64n) {
    bytes[0] = KINDS.uint;
    bytes.writeBigUInt64LE(value, 1);
  } else {
    const digits = value.toString(16);
    const big = Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex');
    return Buffer.concat([Buffer.from([KINDS.big, big.length]), big]);
  }
  return bytes;
}

function encode(template, values, bytes, flags) {
  return Buffer.concat([
    Buffer.from([flags]),
    Buffer.from(template, 'latin1'),
    Buffer.from([0xff]),
    ...values.map(encodeValue),
    Buffer.from([0]),
    Buffer.from(bytes, 'latin1'),
  ]);
}

const WIDE = Buffer.from([KINDS.wide]);
const NEGATIVE = Buffer.from([KINDS.negative, 0]);
const COUNTED = '\x03abc\x02de\x00\x01f';
const LONG = Array.from({ length: 64 }, (_, i) => String.fromCharCode((i * 37 + 11) & 255)).join(
  '',
);
const HUGE = 1n << 200n;

// [template, values, bytes]
const CASES = [
  ['lldV', [1, -2, 3.5, 4294967295], LONG],
  ['l n S d a20', [1, 2, 3, 4.5, 'hello'], LONG],
  ['WWWW', [65, 66, 67, 68], 'ABCD'],
  ['U4', [0x24b6, 0x24b7, 0x10ffff, 65], '\xe2\x92\xb6\xe2\x92\xb7A'],
  ['C0U4', [0x24b6, 0x24b7, 0xd800, 65], '\xe2\x92\xb6\xf0\x9f\x98\x80A'],
  ['U0W4', [0xe2, 0x92, 0xb6, 65], '\xe2\x92\xb6A'],
  ['U0 a2 C0 a2 U0 W', ['\xc3\xa9', 'ab', 65], '\xe9\xe9abA'],
  ['a U0 (C0 a)2 a', ['a', 'b', 'c', 'd'], 'abcd\xff'],
  ['ccxxcc', [65, 66, 67, 68], 'AB\x00\x00CD'],
  ['s2', [1, -2], '\x01\x00\xfe\xff'],
  [
    'a14 A5 Z* Z3',
    ['abcdefg', 'hi', 'there', 'zzzz'],
    'abcdefg\x00\x00\x00\x00\x00\x00\x00hi   there\x00zz\x00',
  ],
  [
    'Z8 Z8 Z16 L',
    ['root', 'tty', 'host', 12],
    'root\x00\x00\x00\x00tty\x00\x00\x00\x00\x00host\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00',
  ],
  ['b8 B8 b* B3 b17', ['10101010', '11110000', '1', '101', '10'], LONG],
  ['h4 H4 h* H3', ['1f2e', 'dead', 'beef', 'abc'], LONG],
  ['N/a* w/a n/A C/Z*', ['hi,', 'world', 'x', 'yz'], '\x00\x00\x00\x03hi,\x05world\x00\x01x\x02yz'],
  ['C/a* C/a C/(a)', ['abc', 'de', 'f', 'g'], COUNTED],
  ['C/(s l)', [1, 2, 3, 4], '\x02\x01\x00\x02\x00\x00\x00\x03\x00\x04\x00\x00\x00'],
  ['a3/A A*', ['007: Bond', 'J.'], '007 Bond  J '],
  ['a3 x2 /A A*', ['007', 'Bond'], '007: Bond, J.'],
  ['a/W2', [97, 98], '2ab'],
  ['A2/(C n/a*)', [1, 'a', 2, 'b'], '2 \x01\x00\x01a\x02\x00\x01b'],
  ['sx2l s@4l s.l', [12, 34, 12, 34, 12, 4, 34], LONG],
  ['@1A((@2A)@3A)', ['X', 'Y', 'Z'], '\x00X\x00\x00YZ'],
  ['a5 X2 a (a3 .2 a .* a .0)2', ['abcde', 'f', 'abc', 1, 'x', 9, 'y', 0], LONG],
  ['c x![d] d c[2] X!8 q', [1, 2.5, 3, 4, -5n], LONG],
  ['x![16] C x!4 X![L] C @!3 .!', [1, 2, 3], LONG],
  ['(s<l>)3 (sl)< (q (J)2)>', [1, 2, 3, 4, 5, 6, 7, 8, 9n, 10n, 11n], LONG],
  ['s!S!i!I!l!L!n!N!v!V!', [1, 2, 3, 4, 5, 6, -7, -8, -9, -10], LONG],
  ['q Q j J q> Q<', [-1n, 1n << 63n, 5, 6, 1n << 62n, 18446744073709551615n], LONG],
  ['f d F f< d> F>', [1.5, -2.5, 1e300, 1e300, 5e-324, 0], LONG],
  [
    'w*',
    [0, 127, 128, 1n << 63n, HUGE],
    '\x00\x7f\x81\x00\x90\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00\x81',
  ],
  [
    'w w w',
    [HUGE, (1n << 64n) - 1n, 2 ** 60],
    '\x81\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00\x01',
  ],
  ['u u3 u*', ['The quick brown fox', LONG, 'x'], ",5&AE('%U:6-K(&)R;W=N(&9O>```\n!>```\n`\n"],
  ['%32C* %8b* %64Q %3n %65w', [], LONG],
  ['%32b*', [], LONG],
  ['%16(C n)3 %32f2 %53d', [], LONG],
  ['C x[s l! (a3)2 q] C X[L] C', [1, 2, 3], LONG],
  ['a[2] C[N/a*]', ['ab'], 'ab'],
  ['x[(a(b8 h2)3)4] (a[3])[2]', ['abc', 'def'], LONG],
  ['# comment ( [ \n C # another\n n', [1, 2], 'abc'],
  ['  C3  ,  n2 ', [1, 2, 3, 4, 5], '\x01\x02\x03\x00\x04\x00\x05'],
  ['(a2 (C (n)2)*)*', ['ab', 1, 2, 3, 4], LONG],
  ['(C)* (a)0 a0 x0 X0 @0', [1, 2, 3], 'abc'],
  ['x65536 C @100000 C', [1, 2], LONG],
  ['x67108864', [], ''],
  ['U0 x67108864', [], ''],
  ['W x67108863 X67108863', [256], ''],
  [`x67108864${'('.repeat(99)}W${')'.repeat(99)}`, [256], ''],
  ['U0 x8000000 (@1 @!2)9999', [], ''],
  ['U0 (x67108 X67108)999 (x!7 X!9)999', [], ''],
  ['(x1000)1000 a', ['a'], ''],
  ['(a0)1000000 (x0)*', ['a'], 'a'],
  ['(x C X)100000', [1, 2], 'ab'],
  ['((((a)99)99)99)99', ['a', 'b'], LONG],
  ['(X2 a3)*', ['ab', 'cd'], LONG],
  ['(%32a64 X64)1000000', [], LONG],
  ['(%99Q8 X64 %32b* X64)1000000', [], LONG],
  ['(Q8 X64)1000000', [], LONG],
  ['(H* X64)1000000', [], LONG],
  ['(u @0)1000000', [], `M${'A'.repeat(60)}\n`],
  ['(w @0)1000000', [], `${'\x81'.repeat(64)}\x01`],
  ['U0 (U9 %32U64 @0)1000000', [], LONG],
  ['U0 (a64 x9 X9 @0)1000000', [], LONG],
  ['U0 (x!64 X!63 x1 @!64 .*)1000000', [], LONG],
  ['((()99)99)99', [], ''],
  ['@5 (@3 a)3 @0 a', ['a', 'b', 'c', 'd'], LONG],
  ['a* . a', ['abc', 2, 'z'], 'abc'],
  ['(a .)* .2 .*', ['a', 3, 'b', -1, 4, 5], LONG],
  ['C/@ C/x C/X C/.', [], '\x01\x02\x03\x04\x05\x06'],
  ['U/a W/U w/w', [1, 2, 3, 4], '\x01\x02\x03\x04\x05\x06'],
  ['s> (s<)> P p D', [], ''],
  ['C9223372036854775807', [1], 'a'],
  ['C99999999999999999999 x[9223372036854775808]', [1], 'a'],
  ['( [ ) ]', [], ''],
  ['a C w N U', [WIDE, NEGATIVE, NEGATIVE, HUGE, -5], ''],
  [`${'('.repeat(100)}C${')'.repeat(100)}`, [1], 'a'],
  [`${'x['.repeat(50)}C${']'.repeat(50)}`, [1], LONG],
  ['N! /a* v!/a2', ['abc', 'de'], '\x00\x00\x00\x01a\xff\xff'],
];

/* Each letter with each modifier and count, for values of all types. */
const ODD = Array.from({ length: ODD_NUMBERS }, (_, i) => Buffer.from([KINDS.odd, i]));
for (const letter of 'aAZbBhHcCWUsSlLqQjJiInNvVfdFwuxX@.') {
  CASES.push([`${letter} ${letter}3 ${letter}*`, [1, '12', 3, 4, 5, '6', -7], LONG]);
  CASES.push([`C0 ${letter}* U0 ${letter}2`, [1, 2, '\xe9\xe8', 4n], `\xc3\xa9\xff${LONG}`]);
  CASES.push([`%40${letter}* C/${letter}`, [65, 3], LONG]);
}
for (const letter of 'cCWUsSlLqQjJiInNvVfdFw.') CASES.push([`(${letter})*`, ODD, LONG]);

module.exports = CASES.map(([template, values, bytes], i) =>
  encode(template, values, bytes, (i * 53) & 255),
);
