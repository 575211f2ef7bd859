import { describe, expect, test } from "vitest";
import { dayValueOf, openBettingAccount } from "../betting-account.ts";
import { openObservation } from "../observation.ts";
import { LEVEL_CEILINGS, supportedLevel } from "../rules/level-ceilings.ts";
import type { RuleHit, RuleLevel } from "../rules/rule-set.ts";
import { type DetectorMemory, NO_NAMES } from "./detector.ts";
import { ANOTHER_CEILING, DAY_STAKE, LEVEL_BETS, openRuleHits } from "./rule-hits.ts";

const SHARE = 0.4;

function hit(number: number, betsAs: RuleLevel): RuleHit {
  const rest = { quietDays: 0, speaksOf: "account" } as const;
  return { id: `r${number}`, title: `Rule ${number}`, level: betsAs, betsAs, number, ...rest };
}

function openDay(): DetectorMemory {
  return { ...openBettingAccount(), chain: 0, mark: 0, names: NO_NAMES };
}

const detector = openRuleHits({
  named: (number) => (number < 16 ? undefined : hit(number, "high")),
});

/** One event with the hits; an event without any is an honest one. */
function see(memory: DetectorMemory, ...hits: RuleHit[]): void {
  detector.observe(memory, {
    ...openObservation(),
    timeMs: 1_000,
    outcome: "acted",
    ruleHits: hits,
  });
}

function mdbOf(memory: DetectorMemory): number {
  return 10_000 * Math.log10(SHARE * memory.open);
}

/** The day account of a day in which events hit as listed. */
function dayOf(...events: (readonly RuleHit[])[]): number {
  const memory = openDay();
  see(memory);
  for (const hits of events) see(memory, ...hits);
  return dayValueOf(memory);
}

describe("bets on hits of rules", () => {
  test("stake no more than the day's bankroll, a tenth kept as cash", () => {
    const total = [...LEVEL_BETS.values()].reduce((sum, { share }) => sum + share, 0);
    expect(total).toBeCloseTo(1, 12);
    expect(dayOf()).toBeCloseTo(1 - DAY_STAKE, 12);
  });

  test("are worth 40 dB at one critical hit and 30 dB at one high one", () => {
    const critical = openDay();
    see(critical, hit(100, "critical"));
    expect(mdbOf(critical)).toBeGreaterThan(40_000);
    const high = openDay();
    see(high, hit(100, "high"));
    expect(mdbOf(high)).toBeGreaterThan(30_000);
    expect(mdbOf(high)).toBeLessThan(31_000);
  });

  test("bet nothing on the same rule again the same day, nor on informational ones", () => {
    const memory = openDay();
    see(memory, hit(100, "high"));
    const { open, today } = memory;
    for (let n = 0; n < 50; n++) see(memory, hit(100, "high"), hit(101, "informational"));
    expect(memory).toMatchObject({ open, today });
  });

  test("count rules that hit one event as one, and a later event as another", () => {
    const together = dayOf([hit(100, "high"), hit(101, "high"), hit(102, "high")]);
    expect(together).toBeCloseTo(dayOf([hit(100, "high")]), 9);
    const apart = dayOf([hit(100, "high")], [hit(101, "high")]);
    expect(apart).toBeGreaterThan(2 * together);
    // What hit together with the first is nothing new later.
    const known = dayOf([hit(100, "high"), hit(101, "high")], [hit(101, "high")]);
    expect(known).toBeCloseTo(together, 9);
  });

  test("reach the signal line at four different high rules on four events of a day", () => {
    const memory = openDay();
    for (const number of [100, 101, 102]) see(memory, hit(number, "high"));
    expect(mdbOf(memory)).toBeLessThan(40_000);
    see(memory, hit(103, "high"));
    expect(mdbOf(memory)).toBeGreaterThan(40_000);
  });

  test("carry half of what was won into the next day, so that one high rule a day never signals", () => {
    const memory = openDay();
    for (let day = 0; day < 200; day++) {
      Object.assign(memory, { today: 0, starts: 0, names: NO_NAMES });
      see(memory, hit(100, "high"));
    }
    expect(mdbOf(memory)).toBeLessThan(34_000);
    for (let day = 0; day < 40; day++) {
      Object.assign(memory, { today: 0, starts: 0, names: NO_NAMES });
      see(memory);
    }
    expect(memory).toMatchObject({ open: 0, staked: 0, wins: 0 });
  });

  test("bet nothing of money that a signal has taken out", () => {
    const memory = openDay();
    see(memory, hit(100, "high"));
    Object.assign(memory, { open: 0, staked: 0, wins: 0 });
    see(memory, hit(101, "high"));
    expect(memory.open).toBe(0);
  });

  test("name the rules of the day and nothing of the event", () => {
    const memory = openDay();
    see(memory, hit(100, "high"));
    see(memory, hit(101, "high"));
    expect(detector.describe(memory)).toBe(
      'eventsWithNewRules=2 betsWon=2 rules="Rule 100" (high); "Rule 101" (high)',
    );
    see(memory, hit(102, "low"), hit(103, "low"));
    expect(detector.describe(memory)).toContain("; and 2 more");
  });
});

