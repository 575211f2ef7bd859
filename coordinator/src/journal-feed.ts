// Brings one journal into the rounds, in order, and compares it with our own copy each time a
// connection comes up and every few ticks (I3). Owns the reader of that journal. Must never read
// on over a journal that the node has called damaged.

import type { CoordinatorInput, CoordinatorNode } from "@ostraka/agents/node";
import type { Bus, JournalGap, JournalReader, Log, RoundQueue } from "@ostraka/host";
import { type LedgerId, ledgerName, OstrakaError } from "@ostraka/proto";

const RETRY_MS = 250;
/** Tries of one comparison while the journal moves under it. */
const COMPARE_TRIES_MAX = 3;

export interface JournalFeedOptions {
  readonly bus: Bus;
  readonly node: CoordinatorNode;
  readonly ledger: LedgerId;
  readonly rounds: RoundQueue<CoordinatorInput>;
  readonly log: Log;
  /** NATS servers that hold the journal, when it is made. */
  readonly replicas: number;
  /** Told each time that messages begin to reach the node. */
  readonly onReading: () => void;
  /** Told what keeps the journal from being used at all. */
  readonly onFailure: (error: unknown) => void;
}

export class JournalFeed {
  readonly #options: JournalFeedOptions;
  readonly #stream: string;
  #reader: JournalReader | undefined;
  /** Rises with each connection: what belongs to an earlier one is ignored. */
  #attempt = 0;
  #timer: NodeJS.Timeout | undefined;
  #isComparing = false;

  constructor(options: JournalFeedOptions) {
    this.#options = options;
    this.#stream = options.node.channels.stream(options.ledger);
  }

  /** Whether messages of the journal reach the node. */
  get isReading(): boolean {
    return this.#reader !== undefined;
  }

  /** The connection is up: compare, then read. */
  connect(): void {
    this.disconnect();
    const attempt = this.#attempt;
    this.#open(attempt).catch((error: unknown) => this.#onFailure(attempt, error));
  }

  /** The connection is gone; no input comes after it returns. */
  disconnect(): void {
    this.#attempt++;
    clearTimeout(this.#timer);
    this.#reader?.close();
    this.#reader = undefined;
  }

  /** Compares the journal with our copy while it is read. */
  async compare(): Promise<void> {
    const { node, ledger, rounds } = this.#options;
    if (this.#isComparing || this.#reader === undefined) return;
    const attempt = this.#attempt;
    this.#isComparing = true;
    try {
      for (let tries = 0; tries < COMPARE_TRIES_MAX; tries++) {
        const position = node.nextPosition(ledger) - 1;
        const input = await this.#reread(position);
        if (attempt !== this.#attempt) return;
        rounds.flush();
        if (node.nextPosition(ledger) - 1 !== position) continue;
        rounds.push(input);
        return;
      }
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      this.#options.log.debug({ reason: String(error) }, "a journal cannot be compared now");
    } finally {
      this.#isComparing = false;
    }
  }

  async #open(attempt: number): Promise<void> {
    const { bus, node, ledger, rounds, replicas, onReading } = this.#options;
    const last = await bus.lastPosition(this.#stream);
    rounds.flush();
    const position = node.nextPosition(ledger) - 1;
    // I3: a journal that we have a copy of and that is gone is damage, never made anew in silence.
    if (last !== undefined || position === 0) {
      const channels = [node.channels.journalAll(ledger)];
      await bus.openJournal(this.#stream, channels, { replicas });
    }
    const input = await this.#reread(position);
    if (attempt !== this.#attempt) return;
    rounds.push(input);
    rounds.flush();
    if (node.status(ledger).damage !== undefined) return;
    this.#reader = bus.readJournal({
      stream: this.#stream,
      fromPosition: node.nextPosition(ledger),
      onMessage: (at, bytes) => rounds.push({ type: "message", ledger, position: at, bytes }),
      onGap: (gap) => this.#onGap(attempt, gap),
    });
    onReading();
  }

  async #reread(position: number): Promise<CoordinatorInput> {
    const { bus, ledger } = this.#options;
    const lastPosition = (await bus.lastPosition(this.#stream)) ?? 0;
    const found = position > 0 ? await bus.readMessage(this.#stream, position) : undefined;
    const bytesAtOurs = found?.bytes;
    return {
      type: "reread",
      ledger,
      lastPosition,
      ...(bytesAtOurs !== undefined && { bytesAtOurs }),
    };
  }

  #onGap(attempt: number, gap: JournalGap): void {
    if (attempt !== this.#attempt) return;
    const { rounds, ledger } = this.#options;
    if (gap.kind === "missing") {
      // The node sees a position too far ahead and says which message is missing.
      rounds.push({ type: "message", ledger, position: gap.first, bytes: new Uint8Array() });
      return;
    }
    this.connect();
  }

  #onFailure(attempt: number, error: unknown): void {
    if (attempt !== this.#attempt) return;
    const { ledger, log, onFailure } = this.#options;
    if (!isUnreachable(error)) {
      onFailure(error);
      return;
    }
    log.debug({ ledger: ledgerName(ledger), reason: String(error) }, "a journal is not there yet");
    this.#timer = setTimeout(() => this.connect(), RETRY_MS);
  }
}

function isUnreachable(error: unknown): boolean {
  return error instanceof OstrakaError && error.code === "OSTRAKA_UNREACHABLE";
}
