// Writes small .npz files for the tests of their reader and of what reads through it. Owns nothing
// else; must never be used on data that matters.

import { crc32, deflateRawSync } from "node:zlib";

export interface Member {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly isDeflated?: boolean;
}

/** A .npy array, version 1 unless told otherwise; `data` as it lies in the file. */
export function npy(descr: string, shape: string, data: Uint8Array, more: NpyMore = {}): Buffer {
  const { version = 1, isFortran = false } = more;
  const order = isFortran ? "True" : "False";
  const header = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }\n`;
  const length = Buffer.alloc(version === 1 ? 2 : 4);
  if (version === 1) length.writeUInt16LE(header.length);
  else length.writeUInt32LE(header.length);
  const mark = Buffer.from(`\x93NUMPY${String.fromCharCode(version)}\0`, "latin1");
  return Buffer.concat([mark, length, Buffer.from(header, "latin1"), data]);
}

export interface NpyMore {
  readonly version?: number;
  readonly isFortran?: boolean;
}

export function floats(values: readonly number[]): Buffer {
  return Buffer.from(Float64Array.from(values).buffer);
}

export function npz(members: readonly Member[]): Buffer {
  const parts: Buffer[] = [];
  const entries: Buffer[] = [];
  let at = 0;
  for (const { name, bytes, isDeflated = true } of members) {
    const packed = isDeflated ? deflateRawSync(bytes) : Buffer.from(bytes);
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0);
    shared.writeUInt16LE(isDeflated ? 8 : 0, 4);
    shared.writeUInt32LE(crc32(bytes), 10);
    shared.writeUInt32LE(packed.length, 14);
    shared.writeUInt32LE(bytes.length, 18);
    shared.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([mark(0x04034b50), shared, Buffer.from(name), packed]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(at, 10);
    entries.push(
      Buffer.concat([mark(0x02014b50), Buffer.alloc(2), shared, tail, Buffer.from(name)]),
    );
    parts.push(local);
    at += local.length;
  }
  const directory = Buffer.concat(entries);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(members.length, 4);
  end.writeUInt16LE(members.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(at, 12);
  return Buffer.concat([...parts, directory, mark(0x06054b50), end]);
}

function mark(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
