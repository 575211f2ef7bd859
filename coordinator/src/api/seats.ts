// Seats at a door: how many may be taken at once, in all and by one caller, so that nobody can use
// up the others' room.

import { OstrakaError } from "@ostraka/proto";
import type { Caller } from "./caller.ts";

export class Seats {
  readonly #what: string;
  readonly #all: number;
  readonly #each: number;
  readonly #taken = new Map<string, number>();
  #count = 0;

  /** @param what plural, for the sentence of a refusal. */
  constructor(what: string, all: number, each: number) {
    this.#what = what;
    this.#all = all;
    this.#each = each;
  }

  /**
   * Takes a seat until it is disposed of.
   * @throws OstrakaError OSTRAKA_RESOURCE_EXHAUSTED when none is left.
   */
  take({ role, name }: Caller): Disposable {
    const who = `${role}/${name}`;
    const own = this.#taken.get(who) ?? 0;
    if (own >= this.#each || this.#count >= this.#all) {
      const whose = own >= this.#each ? `you have ${own}` : `this coordinator has ${this.#count}`;
      throw new OstrakaError(
        "OSTRAKA_RESOURCE_EXHAUSTED",
        `${whose} ${this.#what} open, more there cannot be: close some, or wait and ask again`,
      );
    }
    this.#count++;
    this.#taken.set(who, own + 1);
    let isTaken = true;
    return {
      [Symbol.dispose]: () => {
        if (!isTaken) return;
        isTaken = false;
        this.#count--;
        const left = (this.#taken.get(who) ?? 1) - 1;
        if (left === 0) this.#taken.delete(who);
        else this.#taken.set(who, left);
      },
    };
  }
}
