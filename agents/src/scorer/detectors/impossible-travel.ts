// Travel that nobody can do: an account is active in two places too far apart for the time between.
// One bet a subject-day. Owns the last place, packed into one number. Must never bet on an account
// that has travelled so within its last 30 active days: then it is a relay or a VPN, not a journey.
//
// Null: an honest account with no such travel on its last 30 active days shows one on at most 1 %
// of its days, which is what 300 quiet subject-days support (3/N). Faster than 1,000 km/h (an
// airliner does 900) over more than 300 km (what city databases of addresses err by). Outside the
// declared class: people who switch a VPN on and off, mobile networks that surface far away, an
// account shared by two people. At a tenth of the bankroll a hit is worth 6 dB: it explains and
// ranks, and reaches no default line by itself.

import { binaryBet } from "../betting-account.ts";
import type { Observation } from "../observation.ts";
import { spreadHash } from "../spread-hash.ts";
import { layDayBet, raiseDayBet } from "./day-bet.ts";
import type { Detector, DetectorMemory } from "./detector.ts";

export const TRAVEL_BET = binaryBet(0.01, 0.9);

const KM_MIN = 300;
const KM_AN_HOUR_MAX = 1_000;
const EARTH_KM = 6_371;
/** Active days on which nothing is bet after a hit. */
const QUIET_DAYS = 30;

/** `names` of a day that has begun: whether its bet still runs. */
const RUNNING: readonly number[] = [0];
const OVER: readonly number[] = [1];

export const impossibleTravel: Detector = {
  name: "impossible-travel",
  share: 0.1,
  against:
    "an honest account is active in places too far apart for an airliner " +
    "on at most 1 % of its days",

  observe(memory: DetectorMemory, seen: Observation): void {
    const isDone = seen.outcome === "succeeded" || seen.outcome === "acted";
    if (!isDone || Number.isNaN(seen.latitude + seen.longitude)) return;
    let quiet = quietOf(memory.mark);
    if (memory.names.length === 0) {
      const isBet = quiet === 0 && memory.starts === 0;
      if (isBet) layDayBet(memory, TRAVEL_BET.lose, seen.timeMs);
      memory.names = isBet ? RUNNING : OVER;
      quiet = Math.max(0, quiet - 1);
    }
    // `chain` says that a place is known; a week of silence forgets it.
    if (!seen.isLate && memory.chain === 1 && isImpossible(memory.mark, seen)) {
      if (memory.names[0] === 0) {
        raiseDayBet(memory, TRAVEL_BET.lose, TRAVEL_BET.win, seen.timeMs);
      }
      memory.names = OVER;
      quiet = QUIET_DAYS;
    }
    // What was held back does not say where it is now.
    if (seen.isHeldBack && memory.chain === 1) {
      memory.mark = (memory.mark % QUIET_AT) + quiet * QUIET_AT;
      return;
    }
    memory.chain = 1;
    memory.mark = packPlace(seen, quiet);
  },

  describe(memory: DetectorMemory): string {
    return `daysWithImpossibleTravel=${memory.wins}`;
  },
};

// A place in one number: from the low end time in 10 minutes modulo 455 days, latitude and
// longitude in steps of 0.18 degrees (20 km), ten bits of the network, and the quiet days left.
const UNIT_MS = 600_000;
const TIMES = 2 ** 16;
const LATITUDES = 2 ** 10;
const LONGITUDES = 2 ** 11;
const NETWORKS = 2 ** 10;
const LATITUDE_AT = TIMES;
const LONGITUDE_AT = LATITUDE_AT * LATITUDES;
const NETWORK_AT = LONGITUDE_AT * LONGITUDES;
const QUIET_AT = NETWORK_AT * NETWORKS;

function packPlace(seen: Observation, quiet: number): number {
  const time = timeOf(seen);
  const latitude = stepOf((seen.latitude + 90) / 180, LATITUDES);
  const longitude = stepOf((seen.longitude + 180) / 360, LONGITUDES);
  const place = latitude * LATITUDE_AT + longitude * LONGITUDE_AT;
  return time + place + networkOf(seen) * NETWORK_AT + quiet * QUIET_AT;
}

/** Whole units fit 32 bits, of which these are the low ones. */
function timeOf({ timeMs }: Observation): number {
  return (timeMs / UNIT_MS) & (TIMES - 1);
}

function stepOf(share: number, steps: number): number {
  return Math.min(steps - 1, Math.max(0, Math.floor(share * steps)));
}

function quietOf(mark: number): number {
  return Math.floor(mark / QUIET_AT);
}

function networkOf({ networkHash }: Observation): number {
  return spreadHash(networkHash) >>> 22;
}

function isImpossible(mark: number, seen: Observation): boolean {
  const network = (mark / NETWORK_AT) & (NETWORKS - 1);
  if (seen.networkHash !== 0 && network === networkOf(seen)) return false;
  const latitude = (((mark / LATITUDE_AT) & (LATITUDES - 1)) + 0.5) / LATITUDES;
  const longitude = (((mark / LONGITUDE_AT) & (LONGITUDES - 1)) + 0.5) / LONGITUDES;
  const km = kmBetween(latitude * 180 - 90, longitude * 360 - 180, seen.latitude, seen.longitude);
  if (!(km > KM_MIN)) return false;
  const gone = (timeOf(seen) - (mark & (TIMES - 1))) & (TIMES - 1);
  // Times are cut to ten minutes: the longest gap that fits.
  const hours = (gone + 1) / 6;
  return km / hours > KM_AN_HOUR_MAX;
}

/** Great circle (haversine), in kilometres; places in degrees. */
export function kmBetween(lat1: number, lon1: number, lat2: number, lon2: number): number {
  const radians = Math.PI / 180;
  const half = Math.sin(((lat2 - lat1) * radians) / 2) ** 2;
  const across = Math.sin(((lon2 - lon1) * radians) / 2) ** 2;
  const a = half + Math.cos(lat1 * radians) * Math.cos(lat2 * radians) * across;
  return 2 * EARTH_KM * Math.asin(Math.min(1, Math.sqrt(a)));
}
