// Collects the inputs of one turn of the event loop into one round for the pump, so that one fsync
// serves many. Keeps their order, feeds no round inside another, and feeds nothing after a fault,
// which ends the process.

/** Inputs of one round. When so many wait they are fed at once, not at the end of the turn. */
const ROUND_INPUTS_MAX = 4_096;
/** Waiting inputs beyond which those are dropped that their senders send again anyway. */
const WAITING_MAX = 20_000;

export interface RoundQueueOptions<Input> {
  readonly feed: (inputs: readonly Input[]) => void;
  /** Told ONCE of what `feed` threw: a broken invariant or a failed disk. */
  readonly onFault: (error: unknown) => void;
}

export class RoundQueue<Input> {
  readonly #options: RoundQueueOptions<Input>;
  #waiting: Input[] = [];
  #isScheduled = false;
  #isFeeding = false;
  #isOver = false;

  constructor(options: RoundQueueOptions<Input>) {
    this.#options = options;
  }

  /** For inputs that must not be lost: a flood of them is fed before it piles up. */
  push(...inputs: readonly Input[]): void {
    if (this.#isOver) return;
    for (const input of inputs) this.#waiting.push(input);
    if (this.#waiting.length >= ROUND_INPUTS_MAX) this.flush();
    this.#schedule();
  }

  /** For inputs that come again by themselves. @returns false when it was dropped. */
  offer(input: Input): boolean {
    if (this.#isOver || this.#waiting.length >= WAITING_MAX) return false;
    this.#waiting.push(input);
    this.#schedule();
    return true;
  }

  /** Feeds everything that waits, now; inside a round, the rounds after it do. @returns whether. */
  flush(): boolean {
    while (!this.#isFeeding && !this.#isOver && this.#waiting.length > 0) this.#feedOne();
    return !this.#isOver;
  }

  /** Feeds what waits and takes nothing more. */
  close(): void {
    this.flush();
    this.#isOver = true;
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isOver || this.#waiting.length === 0) return;
    this.#isScheduled = true;
    // One round a turn: between two of them the network is heard.
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#waiting.length > 0 && !this.#isOver) this.#feedOne();
      this.#schedule();
    });
  }

  #feedOne(): void {
    const round = this.#waiting.splice(0, ROUND_INPUTS_MAX);
    this.#isFeeding = true;
    try {
      this.#options.feed(round);
    } catch (error) {
      this.#isOver = true;
      this.#options.onFault(error);
    } finally {
      this.#isFeeding = false;
    }
  }
}
