// The journals' streams at the broker, one for each generation, and which of them the journal's
// channels are bound to. Does what a broker does and no more: it proposes an order, and it may
// lose what it acknowledged.

import { type Bytes, LEDGERS, type LedgerId } from "@ostraka/proto";

/** A message id is looked for this long, in its own stream only. */
const DEDUPLICATION_MS = 120_000;

export interface StreamMessage {
  readonly id: string;
  readonly bytes: Bytes;
}

export interface Stream {
  readonly generation: number;
  /** By sequence from 1 on: place 0 is sequence 1. `undefined` is gone. */
  readonly messages: (StreamMessage | undefined)[];
  /** First sequence that is still held. */
  first: number;
  readonly sentMs: Map<string, number>;
}

export class SimStreams {
  readonly #streams = new Map<string, Stream>();
  readonly #bound = new Map<LedgerId, number>();
  /** Taken from the streams by an operator's tidying; for counting. */
  trims = 0;

  constructor() {
    for (const ledger of LEDGERS) this.open(ledger, 1);
  }

  of(ledger: LedgerId, generation: number): Stream | undefined {
    return this.#streams.get(`${ledger}/${generation}`);
  }

  all(): Iterable<Stream> {
    return this.#streams.values();
  }

  /** Makes a generation's stream unless it is there. */
  open(ledger: LedgerId, generation: number): Stream {
    const known = this.of(ledger, generation);
    if (known !== undefined) return known;
    const stream: Stream = { generation, messages: [], first: 1, sentMs: new Map() };
    this.#streams.set(`${ledger}/${generation}`, stream);
    return stream;
  }

  /** Generation whose stream has the journal's channels. */
  boundOf(ledger: LedgerId): number {
    return this.#bound.get(ledger) ?? 1;
  }

  /** Gives the journal's channels to a later generation's stream. */
  claim(ledger: LedgerId, generation: number): void {
    if (generation > this.boundOf(ledger)) this.#bound.set(ledger, generation);
  }

  /** The stream that is written now. */
  current(ledger: LedgerId): Stream {
    return this.open(ledger, this.boundOf(ledger));
  }

  /** @returns whether the message is new to its stream, as far as its id tells. */
  append(stream: Stream, message: StreamMessage, nowMs: number): boolean {
    const sentMs = stream.sentMs.get(message.id);
    if (sentMs !== undefined && sentMs >= nowMs - DEDUPLICATION_MS) return false;
    stream.sentMs.set(message.id, nowMs);
    stream.messages.push(message);
    return true;
  }

  /** Forgets up to a sequence. */
  trim(stream: Stream, upTo: number): void {
    const until = Math.min(upTo, stream.messages.length);
    if (until < stream.first) return;
    this.trims++;
    for (let at = stream.first; at <= until; at++) stream.messages[at - 1] = undefined;
    stream.first = until + 1;
  }

  /** The last messages are lost though they were acknowledged. */
  truncate(stream: Stream, length: number): void {
    const kept = Math.max(length, stream.first - 1, 0);
    for (const message of stream.messages.slice(kept)) {
      if (message !== undefined) stream.sentMs.delete(message.id);
    }
    stream.messages.length = Math.min(stream.messages.length, kept);
  }

  /** Another message stands where one was. */
  replace(stream: Stream, sequence: number, bytes: Bytes): void {
    const old = stream.messages[sequence - 1];
    if (old !== undefined) stream.messages[sequence - 1] = { id: old.id, bytes };
  }
}
