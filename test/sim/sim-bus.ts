// The broker of a simulated mesh: plain channels that lose, double, reorder and delay, links that
// are cut one way, and two journals in one total order each. Trusted by nobody, so it may do what
// it likes.

import { type Bytes, LEDGERS, type LedgerId } from "@ostraka/proto";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

export interface Subscriber {
  readonly name: string;
  /** Prefixes of the channels it hears. */
  readonly hears: readonly string[];
  deliver(channel: string, bytes: Bytes): void;
}

export interface JournalSubscriber {
  readonly name: string;
  nextPosition(ledger: LedgerId): number;
  deliverJournal(ledger: LedgerId, position: number, bytes: Bytes): void;
}

/** How bad the network is; all zero after the safety phase. */
export interface Weather {
  loss: number;
  duplication: number;
  delayMsMax: number;
}

interface Message {
  readonly id: string;
  readonly bytes: Bytes;
}

const DEDUPLICATION_MS = 120_000;

export class SimBus {
  readonly weather: Weather = { loss: 0, duplication: 0, delayMsMax: 5 };
  /** Names whose messages to or from the broker are lost: `from:NAME`, `to:NAME`. */
  readonly cut = new Set<string>();
  /** Told of everything that is sent, before it can be lost. */
  readonly taps: ((from: string, channel: string, bytes: Bytes) => void)[] = [];
  /** What a hostile broker delivers in place of a message; `undefined` drops it. */
  alter: ((to: string, channel: string, bytes: Bytes) => Bytes | undefined) | undefined;
  /** What a hostile broker writes into a journal in place of a message. */
  alterJournal: ((ledger: LedgerId, bytes: Bytes) => Bytes) | undefined;
  /** Position that a hostile broker reads to somebody as a position asked for. */
  misread: ((to: string, ledger: LedgerId, position: number) => number) | undefined;
  readonly counts = { sent: 0, lost: 0, doubled: 0, journal: 0 };
  readonly journals: ReadonlyMap<LedgerId, Message[]> = new Map(LEDGERS.map((l) => [l, []]));
  readonly #random: Random;
  readonly #time: Scheduler;
  readonly #subscribers = new Map<string, Subscriber>();
  readonly #readers = new Map<string, JournalSubscriber>();
  /** Deliveries to a journal reader that are under way, so that order is kept per reader. */
  readonly #reading = new Map<string, number>();
  /** Rises when the broker restarts: what was under way before then is gone. */
  #restarts = 0;
  readonly #sentMs = new Map<string, number>();

  constructor(random: Random, time: Scheduler) {
    this.#random = random;
    this.#time = time;
  }

  attach(subscriber: Subscriber): void {
    this.#subscribers.set(subscriber.name, subscriber);
  }

  attachReader(reader: JournalSubscriber): void {
    this.#readers.set(reader.name, reader);
    this.pull(reader.name);
  }

  detach(name: string): void {
    this.#subscribers.delete(name);
    this.#readers.delete(name);
  }

  publish(from: string, channel: string, bytes: Bytes): void {
    this.counts.sent++;
    for (const tap of this.taps) tap(from, channel, bytes);
    if (this.cut.has(`from:${from}`)) {
      this.counts.lost++;
      return;
    }
    for (const subscriber of this.#subscribers.values()) {
      if (!subscriber.hears.some((prefix) => channel.startsWith(prefix))) continue;
      this.#send(subscriber.name, channel, bytes);
      if (this.#random.chance(this.weather.duplication)) {
        this.counts.doubled++;
        this.#send(subscriber.name, channel, bytes);
      }
    }
  }

  #send(to: string, channel: string, bytes: Bytes): void {
    if (this.cut.has(`to:${to}`) || this.#random.chance(this.weather.loss)) {
      this.counts.lost++;
      return;
    }
    // Each copy takes its own time: that is the reordering.
    this.#time.in(this.#random.int(0, this.weather.delayMsMax), () => {
      const delivered = this.alter === undefined ? bytes : this.alter(to, channel, bytes);
      if (delivered !== undefined) this.deliver(to, channel, delivered);
    });
  }

  /** Hands bytes to a subscriber at once: what a broker may do with anything it likes. */
  deliver(to: string, channel: string, bytes: Bytes): void {
    this.#subscribers.get(to)?.deliver(channel, bytes);
  }

  /** Appends to a journal, unless the way there is cut or the message lost. */
  publishJournal(from: string, ledger: LedgerId, id: string, bytes: Bytes): void {
    if (this.cut.has(`from:${from}`) || this.#random.chance(this.weather.loss)) {
      this.counts.lost++;
      return;
    }
    this.#time.in(this.#random.int(0, this.weather.delayMsMax), () => {
      const journal = this.journals.get(ledger) as Message[];
      const key = `${ledger}/${id}`;
      const sentMs = this.#sentMs.get(key);
      if (sentMs !== undefined && sentMs >= this.#time.nowMs - DEDUPLICATION_MS) return;
      this.#sentMs.set(key, this.#time.nowMs);
      this.counts.journal++;
      journal.push({ id, bytes: this.alterJournal?.(ledger, bytes) ?? bytes });
      for (const name of this.#readers.keys()) this.pull(name);
    });
  }

  /** Hands a reader its next messages, one after the other. */
  pull(name: string): void {
    for (const ledger of LEDGERS) this.#pullOne(name, ledger);
  }

  #pullOne(name: string, ledger: LedgerId): void {
    const key = `${name}/${ledger}`;
    if (this.#reading.has(key)) return;
    const reader = this.#readers.get(name);
    if (reader === undefined || this.cut.has(`to:${name}`)) return;
    const position = reader.nextPosition(ledger);
    const readAs = this.misread?.(name, ledger, position) ?? position;
    const message = this.journals.get(ledger)?.[readAs - 1];
    if (message === undefined) return;
    const restarts = this.#restarts;
    this.#reading.set(key, position);
    this.#time.in(this.#random.int(0, this.weather.delayMsMax), () => {
      if (restarts !== this.#restarts) return;
      this.#reading.delete(key);
      const now = this.#readers.get(name);
      if (now !== reader || this.cut.has(`to:${name}`)) return;
      reader.deliverJournal(ledger, position, message.bytes);
      // A reader that stands still (damaged, crashed) is not pushed on.
      if (this.#readers.get(name) === reader && reader.nextPosition(ledger) > position) {
        this.#pullOne(name, ledger);
      }
    });
  }

  /**
   * The broker restarts and has lost acknowledged messages: the journal ends earlier than it
   * did.
   */
  truncateJournal(ledger: LedgerId, length: number): void {
    const journal = this.journals.get(ledger) as Message[];
    this.#restarts++;
    this.#reading.clear();
    for (const { id } of journal.slice(length)) this.#sentMs.delete(`${ledger}/${id}`);
    journal.length = Math.min(journal.length, length);
  }
}
