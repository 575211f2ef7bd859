// A caller of the admin API who does not give up: sends the same bytes again, to any coordinator,
// until the answer is OK or REFUSED. Never takes UNKNOWN for an answer.

import type { SubmissionAnswer } from "@ostraka/agents/node";
import type { Envelope, PrivatePart } from "@ostraka/proto";
import type { Random } from "./random.ts";
import type { World } from "./world.ts";

const WAIT_MS = 2_500;

export class Client {
  readonly #world: World;
  readonly #random: Random;
  /** Commands without a final answer, and since when (true time in milliseconds). */
  readonly waiting = new Map<Envelope, number>();
  #tries = 0;

  constructor(world: World, random: Random) {
    this.#world = world;
    this.#random = random;
  }

  /** Submits a command; `onDone` hears OK or REFUSED, once. */
  submit(
    envelope: Envelope,
    privates: readonly PrivatePart[] = [],
    onDone?: (answer: SubmissionAnswer) => void,
  ): void {
    this.waiting.set(envelope, this.#world.time.nowMs);
    this.#try(envelope, privates, onDone);
  }

  #try(
    envelope: Envelope,
    privates: readonly PrivatePart[],
    onDone: ((answer: SubmissionAnswer) => void) | undefined,
  ): void {
    const { coordinators, time } = this.#world;
    // In turn: a coordinator that has stopped must not be asked twice running.
    const process = coordinators[this.#tries++ % coordinators.length];
    if (process === undefined) return;
    this.#world.submit(process, envelope, privates, WAIT_MS, (answer) => {
      if (answer.outcome !== "ok" && answer.outcome !== "refused") return;
      if (!this.waiting.delete(envelope)) return;
      onDone?.(answer);
      // Some ask again though they were answered: the same bytes, the same answer.
      if (this.#random.chance(0.2)) {
        const again = this.#random.pick(coordinators);
        time.in(this.#random.int(500, 4_000), () => this.#world.submit(again, envelope, privates));
      }
    });
    if (!this.waiting.has(envelope)) return;
    time.in(WAIT_MS + 500, () => {
      if (this.waiting.has(envelope)) this.#try(envelope, privates, onDone);
    });
  }
}
