import type { SubjectText } from "@ostraka/proto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DenyIndex } from "./deny-index.ts";
import { keyedHash, type TextHash } from "./keyed-hash.ts";

const KEY = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

function subject(n: number): SubjectText {
  return `address:10.${n >> 16}.${(n >> 8) & 255}.${n & 255}` as SubjectText;
}

/** A hash that puts everything in a few places: collisions of every kind. */
const poor: TextHash = (text, out) => {
  const n = text.charCodeAt(text.length - 1);
  out[0] = n % 2;
  out[1] = n % 5 === 0 ? 0 : n % 3 === 0 ? 0xffffffff : (n * 0x1000193) >>> 0;
};

/** Everything has one and the same fingerprint. */
const constant: TextHash = (_text, out) => {
  out.fill(0xffffffff);
};

const change = fc.record({
  verb: fc.constantFrom("set", "set", "set", "delete", "get"),
  n: fc.nat(60),
});

function compareWithMap(hash: TextHash, changes: readonly { verb: string; n: number }[]): void {
  const texts: SubjectText[] = [];
  const index = new DenyIndex(hash, (value, text) => texts[value] === text);
  const twin = new Map<string, number>();
  changes.forEach(({ verb, n }, number) => {
    const text = subject(n);
    texts[number + 1] = text;
    if (verb === "set") {
      index.set(text, number + 1);
      twin.set(text, number + 1);
    } else if (verb === "delete") expect(index.delete(text)).toBe(twin.delete(text));
    expect(index.size).toBe(twin.size);
  });
  for (let n = 0; n <= 60; n++) expect(index.get(subject(n))).toBe(twin.get(subject(n)) ?? 0);
}

describe("the deny index", () => {
  it.each([
    ["its own hash", keyedHash(KEY)],
    ["a poor hash", poor],
    ["a constant hash", constant],
  ])("is a map of subjects with %s", (_name, hash) => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 200 }), (changes) => {
        compareWithMap(hash, changes);
      }),
    );
  });

  it("holds a hundred thousand, gives them all up, and its memory with them", () => {
    const index = new DenyIndex(keyedHash(KEY), (value, text) => subject(value - 1) === text);
    const count = 100_000;
    for (let n = 0; n < count; n++) index.set(subject(n), n + 1);
    expect(index.size).toBe(count);
    expect(index.tableBytes / count).toBeLessThan(18);
    const wrongOf = (numberOf: (n: number) => number | undefined) => {
      let wrong = 0;
      for (let n = 0; n < 2 * count; n++) {
        if (index.get(subject(n)) !== (numberOf(n) ?? -1) + 1) wrong++;
      }
      return wrong;
    };
    expect(wrongOf((n) => (n < count ? n : undefined))).toBe(0);
    for (let n = 0; n < count; n += 2) index.delete(subject(n));
    expect(index.size).toBe(count / 2);
    expect(wrongOf((n) => (n < count && n % 2 === 1 ? n : undefined))).toBe(0);
    for (let n = 1; n < count; n += 2) index.delete(subject(n));
    expect(index.size).toBe(0);
    expect(index.tableBytes).toBe(0);
  });

  it("never answers for another subject of the same fingerprint", () => {
    const index = new DenyIndex(constant, (value, text) => subject(value) === text);
    index.set(subject(1), 1);
    expect(index.get(subject(1))).toBe(1);
    expect(index.get(subject(2))).toBe(0);
    expect(index.delete(subject(2))).toBe(false);
    expect(index.size).toBe(1);
  });
});

describe("the keyed hash", () => {
  const wordsOf = (hash: TextHash, text: string) => {
    const out = new Uint32Array(2);
    hash(text, out);
    return [...out];
  };

  it("depends on every unit, on the length and on the key", () => {
    const hash = keyedHash(KEY);
    const texts = [
      "",
      "\0",
      "\0\0",
      "a",
      "b",
      "ab",
      "ba",
      "abc",
      "abcd",
      "abcde",
      "abcdef",
      "é",
      "ж",
    ];
    texts.push("ab\0", "ab\0\0", "ж\0", "жa", "aж", "\u0430b", "\u6162", "\u{1f600}", "\u{1f601}");
    const seen = new Set(texts.map((text) => wordsOf(hash, text).join()));
    expect(seen.size).toBe(texts.length);
    const other = keyedHash(Uint8Array.from(KEY, (byte) => byte ^ 1));
    for (const text of texts) expect(wordsOf(other, text)).not.toEqual(wordsOf(hash, text));
  });

  it("spreads addresses evenly", () => {
    const hash = keyedHash(KEY);
    const counts = new Array<number>(256).fill(0);
    for (let n = 0; n < 51_200; n++) {
      const [first = 0, second = 0] = wordsOf(hash, subject(n));
      counts[first >>> 24] = (counts[first >>> 24] as number) + 1;
      counts[second >>> 24] = (counts[second >>> 24] as number) + 1;
    }
    // 400 each expected, standard deviation 20: six of them.
    expect(Math.min(...counts)).toBeGreaterThan(280);
    expect(Math.max(...counts)).toBeLessThan(520);
  });
});
