import { describe, expect, test } from "vitest";
import { type Bytes, concat, unhex } from "./bytes.ts";
import { HeadSchema, TickSchema } from "./messages.ts";
import { decode, encode, encodeNew } from "./wire.ts";

const bytes = (text: string) => unhex(text) as Bytes;
const TICK = encodeNew(TickSchema, { format: 1, ledger: 2, timeMs: 300n, position: 7n });

describe("signed and hashed bytes", () => {
  test("are accepted in their one spelling and come back the same", () => {
    const tick = decode(TickSchema, TICK, 1_000);
    expect(tick).toMatchObject({ format: 1, ledger: 2, timeMs: 300n, position: 7n });
    expect(tick && encode(TickSchema, tick)).toEqual(TICK);
    expect(decode(TickSchema, new Uint8Array(), 1_000)).toBeDefined();
  });

  test.each([
    ["with an unknown field", concat(TICK, bytes("f80101"))],
    ["with an unknown field of bytes", concat(TICK, bytes("fa01020102"))],
    ["with a trailing byte", concat(TICK, bytes("00"))],
    ["with a trailing field that is there already", concat(TICK, bytes("0801"))],
    ["with a long varint", concat(bytes("088100"), TICK.subarray(2))],
    ["with a default written out", concat(bytes("0800"), TICK.subarray(2))],
    ["with fields out of order", concat(TICK.subarray(2), TICK.subarray(0, 2))],
    ["with a field of another wire type", concat(bytes("0a00"), TICK.subarray(2))],
    ["with a varint of eleven bytes", concat(bytes("08ffffffffffffffffffff01"))],
    ["with a number beyond 32 bits in a field of 32", bytes("08ffffffffff01")],
    ["with a length beyond the end", concat(TICK, bytes("12ff"))],
    ["with a group", bytes("0b0c")],
    ["with field number 0", bytes("0001")],
  ])("%s are refused", (_what, hostile) => {
    expect(decode(TickSchema, hostile, 1_000)).toBeUndefined();
  });

  test("are refused when truncated in the middle of a field", () => {
    const head = encodeNew(HeadSchema, { format: 1, root: new Uint8Array(32), position: 900n });
    for (let length = 1; length < head.length; length++) {
      const cut = decode(HeadSchema, head.subarray(0, length), 1_000);
      // A cut between two fields is another message, in its own one spelling.
      if (cut !== undefined) expect(encode(HeadSchema, cut)).toEqual(head.subarray(0, length));
    }
    expect(decode(HeadSchema, head.subarray(0, head.length - 1), 1_000)).toBeUndefined();
  });

  test("are refused when they are too many, before they are read", () => {
    expect(decode(TickSchema, TICK, TICK.length)).toBeDefined();
    expect(decode(TickSchema, TICK, TICK.length - 1)).toBeUndefined();
  });
});
