import { describe, expect, test } from "vitest";
import { dayValueOf, openBettingAccount, stake } from "../betting-account.ts";
import { SOURCE_DETECTORS } from "../ensemble.ts";
import { type Observation, openObservation } from "../observation.ts";
import { accountSpread, STEP_BET } from "./account-spread.ts";
import { AFTER_BURST_BET, afterBurst } from "./after-burst.ts";
import { type Detector, type DetectorMemory, NO_NAMES } from "./detector.ts";
import {
  BURST_BET,
  FAST_BET,
  failurePaceBurst,
  failurePaceFast,
  failurePaceQuick,
  QUICK_BET,
} from "./failure-pace.ts";
import { failureRun, RETRY_BET } from "./failure-run.ts";
import { DEEP_BET, EARLY_BET, FIRST_BET, suspiciousName } from "./suspicious-name.ts";

interface Branch {
  readonly chance: number;
  readonly seen: Partial<Observation>;
}

/** What may happen next, with the largest conditional chances that the null allows. */
type World = (memory: DetectorMemory) => readonly Branch[];

const SUCCESS: Partial<Observation> = { outcome: "succeeded", isRefused: false, nameHash: 7 };
const FAILURE: Partial<Observation> = { outcome: "failed", isRefused: true, nameHash: 8 };

function yesNo(chance: number, yes: Partial<Observation>, no: Partial<Observation>): Branch[] {
  return [
    { chance, seen: yes },
    { chance: 1 - chance, seen: no },
  ];
}

function openMemory(): DetectorMemory {
  return { ...openBettingAccount(), chain: 0, mark: 0, names: NO_NAMES };
}

interface Expectation {
  readonly day: number;
  readonly open: number;
  /** Of the stakes ever put into `open`. */
  readonly staked: number;
}

/** Exact expectations over every course of `depth` observations. */
function expectation(detector: Detector, world: World, depth: number): Expectation {
  const total = { day: 0, open: 0, staked: 0 };
  const walk = (memory: DetectorMemory, chance: number, left: number): void => {
    if (left === 0) {
      total.day += chance * dayValueOf(memory);
      total.open += chance * memory.open;
      total.staked += chance * (1 - 1 / (memory.starts + 1));
      return;
    }
    for (const branch of world(memory)) {
      if (branch.chance === 0) continue;
      const next = { ...memory };
      detector.observe(next, { ...openObservation(), timeMs: depth - left, ...branch.seen });
      walk(next, chance * branch.chance, left - 1);
    }
  };
  walk(openMemory(), 1, depth);
  return total;
}

const retries: World = (memory) =>
  yesNo(memory.chain > 0 ? RETRY_BET.ceiling : 0.2, FAILURE, SUCCESS);

function paced(ceiling: number, paceMs: number, gaps = 2): World {
  const fast = { ...FAILURE, gapMs: paceMs };
  const slow = { ...FAILURE, gapMs: paceMs + 1 };
  return (memory) => yesNo(memory.chain >= gaps ? ceiling : 0.6, fast, slow);
}

const steps: World = (memory) => {
  const further = { ...FAILURE, nameHash: 100 + memory.names.length };
  return yesNo(memory.chain > 0 ? STEP_BET.ceiling : 0.3, further, SUCCESS);
};

const names: World = (memory) => {
  const bad = { ...FAILURE, isSuspiciousName: true };
  const same = { ...bad, nameHash: memory.mark };
  const other = { ...bad, nameHash: memory.mark + 2 };
  if (memory.chain === 0)
    return yesNo(memory.starts === 0 ? FIRST_BET.ceiling : 0.4, other, SUCCESS);
  const bet = memory.chain < 3 ? EARLY_BET : DEEP_BET;
  const good = 1 - bet.sameCeiling - bet.otherCeiling;
  return [
    { chance: bet.sameCeiling, seen: same },
    { chance: bet.otherCeiling, seen: other },
    { chance: good, seen: SUCCESS },
  ];
};

const CASES: readonly (readonly [Detector, World, number])[] = [
  [failureRun, retries, 14],
  [failurePaceBurst, paced(BURST_BET.ceiling, 1_000, 1), 14],
  [failurePaceFast, paced(FAST_BET.ceiling, 5_000), 14],
  [failurePaceQuick, paced(QUICK_BET.ceiling, 60_000), 14],
  [accountSpread, steps, 14],
  [suspiciousName, names, 9],
];

