import type { Event } from "@ostraka/agents/kernel";
import type { SubjectText } from "@ostraka/proto";
import { beforeEach, describe, expect, test } from "vitest";
import { SOURCE_DETECTORS } from "./ensemble.ts";
import {
  DEFAULT_SCORER_POLICY,
  type Lease,
  openScorer,
  type Scorer,
  type ScorerOutput,
  type Signal,
} from "./index.ts";

const SOURCE = "address:203.0.113.7" as SubjectText;
const ALICE = "user:acme/alice" as SubjectText;
const BOB = "user:acme/bob" as SubjectText;
const NOON = Date.UTC(2026, 2, 3, 12);
const MINUTE = 60_000;
const DAY = 86_400_000;

class Told implements ScorerOutput {
  readonly leases: Lease[] = [];
  readonly signals: Signal[] = [];
  readonly order: string[] = [];
  lease(lease: Lease): void {
    this.leases.push(lease);
    this.order.push("lease");
  }
  signal(signal: Signal): void {
    this.signals.push(signal);
    this.order.push("signal");
  }
}

let lastId = 0;
let told: Told;
let scorer: Scorer;

beforeEach(() => {
  told = new Told();
  scorer = openScorer({ policy: DEFAULT_SCORER_POLICY });
});

function event(kind: Event["kind"], timeMs: number, rest: Partial<Event> = {}): Event {
  const id = `auth.log:${++lastId}`;
  const about = { service: "sshd", address: SOURCE, account: ALICE, isAccountKnown: true };
  return { id, timeMs, kind, ...about, method: "password", count: 1, ...rest };
}

function feed(...events: Event[]): void {
  for (const one of events) scorer.step({ type: "event", event: one }, told);
}

/** `n` failed guesses, three seconds apart. */
function burst(n: number, fromMs: number, rest: Partial<Event> = {}): void {
  for (let i = 0; i < n; i++) feed(event("login-failed", fromMs + i * 3_000, rest));
}

function levelMdb(subject: SubjectText = SOURCE): number | undefined {
  return scorer.standing(subject)?.levelMdb;
}

describe("a brute force against one account", () => {
  test("is leased at the eighth failure and signalled at the ninth, lease before signal", () => {
    burst(8, NOON);
    expect(told.order).toEqual(["lease"]);
    feed(event("login-failed", NOON + 24_000));
    expect(told.order).toEqual(["lease", "signal"]);
    const [signal] = told.signals;
    expect(signal).toMatchObject({
      subject: SOURCE,
      timeMs: NOON + 24_000,
      day: Math.floor(NOON / DAY),
      evidenceKind: "declared",
      evidenceFromMs: NOON,
      recommendedStage: "suspend",
      epoch: 1,
    });
    expect(signal?.levelMdb).toBeGreaterThanOrEqual(40_000);
    expect(Number.isInteger(signal?.levelMdb) && Number.isInteger(signal?.evidenceMdb)).toBe(true);
  });

  test("is one signal in ten minutes, not one a failure", () => {
    burst(190, NOON);
    expect(told.signals).toHaveLength(1);
    burst(30, NOON + 10 * MINUTE);
    expect(told.signals).toHaveLength(2);
  });

  test("keeps its lease while it goes on, and loses it ten minutes after it stops", () => {
    burst(190, NOON);
    const lastMs = NOON + 189 * 3_000;
    const untilMs = told.leases.at(-1)?.untilMs ?? 0;
    expect(untilMs).toBeGreaterThan(lastMs + 7 * MINUTE);
    expect(untilMs).toBeLessThanOrEqual(lastMs + 10 * MINUTE);
    expect(told.leases.map((lease) => lease.isRenewal)).toEqual([false, true, true, true]);
    feed(event("login-succeeded", untilMs + 1));
    burst(2, untilMs + 2);
    expect(told.leases).toHaveLength(4);
  });

  test("is not kept leased by slips of others behind its address", () => {
    burst(8, NOON);
    for (let minute = 1; minute < 60; minute++) {
      burst(2, NOON + minute * MINUTE, { account: BOB });
      feed(event("login-succeeded", NOON + minute * MINUTE + 10_000, { account: BOB }));
    }
    expect(told.leases.map((lease) => lease.isRenewal)).toEqual([false]);
  });

  test("carries over midnight in its level, while the day account begins anew", () => {
    const midnight = Math.ceil(NOON / DAY) * DAY;
    burst(9, midnight - 15_000);
    expect(told.signals[0]?.day).toBe(midnight / DAY);
    expect(told.signals[0]?.evidenceMdb).toBeLessThan(told.signals[0]?.levelMdb ?? 0);
  });

  test("is forgotten after a silent week, when the address may be somebody else's", () => {
    const levelAfter = (silenceMs: number): number => {
      scorer = openScorer({ policy: DEFAULT_SCORER_POLICY });
      burst(7, NOON);
      feed(event("login-failed", NOON + 18_000 + silenceMs));
      return levelMdb() ?? 0;
    };
    expect(levelAfter(7 * DAY)).toBeGreaterThan(15_000);
    expect(levelAfter(7 * DAY + 1)).toBeLessThan(0);
  });

  test("counts a folded line as often as it says, up to a bound", () => {
    feed(event("login-failed", NOON), event("login-failed", NOON + 4_000, { count: 12 }));
    expect(told.signals).toHaveLength(1);
    const before = scorer.counts().events;
    feed(event("login-failed", NOON + 5_000, { count: Number.MAX_SAFE_INTEGER }));
    expect(scorer.counts().events).toBe(before + 1);
  });

  test("reads a nonsensical count as one", () => {
    for (const count of [Number.NaN, -5, 0, 0.5]) feed(event("login-failed", NOON, { count }));
    expect(told.order).toEqual([]);
  });
});

