// Which head is kept, against a deliberately dumb twin: every way in which up to five coordinators
// can stand in one journal, sign, promise and lose their disks.

import { create } from "@bufbuild/protobuf";
import { encode, HeadSchema, Ledger } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { chooseHead, contradicts, type PromisedHead } from "./choose-head.ts";

function headAt(
  coordinator: number,
  position: number,
  fields: { readonly generation?: number; readonly history?: number } = {},
): PromisedHead {
  const { generation = 1, history = 0 } = fields;
  const head = create(HeadSchema, {
    format: 1,
    ledger: Ledger.CONTROL,
    generation,
    position: BigInt(position),
    chainHash: new Uint8Array(32).fill(history),
    index: BigInt(position),
    root: new Uint8Array(32).fill(history),
    machineTimeMs: BigInt(position),
    activeSetDigest: new Uint8Array(32),
  });
  return { coordinatorKey: Uint8Array.of(coordinator), head, bytes: encode(HeadSchema, head) };
}

/** Every way to choose one number below `base` for each of n. */
function* tuples(n: number, base: number): Iterable<number[]> {
  for (let code = 0; code < base ** n; code++) {
    yield Array.from({ length: n }, (_, i) => Math.floor(code / base ** i) % base);
  }
}

describe("the head that is kept", () => {
  test("lies at or past whatever any majority has sealed, over every combination up to five", () => {
    const positions = 4;
    let kept = 0;
    for (let n = 1; n <= 5; n++) {
      const majority = Math.floor(n / 2) + 1;
      for (const last of tuples(n, positions)) {
        // The dumb twin: the furthest place that a majority has signed, by counting.
        let sealed = 0;
        for (let at = 1; at < positions; at++) {
          if (last.filter((position) => position >= at).length >= majority) sealed = at;
        }
        // Who promises: any set; a 1 stands for a promise with a head, a 0 for none or a lost disk.
        for (const promises of tuples(n, 2)) {
          const promised = last.flatMap((position, i) =>
            promises[i] === 1 && position > 0 ? [headAt(i, position)] : [],
          );
          const choice = chooseHead(promised, n);
          if (promised.length < majority) {
            expect(choice).toEqual({ kind: "short", missing: majority - promised.length });
            continue;
          }
          if (choice.kind !== "keep") throw new Error(`${choice.kind} in one history`);
          kept++;
          expect(Number(choice.kept.head.position)).toBeGreaterThanOrEqual(sealed);
          // Nothing is made up: somebody promised it, and nobody promised more.
          const furthest = Math.max(...promised.map(({ head }) => Number(head.position)));
          expect(Number(choice.kept.head.position)).toBe(furthest);
        }
      }
    }
    expect(kept).toBeGreaterThan(1_000);
  });

  test("lies at or past what any generation has sealed, over every combination of two", () => {
    // Places in order: generation 1 up to 3, then generation 2, which went on from its place 2.
    const places = [
      { generation: 1, position: 1 },
      { generation: 1, position: 2 },
      { generation: 1, position: 3 },
      { generation: 2, position: 3 },
      { generation: 2, position: 4 },
    ] as const;
    for (let n = 1; n <= 4; n++) {
      const majority = Math.floor(n / 2) + 1;
      for (const last of tuples(n, places.length)) {
        // Generation 2 is open only where a majority had promised it.
        const sealed = places.filter((place) => {
          const signers = last.filter((at) => isAtOrPast(places[at] as Place, place));
          return signers.length >= majority && !(place.generation === 1 && place.position === 3);
        });
        for (const promises of tuples(n, 2)) {
          const promised = last.flatMap((at, i) => {
            const { generation, position } = places[at] as Place;
            return promises[i] === 1 ? [headAt(i, position, { generation })] : [];
          });
          const choice = chooseHead(promised, n);
          if (promised.length < majority) {
            expect(choice.kind).toBe("short");
            continue;
          }
          if (choice.kind !== "keep") throw new Error(`${choice.kind} in one history`);
          const { generation, position } = choice.kept.head;
          const there = { generation, position: Number(position) };
          for (const place of sealed) expect(isAtOrPast(there, place)).toBe(true);
        }
      }
    }
  });

  test("histories are never chosen between without a majority, and only by who names a head", () => {
    for (const last of tuples(3, 3)) {
      const promised = last.map((history, i) => headAt(i, 5, { history }));
      // Two of three that agree are a majority: nothing else can have been sealed.
      const isMajority = new Set(last).size < 3;
      const choice = chooseHead(promised, 3);
      expect(choice.kind).toBe(isMajority ? "keep" : "contradict");
      if (choice.kind === "keep") {
        const [history] = choice.kept.head.chainHash;
        expect(last.filter((other) => other === history).length).toBeGreaterThanOrEqual(2);
        expect(choice.outvoted).toEqual(promised.filter((_, i) => last[i] !== history));
      }
      for (const { bytes } of promised) {
        const named = chooseHead(promised, 3, (other) => Buffer.compare(other, bytes) === 0);
        expect(named.kind === "keep" && Buffer.compare(named.kept.bytes, bytes) === 0).toBe(true);
      }
      expect(chooseHead(promised, 3, () => false).kind).toBe("short");
    }
  });

  test("holds whatever a majority may have sealed before the journal was forked", () => {
    // Two branches above place 3; who stands on which, and how far, and who promises.
    const places = [3, 4, 5].flatMap((position) =>
      [0, 1].map((history) => ({ position, history })),
    );
    let outvotes = 0;
    for (let n = 2; n <= 4; n++) {
      const majority = Math.floor(n / 2) + 1;
      for (const last of tuples(n, places.length)) {
        const stands = last.map((at) => places[at] as (typeof places)[number]);
        const sealed = places.filter(({ position, history }) => {
          const has = stands.filter(
            (s) => s.position >= position && (position === 3 || s.history === history),
          );
          return has.length >= majority;
        });
        for (const promises of tuples(n, 2)) {
          const promised = stands.flatMap(({ position, history }, i) => {
            if (promises[i] !== 1) return [];
            if (position === 3) return [headAt(i, 3)];
            const branched = headAt(i, position, { history: 1 + history });
            // One entry stands above the fork in either branch, so that heads can tell.
            branched.head.index = 4n;
            return [branched];
          });
          const choice = chooseHead(promised, n);
          if (choice.kind !== "keep") continue;
          outvotes += Math.min(choice.outvoted.length, 1);
          const kept = choice.kept.head;
          for (const place of sealed) {
            expect(Number(kept.position)).toBeGreaterThanOrEqual(place.position);
            if (place.position > 3) expect(kept.chainHash[0]).toBe(1 + place.history);
          }
        }
      }
    }
    expect(outvotes).toBeGreaterThan(100);
  });

  test("heads deny each other by what they say: same place, fewer entries, another root", () => {
    const a = headAt(1, 5);
    expect(contradicts(a, headAt(2, 5))).toBe(false);
    expect(contradicts(a, headAt(2, 5, { history: 1 }))).toBe(true);
    expect(contradicts(a, headAt(2, 6, { history: 1 }))).toBe(false);
    const shorter = headAt(2, 6);
    shorter.head.index = 4n;
    expect(contradicts(a, shorter)).toBe(true);
    const same = headAt(2, 6, { history: 1 });
    same.head.index = 5n;
    expect(contradicts(a, same)).toBe(true);
    // What another generation left out is no contradiction.
    expect(contradicts(a, headAt(2, 5, { generation: 2, history: 1 }))).toBe(false);
  });
});

interface Place {
  readonly generation: number;
  readonly position: number;
}

function isAtOrPast(a: Place, b: Place): boolean {
  // Generation 2 holds what generation 1 had up to its place 2.
  if (a.generation === 2 && b.generation === 1) return b.position <= 2;
  return a.generation === b.generation && a.position >= b.position;
}
