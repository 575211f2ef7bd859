// The promise, by simulation: with a line at c and a reset on signal, false signals x c stay at or
// below honest subject-days, for a source that sits at every ceiling of the declared class at once.
// A signal is drawn a hundred times more often at 20 dB than at 40, so the low lines tell most.

import type { Event } from "@ostraka/agents/kernel";
import type { SubjectText } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { DEFAULT_SCORER_POLICY, openScorer } from "./index.ts";

const SUBJECTS = 400;
const DAYS = 50;
const ATTEMPTS_A_DAY = 12;
const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2026, 0, 5);

/** mulberry32: a seeded generator for tests. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Step = Pick<Event, "kind" | "account" | "isAccountKnown">;

const OWN = "user:acme/own" as SubjectText;

function failed(account: SubjectText, isAccountKnown: boolean): Step {
  return { kind: "login-failed", account, isAccountKnown };
}

/** The next attempt of a source at the ceilings: 35 % of retries fail, 10 % name nobody. */
function nextStep(previous: Step | undefined, random: () => number, serial: number): Step {
  const draw = random();
  const wrong = `user:acme/wrong-${serial}` as SubjectText;
  const colleague = `user:acme/colleague-${serial % 40}` as SubjectText;
  if (previous?.kind !== "login-failed") {
    if (draw < 0.1) return failed(wrong, false);
    if (draw < 0.2) return failed(OWN, true);
  } else if (previous.isAccountKnown === false) {
    if (draw < 0.1) return failed(wrong, false);
    if (draw < 0.35) return failed(previous.account ?? OWN, false);
  } else {
    if (draw < 0.1) return failed(wrong, false);
    if (draw < 0.15) return failed(colleague, true);
    if (draw < 0.35) return failed(previous.account ?? OWN, true);
  }
  const account = random() < 0.5 ? (previous?.account ?? OWN) : OWN;
  return { kind: "login-succeeded", account, isAccountKnown: true };
}

/** Pace at its ceilings: of a retry 28 % come within 5 s, 57 % within a minute. */
function gapMs(random: () => number): number {
  const draw = random();
  if (draw < 0.28) return 3_000;
  return draw < 0.57 ? 30_000 : 600_000;
}

function falseSignals(lineMdb: number, seed: number, copies = 1): number {
  const random = randomFrom(seed);
  const policy = {
    ...DEFAULT_SCORER_POLICY,
    signalLineMdb: lineMdb,
    leaseLineMdb: lineMdb,
    leaseMs: 1,
  };
  const scorer = openScorer({ policy });
  let signals = 0;
  let serial = 0;
  const out = { lease: () => undefined, signal: () => void signals++ };
  for (let subject = 0; subject < SUBJECTS; subject++) {
    const address = `address:10.0.${subject >> 8}.${subject & 255}` as SubjectText;
    let previous: Step | undefined;
    for (let day = 0; day < DAYS; day++) {
      let timeMs = START_MS + day * DAY_MS;
      for (let n = 0; n < ATTEMPTS_A_DAY; n++) {
        previous = nextStep(previous, random, ++serial);
        timeMs += gapMs(random);
        for (let copy = 0; copy < copies; copy++) {
          const rest = { timeMs, service: "sshd", address, method: "password", count: 1 };
          const event = { id: `${serial}/${copy}`, ...rest, ...previous };
          scorer.step({ type: "event", event }, out);
        }
      }
    }
  }
  return signals;
}

/** Upper 95 % bound of a Poisson mean (Byar's approximation). */
function upperBound(count: number): number {
  const n = count + 1;
  return n * (1 - 1 / (9 * n) + 1.645 / (3 * Math.sqrt(n))) ** 3;
}

describe("honest sources at every ceiling of the declared class, 20,000 subject-days", () => {
  test.each([10_000, 20_000, 30_000])(
    "keep false signals x c within the days at %i mdB",
    (lineMdb) => {
      const c = 10 ** (lineMdb / 10_000);
      const signals = falseSignals(lineMdb, lineMdb);
      expect((upperBound(signals) * c) / (SUBJECTS * DAYS)).toBeLessThanOrEqual(1);
    },
  );

  test("a mutant that bets on every line twice breaks the promise", () => {
    const signals = falseSignals(10_000, 1, 2);
    expect((signals * 10) / (SUBJECTS * DAYS)).toBeGreaterThan(1);
  });
});
