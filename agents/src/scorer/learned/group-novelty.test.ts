import { describe, expect, test } from "vitest";
import {
  DAY_MS,
  MONDAY,
  openChance,
  ranksOf,
  seenAt,
  shareAtMost,
} from "../../../testkit/learned-run.ts";
import { hashText, type Observation } from "../observation.ts";
import { groupNovelty } from "./group-novelty.ts";
import { betOf, HISTORY_MIN } from "./learned-account.ts";
import {
  addStrangeness,
  asStrangeAs,
  HISTORY_HALVES,
  type Histories,
  historyOf,
} from "./rank-history.ts";

const GRACE_DAYS = 7;
const TRIALS_MIN = 32;

/** A group of some members, told things as the scorer does. */
class Group {
  readonly peers: Int32Array;
  readonly own: Int32Array[];
  day = 0;

  constructor(size: number, peers = new Int32Array(groupNovelty.peerWords)) {
    this.peers = peers;
    this.own = Array.from({ length: size }, () => new Int32Array(groupNovelty.words));
  }

  /** Now, of one member. */
  at(who: number, more: Partial<Observation>): Observation {
    const nameHash = hashText(`user:acme/member-${who}`);
    return seenAt(MONDAY + this.day * DAY_MS + 9 * 3_600_000, { nameHash, ...more });
  }

  tell(who: number, more: Partial<Observation>, isTaught = true, peers = this.peers): number {
    const own = this.own[who] as Int32Array;
    const seen = this.at(who, more);
    const before = [own.slice(), this.peers.slice()];
    const strangeness = groupNovelty.strangeness(own, peers, seen);
    groupNovelty.describe(own, peers, seen);
    expect([own, this.peers]).toEqual(before);
    groupNovelty.note(own, seen, peers);
    if (isTaught) {
      groupNovelty.teach(this.peers, own, seen);
      groupNovelty.learn(own, seen);
    }
    return strangeness;
  }

  describe(who: number, more: Partial<Observation>): string {
    return groupNovelty.describe(this.own[who], this.peers, this.at(who, more));
  }

  /** Days on which everybody uses the same two programs and one country. */
  live(days: number, except = -1): void {
    for (let n = 0; n < days; n++, this.day++) {
      for (let who = 0; who < this.own.length; who++) {
        if (who === except) continue;
        for (let i = 0; i < 4; i++) this.tell(who, habit(i));
      }
    }
  }
}

function habit(i: number): Partial<Observation> {
  return { agentHash: hashText(`usual ${i % 2}`), countryHash: hashText("DE") };
}

const other = (n: number): Partial<Observation> => ({
  ...habit(0),
  agentHash: hashText(`new ${n}`),
});

function settled(size = 5, days = 40): Group {
  const group = new Group(size);
  group.live(days);
  return group;
}

describe("what nobody of a peer group has shown", () => {
  test("is strange, by Good and Turing's chance of it, and what a peer has shown is not", () => {
    const group = settled();
    group.tell(0, habit(0));
    expect(group.tell(0, habit(1))).toBeNaN();
    // 40 days of 5 members with 4 trials each, none seen just once: 0.5 in 801 and one.
    expect(group.tell(0, other(1))).toBe(12);
    group.day++;
    group.tell(1, habit(0));
    expect(group.tell(1, other(1))).toBeNaN();
    expect(group.tell(1, other(2))).toBeGreaterThan(8);
  });

  test("is told in numbers that can be read aloud", () => {
    const group = settled();
    const both = { ...other(1), countryHash: hashText("XX") };
    expect(group.describe(0, both)).toMatch(
      /^newCountry=1 newAgent=1 groupMembers=5 expectedOneIn=\d+$/,
    );
    expect(group.describe(0, habit(0))).toMatch(/^newFacets=0 groupMembers=5 expectedOneIn=1$/);
  });

  test("is spoken of once a day and facet, and each day's first says that nothing is new", () => {
    const group = settled();
    expect(group.tell(0, habit(0))).toBe(0);
    expect(group.tell(0, habit(0))).toBeNaN();
    expect(group.tell(0, other(1))).toBeGreaterThan(0);
    expect(group.tell(0, other(2))).toBeNaN();
    expect(group.tell(0, { ...other(3), countryHash: hashText("XX") })).toBeGreaterThan(0);
  });

  test("is never an account's own name nor its device", () => {
    const group = settled();
    group.tell(0, habit(0));
    expect(group.tell(0, { ...habit(0), deviceHash: 77, nameHash: 78 })).toBeNaN();
  });
});