describe("honest slips", () => {
  test("runs of up to five, day after day, draw no line", () => {
    for (let day = 0; day < 60; day++) {
      const at = NOON + day * DAY;
      burst(1 + (day % 5), at);
      feed(event("login-succeeded", at + MINUTE));
      feed(event("login-succeeded", at + 60 * MINUTE));
    }
    expect(told.order).toEqual([]);
    expect(levelMdb()).toBeLessThan(0);
  });

  test("an agent's refused keys are no guesses", () => {
    for (let n = 0; n < 40; n++) {
      feed(event("login-failed", NOON + n * 100, { method: "publickey" }));
    }
    expect(told.order).toEqual([]);
  });

  test("an attacker's own account does not wipe his slate", () => {
    for (let n = 0; n < 12; n++) {
      burst(5, NOON + n * 5 * MINUTE);
      feed(event("login-succeeded", NOON + n * 5 * MINUTE + 30_000, { account: BOB }));
    }
    expect(told.signals.length).toBeGreaterThan(0);
  });

  test("nor does it when it fails once itself at the end of each handful of guesses", () => {
    for (let n = 0; n < 24; n++) {
      const fromMs = NOON + n * 10 * MINUTE;
      for (let i = 0; i < 5; i++) feed(event("login-failed", fromMs + i * 61_000));
      feed(event("login-failed", fromMs + 5 * 61_000, { account: BOB }));
      feed(event("login-succeeded", fromMs + 6 * 61_000, { account: BOB }));
    }
    expect(told.leases.length).toBeGreaterThan(0);
  });

  test("a handful of slips on one's own account still costs nobody anything", () => {
    for (let n = 0; n < 24; n++) {
      const fromMs = NOON + n * 10 * MINUTE;
      for (let i = 0; i < 5; i++) feed(event("login-failed", fromMs + i * 61_000));
      feed(event("login-succeeded", fromMs + 5 * 61_000));
    }
    expect(told.order).toEqual([]);
  });
});

describe("names that do not exist", () => {
  const unknown = { account: "user:acme/oracle" as SubjectText, isAccountKnown: false };

  test("a probe and the failure that follows it under its name are one attempt", () => {
    feed(event("login-probed", NOON, unknown));
    const before = levelMdb();
    feed(event("login-failed", NOON, unknown));
    expect(levelMdb()).toBe(before);
    feed(event("login-failed", NOON + 1_000, unknown));
    expect(levelMdb()).toBeGreaterThan(before ?? 0);
  });

  test("are bet on where no secret is ever guessed, as on hosts that take keys only", () => {
    for (let n = 0; n < 8; n++) {
      const account = `user:acme/guess-${n}` as SubjectText;
      feed(event("login-probed", NOON + n * 2_000, { account, isAccountKnown: false }));
    }
    expect(told.order).toEqual(["lease", "signal"]);
  });

  test("a probe of a known account, or of none, says nothing", () => {
    const { account: _, ...unnamed } = event("login-probed", NOON);
    for (let n = 0; n < 50; n++)
      feed({ ...unnamed, id: `probe:${n}` }, event("login-probed", NOON));
    expect(scorer.counts().subjects).toBe(0);
  });
});

