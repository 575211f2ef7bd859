// Compares a journal's stream with our own copy, message by message, over and over (I3): an altered
// or missing one inside is found within a stated period. Owns how fast it goes and how far it is;
// the node judges what it found.

import type { CoordinatorInput, CoordinatorNode } from "@ostraka/agents/node";
import type { Bus, Clock, RoundQueue } from "@ostraka/host";
import { type LedgerId, LIMITS } from "@ostraka/proto";
import type { HeardAt } from "./runtime.ts";

/** A full pass takes at most this long, however much the journal retains. */
export const SCRUB_PERIOD_MS = 3_600_000;
/** A small journal is gone through sooner. */
const PER_TICK_MIN = 8;
/** Requests to JetStream at one time. */
const AT_ONCE_MAX = 32;
const TICKS_PER_PERIOD = Math.floor(SCRUB_PERIOD_MS / LIMITS.tickMs / 2);

export interface ScrubState {
  /** Position up to which this pass has come. */
  readonly position: number;
  /** When a pass last came to the end; `undefined` before the first. */
  readonly fullPass: HeardAt | undefined;
}

export interface ScrubPart {
  readonly stream: string;
  readonly generation: number;
  readonly base: number;
  /** First sequence that the stream holds. */
  readonly first: number;
}

export interface JournalScrubOptions {
  readonly bus: Bus;
  readonly node: CoordinatorNode;
  readonly ledger: LedgerId;
  readonly rounds: Pick<RoundQueue<CoordinatorInput>, "push">;
  readonly clock: Clock;
}

export class JournalScrub {
  readonly #o: JournalScrubOptions;
  #position = 0;
  #fullPass: HeardAt | undefined;
  #generation = 0;

  constructor(options: JournalScrubOptions) {
    this.#o = options;
  }

  get state(): ScrubState {
    return { position: this.#position, fullPass: this.#fullPass };
  }

  /** Compares the next few messages. @throws OstrakaError OSTRAKA_UNREACHABLE. */
  async advance({ stream, generation, base, first }: ScrubPart): Promise<void> {
    const { bus, node, ledger, rounds, clock } = this.#o;
    if (generation !== this.#generation) this.#begin(generation);
    const from = Math.max(this.#position + 1, base + first, node.firstKept(ledger));
    const last = node.nextPosition(ledger) - 1;
    const retained = last - Math.max(base + first, node.firstKept(ledger)) + 1;
    const wanted = Math.max(PER_TICK_MIN, Math.ceil(retained / TICKS_PER_PERIOD));
    const until = Math.min(last, from + wanted - 1);
    for (let at = from; at <= until; at += AT_ONCE_MAX) {
      const end = Math.min(until, at + AT_ONCE_MAX - 1);
      const positions = Array.from({ length: end - at + 1 }, (_, i) => at + i);
      const found = await Promise.all(positions.map((n) => bus.readMessage(stream, n - base)));
      const messages = positions.map((position, i) => ({ position, bytes: found[i]?.bytes }));
      rounds.push({ type: "scrub", ledger, generation, messages });
      this.#position = end;
    }
    if (until >= last) {
      this.#fullPass = { wallMs: clock.wallMs(), monoMs: clock.monotonicMs() };
      this.#position = 0;
    }
  }

  #begin(generation: number): void {
    this.#generation = generation;
    this.#position = 0;
  }
}
