// The counterfactual of a reason is the level that the scorer really comes to when that detector is
// silenced: its stakes laid as they were, its bets 1. Played on random events with every detector
// on; where an output resets a level the two histories part, and the comparison ends.

import type { Event } from "@ostraka/agents/kernel";
import type { SubjectText } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import {
  DEFAULT_SCORER_POLICY,
  openScorer,
  type Reason,
  type Scorer,
  type ScorerOptions,
} from "./index.ts";

const policy = { ...DEFAULT_SCORER_POLICY, learnedShare: 0.2 };
const START = Date.UTC(2026, 2, 2);
const HOUR = 3_600_000;
const ADDRESS = "address:203.0.113.7" as SubjectText;
const ACCOUNT = "user:acme/alice" as SubjectText;

function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** A few weeks of a habit, then an hour of all sorts. */
function eventsOf(seed: number): Event[] {
  const random = randomFrom(seed);
  const events: Event[] = [];
  const add = (timeMs: number, kind: Event["kind"], rest: Partial<Event>) => {
    const id = `log:${events.length}`;
    const about = { service: "sshd", address: ADDRESS, account: ACCOUNT, method: "password" };
    events.push({ id, timeMs: Math.floor(timeMs), kind, ...about, count: 1, ...rest });
  };
  for (let day = 0; day < 30; day++) {
    for (let n = 0; n < 4; n++) {
      const atMs = START + day * 24 * HOUR + (9 + n + random()) * HOUR;
      const action = `read-${Math.floor(random() * 3)}`;
      const kind = n === 0 ? "login-succeeded" : "activity";
      add(atMs, kind, { action, sizeBytes: 100 + 50 * random() });
    }
  }
  let atMs = START + 30 * 24 * HOUR + 3 * HOUR;
  for (let n = 0; n < 40; n++) {
    atMs += 40_000 * random();
    const draw = random();
    if (draw < 0.4) add(atMs, "login-failed", { isAccountKnown: random() < 0.7 });
    else if (draw < 0.5) add(atMs, "login-succeeded", { country: `X${n}` });
    else add(atMs, "activity", { action: `steal-${n}`, sizeBytes: 1e6 * random() });
  }
  return events;
}

/** Plays until the first output. @returns what is held after each event. */
function play(events: readonly Event[], more: Partial<ScorerOptions>): (Held | undefined)[] {
  const scorer = openScorer({ policy, ...more });
  let didSpeak = false;
  const speak = () => {
    didSpeak = true;
  };
  const helds: (Held | undefined)[] = [];
  for (const event of events) {
    scorer.step({ type: "event", event }, { lease: speak, signal: speak });
    if (didSpeak) break;
    helds.push(heldOf(scorer));
  }
  return helds;
}

interface Held {
  readonly levels: Readonly<Record<"declared" | "learned", readonly number[]>>;
  readonly reasons: readonly (readonly Reason[])[];
}

function heldOf(scorer: Scorer): Held | undefined {
  const standings = [ADDRESS, ACCOUNT].map((subject) => scorer.standing(subject));
  const of = (kind: "levelMdb" | "learnedLevelMdb") => standings.map((one) => one?.[kind] ?? 0);
  const reasons = standings.map((one) => [
    ...(one?.reasons.filter(({ kind }) => kind === "declared") ?? []),
    ...(one?.learnedReasons.filter(({ kind }) => kind === "learned") ?? []),
  ]);
  return { levels: { declared: of("levelMdb"), learned: of("learnedLevelMdb") }, reasons };
}

describe("what a reason says of the level without it", () => {
  test("is what the scorer comes to when that detector is silenced, detector by detector", () => {
    const compared = new Map<string, number>();
    for (let seed = 1; seed <= 12; seed++) {
      const events = eventsOf(seed);
      const real = play(events, {});
      const silenced = new Map<string, (Held | undefined)[]>();
      for (const [step, held] of real.entries()) {
        for (const [i, reasons] of (held?.reasons ?? []).entries()) {
          for (const { detector, kind, levelWithoutMdb } of reasons) {
            const run = silenced.get(detector) ?? play(events, { silenced: new Set([detector]) });
            silenced.set(detector, run);
            expect(Math.abs((run[step]?.levels[kind][i] ?? 0) - levelWithoutMdb)).toBeLessThan(2);
            compared.set(detector, (compared.get(detector) ?? 0) + 1);
          }
        }
      }
    }
    const names = [...compared.keys()].sort();
    for (const name of ["failure-run", "failure-pace-quick", "suspicious-name", "novelty"]) {
      expect(names).toContain(name);
    }
  });

  test("of the other kind of evidence is the level itself: it moved nothing", () => {
    for (const held of play(eventsOf(3), {})) expect(held).toBeDefined();
    const scorer = openScorer({ policy });
    for (const event of eventsOf(3)) {
      scorer.step({ type: "event", event }, { lease: () => undefined, signal: () => undefined });
      const standing = scorer.standing(ACCOUNT);
      for (const reason of standing?.reasons ?? []) {
        if (reason.kind === "learned") expect(reason.levelWithoutMdb).toBe(standing?.levelMdb);
      }
    }
  });
});
