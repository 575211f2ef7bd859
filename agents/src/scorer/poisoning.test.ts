// How slowly an attacker must move to teach the scorer his ways, measured on the whole path from
// event to rank: what a day lets in, what makes it ordinary, and who teaches nothing at all.

import type { Event } from "@ostraka/agents/kernel";
import type { SubjectText } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { openEnsemble } from "./ensemble.ts";
import { DEFAULT_SCORER_POLICY, type Scorer } from "./index.ts";
import { hostNovelty } from "./learned/host-novelty.ts";
import type { LearnedDetector } from "./learned/learned-detector.ts";
import { ORDINARY_A_STRANGE, STRANGE_A_DAY } from "./learned/learned-watch.ts";
import { openScorerOf } from "./scorer.ts";

const ALICE = "user:acme/alice" as SubjectText;
const HOME = "address:203.0.113.7" as SubjectText;
const START = Date.UTC(2026, 0, 5, 9);
const DAY = 86_400_000;
const NOWHERE = { lease: () => undefined, signal: () => undefined };

/** As strange as the event's size says, and a count of what it was taught. */
const size: LearnedDetector = {
  name: "size",
  share: 1,
  follows: ["actor"],
  against: "it is small",
  width: 1,
  strangeness: (_cells, _at, seen) => seen.sizeBytes,
  learn(cells, at, seen) {
    if (seen.sizeBytes >= 1_000) cells[at] = (cells[at] as number) + 1;
  },
  describe: (cells, at) => `taught=${cells[at]}`,
};

let serial = 0;

function open(): Scorer {
  return openScorerOf(openEnsemble({ learned: [size] }), { policy: DEFAULT_SCORER_POLICY });
}

function act(scorer: Scorer, timeMs: number, sizeBytes: number, rest: Partial<Event> = {}): void {
  const id = `log:${++serial}`;
  const event: Event = {
    ...{ id, timeMs, kind: "activity", service: "x", account: ALICE, address: HOME, sizeBytes },
    ...{ count: 1, ...rest },
  };
  scorer.step({ type: "event", event }, NOWHERE);
}

/** `n` ordinary acts on a day, none as large as another. */
function ordinary(scorer: Scorer, day: number, n: number): void {
  for (let i = 0; i < n; i++) act(scorer, START + day * DAY + i * 1_000, (i * 37) % 900);
}

/** Nine files, read in turn. */
function ordinaryReads(scorer: Scorer, day: number): void {
  for (let n = 0; n < 90; n++) {
    act(scorer, START + day * DAY + n, 10, { target: `file-${n % 9}` });
  }
}

/** How strange things are taken after a probe: `of` and `asStrange` of the reason it leaves. */
function taughtAndRank(scorer: Scorer, day: number): { taught: number; rank: number } {
  for (let i = 0; i < 3; i++) act(scorer, START + day * DAY + i, 1_000_000 + i);
  const seen = scorer.standing(ALICE)?.learnedReasons[0]?.seen ?? "";
  const match = /taught=(\d+) asStrangeBefore=(\d+) of=(\d+)/.exec(seen);
  if (match === null) return { taught: -1, rank: 1 };
  const [taught, asStrange, of] = match.slice(1).map(Number) as [number, number, number];
  return { taught, rank: (asStrange + 1) / (of + 1) };
}

