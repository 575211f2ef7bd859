// Runs the pure CoordinatorNode on real parts: NATS, SQLite, keys, the clock. Owns the way of
// every input into a round and of every output out of it; decides nothing. The order of outputs
// is the pump's.

import { newOut, type Out, type Publication, type Trace } from "@ostraka/agents/kernel";
import {
  type CoordinatorEffect,
  type CoordinatorInput,
  CoordinatorNode,
  type OpenedGenesis,
  type OrderAnswer,
  type Phase,
  Pump,
  type SubmissionAnswer,
} from "@ostraka/agents/node";
import {
  type Bus,
  type Clock,
  connectBus,
  inboxPrefix,
  type JournalPlaces,
  type Log,
  RoundQueue,
  type SqliteStore,
  type Subscription,
} from "@ostraka/host";
import {
  type Bytes,
  type Crypto,
  type Envelope,
  hex,
  LEDGERS,
  Ledger,
  type LedgerId,
  LIMITS,
  OstrakaError,
  type PrivatePart,
  type RejectCode,
  type Signer,
} from "@ostraka/proto";
import type { RepairDesk } from "./api/journal-service.ts";
import { Callers } from "./callers.ts";
import type { CoordinatorConfig } from "./config.ts";
import { JournalFeed } from "./journal-feed.ts";
import { journalRepairs } from "./journal-repairs.ts";
import type { ScrubState } from "./journal-scrub.ts";
import { RejectLog } from "./reject-log.ts";
import type { Sender } from "./sender-book.ts";
import { VERSION } from "./version.ts";

/** One moment by the wall clock, for people, and in monotonic time, to count from. */
export interface HeardAt {
  readonly wallMs: number;
  readonly monoMs: number;
}

export interface RuntimeParts {
  readonly config: CoordinatorConfig;
  readonly crypto: Crypto;
  readonly genesis: OpenedGenesis;
  readonly signer: Signer;
  readonly store: SqliteStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Called before each phase of output; a test may crash here. */
  readonly onPhase?: ((phase: Phase, controlIndex: number) => void) | undefined;
  /** Called before each message is applied; a test may fail there. */
  readonly onStep?: ((ledger: LedgerId, position: number) => void) | undefined;
  /** Told what makes this coordinator unable to go on. */
  readonly onFailure: (error: unknown) => void;
}

/** Resync requests that one round answers, each with up to a page; hosts ask again. */
const RESYNCS_PER_ROUND_MAX = 16;
/** How long the first command of a mesh is waited for before it is sent again. */
const GENESIS_WAIT_MS = 10_000;
const CONNECT_EVERY_MS = 250;
/** Another coordinator answers within this, or is asked again. */
const ASK_MS_MAX = 2_000;
const OWN_HEADS_MAX = 1_024;

export class CoordinatorRuntime {
  readonly parts: RuntimeParts;
  /**
   * When this coordinator heard of each host's receipt, by key; since the process began. How long
   * ago that is no clock that somebody sets may say (I8).
   */
  readonly receiptsHeard = new Map<string, HeardAt>();
  /** The newest sealed head of each ledger, and since when it is that, in monotonic time. */
  readonly sealedSince = new Map<LedgerId, { readonly sealed: unknown; readonly monoMs: number }>();
  readonly startedMonoMs: number;
  /** Who repairs journals here. */
  readonly repairs: RepairDesk = journalRepairs(this);
  #node: CoordinatorNode;
  #pump: Pump<CoordinatorInput, CoordinatorEffect>;
  readonly #rounds: RoundQueue<CoordinatorInput>;
  readonly #callers = new Callers();
  readonly #rejects: RejectLog;
  /** How to refuse each submission that waits for its answer. */
  readonly #submitters = new Map<number, (error: OstrakaError) => void>();
  readonly #receiptListeners = new Set<(receipt: Envelope) => void>();
  readonly #sealedListeners = new Set<() => void>();
  readonly #resyncs: number[] = [];
  /**
   * Heads that we have signed and that the bus will hand back: byte for byte, nothing to look at.
   */
  readonly #ownHeads = new Set<string>();
  readonly #subscriptions: Subscription[] = [];
  #opening: Out<CoordinatorEffect> | undefined;
  #bus: Bus | undefined;
  #feeds: JournalFeed[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isGenesisSent = false;
  #isStoreFailed = false;
  #probeSealed = { index: 0, inMs: 0 };
  #isStopped = false;