describe("the right subject", () => {
  test("a failed login speaks about its source, never about the account it names", () => {
    burst(100, NOON);
    expect(scorer.standing(ALICE)).toBeUndefined();
    for (const { subject } of [...told.leases, ...told.signals]) expect(subject).toBe(SOURCE);
  });

  test("a failure without an address says nothing", () => {
    const { address: _, ...local } = event("login-failed", NOON);
    for (let n = 0; n < 50; n++) feed({ ...local, id: `local:${n}` });
    expect(scorer.counts().subjects).toBe(0);
  });

  test("a login from a leased source moves its account and session, below any default line", () => {
    const session = "session:web-1/17" as SubjectText;
    feed(event("login-succeeded", NOON - DAY, { address: "address:198.51.100.1" as SubjectText }));
    const ownMdb = levelMdb(ALICE) ?? 0;
    burst(20, NOON);
    feed(event("login-succeeded", NOON + MINUTE, { session }));
    expect(levelMdb(ALICE)).toBeGreaterThan(ownMdb + 10_000);
    expect(levelMdb(session)).toBe(levelMdb(ALICE));
    expect(levelMdb(session)).toBeLessThan(DEFAULT_SCORER_POLICY.leaseLineMdb);
    expect(told.signals.every(({ subject }) => subject === SOURCE)).toBe(true);
  });
});

describe("duplicates, order and time", () => {
  test("a duplicate id bets nothing, an equal text with its own id does", () => {
    const one = event("login-failed", NOON);
    for (let n = 0; n < 50; n++) feed(one);
    expect(scorer.counts().duplicates).toBe(49);
    expect(told.order).toEqual([]);
    for (let n = 0; n < 12; n++) feed({ ...one, id: `auth.log:other-${n}` });
    expect(told.signals).toHaveLength(1);
  });

  test("a late event bets on the run but not on the pace", () => {
    feed(event("login-failed", NOON));
    for (let n = 1; n < 9; n++) feed(event("login-failed", NOON - n * 1_000));
    expect(scorer.standing(SOURCE)?.reasons.map((r) => r.detector)).toEqual(["failure-run"]);
  });

  test("failures that were held back behind the successes they were mixed with are no run", () => {
    const minutes = Array.from({ length: 60 }, (_, n) => n);
    const at = (n: number) => NOON + n * MINUTE;
    const inOrder = minutes.map((n) =>
      event(n % 3 === 0 ? "login-failed" : "login-succeeded", at(n)),
    );
    const isFailed = (one: Event) => one.kind === "login-failed";
    feed(...inOrder.filter((one) => !isFailed(one)), ...inOrder.filter(isFailed));
    expect(told.order).toEqual([]);
    // In time the same number of failures in a row is one.
    burst(20, at(61));
    expect(told.signals).toHaveLength(1);
  });

  test("an event more than a day older than the latest is counted as stale", () => {
    feed(event("login-failed", NOON));
    const before = scorer.standing(SOURCE);
    feed(event("login-failed", NOON - DAY - 1));
    expect(scorer.standing(SOURCE)).toEqual(before);
    expect(scorer.counts().stale).toBe(1);
    feed(event("login-failed", NOON - DAY));
    expect(scorer.counts().stale).toBe(1);
  });

  test("a time that is none is counted as invalid", () => {
    for (const timeMs of [Number.NaN, -1, 0.5, Number.POSITIVE_INFINITY, 253_370_764_800_000]) {
      feed(event("login-failed", timeMs));
    }
    expect(scorer.counts()).toMatchObject({ invalid: 5, subjects: 0 });
    feed(event("login-failed", 253_370_764_799_999));
    expect(scorer.counts()).toMatchObject({ invalid: 5, subjects: 1 });
  });
});

describe("reasons", () => {
  test("the counterfactual is the level with the detector's bets at 1, the weights kept", () => {
    burst(8, NOON);
    const { levelMdb: level, reasons } = told.leases[0] as Lease;
    const money = (mdb: number) => 10 ** (mdb / 10_000);
    for (const reason of reasons.filter((one) => one.kind === "declared")) {
      const staked = 0.5;
      const { share = 0 } = SOURCE_DETECTORS.find(({ name }) => name === reason.detector) ?? {};
      const without = money(level) - share * staked * (money(reason.betsMdb) - 1);
      expect(money(reason.levelWithoutMdb) / without).toBeCloseTo(1, 2);
    }
    expect(reasons[0]).toMatchObject({ detector: "failure-pace-fast", count: 5 });
    expect(reasons.map((one) => one.betsMdb)).toEqual(
      reasons.map((one) => one.betsMdb).sort((a, b) => b - a),
    );
  });

  test("hold no text of the event", () => {
    const secret = "user:acme/hunter2-typed-as-name" as SubjectText;
    burst(20, NOON, { account: secret, target: "rm -rf /" });
    const said = JSON.stringify([told.leases, told.signals]);
    expect(said).not.toContain("hunter2");
    expect(said).not.toContain("rm -rf");
  });

  test("learned ones rank and explain, and move no declared level", () => {
    const act = (n: number, atMs: number, rest: Partial<Event> = {}) =>
      feed(event("activity", atMs, { action: `read-${n % 3}`, country: "DE", ...rest }));
    for (let n = 0; n < 60; n++) act(n, NOON - (70 - n) * DAY);
    const before = levelMdb(ALICE);
    for (let n = 0; n < 3; n++) {
      const address = `address:198.51.${n}.1` as SubjectText;
      act(n, NOON + n * MINUTE, { address, country: `X${n}`, action: `steal-${n}` });
    }
    const { reasons = [], learnedLevelMdb } = scorer.standing(ALICE) ?? {};
    expect(reasons.find((one) => one.detector === "novelty")).toMatchObject({ kind: "learned" });
    expect(levelMdb(ALICE)).toBe(before);
    expect(learnedLevelMdb).toBeGreaterThan(-10_000);
    expect(told.order).toEqual([]);
  });
});

