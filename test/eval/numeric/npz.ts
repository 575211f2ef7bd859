// Arrays from NumPy's .npz files: a zip (APPNOTE 6.3, stored or deflated members, no zip64, no
// encryption) of .npy arrays (NEP 1, versions 1 to 3). Owns the reading. Must never trust a length
// or an offset of the file, nor inflate more than it was told to.

import { crc32, inflateRawSync } from "node:zlib";

/** A numeric array, by rows whatever the order in the file. */
export interface NpyArray {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

export class NpzError extends Error {}

const END_MARK = 0x06054b50;
const ENTRY_MARK = 0x02014b50;
const LOCAL_MARK = 0x04034b50;
const END_BYTES = 22;
const ENTRY_BYTES = 46;
const LOCAL_BYTES = 30;
const COMMENT_BYTES_MAX = 0xffff;
const ENTRIES_MAX = 64;
const STORED = 0;
const DEFLATED = 8;
const IS_ENCRYPTED = 1;
const MEMBER_BYTES_MAX = 512 * 1024 * 1024;

/**
 * The numeric arrays of a .npz file, by name without `.npy`.
 * @throws NpzError naming what is wrong; never anything else on hostile input.
 */
export function readNpz(file: Uint8Array): Map<string, NpyArray> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const end = endRecord(view);
  const count = view.getUint16(end + 10, true);
  need(count <= ENTRIES_MAX, `zip has ${count} members; at most ${ENTRIES_MAX} are read`);
  const arrays = new Map<string, NpyArray>();
  let at = view.getUint32(end + 16, true);
  for (let i = 0; i < count; i++) {
    need(at + ENTRY_BYTES <= end, "zip directory runs past its end");
    need(view.getUint32(at, true) === ENTRY_MARK, `zip directory entry ${i} has no mark`);
    const nameBytes = view.getUint16(at + 28, true);
    const next = at + ENTRY_BYTES + nameBytes + view.getUint16(at + 30, true);
    need(next <= end, "zip directory runs past its end");
    const name = latin(file.subarray(at + ENTRY_BYTES, at + ENTRY_BYTES + nameBytes));
    if (name.endsWith(".npy")) {
      const key = name.slice(0, -".npy".length);
      need(!arrays.has(key), `zip holds ${name} twice`);
      arrays.set(key, readNpy(member(file, view, at, name)));
    }
    at = next + view.getUint16(at + 32, true);
  }
  return arrays;
}

function endRecord(view: DataView): number {
  const last = view.byteLength - END_BYTES;
  for (let at = last; at >= Math.max(0, last - COMMENT_BYTES_MAX); at--) {
    if (view.getUint32(at, true) === END_MARK) return at;
  }
  throw new NpzError("not a zip: no end of directory");
}

function member(file: Uint8Array, view: DataView, entry: number, name: string): Uint8Array {
  const flags = view.getUint16(entry + 8, true);
  const method = view.getUint16(entry + 10, true);
  const sum = view.getUint32(entry + 16, true);
  const packed = view.getUint32(entry + 20, true);
  const size = view.getUint32(entry + 24, true);
  const local = view.getUint32(entry + 42, true);
  need((flags & IS_ENCRYPTED) === 0, `${name} is encrypted`);
  need(size <= MEMBER_BYTES_MAX, `${name} says ${size} bytes; at most ${MEMBER_BYTES_MAX}`);
  need(local + LOCAL_BYTES <= file.length, `${name} lies outside the file`);
  need(view.getUint32(local, true) === LOCAL_MARK, `${name} has no local header`);
  const skip = view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
  const from = local + LOCAL_BYTES + skip;
  need(from + packed <= file.length, `${name} runs past the end of the file`);
  const bytes = unpacked(file.subarray(from, from + packed), method, size, name);
  need(bytes.length === size, `${name} is ${bytes.length} bytes, not the ${size} it says`);
  need(crc32(bytes) === sum, `${name} is damaged: its checksum differs`);
  return bytes;
}

