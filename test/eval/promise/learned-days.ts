// The learned kind under exchangeable data: strangeness drawn anew each time, ranked and bet on by
// the product's own watch. Owns two detectors that only pass a number on, one without ties and one
// with many. At 40 dB the last day is drawn from a world in which every other act is among the
// strangest, and weighed by what that is against honesty.

import type { SubjectText } from "@ostraka/proto";
import { openEnsemble } from "../../../agents/src/scorer/ensemble.ts";
import type { LearnedDetector } from "../../../agents/src/scorer/learned/learned-detector.ts";
import {
  beginLearnedDay,
  LearnedWatch,
  learnedLevelOf,
  resetLearned,
} from "../../../agents/src/scorer/learned/learned-watch.ts";
import { Peers } from "../../../agents/src/scorer/learned/peers.ts";
import { ProfilePool } from "../../../agents/src/scorer/learned/profile-pool.ts";
import { openObservation } from "../../../agents/src/scorer/observation.ts";
import {
  enterDay,
  openSubjectState,
  type SubjectState,
} from "../../../agents/src/scorer/subject-state.ts";
import { Random } from "../../sim/random.ts";
import { type LineCount, lineCount } from "./false-signals.ts";
import { DAY_MS, START_DAY } from "./source-life.ts";
import { meanBound } from "./upper-bound.ts";

/** Of the events that the second detector sees, these are strange, and all alike. */
const TIED = 0.02;
/** So that the steps in which strangeness is ranked are small beside it. */
const SCALE = 100;

/** Passes a number on: what makes it strange is drawn by the test. */
function passing(name: string, of: "sizeBytes" | "durationMs"): LearnedDetector {
  return {
    name,
    share: 0.5,
    follows: ["actor"],
    against: "it is as large as it usually is",
    width: 0,
    strangeness: (_cells, _at, seen) => SCALE * seen[of],
    learn: () => undefined,
    describe: () => "",
  };
}

const ensemble = openEnsemble({
  learned: [passing("even", "sizeBytes"), passing("tied", "durationMs")],
});

class LearnedLife {
  readonly state: SubjectState = openSubjectState("user:acme/one" as SubjectText, ensemble);
  readonly #watch = new LearnedWatch(new ProfilePool([], 0, () => undefined), new Peers([]));
  readonly #seen = { ...openObservation(), outcome: "acted" as const };

  beginDay(day: number): void {
    enterDay(this.state, START_DAY + day);
    beginLearnedDay(this.state);
    this.#seen.timeMs = (START_DAY + day) * DAY_MS;
    this.state.lastMs = this.#seen.timeMs;
  }

  /** @returns the level after it. */
  see(even: number, tied: number): number {
    const seen = this.#seen;
    seen.timeMs += 60_000;
    seen.sizeBytes = even;
    seen.durationMs = tied;
    this.#watch.observe(this.state, seen, true);
    return learnedLevelOf(this.state);
  }

  /** The second strangest value that the first detector's history holds, below 1. */
  edge(): number {
    const { learned, learnedAt, lineup } = this.state;
    if (learned === undefined) return 0;
    const value = learned.halves[2 * (learnedAt + lineup.historiesAt) + 1] as number;
    return Math.min(value / SCALE, 0.999);
  }
}

export interface LearnedDays {
  readonly subjects: number;
  readonly days: number;
  readonly seed: number;
  /** Mostly a few acts a day, and now and then a hundred. */
  readonly isBursty: boolean;
  /** Of its own range, how far the first number moves in a day. 0 is exchangeable. */
  readonly drift: number;
  /** How often an act is as large as the one before. 0 is exchangeable. */
  readonly repeats: number;
}

function actsOf(isBursty: boolean, random: Random): number {
  if (!isBursty) return 12;
  return random.chance(0.06) ? random.int(60, 140) : random.int(1, 6);
}

/** @param linesMdb levels of the learned kind. */
export function countLearnedSignals(asked: LearnedDays, linesMdb: readonly number[]): LineCount[] {
  const random = new Random(asked.seed);
  const lines = linesMdb.map((mdb) => 10 ** (mdb / 10_000));
  const signals = linesMdb.map(() => 0);
  for (let subject = 0; subject < asked.subjects; subject++) {
    const lives = lines.map(() => new LearnedLife());
    let even = 0;
    for (let day = 0; day < asked.days; day++) {
      for (const life of lives) life.beginDay(day);
      const acts = actsOf(asked.isBursty, random);
      for (let n = 0; n < acts; n++) {
        const isRepeat = random.chance(asked.repeats);
        if (!isRepeat) even = -Math.log(1 - random.float()) * (1 + day * asked.drift);
        const tied = random.chance(TIED) ? 1 : 0;
        for (const [i, life] of lives.entries()) {
          if (life.see(even, tied) < (lines[i] as number)) continue;
          resetLearned(life.state);
          signals[i] = (signals[i] as number) + 1;
        }
      }
    }
  }
  const subjectDays = asked.subjects * asked.days;
  return linesMdb.map((mdb, i) => lineCount(mdb, subjectDays, signals[i] as number));
}

export interface RareLearned {
  readonly runs: number;
  /** Honest days before the one that is weighed. */
  readonly past: number;
  readonly seed: number;
  readonly lineMdb: number;
}

const HONEST = 0.5;
const ACTS_A_DAY = 12;

/** First signals of a day, after an honest past. */
export function weighLearnedSignals({ runs, past, seed, lineMdb }: RareLearned) {
  const random = new Random(seed);
  const line = 10 ** (lineMdb / 10_000);
  let [drawn, sum, sumOfSquares] = [0, 0, 0];
  for (let run = 0; run < runs; run++) {
    const life = new LearnedLife();
    for (let day = 0; day < past; day++) {
      life.beginDay(day);
      for (let n = 0; n < ACTS_A_DAY; n++) honestAct(life, line, random);
    }
    life.beginDay(past);
    let density = 1;
    for (let n = 0; n < ACTS_A_DAY; n++) {
      // Half of the acts of that day are among the strangest that the history can tell apart.
      const edge = life.edge();
      const isMade = !random.chance(HONEST);
      const even = isMade ? edge + (1 - edge) * random.float() : random.float();
      density *= HONEST + (even > edge ? (1 - HONEST) / (1 - edge) : 0);
      if (life.see(even, random.chance(TIED) ? 1 : 0) < line) continue;
      const weight = line / density;
      drawn++;
      sum += weight;
      sumOfSquares += weight * weight;
      break;
    }
  }
  return { drawn, inflation: sum / runs, bound: meanBound(sum, sumOfSquares, runs) };
}

function honestAct(life: LearnedLife, line: number, random: Random): void {
  const level = life.see(random.float(), random.chance(TIED) ? 1 : 0);
  if (level >= line) resetLearned(life.state);
}