describe("policy, exemption, pardon", () => {
  test("an exempt subject is signalled to be observed and never leased", () => {
    scorer = openScorer({ policy: DEFAULT_SCORER_POLICY, isExempt: (one) => one === SOURCE });
    burst(30, NOON);
    expect(told.leases).toEqual([]);
    expect(told.signals[0]?.recommendedStage).toBe("observe");
  });

  test("a policy whose lines contradict each other is refused", () => {
    const policy = { ...DEFAULT_SCORER_POLICY, leaseLineMdb: 40_001 };
    expect(() => openScorer({ policy })).toThrow(RangeError);
    expect(() => openScorer({ policy: { ...DEFAULT_SCORER_POLICY, leaseMs: 0 } })).toThrow();
  });

  test("a new epoch may signal again what the old one had signalled", () => {
    burst(20, NOON);
    scorer.step({ type: "policy", policy: { ...DEFAULT_SCORER_POLICY, epoch: 2 } }, told);
    burst(20, NOON + MINUTE);
    expect(told.signals.map((signal) => signal.epoch)).toEqual([1, 2]);
  });

  test("a pardon takes back what was won before its time, and refuses what is older", () => {
    burst(8, NOON);
    scorer.step({ type: "pardon", subject: SOURCE, beforeMs: NOON + MINUTE }, told);
    expect(scorer.standing(SOURCE)).toMatchObject({ leaseUntilMs: 0, reasons: [] });
    burst(8, NOON + 30_000);
    expect(scorer.counts().pardoned).toBe(8);
    expect(told.signals).toEqual([]);
    burst(9, NOON + MINUTE);
    expect(told.signals[0]?.evidenceFromMs).toBe(NOON + MINUTE);
  });

  test("a pardon of another time leaves later evidence alone", () => {
    burst(8, NOON);
    const before = scorer.standing(SOURCE);
    scorer.step({ type: "pardon", subject: SOURCE, beforeMs: NOON - DAY }, told);
    expect(scorer.standing(SOURCE)).toEqual(before);
  });
});

describe("who shares an address", () => {
  const login = (account: SubjectText, atMs: number) =>
    feed(event("login-succeeded", atMs, { account }));

  test("is counted by distinct accounts that have logged in, and said in the signal", () => {
    login(ALICE, NOON);
    login(BOB, NOON + MINUTE);
    login(ALICE, NOON + 2 * MINUTE);
    feed(event("login-failed", NOON + 3 * MINUTE, { account: "user:acme/carol" as SubjectText }));
    expect(scorer.standing(SOURCE)).toMatchObject({ sharedSubjects: 2, logins: 3 });
    burst(60, NOON + 4 * MINUTE);
    expect(told.signals[0]).toMatchObject({ subject: SOURCE, sharedSubjects: 2 });
  });

  test("is not won by guessing: a login under a lease vouches for nobody", () => {
    login(ALICE, NOON);
    burst(60, NOON + MINUTE);
    expect(told.leases.length).toBeGreaterThan(0);
    login(BOB, NOON + MINUTE + 200_000);
    expect(scorer.standing(SOURCE)?.sharedSubjects).toBe(1);
  });

  test("is bounded: past the bound an address is shared, whoever else comes", () => {
    for (let i = 0; i < 100; i++) login(`user:acme/u${i}` as SubjectText, NOON + i * MINUTE);
    expect(scorer.standing(SOURCE)?.sharedSubjects).toBe(64);
  });
});

test("what is held can be asked: since when, and whether it was signalled", () => {
  burst(3, NOON);
  const day = Date.UTC(2026, 2, 3);
  expect(scorer.standing(SOURCE)).toMatchObject({ evidenceFromMs: day, hasSignalled: false });
  burst(60, NOON + MINUTE);
  expect(scorer.standing(SOURCE)?.hasSignalled).toBe(true);
  scorer.step({ type: "pardon", subject: SOURCE, beforeMs: NOON + 60 * MINUTE }, told);
  expect(scorer.standing(SOURCE)).toMatchObject({
    evidenceFromMs: NOON + 60 * MINUTE,
    hasSignalled: false,
  });
});
