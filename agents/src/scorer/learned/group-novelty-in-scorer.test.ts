// First times of a peer group on the whole path from event to reason: two trades on one host, of
// which one does daily what the other has never done. The host has seen it, their groups have not.

import type { Event } from "@ostraka/agents/kernel";
import type { SubjectText } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { additionsOf } from "../configuration.ts";
import { openEnsemble } from "../ensemble.ts";
import {
  DEFAULT_SCORER_POLICY,
  openScorer,
  type Reason,
  restoreScorer,
  type Scorer,
  type ScorerOptions,
} from "../index.ts";
import { seenInWords } from "../reason-words.ts";
import { openScorerOf } from "../scorer.ts";

const START = Date.UTC(2026, 2, 2);
const DAY = 86_400_000;
const DAYS = 45;
const ACTS_A_DAY = 24;
const OPTIONS: ScorerOptions = { policy: { ...DEFAULT_SCORER_POLICY, learnedShare: 0.2 } };
const NOWHERE = { lease: () => undefined, signal: () => undefined };
const TRADES = ["smith", "clerk"];
const SMITH = accountOf("smith", 1);

function accountOf(trade: string, n: number): SubjectText {
  return `user:acme/${trade}-${n}` as SubjectText;
}

function eventOf(trade: string, who: number, timeMs: number, n: number): Event {
  return {
    ...{ id: `${trade}/${who}/${timeMs}`, timeMs, kind: "activity", service: trade, count: 1 },
    account: accountOf(trade, who),
    action: `${trade}-does-${(n * 7 + who) % 4}`,
    target: `${trade}-thing-${n % 3}`,
    process: `${trade}-tool`,
  };
}

/** Four of each trade at work, day by day. */
function live(scorer: Scorer, from: number, to: number): void {
  for (let day = from; day < to; day++) {
    for (let n = 0; n < ACTS_A_DAY; n++) {
      for (const trade of TRADES) {
        for (let who = 0; who < 4; who++) {
          const timeMs = START + day * DAY + 9 * 3_600_000 + n * 600_000 + who * 1_000;
          scorer.step({ type: "event", event: eventOf(trade, who, timeMs, n) }, NOWHERE);
        }
      }
    }
  }
}

/** A smith at work as ever, who then takes up a tool. */
function take(scorer: Scorer, process: string, account = SMITH): void {
  const timeMs = START + DAYS * DAY + 10 * 3_600_000;
  const event = { ...eventOf("smith", 1, timeMs, 0), id: `${account}/${timeMs}`, account };
  scorer.step({ type: "event", event }, NOWHERE);
  const more = { id: `${event.id}+`, timeMs: timeMs + 1_000, process };
  scorer.step({ type: "event", event: { ...event, ...more } }, NOWHERE);
}

function reasonsOf(scorer: Scorer, account = SMITH): ReadonlyMap<string, Reason> {
  const reasons = scorer.standing(account)?.learnedReasons ?? [];
  return new Map(reasons.map((reason) => [reason.detector, reason]));
}

const lived = ((): Uint8Array => {
  const scorer = openScorer(OPTIONS);
  live(scorer, 0, DAYS);
  return scorer.snapshot();
})();

function open(more: Partial<ScorerOptions> = {}): Scorer {
  const scorer = restoreScorer(lived, { ...OPTIONS, ...more });
  if (scorer === undefined) throw new Error("the snapshot was refused");
  return scorer;
}

describe("what another trade does daily and one's own never did", () => {
  test("is told as the group's first time, where the host has seen it for weeks", () => {
    const scorer = open();
    take(scorer, "clerk-tool");
    const reasons = reasonsOf(scorer);
    expect([...reasons.keys()]).toContain("group-novelty");
    expect([...reasons.keys()]).not.toContain("host-novelty");
    const { seen, against } = reasons.get("group-novelty") as Reason;
    expect(seenInWords("group-novelty", seen)).toMatch(
      /^first time anybody of this peer group \(4 members\) used this process, expected one time in \d+$/,
    );
    expect(against).toBe("what it shows, somebody of its peer group has shown before");
  });

  test("is not told of a tool of the own trade, nor of somebody in no group", () => {
    const scorer = open();
    take(scorer, "smith-tool");
    expect([...reasonsOf(scorer).keys()]).not.toContain("group-novelty");
    const newcomer = accountOf("smith", 99);
    take(scorer, "clerk-tool", newcomer);
    expect([...reasonsOf(scorer, newcomer).keys()]).toEqual([]);
  });

  test("is not told where there is no room for profiles, so that nobody has peers", () => {
    const scorer = openScorer({ ...OPTIONS, maxProfiles: 0 });
    live(scorer, 0, DAYS);
    take(scorer, "clerk-tool");
    expect([...reasonsOf(scorer).keys()]).not.toContain("group-novelty");
  });

  test("is new once: a colleague who follows is not told of", () => {
    const scorer = open();
    take(scorer, "clerk-tool");
    const colleague = accountOf("smith", 2);
    take(scorer, "clerk-tool", colleague);
    expect([...reasonsOf(scorer, colleague).keys()]).toContain("novelty");
    expect([...reasonsOf(scorer, colleague).keys()]).not.toContain("group-novelty");
  });

  test("moves the level by what its reason says: silenced, that is what is left", () => {
    const [whole, without] = [open(), open({ silenced: new Set(["group-novelty"]) })];
    take(whole, "clerk-tool");
    take(without, "clerk-tool");
    const said = reasonsOf(whole).get("group-novelty")?.levelWithoutMdb ?? Number.NaN;
    const left = without.standing(SMITH)?.learnedLevelMdb ?? Number.NaN;
    expect(Math.abs(said - left)).toBeLessThan(2);
    expect(whole.standing(SMITH)?.learnedLevelMdb).toBeGreaterThan(left);
    expect([...reasonsOf(without).keys()]).not.toContain("group-novelty");
  });
});

test("a snapshot in the middle of it goes on to the same state", () => {
  const whole = open();
  const half = restoreScorer(whole.snapshot(), OPTIONS) as Scorer;
  for (const scorer of [whole, half]) {
    take(scorer, "clerk-tool");
    live(scorer, DAYS + 1, DAYS + 4);
  }
  expect(half.snapshot()).toEqual(whole.snapshot());
});

test("a snapshot from before there was such a detector is taken up, and its groups begin anew", () => {
  const { profiles = [], ...rest } = additionsOf(OPTIONS);
  const others = profiles.filter(({ name }) => name !== "group-novelty");
  const before = openScorerOf(openEnsemble({ ...rest, profiles: others }), OPTIONS);
  live(before, 0, DAYS);
  const scorer = restoreScorer(before.snapshot(), OPTIONS) as Scorer;
  take(scorer, "clerk-tool");
  const names = [...reasonsOf(scorer).keys()];
  expect(names).toContain("novelty");
  expect(names).not.toContain("group-novelty");
  expect(scorer.counts().profiles).toBe(before.counts().profiles);
});
