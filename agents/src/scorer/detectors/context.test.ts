import { describe, expect, test } from "vitest";
import { beginDay, dayValueOf, emptyOpen, openBettingAccount } from "../betting-account.ts";
import { type Observation, openObservation } from "../observation.ts";
import { CONTEXT_DETECTORS } from "./context.ts";
import { type Detector, type DetectorMemory, NO_NAMES } from "./detector.ts";
import { FIRST_TIME_BET, QUIET_DAYS_MIN } from "./first-after-days.ts";
import { impossibleTravel, kmBetween, TRAVEL_BET } from "./impossible-travel.ts";
import { INTEL_LISTS_MAX, openIntelHit } from "./intel-hit.ts";
import { newPrivilege } from "./new-privilege.ts";
import { unmanagedDevice } from "./unmanaged-device.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 2, 2);
const BERLIN = { latitude: 52.5, longitude: 13.4, networkHash: 11 };
const POTSDAM = { latitude: 52.4, longitude: 13.06, networkHash: 12 };
const NEW_YORK = { latitude: 40.7, longitude: -74, networkHash: 13 };
const AUCKLAND = { latitude: -36.85, longitude: 174.76, networkHash: 14 };
const FIJI = { latitude: -17.8, longitude: -178, networkHash: 15 };

/** One subject, its days begun as the scorer does. */
class Life {
  readonly memory: DetectorMemory = { ...openBettingAccount(), chain: 0, mark: 0, names: NO_NAMES };
  readonly detector: Detector;
  #day = -1;

  constructor(detector: Detector) {
    this.detector = detector;
  }

  see(hours: number, more: Partial<Observation>): this {
    const timeMs = START + hours * HOUR;
    const day = Math.floor(timeMs / DAY);
    if (day > this.#day) {
      beginDay(this.memory);
      this.memory.names = NO_NAMES;
      this.#day = day;
    }
    const seen = { ...openObservation(), outcome: "succeeded" as const, timeMs, ...more };
    this.detector.observe(this.memory, seen);
    return this;
  }

  get today(): number {
    return dayValueOf(this.memory);
  }
}

describe("impossible travel", () => {
  const travel = (...stops: [number, Partial<Observation>][]): number => {
    const life = new Life(impossibleTravel);
    for (const [hours, place] of stops) life.see(hours, place);
    return life.memory.wins;
  };

  test("is two places and too little time between them, and not with time enough", () => {
    expect(travel([0, BERLIN], [1, NEW_YORK])).toBe(1);
    expect(travel([0, BERLIN], [7, NEW_YORK])).toBe(0);
  });

  test("is not the next town, nor the same network under another place", () => {
    expect(travel([0, BERLIN], [0, POTSDAM])).toBe(0);
    expect(travel([0, BERLIN], [1, { ...NEW_YORK, networkHash: 11 }])).toBe(0);
  });

  test("goes the short way round the date line", () => {
    expect(travel([0, AUCKLAND], [3, FIJI])).toBe(0);
    expect(kmBetween(0, 179, 0, -179)).toBeCloseTo(222.4, 0);
  });

  test("needs a place on both ends, a success, and an order of events", () => {
    expect(travel([0, BERLIN], [1, { networkHash: 9 }])).toBe(0);
    expect(travel([0, BERLIN], [1, { ...NEW_YORK, latitude: Number.NaN }])).toBe(0);
    expect(travel([0, BERLIN], [1, { ...NEW_YORK, outcome: "failed" }])).toBe(0);
    expect(travel([0, BERLIN], [1, { ...NEW_YORK, isLate: true }])).toBe(0);
    expect(travel([0, BERLIN], [1, { ...NEW_YORK, outcome: "acted" }])).toBe(1);
  });

  test("does not begin where an event that was held back had been", () => {
    const before = { ...NEW_YORK, isLate: true, isHeldBack: true };
    expect(travel([0, BERLIN], [0.5, before], [1, BERLIN])).toBe(0);
  });

  test("is seen over midnight, and forgotten with the run", () => {
    const life = new Life(impossibleTravel).see(23, BERLIN).see(24.5, NEW_YORK);
    expect(life.memory.wins).toBe(1);
    const idle = new Life(impossibleTravel).see(0, BERLIN);
    idle.memory.chain = 0;
    expect(idle.see(455.1 * 24, NEW_YORK).memory.wins).toBe(0);
  });

  test("pays once a day, then not for thirty active days: it is a VPN", () => {
    const life = new Life(impossibleTravel);
    for (let day = 0; day < 31; day++) {
      life
        .see(24 * day, BERLIN)
        .see(24 * day + 1, NEW_YORK)
        .see(24 * day + 2, BERLIN);
    }
    expect(life.memory.wins).toBe(1);
    expect(life.today).toBe(1);
    const calm = new Life(impossibleTravel).see(0, BERLIN).see(1, NEW_YORK);
    expect(calm.today).toBeCloseTo(0.5 + 0.5 * TRAVEL_BET.win, 9);
    for (let day = 1; day <= 31; day++) calm.see(24 * day, NEW_YORK);
    expect(calm.see(24 * 31 + 1, BERLIN).today).toBeCloseTo(0.5 + 0.5 * TRAVEL_BET.win, 9);
  });

  test("keeps the place within twenty kilometres in one exact number", () => {
    for (const place of [BERLIN, NEW_YORK, AUCKLAND, FIJI]) {
      for (const edge of [place, { ...place, latitude: 90, longitude: 180 }]) {
        const life = new Life(impossibleTravel).see(1e6, edge);
        expect(Number.isSafeInteger(life.memory.mark)).toBe(true);
        // The same place at the same time from elsewhere is no journey.
        expect(life.see(1e6, { ...edge, networkHash: 99 }).memory.wins).toBe(0);
      }
    }
  });
});

