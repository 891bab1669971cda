/*
 * The number of values that a template takes. Perl does not report it: it fills in missing values and
 * drops surplus ones, which mmapipc refuses. This reads templates and packs nothing; the tests check
 * it against the number of values at which perl looks.
 *
 * It is as lazy as Perl: an error in a group that is not entered does not count. It knows the letters,
 * modifiers and counts, and relies on perl for everything that needs bytes.
 */
'use strict';

const SPACE = /[ \t-\r]/;
const SIZES = {
  ...{ c: 1, C: 1, W: 1, s: 2, S: 2, n: 2, v: 2, l: 4, L: 4, N: 4, V: 4, i: 4, I: 4, f: 4 },
  ...{ d: 8, F: 8, j: 8, J: 8, q: 8, Q: 8, p: 8, P: 8, D: 16 },
  ...{ U: 1, w: 1 } /* in []; variable elsewhere */,
};
const STRINGS = 'aAZbBhHu';
const ORDERED = 'sSiIlLqQjJfFdDpP(';
const NATIVE = 'sSiIlLxXnNvV@.';

class Refused extends Error {}

function refuse(why) {
  throw new Refused(why);
}

/* The position after the bracket that closes the one at `at`. */
function endOf(text, at, ender) {
  while (at < text.length) {
    const c = text[at++];
    if (c === ender) return at;
    if (c === '#') at = endOfLine(text, at) - 1;
    else if (c === '(') at = endOf(text, at, ')');
    else if (c === '[') at = endOf(text, at, ']');
  }
  return refuse('no end');
}

function endOfLine(text, at) {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length + 1 : end + 1;
}

function skipSpace(text, at) {
  while (at < text.length) {
    if (text[at] === '#') at = endOfLine(text, at);
    else if (SPACE.test(text[at])) at++;
    else break;
  }
  return at;
}

class Reader {
  /* `order` of the enclosing groups, or ''; inside [] Perl forgets that of groups which start there. */
  constructor(text, order, isMeasured = false) {
    this.text = text;
    this.at = 0;
    this.order = order;
    this.isMeasured = isMeasured;
  }

  /* All items; a refused one is the last, as { refused }. */
  items() {
    const found = [];
    try {
      for (let item = this.next(); item !== null; item = this.next()) found.push(item);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      found.push({ refused: error.message });
    }
    return found;
  }

