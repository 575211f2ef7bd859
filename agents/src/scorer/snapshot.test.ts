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
import { compileRules } from "./rules/index.ts";

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
  return JSON.stringify([said, Array.from(scorer.snapshot())]);
}

function taken(): Uint8Array {
  const scorer = openScorer(options);
  play(scorer, traffic(0, 500));
  return scorer.snapshot();
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

  test("is not shared with the scorer that gave it", () => {
    const scorer = openScorer(options);
    play(scorer, traffic(0, 100));
    const snapshot = scorer.snapshot();
    const before = Array.from(snapshot);
    play(scorer, traffic(100, 300));
    expect(Array.from(snapshot)).toEqual(before);
  });

  test("fits a smaller table by forgetting, oldest touch first", () => {
    const small = restoreScorer(taken(), { ...options, maxSubjects: 10 });
    expect(small?.counts().subjects).toBe(10);
  });

  test("with any one bit flipped, cut short or made longer is refused whole", () => {
    const whole = taken();
    const places = Array.from({ length: 400 }, (_, n) => (n * 7_919) % (whole.length * 8));
    for (const place of [...places, 0, 64, 96, 127, 128, whole.length * 8 - 1]) {
      const flipped = whole.slice();
      flipped[place >> 3] = (flipped[place >> 3] as number) ^ (1 << (place & 7));
      expect(restoreScorer(flipped, options)).toBeUndefined();
    }
    expect(restoreScorer(whole.subarray(0, whole.length - 1), options)).toBeUndefined();
    expect(restoreScorer(new Uint8Array([...whole, 0]), options)).toBeUndefined();
    expect(restoreScorer(new Uint8Array(), options)).toBeUndefined();
    expect(restoreScorer(whole, options)).toBeDefined();
  });
});

const RULE = `
title: Everything
id: 00000000-0000-4000-8000-000000000001
level: low
logsource: { product: aws, service: cloudtrail }
detection:
  all: { eventName: "*" }
  condition: all
`;

function learning(maxProfiles = 3) {
  const compiled = compileRules([{ name: "rule.yml", text: RULE }]);
  const policy = { ...DEFAULT_SCORER_POLICY, learnedShare: 0.3 };
  if (!compiled.ok) throw new Error(compiled.faults[0]?.why);
  const { rules } = compiled;
  return { policy, maxSubjects: 200, maxProfiles, hasContext: true, rules };
}

/** Five accounts of habits for some days, one after the other. */
function habits(fromDay: number, toDay: number): Event[] {
  const events: Event[] = [];
  for (let day = fromDay; day < toDay; day++) {
    for (let n = 0; n < 150; n++) {
      const who = n % 5;
      events.push({
        id: `act:${day}/${n}`,
        timeMs: 1_772_000_000_000 + day * 86_400_000 + n * 170_000 + who * 37,
        kind: n % 11 === 0 ? "login-succeeded" : "activity",
        service: "app",
        address: `address:10.0.${who}.7` as SubjectText,
        account: `user:acme/u${who}` as SubjectText,
        action: `do-${(n * 7 + who) % 4}${day > 12 && n % 17 === 0 ? "-new" : ""}`,
        target: `r${(n * n) % 9}`,
        sizeBytes: 100 + ((n * 31) % 50),
        count: 1,
      });
    }
  }
  return events;
}

describe("a snapshot of what was learned", () => {
  test("continues to the same state to the last bit, profiles, peers and ranks included", () => {
    const whole = openScorer(learning());
    play(whole, habits(0, 12));
    expect(whole.counts().profiles).toBe(3);
    const half = restoreScorer(whole.snapshot(), learning()) as Scorer;
    expect(half.snapshot()).toEqual(whole.snapshot());
    expect(play(half, habits(12, 18))).toBe(play(whole, habits(12, 18)));
    const reasons = whole.standing("user:acme/u0" as SubjectText)?.learnedReasons;
    expect(half.standing("user:acme/u0" as SubjectText)?.learnedReasons).toEqual(reasons);
  });

  test("finds its detectors by name when others are configured, and keeps what they know", () => {
    const before = openScorer(learning());
    play(before, habits(0, 12));
    const account = "user:acme/u1" as SubjectText;
    const after = restoreScorer(before.snapshot(), options) as Scorer;
    expect(after.standing(account)?.logins).toBe(before.standing(account)?.logins);
    expect(after.counts().profiles).toBe(3);
    const back = restoreScorer(after.snapshot(), learning()) as Scorer;
    const act = { ...(habits(12, 13)[1] as Event), action: "never-before", target: "elsewhere" };
    for (const scorer of [before, back]) play(scorer, [act]);
    expect(back.standing(account)?.learnedReasons).toEqual(
      before.standing(account)?.learnedReasons,
    );
  });

  test("of a host with profiles is taken up by one without", () => {
    const before = openScorer(learning());
    play(before, habits(0, 12));
    const without = restoreScorer(before.snapshot(), learning(0));
    expect(without?.counts()).toMatchObject({ profiles: 0, subjects: before.counts().subjects });
  });

  test("of a host with room for more profiles keeps as many as there is room for now", () => {
    const before = openScorer(learning());
    play(before, habits(0, 12));
    const after = restoreScorer(before.snapshot(), learning(1)) as Scorer;
    expect(after.counts()).toMatchObject({ profiles: 1, profileEvictions: 2 });
    play(after, habits(12, 14));
    expect(after.counts().profiles).toBe(1);
  });
});