describe("every declared detector, at the ceiling of its null", () => {
  test.each(
    CASES.map(([detector, world, depth]) => ({ name: detector.name, detector, world, depth })),
  )("$name keeps its day account at 1 and its level within its stakes", (one) => {
    const { detector, world, depth } = one;
    for (const n of [1, 3, depth]) {
      const found = expectation(detector, world, n);
      expect(found.day).toBeCloseTo(1, 9);
      expect(found.open).toBeLessThanOrEqual(found.staked + 1e-9);
    }
  });

  test("a success that looks like a slip never pays more than the bet allows", () => {
    const own: World = (memory) => yesNo(0.35, FAILURE, { ...SUCCESS, nameHash: memory.mark });
    for (const detector of [failureRun, failurePaceBurst, failurePaceFast, failurePaceQuick]) {
      expect(expectation(detector, own, 10).day).toBeLessThanOrEqual(1 + 1e-9);
    }
  });

  test("a mutant that stakes after it has seen the outcome is caught", () => {
    const mutant: Detector = {
      ...failureRun,
      observe(memory, seen) {
        if (seen.outcome === "failed") stake(memory, seen.timeMs);
        memory.chain = Math.max(memory.chain, 1);
        failureRun.observe(memory, seen);
      },
    };
    expect(expectation(mutant, retries, 6).day).toBeGreaterThan(1.02);
  });

  test("a mutant with a start mass per event instead of per day is caught", () => {
    const mutant: Detector = {
      ...failureRun,
      observe(memory, seen) {
        failureRun.observe(memory, seen);
        memory.today += 0.5;
      },
    };
    expect(expectation(mutant, retries, 6).day).toBeGreaterThan(1.5);
  });

  test("the shares of a source's detectors add to 1", () => {
    const sum = SOURCE_DETECTORS.reduce((total, detector) => total + detector.share, 0);
    expect(sum).toBeCloseTo(1, 12);
  });
});

describe("failure pace", () => {
  test("a folded line wins only when all of it fits the pace", () => {
    const wins = (gapMs: number): number => {
      const memory = openMemory();
      const seen = (isRepeat: boolean) => ({ ...openObservation(), ...FAILURE, gapMs, isRepeat });
      for (let n = 0; n < 6; n++) failurePaceFast.observe(memory, seen(n > 0));
      return memory.wins;
    };
    expect(wins(5_000)).toBe(4);
    expect(wins(5_001)).toBe(0);
  });

  test.each([failurePaceBurst, failurePaceFast, failurePaceQuick])(
    "$name ends with any success",
    (detector) => {
      const memory = openMemory();
      const failure = { ...openObservation(), ...FAILURE, gapMs: 1_000 };
      for (let n = 0; n < 9; n++) detector.observe(memory, failure);
      const before = memory.open;
      detector.observe(memory, { ...openObservation(), ...SUCCESS });
      expect(memory.open).toBeLessThan(before);
      expect(memory.open).toBeGreaterThan(0);
      expect(memory.chain).toBe(0);
    },
  );

  test("a late failure says nothing about pace", () => {
    const memory = openMemory();
    for (let n = 0; n < 9; n++) {
      failurePaceFast.observe(memory, { ...openObservation(), ...FAILURE, gapMs: 0, isLate: true });
    }
    expect(memory.starts).toBe(0);
  });
});

describe("account spread", () => {
  test("a repeated failure on one account is no step, and a new day does not make it one", () => {
    const memory = openMemory();
    for (let n = 0; n < 5; n++) accountSpread.observe(memory, { ...openObservation(), ...FAILURE });
    expect(memory.wins).toBe(0);
    memory.names = NO_NAMES;
    accountSpread.observe(memory, { ...openObservation(), ...FAILURE });
    expect(memory.wins).toBe(0);
  });

  test("stops betting when its list of names is full", () => {
    const memory = openMemory();
    for (let n = 1; n <= 100; n++) {
      accountSpread.observe(memory, { ...openObservation(), ...FAILURE, nameHash: n });
    }
    expect(memory.names).toHaveLength(32);
    expect(memory.wins).toBe(31);
  });
});

describe("after a burst", () => {
  test("a day is worth at most 1 on average at the ceiling", () => {
    const leased = { ...SUCCESS, isSourceLeased: true };
    const play = (third: Partial<Observation>): number => {
      const memory = openMemory();
      for (const seen of [SUCCESS, SUCCESS, third, SUCCESS]) {
        afterBurst.observe(memory, { ...openObservation(), ...seen });
      }
      return dayValueOf(memory);
    };
    const p = AFTER_BURST_BET.ceiling;
    expect(p * play(leased) + (1 - p) * play(SUCCESS)).toBeLessThanOrEqual(1 + 1e-9);
    expect(play(leased)).toBeGreaterThan(40);
  });

  test("a failed login says nothing about the account it names", () => {
    const memory = openMemory();
    afterBurst.observe(memory, { ...openObservation(), ...FAILURE, isSourceLeased: true });
    expect(dayValueOf(memory)).toBe(1);
  });
});
