import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NpzError, readNpy, readNpz } from "./npz.ts";
import { floats, npy, npz } from "./npz-file.ts";

const X = npy("<f8", "(2, 3)", floats([1, 2, 3, 4, 5, 6]));
const Y = npy("|u1", "(2,)", Buffer.from([0, 1]));
const WHOLE = npz([
  { name: "X.npy", bytes: X },
  { name: "y.npy", bytes: Y, isDeflated: false },
]);

/** The same file with some bytes at an offset from the first find of a mark. */
function patched(mark: number, offset: number, bytes: readonly number[]): Buffer {
  const copy = Buffer.from(WHOLE);
  const needle = Buffer.alloc(4);
  needle.writeUInt32LE(mark);
  copy.set(bytes, copy.indexOf(needle) + offset);
  return copy;
}

const ENTRY = 0x02014b50;
const END = 0x06054b50;

describe("an .npz file", () => {
  test("gives its arrays, deflated or stored", () => {
    const arrays = readNpz(WHOLE);
    expect([...arrays.keys()]).toEqual(["X", "y"]);
    expect(arrays.get("X")).toEqual({ shape: [2, 3], values: Float64Array.of(1, 2, 3, 4, 5, 6) });
    expect(arrays.get("y")?.values).toEqual(Float64Array.of(0, 1));
  });

  test.each([
    ["is no zip", Buffer.from("hello, this is no zip at all")],
    ["is empty", Buffer.alloc(0)],
    ["is cut short", WHOLE.subarray(0, WHOLE.length - 30)],
    ["lost its start", WHOLE.subarray(40)],
    ["says another checksum", patched(ENTRY, 16, [1, 2, 3, 4])],
    ["says it inflates to less", patched(ENTRY, 24, [8, 0, 0, 0])],
    ["says it inflates to more", patched(ENTRY, 24, [0, 1, 0, 0])],
    ["says it inflates to 4 GB", patched(ENTRY, 24, [255, 255, 255, 255])],
    ["points outside itself", patched(ENTRY, 42, [0, 0, 0, 127])],
    ["points into a member", patched(ENTRY, 42, [9, 0, 0, 0])],
    ["is packed by an unknown method", patched(ENTRY, 10, [12, 0])],
    ["is encrypted", patched(ENTRY, 8, [1, 0])],
    ["has a name past the directory", patched(ENTRY, 28, [255, 255])],
    ["says more members than it has", patched(END, 10, [9, 0])],
    ["says thousands of members", patched(END, 10, [255, 255])],
    ["has its directory elsewhere", patched(END, 16, [1, 0, 0, 0])],
    [
      "has the same name twice",
      npz([
        { name: "X.npy", bytes: X },
        { name: "X.npy", bytes: X },
      ]),
    ],
  ])("is refused where it %s", (_, file) => {
    expect(() => readNpz(file)).toThrow(NpzError);
  });

  test("is read or refused in words, whichever byte is flipped", () => {
    fc.assert(
      fc.property(fc.nat(WHOLE.length - 1), fc.integer({ min: 1, max: 255 }), (at, by) => {
        const copy = Buffer.from(WHOLE);
        copy[at] = (copy[at] as number) ^ by;
        try {
          readNpz(copy);
        } catch (error) {
          expect(error).toBeInstanceOf(NpzError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("an .npy array", () => {
  test.each([
    ["<f4", Buffer.from(Float32Array.of(1.5, -2).buffer), [1.5, -2]],
    ["<i8", Buffer.from(BigInt64Array.of(3n, -4n).buffer), [3, -4]],
    ["<u8", Buffer.from(BigUint64Array.of(3n, 4n).buffer), [3, 4]],
    ["<i4", Buffer.from(Int32Array.of(-5, 6).buffer), [-5, 6]],
    ["<u2", Buffer.from(Uint16Array.of(65_535, 1).buffer), [65_535, 1]],
    ["|i1", Buffer.from([255, 2]), [-1, 2]],
    ["|b1", Buffer.from([1, 0]), [1, 0]],
    [">i4", Buffer.from([0, 0, 0, 1, 0, 0, 1, 0]), [1, 256]],
  ])("of type %s gives its numbers", (descr, data, values) => {
    for (const version of [1, 2]) {
      const read = readNpy(npy(descr, "(2,)", data, { version }));
      expect([...read.values]).toEqual(values);
    }
  });

  test("in Fortran's order is turned into rows", () => {
    const read = readNpy(npy("<f8", "(2, 3)", floats([1, 4, 2, 5, 3, 6]), { isFortran: true }));
    expect([...read.values]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test.each([
    ["has no mark", Buffer.from("numpy? no, a text")],
    ["is shorter than its shape", npy("<f8", "(2, 3)", floats([1, 2, 3]))],
    ["is longer than its shape", npy("<f8", "(2,)", floats([1, 2, 3]))],
    ["holds objects", npy("|O8", "(1,)", floats([1]))],
    ["holds text", npy("<U2", "(1,)", floats([1]))],
    ["is of a later version", npy("<f8", "(1,)", floats([1]), { version: 9 })],
    ["has a cube's shape", npy("<f8", "(1, 1, 1)", floats([1]))],
    ["has a shape beyond numbers", npy("<f8", "(99999999999999999999, 1)", floats([1]))],
    ["has a shape of billions", npy("<f8", "(4000000000, 4000000)", floats([1]))],
    ["has an odd header", npy("<f8", "what", floats([1]))],
  ])("is refused where it %s", (_, bytes) => {
    expect(() => readNpy(bytes)).toThrow(NpzError);
  });
});