/** What version 2 wrote of two subjects. */
const BEFORE = {
  version: 2,
  counts: { events: 9, duplicates: 1, stale: 0, invalid: 0, pardoned: 0 },
  evictions: 3,
  young: [stateBefore("address:203.0.113.7", 5)],
  earned: [stateBefore("user:acme/alice", 1)],
  recentNewer: [1, 2],
  recentOlder: [],
};

function stateBefore(subject: string, detectors: number) {
  const money = { open: 500, staked: 0.5, today: 500, starts: 1, wins: 4, fromMs: 1, toMs: 2 };
  const memory = { ...money, chain: 5, mark: 77, names: [77] };
  const habit = { logins: 4, novel: 1, names: [77], week: [0, 0, 4, 0, 0, 0, 0, 0] };
  return {
    subject,
    detectors: Array.from({ length: detectors }, () => memory),
    habit: { ...habit, noveltyMdb: 0, weekMdb: 0, noveltyAtMs: 0, weekAtMs: 0 },
    vouched: [77],
    ...{ day: 20_509, lastMs: 1_772_000_000_000, lastRefusedMs: -1, probedName: -1 },
    ...{ leaseUntilMs: 0, heldUntilMs: 0, heldEpoch: -1, pardonedBeforeMs: 0 },
  };
}

describe("a snapshot of an earlier version", () => {
  test("is taken up with its money, its logins and who was counted at an address", () => {
    const scorer = restoreScorer(BEFORE, options);
    expect(scorer?.counts()).toMatchObject({ events: 9, duplicates: 1, subjects: 2, evictions: 3 });
    const standing = scorer?.standing("address:203.0.113.7" as SubjectText);
    // Money of 500 in each of the five detectors of then, whose shares add to 0.84 now.
    expect(standing).toMatchObject({ levelMdb: 26_232, logins: 4, sharedSubjects: 1 });
    expect(standing?.reasons).toHaveLength(5);
  });

  test("of version 1 is taken up too: nobody had been counted at an address yet", () => {
    const without = ({ vouched, ...rest }: ReturnType<typeof stateBefore>) => {
      expect(vouched).toEqual([77]);
      return rest;
    };
    const [young, earned] = [BEFORE.young.map(without), BEFORE.earned.map(without)];
    const old = restoreScorer({ ...BEFORE, version: 1, young, earned }, options);
    expect(old?.counts().subjects).toBe(2);
    expect(old?.standing("address:203.0.113.7" as SubjectText)?.sharedSubjects).toBe(0);
    expect(restoreScorer({ ...BEFORE, version: 1, young: "all" }, options)).toBeUndefined();
  });

  test.each([
    ["nothing", undefined],
    ["a text", "snapshot"],
    ["another version", { ...BEFORE, version: 3 }],
    ["a missing part", { ...BEFORE, earned: undefined }],
    ["ids that are no numbers", { ...BEFORE, recentNewer: ["1"] }],
    ["a number that is none", mangled({ lastMs: null })],
    ["an unknown field", mangled({ extra: 1 })],
    ["a subject that is none", mangled({ subject: "address:x" })],
    ["a list of detectors too short", mangled({ detectors: [] })],
    ["a subject twice", { ...BEFORE, young: [...BEFORE.young, ...BEFORE.young] }],
  ])("with %s is refused whole", (_what, snapshot) => {
    expect(restoreScorer(snapshot, options)).toBeUndefined();
  });
});

function mangled(change: Record<string, unknown>): unknown {
  return { ...BEFORE, young: [{ ...BEFORE.young[0], ...change }] };
}