describe.each([
  [unmanagedDevice, { posture: 1 as const }, { posture: -1 as const }],
  [newPrivilege, {}, { isPrivilegeUse: true }],
  [newPrivilege, {}, { isPrivilegeGrant: true }],
])("$name", (detector, usual, first) => {
  const known = (days: number): Life => {
    const life = new Life(detector);
    for (let day = 0; day < days; day++) life.see(24 * day, usual);
    return life;
  };

  test("is bet on after thirty quiet days, and not after fewer", () => {
    const after = (days: number) =>
      known(days)
        .see(24 * days, usual)
        .see(24 * days + 1, first);
    expect(after(QUIET_DAYS_MIN).today).toBeCloseTo(0.5 + 0.5 * FIRST_TIME_BET.win, 9);
    expect(after(QUIET_DAYS_MIN - 1).today).toBe(1);
  });

  test("is bet on when it comes first in its day, and once", () => {
    const life = known(QUIET_DAYS_MIN).see(24 * QUIET_DAYS_MIN, first);
    const won = life.today;
    expect(won).toBeGreaterThan(20);
    expect(life.see(24 * QUIET_DAYS_MIN + 1, first).today).toBe(won);
    for (let day = 31; day < 60; day++) life.see(24 * day, usual).see(24 * day + 1, first);
    expect(life.today).toBe(1);
  });

  test("says nothing of a failed login, which anyone may cause", () => {
    const life = known(QUIET_DAYS_MIN).see(24 * QUIET_DAYS_MIN, { ...first, outcome: "failed" });
    expect(life.memory.wins).toBe(0);
    expect(life.today).toBe(1);
  });
});

test("a device of which nothing is known neither counts nor breaks the quiet days", () => {
  const life = new Life(unmanagedDevice);
  for (let day = 0; day < 90; day++) life.see(24 * day, { posture: day % 3 === 0 ? 1 : 0 });
  expect(life.memory.mark).toBe(30);
});