describe("who is not spoken about", () => {
  test("whoever has no profile, or is compared with the whole host", () => {
    const group = settled();
    expect(groupNovelty.strangeness(undefined, group.peers, group.at(0, other(1)))).toBeNaN();
    const host = new Int32Array(groupNovelty.peerWords);
    expect(group.tell(0, other(1), true, host)).toBeNaN();
    expect(group.tell(0, other(2))).toBeGreaterThan(0);
  });

  test("a group of two; a group of three is", () => {
    for (const [size, isHeard] of [
      [2, false],
      [3, true],
    ] as const) {
      const group = settled(size, 80);
      expect(group.tell(0, other(1)) > 0, `${size} members`).toBe(isHeard);
    }
  });

  test("a member in its first seven days in a group, then it is", () => {
    const group = settled();
    group.own.push(new Int32Array(groupNovelty.words));
    const late = group.own.length - 1;
    for (let n = 0; n <= GRACE_DAYS; n++, group.day++) {
      group.tell(late, habit(0));
      const said = group.tell(late, other(n));
      expect(said > 0, `day ${n}`).toBe(n >= GRACE_DAYS);
    }
  });

  test("a facet that the group has tried 31 times; after 32 it is", () => {
    const group = settled();
    const process = (n: number) => ({ ...habit(0), processHash: hashText(`process ${n}`) });
    for (let n = 0; n < TRIALS_MIN; n++) {
      if (n % 4 === 0) group.day++;
      expect(group.tell(n % 4, process(0))).toBeOneOf([0, Number.NaN]);
    }
    group.day++;
    // One new thing in 32 trials was its first.
    expect(group.tell(0, process(1))).toBeGreaterThan(0);
    const young = settled();
    for (let n = 0; n < TRIALS_MIN - 1; n++) {
      if (n % 4 === 0) young.day++;
      young.tell(n % 4, process(0));
    }
    young.day++;
    expect(young.tell(0, process(1))).toBe(0);
  });

  test("whoever comes to another group that has taken the place of its own", () => {
    const group = settled();
    const next = new Group(4);
    next.day = 3;
    next.live(50);
    next.own[0] = group.own[0] as Int32Array;
    expect(next.tell(0, other(1))).toBeNaN();
  });
});

describe("what a group is taught", () => {
  test("is one new thing a member, facet and day, and only what was spoken about", () => {
    const group = settled();
    for (let n = 0; n < 20; n++) group.tell(0, other(n));
    group.day++;
    for (let n = 0; n < 20; n++) {
      const said = groupNovelty.strangeness(group.own[1], group.peers, group.at(1, other(n)));
      expect(said > 0, `thing ${n}`).toBe(n > 0);
    }
  });

  test("is nothing that was shown while nobody listened", () => {
    const group = settled();
    const host = new Int32Array(groupNovelty.peerWords);
    // Its group has too few of late, so it is compared with the host, and teaches its group.
    for (let n = 0; n < 5; n++, group.day++) group.tell(0, other(n), true, host);
    for (let n = 0; n < 5; n++) expect(group.tell(1, other(n), false) > 0).toBe(n === 0);
    group.day++;
    expect(group.tell(2, other(4))).toBeGreaterThan(0);
  });

  test("is nothing by a member that may not teach, who is told again the next day", () => {
    const group = settled();
    for (let n = 0; n < 3; n++, group.day++) {
      expect(group.tell(0, other(1), false)).toBeGreaterThan(0);
    }
    expect(group.tell(0, other(1))).toBeGreaterThan(0);
    group.day++;
    expect(group.tell(0, other(1))).toBe(0);
  });

  test("is no more by a robot of a million acts than by a person", () => {
    const [calm, busy] = [settled(), settled()];
    for (let n = 0; n < 5_000; n++) busy.tell(0, habit(n));
    for (let n = 0; n < 8; n++) calm.tell(0, habit(n));
    expect(busy.describe(1, other(1))).toBe(calm.describe(1, other(1)));
  });
});

test("one of ten who brings a new thing every day makes the next worth half after 50 of them", () => {
  const group = settled(10, 40);
  const said = Array.from({ length: 200 }, (_, n) => {
    const bits = group.tell(0, other(n));
    group.live(1, 0);
    return bits;
  });
  expect(said[0]).toBe(12);
  expect(said.findIndex((bits) => bits <= 6)).toBeGreaterThan(50);
  // The others' 36 trials a day stand against his one: more he cannot do.
  expect(Math.min(...said)).toBe(6);
});