describe("poisoning by strange acts", () => {
  test("a day lets in four, and one more for ten ordinary ones", () => {
    const scorer = open();
    for (let day = 0; day < 10; day++) ordinary(scorer, day, 50);
    ordinary(scorer, 10, 50);
    for (let i = 0; i < 200; i++) act(scorer, START + 10 * DAY + 60_000 + i, 5_000 + i);
    const { taught } = taughtAndRank(scorer, 11);
    // What was let in is ordinary too, and lets in a little more.
    const most = (STRANGE_A_DAY + 50 / ORDINARY_A_STRANGE) / (1 - 1 / ORDINARY_A_STRANGE) + 1;
    expect(taught).toBeGreaterThanOrEqual(STRANGE_A_DAY);
    expect(taught).toBeLessThanOrEqual(most + 3);
  });

  test("against a past of 1,000, ten strange acts a day are bet on for a week and longer", () => {
    const scorer = open();
    for (let day = 0; day < 20; day++) ordinary(scorer, day, 50);
    let days = 0;
    for (let day = 20; day < 60; day++) {
      ordinary(scorer, day, 10);
      for (let i = 0; i < 10; i++) act(scorer, START + day * DAY + 60_000 + i, 5_000 + i);
      days++;
      const level = scorer.standing(ALICE)?.learnedLevelMdb ?? 0;
      if (level < 0) break;
    }
    expect(days).toBeGreaterThanOrEqual(7);
  });

  test("nothing is taught under a lease, from a leased source, late, or by a failed login", () => {
    const scorer = open();
    for (let day = 0; day < 10; day++) ordinary(scorer, day, 20);
    const atMs = START + 10 * DAY;
    for (let i = 0; i < 12; i++) {
      const failed = { kind: "login-failed", isAccountKnown: true, method: "password" } as const;
      act(scorer, atMs + i * 2_000, 8_000, failed);
    }
    expect(scorer.standing(HOME)?.leaseUntilMs).toBeGreaterThan(atMs);
    for (let i = 0; i < 3; i++) act(scorer, atMs + 30_000 + i, 9_000);
    for (let i = 0; i < 3; i++) act(scorer, atMs - 3_600_000 + i, 9_000);
    expect(taughtAndRank(scorer, 12).taught).toBeLessThanOrEqual(2);
  });

  test("a busy day of one account does not drive out what its host knows", () => {
    const scorer = openScorerOf(openEnsemble({ learned: [size, hostNovelty] }), {
      policy: DEFAULT_SCORER_POLICY,
    });
    for (let day = 0; day < 20; day++) ordinaryReads(scorer, day);
    const mallory = "user:acme/mallory" as SubjectText;
    for (let n = 0; n < 9_000; n++) {
      act(scorer, START + 20 * DAY + n, 10, { account: mallory, target: `made-up-${n}` });
    }
    ordinaryReads(scorer, 21);
    const seen = scorer.standing(ALICE)?.learnedReasons ?? [];
    expect(seen.filter(({ detector }) => detector === "host-novelty")).toEqual([]);
  });

  test("an account of one day teaches its host nothing, a thousand of them neither; two days do", () => {
    const novelTo = (mallorys: number, days: number): boolean => {
      const scorer = openScorerOf(openEnsemble({ learned: [size, hostNovelty] }), {
        policy: DEFAULT_SCORER_POLICY,
      });
      for (let day = 0; day < 20; day++) ordinaryReads(scorer, day);
      for (let day = 20; day < 20 + days; day++) {
        for (let n = 0; n < mallorys; n++) {
          const account = `user:acme/mallory-${n}` as SubjectText;
          act(scorer, START + day * DAY + n, 10, { account, target: "booty" });
        }
      }
      act(scorer, START + 25 * DAY, 10, { target: "booty" });
      const reasons = scorer.standing(ALICE)?.learnedReasons ?? [];
      return reasons.some(({ detector }) => detector === "host-novelty");
    };
    expect(novelTo(1_000, 1)).toBe(true);
    expect(novelTo(1, 3)).toBe(false);
  });

  test("a stranger teaches nobody: what is refused in another's name says nothing", () => {
    const scorer = open();
    for (let i = 0; i < 100; i++) {
      act(scorer, START + i * 1_000, 9_000, { kind: "login-failed", isAccountKnown: true });
    }
    expect(scorer.standing(ALICE)).toBeUndefined();
  });
});

test("a newcomer's strangest act is silent: no past, no rank", () => {
  const scorer = open();
  for (let i = 0; i < 8; i++) act(scorer, START + i, 10 ** i);
  expect(scorer.standing(ALICE)?.learnedReasons).toEqual([]);
  expect(scorer.standing(ALICE)?.learnedLevelMdb).toBeLessThan(0);
});
