/*
 * Objects to share; they are the same in every trial.
 */
'use strict';

/* About 200 bytes of JSON. */
const person = (index) => ({
  id: 123456 + index,
  name: 'Ada Lovelace',
  email: 'ada@example.org',
  roles: ['admin', 'editor'],
  active: true,
  score: 99.5 + index,
  address: { street: '12 Main St', city: 'London', zip: 'N1 9GU' },
  ts: 1_700_000_000_000 + index,
});

const people = (count) => Array.from({ length: count }, (_, index) => person(index));

module.exports = { people, person };