function unpacked(packed: Uint8Array, method: number, size: number, name: string): Uint8Array {
  if (method === STORED) return packed;
  need(method === DEFLATED, `${name} is packed by method ${method}; only 0 and 8 are read`);
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, size) });
  } catch (error) {
    throw new NpzError(`${name} does not inflate: ${(error as Error).message}`);
  }
}

type Getter = (view: DataView, at: number, isLittle: boolean) => number;

/** NumPy's kind and size; integers of 64 bits become the nearest float. */
const GETTERS: Readonly<Record<string, Getter>> = {
  f8: (view, at, isLittle) => view.getFloat64(at, isLittle),
  f4: (view, at, isLittle) => view.getFloat32(at, isLittle),
  i8: (view, at, isLittle) => Number(view.getBigInt64(at, isLittle)),
  u8: (view, at, isLittle) => Number(view.getBigUint64(at, isLittle)),
  i4: (view, at, isLittle) => view.getInt32(at, isLittle),
  u4: (view, at, isLittle) => view.getUint32(at, isLittle),
  i2: (view, at, isLittle) => view.getInt16(at, isLittle),
  u2: (view, at, isLittle) => view.getUint16(at, isLittle),
  i1: (view, at) => view.getInt8(at),
  u1: (view, at) => view.getUint8(at),
  b1: (view, at) => view.getUint8(at),
};

const NPY_MARK = "\x93NUMPY";
const DIMENSIONS_MAX = 2;

/** One array of one or two dimensions. @throws NpzError. */
export function readNpy(bytes: Uint8Array): NpyArray {
  need(bytes.length >= 12 && latin(bytes.subarray(0, 6)) === NPY_MARK, "not a .npy array");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes[6] as number;
  need(version >= 1 && version <= 3, `.npy version ${version} is not read`);
  const headerAt = version === 1 ? 10 : 12;
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  need(headerAt + length <= bytes.length, ".npy header runs past the end");
  const header = latin(bytes.subarray(headerAt, headerAt + length));
  const { getter, width, isLittle, isFortran, shape } = readHeader(header);
  const count = shape.reduce((product, side) => product * side, 1);
  const from = headerAt + length;
  need(count * width === bytes.length - from, `.npy says ${count} values of ${width} bytes`);
  const values = new Float64Array(count);
  const [rows = 1, columns = 1] = shape;
  for (let i = 0; i < count; i++) {
    const to = isFortran ? (i % rows) * columns + Math.floor(i / rows) : i;
    values[to] = getter(view, from + i * width, isLittle);
  }
  return { shape, values };
}

function readHeader(header: string) {
  const descr = /'descr':\s*'([<>|=])([a-z])(\d{1,2})'/.exec(header);
  const order = /'fortran_order':\s*(True|False)/.exec(header);
  const sides = /'shape':\s*\(([\d,\sL]*)\)/.exec(header);
  if (descr === null || order === null || sides === null) {
    throw new NpzError(`.npy header is not read: ${header.slice(0, 80)}`);
  }
  const [, endian, kind, width] = descr;
  const getter = GETTERS[`${kind}${width}`];
  if (getter === undefined) throw new NpzError(`.npy values of type ${kind}${width} are not read`);
  const shape = (sides[1] as string).split(",").flatMap((side) => {
    const digits = side.replace("L", "").trim();
    return digits === "" ? [] : [Number(digits)];
  });
  need(shape.length <= DIMENSIONS_MAX, `.npy array has ${shape.length} dimensions`);
  need(shape.every(Number.isSafeInteger), ".npy shape is no whole number");
  const isFortran = order[1] === "True" && shape.length > 1;
  return { getter, width: Number(width), isLittle: endian !== ">", isFortran, shape };
}

function latin(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

function need(isGood: boolean, otherwise: string): asserts isGood {
  if (!isGood) throw new NpzError(otherwise);
}
