import { Ledger, Stage, type SubjectText } from "@ostraka/proto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Held } from "./held.ts";
import { HeldRows } from "./held-rows.ts";

const number = (max: number) => fc.integer({ min: 0, max });
const held: fc.Arbitrary<Held> = fc.record({
  id: fc.constant("aa"),
  subject: fc.string({ maxLength: 140 }).map((text) => text as SubjectText),
  stage: fc.constantFrom(Stage.OBSERVE, Stage.STEP_UP, Stage.SUSPEND, Stage.TERMINATE),
  expiresMs: number(Number.MAX_SAFE_INTEGER),
  rule: fc.oneof(
    fc.constantFrom("two-hosts", ""),
    number(2_000).map((n) => `rule-${n}`),
  ),
  hostCount: fc.oneof(number(9), fc.constantFrom(65_535, 65_536, 2 ** 32 - 1)),
  ledger: fc.constantFrom(Ledger.CONTROL, Ledger.SIGNALS),
  index: number(Number.MAX_SAFE_INTEGER),
  isDryRun: fc.boolean(),
  resources: fc.array(fc.string(), { maxLength: 1 }),
  actions: fc.array(fc.string(), { maxLength: 1 }),
});

describe("rows", () => {
  test("give back what was put into them, however rare it is", () => {
    fc.assert(
      fc.property(fc.array(held, { maxLength: 700 }), (helds) => {
        const rows = new HeldRows();
        helds.forEach((one, row) => void rows.put(row, one));
        helds.forEach((one, row) => void expect(rows.read(row, () => "aa")).toEqual(one));
        helds.forEach((_, row) => void (row % 2 === 0 && rows.clear(row)));
        helds.forEach((one, row) => {
          expect(rows.read(row, () => "aa")).toEqual(row % 2 === 0 ? undefined : one);
        });
        const left = helds.filter((_, row) => row % 2 === 1).map(({ expiresMs }) => expiresMs);
        expect(rows.firstExpiryMs()).toBe(Math.min(...left, Number.POSITIVE_INFINITY));
      }),
      { numRuns: 30 },
    );
  });

  test("that expire are found among all, at their time and not before", () => {
    const rows = new HeldRows();
    const [one] = fc.sample(held, 1) as [Held];
    for (let row = 0; row < 600; row++) rows.put(row, { ...one, expiresMs: 1_000 - row });
    expect([...rows.expiring(400)]).toEqual([]);
    expect([...rows.expiring(402)]).toEqual([598, 599]);
    rows.clear(598);
    expect([...rows.expiring(402)]).toEqual([599]);
  });
});
