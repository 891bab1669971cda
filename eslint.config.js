/* ESLint: the recommended rules, and what keeps this code uniform. */
'use strict';

const js = require('@eslint/js');
const globals = require('globals');

const CLOCK = [
  'performance',
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'setImmediate',
  'clearImmediate',
  'queueMicrotask',
];

module.exports = [
  { ignores: ['build/', 'prebuilds/', 'node_modules/', 'bench/node_modules/'] },
  js.configs.recommended,
  {
    files: ['**/*.js'],
    languageOptions: {
      ecmaVersion: 2023,
      sourceType: 'commonjs',
      globals: globals.node,
    },
    rules: {
      curly: ['error', 'multi-line'],
      eqeqeq: 'error',
      'no-shadow': 'error',
      'no-unused-vars': ['error', { args: 'after-used' }],
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
      strict: ['error', 'global'],
    },
  },
  {
    /* Test runners fake these: what lib/ needs of them it takes when it is loaded, in clock.js. */
    files: ['lib/**/*.js'],
    ignores: ['lib/base/clock.js'],
    rules: {
      'no-restricted-globals': ['error', ...CLOCK],
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'nextTick' },
        { object: 'AbortSignal', property: 'timeout' },
        ...CLOCK.map((property) => ({ object: 'globalThis', property })),
      ],
      'no-restricted-syntax': [
        'error',
        "MemberExpression[object.name='Date'][property.name='now']",
      ],
    },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: { ecmaVersion: 2023, sourceType: 'module', globals: globals.node },
  },
  {
    files: ['test/**/*.js'],
    languageOptions: { globals: globals.mocha },
  },
];