  next() {
    do this.at = skipSpace(this.text, this.at);
    while (this.text[this.at] === ',' && ++this.at);
    if (this.at >= this.text.length) return null;
    const item = { letter: this.text[this.at++], bang: false, how: 'none', count: 1, slash: false };
    let inside = '';
    if (item.letter === '(') {
      if (/[\d*[]/.test(this.text[this.at] ?? '')) refuse('a group that begins with a count');
      const end = endOf(this.text, this.at, ')');
      inside = this.text.slice(this.at, end - 1);
      this.at = end;
    }
    const order = this.modifiers(item);
    if (item.letter === '(') {
      const passed = this.isMeasured ? this.order : order;
      item.body = new Reader(inside, passed, this.isMeasured).items();
    }
    this.count(item);
    this.slash(item);
    return item;
  }

  modifiers(item) {
    const around = ORDERED.includes(item.letter) ? this.order : '';
    let own = '';
    for (; /[!<>]/.test(this.text[this.at] ?? ''); this.at++) {
      const c = this.text[this.at];
      const allowed = c === '!' ? NATIVE : ORDERED;
      if (!allowed.includes(item.letter)) refuse(`${c} behind ${item.letter}`);
      if (c === '!') item.bang = true;
      else if ((own || c) !== c || (around || c) !== c) refuse('both orders');
      else own = c;
    }
    return own || around;
  }

  count(item) {
    const rest = this.text.slice(this.at);
    const digits = /^\d+|^\[\d+\]?/.exec(rest);
    if (digits !== null) {
      if (digits[0][0] === '[') {
        endOf(this.text, this.at + 1, ']');
        if (!digits[0].endsWith(']')) refuse('a number in [] that is none');
      }
      const count = BigInt(digits[0].replace(/[[\]]/g, ''));
      if (count >= 2n ** 63n) refuse('a count too large');
      Object.assign(item, { how: 'number', count: Number(count) });
      this.at += digits[0].length;
    } else if (rest[0] === '*') {
      item.how = 'star';
      this.at++;
    } else if (rest[0] === '[') {
      const end = endOf(this.text, this.at + 1, ']');
      const inside = this.text.slice(this.at + 1, end - 1);
      item.how = 'number';
      item.count = measure(new Reader(inside, this.order, true).items());
      this.at = end;
    }
  }

  slash(item) {
    if (this.at >= this.text.length) return;
    this.at = skipSpace(this.text, this.at);
    if (this.text[this.at] !== '/') return;
    item.slash = true;
    this.at++;
    if (/[\d*[]/.test(this.text[this.at] ?? '')) refuse('a count behind /');
  }
}

/* The number of bytes of a template in []. */
function measure(items) {
  let total = 0;
  for (const { refused, letter, bang, how, count, body } of items) {
    if (refused) refuse(refused);
    if (how === 'star') refuse('a star in []');
    const step = count || 1;
    if (letter === '(') total += count * measure(body);
    else if ('xX'.includes(letter) && bang) {
      if (letter === 'x') total += (step - (total % step)) % step;
      else total -= total % step;
    } else if (letter === 'X') {
      if (count > total) refuse('X before the beginning of []');
      total -= count;
    } else if ('xaAZ'.includes(letter)) total += count;
    else if ('bB'.includes(letter)) total += Math.floor((count + 7) / 8);
    else if ('hH'.includes(letter)) total += Math.floor((count + 1) / 2);
    else if (letter === 'P') total += SIZES.P;
    else if ('lL'.includes(letter) && bang) total += count * 8;
    else if (letter in SIZES) total += count * SIZES[letter];
    else if (letter !== '%') refuse(`${letter} in []`);
  }
  return total;
}

/* Walks through a template as pack does: which letters take a value, and how many values are
 * missing. `work` estimates time and memory. */
class Walk {
  constructor(count) {
    this.left = count;
    this.taken = []; /* the letter of each value */
    this.missing = 0;
    this.work = 0;
  }

  take(letter) {
    this.work++;
    if (this.left === 0) {
      this.missing++;
    } else {
      this.left--;
      this.taken.push(letter);
    }
  }

  body(items) {
    let next = items[0];
    for (let i = 0; i < items.length; i++) {
      const item = next;
      next = i + 1 < items.length ? { ...items[i + 1] } : undefined;
      if (item.refused) refuse(item.refused);
      if (next?.refused) refuse(next.refused);
      this.item(item, next);
      if (this.work > 1e5) return;
    }
  }

  item(item, next) {
    const { letter, how } = item;
    const noStar = '@xXu'.includes(letter) ? 0 : this.left;
    const count = how === 'star' ? noStar : item.count;
    if (item.slash) {
      if (next === undefined) refuse('nothing behind /');
      const limit = next.how === 'number' ? next.count : Infinity;
      /* The length of a string is that of its value, which does not matter here. */
      next.count = 'aAZ'.includes(next.letter) ? 0 : Math.min(limit, this.left);
      next.how = 'number';
    }
    if (letter === '(') return this.group(item, next, count);
    if ('@xX'.includes(letter)) {
      this.work += count;
    } else if (STRINGS.includes(letter) || letter === '.') {
      this.work += count;
      if (!item.slash) this.take(letter);
    } else if (letter in SIZES) {
      this.work += count;
      if (!item.slash) for (let i = 0; i < count && this.work < 1e5; i++) this.take(letter);
    } else refuse(`${letter} is no letter of pack`);
    return undefined;
  }

  /* Perl forgets a '/' after the field that follows a group, and when the group is not entered
   * it takes the group's own for it. */
  group({ how, body, slash }, next, count) {
    for (let i = 0; i < count && this.work < 1e5; i++) {
      this.work++;
      this.body(body);
      if (how === 'star' && this.left === 0) break;
    }
    if (next !== undefined) next.slash = count === 0 && slash;
  }
}

/* All items, in groups too. */
function* all(items) {
  for (const item of items) {
    yield item;
    if (item.body) yield* all(item.body);
  }
}

const parse = (text) => new Reader(text, '').items();

/* How a pack uses `count` values: { taken, missing, left, work } or { refused }. */
function walk(items, count) {
  const it = new Walk(count);
  try {
    it.body(items);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { refused: error.message, taken: it.taken, missing: 0, left: 0, work: it.work };
  }
  return it;
}

/* The template with an x0 between each group and the next field, unless that is a '/', so that Perl
 * does not forget the '/' of the next field. */
function separated(text) {
  let result = '';
  for (let at = 0; at < text.length;) {
    const from = at++;
    if (text[from] === '#') at = endOfLine(text, at);
    else if (text[from] === '[') at = closing(text, at);
    else if (text[from] === ')') at = endOfCount(text, at);
    result += text.slice(from, at);
    if (text[from] === ')' && text[skipSpace(text, at)] !== '/') result += ' x0 ';
  }
  return result;
}

/* As endOf(), but the end of the text for an unclosed bracket. */
function closing(text, at) {
  try {
    return endOf(text, at, ']');
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return text.length;
  }
}

function endOfCount(text, at) {
  const end = at + /^[!<>]*(\d+|\*)?/.exec(text.slice(at))[0].length;
  return text[end] === '[' && !/[\d*]/.test(text[end - 1]) ? closing(text, end + 1) : end;
}

/* An upper bound for the work of unpack with `size` bytes. */
function unpackWork(items, size) {
  let work = 0;
  let counted = false;
  for (const { letter, how, count, slash, body } of items) {
    const times = counted ? 300 : how === 'star' ? size : (count ?? 1);
    work += body ? times * (1 + unpackWork(body, size)) : Math.min(times, 8 * size);
    counted = slash;
    if (letter === 'x' || letter === '@') work += 1;
  }
  return work;
}

module.exports = { parse, all, walk, separated, unpackWork };
