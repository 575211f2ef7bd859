// A session in other hands: within half a day of its last act it acts from another network and by
// another program. One bet a session-day. Owns the last act's place, packed into one number. Must
// never speak of accounts: a person with a phone and a laptop is in two places all day, but each
// device has a session of its own.
//
// Null: of honest sessions at most 1 day in 20,000 shows such a change within one country, and at
// most 1 in 100,000 into another one. Either half alone is daily life: a phone that leaves the
// house changes its network and keeps its program, and a newer version of it is no other program.
// No count of days stands behind the two figures; they are declared, and a proxy that rewrites both
// for everybody is outside the class. At half a session's bankroll the first is worth 32 dB, which
// denies it on this host, the second 41 dB, which tells the mesh.

import type { Observation } from "../observation.ts";
import { spreadHash } from "../spread-hash.ts";
import { layDayBet, raiseDayBet } from "./day-bet.ts";
import type { Detector, DetectorMemory } from "./detector.ts";

/** Ceilings of the two outcomes, what is bet on each, and what they and neither pay. */
export const SPLIT_BET = bet({ near: 5e-5, far: 1e-5 }, { near: 0.35, far: 0.55 });

export interface SplitBet {
  readonly ceilings: { readonly near: number; readonly far: number };
  readonly near: number;
  readonly far: number;
  readonly lost: number;
}

function bet(ceilings: SplitBet["ceilings"], on: SplitBet["ceilings"]): SplitBet {
  return {
    ceilings,
    near: on.near / ceilings.near,
    far: on.far / ceilings.far,
    lost: (1 - on.near - on.far) / (1 - ceilings.near - ceilings.far),
  };
}

/** Acts further apart may be work that somebody took home. */
const TOGETHER_MINUTES = 720;
const MINUTE_MS = 60_000;

/** `names` of a day that has begun: the worst that was seen on it. */
const NOTHING: readonly number[] = [0];
const NEAR: readonly number[] = [1];
const FAR: readonly number[] = [2];

export const splitSession: Detector = {
  name: "split-session",
  share: 0.5,
  against:
    "within 12 h an honest session goes on from another network by another program on at most " +
    "1 of 20,000 days, and from another country on at most 1 of 100,000",

  observe(memory: DetectorMemory, seen: Observation): void {
    const isDone = seen.outcome === "succeeded" || seen.outcome === "acted";
    if (!isDone || seen.networkHash === 0 || seen.agentHash === 0) return;
    if (memory.names.length === 0) {
      // Only a day without a start may begin a bet: what was forgotten of it is not bet on twice.
      if (memory.starts === 0) layDayBet(memory, SPLIT_BET.lost, seen.timeMs);
      memory.names = NOTHING;
    }
    // What was held back does not say where it is now.
    if (seen.isHeldBack && memory.chain === 1) return;
    if (memory.chain === 1 && !seen.isLate) settle(memory, seen, changeOf(memory.mark, seen));
    memory.chain = 1;
    memory.mark = pack(seen);
  },

  describe(memory: DetectorMemory): string {
    return `daysInOtherHands=${memory.wins}`;
  },
};

type Change = "none" | "near" | "far";

/** Money only rises within a day: what a worse outcome pays replaces what a lesser one did. */
function settle(memory: DetectorMemory, seen: Observation, change: Change): void {
  const worst = memory.names[0] as number;
  if (change === "far" && worst < 2) {
    const before = worst === 1 ? SPLIT_BET.near : SPLIT_BET.lost;
    raiseDayBet(memory, before, SPLIT_BET.far, seen.timeMs);
    memory.names = FAR;
  } else if (change === "near" && worst < 1) {
    raiseDayBet(memory, SPLIT_BET.lost, SPLIT_BET.near, seen.timeMs);
    memory.names = NEAR;
  }
}

// From the low end: time in minutes modulo 34 hours, 16 bits each of network and program, 10 of
// the country (0 where it is not known). Equal hashes only make two places look like one.
const TIMES = 2 ** 11;
const HASHES = 2 ** 16;
const COUNTRIES = 2 ** 10;

function pack(seen: Observation): number {
  const where = folded(seen.networkHash, HASHES) + folded(seen.agentHash, HASHES) * HASHES;
  return timeOf(seen) + TIMES * (where + HASHES * HASHES * countryOf(seen));
}

/** The low bits of the minutes, which as a whole fit 32. */
function timeOf({ timeMs }: Observation): number {
  return (timeMs / MINUTE_MS) & (TIMES - 1);
}

function countryOf(seen: Observation): number {
  return seen.countryHash === 0 ? 0 : 1 + folded(seen.countryHash, COUNTRIES - 1);
}

/** A hash in so many values. */
function folded(hash: number, values: number): number {
  return spreadHash(hash) % values;
}

function changeOf(mark: number, seen: Observation): Change {
  const gone = (timeOf(seen) - (mark & (TIMES - 1))) & (TIMES - 1);
  if (gone >= TOGETHER_MINUTES) return "none";
  const network = (mark / TIMES) & (HASHES - 1);
  const agent = (mark / (TIMES * HASHES)) & (HASHES - 1);
  const country = Math.floor(mark / (TIMES * HASHES * HASHES));
  const isSameHands =
    network === folded(seen.networkHash, HASHES) || agent === folded(seen.agentHash, HASHES);
  if (isSameHands) return "none";
  const here = countryOf(seen);
  return country !== 0 && here !== 0 && country !== here ? "far" : "near";
}
