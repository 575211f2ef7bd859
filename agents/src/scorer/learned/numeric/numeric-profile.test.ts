import { describe, expect, test } from "vitest";
import {
  DAY_MS,
  HOUR_MS,
  MONDAY,
  normalFrom,
  openChance,
  seenAt,
} from "../../../../testkit/learned-run.ts";
import type { Observation } from "../../observation.ts";
import { numericProfile } from "./numeric-profile.ts";

/** A profile and its peers', told things as the scorer does. */
class Run {
  readonly own = new Int32Array(numericProfile.words);
  readonly peers = new Int32Array(numericProfile.peerWords);

  tell(seen: Observation, isTaught = true): number {
    const [own, peers] = [this.own.slice(), this.peers.slice()];
    const strangeness = numericProfile.strangeness(this.own, this.peers, seen);
    numericProfile.describe(this.own, this.peers, seen);
    expect([this.own, this.peers]).toEqual([own, peers]);
    numericProfile.note(this.own, seen, this.peers);
    if (isTaught) {
      numericProfile.teach(this.peers, this.own, seen);
      numericProfile.learn(this.own, seen);
    }
    return strangeness;
  }

  ask(seen: Observation): number {
    return numericProfile.strangeness(this.own, this.peers, seen);
  }
}

/** Small reads by day, large copies by night, weekdays. */
function worked(days: number, seed = 1): Run {
  const run = new Run();
  const chance = openChance(seed);
  for (let day = 0; day < days; day++) {
    if (day % 7 >= 5) continue;
    for (let n = 0; n < 8; n++) {
      const isNight = n >= 5;
      const at = MONDAY + day * DAY_MS + (isNight ? 20 + (n - 5) : 9 + n) * HOUR_MS;
      const sizeBytes = (isNight ? 1e9 : 1e4) * 2 ** normalFrom(chance);
      run.tell(seenAt(at + chance() * HOUR_MS * 0.5, { sizeBytes, durationMs: 200 }));
    }
  }
  return run;
}

const NEXT = MONDAY + 56 * DAY_MS;

