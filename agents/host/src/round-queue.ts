// Collects the inputs of one turn of the event loop into one round for the pump, so that one fsync
// serves many. What must not wait goes first in a round, and so much bulk goes into one that the
// next is never far; each of the two keeps its order. Feeds no round inside another, and nothing
// after a fault, which ends the process.

/** Inputs of one round. When so many wait they are fed at once, not at the end of the turn. */
const ROUND_INPUTS_MAX = 4_096;
/** Waiting inputs beyond which those are dropped that their senders send again anyway. */
const WAITING_MAX = 20_000;
/** Bulk of one round, in bytes: some milliseconds of work. */
const ROUND_BULK_BYTES = 512_000;
/** What an input costs besides its bytes: a signature to verify, a row to write. */
const INPUT_BYTES = 8_000;
/** Bulk that may wait, in bytes; past it one round is fed for each input that comes. */
const BULK_BYTES_MAX = 64_000_000;

export interface RoundQueueOptions<Input> {
  readonly feed: (inputs: readonly Input[]) => void;
  /** Told ONCE of what `feed` threw: a broken invariant or a failed disk. */
  readonly onFault: (error: unknown) => void;
  /** Bytes of an input that may wait for all others; `undefined` for one that may not. */
  readonly bulkBytes?: (input: Input) => number | undefined;
}

export class RoundQueue<Input> {
  readonly #options: RoundQueueOptions<Input>;
  #urgent: Input[] = [];
  #bulk: { readonly input: Input; readonly bytes: number }[] = [];
  #bulkBytes = 0;
  #isScheduled = false;
  #isFeeding = false;
  #isOver = false;

  constructor(options: RoundQueueOptions<Input>) {
    this.#options = options;
  }

  get #waiting(): number {
    return this.#urgent.length + this.#bulk.length;
  }

  /** For inputs that must not be lost: a flood of them is fed before it piles up. */
  push(...inputs: readonly Input[]): void {
    if (this.#isOver) return;
    for (const input of inputs) this.#take(input);
    if (this.#urgent.length >= ROUND_INPUTS_MAX) this.flush();
    // One round for each: so that between any two of them the network is heard.
    const isOverfull = this.#bulkBytes >= BULK_BYTES_MAX || this.#bulk.length >= ROUND_INPUTS_MAX;
    if (isOverfull && !this.#isFeeding && !this.#isOver) this.#feedOne();
    this.#schedule();
  }

  /** For inputs that come again by themselves. @returns false when it was dropped. */
  offer(input: Input): boolean {
    if (this.#isOver || this.#waiting >= WAITING_MAX) return false;
    this.#take(input);
    this.#schedule();
    return true;
  }

  /** Feeds everything that waits, now; inside a round, the rounds after it do. @returns whether. */
  flush(): boolean {
    while (!this.#isFeeding && !this.#isOver && this.#waiting > 0) this.#feedOne();
    return !this.#isOver;
  }

  /** Feeds what waits and takes nothing more. */
  close(): void {
    this.flush();
    this.#isOver = true;
  }

  #take(input: Input): void {
    const bytes = this.#options.bulkBytes?.(input);
    if (bytes === undefined) {
      this.#urgent.push(input);
      return;
    }
    this.#bulk.push({ input, bytes: bytes + INPUT_BYTES });
    this.#bulkBytes += bytes + INPUT_BYTES;
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isOver || this.#waiting === 0) return;
    this.#isScheduled = true;
    // One round a turn: between two of them the network is heard.
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#waiting > 0 && !this.#isOver) this.#feedOne();
      this.#schedule();
    });
  }

  /** What must not wait, then at least one of the rest: neither starves the other. */
  #nextRound(): Input[] {
    const round = this.#urgent.splice(0, ROUND_INPUTS_MAX);
    let count = 0;
    let bytes = 0;
    for (const next of this.#bulk) {
      if (count === ROUND_INPUTS_MAX || bytes >= ROUND_BULK_BYTES) break;
      bytes += next.bytes;
      count++;
    }
    this.#bulkBytes -= bytes;
    for (const { input } of this.#bulk.splice(0, count)) round.push(input);
    return round;
  }

  #feedOne(): void {
    const round = this.#nextRound();
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
