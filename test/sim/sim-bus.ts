// The broker of a simulated mesh: plain channels that lose, double, reorder and delay, links that
// are cut one way, and two journals in one total order each. Trusted by nobody, so it may do what
// it likes.

import type { Bytes, LedgerId } from "@ostraka/proto";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import { SimStreams } from "./sim-streams.ts";

export interface Subscriber {
  readonly name: string;
  /** Prefixes of the channels it hears. */
  readonly hears: readonly string[];
  /** @param replyTo channel on which an answer is waited for. */
  deliver(channel: string, bytes: Bytes, replyTo?: string): void;
}

/** What a coordinator had a stream forget. */
export interface Trim {
  readonly generation: number;
  readonly upTo: number;
  readonly most: number;
}

/** How bad the network is; all zero after the safety phase. */
export interface Weather {
  loss: number;
  duplication: number;
  delayMsMax: number;
}

export class SimBus {
  readonly weather: Weather = { loss: 0, duplication: 0, delayMsMax: 5 };
  /** Names whose messages to or from the broker are lost: `from:NAME`, `to:NAME`. */
  readonly cut = new Set<string>();
  /** Names that hear nothing, whoever mends their links. */
  readonly deaf = new Set<string>();
  /** Told of everything that is sent, before it can be lost. */
  readonly taps: ((from: string, channel: string, bytes: Bytes) => void)[] = [];
  /** What a hostile broker delivers in place of a message; `undefined` drops it. */
  alter: ((to: string, channel: string, bytes: Bytes) => Bytes | undefined) | undefined;
  /** What a hostile broker writes into a journal in place of a message. */
  alterJournal: ((ledger: LedgerId, bytes: Bytes) => Bytes) | undefined;
  /** Position that a hostile broker reads to somebody as a position asked for. */
  misread: ((to: string, ledger: LedgerId, position: number) => number) | undefined;
  /** Told of every trim that a coordinator asks for. */
  trimmed: ((by: string, ledger: LedgerId, trim: Trim) => void) | undefined;
  readonly counts = { sent: 0, lost: 0, doubled: 0, journal: 0 };
  readonly streams = new SimStreams();
  readonly #random: Random;
  readonly #time: Scheduler;
  readonly #subscribers = new Map<string, Subscriber>();
  /** Called whenever a journal has grown. */
  readonly #readers = new Map<string, () => void>();

  constructor(random: Random, time: Scheduler) {
    this.#random = random;
    this.#time = time;
  }

  attach(subscriber: Subscriber): void {
    this.#subscribers.set(subscriber.name, subscriber);
  }

  /** @param onGrowth called whenever a journal has grown. */
  attachReader(name: string, onGrowth: () => void): void {
    this.#readers.set(name, onGrowth);
  }

  detach(name: string): void {
    this.#subscribers.delete(name);
    this.#readers.delete(name);
  }

  /** Runs something after the time that a message takes. */
  later(run: () => void): void {
    this.#time.in(this.#random.int(0, this.weather.delayMsMax), run);
  }

  publish(from: string, channel: string, bytes: Bytes, replyTo?: string): void {
    this.counts.sent++;
    for (const tap of this.taps) tap(from, channel, bytes);
    if (this.cut.has(`from:${from}`)) {
      this.counts.lost++;
      return;
    }
    for (const subscriber of this.#subscribers.values()) {
      if (!subscriber.hears.some((prefix) => channel.startsWith(prefix))) continue;
      this.#send(subscriber.name, channel, bytes, replyTo);
      if (this.#random.chance(this.weather.duplication)) {
        this.counts.doubled++;
        this.#send(subscriber.name, channel, bytes, replyTo);
      }
    }
  }

  #send(to: string, channel: string, bytes: Bytes, replyTo: string | undefined): void {
    const isLost = this.cut.has(`to:${to}`) || this.deaf.has(to);
    if (isLost || this.#random.chance(this.weather.loss)) {
      this.counts.lost++;
      return;
    }
    // Each copy takes its own time: that is the reordering.
    this.later(() => {
      const delivered = this.alter === undefined ? bytes : this.alter(to, channel, bytes);
      if (delivered !== undefined) this.deliver(to, channel, delivered, replyTo);
    });
  }

  /** Hands bytes to a subscriber at once: what a broker may do with anything it likes. */
  deliver(to: string, channel: string, bytes: Bytes, replyTo?: string): void {
    this.#subscribers.get(to)?.deliver(channel, bytes, replyTo);
  }

  /**
   * Appends to a journal, unless the way there is cut or the message lost.
   * @param opening generation whose stream's first message it is to be.
   */
  publishJournal(from: string, ledger: LedgerId, id: string, bytes: Bytes, opening?: number): void {
    if (this.cut.has(`from:${from}`) || this.#random.chance(this.weather.loss)) {
      this.counts.lost++;
      return;
    }
    this.later(() => {
      const stream =
        opening === undefined ? this.streams.current(ledger) : this.streams.of(ledger, opening);
      // The channel of an opening is the stream's own only until it has taken the journal's.
      if (
        stream === undefined ||
        ((opening ?? 0) > 0 && opening === this.streams.boundOf(ledger))
      ) {
        return;
      }
      const written = this.alterJournal?.(ledger, bytes) ?? bytes;
      if (!this.streams.append(stream, { id, bytes: written }, this.#time.nowMs)) return;
      this.counts.journal++;
      for (const onGrowth of [...this.#readers.values()]) onGrowth();
    });
  }
}
