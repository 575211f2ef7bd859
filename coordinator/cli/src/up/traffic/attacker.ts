// One attacker: guesses passwords on one host after the other, once every few hundred milliseconds,
// and looks at web pages in between. Nothing else in the story is hostile.

import type { HostLog } from "./host-log.ts";
import { TRIED_NAMES } from "./people.ts";
import type { Random } from "./random.ts";

export interface AttackerOptions {
  readonly address: string;
  readonly random: Random;
  /** Mean pause between two guesses, ms. */
  readonly everyMs: number;
}

/** More than any line of the default policy needs; then it gives up. */
const GUESSES_MAX = 400;

export class Attacker {
  readonly address: string;
  readonly #o: AttackerOptions;
  #next: number;
  guesses = 0;

  constructor(options: AttackerOptions) {
    this.#o = options;
    this.address = options.address;
    this.#next = options.random.int(0, TRIED_NAMES.length - 1);
  }

  /** Guesses on a host until told to stop. @returns how to stop. */
  attack(log: HostLog): () => void {
    const { random, everyMs } = this.#o;
    let timer: NodeJS.Timeout | undefined;
    const guess = () => {
      if (this.guesses >= GUESSES_MAX) return;
      log.guess(this.address, TRIED_NAMES[this.#next++ % TRIED_NAMES.length] as string);
      this.guesses++;
      timer = setTimeout(guess, random.int(Math.ceil(everyMs * 0.6), Math.ceil(everyMs * 1.4)));
    };
    guess();
    return () => clearTimeout(timer);
  }
}
