// Collects the inputs of one turn of the event loop into one round for the pump, so that one fsync
// serves many. Keeps their order; feeds nothing after a fault, which ends the process.

/** More inputs than this in one turn are fed at once instead of waiting for its end. */
const ROUND_MAX = 4_096;

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

  push(...inputs: readonly Input[]): void {
    if (this.#isOver) return;
    this.#waiting.push(...inputs);
    if (this.#waiting.length >= ROUND_MAX && !this.#isFeeding) this.flush();
    else this.#schedule();
  }

  /** Feeds what waits, now. @returns whether it could. */
  flush(): boolean {
    if (this.#isOver) return false;
    if (this.#waiting.length === 0 || this.#isFeeding) return true;
    const round = this.#waiting;
    this.#waiting = [];
    this.#isFeeding = true;
    try {
      this.#options.feed(round);
    } catch (error) {
      this.#isOver = true;
      this.#options.onFault(error);
    } finally {
      this.#isFeeding = false;
    }
    return !this.#isOver;
  }

  /** Feeds the rest; takes nothing any more. */
  close(): void {
    this.flush();
    this.#isOver = true;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.flush();
    });
  }
}
