// Collects the inputs that arrive in one turn of the event loop and feeds them as ONE round, so
// that one fsync serves many. Keeps their order. What a round throws ends the process: only
// broken invariants do.

/** Inputs of one round; the rest waits for the next turn. */
const ROUND_INPUTS_MAX = 4_096;
/** Waiting inputs beyond which those are dropped that their senders send again anyway. */
const WAITING_MAX = 20_000;

export class Rounds<Input> {
  readonly #feed: (inputs: readonly Input[]) => void;
  #waiting: Input[] = [];
  #isScheduled = false;
  #isFeeding = false;
  #isClosed = false;

  constructor(feed: (inputs: readonly Input[]) => void) {
    this.#feed = feed;
  }

  push(input: Input): void {
    if (this.#isClosed) return;
    this.#waiting.push(input);
    this.#schedule();
  }

  /** For inputs that come again by themselves. @returns false when it was dropped. */
  offer(input: Input): boolean {
    if (this.#waiting.length >= WAITING_MAX) return false;
    this.push(input);
    return true;
  }

  /** Feeds everything that waits, now. */
  flush(): void {
    // A round that pushes feeds it in the next one, never inside itself.
    while (!this.#isFeeding && this.#waiting.length > 0) this.#feedOne();
  }

  /** Feeds what waits and takes nothing more. */
  close(): void {
    this.flush();
    this.#isClosed = true;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#waiting.length === 0) return;
      this.#feedOne();
      if (this.#waiting.length > 0) this.#schedule();
    });
  }

  #feedOne(): void {
    const round = this.#waiting.splice(0, ROUND_INPUTS_MAX);
    this.#isFeeding = true;
    try {
      this.#feed(round);
    } finally {
      this.#isFeeding = false;
    }
  }
}