describe("the numeric profile", () => {
  test("finds a usual size at an hour it never went with stranger than at its own", () => {
    const run = worked(56);
    const small = { sizeBytes: 1e4, durationMs: 200 };
    const large = { sizeBytes: 1e9, durationMs: 200 };
    const [noon, night] = [NEXT + 11 * HOUR_MS, NEXT + 21 * HOUR_MS];
    expect(run.ask(seenAt(noon, large))).toBeGreaterThan(run.ask(seenAt(noon, small)) + 0.5);
    expect(run.ask(seenAt(night, small))).toBeGreaterThan(run.ask(seenAt(night, large)) + 0.5);
  });

  test("is silent on a newcomer, on what failed, on a repeat, and on whom nobody vouches for", () => {
    const run = worked(12);
    const seen = seenAt(NEXT, { sizeBytes: 1e4 });
    expect(run.ask(seen)).not.toBeNaN();
    expect(run.ask({ ...seen, outcome: "failed" })).toBeNaN();
    expect(run.ask({ ...seen, isRepeat: true })).toBeNaN();
    expect(new Run().ask(seen)).toBeNaN();
    expect(numericProfile.strangeness(undefined, run.peers, seen)).toBeNaN();
    expect(numericProfile.describe(undefined, run.peers, seen)).toBe("past=0");
  });

  test("speaks about each kind of act once a day, and about another kind all the same", () => {
    const run = worked(28);
    const copy = (minute: number) =>
      seenAt(NEXT + 3 * HOUR_MS + minute * 60_000, { sizeBytes: 1e9 });
    expect(run.tell(copy(0), false)).not.toBeNaN();
    const said = Array.from({ length: 100 }, (_, n) => run.tell(copy(n + 1), false));
    expect(said.filter((each) => !Number.isNaN(each)).length).toBeLessThan(8);
    expect(run.ask(seenAt(NEXT + 5 * HOUR_MS, { sizeBytes: 3, durationMs: 1e9 }))).not.toBeNaN();
    expect(run.ask(copy(24 * 60))).not.toBeNaN();
  });

  test("is taught by a thousand acts of a kind in a day no more than by one", () => {
    const run = worked(28);
    const before = run.own[7] as number;
    for (let n = 0; n < 1_000; n++) {
      run.tell(seenAt(NEXT + 3 * HOUR_MS + n, { sizeBytes: 1e12, durationMs: 5 }));
    }
    expect((run.own[7] as number) - before).toBeLessThan(8);
  });

  test("has nothing to say of an hour by itself", () => {
    const run = worked(28);
    expect(run.ask(seenAt(NEXT + 3 * HOUR_MS))).toBeNaN();
  });

  test("learns nothing from what it only notes, but the time of it", () => {
    const run = worked(10);
    const before = run.own.slice(7);
    run.tell(seenAt(NEXT, { sizeBytes: 1e12 }), false);
    run.tell(seenAt(NEXT, { sizeBytes: 1e12, outcome: "failed" }));
    expect(run.own.slice(7)).toEqual(before);
    expect(numericProfile.describe(run.own, run.peers, seenAt(NEXT + 8_000))).toContain(
      "gapMs=8000",
    );
  });

  test("teaches the peers the logarithm of what one subject does over and over", () => {
    const run = new Run();
    for (let n = 0; n < 1_000; n++) run.tell(seenAt(MONDAY + n * DAY_MS, { sizeBytes: 5 }));
    expect(run.peers[0]).toBeLessThan(120);
    expect(run.own[7]).toBe(1_000);
  });

  test("finds what peers do less strange than what nobody does", () => {
    const [lonely, among] = [worked(20), worked(20)];
    const copy = seenAt(NEXT + 4 * HOUR_MS, { sizeBytes: 1e11, durationMs: 1e7 });
    const peer = new Run();
    for (let n = 0; n < 200; n++) {
      peer.tell({ ...copy, timeMs: copy.timeMs + n * 5 * HOUR_MS, hourOfWeek: copy.hourOfWeek });
    }
    among.peers.set(peer.peers);
    expect(among.ask(copy)).toBeLessThan(lonely.ask(copy));
  });

  test("survives numbers that are none and times that run backwards", () => {
    const run = worked(5);
    const odd = [Number.NaN, Infinity, -Infinity, -1, 0, 1e308];
    for (const sizeBytes of odd) {
      for (const durationMs of odd) {
        run.tell(seenAt(NEXT - 400 * DAY_MS, { sizeBytes, durationMs, isLate: true }));
        expect(run.tell(seenAt(NEXT, { sizeBytes, durationMs }))).not.toBe(Infinity);
      }
    }
    expect(Number.isFinite(run.ask(seenAt(NEXT + DAY_MS, { sizeBytes: 1e4 })))).toBe(true);
  });

  test("fits the words that are shared with the embedding", () => {
    expect(numericProfile.words).toBeLessThanOrEqual(400);
  });
});

test("is taught a strange act, one in nine each day, by halves in days and never in full", () => {
  const run = new Run();
  const chance = openChance(1);
  const work = (day: number) =>
    Array.from({ length: 8 }, (_, n) => {
      const at = MONDAY + day * DAY_MS + (9 + n) * HOUR_MS;
      const sizeBytes = 1e4 * 2 ** normalFrom(chance);
      return run.tell(seenAt(at + chance() * 1e6, { sizeBytes, durationMs: 200 }));
    });
  const usual = Array.from({ length: 100 }, (_, day) => work(day))
    .flat()
    .filter(Number.isFinite)
    .sort((a, b) => a - b);
  const highest = usual[Math.floor(usual.length * 0.99)] as number;
  const odd = Array.from({ length: 200 }, (_, n) => {
    const at = MONDAY + (100 + n) * DAY_MS + 3 * HOUR_MS;
    const strangeness = run.tell(seenAt(at, { sizeBytes: 1e9, durationMs: 60_000 }));
    work(100 + n);
    return strangeness - highest;
  });
  expect(odd[0]).toBeGreaterThan(5);
  expect(odd[5]).toBeGreaterThan(2.5);
  expect(Math.min(...odd)).toBeGreaterThan(0);
});
