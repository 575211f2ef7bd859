// What is measured of the promise, by name: each a list of figures of which none may be over 1.
// Owns sizes and seeds, so that a page and a test show the same numbers.

import { openRuleHits } from "../../../agents/src/scorer/detectors/rule-hits.ts";
import { openEnsemble } from "../../../agents/src/scorer/ensemble.ts";
import { countActorSignals } from "./actor-days.ts";
import { countSignals, type LineCount } from "./false-signals.ts";
import { BUSY, type HonestClass, INSIDE } from "./honest-class.ts";
import { countLearnedSignals, type LearnedDays, weighLearnedSignals } from "./learned-days.ts";
import { OUTSIDE } from "./outside-class.ts";
import { weighSignals } from "./rare-signals.ts";
import { weighRuleSignals } from "./rule-days.ts";
import { countTogether } from "./two-hosts.ts";
import { countScorerSignals } from "./whole-scorer.ts";

export interface Measured {
  readonly name: string;
  readonly lineMdb: number;
  readonly subjectDays: number;
  readonly signals: number;
  readonly inflation: number;
  readonly bound: number;
  /** By importance sampling: signals are of the alternative. */
  readonly isWeighed: boolean;
}

const { source: SOURCE } = openEnsemble();
const COUNTED_MDB = [10_000, 20_000, 30_000];
const RARE_MDB = 40_000;
const SEED = 20_260_105;
/** Days of one weighed run. */
const RARE_DAYS = 5;
const RARE_RUNS = 2_000;

function counted(name: string, count: LineCount): Measured {
  return { name, isWeighed: false, ...count };
}

/** Classes inside, sources: 100,000 subject-days each, and the 40 dB line weighed. */
function sources(): Measured[] {
  return [...INSIDE].flatMap(([name, kinds]) => {
    const population = { kinds, subjects: 1_000, days: 100, seed: SEED };
    const counts = countSignals(population, SOURCE, COUNTED_MDB);
    return [...counts.map((count) => counted(name, count)), weighed(name, kinds)];
  });
}

function weighed(name: string, kinds: readonly HonestClass[]): Measured {
  const runs = { kinds, days: RARE_DAYS, runs: RARE_RUNS, seed: SEED, lineMdb: RARE_MDB };
  const { drawn, inflation, bound, costliestBet } = weighSignals(runs, SOURCE);
  if (costliestBet > 1 + 1e-6) {
    throw new Error(`${name}: a bet pays ${costliestBet} on average, so it is none`);
  }
  const subjectDays = RARE_DAYS * RARE_RUNS;
  const rest = { lineMdb: RARE_MDB, subjectDays, signals: drawn, inflation, bound };
  return { name, isWeighed: true, ...rest };
}

const CEILING = INSIDE.get("at every ceiling") as readonly HonestClass[];

/** Hosts together: those that see the same, and those that see each their own. */
function hosts(): Measured[] {
  const [kind] = CEILING as [HonestClass];
  const shared = { kind, hosts: 2, isShared: true, subjects: 200, days: 100 };
  const own = { kind, hosts: 10, isShared: false, subjects: 40, days: 50 };
  return [10_000, 20_000].flatMap((lineMdb) =>
    [shared, own].map((asked) => {
      const name = `${asked.hosts} hosts, ${asked.isShared ? "the same attempts" : "their own"}`;
      return counted(name, countTogether({ ...asked, seed: SEED, lineMdb }, SOURCE));
    }),
  );
}

/** Two hundred attempts a day at every ceiling: many starts, one bankroll. */
function busy(): Measured[] {
  const population = { kinds: [BUSY], subjects: 80, days: 50, seed: SEED };
  const counts = countSignals(population, SOURCE, [10_000, 20_000]);
  return counts.map((count) => counted("busy", count));
}

/** Every line read twice, through the whole scorer. */
function twice(): Measured[] {
  const population = { kinds: CEILING, subjects: 100, days: 100, seed: SEED };
  return [counted("each line read twice", countScorerSignals(population, 10_000, 2))];
}

/** Rules and misfortunes of accounts at their ceilings. */
function actors(): Measured[] {
  const { actor } = openEnsemble({ rules: openRuleHits({ named: () => undefined }) });
  const rules = [...COUNTED_MDB, RARE_MDB].map((lineMdb) => {
    const asked = { days: 4, runs: 50_000, seed: SEED, lineMdb };
    const { drawn, ...rest } = weighRuleSignals(asked, actor);
    const subjectDays = asked.days * asked.runs;
    return { name: "rules", lineMdb, subjectDays, signals: drawn, isWeighed: true, ...rest };
  });
  const asked = { subjects: 1_000, days: 100, seed: SEED };
  const accounts = countActorSignals(asked, "actor", COUNTED_MDB);
  const sessions = countActorSignals(asked, "session", COUNTED_MDB);
  return [
    ...rules,
    ...accounts.map((count) => counted("accounts", count)),
    ...sessions.map((count) => counted("sessions", count)),
  ];
}

/** The learned kind while the past is exchangeable with the present. */
function learned(): Measured[] {
  const counts = [false, true].flatMap((isBursty) => {
    const asked = { subjects: 1_000, days: 100, seed: SEED, isBursty, drift: 0, repeats: 0 };
    const name = isBursty ? "learned, bursty" : "learned";
    return countLearnedSignals(asked, COUNTED_MDB).map((count) => counted(name, count));
  });
  const asked = { runs: 1_000, past: 40, seed: SEED, lineMdb: RARE_MDB };
  const { drawn, ...rest } = weighLearnedSignals(asked);
  const subjectDays = asked.runs;
  const rare = { name: "learned", lineMdb: RARE_MDB, subjectDays, signals: drawn };
  return [...counts, { ...rare, isWeighed: true, ...rest }];
}

const STEADY = { subjects: 200, days: 100, seed: SEED, isBursty: false, drift: 0, repeats: 0 };
const GROWING = { ...STEADY, drift: 0.02 };

/**
 * What somebody does grows to three times its size in 100 days: no exchangeable past, and nothing
 * is promised, but a past that goes on learning keeps up with it.
 */
function growing(): Measured[] {
  const counts = countLearnedSignals(GROWING, [10_000, 20_000]);
  return counts.map((count) => counted("learned, growing", count));
}

/** Outside the class: for the page. None of these may be asserted to be below 1. */
export function outside(): Measured[] {
  const lines = [...COUNTED_MDB, RARE_MDB];
  const sources = [...OUTSIDE].flatMap(([name, kind]) => {
    const population = { kinds: [kind], subjects: 250, days: 100, seed: SEED };
    return countSignals(population, SOURCE, lines).map((count) => counted(name, count));
  });
  const learnedOf = (name: string, asked: LearnedDays) =>
    countLearnedSignals(asked, lines).map((count) => counted(`learned: ${name}`, count));
  return [
    ...sources,
    ...learnedOf("autocorrelation, nine acts in ten as large as the last", {
      ...STEADY,
      repeats: 0.9,
    }),
    ...learnedOf("slow drift, to three times the size in 100 days", GROWING),
  ];
}

export const MEASURES: ReadonlyMap<string, () => Measured[]> = new Map([
  ["sources", sources],
  ["actors", actors],
  ["learned", learned],
  ["growing", growing],
  ["busy", busy],
  ["hosts", hosts],
  ["twice", twice],
]);
