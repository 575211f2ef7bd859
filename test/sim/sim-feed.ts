// Brings one journal to one simulated coordinator as production's feed does
// (coordinator/src/journal-feed.ts): compares before it reads, reads in order, compares and scrubs
// at every tick, looks for the next generation's stream and makes it. Decides nothing.

import type { CoordinatorInput, CoordinatorNode, JournalPlace } from "@ostraka/agents/node";
import type { LedgerId } from "@ostraka/proto";
import type { SimBus } from "./sim-bus.ts";
import type { Stream } from "./sim-streams.ts";

/** Messages that one tick compares; production's smallest number. */
const SCRUBBED_PER_TICK = 8;

export interface SimFeedPorts {
  readonly name: string;
  readonly ledger: LedgerId;
  readonly node: CoordinatorNode;
  readonly bus: SimBus;
  /** Hands an input to the node; it may die of it. */
  feed(input: CoordinatorInput): void;
  isAlive(): boolean;
}

export class SimFeed {
  readonly #p: SimFeedPorts;
  /** Rises with each connection: what is under way for an earlier one is ignored. */
  #attempt = 0;
  #isReading = false;
  #isUnderWay = false;
  #scrubbed = 0;
  #scrubbedIn = 0;
  #place: JournalPlace | undefined;

  constructor(ports: SimFeedPorts) {
    this.#p = ports;
  }

