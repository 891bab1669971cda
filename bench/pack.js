/*
 * pack and unpack on a mapping: one record a call, and a thousand records a call; beside the same by hand
 * with Buffer and with DataView on the same kind of mapping, and beside perl's own pack and unpack.
 *
 * The code by hand is written for one record, and V8 compiles it for that record alone; mmapipc and perl
 * read their templates at run time.
 */
'use strict';

const fs = require('node:fs');

const { Mmap } = require('..');
const { withBuffer, withDataView } = require('./lib/by-hand');
const { temporary } = require('./lib/files');
const { timer } = require('./lib/measure');
const { duration, median, ratio, table, verdict } = require('./lib/numbers');
const { perlTimer } = require('./lib/perl');
const { bulks, records, valuesOf } = require('./lib/records');

const FILE_SIZE = 64 * 2 ** 20;
const RECORDS = 256;
const BULKS = 16;
const BULK_LENGTH = 1000;
const BULK_FIELDS = 'lldV';
const BULK = `(${BULK_FIELDS})${BULK_LENGTH}`;
const MOST_NS = { lldV: 45, 'l n S d a20': 100, [BULK]: 15 };

const OURS = 'mmapipc';
const PERL = 'perl';

/* As a user would write it: the template is a literal in the call. */
const byMethod = {
  pack: {
    lldV:
      (map) =>
      ({ offset, a, b, c, d }) =>
        map.pack(offset, 'lldV', a, b, c, d),
    'l n S d a20':
      (map) =>
      ({ offset, a, b, c, d, e }) =>
        map.pack(offset, 'l n S d a20', a, b, c, d, e),
  },
  unpack: {
    lldV:
      (map) =>
      ({ offset }) =>
        map.unpack(offset, 'lldV'),
    'l n S d a20':
      (map) =>
      ({ offset }) =>
        map.unpack(offset, 'l n S d a20'),
  },
  packArray:
    (map) =>
    ({ offset, values }) =>
      map.packArray(offset, BULK, values),
  unpackInto:
    (map, target) =>
    ({ offset }) =>
      map.unpackInto(offset, BULK, target),
};

/* The functions to measure on an Mmap, without perl; undefined: absent. */
const SUBJECTS = {
  [OURS]: { ways: byMethod, on: (map) => (map.pack === undefined ? undefined : map) },
  Buffer: { ways: withBuffer, on: (map) => map.buffer },
  DataView: { ways: withDataView, on: (map) => map.buffer },
};
const CONTAINERS = {
  Array: (values) => values,
  Float64Array: (values) => Float64Array.from(values),
};

/* The groups: one operation with one template, in all ways. */
const GROUPS = [
  ...['lldV', 'l n S d a20'].flatMap((template) => [
    group('pack', template, [undefined]),
    group('unpack', template, [undefined]),
  ]),
  group('packArray', BULK, Object.keys(CONTAINERS)),
  group('unpackInto', BULK, Object.keys(CONTAINERS)),
];

function group(operation, template, containers) {
  const subjects = containers.flatMap((container) =>
    Object.keys(SUBJECTS).map((subject) => ({ operation, template, subject, container })),
  );
  return [...subjects, { operation, template, subject: PERL }];
}

const key = (item) => [item.operation, item.template, item.subject, item.container].join(' | ');

const CASES = new Map(GROUPS.flat().map((item) => [key(item), item]));

function makeMap() {
  const file = temporary('bytes', { inMemory: true });
  fs.writeFileSync(file, '');
  fs.truncateSync(file, FILE_SIZE);
  return new Mmap({ file, readOnly: false });
}

function openPerl({ operation, template }, calls) {
  const perls = operation.startsWith('unpack') ? 'unpack' : 'pack';
  return perlTimer(perls, template, calls.map(valuesOf));
}

function openSingle({ operation, template, subject }, calls) {
  const { ways, on } = SUBJECTS[subject];
  const map = makeMap();
  if (on(map) === undefined) return undefined;
  if (operation === 'unpack') calls.forEach(withBuffer.pack[template](map.buffer));
  return timer(ways[operation][template](on(map)), calls);
}

function openBulk({ operation, subject, container }, calls) {
  const { ways, on } = SUBJECTS[subject];
  const map = makeMap();
  if (on(map) === undefined) return undefined;
  if (operation === 'unpackInto') calls.forEach(withBuffer.packArray(map.buffer));
  const held = calls.map(({ offset, values }) => ({
    offset,
    values: CONTAINERS[container](values),
  }));
  return timer(ways[operation](on(map), held[0].values), held);
}

async function open(name) {
  const item = CASES.get(name);
  const bulk = item.template === BULK;
  const calls = bulk
    ? bulks(BULK_FIELDS, BULKS, BULK_LENGTH, FILE_SIZE)
    : records(item.template, RECORDS, FILE_SIZE);
  const openBoth = bulk ? openBulk : openSingle;
  const time = await (item.subject === PERL ? openPerl : openBoth)(item, calls);
  if (time === undefined) return undefined;
  return async () => ({ ns: (await time()) / (bulk ? BULK_LENGTH : 1) });
}

function row(results, item) {
  const { operation, template, subject, container } = item;
  const times = (other) => results.get(key(other)).ns;
  const own = times(item);
  const cells = [`${operation} \`${template}\``, container ? `${subject}, ${container}` : subject];
  if (own === undefined) return [...cells, 'absent', '', '', '', '', ''];
  /* an Array is closest to perl's list */
  const among = template === BULK && subject === PERL ? 'Array' : container;
  const beside = (other) => ratio(own, times({ ...item, subject: other, container: among }));
  const ofBuffer = beside('Buffer');
  const perls = times({ operation, template, subject: PERL });
  const ratios = [ofBuffer, beside('DataView'), perls ? ratio(perls, own) : undefined];
  const ns = median(own);
  const verdicts = [
    verdict(ns <= MOST_NS[template], `<= ${MOST_NS[template]} ns`),
    verdict(ofBuffer < 1, '< Buffer'),
  ];
  return [
    ...cells,
    duration(ns),
    ...ratios.map((value) => (value === undefined ? '' : `${value.toFixed(2)} x`)),
    ...(subject === OURS ? verdicts : ['', '']),
  ];
}

function report(results, how) {
  const beside = ['/ Buffer', '/ DataView', 'perl /'];
  const head = ['', 'with', 'time a record', ...beside, 'budget', 'by hand'];
  const rows = GROUPS.flat().map((item) => row(results, item));
  return `${table(head, rows)}\n\n${how}`;
}

module.exports = {
  title: 'pack and unpack: 64 MiB on tmpfs, scattered offsets',
  rounds: 5,
  turns: 40,
  groups: GROUPS.map((items) => items.map(key)),
  open,
  report,
};
