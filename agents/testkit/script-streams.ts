// The streams of a script's journals, one for each generation, and which of them the journal's
// channels are bound to. Does what a broker does and no more: it proposes an order.

import { type Bytes, LEDGERS, type LedgerId } from "@ostraka/proto";
import type { CoordinatorInput, CoordinatorNode } from "../src/node/index.ts";

export class ScriptStreams {
  readonly #streams = new Map<string, Bytes[]>();
  readonly #bound = new Map<LedgerId, number>();
  readonly #messageIds = new Set<string>();
  readonly #trimmed = new Map<LedgerId, number>();
  /** Streams, as `ledger/generation`, whose first message is forgotten. */
  readonly #headless = new Set<string>();

  constructor() {
    for (const ledger of LEDGERS) this.#streams.set(`${ledger}/1`, []);
  }

  of(ledger: LedgerId, generation = 1): Bytes[] | undefined {
    return this.#streams.get(`${ledger}/${generation}`);
  }

  /** The stream forgets what lies at or below a position of its generation 1. */
  trim(ledger: LedgerId, upTo: number): void {
    this.#trimmed.set(ledger, upTo);
  }

  /** A later generation's stream forgets its first message. */
  trimFirst(ledger: LedgerId, generation: number): void {
    this.#headless.add(`${ledger}/${generation}`);
  }

  /** Generation whose stream has the journal's channels. */
  boundOf(ledger: LedgerId): number {
    return this.#bound.get(ledger) ?? 1;
  }

  /** Somebody makes a generation's stream before anybody else, and begins it with this. */
  spoil(ledger: LedgerId, generation: number, first: Bytes): void {
    this.#streams.set(`${ledger}/${generation}`, [first]);
  }

  /** @returns whether the message is new to its stream, as far as its id tells. */
  append(ledger: LedgerId, generation: number, bytes: Bytes, messageId?: string): boolean {
    const stream = this.of(ledger, generation);
    // A stream looks for repeats in itself only.
    const id = messageId && `${ledger}/${generation}/${messageId}`;
    if (stream === undefined || (id !== undefined && this.#messageIds.has(id))) return false;
    if (id !== undefined) this.#messageIds.add(id);
    stream.push(bytes);
    return true;
  }

  /** What a coordinator's feed would bring of a journal now, one input at a time. */
  next(node: CoordinatorNode, ledger: LedgerId): CoordinatorInput | undefined {
    const awaited = node.awaitedGeneration(ledger);
    if (awaited !== undefined) return this.#lookFor(node, ledger, awaited);
    const place = node.journalPlace(ledger);
    if (place === undefined) return undefined;
    const { generation, base } = place;
    const bound = this.boundOf(ledger);
    if (generation > bound) this.#bound.set(ledger, generation);
    // Bound elsewhere: the broker says so, and not what came after it.
    if (generation < bound) return { type: "retired", ledger, generation };
    const trimmed = generation === 1 ? (this.#trimmed.get(ledger) ?? 0) : 0;
    // As a feed does: what comes next is not what was wanted, and says where it stands.
    const position = Math.max(node.nextPosition(ledger), trimmed + 1);
    const bytes = this.of(ledger, generation)?.[position - base - 1];
    return bytes && { type: "message", ledger, generation, position, bytes };
  }

  /** Every message of a journal that the node has not applied. */
  ahead(node: CoordinatorNode, ledger: LedgerId): CoordinatorInput[] {
    const place = node.journalPlace(ledger);
    const stream = place && this.of(ledger, place.generation);
    if (place === undefined || stream === undefined) return [];
    const { generation, base } = place;
    const first = node.nextPosition(ledger);
    return stream.slice(first - base - 1).map((bytes, i) => {
      return { type: "message", ledger, generation, position: first + i, bytes };
    });
  }

  /** What a comparison at a tick would bring. */
  reread(node: CoordinatorNode, ledger: LedgerId): CoordinatorInput | undefined {
    const place = node.journalPlace(ledger);
    if (place === undefined || node.awaitedGeneration(ledger) !== undefined) return undefined;
    const stream = this.of(ledger, place.generation) ?? [];
    const lastPosition = place.base + stream.length;
    const bytesAtOurs = stream[node.nextPosition(ledger) - place.base - 2];
    const firstPosition = (this.#trimmed.get(ledger) ?? 0) + 1;
    const isThere = node.nextPosition(ledger) > firstPosition;
    const found = isThere && bytesAtOurs !== undefined ? { bytesAtOurs } : {};
    return { type: "reread", ledger, lastPosition, firstPosition, ...found };
  }

  #lookFor(node: CoordinatorNode, ledger: LedgerId, generation: number) {
    const key = `${ledger}/${generation}`;
    if (!this.#streams.has(key) && node.isReadyToOpen(ledger)) this.#streams.set(key, []);
    const stream = this.#streams.get(key);
    if (stream === undefined || this.#headless.has(key)) return undefined;
    const [first] = stream;
    return { type: "stream", ledger, generation, ...(first && { first }) } as const;
  }
}
