// What teaches the scorer, and how fast: an attacker must move slowly, a new host is silent, nobody
// teaches peers before he is vouched for, and a refused attempt teaches nothing.

import { readFileSync } from "node:fs";
import type { Event } from "@ostraka/agents/kernel";
import { DEFAULT_SCORER_POLICY, openScorer, type Scorer } from "@ostraka/agents/scorer";
import type { SubjectText } from "@ostraka/proto";
import { describe, expect, it } from "vitest";
import { Random } from "../../sim/random.ts";
import { blockIn, PAGE, teachingBlock } from "../promise/readme-table.ts";
import { DAY_MS, START_DAY } from "../promise/source-life.ts";
import { openTestbed } from "../testbed/event-stream.ts";
import {
  ACCOUNT,
  ADDRESS,
  fewestDaysOfAll,
  NOTICED_MDB,
  RAMPS,
  type Ramp,
  SlowAccount,
  usualAct,
} from "./slow-ramp.ts";

const LIMIT_MS = 180_000;
const NOWHERE = { lease: () => undefined, signal: () => undefined };

describe("somebody who goes over to other ways", () => {
  it(
    "needs weeks to stay unnoticed, or is not looked for: as many days as the page says",
    () => {
      const days = new Map(fewestDaysOfAll());
      // A quarter of what was measured: a detector may change, an order of size may not.
      expect(days.get("a thousand times as large")).toBeGreaterThanOrEqual(64);
      expect(days.get("twenty times as many")).toBeGreaterThanOrEqual(16);
      const page = blockIn(readFileSync(PAGE, "utf8"), "teaching");
      expect(page, "run node test/eval/promise/readme-table.ts").toBe(teachingBlock([...days]));
    },
    LIMIT_MS,
  );

  it("is noticed when he does it all at once, and left alone when he stays as he is", () => {
    const stays = new SlowAccount(1);
    const [larger] = RAMPS as [Ramp];
    stays.goOver({ ...larger, act: (_, random) => usualAct(random) }, 20);
    expect(stays.highestMdb).toBeLessThan(NOTICED_MDB);
    const goes = new SlowAccount(1);
    goes.goOver(larger, 1);
    expect(goes.highestMdb).toBeGreaterThan(NOTICED_MDB);
  });

  it("teaches nothing by attempts that are refused", () => {
    const slow = new SlowAccount(1);
    const before = slow.scorer.standing(ACCOUNT);
    const counts = slow.scorer.counts();
    const random = new Random(1);
    for (let n = 0; n < 5_000; n++) {
      const timeMs = (START_DAY + 90) * DAY_MS + n * 10_000;
      const fields = { account: ACCOUNT, address: `address:45.0.0.${n % 250}` as SubjectText };
      const event = {
        ...usualAct(random),
        ...fields,
        service: "sshd",
        count: 1,
        method: "password",
      };
      const refused: Event = { ...event, id: `r${n}`, timeMs, kind: "login-failed" };
      slow.scorer.step({ type: "event", event: refused }, NOWHERE);
    }
    expect(slow.scorer.standing(ACCOUNT)).toEqual(before);
    expect(slow.scorer.counts().profiles).toBe(counts.profiles);
  });
});

describe("a new host", () => {
  it(
    "is silent: no signal in its first two weeks, of either kind, however the budget is shared",
    () => {
      for (const seed of [1, 2]) {
        const shape = { seed, people: 60, quietDays: 14, each: 1 };
        const told = signalsOf(shape, START_DAY + 14);
        expect(told, `seed ${seed}`).toEqual([]);
      }
    },
    LIMIT_MS,
  );
});

/** Signals of fifty new hosts up to a day, with half of the budget given to learned evidence. */
function signalsOf(shape: Parameters<typeof openTestbed>[0], untilDay: number): string[] {
  const told: string[] = [];
  const out = {
    lease: () => undefined,
    signal: ({ subject, evidenceKind }: { subject: string; evidenceKind: string }) =>
      void told.push(`${evidenceKind} ${subject}`),
  };
  const policy = { ...DEFAULT_SCORER_POLICY, learnedShare: 0.5 };
  const scorers = new Map<number, Scorer>();
  for (const { host, event } of openTestbed(shape).events()) {
    if (event.timeMs >= untilDay * DAY_MS) break;
    const scorer = scorers.get(host) ?? openScorer({ policy, hasContext: true });
    scorers.set(host, scorer);
    scorer.step({ type: "event", event }, out);
  }
  return told;
}

describe("the past of peers", () => {
  it("is made by the vouched: what a stranger does all day makes nothing usual for others", () => {
    const alone = afterDumps(new SlowAccount(3));
    expect(alone).not.toEqual([]);
    expect(afterDumps(withPeer(1))).toEqual(alone);
    // The nearest that does teach: the same on a fourth day, by which it is vouched for.
    expect(afterDumps(withPeer(4))).not.toEqual(alone);
  });
});

const FIRST_DAY = START_DAY + 100;

/** A host with an account of a past, and another that does one thing all day for some days. */
function withPeer(days: number): SlowAccount {
  const slow = new SlowAccount(3);
  const random = new Random(9);
  for (let n = 0; n < 500 * days; n++) {
    const timeMs = (FIRST_DAY + Math.floor(n / 500)) * DAY_MS + (n % 500) * 60_000;
    const account = "user:acme/stranger" as SubjectText;
    const who = { account, address: ADDRESS, service: "app", count: 1 };
    const act = { ...usualAct(random), action: "dump" };
    const event: Event = { ...act, ...who, id: `s${n}`, timeMs, kind: "activity" };
    slow.scorer.step({ type: "event", event }, NOWHERE);
  }
  return slow;
}

/**
 * What is said by the detector that looks at peers' actions, of an account that now does it too.
 */
function afterDumps({ scorer }: SlowAccount): string[] {
  const said = new Set<string>();
  for (let n = 0; n < 100; n++) {
    const event: Event = {
      id: `d${n}`,
      timeMs: (FIRST_DAY + 10) * DAY_MS + n * 60_000,
      kind: "activity",
      service: "app",
      count: 1,
      account: ACCOUNT,
      address: ADDRESS,
      action: "dump",
    };
    scorer.step({ type: "event", event }, NOWHERE);
    for (const { detector, seen } of scorer.standing(ACCOUNT)?.reasons ?? []) {
      if (detector === "sequence") said.add(seen);
    }
  }
  return [...said];
}
