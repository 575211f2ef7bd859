// Brings one journal into the rounds, in order, from the stream of its generation, and compares it
// with our own copy each time a connection comes up and at every tick (I3). Owns the reader of that
// journal and the making of the next generation's stream. Must never read on over a journal that
// the node has called damaged.

import type {
  CoordinatorEffect,
  CoordinatorInput,
  CoordinatorNode,
  JournalPlace,
} from "@ostraka/agents/node";
import type {
  Bus,
  Clock,
  JournalGap,
  JournalPlaces,
  JournalReader,
  Log,
  RoundQueue,
} from "@ostraka/host";
import { type LedgerId, ledgerName, OstrakaError } from "@ostraka/proto";
import { JournalScrub, type ScrubState } from "./journal-scrub.ts";
import { type Sender, SenderBook } from "./sender-book.ts";

const RETRY_MS = 250;
/** Tries of one comparison while the journal moves under it. */
const COMPARE_TRIES_MAX = 3;

type JournalTrim = CoordinatorEffect & { readonly type: "trim" };

export interface JournalFeedOptions {
  readonly bus: Bus;
  readonly node: CoordinatorNode;
  readonly ledger: LedgerId;
  readonly rounds: RoundQueue<CoordinatorInput>;
  readonly log: Log;
  /** NATS servers that hold the journal, when it is made. */
  readonly replicas: number;
  readonly clock: Clock;
  /** Told each time that messages begin to reach the node. */
  readonly onReading: () => void;
  /** Told what keeps the journal from being used at all. */
  readonly onFailure: (error: unknown) => void;
}

export class JournalFeed {
  readonly ledger: LedgerId;
  readonly #options: JournalFeedOptions;
  readonly #scrub: JournalScrub;
  readonly #senders = new SenderBook();
  #reader: JournalReader | undefined;
  /** Rises with each connection: what belongs to an earlier one is ignored. */
  #attempt = 0;
  #timer: NodeJS.Timeout | undefined;
  #isBusy = false;
  /** When the stream that is read was made, as the server says it. */
  #created: string | undefined;
  #places: JournalPlaces | undefined;
  #last = 0;

  constructor(options: JournalFeedOptions) {
    this.#options = options;
    this.ledger = options.ledger;
    this.#scrub = new JournalScrub(options);
  }

  /** Whether messages of the journal reach the node. */
  get isReading(): boolean {
    return this.#reader !== undefined;
  }

