// Days of honest accounts on which each thing that a declared detector of accounts looks for
// befalls them as often as its ceiling allows, each by itself. Owns what has to be seen for it; a
// detector that has no such sight here fails the measure, so that none goes unmeasured.

import { AFTER_BURST_BET } from "../../../agents/src/scorer/detectors/after-burst.ts";
import {
  CONTEXT_DETECTORS,
  openIntelHit,
  SESSION_DETECTORS,
} from "../../../agents/src/scorer/detectors/context.ts";
import { FIRST_TIME_BET } from "../../../agents/src/scorer/detectors/first-after-days.ts";
import { TRAVEL_BET } from "../../../agents/src/scorer/detectors/impossible-travel.ts";
import { SPLIT_BET } from "../../../agents/src/scorer/detectors/split-session.ts";
import { openEnsemble } from "../../../agents/src/scorer/ensemble.ts";
import { type Observation, openObservation } from "../../../agents/src/scorer/observation.ts";
import { Random } from "../../sim/random.ts";
import { DeclaredMoney } from "./declared-money.ts";
import { type LineCount, lineCount } from "./false-signals.ts";
import { DAY_MS, START_DAY } from "./source-life.ts";

interface Misfortune {
  /** Detector that looks for it. */
  readonly of: string;
  /** Of an honest account's, or session's, days. */
  readonly ceiling: number;
  readonly seen: Partial<Observation>;
}

const LIST_CEILING = 0.01;

const MISFORTUNES: readonly Misfortune[] = [
  { of: "after-burst", ceiling: AFTER_BURST_BET.ceiling, seen: { isSourceLeased: true } },
  {
    of: "impossible-travel",
    ceiling: TRAVEL_BET.ceiling,
    seen: { latitude: -33.9, longitude: 151.2, networkHash: 9 },
  },
  { of: "unmanaged-device", ceiling: FIRST_TIME_BET.ceiling, seen: { posture: -1 } },
  { of: "new-privilege", ceiling: FIRST_TIME_BET.ceiling, seen: { isPrivilegeGrant: true } },
  { of: "intel-hit", ceiling: LIST_CEILING, seen: { intelMask: 1 } },
  {
    of: "split-session",
    ceiling: SPLIT_BET.ceilings.near,
    seen: { networkHash: 9, agentHash: 9 },
  },
  {
    of: "split-session",
    ceiling: SPLIT_BET.ceilings.far,
    seen: { networkHash: 8, agentHash: 8, countryHash: 8 },
  },
];

export interface ActorDays {
  readonly subjects: number;
  readonly days: number;
  readonly seed: number;
}

const LOGIN: Partial<Observation> = {
  outcome: "succeeded",
  nameHash: 7,
  latitude: 52.5,
  longitude: 13.4,
  networkHash: 5,
  agentHash: 3,
  countryHash: 2,
  posture: 1,
};
const LOGINS_A_DAY = 4;

/** @param whose accounts, or their sessions, which other detectors follow. */
export function countActorSignals(
  asked: ActorDays,
  whose: "actor" | "session",
  linesMdb: readonly number[],
): LineCount[] {
  const lists = openIntelHit([{ name: "list", ceiling: LIST_CEILING }]);
  const lineup = openEnsemble({
    actor: [...CONTEXT_DETECTORS, lists],
    session: [...SESSION_DETECTORS, lists],
  })[whose];
  for (const { name } of lineup.declared) {
    if (!MISFORTUNES.some(({ of }) => of === name)) throw new Error(`nobody measured ${name}`);
  }
  const random = new Random(asked.seed);
  const lines = linesMdb.map((mdb) => 10 ** (mdb / 10_000));
  const signals = linesMdb.map(() => 0);
  for (let subject = 0; subject < asked.subjects; subject++) {
    const purses = lines.map(() => new DeclaredMoney(lineup));
    for (let day = 0; day < asked.days; day++) {
      for (const purse of purses) purse.beginDay();
      // Each befalls one login of its day.
      const when = MISFORTUNES.map(({ ceiling }) =>
        random.chance(ceiling) ? random.int(0, LOGINS_A_DAY - 1) : -1,
      );
      for (let n = 0; n < LOGINS_A_DAY; n++) {
        const timeMs = (START_DAY + day) * DAY_MS + (n + 1) * 3_600_000;
        const seen = { ...openObservation(), ...LOGIN, timeMs };
        for (const [i, at] of when.entries()) {
          if (at === n) Object.assign(seen, MISFORTUNES[i]?.seen);
        }
        for (const [i, purse] of purses.entries()) {
          purse.observe(seen);
          if (purse.level() < (lines[i] as number)) continue;
          purse.reset();
          signals[i] = (signals[i] as number) + 1;
        }
      }
    }
  }
  const subjectDays = asked.subjects * asked.days;
  return linesMdb.map((mdb, i) => lineCount(mdb, subjectDays, signals[i] as number));
}