  constructor(parts: RuntimeParts) {
    this.parts = parts;
    this.startedMonoMs = parts.clock.monotonicMs();
    this.#rejects = new RejectLog((line) => parts.log.info(line));
    this.#node = this.#newNode();
    this.#pump = this.#newPump(this.#node);
    this.#rounds = new RoundQueue({
      feed: (inputs) => this.#feed(inputs),
      // A failed disk is no broken invariant: people are told of it in words. With the others the
      // process ends as it stands.
      onFault: (error) => {
        if (!isStoreFault(error)) throw error;
        this.#onStoreFault();
        parts.onFailure(error);
      },
      bulkBytes,
    });
    // What may not have left before the last stop is put out again once there is a bus.
    this.#opening = newOut<CoordinatorEffect>();
    this.#node.open(this.#opening);
  }

  /** The node of now: another one after its store was brought back to an earlier position. */
  get node(): CoordinatorNode {
    return this.#node;
  }

  /** How far each journal's comparison with the own copy is. */
  scrubOf(ledger: LedgerId): ScrubState {
    const feed = this.#feeds.find((known) => known.ledger === ledger);
    return feed?.scrub ?? { position: 0, fullPass: undefined };
  }

  /** Messages of a journal that are not applied yet. */
  backlogOf(ledger: LedgerId): number {
    return this.#feeds.find((known) => known.ledger === ledger)?.backlog ?? 0;
  }

  /** Who sent most of what came to a journal lately. */
  mostOf(ledger: LedgerId): Sender | undefined {
    return this.#feeds.find((known) => known.ledger === ledger)?.mostOf;
  }

  /** Which NATS servers hold a journal, as last heard. */
  placesOf(ledger: LedgerId): JournalPlaces | undefined {
    return this.#feeds.find((known) => known.ledger === ledger)?.places;
  }

  get isStoreFailed(): boolean {
    return this.#isStoreFailed;
  }

  /**
   * How long the probe of this index took to a majority's seals; `undefined` for another's, whose
   * clock is not ours.
   */
  probeSealedInMs(index: number): number | undefined {
    return this.#probeSealed.index === index ? this.#probeSealed.inMs : undefined;
  }

  get isBusConnected(): boolean {
    return this.#bus?.isConnected ?? false;
  }

  /** Whether commands can be taken: machine time runs and the genesis is entered. */
  get isTaking(): boolean {
    const { point, book } = this.node.control;
    return point.machineTimeMs > 0 && book.index > 0;
  }

  /** Whether deciding has stopped on either journal: it is damaged, or its machine fails. */
  get isStopped(): boolean {
    return LEDGERS.some((ledger) => {
      const { damage, stalled } = this.node.status(ledger);
      return damage !== undefined || stalled !== undefined;
    });
  }

  /** Why no command can be taken now, or `undefined`. */
  refusal(): OstrakaError | undefined {
    const { name } = this.parts.config;
    if (this.#isStoreFailed) {
      const why = `${name}: deciding has stopped, its store failed: ask another coordinator`;
      return new OstrakaError("OSTRAKA_STORE", why);
    }
    // Only its own journal: a kill switch never waits for the signals.
    const { damage, stalled } = this.node.status(Ledger.CONTROL);
    if (stalled !== undefined) {
      const why = `${name}: deciding has stopped at c:${stalled.position}, its machine fails there`;
      return new OstrakaError("OSTRAKA_JOURNAL_DAMAGED", `${why}: ask another coordinator`);
    }
    if (damage !== undefined) {
      const why = `${name}: deciding has stopped, ${damage}: ask for its status`;
      return new OstrakaError("OSTRAKA_JOURNAL_DAMAGED", why);
    }
    if (!this.isBusConnected) {
      return new OstrakaError("OSTRAKA_UNREACHABLE", `${name} has no NATS server: ask again soon`);
    }
    return this.isTaking
      ? undefined
      : new OstrakaError("OSTRAKA_UNREACHABLE", `${name} is still starting: ask again soon`);
  }

  /** Connects to NATS, however long that takes, and goes on from where the store stands. */
  async start(): Promise<void> {
    const bus = await this.#connect();
    if (bus === undefined) return;
    this.#bus = bus;
    this.#subscribe(bus);
    this.#reopen();
    this.#feeds = this.#newFeeds(bus);
    const states = bus.onState((state) => {
      for (const feed of this.#feeds) {
        if (state === "disconnected") feed.disconnect();
        else feed.connect();
      }
    });
    this.#subscriptions.push(states);
    this.#timer = setInterval(() => this.#tick(), LIMITS.tickMs);
  }

  /**
   * Submits a command and waits for what becomes of it.
   * @param waitMs after this the answer is `unknown`.
   * @throws OstrakaError when it was not published: see `refusal`.
   */
  submit(
    envelope: Envelope,
    privates: readonly PrivatePart[],
    waitMs: number,
  ): Promise<SubmissionAnswer> {
    const refusal = this.refusal();
    return refusal === undefined
      ? this.#submit(envelope, privates, waitMs)
      : Promise.reject(refusal);
  }

  /** Hands an order of repair to the node. @returns why it is refused, once it is durable. */
  submitOrder(envelope: Envelope): Promise<RejectCode | undefined> {
    return new Promise((resolve) => {
      const to = this.#callers.add(({ value }) => resolve((value as OrderAnswer).code));
      this.#rounds.push({ type: "order", envelope, to });
    });
  }

  /** Hears of each newer receipt once it is stored. @returns how to stop. */
  onReceipt(listener: (receipt: Envelope) => void): () => void {
    this.#receiptListeners.add(listener);
    return () => this.#receiptListeners.delete(listener);
  }

  /** Hears of each sealed head once it is stored. @returns how to stop. */
  onSealed(listener: () => void): () => void {
    this.#sealedListeners.add(listener);
    return () => this.#sealedListeners.delete(listener);
  }

  /** Finishes the round, sends what was published, and closes the store. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    clearInterval(this.#timer);
    for (const feed of this.#feeds) feed.disconnect();
    for (const subscription of this.#subscriptions) subscription.close();
    this.#rounds.close();
    await this.#bus?.close();
    this.parts.store.close();
  }

  #submit(
    envelope: Envelope,
    privates: readonly PrivatePart[],
    waitMs: number,
  ): Promise<SubmissionAnswer> {
    return new Promise((resolve, refuse) => {
      const to = this.#callers.add((reply) => {
        this.#submitters.delete(reply.to);
        resolve(reply.value as SubmissionAnswer);
      });
      this.#submitters.set(to, refuse);
      const untilMs = this.parts.clock.wallMs() + waitMs;
      this.#rounds.push({ type: "submit", envelope, privates, to, untilMs });
    });
  }

  #newNode(): CoordinatorNode {
    const { crypto, genesis, signer, store, config, onStep } = this.parts;
    const { publicKey } = signer;
    const release = VERSION;
    const { probeSeconds } = config;
    const probeMs = probeSeconds === undefined ? LIMITS.probeMs : probeSeconds * 1_000;
    return new CoordinatorNode({ crypto, genesis, publicKey, store, probeMs, release, onStep });
  }

  #newPump(node: CoordinatorNode): Pump<CoordinatorInput, CoordinatorEffect> {
    const { genesis, signer, store, log, onPhase } = this.parts;
    return new Pump<CoordinatorInput, CoordinatorEffect>(node, {
      mesh: genesis.mesh,
      signer,
      store,
      publish: (publication) => this.#publish(publication),
      enforce: (effect) => this.#enforce(effect),
      reply: (reply) => this.#callers.answer(reply),
      trace: (trace) => this.#trace(log, trace),
      onSealed: (sealing, bytes) => {
        if (sealing.kind === "promise") return { type: "repair", bytes };
        if (sealing.kind !== "head") return undefined;
        this.#noteOwnHead(bytes);
        return { type: "head", bytes };
      },
      ...(onPhase !== undefined && {
        onPhase: (phase: Phase) => onPhase(phase, node.control.book.index),
      }),
    });
  }

  /** The store was brought back: everything is made anew from it, as at a start. */
  #startOver(): void {
    const bus = this.#bus;
    if (this.#isStopped || bus === undefined) return;
    for (const feed of this.#feeds) feed.disconnect();
    this.#node = this.#newNode();
    this.#pump = this.#newPump(this.#node);
    const out = newOut<CoordinatorEffect>();
    this.#node.open(out);
    // What they asked for may or may not be in what is kept: they ask again.
    for (const to of [...this.#submitters.keys()]) {
      this.#callers.answer({ to, value: { outcome: "unknown" } satisfies SubmissionAnswer });
    }
    this.#opening = out;
    this.#reopen();
    this.#feeds = this.#newFeeds(bus);
    if (bus.isConnected) for (const feed of this.#feeds) feed.connect();
  }

  #feed(inputs: readonly CoordinatorInput[]): void {
    this.#pump.feed(inputs);
    // Resyncs are answered within their round or not at all.
    for (const to of this.#resyncs.splice(0)) this.#callers.forget(to);
    this.#sendGenesis();
  }

  /** Nobody is left waiting for a process that ends: another coordinator may take the command. */
  #onStoreFault(): void {
    this.#isStoreFailed = true;
    for (const refuse of this.#submitters.values()) refuse(this.refusal() as OstrakaError);
    this.#submitters.clear();
  }

  #noteOwnHead(bytes: Bytes): void {
    this.#ownHeads.add(asText(bytes));
    if (this.#ownHeads.size <= OWN_HEADS_MAX) return;
    const [oldest] = this.#ownHeads;
    this.#ownHeads.delete(oldest as string);
  }

  #reopen(): void {
    const out = this.#opening;
    this.#opening = undefined;
    if (out === undefined) return;
    for (const input of this.#pump.perform(out)) this.#rounds.push(input);
  }

  /** `undefined` when it was told to stop before a NATS server came. */
  async #connect(): Promise<Bus | undefined> {
    const { config, signer, log } = this.parts;
    const options = {
      urls: config.nats.urls,
      credsFile: config.nats.creds,
      ...(config.nats.ca !== undefined && { caFile: config.nats.ca }),
      name: config.name,
      inboxPrefix: inboxPrefix(signer.publicKey),
      log,
    };
    for (let tries = 1; !this.#isStopped; tries++) {
      try {
        const bus = await connectBus(options);
        if (!this.#isStopped) return bus;
        await bus.close();
      } catch (error) {
        if (!(error instanceof OstrakaError) || error.code !== "OSTRAKA_UNREACHABLE") throw error;
        if (tries === 1) log.warn({ reason: error.message }, "waiting for NATS");
        await new Promise((resolve) => setTimeout(resolve, CONNECT_EVERY_MS));
      }
    }
    return undefined;
  }

  #newFeeds(bus: Bus): JournalFeed[] {
    const { clock, config, log, onFailure } = this.parts;
    const { replicas } = config.nats;
    const common = { bus, node: this.node, rounds: this.#rounds, log, replicas, clock, onFailure };
    // Nothing is lost by a tick more: who waits for machine time waits less.
    const onReading = () => this.#clock();
    return LEDGERS.map((ledger) => new JournalFeed({ ...common, ledger, onReading }));
  }

  #subscribe(bus: Bus): void {
    const { channels } = this.node;
    const offer = (input: CoordinatorInput) => this.#rounds.offer(input);
    this.#subscriptions.push(
      bus.subscribe(channels.headsAll, (bytes) => {
        if (!this.#ownHeads.delete(asText(bytes))) offer({ type: "head", bytes });
      }),
      bus.subscribe(channels.repairsAll, (bytes) => offer({ type: "repair", bytes })),
      bus.subscribe(channels.receiptsAll, (bytes) => offer({ type: "receipt", bytes })),
      bus.subscribe(channels.resyncAll, (...asked) => this.#onResync(...asked)),
    );
  }

  #onResync(bytes: Bytes, replyTo?: (bytes: Uint8Array) => void, asker?: string): void {
    if (replyTo === undefined || this.#resyncs.length >= RESYNCS_PER_ROUND_MAX) return;
    const to = this.#callers.add((reply) => {
      if (reply.bytes !== undefined) replyTo(reply.bytes);
    });
    this.#resyncs.push(to);
    const input = { type: "resync", bytes, to, ...(asker !== undefined && { asker }) } as const;
    if (!this.#rounds.offer(input)) this.#callers.forget(to);
  }

  #reread(ledger: LedgerId): void {
    const feed = this.#feeds.find((known) => known.ledger === ledger);
    if (!this.#isStopped && this.isBusConnected) feed?.connect();
  }

  #clock(): void {
    this.#rounds.push({ type: "clock", wallMs: this.parts.clock.wallMs() });
  }

  #trace(log: Log, trace: Trace): void {
    if (trace.what === "rejected") this.#rejects.note(trace, this.parts.clock.wallMs());
    else writeTrace(log, trace);
  }

  #tick(): void {
    this.#clock();
    this.#rejects.tick(this.parts.clock.wallMs());
    for (const ledger of LEDGERS) {
      const sealed = this.node.sealedOf(ledger);
      if (this.sealedSince.get(ledger)?.sealed === sealed) continue;
      this.sealedSince.set(ledger, { sealed, monoMs: this.parts.clock.monotonicMs() });
    }
    for (const feed of this.#feeds) feed.tick().catch(this.parts.onFailure);
  }

  /** The genesis is the first command of a mesh; who sends it does not matter. */
  #sendGenesis(): void {
    const { point, book } = this.node.control;
    if (book.index > 0 || point.machineTimeMs === 0 || this.#isGenesisSent) return;
    this.#isGenesisSent = true;
    this.#submit(this.parts.genesis.envelope, [], GENESIS_WAIT_MS).then(() => {
      this.#isGenesisSent = false;
    }, this.parts.onFailure);
  }

  #publish({ channel, bytes, messageId, isRequest }: Publication): void {
    const bus = this.#bus;
    if (bus === undefined) return;
    if (isRequest === true) {
      this.#ask(bus, channel, new Uint8Array(bytes)).catch(this.parts.onFailure);
      return;
    }
    if (messageId === undefined) bus.publish(channel, bytes);
    // The answer is not waited for: what counts is what the journal hands out.
    else bus.publishJournal(channel, bytes, messageId).catch(this.parts.onFailure);
  }

  /** Asks the other coordinators; the first that has something to say is heard. */
  async #ask(bus: Bus, channel: string, request: Bytes): Promise<void> {
    const others = this.node.control.mesh.view.coordinatorKeys().length;
    const bytes = await bus.request(channel, request, ASK_MS_MAX, others);
    if (bytes !== undefined) this.#rounds.push({ type: "answer", request, bytes });
  }

  #trim(trim: CoordinatorEffect & { type: "trim" }): void {
    const feed = this.#feeds.find((f) => f.ledger === trim.ledger);
    feed?.trim(trim).catch(this.parts.onFailure);
  }

  /** A majority has sealed control up to this index: perhaps our own probe with it. */
  #onSealed(index: number): void {
    const probe = this.node.duties.lastProbe;
    if (probe === undefined || !probe.isOwn || index < probe.index) return;
    if (this.#probeSealed.index === probe.index) return;
    const inMs = Math.max(0, this.parts.clock.wallMs() - probe.sentMs);
    this.#probeSealed = { index: probe.index, inMs };
  }

  #enforce(effect: CoordinatorEffect): void {
    // Both are done after the round that said so.
    if (effect.type === "reopen") setImmediate(() => this.#startOver());
    if (effect.type === "journal") setImmediate(() => this.#reread(effect.ledger));
    if (effect.type === "trim") this.#trim(effect);
    if (effect.type === "sealed" && effect.ledger === Ledger.CONTROL) this.#onSealed(effect.index);
    if (effect.type === "sealed") for (const listener of [...this.#sealedListeners]) listener();
    if (effect.type !== "receipt") return;
    const key = effect.envelope.signatures[0]?.key;
    const { clock } = this.parts;
    const heard = { wallMs: clock.wallMs(), monoMs: clock.monotonicMs() };
    if (key !== undefined) this.receiptsHeard.set(hex(key), heard);
    for (const listener of this.#receiptListeners) listener(effect.envelope);
  }
}

/** The signals journal waits for all else: a kill never queues behind a flood. */
function bulkBytes(input: CoordinatorInput): number | undefined {
  if (!("ledger" in input) || input.ledger !== Ledger.SIGNALS) return undefined;
  return input.type === "message" ? input.bytes.length : 0;
}

function isStoreFault(error: unknown): boolean {
  return error instanceof OstrakaError && error.code === "OSTRAKA_STORE";
}

function asText(bytes: Bytes): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

/** Seals of idle ticks are for debugging only: they come every second. */
function writeTrace(log: Log, trace: Trace): void {
  if (trace.what === "journal-damaged" || trace.what === "equivocation") log.error(trace);
  else if (trace.what === "sealed") log.debug(trace);
  else log.info(trace);
}
