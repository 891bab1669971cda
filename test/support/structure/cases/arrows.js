'use strict';

// Planted cases for the arrows: includes, requires, circles.

const { files: good } = require('../good-tree');
const { plus, header } = require('../planted');

module.exports = (rule) => {
  rule('arrows', (reports, accepts) => {
    const include = (name) => `#include "${name}"`;
    reports('an include that runs up', {
      'src/base/bytes.h': plus(`»${include('../shm/cell.h')}`),
    });
    reports('an include of the binding', {
      'src/shm/cell.h': plus(`»${include('../binding/addon.h')}`),
    });
    reports('shm that includes pack', { 'src/shm/cell.c': plus(`»${include('../pack/pack.h')}`) });
    reports('pack that includes shm', { 'src/pack/pack.c': plus(`»${include('../shm/cell.h')}`) });
    reports('an include of a file that is not there', {
      'src/shm/cell.c': plus(`»${include('gone.h')}`),
    });
    reports('an include from outside src/', {
      'src/shm/cell.c': plus(`»${include('../../test/native/check.h')}`),
      'test/native/check.h': header(''),
    });
    reports('a computed include', { 'src/shm/cell.c': plus('»#include CELL_HEADER') });
    reports('a circle of two headers', {
      'src/shm/a.h': header(include('b.h')),
      'src/shm/b.h': header(`»${include('a.h')}`),
    });
    reports('a circle of three headers', {
      'src/os/a.h': header(include('b.h')),
      'src/os/b.h': header(include('c.h')),
      'src/os/c.h': header(`»${include('a.h')}`),
    });
    reports('a header that includes itself', { 'src/shm/a.h': header(`»${include('a.h')}`) });
    accepts('two ways to one header', {
      'src/shm/a.h': header(include('cell.h')),
      'src/shm/b.h': header(`${include('a.h')}\n${include('cell.h')}`),
    });
    accepts('an include in a comment', {
      'src/base/bytes.h': plus(`// ${include('../os/clock.h')}\n/*\n${include('gone.h')}\n*/`),
    });
    accepts('an include over two floors down', {
      'src/binding/addon.h': plus(include('../base/bytes.h')),
    });

    const required = (name) => `»require('${name}');`;
    reports('a circle in lib/', {
      'lib/base/a.js': good['bench/run.js'] + "require('./b.js');",
      'lib/base/b.js': good['bench/run.js'] + required('./a'),
    });
    for (const folder of ['test', 'bench', 'examples', 'scripts']) {
      const target = folder === 'test' ? 'share.test' : 'run';
      reports(`lib/ that requires from ${folder}/`, {
        'lib/share/share.js': plus(required(`../../${folder}/${target}`)),
      });
    }
    reports('a require of a file that is not there', {
      'lib/share/share.js': plus(required('./gone')),
    });
    reports('a require that is no dependency', { 'lib/share/share.js': plus(required('lodash')) });
    reports('a require of a subpath of no dependency', {
      'lib/share/share.js': plus(required('@scope/other/name')),
    });
    reports('a builtin without node:', { 'lib/share/share.js': plus(required('fs')) });
    reports('a builtin that does not exist', { 'lib/share/share.js': plus(required('node:gone')) });
    reports('a computed require', { 'lib/share/share.js': plus('»require(path.basename("a"));') });
    reports('a require after a regular expression', {
      'lib/share/share.js': plus("const quote = /[`'\"/]/;\n»require('lodash'); // `"),
    });
    reports('the addon loaded outside lib/native/binding.js', {
      'lib/share/share.js': plus(required('node-gyp-build')),
    });
    reports('the addon required by path', {
      'lib/share/share.js': plus(required('../../build/Release/good.node')),
    });
    reports('the addon opened by process.dlopen', {
      'lib/share/share.js': plus("»process.dlopen(module, path.join('a'));"),
    });
    accepts('a require in a comment, a string and a template', {
      'lib/share/share.js': plus(
        "// require('lodash')\n/* require('fs') */\nconst a = \"require('fs')\" + `require('fs')`;",
      ),
    });
    accepts('a subpath of a dependency, a subpath of a builtin', {
      'lib/share/share.js': plus("require('@scope/name/part');\nrequire('node:util/types');"),
    });
    accepts('a file beside it and a method called require', {
      'lib/share/share.js': plus("require('./part');\nbinding.require('lodash');"),
      'lib/share/part.js': good['bench/run.js'],
    });
    reports('a require that runs up in lib/', {
      'lib/native/binding.js': plus(required('../share/part')),
      'lib/share/part.js': good['bench/run.js'],
    });
    reports('a require of a neighbour in lib/', {
      'lib/mmap/a.js': good['bench/run.js'] + required('../share/share'),
    });
    reports('a require of lib/index.js from below', {
      'lib/share/part.js': good['bench/run.js'] + required('../index'),
    });
    accepts('a computed require in lib/native/binding.js', {
      'lib/native/binding.js': plus('require(file);'),
    });
  });
};
