/*
 * Packing and unpacking as a user would write it, with the methods of Buffer and with DataView. Text is
 * packed with the methods of Buffer; DataView has none for it.
 */
'use strict';

const TEXT = 20; /* a20 */

/* template -> a function of the Buffer of a mapping that returns a function of a record */
const withBuffer = {
  pack: {
    lldV:
      (buffer) =>
      ({ offset, a, b, c, d }) => {
        buffer.writeInt32LE(a, offset);
        buffer.writeInt32LE(b, offset + 4);
        buffer.writeDoubleLE(c, offset + 8);
        buffer.writeUInt32LE(d, offset + 16);
        return 20;
      },
    'l n S d a20':
      (buffer) =>
      ({ offset, a, b, c, d, e }) => {
        buffer.writeInt32LE(a, offset);
        buffer.writeUInt16BE(b, offset + 4);
        buffer.writeUInt16LE(c, offset + 6);
        buffer.writeDoubleLE(d, offset + 8);
        const written = buffer.write(e, offset + 16, TEXT, 'latin1');
        for (let i = written; i < TEXT; i++) buffer[offset + 16 + i] = 0;
        return 36;
      },
  },
  unpack: {
    lldV:
      (buffer) =>
      ({ offset }) => [
        buffer.readInt32LE(offset),
        buffer.readInt32LE(offset + 4),
        buffer.readDoubleLE(offset + 8),
        buffer.readUInt32LE(offset + 16),
      ],
    'l n S d a20':
      (buffer) =>
      ({ offset }) => [
        buffer.readInt32LE(offset),
        buffer.readUInt16BE(offset + 4),
        buffer.readUInt16LE(offset + 6),
        buffer.readDoubleLE(offset + 8),
        buffer.toString('latin1', offset + 16, offset + 16 + TEXT),
      ],
  },
  /* (lldV)1000: `values` and `target` may be an Array or a Float64Array */
  packArray:
    (buffer) =>
    ({ offset, values }) => {
      let at = offset;
      for (let i = 0; i < values.length; i += 4, at += 20) {
        buffer.writeInt32LE(values[i], at);
        buffer.writeInt32LE(values[i + 1], at + 4);
        buffer.writeDoubleLE(values[i + 2], at + 8);
        buffer.writeUInt32LE(values[i + 3], at + 16);
      }
      return at - offset;
    },
  unpackInto:
    (buffer, target) =>
    ({ offset }) => {
      let at = offset;
      for (let i = 0; i < target.length; i += 4, at += 20) {
        target[i] = buffer.readInt32LE(at);
        target[i + 1] = buffer.readInt32LE(at + 4);
        target[i + 2] = buffer.readDoubleLE(at + 8);
        target[i + 3] = buffer.readUInt32LE(at + 16);
      }
      return target.length;
    },
};

const viewOf = ({ buffer, byteOffset, length }) => new DataView(buffer, byteOffset, length);

const withDataView = {
  pack: {
    lldV(buffer) {
      const view = viewOf(buffer);
      return ({ offset, a, b, c, d }) => {
        view.setInt32(offset, a, true);
        view.setInt32(offset + 4, b, true);
        view.setFloat64(offset + 8, c, true);
        view.setUint32(offset + 16, d, true);
        return 20;
      };
    },
    'l n S d a20'(buffer) {
      const view = viewOf(buffer);
      return ({ offset, a, b, c, d, e }) => {
        view.setInt32(offset, a, true);
        view.setUint16(offset + 4, b, false);
        view.setUint16(offset + 6, c, true);
        view.setFloat64(offset + 8, d, true);
        for (let i = 0; i < TEXT; i++) {
          view.setUint8(offset + 16 + i, i < e.length ? e.charCodeAt(i) : 0);
        }
        return 36;
      };
    },
  },
  unpack: {
    lldV(buffer) {
      const view = viewOf(buffer);
      return ({ offset }) => [
        view.getInt32(offset, true),
        view.getInt32(offset + 4, true),
        view.getFloat64(offset + 8, true),
        view.getUint32(offset + 16, true),
      ];
    },
    'l n S d a20'(buffer) {
      const view = viewOf(buffer);
      return ({ offset }) => {
        const letters = new Uint8Array(view.buffer, view.byteOffset + offset + 16, TEXT);
        return [
          view.getInt32(offset, true),
          view.getUint16(offset + 4, false),
          view.getUint16(offset + 6, true),
          view.getFloat64(offset + 8, true),
          String.fromCharCode.apply(null, letters),
        ];
      };
    },
  },
  packArray(buffer) {
    const view = viewOf(buffer);
    return ({ offset, values }) => {
      let at = offset;
      for (let i = 0; i < values.length; i += 4, at += 20) {
        view.setInt32(at, values[i], true);
        view.setInt32(at + 4, values[i + 1], true);
        view.setFloat64(at + 8, values[i + 2], true);
        view.setUint32(at + 16, values[i + 3], true);
      }
      return at - offset;
    };
  },
  unpackInto(buffer, target) {
    const view = viewOf(buffer);
    return ({ offset }) => {
      let at = offset;
      for (let i = 0; i < target.length; i += 4, at += 20) {
        target[i] = view.getInt32(at, true);
        target[i + 1] = view.getInt32(at + 4, true);
        target[i + 2] = view.getFloat64(at + 8, true);
        target[i + 3] = view.getUint32(at + 16, true);
      }
      return target.length;
    };
  },
};

module.exports = { withBuffer, withDataView };