type Level = [RuleLevel, number];
const LEVELS = [...LEVEL_CEILINGS] as Level[];

describe("the day account is an e-value at the declared ceilings", () => {
  test("when the levels exclude one another, each at its ceiling", () => {
    let expectation = 0;
    let left = 1;
    for (const [level, p] of LEVELS) {
      const again = ANOTHER_CEILING;
      const alone = dayOf([hit(100, level)]);
      const followed = dayOf([hit(100, level)], [hit(101, level)]);
      expectation += p * ((1 - again) * alone + again * followed);
      left -= p;
    }
    expect(expectation + left * dayOf()).toBeLessThanOrEqual(1 + 1e-9);
  });

  test("when all levels fire on one event, as often as the strictest may", () => {
    // Nested: critical days are high days are medium days are low days.
    let expectation = 0;
    let stricter = 0;
    for (const [i, [, p]] of LEVELS.entries()) {
      const firing = LEVELS.slice(i).map(([level], n) => hit(100 + n, level));
      expectation += (p - stricter) * dayOf(firing);
      stricter = p;
    }
    expect(expectation + (1 - stricter) * dayOf()).toBeLessThanOrEqual(1 + 1e-9);
  });

  test("when each rule draws another at the ceiling, for as long as the day lasts", () => {
    for (const [level, p] of LEVELS) {
      let expectation = (1 - p) * dayOf();
      let chance = p;
      const events: RuleHit[][] = [];
      for (let n = 0; n < 20; n++) {
        events.push([hit(100 + n, level)]);
        const isLast = n === 19;
        expectation += chance * (isLast ? 1 : 1 - ANOTHER_CEILING) * dayOf(...events);
        chance *= ANOTHER_CEILING;
      }
      expect(expectation).toBeLessThanOrEqual(1 + 1e-9);
    }
  });

  test("in 100,000 simulated days of a class hotter than the levels, scaled to be seen", () => {
    // The real ceilings are too rare to draw; the payoffs are taken at them and weighted back.
    let seed = 12_345;
    const random = () => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return seed / 2 ** 32;
    };
    const days = 100_000;
    const scale = 50;
    let sum = 0;
    let squares = 0;
    for (let day = 0; day < days; day++) {
      const events: RuleHit[][] = [];
      let weight = 1;
      for (const [i, [level, p]] of LEVELS.entries()) {
        // Importance sampling: fires `scale` times as often, and weighs so much less.
        const q = Math.min(0.5, p * scale);
        const fires = random() < q;
        weight *= fires ? p / q : (1 - p) / (1 - q);
        if (fires) events.push([hit(100 + i, level)]);
      }
      const value = weight * (events.length > 1 ? dayOf(events.flat()) : dayOf(...events));
      sum += value;
      squares += value * value;
    }
    const mean = sum / days;
    const deviation = Math.sqrt((squares / days - mean * mean) / days);
    expect(mean - 2 * deviation).toBeLessThanOrEqual(1);
  });
});

describe("what stands behind a level", () => {
  test.each([
    ["critical", undefined, undefined, "critical"],
    ["critical", 300_000, undefined, "critical"],
    ["critical", 299_999, undefined, "high"],
    ["high", 3_000, undefined, "medium"],
    ["high", 100, undefined, "informational"],
    ["medium", 1_000_000_000, undefined, "medium"],
    ["low", undefined, 1_000_000, "low"],
    ["critical", undefined, 10_000, "high"],
    ["critical", 1_000_000, 100, "low"],
    ["informational", 1_000_000, undefined, "informational"],
  ] as const)("a %s rule with %s quiet days and one false hit in %s bets as %s", (...row) => {
    const [level, quietDays, falsePerDays, expected] = row;
    expect(supportedLevel(level, quietDays, falsePerDays)).toBe(expected);
  });
});
