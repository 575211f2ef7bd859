// Widenings that run, and when one halts.

import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import { hex, LIMITS } from "@ostraka/proto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { testMesh } from "../../testkit/node-crypto.ts";
import {
  enforcedFromMs,
  haltWhy,
  isWidening,
  permilleAt,
  type StepReport,
  shareOf,
} from "../kernel/index.ts";
import { WideningBook } from "./widening-book.ts";

const { crypto, random } = testMesh("widening book");
const NOW_MS = 1_767_225_600_000;
const STEPS = [
  { afterMs: 0n, permille: 100 },
  { afterMs: 60_000n, permille: 500 },
  { afterMs: 120_000n, permille: 1_000 },
].map((step) => ({ $typeName: "ostraka.v1.Widening" as const, ...step }));
const ID = random(32);
const WELL: StepReport = { hosts: 4, missing: 0, errors: 0 };
const ALL = { holds: () => true };

function running(): WideningBook {
  const book = new WideningBook();
  book.enter({ id: ID, widening: STEPS }, 7, NOW_MS);
  return book;
}

function halted(book: WideningBook, report: StepReport | undefined, afterMs: number) {
  return book
    .halts(() => report, NOW_MS + afterMs)
    .map(({ permille, why }) => `${permille}: ${why}`);
}

describe("the share of a host", () => {
  test("is its own for each verdict, and the same to everybody", () => {
    const key = random(32);
    expect(shareOf(crypto, ID, key)).toBe(shareOf(crypto, ID, key));
    const shares = Array.from({ length: 200 }, () => shareOf(crypto, random(32), key));
    expect(Math.min(...shares)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...shares)).toBeLessThan(1_000);
    expect(new Set(shares).size).toBeGreaterThan(100);
  });

  test("says when it enforces: at the first step that lies above it", () => {
    fc.assert(
      fc.property(fc.nat(999), fc.nat(200_000), (share, afterMs) => {
        const isReached = share < permilleAt(STEPS, afterMs);
        expect(enforcedFromMs(STEPS, NOW_MS, share) <= NOW_MS + afterMs).toBe(isReached);
      }),
    );
    expect(enforcedFromMs(STEPS.slice(0, 2), NOW_MS, 500)).toBe(Number.POSITIVE_INFINITY);
    expect(permilleAt([], 0)).toBe(1_000);
  });

  test("can be asked of so many steps and no more", () => {
    const steps = (count: number) =>
      Array.from({ length: count }, (_, i) => ({
        ...STEPS[0],
        afterMs: BigInt(i),
        permille: i + 1,
      }));
    const wish = (count: number) => ({
      widening: steps(count) as typeof STEPS,
      ttlMs: 3_600_000n,
      supersedes: [],
    });
    expect(isWidening(wish(LIMITS.wideningStepsMax))).toBe(true);
    expect(isWidening(wish(LIMITS.wideningStepsMax + 1))).toBe(false);
  });
});

describe("a widening", () => {
  test("halts at once where hosts of its step fail, and once", () => {
    const book = running();
    const failing = { ...WELL, errors: 1 };
    expect(halted(book, WELL, 1_000)).toEqual([]);
    expect(halted(book, undefined, 1_000)).toEqual([]);
    expect(halted(book, failing, 1_000)).toEqual([
      "100: 1 of 4 hosts of this step fail to enforce it",
    ]);
    expect(halted(book, failing, 2_000)).toEqual([]);
    expect(book.ids()).toEqual([]);
  });

  test("halts for hosts that have not applied it only before its next step is due", () => {
    const missing = { ...WELL, missing: 1 };
    expect(halted(running(), missing, 54_999)).toEqual([]);
    expect(halted(running(), WELL, 55_000)).toEqual([]);
    expect(halted(running(), missing, 55_000)).toEqual([
      "100: 1 of 4 hosts of this step have not applied it",
    ]);
    expect(halted(running(), missing, 60_000)).toEqual([]);
    expect(halted(running(), missing, 115_000)).toEqual([`500: ${haltWhy(missing)}`]);
  });

  test("is over at its last step, or when nothing of it is in force", () => {
    const book = running();
    book.expire(ALL, NOW_MS + 119_999);
    expect(book.ids().map(hex)).toEqual([hex(ID)]);
    book.expire(ALL, NOW_MS + 120_000);
    expect(book.ids()).toEqual([]);
    const lifted = running();
    lifted.expire({ holds: () => false }, NOW_MS);
    expect(lifted.ids()).toEqual([]);
    const plain = new WideningBook();
    plain.enter({ id: ID, widening: [] }, 7, NOW_MS);
    expect(plain.ids()).toEqual([]);
  });

  test("that was restored goes on as one that never stopped", () => {
    const act = fc.record({ afterMs: fc.nat(40_000), missing: fc.nat(4), isNew: fc.boolean() });
    const acts = fc.array(act, { maxLength: 8 });
    type Act = { afterMs: number; missing: number; isNew: boolean };
    const play = (book: WideningBook, from: number, steps: readonly Act[]) => {
      let atMs = NOW_MS + from;
      return steps.map(({ afterMs, missing, isNew }, i) => {
        atMs += afterMs;
        const id = crypto.sha256(Uint8Array.of(i, afterMs & 255));
        if (isNew) book.enter({ id, widening: STEPS }, i, atMs);
        book.expire(ALL, atMs);
        return book
          .halts(() => ({ ...WELL, missing }), atMs)
          .map((h) => [hex(h.verdictId), h.permille]);
      });
    };
    const saved = (book: WideningBook) => {
      const w = new BinaryWriter();
      book.save(w);
      return w.finish();
    };
    fc.assert(
      fc.property(acts, acts, (before, after) => {
        const whole = new WideningBook();
        play(whole, 0, before);
        const restored = new WideningBook();
        restored.load(new BinaryReader(saved(whole)));
        expect(play(restored, 400_000, after)).toEqual(play(whole, 400_000, after));
        expect(saved(restored)).toEqual(saved(whole));
      }),
      { numRuns: 50 },
    );
  });
});