describe("a hit of intelligence", () => {
  const two = [
    { name: "a", ceiling: 0.01 },
    { name: "b", ceiling: 0.1 },
  ];
  const hit = (intelMask: number) => ({ intelMask });

  test("pays what its list declares, and another list of the same day adds", () => {
    const life = new Life(openIntelHit(two)).see(0, hit(0)).see(1, hit(1));
    expect(life.today).toBeCloseTo(0.5 + 0.25 * (90 + 0.1 / 0.9), 9);
    expect(life.see(2, hit(1)).today).toBeCloseTo(0.5 + 0.25 * (90 + 0.1 / 0.9), 9);
    expect(life.see(3, hit(2)).today).toBeCloseTo(0.5 + 0.25 * 99, 9);
    expect(life.detector.describe(life.memory)).toBe("listsToday=2 hits=2 ofLists=2");
  });

  test("is not bet on again for thirty days, however often it comes", () => {
    const life = new Life(openIntelHit(two));
    for (let day = 0; day < 90; day++) life.see(24 * day, hit(1));
    expect(life.today).toBe(1);
    life.see(24 * 119, hit(1));
    expect(life.today).toBe(1);
    expect(life.see(24 * 150, hit(1)).today).toBeGreaterThan(20);
  });

  test("speaks of a source that failed, too", () => {
    expect(new Life(openIntelHit(two)).see(0, { ...hit(1), outcome: "failed" }).memory.wins).toBe(
      1,
    );
  });

  test("a bit of no list is none", () => {
    expect(new Life(openIntelHit(two)).see(0, hit(4)).memory.wins).toBe(0);
  });

  test("is declared with one to sixteen lists, each of a ceiling that is a small share", () => {
    expect(() => openIntelHit([])).toThrow(RangeError);
    const many = Array.from({ length: INTEL_LISTS_MAX + 1 }, () => ({ name: "x", ceiling: 0.01 }));
    expect(() => openIntelHit(many)).toThrow(RangeError);
    expect(openIntelHit(many.slice(1)).name).toBe("intel-hit");
    for (const ceiling of [0, -1, 0.6, Number.NaN]) {
      expect(() => openIntelHit([{ name: "x", ceiling }])).toThrow("list x needs a ceiling");
    }
    expect(openIntelHit([{ name: "tor", ceiling: 0.07 }]).against).toContain("tor 7 %");
  });
});

describe("every bet of a day", () => {
  const intel = openIntelHit([{ name: "a", ceiling: 0.01 }]);
  const bets: [string, Detector, number, Partial<Observation>, Partial<Observation>][] = [
    ["travel", impossibleTravel, 0.01, BERLIN, NEW_YORK],
    ["device", unmanagedDevice, 0.02, { posture: 1 }, { posture: -1 }],
    ["privilege", newPrivilege, 0.02, {}, { isPrivilegeUse: true }],
    ["list", intel, 0.01, {}, { intelMask: 1 }],
  ];

  test.each(bets)("is worth at most 1 on average at its ceiling: %s", (...args) => {
    const [, detector, p, usual, strange] = args;
    const after = (last: Partial<Observation>, carried: number): Life => {
      const life = new Life(detector);
      for (let day = 0; day < 31; day++) life.see(24 * day, usual);
      life.memory.open = carried;
      life.memory.staked = carried;
      return life.see(24 * 31, usual).see(24 * 31 + 1, last);
    };
    for (const carried of [0, 50]) {
      const [yes, no] = [after(strange, carried), after(usual, carried)];
      expect(yes.memory.wins).toBeGreaterThan(0);
      const day = p * yes.today + (1 - p) * no.today;
      expect(day).toBeGreaterThan(0.9);
      expect(day).toBeLessThanOrEqual(1 + 1e-9);
      const open = p * yes.memory.open + (1 - p) * no.memory.open;
      expect(open).toBeLessThanOrEqual(carried + 0.5 + 1e-9);
    }
  });

  test.each(bets)("is laid once a day, a pardon in between or not: %s", (...args) => {
    const [, detector, , usual, strange] = args;
    const life = new Life(detector);
    for (let day = 0; day < 31; day++) life.see(24 * day, usual);
    life.see(24 * 31, usual);
    // What a pardon does (subject-state, forgetEvidence).
    emptyOpen(life.memory);
    Object.assign(life.memory, { chain: 0, names: NO_NAMES, today: 0 });
    life.see(24 * 31 + 1, usual).see(24 * 31 + 2, strange);
    expect(life.today).toBeLessThanOrEqual(1);
  });

  test("leaves room for the detectors of logins, with rules and lists beside", () => {
    const rules = 0.4;
    const sum = CONTEXT_DETECTORS.reduce((total, { share }) => total + share, intel.share + rules);
    expect(sum).toBeLessThanOrEqual(0.8);
  });
});
