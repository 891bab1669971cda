/*
 * Opens an object of this package by options that can be sent to another process or thread: those of
 * Mmap, or with { of: 'Share' } those of Share, whose capacity is `size`.
 */
'use strict';

const { Mmap, Share } = require('../..');

function open({ of = 'Mmap', ...options }) {
  if (of === 'Mmap') return new Mmap(options);
  const { size, ...rest } = options;
  return size === undefined ? Share.open(rest) : new Share(size, rest);
}

module.exports = { open };
