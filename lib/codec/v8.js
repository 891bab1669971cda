/*
 * The structured clone in V8's format. Of a typed array, DataView or Buffer only its own bytes are
 * written, and it is read into memory of its own. The numbers of these classes belong to the format. A
 * decoded value never shares memory with the bytes.
 */
'use strict';

const { isUint8Array } = require('node:util').types;
const v8 = require('node:v8');

const { DataCloneError } = require('./errors');
const { checkLengths } = require('./v8-scan');

const FORMAT = 0xff;
const HEADER = 2; // FORMAT and a version
const LEAST_VERSION = 15; // Node 20 writes 15; older versions have other formats

const NUMBERED = [
  'Buffer',
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'DataView',
  'BigInt64Array',
  'BigUint64Array',
  'Float16Array',
];
const VIEWS = NUMBERED.map((name) => globalThis[name]);

const TYPED = Object.getPrototypeOf(Uint8Array.prototype);
const getter = (object, name) => {
  const { get } = Object.getOwnPropertyDescriptor(object, name);
  return (view) => get.call(view);
};
const typeName = getter(TYPED, Symbol.toStringTag);
const { set } = TYPED;
const size = { typed: getter(TYPED, 'byteLength'), data: getter(DataView.prototype, 'byteLength') };

/* Each value needs a new one, because a second write of the same object would be a reference. */
class Writer extends v8.Serializer {
  constructor() {
    super();
    this._setTreatArrayBufferViewsAsHostObjects(true);
  }

  /* V8 also calls it for objects of C++. */
  _writeHostObject(view) {
    if (!ArrayBuffer.isView(view)) {
      throw new DataCloneError(`#<${view?.constructor?.name ?? 'Object'}> could not be cloned.`);
    }
    const number = numberOf(view);
    const length = sizeOf(view, number);
    this.writeUint32(number);
    this.writeUint32(length);
    this.writeRawBytes(view);
  }

  _getSharedArrayBufferId() {
    throw new DataCloneError('#<SharedArrayBuffer> could not be cloned.');
  }
}
Object.defineProperty(Writer.prototype, '_getDataCloneError', {
  value: (message) => new DataCloneError(message),
});

function numberOf(view) {
  if (isUint8Array(view) && Buffer.isBuffer(view)) return 0;
  return NUMBERED.indexOf(typeName(view) ?? 'DataView');
}

/*
 * In bytes. An own property `byteLength` is not used. A view of memory that was detached or shrunk has 0
 * bytes, as an empty view has, but its set() throws, and so does the length of such a DataView.
 */
function sizeOf(view, number) {
  const isData = VIEWS[number] === DataView;
  try {
    const length = isData ? size.data(view) : size.typed(view);
    if (length === 0 && !isData) set.call(view, []);
    if (length < 2 ** 32) return length;
  } catch {
    throw new DataCloneError(`A detached or shrunk ${NUMBERED[number]} could not be cloned.`);
  }
  throw new DataCloneError(`A ${NUMBERED[number]} of 4 GiB or more could not be cloned.`);
}

class Reader extends v8.Deserializer {
  _readHostObject() {
    const View = VIEWS[this.readUint32()];
    const length = this.readUint32();
    const bytes = this.readRawBytes(length);
    if (View === undefined || length % (View.BYTES_PER_ELEMENT ?? 1) !== 0) {
      throw new RangeError('a typed array of a class that this Node does not have');
    }
    if (View === Buffer) return Buffer.from(bytes);
    return new View(new Uint8Array(bytes).buffer);
  }
}

/* A new Buffer. Throws a DataCloneError, or the error of a getter of the value. */
function serialize(value) {
  const writer = new Writer();
  writer.writeHeader();
  writer.writeValue(value);
  const bytes = writer.releaseBuffer();
  if (bytes.length <= HEADER) throw new DataCloneError('A WebAssembly.Module could not be cloned.');
  const array = checkLengths(bytes);
  if (array !== undefined) throw new DataCloneError(`${array} could not be cloned.`);
  return bytes;
}

DataCloneError.canClone = (value) => {
  try {
    serialize(value);
    return true;
  } catch (error) {
    return !(error instanceof DataCloneError);
  }
};

/* The value, an object. Throws some error if the bytes are not a clone of an object. */
function deserialize(bytes) {
  if (bytes[0] !== FORMAT || bytes[1] < LEAST_VERSION) throw new Error('not a structured clone');
  const array = checkLengths(bytes);
  if (array !== undefined) throw new RangeError(array);
  const reader = new Reader(bytes);
  reader.readHeader();
  const value = reader.readValue();
  if (typeof value !== 'object' || value === null) throw new Error('not an object');
  return value;
}

module.exports = { deserialize, serialize };
