import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Bytes, concat, hex } from "./bytes.ts";
import { DigestTrie } from "./digest-trie.ts";

const sha256 = (...parts: readonly Uint8Array[]): Bytes =>
  new Uint8Array(
    createHash("sha256")
      .update(concat(...parts))
      .digest(),
  );

/** The definition of the digest, word for word; ids as 256 bits of text. */
function twin(ids: readonly Uint8Array[], depth = 0): Bytes {
  if (ids.length === 0) return new Uint8Array(32);
  if (ids.length === 1) return sha256(Uint8Array.of(0), ids[0] as Uint8Array);
  const bit = (id: Uint8Array) => ((id[depth >> 3] as number) >> (7 - (depth & 7))) & 1;
  return sha256(
    Uint8Array.of(1),
    twin(
      ids.filter((id) => bit(id) === 0),
      depth + 1,
    ),
    twin(
      ids.filter((id) => bit(id) === 1),
      depth + 1,
    ),
  );
}

/** Ids that share long prefixes, so that the trie gets deep. */
const id = fc
  .tuple(fc.constantFrom(0, 1, 128, 255), fc.nat(3), fc.nat(255))
  .map(([first, middle, last]) => {
    const bytes = new Uint8Array(32).fill(first, 0, 30);
    bytes[30] = middle;
    bytes[31] = last;
    return bytes;
  });

const distinct = (ids: readonly Uint8Array[]) => [
  ...new Map(ids.map((bytes) => [hex(bytes), bytes])).values(),
];

describe("the active-set digest", () => {
  test("neither changes with the bytes that an id was given in, nor gives its own away", () => {
    const trie = new DigestTrie({ sha256 });
    const given = new Uint8Array(32).fill(7);
    trie.add(given);
    trie.add(new Uint8Array(32).fill(8));
    const before = trie.digest();
    const expected = hex(before);
    given.fill(9);
    before.fill(0);
    expect(hex(trie.digest())).toBe(expected);
    expect(trie.delete(new Uint8Array(32).fill(7))).toBe(true);
  });

  test("takes no id of another length, and has none to delete", () => {
    const trie = new DigestTrie({ sha256 });
    trie.add(new Uint8Array(32));
    for (const length of [0, 31, 33]) {
      expect(trie.delete(new Uint8Array(length))).toBe(false);
      expect(() => trie.add(new Uint8Array(length))).toThrow("a hash");
    }
    expect(trie.size).toBe(1);
  });

  test("of nothing is 32 zero bytes", () => {
    expect(new DigestTrie({ sha256 }).digest()).toEqual(new Uint8Array(32));
  });

  test("is the twin's after any adding, deleting and adding again", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), id), { maxLength: 60 }), (changes) => {
        const trie = new DigestTrie({ sha256 });
        const held = new Map<string, Uint8Array>();
        for (const [isAdded, bytes] of changes) {
          const wasThere = held.has(hex(bytes));
          if (isAdded) {
            expect(trie.add(bytes)).toBe(!wasThere);
            held.set(hex(bytes), bytes);
          } else {
            expect(trie.delete(bytes)).toBe(wasThere);
            held.delete(hex(bytes));
          }
          expect(trie.size).toBe(held.size);
        }
        expect(trie.digest()).toEqual(twin([...held.values()]));
      }),
      { numRuns: 200 },
    );
  });

  test("is the twin's at every step while a crowd of one prefix grows and goes again", () => {
    for (let prefix = 0; prefix < 256; prefix += 51) {
      const trie = new DigestTrie({ sha256 });
      const held: Uint8Array[] = [];
      const check = () => expect(trie.digest()).toEqual(twin(held));
      for (let i = 0; i < 64; i++) {
        const bytes = sha256(Uint8Array.of(prefix, i)).fill(prefix, 0, 1 + (i % 3));
        trie.add(bytes);
        held.push(bytes);
        check();
      }
      for (const bytes of held.splice(8).reverse()) trie.delete(bytes);
      check();
    }
  });

  test("does not depend on the order of changes, nor on digests taken in between", () => {
    fc.assert(
      fc.property(fc.array(id, { maxLength: 40 }), fc.array(id, { maxLength: 10 }), (ids, gone) => {
        const one = new DigestTrie({ sha256 });
        for (const bytes of [...ids, ...gone]) {
          one.add(bytes);
          one.digest();
        }
        for (const bytes of gone) one.delete(bytes);
        const two = new DigestTrie({ sha256 });
        const kept = ids.filter((bytes) => !gone.some((other) => hex(other) === hex(bytes)));
        for (const bytes of distinct(kept).reverse()) two.add(bytes);
        expect(one.digest()).toEqual(two.digest());
      }),
      { numRuns: 100 },
    );
  });

  test("is the twin's of thousands, and of what is left when most have gone", () => {
    const trie = new DigestTrie({ sha256 });
    const ids = Array.from({ length: 5_000 }, (_, n) => sha256(Uint8Array.of(n & 255, n >> 8)));
    for (const bytes of ids) expect(trie.add(bytes)).toBe(true);
    expect(trie.digest()).toEqual(twin(ids));
    for (const bytes of ids) expect(trie.idAt(trie.slotOf(bytes) as number)).toEqual(bytes);
    for (const bytes of ids.slice(100)) expect(trie.delete(bytes)).toBe(true);
    expect(trie.digest()).toEqual(twin(ids.slice(0, 100)));
    for (const bytes of ids.slice(100)) expect(trie.slotOf(bytes)).toBeUndefined();
    for (const bytes of ids.slice(100)) trie.add(bytes);
    expect(trie.digest()).toEqual(twin(ids));
  });

  test("tells sets apart that differ in one id", () => {
    const trie = new DigestTrie({ sha256 });
    trie.add(new Uint8Array(32).fill(1));
    const before = trie.digest();
    trie.add(new Uint8Array(32).fill(2));
    expect(trie.digest()).not.toEqual(before);
    trie.delete(new Uint8Array(32).fill(2));
    expect(trie.digest()).toEqual(before);
  });
});
