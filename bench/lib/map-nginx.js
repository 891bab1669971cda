/*
 * Times one operation of nginx's ngx.shared.DICT on 1,024 keys: an nginx with its Lua module, for this
 * process alone, whose handler runs a batch and answers with the nanoseconds of a clock of the system.
 */
'use strict';

const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');

const { WARM_UP, fitting } = require('./measure');
const { temporary } = require('./files');
const { startServer } = require('./server');

const MODULES = '/usr/lib/nginx/modules'; /* of Debian; an OpenResty has them built in */
const NEEDED = ['ndk_http_module.so', 'ngx_http_lua_module.so'];
const KEYS = 1024;

const OPERATIONS = {
  'get-number': 'kept = dict:get(key)',
  'get-text': 'kept = dict:get(key)',
  'set-number': 'kept = dict:set(key, 7)',
  'set-text': 'kept = dict:set(key, text)',
  increment: 'kept = dict:incr(key, 1)',
  'delete-set': 'dict:delete(key) kept = dict:set(key, text)',
};

const lua = (operation) => `
local ffi = require 'ffi'
pcall(ffi.cdef, [[
  typedef struct { long seconds; long nanoseconds; } bench_time_t;
  int clock_gettime(int, bench_time_t *);
]])
local time = ffi.new('bench_time_t')
local function now()
  ffi.C.clock_gettime(1, time)
  return tonumber(time.seconds) * 1e9 + tonumber(time.nanoseconds)
end
local dict, text, keys, kept = ngx.shared.bench, string.rep('x', 100), {}
for i = 1, ${KEYS} do keys[i] = string.format('key:%012d', i) end
if not dict:get(keys[1]) then
  for i = 1, ${KEYS} do dict:set(keys[i], ${/number|increment/.test(operation) ? '1' : 'text'}) end
end
local turns = tonumber(ngx.var.arg_turns)
local begin = now()
for turn = 1, turns do
  for i = 1, ${KEYS} do
    local key = keys[i]
    ${OPERATIONS[operation]}
  end
end
ngx.print(now() - begin)
if kept == text .. '-' then ngx.print(kept) end
`;

const configuration = (folder, operation, modules) => `
${modules.map((file) => `load_module ${file};`).join('\n')}
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 64; }
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder};`).join('\n  ')}
  lua_shared_dict bench 64m;
  server {
    listen unix:${folder}/nginx.sock;
    keepalive_requests 1000000;
    location / { content_by_lua_block { ${lua(operation)} } }
  }
}
`;

/* Resolves with the text that the server answers. */
function ask(options) {
  return new Promise((resolve, reject) => {
    const request = http.get(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => (text += part));
      response.on('end', () =>
        response.statusCode === 200 ? resolve(text) : reject(new Error(`nginx: ${text}`)),
      );
    });
    request.on('error', reject);
  });
}

/* As asyncTimer() of measure.js. Undefined: nginx or its Lua module is absent. */
async function nginxTimer(operation) {
  if (!(operation in OPERATIONS)) return undefined;
  const socketPath = temporary('nginx.sock');
  const folder = path.dirname(socketPath);
  const modules = NEEDED.map((file) => path.join(MODULES, file)).filter((file) =>
    fs.existsSync(file),
  );
  fs.writeFileSync(path.join(folder, 'nginx.conf'), configuration(folder, operation, modules));
  const args = [
    '-p',
    folder,
    '-c',
    path.join(folder, 'nginx.conf'),
    '-e',
    path.join(folder, 'error.log'),
  ];
  if (!(await startServer('nginx', args, socketPath))) return undefined;
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const batch = async (turns) => Number(await ask({ socketPath, agent, path: `/?turns=${turns}` }));
  let turns = 1;
  for (let spent = 0; spent < WARM_UP;) {
    const took = await batch(turns);
    spent += took;
    turns = fitting(turns, took);
  }
  return async () => {
    await batch(1);
    return (await batch(turns)) / (turns * KEYS);
  };
}

module.exports = { nginxTimer };