  /** Compares, then reads: after a start, a reconnect, or when the journal goes on elsewhere. */
  connect(): void {
    this.#attempt++;
    this.#isReading = false;
    this.#isUnderWay = false;
    if (this.#isCut || !this.#p.isAlive()) return;
    const { bus, ledger, node } = this.#p;
    const place = node.journalPlace(ledger);
    if (place === undefined) {
      this.#lookFor();
      return;
    }
    const { generation, base } = place;
    if (generation < bus.streams.boundOf(ledger)) {
      this.#p.feed({ type: "retired", ledger, generation });
      return;
    }
    bus.streams.open(ledger, generation);
    bus.streams.claim(ledger, generation);
    if (node.nextPosition(ledger) - 1 > base || generation === 1) this.#compare(place);
    if (!this.#p.isAlive() || node.status(ledger).damage !== undefined) return;
    this.#place = place;
    this.#isReading = true;
    this.pull();
  }

  /** What a tick does besides the clock. */
  tick(): void {
    const { ledger, node } = this.#p;
    if (this.#isCut) return;
    if (node.awaitedGeneration(ledger) !== undefined) this.#lookFor();
    else if (this.#isReading) this.#watch();
    // Not connected while it was cut or damaged: production's connection retries too.
    else if (node.journalPlace(ledger) !== undefined) this.connect();
    this.pull();
  }

  /** Hands the node its next message, and goes on while it takes them. */
  pull(): void {
    const { bus, node, ledger } = this.#p;
    const place = this.#place;
    if (place === undefined || !this.#isReading || this.#isUnderWay || this.#isCut) return;
    const stream = bus.streams.of(ledger, place.generation);
    if (stream === undefined) return;
    const { generation, base } = place;
    // What was trimmed does not come: what comes next says where it stands.
    const position = Math.max(node.nextPosition(ledger), base + stream.first);
    const at = bus.misread?.(this.#p.name, ledger, position) ?? position;
    const sequence = this.#heldFrom(stream, at - base);
    const message = stream.messages[sequence - 1];
    if (message === undefined) return;
    const read = at === position ? base + sequence : position;
    const attempt = this.#attempt;
    this.#isUnderWay = true;
    bus.later(() => {
      if (attempt !== this.#attempt || !this.#p.isAlive()) return;
      this.#isUnderWay = false;
      if (this.#isCut) return;
      this.#p.feed({ type: "message", ledger, generation, position: read, bytes: message.bytes });
      // A reader that stands still (damaged, crashed) is not pushed on.
      if (this.#p.isAlive() && node.nextPosition(ledger) > position) this.pull();
      else if (this.#p.isAlive() && node.status(ledger).stalled !== undefined) this.#ahead(read);
    });
  }

  /** The trim that a node asks for. */
  trim(upTo: number, most: number): void {
    const { bus, node, ledger } = this.#p;
    const place = node.journalPlace(ledger);
    if (place === undefined || this.#isCut || upTo <= place.base) return;
    const stream = bus.streams.of(ledger, place.generation);
    bus.trimmed?.(this.#p.name, ledger, { generation: place.generation, upTo, most });
    if (stream !== undefined) bus.streams.trim(stream, upTo - place.base);
  }

  get #isCut(): boolean {
    return this.#p.bus.cut.has(`to:${this.#p.name}`);
  }

  /** One that has stopped at a message still reads what comes after it. */
  #ahead(position: number): void {
    const { bus, ledger } = this.#p;
    const { generation, base } = this.#place as JournalPlace;
    const messages = bus.streams.of(ledger, generation)?.messages ?? [];
    for (let at = position + 1; at <= base + messages.length; at++) {
      const bytes = messages[at - base - 1]?.bytes;
      if (bytes !== undefined && this.#p.isAlive()) {
        this.#p.feed({ type: "message", ledger, generation, position: at, bytes });
      }
    }
  }

  /** The first sequence from one on that is held. */
  #heldFrom({ messages }: Stream, from: number): number {
    let at = from;
    while (at <= messages.length && messages[at - 1] === undefined) at++;
    return at;
  }

  #watch(): void {
    const { bus, node, ledger } = this.#p;
    const place = node.journalPlace(ledger);
    const stream = place && bus.streams.of(ledger, place.generation);
    if (place === undefined || stream === undefined) return;
    const last = place.base + stream.messages.length;
    if (last < node.nextPosition(ledger) - 1) this.#compare(place);
    else this.#scrub(place, stream);
  }

  #compare({ generation, base }: JournalPlace): void {
    const { bus, node, ledger, feed } = this.#p;
    const stream = bus.streams.of(ledger, generation);
    const position = node.nextPosition(ledger) - 1;
    const bytesAtOurs = stream?.messages[position - base - 1]?.bytes;
    feed({
      type: "reread",
      ledger,
      lastPosition: base + (stream?.messages.length ?? 0),
      firstPosition: base + (stream?.first ?? 1),
      ...(bytesAtOurs !== undefined && { bytesAtOurs }),
    });
  }

  #scrub({ generation, base }: JournalPlace, stream: Stream): void {
    const { node, ledger, feed } = this.#p;
    if (generation !== this.#scrubbedIn) this.#scrubbed = 0;
    this.#scrubbedIn = generation;
    const from = Math.max(this.#scrubbed + 1, base + stream.first, node.firstKept(ledger));
    const last = node.nextPosition(ledger) - 1;
    const until = Math.min(last, from + SCRUBBED_PER_TICK - 1);
    const messages = [];
    for (let position = from; position <= until; position++) {
      messages.push({ position, bytes: stream.messages[position - base - 1]?.bytes });
    }
    this.#scrubbed = until >= last ? 0 : until;
    if (messages.length > 0) feed({ type: "scrub", ledger, generation, messages });
  }

  #lookFor(): void {
    const { bus, node, ledger, feed } = this.#p;
    const generation = node.awaitedGeneration(ledger);
    if (generation === undefined) return;
    if (node.isReadyToOpen(ledger)) bus.streams.open(ledger, generation);
    const stream = bus.streams.of(ledger, generation);
    if (stream === undefined) return;
    const first = stream.messages[0]?.bytes;
    // Forgotten, or lost: as production's feed, it says nothing of a stream without its first.
    if (first === undefined && stream.messages.length > 0) return;
    feed({ type: "stream", ledger, generation, ...(first && { first }) });
  }
}
