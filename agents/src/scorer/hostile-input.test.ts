// Whatever a source hands over, the scorer neither throws nor says anything but integers, keeps to
// its bounds, and gives the same outputs for the same inputs.

import { EVENT_KINDS, type Event } from "@ostraka/agents/kernel";
import type { SubjectText } from "@ostraka/proto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { additionsOf } from "./configuration.ts";
import { openEnsemble } from "./ensemble.ts";
import {
  DEFAULT_SCORER_POLICY,
  type Lease,
  openScorer,
  restoreScorer,
  type Signal,
} from "./index.ts";

const MAX_SUBJECTS = 8;
const OPTIONS = {
  policy: { ...DEFAULT_SCORER_POLICY, learnedShare: 0.3 },
  hasContext: true,
  maxProfiles: 3,
};

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
    action: fc.string({ unit: "binary" }),
    target: fc.constantFrom("", "x".repeat(100_000)),
    userAgent: fc.string(),
    country: fc.string(),
    latitude: fc.double(),
    longitude: fc.double(),
    sizeBytes: fc.double(),
    durationMs: fc.oneof(fc.double(), fc.constantFrom(-1, 1e300)),
    isDeviceManaged: fc.boolean(),
    isPrivilegeGrant: fc.boolean(),
  },
  { requiredKeys: ["id", "timeMs", "kind", "service", "count"] },
);

function play(events: readonly Event[]): (Lease | Signal)[] {
  const said: (Lease | Signal)[] = [];
  const scorer = openScorer({ ...OPTIONS, maxSubjects: MAX_SUBJECTS });
  const out = { lease: (one: Lease) => said.push(one), signal: (one: Signal) => said.push(one) };
  for (const one of events) scorer.step({ type: "event", event: one }, out);
  expect(scorer.counts().subjects).toBeLessThanOrEqual(MAX_SUBJECTS);
  const restored = restoreScorer(scorer.snapshot(), OPTIONS);
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

describe("a crowd that is invented", () => {
  const START = Date.UTC(2026, 2, 2, 9);
  const ALICE = "user:acme/alice" as SubjectText;
  const NOWHERE = { lease: () => undefined, signal: () => undefined };

  function eventOf(n: number, rest: Partial<Event>): Event {
    const about = { id: `log:${n}`, timeMs: START + n * 10, service: "sshd", count: 1 };
    return { ...about, kind: "login-failed", method: "password", ...rest };
  }

  test("takes no more than its bounds, and no regular's past or profile", () => {
    const scorer = openScorer({ policy: DEFAULT_SCORER_POLICY, maxSubjects: 1_000 });
    const act = (day: number, n: number, action: string) => {
      const event = eventOf(0, { kind: "activity", account: ALICE, action });
      const timeMs = START + (day - 20) * 86_400_000 + n * 60_000;
      scorer.step({ type: "event", event: { ...event, id: `${day}/${n}`, timeMs } }, NOWHERE);
    };
    for (let day = 0; day < 20; day++) for (let n = 0; n < 20; n++) act(day, n, `read-${n % 4}`);
    const before = scorer.counts();
    expect(before).toMatchObject({ subjects: 1, profiles: 1 });
    for (let n = 1; n <= 200_000; n++) {
      const address = `address:2001:db8:${(n >> 16).toString(16)}:${(n & 65_535).toString(16)}::1`;
      const account = `user:acme/guess-${n}` as SubjectText;
      const event = eventOf(n, { address: address as SubjectText, account });
      scorer.step({ type: "event", event }, NOWHERE);
    }
    const after = scorer.counts();
    expect(after).toMatchObject({ subjects: 1_000, profiles: 1, profileEvictions: 0 });
    expect(after.bytes - before.bytes).toBeLessThan(3_000_000);
    for (let n = 0; n < 3; n++) act(21, n, `never-before-${n}`);
    const reasons = scorer.standing(ALICE)?.learnedReasons ?? [];
    expect(reasons.map(({ detector }) => detector)).toContain("novelty");
  });
});

test("thousands of logins of one account, each from elsewhere, cost no regular his past", () => {
  const alice = "user:acme/alice" as SubjectText;
  const startMs = Date.UTC(2026, 2, 2, 9);
  const said = { lease: () => undefined, signal: () => undefined };
  const scorer = openScorer({ policy: DEFAULT_SCORER_POLICY, maxSubjects: 200 });
  let serial = 0;
  const take = (timeMs: number, rest: Partial<Event>): void => {
    const about = { id: `log:${++serial}`, timeMs, service: "web", count: 1 };
    scorer.step({ type: "event", event: { ...about, kind: "login-succeeded", ...rest } }, said);
  };
  for (let day = 0; day < 3; day++) {
    for (let n = 0; n < 9; n++) {
      const timeMs = startMs + day * 86_400_000 + n;
      take(timeMs, { kind: "activity", account: alice, action: `read-${n}` });
    }
  }
  for (let n = 0; n < 2_000; n++) {
    const address = `address:10.0.${n >> 8}.${n & 255}` as SubjectText;
    const session = `session:web/${n}` as SubjectText;
    const account = "user:acme/mallory" as SubjectText;
    take(startMs + 3 * 86_400_000 + n, { address, session, account });
    take(startMs + 3 * 86_400_000 + n, {
      kind: "activity",
      account: `user:acme/invented-${n}` as SubjectText,
    });
  }
  expect(scorer.counts()).toMatchObject({ subjects: 200, profileEvictions: 0 });
  expect(scorer.standing(alice)).toBeDefined();
  expect(scorer.counts().profiles).toBeGreaterThanOrEqual(1);
  const options = { policy: DEFAULT_SCORER_POLICY, maxSubjects: 200 };
  expect(restoreScorer(scorer.snapshot(), options)?.snapshot()).toEqual(scorer.snapshot());
});

test("a subject costs at most 2 kB of fixed numbers, whatever is configured", () => {
  const { source, actor, session } = openEnsemble(additionsOf({ hasContext: true }));
  for (const { rows, learnedRows } of [source, actor, session]) {
    // Rules and a list are two declared detectors more, of nine numbers each.
    expect(8 * (rows.width + learnedRows.width) + 2 * 72).toBeLessThanOrEqual(2_048);
  }
});
