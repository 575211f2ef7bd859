// Whatever a source hands over, the scorer neither throws nor says anything but integers, keeps to
// its bounds, and gives the same outputs for the same inputs.

import { EVENT_KINDS, type Event } from "@ostraka/agents/kernel";
import type { SubjectText } from "@ostraka/proto";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  DEFAULT_SCORER_POLICY,
  type Lease,
  openScorer,
  restoreScorer,
  type Signal,
} from "./index.ts";

const MAX_SUBJECTS = 8;

const time = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1_772_000_000_000, max: 1_772_000_300_000 }) },
  { weight: 1, arbitrary: fc.double() },
  { weight: 1, arbitrary: fc.constantFrom(0, Number.MAX_SAFE_INTEGER, Number.NaN, -0) },
);

const event: fc.Arbitrary<Event> = fc.record(
  {
    id: fc.oneof(fc.integer({ min: 0, max: 2_000 }).map(String), fc.string({ unit: "binary" })),
    timeMs: time,
    kind: fc.oneof(
      { weight: 6, arbitrary: fc.constant("login-failed" as const) },
      { weight: 1, arbitrary: fc.constantFrom(...EVENT_KINDS) },
    ),
    service: fc.constant("sshd"),
    count: fc.oneof(fc.constant(1), fc.double(), fc.maxSafeInteger()),
    address: fc.integer({ min: 1, max: 20 }).map((n) => `address:10.0.0.${n % 12}` as SubjectText),
    account: fc.string({ unit: "binary" }).map((name) => `user:acme/${name}` as SubjectText),
    session: fc.constant("session:web-1/1" as SubjectText),
    isAccountKnown: fc.boolean(),
    isRoot: fc.boolean(),
    method: fc.constantFrom("password", "publickey", "none", "__proto__"),
  },
  { requiredKeys: ["id", "timeMs", "kind", "service", "count"] },
);

function play(events: readonly Event[]): (Lease | Signal)[] {
  const said: (Lease | Signal)[] = [];
  const scorer = openScorer({ policy: DEFAULT_SCORER_POLICY, maxSubjects: MAX_SUBJECTS });
  const out = { lease: (one: Lease) => said.push(one), signal: (one: Signal) => said.push(one) };
  for (const one of events) scorer.step({ type: "event", event: one }, out);
  expect(scorer.counts().subjects).toBeLessThanOrEqual(MAX_SUBJECTS);
  const restored = restoreScorer(scorer.snapshot(), { policy: DEFAULT_SCORER_POLICY });
  expect(restored?.snapshot()).toEqual(scorer.snapshot());
  return said;
}

test("any events in any order give integers, within bounds, the same every time", () => {
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 200, size: "max" }), (events) => {
      const said = play(events);
      expect(play(events)).toEqual(said);
      for (const one of said) {
        const numbers = [one, ...one.reasons].flatMap((part) =>
          Object.values(part).filter((value) => typeof value === "number"),
        );
        expect(numbers.every(Number.isSafeInteger)).toBe(true);
      }
    }),
    { numRuns: 60 },
  );
});
