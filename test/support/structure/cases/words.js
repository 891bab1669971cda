'use strict';

// Planted cases for words with one place: system headers, Node-API, atomics.

const { plus, after } = require('../planted');

module.exports = (rule) => {
  rule('os-headers', (reports, accepts) => {
    reports('<unistd.h> in shm', { 'src/shm/cell.c': plus('»#include <unistd.h>') });
    reports('<windows.h> in base', { 'src/base/bytes.h': plus('»#  include <windows.h>') });
    reports('<errno.h> in pack', { 'src/pack/pack.c': plus('»#include <errno.h>') });
    reports('<stdio.h> in shm', { 'src/shm/cell.c': plus('»#include <stdio.h> /* printf */') });
    reports('<sys/mman.h> in the binding', {
      'src/binding/addon.cc': plus('»#include <sys/mman.h>'),
    });
    reports('<iostream> in the binding', { 'src/binding/addon.cc': plus('»#include <iostream>') });
    reports('a C++ header below the binding', { 'src/shm/cell.h': plus('»#include <vector>') });
    accepts('<unistd.h> in os', { 'src/os/clock_posix.c': plus('#include <unistd.h>') });
    accepts('<unistd.h> in a comment', { 'src/shm/cell.c': plus('/*\n#include <unistd.h>\n*/') });
    accepts('<unistd.h> in a string', {
      'src/shm/cell.c': plus('static const char *text = "a\\\n#include <unistd.h>";'),
    });
    accepts('headers of the language', {
      'src/shm/cell.c': plus('#include <limits.h>\n#include <math.h>'),
      'src/binding/addon.cc': plus('#include <cstdint>\n#include <string>'),
    });
  });

  rule('napi', (reports, accepts) => {
    reports('"napi.h" in shm', { 'src/shm/cell.c': plus('»#include "napi.h"') });
    reports('<napi.h> in pack', { 'src/pack/pack.c': plus('»#include <napi.h>') });
    reports('<node_api.h> in os', { 'src/os/clock.h': plus('»#include <node_api.h>') });
    reports('"js_native_api.h" in base', {
      'src/base/bytes.h': plus('»#include "js_native_api.h"'),
    });
    accepts('both forms in the binding', {
      'src/binding/addon.h': plus('#include "napi.h"\n#include <node_api.h>'),
    });
    accepts('napi.h in a comment', { 'src/shm/cell.c': plus('/* #include <napi.h> */') });
  });

  rule('atomics', (reports, accepts) => {
    const inCell = (line) => ({ 'src/shm/cell.c': after('static int look(void) {', `»  ${line}`) });
    reports('__atomic in shm', inCell('__atomic_thread_fence(5);'));
    reports('__ATOMIC_ACQUIRE', inCell('int order = __ATOMIC_ACQUIRE;'));
    reports('__sync_', inCell('__sync_synchronize();'));
    reports('InterlockedIncrement', inCell('InterlockedIncrement(&word);'));
    reports('_InterlockedOr', inCell('_InterlockedOr(&word, 1);'));
    reports('_Atomic', inCell('_Atomic int word;'));
    reports('atomics in os', { 'src/os/clock_posix.c': plus('»static _Atomic(int) word;') });
    reports('a macro that names them', { 'src/shm/cell.c': plus('»#define FENCE __sync_fence()') });
    reports('<stdatomic.h> in shm', { 'src/shm/cell.c': plus('»#include <stdatomic.h>') });
    reports('<atomic> in the binding', { 'src/binding/addon.cc': plus('»#include <atomic>') });
    reports('std::atomic', { 'src/binding/addon.cc': plus('»static std::atomic<int> word;') });
    reports('code after a character that is a quote', {
      'src/shm/cell.c': plus('static char quote = \'"\'; »static _Atomic int word; // "'),
    });
    reports('code after a number with separators', {
      'src/binding/addon.cc': plus("static int a = 1'000; »static std::atomic<int> b; // '"),
    });
    accepts('the words in comments and strings', {
      'src/shm/cell.c': plus(
        '/* __atomic _Atomic\n InterlockedOr */ // std::atomic \\\n __sync_\n' +
          'static const char *text = "__atomic \\" _Atomic";',
      ),
    });
    accepts('the words in a raw string', {
      'src/binding/addon.cc': plus('static const char *text = R"x(" __atomic )" _Atomic)x";'),
    });
    accepts('words that only resemble them', {
      'src/shm/cell.c': plus('static int my_Atomic, mipc__atomic, atomics;'),
    });
    accepts('<stdatomic.h> in base/atomic.h', {
      'src/base/atomic.h': plus('#include <stdatomic.h>'),
    });
  });

  rule('c-numbers', (reports, accepts) => {
    reports('a number of C written by hand in lib/', {
      'lib/native/binding.js': plus('»const RECOVERED = 2; // MIPC_LOCK_RECOVERED'),
    });
    reports('a type of C whose numbers are written by hand', {
      'lib/native/binding.js': plus('»/* As mipc_place_t: */ const PLACES = { handle: 1 };'),
    });
    accepts('the names of environment variables, and those of C elsewhere', {
      'lib/native/binding.js': plus("process.env.MMAPIPC_DIR = '/';"),
      'bench/run.js': plus('// MIPC_LOCK_RECOVERED'),
    });
  });
};
