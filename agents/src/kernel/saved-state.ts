// How machine state is written into a snapshot and read back: numbers, bytes and messages one after
// the other, maps in the order in which they were filled (DESIGN.md 9, state). A reader asks for
// the very same things in the same order; what it reads has been compared with a digest before.

import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import { assert, type Bytes, decode, encode } from "@ostraka/proto";

export { BinaryReader, BinaryWriter };

/** State of a machine that is in its snapshots. */
export interface Saved {
  save(w: BinaryWriter): void;
  /** Fills a fresh one with what `save` wrote. */
  load(r: BinaryReader): void;
}

/** A safe integer of 0 or more: a time, a position, a count. */
export function saveNumber(w: BinaryWriter, n: number): BinaryWriter {
  assert(Number.isSafeInteger(n) && n >= 0, "saved numbers are safe and not negative");
  return w.uint64(n);
}

/** A time that the wire can say, as one that can be saved: what lies beyond is never reached. */
export function savedMs(ms: bigint): number {
  return Math.min(Number(ms), Number.MAX_SAFE_INTEGER);
}

export function loadNumber(r: BinaryReader): number {
  return Number(r.uint64());
}

/** Bytes of their own: a snapshot is not kept alive by what was read of it. */
export function loadBytes(r: BinaryReader): Bytes {
  return Uint8Array.from(r.bytes());
}

export function saveMessage<D extends DescMessage>(
  w: BinaryWriter,
  schema: D,
  message: MessageShape<D>,
): void {
  w.bytes(encode(schema, message));
}

export function loadMessage<D extends DescMessage>(r: BinaryReader, schema: D): MessageShape<D> {
  const message = decode(schema, r.bytes(), Number.POSITIVE_INFINITY);
  assert(message !== undefined, "a snapshot holds what was saved");
  return message;
}

/** The items of a map or list, each written by `saveItem`, after their number. */
export function saveAll<T>(
  w: BinaryWriter,
  items: Iterable<T>,
  saveItem: (w: BinaryWriter, item: T) => unknown,
): void {
  const all = [...items];
  w.uint32(all.length);
  for (const item of all) saveItem(w, item);
}

/** Reads what `saveAll` wrote. */
export function loadAll<T>(r: BinaryReader, loadItem: (r: BinaryReader) => T): T[] {
  const items: T[] = [];
  for (let left = r.uint32(); left > 0; left--) items.push(loadItem(r));
  return items;
}
