// How slowly somebody must move to teach the scorer his ways: an account with a past goes over, in
// so many working days, from what it did to something else, one property at a time. Owns the ramps
// and the search. The scorer is the product's own, with everything on; nothing here knows what it
// keeps.

import type { Event } from "@ostraka/agents/kernel";
import { DEFAULT_SCORER_POLICY, openScorer, type Scorer } from "@ostraka/agents/scorer";
import type { SubjectText } from "@ostraka/proto";
import { Random } from "../../sim/random.ts";
import { DAY_MS, START_DAY } from "../promise/source-life.ts";

export const ACCOUNT = "user:acme/slow" as SubjectText;
export const ADDRESS = "address:10.1.2.3" as SubjectText;
const PAST_DAYS = 60;
const ACTS_A_DAY = 30;
const HOUR_MS = 3_600_000;
const OWN_RESOURCES = 12;

/**
 * What one act looks like, and how many there are, at a point between the old way (0) and the new.
 */
export interface Ramp {
  readonly name: string;
  act(along: number, random: Random): Partial<Event>;
  actsADay(along: number): number;
}

/** What the account has always done. */
export function usualAct(random: Random): Partial<Event> {
  return {
    action: random.pick(["open", "read", "write", "close"]),
    target: `own/r${Math.floor(OWN_RESOURCES * random.float() ** 2)}`,
    sizeBytes: Math.round(10 ** (3 + random.float())),
    durationMs: random.int(20, 400),
  };
}

/** A thousand times as large in the end. */
const larger: Ramp = {
  name: "a thousand times as large",
  actsADay: () => ACTS_A_DAY,
  act(along, random) {
    const usual = usualAct(random);
    return { ...usual, sizeBytes: Math.round((usual.sizeBytes as number) * 1_000 ** along) };
  },
};

/** Twenty times as many in the end. */
const more: Ramp = {
  name: "twenty times as many",
  actsADay: (along) => Math.round(ACTS_A_DAY * 20 ** along),
  act: (_, random) => usualAct(random),
};

/** In the end nothing but what is not its own. */
const elsewhere: Ramp = {
  name: "on nothing but others' resources",
  actsADay: () => ACTS_A_DAY,
  act(along, random) {
    const usual = usualAct(random);
    if (!random.chance(along)) return usual;
    return { ...usual, target: `others/r${random.int(0, 999)}` };
  },
};

export const RAMPS: readonly Ramp[] = [larger, more, elsewhere];

/** An account with a past on a fresh host. */
export class SlowAccount {
  readonly scorer: Scorer = openScorer({ policy: DEFAULT_SCORER_POLICY });
  readonly #random: Random;
  #day = 0;
  #serial = 0;
  /** Highest learned level since the past ended. */
  highestMdb = Number.NEGATIVE_INFINITY;

  constructor(seed: number) {
    this.#random = new Random(seed);
    for (let day = 0; day < PAST_DAYS; day++) this.#playDay(larger, 0);
    this.highestMdb = Number.NEGATIVE_INFINITY;
  }

  /** Goes over in so many working days, and stays there for ten. */
  goOver(ramp: Ramp, days: number): void {
    for (let n = 1; n <= days + 10; n++) this.#playDay(ramp, Math.min(1, n / days));
  }

  #playDay(ramp: Ramp, along: number): void {
    while (this.#day % 7 >= 5) this.#day++;
    const acts = ramp.actsADay(along);
    let timeMs = (START_DAY + this.#day++) * DAY_MS + 9 * HOUR_MS;
    this.#step(timeMs, "login-succeeded", { method: "publickey" });
    for (let n = 0; n < acts; n++) {
      timeMs += (2 * this.#random.float() * 8 * HOUR_MS) / (acts + 1);
      this.#step(timeMs, "activity", ramp.act(along, this.#random));
    }
  }

  #step(timeMs: number, kind: Event["kind"], fields: Partial<Event>): void {
    const id = `${this.#serial++}`;
    const who = { account: ACCOUNT, address: ADDRESS, userAgent: "OpenSSH_9.6" };
    const event = { id, timeMs: Math.round(timeMs), kind, service: "app", count: 1 };
    const out = { lease: () => undefined, signal: () => undefined };
    this.scorer.step({ type: "event", event: { ...event, ...who, ...fields } }, out);
    const level = this.scorer.standing(ACCOUNT)?.learnedLevelMdb ?? Number.NEGATIVE_INFINITY;
    this.highestMdb = Math.max(this.highestMdb, level);
  }
}

/** A level that an honest account passes on one day in a hundred at most. */
export const NOTICED_MDB = 20_000;
/** No more are tried. */
export const DAYS_MAX = 128;
const SEEDS = [1, 2, 3];

/**
 * The fewest working days, of powers of two, in which somebody can go over and stay unnoticed all
 * the time; the median of three seeds. More than `DAYS_MAX` when none do.
 */
function fewestDays(ramp: Ramp): number {
  const fewest = SEEDS.map((seed) => {
    for (let days = 1; days <= DAYS_MAX; days *= 2) {
      const slow = new SlowAccount(seed);
      slow.goOver(ramp, days);
      if (slow.highestMdb < NOTICED_MDB) return days;
    }
    return 2 * DAYS_MAX;
  });
  return fewest.sort((a, b) => a - b)[1] as number;
}

export function fewestDaysOfAll(): (readonly [name: string, days: number])[] {
  return RAMPS.map((ramp) => [ramp.name, fewestDays(ramp)] as const);
}
