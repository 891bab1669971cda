/*
 * Opens an object of this package by options that can be sent to another process or thread: those of
 * Mmap, or with { of: 'Share' } or { of: 'SharedMap' } those of that class, whose capacity is `size`.
 */
'use strict';

const { Mmap, Share, SharedMap } = require('../..');

function open({ of = 'Mmap', ...options }) {
  if (of === 'Mmap') return new Mmap(options);
  const { size, ...rest } = options;
  const Class = of === 'Share' ? Share : SharedMap;
  return size === undefined ? Class.open(rest) : new Class(size, rest);
}

module.exports = { open };
