import type { Event } from "@ostraka/agents/kernel";
import type { SubjectText } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import {
  DEFAULT_SCORER_POLICY,
  openScorer,
  restoreScorer,
  type Scorer,
  type ScorerOutput,
} from "./index.ts";

const options = { policy: DEFAULT_SCORER_POLICY, maxSubjects: 50 };

function traffic(from: number, to: number): Event[] {
  const events: Event[] = [];
  for (let n = from; n < to; n++) {
    events.push({
      id: `log:${n}`,
      timeMs: 1_772_000_000_000 + n * 1_700,
      kind: n % 7 === 0 ? "login-succeeded" : "login-failed",
      service: "sshd",
      address: `address:10.0.0.${(n * 37) % 90}` as SubjectText,
      account: `user:acme/u${n % 13}` as SubjectText,
      isAccountKnown: n % 3 !== 0,
      count: 1 + (n % 2),
    });
  }
  return events;
}

function play(scorer: Scorer, events: readonly Event[]): string {
  const said: unknown[] = [];
  const out: ScorerOutput = { lease: (one) => said.push(one), signal: (one) => said.push(one) };
  for (const event of events) scorer.step({ type: "event", event }, out);
  return JSON.stringify([said, scorer.snapshot()]);
}

function taken(): Record<string, unknown> {
  const scorer = openScorer(options);
  play(scorer, traffic(0, 500));
  return JSON.parse(JSON.stringify(scorer.snapshot()));
}

describe("a snapshot of the scorer", () => {
  test("continues to the same outputs and the same state, evictions included", () => {
    const whole = openScorer(options);
    play(whole, traffic(0, 500));
    const half = restoreScorer(taken(), options);
    expect(half).toBeDefined();
    expect(play(half as Scorer, traffic(400, 1_500))).toBe(play(whole, traffic(400, 1_500)));
    expect(whole.counts().evictions).toBeGreaterThan(0);
  });

  test("of the version before is taken up: nobody has been counted at an address yet", () => {
    const before = taken() as Record<string, Record<string, unknown>[]>;
    const without = (state: Record<string, unknown>) => {
      const { vouched, ...rest } = state;
      expect(Array.isArray(vouched)).toBe(true);
      return rest;
    };
    const [young, earned] = [before["young"]?.map(without), before["earned"]?.map(without)];
    const old = restoreScorer({ ...before, version: 1, young, earned }, options);
    expect(old?.counts()).toEqual(restoreScorer(taken(), options)?.counts());
    expect(restoreScorer({ ...before, version: 1, young: "all" }, options)).toBeUndefined();
  });

  test("is not shared with the scorer that gave it", () => {
    const scorer = openScorer(options);
    play(scorer, traffic(0, 100));
    const snapshot = scorer.snapshot();
    const before = JSON.stringify(snapshot);
    play(scorer, traffic(100, 300));
    expect(JSON.stringify(snapshot)).toBe(before);
  });

  test("fits a smaller table by forgetting, oldest touch first", () => {
    const small = restoreScorer(taken(), { ...options, maxSubjects: 10 });
    expect(small?.counts().subjects).toBe(10);
  });

  test.each([
    ["nothing", () => undefined],
    ["a text", () => "snapshot"],
    ["another version", () => ({ ...taken(), version: 3 })],
    ["a missing part", () => ({ ...taken(), earned: undefined })],
    ["ids that are no numbers", () => ({ ...taken(), recentNewer: ["1"] })],
    ["a number that is none", () => mangled({ lastMs: null })],
    ["an unknown field", () => mangled({ extra: 1 })],
    ["a subject that is none", () => mangled({ subject: "address:x" })],
    ["a list of detectors too short", () => mangled({ detectors: [] })],
    ["a subject twice", () => ({ ...taken(), young: [...states(), ...states()] })],
  ])("with %s is refused whole", (_what, make) => {
    expect(restoreScorer(make(), options)).toBeUndefined();
  });
});

function states(): Record<string, unknown>[] {
  return taken()["young"] as Record<string, unknown>[];
}

function mangled(change: Record<string, unknown>): unknown {
  const [first, ...rest] = states();
  return { ...taken(), young: [{ ...first, ...change }, ...rest] };
}
