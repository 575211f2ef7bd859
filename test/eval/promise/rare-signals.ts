// False signals that are too rare to count: importance sampling under the alternative that the bets
// themselves define.
//
// A detector's factor on what may come next is a likelihood ratio: honest probabilities times
// factors are the probabilities of the world in which its bet is right. So a run begins honest,
// chooses a detector by its share, a day, and one of that day's starts by its stake, and from that
// start on draws from that world. The density of this mixture against honesty, along any path, is
// the average over days of cash and money in bets: were every bet exactly fair, it would be the
// account itself. So the account is the weight: P(level >= c) = E[1{level >= c} / account] there.
// The density is NOT taken from the product's accounts, or a bet that pays too much would hide
// itself: it is worked out from the class's own probabilities, each step's factors divided by what
// they cost on average. That average is the null itself, and above 1 no promise holds: it is
// reported as well.

import type { Detector, DetectorMemory } from "../../../agents/src/scorer/detectors/detector.ts";
import type { Observation } from "../../../agents/src/scorer/observation.ts";
import { Random } from "../../sim/random.ts";
import { type Declared, DeclaredMoney } from "./declared-money.ts";
import type { Choice, HonestClass } from "./honest-class.ts";
import { draw, SourceLife } from "./source-life.ts";
import { meanBound } from "./upper-bound.ts";

export interface RareRuns {
  readonly kinds: readonly HonestClass[];
  /** Days of one run, of which one is chosen. */
  readonly days: number;
  readonly runs: number;
  readonly seed: number;
  readonly lineMdb: number;
}

export interface RareCount {
  /** Runs that drew a signal, under the alternative. */
  readonly drawn: number;
  /** False signals x c over subject-days, and the upper 95 % bound. */
  readonly inflation: number;
  readonly bound: number;
  /** Most that any bet paid on average, under honesty: at most 1 where the null holds. */
  readonly costliestBet: number;
}

/** First signals of a source in its days; a second one within them is rarer still. */
export function weighSignals(runs: RareRuns, lineup: Declared): RareCount {
  const random = new Random(runs.seed);
  const line = 10 ** (runs.lineMdb / 10_000);
  let drawn = 0;
  let sum = 0;
  let sumOfSquares = 0;
  let costliestBet = 0;
  for (let run = 0; run < runs.runs; run++) {
    const tilted = new TiltedRun(runs, lineup, random, run);
    const weight = tilted.play(line);
    costliestBet = Math.max(costliestBet, tilted.costliestBet);
    if (weight === undefined) continue;
    drawn++;
    sum += weight;
    sumOfSquares += weight * weight;
  }
  const scale = line / runs.days;
  const bound = meanBound(sum * scale, sumOfSquares * scale * scale, runs.runs);
  return { drawn, inflation: (sum * scale) / runs.runs, bound, costliestBet };
}

/** So much money burns on no loss, and a stake beside it is lost in its last digits. */
const PROBE = 1e9;

/** What a detector's bet would multiply its money by, were this seen next; its memory stays. */
export function factorOf(detector: Detector, memory: DetectorMemory, seen: Observation): number {
  const probe = { ...memory, open: PROBE };
  detector.observe(probe, seen);
  return probe.open / PROBE;
}

class TiltedRun {
  readonly #runs: RareRuns;
  readonly #kind: HonestClass;
  readonly #random: Random;
  readonly #money: DeclaredMoney;
  readonly #life: SourceLife;
  /** Detector, day and start from which on its bets come true. */
  readonly #chosen: number;
  readonly #chosenDay: number;
  readonly #chosenStart: number;
  /** Money that never burns, of bets made exactly fair, and cash of days that are over. */
  readonly #fair: number[];
  #cashBefore = 0;
  #day = 0;
  #isTilted = false;
  costliestBet = 0;

  constructor(runs: RareRuns, lineup: Declared, random: Random, run: number) {
    this.#runs = runs;
    this.#kind = runs.kinds[run % runs.kinds.length] as HonestClass;
    this.#random = random;
    this.#money = new DeclaredMoney(lineup);
    this.#life = new SourceLife(run * 10_000);
    this.#fair = lineup.declared.map(() => 0);
    this.#chosenDay = random.int(0, runs.days - 1);
    let share = random.float();
    const chosen = lineup.declaredShares.findIndex((own) => {
      share -= own;
      return share < 0;
    });
    this.#chosen = chosen < 0 ? lineup.declared.length - 1 : chosen;
    // P(k or later) = 1/k: the stakes of a day's starts, 1/(k(k+1)).
    this.#chosenStart = Math.floor(1 / (1 - random.float()));
  }

  /** @returns the weight of the run's first signal, or `undefined` when it draws none. */
  play(line: number): number | undefined {
    for (this.#day = 0; this.#day < this.#runs.days; this.#day++) {
      this.#life.beginDay(this.#day);
      if (this.#day > 0) this.#cashBefore += this.#cash();
      this.#money.beginDay();
      const attempts = this.#kind.attemptsOf(this.#day, this.#random);
      for (let n = 0; n < attempts; n++) {
        const isRefused = this.#step();
        if (isRefused && this.#money.level() >= line) return 1 / this.#density();
      }
    }
    return undefined;
  }

  #step(): boolean {
    const choices = this.#kind.next(this.#life.state);
    const { lineup, memories } = this.#money;
    const factors = lineup.declared.map((detector, i) =>
      choices.map((choice) =>
        factorOf(detector, memories[i] as DetectorMemory, this.#life.sight(choice)),
      ),
    );
    const costs = factors.map((row) =>
      choices.reduce((sum, { probability }, j) => sum + probability * (row[j] as number), 0),
    );
    this.costliestBet = Math.max(this.costliestBet, ...costs);
    const own = factors[this.#chosen] as readonly number[];
    const isTilted = this.#isTilted && (costs[this.#chosen] as number) > 0;
    const at = draw(choices, this.#random, (choice, j) =>
      isTilted ? choice.probability * (own[j] as number) : choice.probability,
    );
    for (let i = 0; i < factors.length; i++) {
      const factor = (factors[i] as readonly number[])[at] as number;
      const cost = costs[i] as number;
      // A bet that loses whatever comes is no alternative: the run stays honest there.
      if (cost > 0) this.#fair[i] = (this.#fair[i] as number) * (factor / cost);
    }
    const starts = memories.map((memory) => memory.starts);
    const seen = this.#life.take(choices[at] as Choice);
    this.#money.observe(seen);
    for (const [i, memory] of memories.entries()) {
      this.#noteStarts(i, starts[i] as number, memory.starts);
    }
    return seen.isRefused;
  }

  #noteStarts(i: number, before: number, after: number): void {
    for (let k = before + 1; k <= after; k++) {
      this.#fair[i] = (this.#fair[i] as number) + 1 / (k * (k + 1));
      const isChosen = i === this.#chosen && this.#day === this.#chosenDay;
      if (isChosen && k === this.#chosenStart) this.#isTilted = true;
    }
  }

  #cash(): number {
    const { lineup, memories } = this.#money;
    return lineup.declaredShares.reduce(
      (sum, share, i) => sum + share / ((memories[i] as DetectorMemory).starts + 1),
      0,
    );
  }

  /** Density of the mixture against honesty, along the path so far. */
  #density(): number {
    const { lineup } = this.#money;
    const inBets = lineup.declaredShares.reduce(
      (sum, share, i) => sum + share * (this.#fair[i] as number),
      0,
    );
    const daysAhead = this.#runs.days - 1 - this.#day;
    return (inBets + this.#cash() + this.#cashBefore + daysAhead) / this.#runs.days;
  }
}
