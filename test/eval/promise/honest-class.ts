// Honest sources as chains whose every next attempt is drawn from a finite list with its
// probabilities, so that a simulation can also draw from other probabilities and weigh. Owns the
// classes that the promise covers. Each stays at or below every declared ceiling, given its past.

import type { Random } from "../../sim/random.ts";

/** One login attempt as a source's detectors see it. */
export interface Attempt {
  readonly isFailed: boolean;
  /** The name is nobody's. */
  readonly isUnknown: boolean;
  /** Name, as a hash; never 0. */
  readonly name: number;
  /** Since the attempt before. */
  readonly gapMs: number;
}

export interface Choice extends Attempt {
  readonly probability: number;
}

/** A source's state between two attempts. */
export interface SourceState {
  readonly previous: Attempt | undefined;
  /** Failed attempts without a success since. */
  readonly failures: number;
  /** Counts attempts of the whole run: makes names that nobody has used before. */
  readonly serial: number;
  readonly day: number;
}

export interface HonestClass {
  readonly name: string;
  /** Attempts of a day; at least one, so that every day is active. */
  attemptsOf(day: number, random: Random): number;
  /** What may come next; the probabilities add to 1. */
  next(state: SourceState): readonly Choice[];
}

/** Shares of what a source does next. */
export interface Manner {
  /** Of attempts after a success: a name of nobody, its own name refused. */
  readonly firstUnknown: number;
  readonly firstFails: number;
  /** After a refusal under a name of nobody: another such name, the same again. */
  readonly otherUnknown: number;
  readonly sameUnknown: number;
  /** After a refusal under a real name: a name of nobody, a colleague's, the same again. */
  readonly thenUnknown: number;
  readonly colleague: number;
  readonly same: number;
  /** Gaps within a second, from there within 5 s, and from there within a minute. */
  readonly burst: number;
  readonly fast: number;
  readonly quick: number;
}

/**
 * Every declared ceiling at once: 35 % of retries fail, 4 % of them within a second, 10 % within
 * 5 s and 20 % within a minute, 10 % name nobody, 19 % of further steps fail on a further account.
 */
export const AT_CEILING: Manner = {
  firstUnknown: 0.1,
  firstFails: 0.1,
  otherUnknown: 0.1,
  sameUnknown: 0.25,
  thenUnknown: 0.1,
  colleague: 0.05,
  same: 0.2,
  burst: 0.11,
  fast: 0.17,
  quick: 0.29,
};

const OWN = 1;
const COLLEAGUES = 40;
const NAMES_FROM = 1_000;

/** A manner with its refusals and its haste scaled; below 1 it stays inside the class. */
export function scaled(manner: Manner, refusals: number, haste: number): Manner {
  return {
    firstUnknown: manner.firstUnknown * refusals,
    firstFails: manner.firstFails * refusals,
    otherUnknown: manner.otherUnknown * refusals,
    sameUnknown: manner.sameUnknown * refusals,
    thenUnknown: manner.thenUnknown * refusals,
    colleague: manner.colleague * refusals,
    same: manner.same * refusals,
    burst: manner.burst * haste,
    fast: manner.fast * haste,
    quick: manner.quick * haste,
  };
}

/** The choices of one manner in one state. */
export function choicesOf(manner: Manner, state: SourceState): readonly Choice[] {
  const { previous, serial } = state;
  const wrong = NAMES_FROM + serial;
  const steps: (Omit<Choice, "gapMs"> & { probability: number })[] = [];
  const fail = (probability: number, name: number, isUnknown: boolean) =>
    steps.push({ probability, name, isUnknown, isFailed: true });
  if (previous?.isFailed !== true) {
    fail(manner.firstUnknown, wrong, true);
    fail(manner.firstFails, OWN, false);
  } else if (previous.isUnknown) {
    fail(manner.otherUnknown, wrong, true);
    fail(manner.sameUnknown, previous.name, true);
  } else {
    fail(manner.thenUnknown, wrong, true);
    fail(manner.colleague, 2 + (serial % COLLEAGUES), false);
    fail(manner.same, previous.name, false);
  }
  const success = 1 - steps.reduce((sum, { probability }) => sum + probability, 0);
  const back = previous?.isFailed === true ? previous.name : OWN;
  const ok = { isFailed: false, isUnknown: false };
  steps.push({ ...ok, probability: success / 2, name: back });
  steps.push({ ...ok, probability: success / 2, name: OWN });
  const { burst, fast, quick } = manner;
  return steps.flatMap((step) => [
    { ...step, probability: step.probability * burst, gapMs: 800 },
    { ...step, probability: step.probability * fast, gapMs: 3_000 },
    { ...step, probability: step.probability * quick, gapMs: 30_000 },
    { ...step, probability: step.probability * (1 - burst - fast - quick), gapMs: 600_000 },
  ]);
}

export const ATTEMPTS_A_DAY = 12;

const atCeiling: HonestClass = {
  name: "at every ceiling",
  attemptsOf: () => ATTEMPTS_A_DAY,
  next: (state) => choicesOf(AT_CEILING, state),
};

/** Calm for days, then a day of a hundred attempts at every ceiling. */
const bursty: HonestClass = {
  name: "bursty",
  attemptsOf: (_, random) => (random.chance(0.08) ? random.int(60, 120) : random.int(1, 4)),
  next: (state) => choicesOf(AT_CEILING, state),
};

const CAREFUL = scaled(AT_CEILING, 0.2, 0.5);
const HASTY = scaled(AT_CEILING, 0.7, 1);
const SLOPPY = scaled(AT_CEILING, 1, 0.4);

/** The people of one company: each source is one of these, by its number. */
const MIXED: readonly HonestClass[] = [
  person("careful", CAREFUL, 1, 6),
  person("hasty", HASTY, 4, 20),
  person("sloppy", SLOPPY, 2, 12),
  person("office", scaled(AT_CEILING, 0.5, 0.8), 30, 60),
  { ...bursty, name: "now and then" },
];

function person(name: string, manner: Manner, least: number, most: number): HonestClass {
  return {
    name,
    attemptsOf: (_, random) => random.int(least, most),
    next: (state) => choicesOf(manner, state),
  };
}

/** An address with so much going on that it starts over and over: every start shares one day. */
export const BUSY: HonestClass = { ...atCeiling, name: "busy", attemptsOf: () => 200 };

/** Classes inside the promise: each a list of kinds of source, dealt out in turn. */
export const INSIDE: ReadonlyMap<string, readonly HonestClass[]> = new Map([
  ["at every ceiling", [atCeiling]],
  ["mixed", MIXED],
  ["bursty", [bursty]],
]);
