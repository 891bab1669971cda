/*
 * The errors: MmapipcError for failures of this package, errors like those of fs for failures of the
 * operating system, and Node's own codes for wrong arguments. This file does not know the binding.
 */
'use strict';

const os = require('node:os');
const util = require('node:util');

class MmapipcError extends Error {
  constructor(code, message, { cause, ...details } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    withCode(this, code);
    Object.assign(this, details);
  }
}
Object.defineProperty(MmapipcError.prototype, 'name', {
  value: 'MmapipcError',
  writable: true,
  configurable: true,
});

/*
 * Sets the code, and puts it into the first line of the stack as Node does for its own errors:
 * `TypeError [ERR_INVALID_ARG_TYPE]: ...`. V8 writes that line from `name` when the stack is first
 * read, so the name carries the code for that moment only.
 */
function withCode(error, code) {
  error.code = code;
  const hidden = { writable: true, configurable: true, enumerable: false };
  Object.defineProperty(error, 'name', { ...hidden, value: `${error.name} [${code}]` });
  try {
    void error.stack;
  } catch {
    // the user's own Error.prepareStackTrace has thrown: the error matters more than its stack
  }
  delete error.name;
  Object.defineProperty(error, 'toString', { ...hidden, value: toStringWithCode });
  return error;
}

function toStringWithCode() {
  return `${this.name} [${this.code}]: ${this.message}`;
}

/* The value that was received, worded as in Node's own errors. */
function received(value) {
  if (value === null || value === undefined) return `Received ${value}`;
  if (typeof value === 'function') return `Received function ${value.name}`;
  if (typeof value === 'object') {
    const name = value.constructor?.name;
    return name ? `Received an instance of ${name}` : `Received ${shown(value)}`;
  }
  return `Received type ${typeof value} (${shown(value)})`;
}

function shown(value) {
  const text = util.inspect(value, { depth: -1, colors: false });
  return text.length > 28 ? `${text.slice(0, 25)}...` : text;
}

/* `what` names the argument, as `The "offset" argument` does; `expected` completes "must be ...". */
function invalidType(what, expected, value) {
  return withCode(
    new TypeError(`${what} must be ${expected}. ${received(value)}`),
    'ERR_INVALID_ARG_TYPE',
  );
}

function invalidValue(what, reason) {
  return withCode(new TypeError(`${what} ${reason}`), 'ERR_INVALID_ARG_VALUE');
}

/* The argument is a view of memory that no longer exists. */
function invalidState(what) {
  return withCode(
    new TypeError(
      `Invalid state: ${what} is a view of memory that was detached or shrunk; pass a view of ` +
        'memory that exists',
    ),
    'ERR_INVALID_STATE',
  );
}

function invalidReturn(what, reason) {
  return withCode(
    new TypeError(`The function given to ${what} returned a promise: ${reason}`),
    'ERR_INVALID_RETURN_VALUE',
  );
}

/* The same as Node's own: AbortError, with the signal's reason as its cause. */
function abortError(signal) {
  const error = new Error('The operation was aborted', { cause: signal.reason });
  error.code = 'ABORT_ERR';
  error.name = 'AbortError';
  return error;
}

/* Errors of ranges name an argument or option by its quoted name alone, as Node's own do. */
const QUOTED = /^The (?:option ("[^"]+")|("[^"]+") (?:argument|option))$/;

function outOfRange(what, expected, value) {
  const [, option, argument] = QUOTED.exec(what) ?? [];
  return withCode(
    new RangeError(
      `The value of ${option ?? argument ?? what} is out of range. It must be ${expected}. Received ${shown(value)}`,
    ),
    'ERR_OUT_OF_RANGE',
  );
}

/* An error like those of fs: `ENOENT: no such file or directory, open '/x'`, with errno, code, syscall
 * and path. `hint` is added to the message. */
function systemError(errno, syscall, path, hint = '') {
  const [code, text] = util.getSystemErrorMap().get(errno) ?? [nameOf(errno), 'system error'];
  const where = path === undefined ? '' : ` '${path}'`;
  const error = new Error(`${code}: ${text}, ${syscall}${where}${hint}`);
  error.code = code;
  error.errno = errno;
  error.syscall = syscall;
  if (path !== undefined) error.path = path;
  return error;
}

/* The name of an error that libuv does not know, such as EDQUOT. */
function nameOf(errno) {
  const found = Object.entries(os.constants.errno).find(([, number]) => number === -errno);
  return found ? found[0] : `E${-errno}`;
}

/* The number of a system error by its name, for the few that are found in JS. */
function errnoOf(name) {
  for (const [errno, [code]] of util.getSystemErrorMap()) if (code === name) return errno;
  return 0;
}

module.exports = {
  MmapipcError,
  abortError,
  errnoOf,
  invalidReturn,
  invalidState,
  invalidType,
  invalidValue,
  outOfRange,
  systemError,
  withCode,
};