  /** Messages of the journal that are not applied yet, as last heard. */
  get backlog(): number {
    const { node } = this.#options;
    return Math.max(0, this.#last - (node.nextPosition(this.ledger) - 1));
  }

  /** Who sent most of what came lately. */
  get mostOf(): Sender | undefined {
    return this.#senders.most(this.#options.clock.monotonicMs());
  }

  /** Which NATS servers hold the journal, as last heard. */
  get places(): JournalPlaces | undefined {
    return this.#places;
  }

  get scrub(): ScrubState {
    return this.#scrub.state;
  }

  /** The connection is up, or the journal goes on elsewhere: compare, then read. */
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

  /** At every tick: compares the journal with our copy, or looks for the next generation. */
  async tick(): Promise<void> {
    if (this.#isBusy) return;
    const attempt = this.#attempt;
    this.#isBusy = true;
    try {
      const { node, ledger } = this.#options;
      const awaited = node.awaitedGeneration(ledger);
      if (awaited !== undefined) await this.#lookFor(awaited, attempt);
      else if (this.#reader !== undefined) await this.#watch(attempt);
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      this.#options.log.debug({ reason: String(error) }, "a journal cannot be compared now");
    } finally {
      this.#isBusy = false;
    }
  }

  /**
   * Lets the stream forget what a sealed snapshot holds, and the streams of earlier generations
   * what was erased since they were retired; not done now, it is asked for again.
   */
  async trim({ upTo, most, erasedUpTo }: Omit<JournalTrim, "type" | "ledger">): Promise<void> {
    const { bus, log, node, ledger } = this.#options;
    const place = node.journalPlace(ledger);
    if (place === undefined || this.#reader === undefined || upTo <= place.base) return;
    const stream = this.#streamOf(place.generation);
    try {
      await bus.trimJournal(stream, upTo - place.base, most - place.base);
      // An erasure wins over the evidence of a damaged journal.
      for (let g = 1; g < place.generation && erasedUpTo > place.base; g++) {
        const channel = node.channels.retired(ledger, g);
        await bus.expireRetired({ stream: this.#streamOf(g), channel });
      }
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      log.warn({ stream, reason: String(error) }, "a journal's stream cannot be trimmed now");
    }
  }

  #streamOf(generation: number): string {
    const { node, ledger } = this.#options;
    return node.channels.stream(ledger, generation);
  }

  /** One request shows a stream that is gone, shortened or another; the scrub shows the rest. */
  async #watch(attempt: number): Promise<void> {
    const { bus, node, ledger } = this.#options;
    const place = node.journalPlace(ledger);
    if (place === undefined) return;
    const { generation, base } = place;
    const stream = this.#streamOf(generation);
    const bounds = await bus.journalBounds(stream);
    if (attempt !== this.#attempt) return;
    this.#places = bounds?.places;
    const last = base + (bounds?.last ?? 0);
    this.#last = last;
    if (bounds?.created === this.#created && last >= node.nextPosition(ledger) - 1) {
      if (bounds !== undefined) {
        await this.#scrub.advance({ stream, generation, base, first: bounds.first });
      }
      return;
    }
    await this.#compare(place, attempt);
    this.#created = bounds?.created;
  }

  async #compare(place: JournalPlace, attempt: number): Promise<void> {
    const { node, ledger, rounds } = this.#options;
    for (let tries = 0; tries < COMPARE_TRIES_MAX; tries++) {
      const position = node.nextPosition(ledger) - 1;
      const input = await this.#reread(place, position);
      if (attempt !== this.#attempt) return;
      rounds.flush();
      if (node.nextPosition(ledger) - 1 !== position) continue;
      rounds.push(input);
      return;
    }
  }

  async #open(attempt: number): Promise<void> {
    const { node, ledger, rounds } = this.#options;
    rounds.flush();
    const place = node.journalPlace(ledger);
    if (place === undefined) {
      await this.#lookFor(node.awaitedGeneration(ledger) as number, attempt);
      return;
    }
    if (!(await this.#prepare(place, attempt))) return;
    const position = node.nextPosition(ledger) - 1;
    // Of a generation that begins here we have nothing to compare yet.
    if (position > place.base || place.generation === 1) {
      const input = await this.#reread(place, position);
      if (attempt !== this.#attempt) return;
      rounds.push(input);
      rounds.flush();
    }
    if (attempt !== this.#attempt || node.status(ledger).damage !== undefined) return;
    this.#read(place, attempt);
  }

  /** Makes, checks or binds the stream of a place. @returns whether it can be read. */
  async #prepare({ generation, base }: JournalPlace, attempt: number): Promise<boolean> {
    const { bus, node, ledger, rounds, replicas } = this.#options;
    const { channels } = node;
    const stream = this.#streamOf(generation);
    const bounds = await bus.journalBounds(stream);
    if (attempt !== this.#attempt) return false;
    const [bound] = bounds?.channels ?? [];
    if (bound === channels.retired(ledger, generation)) {
      rounds.push({ type: "retired", ledger, generation });
      return false;
    }
    if (generation > 1) {
      const earlier = Array.from({ length: generation - 1 }, (_, i) => generation - 1 - i);
      const retired = earlier.map((g) => ({
        stream: this.#streamOf(g),
        channel: channels.retired(ledger, g),
      }));
      await bus.claimJournal(stream, [channels.journalAll(ledger)], retired);
    }
    // I3: a journal that we have a copy of and that is gone is damage, never made anew in silence.
    if (bounds !== undefined || (generation === 1 && node.nextPosition(ledger) === base + 1)) {
      await bus.openJournal(stream, [channels.journalAll(ledger)], { replicas });
    }
    this.#created = bounds?.created ?? (await bus.journalBounds(stream))?.created;
    return attempt === this.#attempt;
  }

  #read({ generation, base }: JournalPlace, attempt: number): void {
    const { bus, node, ledger, rounds, onReading, clock } = this.#options;
    this.#reader = bus.readJournal({
      stream: this.#streamOf(generation),
      fromPosition: node.nextPosition(ledger) - base,
      onMessage: (at, bytes, channel) => {
        if (channel !== undefined) this.#senders.note(channel, clock.monotonicMs());
        rounds.push({ type: "message", ledger, generation, position: base + at, bytes });
      },
      onGap: (gap) => this.#onGap({ generation, base }, attempt, gap),
    });
    onReading();
  }

  /** Looks at the stream of a generation that is to come, and makes it when that is for us. */
  async #lookFor(generation: number, attempt: number): Promise<void> {
    const { bus, node, ledger, rounds, replicas } = this.#options;
    const stream = this.#streamOf(generation);
    let bounds = await bus.journalBounds(stream);
    if (bounds === undefined && node.isReadyToOpen(ledger)) {
      // Nobody but coordinators may speak before the opening: hosts would fill its place.
      const channels = [node.channels.opening(ledger, generation)];
      await bus.openJournal(stream, channels, { replicas });
      bounds = await bus.journalBounds(stream);
    }
    if (bounds === undefined) return;
    const first = bounds.last === 0 ? undefined : await bus.readMessage(stream, 1);
    if (attempt !== this.#attempt || (first === undefined && bounds.last > 0)) return;
    rounds.push({ type: "stream", ledger, generation, ...(first && { first: first.bytes }) });
  }

  async #reread({ generation, base }: JournalPlace, position: number): Promise<CoordinatorInput> {
    const { bus, ledger } = this.#options;
    const stream = this.#streamOf(generation);
    const bounds = await bus.journalBounds(stream);
    const lastPosition = base + (bounds?.last ?? 0);
    const firstPosition = base + (bounds?.first ?? 1);
    const found = position > base ? await bus.readMessage(stream, position - base) : undefined;
    const bytesAtOurs = found?.bytes;
    return {
      type: "reread",
      ledger,
      lastPosition,
      firstPosition,
      ...(bytesAtOurs !== undefined && { bytesAtOurs }),
    };
  }

  #onGap({ generation, base }: JournalPlace, attempt: number, gap: JournalGap): void {
    if (attempt !== this.#attempt) return;
    const { rounds, ledger } = this.#options;
    if (gap.kind === "missing") {
      // The node sees a position too far ahead and says which message is missing.
      const position = base + gap.first;
      rounds.push({ type: "message", ledger, generation, position, bytes: new Uint8Array() });
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
