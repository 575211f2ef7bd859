import { DigestTrie, hex, parseSubject, type SubjectText } from "@ostraka/proto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nodeCrypto } from "../../testkit/node-crypto.ts";
import { ActiveSet } from "./index.ts";

const id = (n: number) => nodeCrypto.sha256(Uint8Array.of(n));

type Change =
  | { readonly type: "add"; readonly n: number; readonly expiresMs: number }
  | { readonly type: "end"; readonly n: number; readonly untilMs: number }
  | { readonly type: "expire"; readonly nowMs: number };

/** The dumb twin: a list of what was ever said, asked anew each time. */
class Twin {
  readonly #added: { n: number; expiresMs: number; at: number }[] = [];
  readonly #ended: { n: number; untilMs: number }[] = [];
  #nowMs = 0;

  apply(change: Change): void {
    if (change.type === "expire") {
      this.#nowMs = Math.max(this.#nowMs, change.nowMs);
      for (let i = this.#ended.length - 1; i >= 0; i--) {
        if ((this.#ended[i] as { untilMs: number }).untilMs <= this.#nowMs)
          this.#ended.splice(i, 1);
      }
      this.#drop(({ expiresMs }) => expiresMs <= this.#nowMs);
    } else if (change.type === "end") {
      this.#ended.push(change);
      this.#drop(({ n }) => n === change.n);
    } else {
      const { n, expiresMs } = change;
      const isEnded = this.#ended.some((e) => e.n === n);
      const isKnown = this.#added.some((a) => a.n === n);
      if (expiresMs > this.#nowMs && !isEnded && !isKnown) {
        this.#added.push({ n, expiresMs, at: this.#nowMs });
      }
    }
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  inForce(): string[] {
    return this.#added.map(({ n }) => hex(id(n))).sort();
  }

  #drop(isGone: (item: { n: number; expiresMs: number }) => boolean): void {
    const kept = this.#added.filter((item) => !isGone(item));
    this.#added.splice(0, this.#added.length, ...kept);
  }
}

function digestOf(ids: readonly number[]): string {
  const trie = new DigestTrie(nodeCrypto);
  for (const n of ids) trie.add(id(n));
  return hex(trie.digest());
}

const ms = fc.integer({ min: 1, max: 50 });
const n = fc.integer({ min: 0, max: 12 });
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ type: fc.constant("add" as const), n, expiresMs: ms }),
  fc.record({ type: fc.constant("end" as const), n, untilMs: ms }),
  fc.record({ type: fc.constant("expire" as const), nowMs: ms }),
);

const MALLORY = parseSubject("user:test/mallory") as SubjectText;
const ALICE = parseSubject("user:test/alice") as SubjectText;

describe("the active set", () => {
  test("agrees with a dumb twin after every change", () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
        const set = new ActiveSet(nodeCrypto);
        const twin = new Twin();
        for (const one of changes) {
          if (one.type === "add") set.add(id(one.n), one.expiresMs, twin.nowMs, MALLORY);
          twin.apply(one);
          if (one.type === "end") set.end(id(one.n), one.untilMs, MALLORY);
          if (one.type === "expire") set.expire(twin.nowMs);
          expect([...set.ids()].sort()).toEqual(twin.inForce());
          expect(set.size).toBe(twin.inForce().length);
        }
        const left = Array.from({ length: 13 }, (_, i) => i).filter((i) => set.has(id(i)));
        expect(hex(set.digest())).toBe(digestOf(left));
      }),
      { seed: 11, numRuns: 400 },
    );
  });

  test("ends the same in whatever order revocations and lifts come", () => {
    const adds = [0, 1, 2, 3, 4].map((i) => ({ i, isEnd: false }));
    const ends = [1, 3, 7].map((i) => ({ i, isEnd: true }));
    const all = [...adds, ...ends];
    fc.assert(
      fc.property(fc.shuffledSubarray(all, { minLength: all.length }), (order) => {
        const set = new ActiveSet(nodeCrypto);
        for (const { i, isEnd } of order) {
          if (isEnd) set.end(id(i), 1_000, MALLORY);
          else set.add(id(i), 500, 0, MALLORY);
        }
        expect(hex(set.digest())).toBe(digestOf([0, 2, 4]));
      }),
      { seed: 12 },
    );
  });

  test("remembers a lift that came first until nothing of its id can be in force", () => {
    const set = new ActiveSet(nodeCrypto);
    set.end(id(1), 100, MALLORY);
    set.expire(99);
    expect(set.add(id(1), 100, 99, MALLORY)).toBe(false);
    set.expire(100);
    expect(set.add(id(1), 100, 100, MALLORY)).toBe(false);
    expect(set.add(id(2), 101, 100, MALLORY)).toBe(true);
  });

  test("keeps the later of two ends", () => {
    const set = new ActiveSet(nodeCrypto);
    set.end(id(1), 100, MALLORY);
    set.end(id(1), 50, MALLORY);
    set.expire(60);
    expect(set.add(id(1), 200, 60, MALLORY)).toBe(false);
  });

  test("is ended only in the name of its own subject, before and after it came", () => {
    const set = new ActiveSet(nodeCrypto);
    set.add(id(1), 100, 0, MALLORY);
    expect(set.end(id(1), 100, ALICE)).toBe(false);
    expect(set.has(id(1))).toBe(true);
    set.end(id(2), 100, ALICE);
    expect(set.add(id(2), 100, 0, MALLORY)).toBe(true);
    expect(set.end(id(1), 100, MALLORY)).toBe(true);
  });

  test("drops in order of expiry, exactly at expiry, and names what it dropped", () => {
    const set = new ActiveSet(nodeCrypto);
    for (const i of [5, 1, 4, 2, 3]) set.add(id(i), i * 10, 0, MALLORY);
    expect(set.expire(9)).toEqual([]);
    expect(set.expire(30).map(hex)).toEqual([1, 2, 3].map((i) => hex(id(i))));
    expect(set.expire(30)).toEqual([]);
    expect(set.size).toBe(2);
    expect(set.add(id(6), 30, 30, MALLORY)).toBe(false);
    expect(set.add(id(4), 99, 30, MALLORY)).toBe(false);
  });
});