test("first times of a group rank evenly for one among many who bring new things at one pace", () => {
  const chance = openChance(31);
  const group = new Group(12);
  const said: number[][] = group.own.map(() => []);
  for (let n = 0, newest = 0; n < 400; n++, group.day++) {
    for (const [i, one] of said.entries()) {
      if (chance() < 0.05) newest++;
      const agent = Math.max(0, newest - Math.floor(4 * chance() ** 2));
      one.push(group.tell(i, { agentHash: hashText(`agent ${agent}`) }));
    }
  }
  const ranks = said.flatMap((one) => ranksOf(one, 60));
  expect(ranks.length).toBeGreaterThan(3_000);
  for (const p of [0.01, 0.02, 0.05, 0.1]) expect(shareAtMost(ranks, p)).toBeLessThan(p + 0.02);
});

test.each([
  ["always something new", { size: 12, pace: 0.2, days: 200, joinEvery: 0 }],
  ["now and then something new", { size: 12, pace: 0.01, days: 200, joinEvery: 0 }],
  ["hardly ever anything new", { size: 3, pace: 0.002, days: 500, joinEvery: 0 }],
  ["somebody joining each fortnight", { size: 15, pace: 0.02, days: 250, joinEvery: 14 }],
])("honest members win nothing on average from a group with %s", (_, life) => {
  const chance = openChance(7);
  const group = new Group(life.size);
  const histories = group.own.map(openHistory);
  const bets: number[] = [];
  const days: number[] = [];
  for (let newest = 0; group.day < life.days; group.day++) {
    for (let who = 0; who < life.size && group.day >= who * life.joinEvery; who++) {
      let won = 1;
      for (let n = 0; n < 4; n++) {
        if (chance() < life.pace) newest++;
        const agentHash = hashText(`agent ${Math.max(0, newest - Math.floor(4 * chance() ** 2))}`);
        const processHash = hashText(`process ${Math.floor(20 * chance() ** 3)}`);
        const said = group.tell(who, { agentHash, processHash });
        const bet = betOn(histories[who] as Histories, said);
        if (!Number.isNaN(bet)) bets.push(bet);
        won *= bet > 0 ? bet : 1;
      }
      days.push(won);
    }
  }
  expect(bets.length).toBeGreaterThan(500);
  expect(meanOf(bets)).toBeLessThan(1);
  expect(meanOf(days)).toBeLessThan(1);
  expect(10 * days.filter((won) => won >= 10).length).toBeLessThan(days.length);
});

/** Ranks among the own past and bets, as the scorer does; NaN where nothing is bet. */
function openHistory(): Histories {
  const halves = new Float32Array(HISTORY_HALVES);
  return { halves, quarters: new Uint16Array(halves.buffer) };
}

function betOn(history: Histories, said: number): number {
  if (Number.isNaN(said)) return said;
  const past = historyOf(history, 0);
  const rank = (asStrangeAs(history, 0, said - 0.25) + 1) / (past + 1);
  addStrangeness(history, 0, said);
  return past < HISTORY_MIN ? Number.NaN : betOf(rank);
}

function meanOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
}

test("hostile numbers neither throw nor leave the profile, and say nothing or bits", () => {
  const group = settled();
  for (const hash of [0, 1, -1, 0x7fffffff, -0x80000000, Number.NaN, 1.5]) {
    for (const timeMs of [0, Number.NaN, -5, 253_000_000_000_000, MONDAY]) {
      const more = { agentHash: hash, countryHash: hash, targetHash: hash, nameHash: hash };
      const said = group.tell(0, { ...more, timeMs });
      expect(Number.isNaN(said) || (said >= 0 && said < 200)).toBe(true);
    }
  }
  const noise = new Group(3, new Int32Array(groupNovelty.peerWords).fill(-1));
  for (const own of noise.own) own.fill(0x5a5a5a5a);
  for (let n = 0; n < 60; n++, noise.day++) {
    const said = noise.tell(n % 3, other(n));
    expect(Number.isNaN(said) || Number.isFinite(said)).toBe(true);
  }
});

test("a copy of the numbers goes on as the original does", () => {
  const group = settled(4, 35);
  const copy = new Group(4, Int32Array.from([...group.peers]));
  for (const [i, own] of group.own.entries()) copy.own[i]?.set(own);
  copy.day = group.day;
  for (let n = 0; n < 200; n++) {
    if (n % 9 === 0) {
      group.day++;
      copy.day++;
    }
    const more = n % 7 === 0 ? other(n) : habit(n);
    expect(copy.tell(n % 4, more)).toBe(group.tell(n % 4, more));
  }
  expect([copy.peers, copy.own]).toEqual([group.peers, group.own]);
});
