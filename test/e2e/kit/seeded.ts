// Chance out of a seed, so that a run can be made again: the seed comes from OSTRAKA_E2E_SEED, is
// fixed without it, and is said where the run is told of.

const SEED = 1;

/** The seed of this run, printed once so that a failure can be repeated. */
export function seedOf(suite: string): number {
  const given = Number(process.env["OSTRAKA_E2E_SEED"] ?? SEED);
  const seed = Number.isSafeInteger(given) && given >= 0 ? given : SEED;
  process.stderr.write(`${suite}: OSTRAKA_E2E_SEED=${seed}\n`);
  return seed;
}

/** Mulberry32 (T. Ettinger, public domain): 32 bits of state, good enough to choose moments. */
export class Seeded {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from `least` to `most`. */
  int(least: number, most: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    const unit = ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
    return least + Math.floor(unit * (most - least + 1));
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.int(0, choices.length - 1)] as T;
  }
}
