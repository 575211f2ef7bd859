// The repair of one ledger at a coordinator: follows an order, gathers promises, brings the own
// copy to the head that is kept, and says from which stream the journal goes on. Owns no rule of
// what is kept (agents/src/repair) and never signs below a generation that was promised.

import {
  type Bytes,
  type Channels,
  type Crypto,
  decode,
  type Envelope,
  EnvelopeSchema,
  encode,
  equalBytes,
  hex,
  isReject,
  JournalMessageSchema,
  LIMITS,
  ledgerLetter,
  ledgerName,
  type RejectCode,
} from "@ostraka/proto";
import { type MeshView, majorityOf, type Out, orderedKey, type Store } from "../../kernel/index.ts";
import {
  contradicts,
  type PromisedHead,
  type RepairBook,
  readOpening,
} from "../../repair/index.ts";
import type { CoordinatorEffect } from "../coordinator/coordinator-io.ts";
import { cutRows } from "./journal-cut.ts";
import { JournalRun } from "./journal-run.ts";
import type { LedgerLane } from "./ledger-lane.ts";
import { journalRequest } from "./peer-pages.ts";

type CoordinatorOut = Out<CoordinatorEffect>;

/** Where the journal of a ledger is read from: position = base + sequence in the stream. */
export interface JournalPlace {
  readonly generation: number;
  readonly base: number;
}

/** The head that a new generation goes on from, as known so far. */
interface Target {
  readonly generation: number;
  readonly kept: PromisedHead;
  readonly promised: readonly PromisedHead[];
  /** Whether the others need not lead to it: two holders chose it, or it is open already. */
  readonly isSettled: boolean;
  /** A majority denies what we have promised: it is given up. */
  readonly isOutvoted: boolean;
}

export interface RepairDeskParts {
  readonly crypto: Crypto;
  readonly store: Store;
  readonly channels: Channels;
  readonly publicKey: Bytes;
  readonly lane: LedgerLane;
  readonly book: RepairBook;
  /** The mesh as of now: who may order and promise. */
  readonly view: () => MeshView;
}

/** Machine version from which on generations are known. */
const REPAIR_VERSION_MIN = 2;
/** Runs of a peer that do not lead to the kept head, before our own copy is given up instead. */
const MISFITS_MAX = 3;
/** Ticks for which promises that are on their way may still settle what two of them leave open. */
const PATIENCE_TICKS = 5;
/** Ticks without a step forward, after which what is looked for is forgotten everywhere. */
const FRUITLESS_TICKS_MAX = 5;

export class RepairDesk {
  readonly #p: RepairDeskParts;
  readonly #letter: string;
  /** What stands in the way, for people; `undefined` while nothing does. */
  #obstacle: string | undefined;
  /** A later generation's stream that may be read: its opening fits our copy. */
  #place: JournalPlace | undefined;
  /** What the own copy is brought to. */
  #target: Target | undefined;
  /** The own copy stands at the target: its generation's stream may be made. */
  #isThere = false;
  /** The target is what an opening keeps that is in its stream already. */
  #isOpen = false;
  #run: JournalRun | undefined;
  #misfits = 0;
  /** Ticks since a page came, while a majority goes on in the awaited generation. */
  #fruitlessTicks = 0;
  /** Ticks since the repair began here. */
  #ticks = 0;
  /** The own copy is being cut: nothing more is taken in before the store is opened again. */
  #isCut = false;

  constructor(parts: RepairDeskParts) {
    this.#p = parts;
    this.#letter = ledgerLetter(parts.lane.ledger);
  }

  /** Where to read from; `undefined` while the journal that was is over and the next not there. */
  get place(): JournalPlace | undefined {
    const { machine } = this.#p.lane;
    if (this.#place !== undefined) return this.#place;
    const { generation } = machine.point;
    return this.awaited === undefined ? { generation, base: machine.base } : undefined;
  }

  /** The generation whose opening is looked for. */
  get awaited(): number | undefined {
    const { generation } = this.#p.lane.machine.point;
    const awaited = this.#p.book.awaitedGeneration;
    return awaited > generation ? awaited : undefined;
  }

  /** Whether the awaited generation's stream may be made by us. */
  get isReady(): boolean {
    return this.#isThere && this.#target?.generation === this.awaited;
  }

  get obstacle(): string | undefined {
    return this.#obstacle;
  }

  /** Whether the awaited generation's stream is there and may be read. */
  get isPlaced(): boolean {
    return this.#place !== undefined;
  }

  /** Goes on with what a promise of an earlier process bound us to. */
  open(out: CoordinatorOut): void {
    const { book, lane, store, view } = this.#p;
    book.openOrder(view(), store);
    out.persist.push(...book.close(lane.machine.point.generation));
    this.heard(lane.sealer.latest?.head.generation ?? 0, out);
  }

  /** Takes an order of operators, from a caller or from another coordinator. */
  takeOrder(envelope: Envelope, nowMs: number, out: CoordinatorOut): RejectCode | undefined {
    const { book, lane, publicKey } = this.#p;
    if (this.#isCut) return undefined;
    const { generation, machineVersion } = lane.machine.point;
    // No machine of the first version would enter an opening.
    if (machineVersion < REPAIR_VERSION_MIN) return "unsupported-format";
    // One that lost its store may have forgotten what it signed: it has nothing to promise by.
    const isKnown = lane.confirmedPosition > 0 && !lane.guard.isWiped;
    const lastHead = isKnown ? lane.machine.lastHead : undefined;
    const own = { nowMs, generation, key: publicKey, lastHead };
    const writes = book.takeOrder(this.#p.view(), envelope, own);
    if (isReject(writes)) return writes.reject;
    if (writes.length === 0) return undefined;
    // Durable BEFORE it is signed: the pump persists first.
    out.persist.push(...writes);
    this.#begin();
    const ledger = ledgerName(lane.ledger);
    out.trace.push({ what: "generation-promised", ledger, generation: book.promisedGeneration });
    this.#say(out);
    out.enforce.push({ type: "journal", ledger: lane.ledger });
    return undefined;
  }

  /** Takes what another coordinator says of a repair: its order, or its promise. */
  onMessage(envelope: Envelope, nowMs: number, out: CoordinatorOut): void {
    if (this.#isCut) return;
    if (envelope.type.includes(".promise.")) {
      if (this.#p.book.takePromise(this.#p.view(), envelope)) this.#weigh(out);
      return;
    }
    this.takeOrder(envelope, nowMs, out);
  }

  /** Says again what must reach everybody, and goes on with what waits. */
  tick(out: CoordinatorOut): void {
    if (this.#isCut || this.awaited === undefined) return;
    this.#ticks++;
    this.#say(out);
    this.#weigh(out);
    const isFollowing = this.#isOpen && this.#run === undefined;
    if (isFollowing) return;
    if (this.#isOpenedByMajority && ++this.#fruitlessTicks > FRUITLESS_TICKS_MAX) {
      // Pruned by the others, or its stream has forgotten the opening: a snapshot of the new
      // generation has what it made.
      this.#run = undefined;
      this.#obstacle = "fetching a snapshot from others";
      this.#p.lane.followOthers();
    } else if (this.#run !== undefined) this.#ask(this.#run, out);
  }

  get #isOpenedByMajority(): boolean {
    const { latest } = this.#p.lane.sealer;
    return (latest?.head.generation ?? 0) >= (this.awaited ?? Number.POSITIVE_INFINITY);
  }

  /** A majority has sealed a head of a generation that is not ours yet. */
  heard(generation: number, out: CoordinatorOut): void {
    const { book, lane } = this.#p;
    if (generation <= Math.max(lane.machine.point.generation, book.awaitedGeneration)) return;
    out.persist.push(...book.hear(generation));
    this.#begin();
    out.trace.push({ what: "generation-heard", ledger: ledgerName(lane.ledger), generation });
    out.enforce.push({ type: "journal", ledger: lane.ledger });
  }

  /**
   * The awaited generation's stream was looked at.
   * @param first its first message; `undefined` for a stream that is there and empty.
   */
  onStream(generation: number, first: Bytes | undefined, out: CoordinatorOut): void {
    if (this.#isCut || generation !== this.awaited || this.#place !== undefined) return;
    if (first === undefined) {
      this.#offerOpening(generation, out);
      return;
    }
    const { crypto, lane, view } = this.#p;
    const message = decode(JournalMessageSchema, first, LIMITS.messageBytesMax);
    const { machineTimeMs } = lane.machine.point;
    const checked = readOpening(crypto, view(), message?.envelope, machineTimeMs);
    const fits = !isReject(checked) && checked.generation === generation;
    if (!fits || checked.ledger !== lane.ledger) {
      const code = isReject(checked) ? checked.reject : "malformed";
      this.#stop(`the stream of generation ${generation} begins with no opening (${code})`, out);
      return;
    }
    // I3: what a majority has promised is over; whoever stands elsewhere comes to its base.
    this.#isOpen = true;
    this.#pursue({ ...checked, isSettled: true, isOutvoted: false }, out);
  }

  /**
   * Whether a message of a stream may be applied: none of a generation that is over, and the first
   * of a new one only when it is the opening that we have looked at.
   */
  admits(generation: number, bytes: Bytes, out: CoordinatorOut): boolean {
    const { lane } = this.#p;
    if (this.#isCut) return false;
    const own = lane.machine.point.generation;
    if (generation < own) return false;
    const message = looksLikeOpening(bytes)
      ? decode(JournalMessageSchema, bytes, LIMITS.messageBytesMax)
      : undefined;
    const opening = message && lane.machine.openingOf(message);
    const opens = opening !== undefined && !isReject(opening) ? opening.generation : undefined;
    if (generation === own) {
      // Only as the first message of its own stream: a majority must not read it at two places.
      if (opens !== undefined) this.heard(opens, out);
      return opens === undefined && this.awaited === undefined;
    }
    if (this.#place?.generation !== generation) return false;
    if (opens === generation) return true;
    this.#place = undefined;
    this.#stop(`the stream of generation ${generation} changed its first message`, out);
    return false;
  }

  /** A message was applied: perhaps the opening that was awaited. */
  onApplied(out: CoordinatorOut): void {
    const { book, lane } = this.#p;
    const { generation } = lane.machine.point;
    if (book.awaitedGeneration === 0 || generation < book.awaitedGeneration) return;
    out.persist.push(...book.close(generation));
    this.#begin();
    const { base, ledger } = lane.machine;
    out.trace.push({ what: "generation-opened", ledger: ledgerName(ledger), generation, base });
  }

  /**
   * A page of a peer's copy came.
   * @returns messages to be applied now, in order: they lead to the head that is kept.
   */
  onPage(
    above: number,
    messages: readonly Bytes[],
    out: CoordinatorOut,
  ): readonly (readonly [number, Bytes])[] {
    const run = this.#run;
    const target = this.#target;
    if (run === undefined || target === undefined || this.#isCut) return [];
    if (above !== run.position || messages.length === 0) return [];
    this.#fruitlessTicks = 0;
    if (!run.take(messages)) {
      this.#run = undefined;
      this.#obstacle = "more is missing than can be fetched at once: restore an older copy first";
      return [];
    }
    if (!run.isWhole) {
      this.#ask(run, out);
      return [];
    }
    this.#run = undefined;
    const verified = run.verified(target.kept.head.chainHash);
    if (verified !== undefined) return verified;
    this.#misfits++;
    return [];
  }

  /** What was fetched is applied. */
  onCaughtUp(out: CoordinatorOut): void {
    if (this.#target !== undefined && !this.#isCut) this.#pursue(this.#target, out);
  }

  #begin(): void {
    this.#place = undefined;
    this.#target = undefined;
    this.#isThere = false;
    this.#isOpen = false;
    this.#run = undefined;
    this.#misfits = 0;
    this.#ticks = 0;
    this.#fruitlessTicks = 0;
    this.#obstacle = undefined;
  }

  #weigh(out: CoordinatorOut): void {
    if (this.#isOpen) return;
    const { book, view } = this.#p;
    const state = book.state(view());
    if (state === undefined || state.order.generation !== this.awaited) return;
    const { choice, order, promises } = state;
    if (choice.kind === "short") return;
    if (choice.kind === "contradict") {
      this.#contradiction(choice.first, choice.second);
      return;
    }
    const { kept, outvoted } = choice;
    const { publicKey } = this.#p;
    const promised = promises.flatMap(({ last }) => (last ? [last] : []));
    const weighed = promised.filter((one) => !outvoted.includes(one));
    const isOutvoted = outvoted.some((p) => equalBytes(p.coordinatorKey, publicKey));
    const isSettled = order.keepHeadHash !== undefined;
    const { generation } = order;
    this.#pursue({ generation, kept, promised: weighed, isSettled, isOutvoted }, out);
  }

  /** Brings the own copy to the head that is kept. */
  #pursue(target: Target, out: CoordinatorOut): void {
    const { lane } = this.#p;
    const { kept } = target;
    const position = Number(kept.head.position);
    const { point } = lane.machine;
    this.#target = target;
    this.#isThere = false;
    if (this.#hasHead(kept)) {
      const other = this.#denial(target);
      if (other !== undefined) this.#contradiction(kept, other);
      else if (point.position > position) this.#cut(position, out);
      else this.#arrive(target, out);
      return;
    }
    const isFork = point.position >= position || this.#misfits >= MISFITS_MAX;
    if (!isFork) this.#fetch(target, out);
    else if (target.isSettled || target.isOutvoted) this.#leaveFork(position, out);
    else {
      // Whoever has it judges: a majority that leads to it opens the generation without us.
      this.#obstacle =
        `the messages here do not lead to the head at ${lane.at(position)} that is kept: waiting ` +
        "for a coordinator that has it to open the generation";
    }
  }

  #arrive(target: Target, out: CoordinatorOut): void {
    const { lane } = this.#p;
    const { generation } = target;
    this.#obstacle = undefined;
    this.#isThere = true;
    if (!this.#isOpen) return;
    this.#place = { generation, base: Number(target.kept.head.position) };
    // The journal that was damaged is over.
    lane.watch.damage = undefined;
    out.enforce.push({ type: "journal", ledger: lane.ledger });
  }

  #fetch(target: Target, out: CoordinatorOut): void {
    const { crypto, lane } = this.#p;
    const { position, chainHash } = lane.machine.point;
    const until = Number(target.kept.head.position);
    if (this.#run !== undefined || lane.isBehindStream) return;
    this.#fruitlessTicks = 0;
    this.#run = new JournalRun(crypto, position, chainHash, until);
    this.#obstacle = `fetching ${lane.at(position + 1)} to ${lane.at(until)} from others`;
    this.#ask(this.#run, out);
  }

  /** What a majority has sealed is common to all: from there the kept history is fetched. */
  #leaveFork(position: number, out: CoordinatorOut): void {
    const { lane } = this.#p;
    const common = Math.min(lane.confirmedPosition, position);
    if (common < lane.machine.point.position) this.#cut(common, out);
    else this.#obstacle = `no coordinator gives the messages that lead to ${lane.at(position)}`;
  }

  #cut(position: number, out: CoordinatorOut): void {
    const { crypto, lane, store } = this.#p;
    this.#isCut = true;
    lane.watch.damage ??= `going back to ${lane.at(position)}`;
    out.persist.push(...cutRows(crypto, store, lane.ledger, position, out.persist));
    out.trace.push({ what: "went-back", ledger: ledgerName(lane.ledger), to: position });
    out.enforce.push({ type: "reopen" });
  }

  #offerOpening(generation: number, out: CoordinatorOut): void {
    const { book, channels, lane, view } = this.#p;
    const state = book.state(view());
    if (!this.isReady || state === undefined || state.order.generation !== generation) return;
    // Only one that others can follow: its head is ours and nothing that was promised denies it.
    const body = book.openingBody(state);
    const channel = channels.opening(lane.ledger, generation);
    const messageId = `opening/${this.#letter}/${generation}`;
    out.seal.push({ kind: "opening", body, channel, messageId });
  }

  #say(out: CoordinatorOut): void {
    const { book, channels, publicKey } = this.#p;
    const channel = channels.repairs(publicKey);
    if (book.order === undefined || book.ownPromise === undefined) return;
    out.publish.push({ channel, bytes: encode(EnvelopeSchema, book.order.envelope) });
    out.seal.push({ kind: "promise", body: book.ownPromise, channel });
  }

  #ask(run: JournalRun, out: CoordinatorOut): void {
    const { channels, lane, publicKey } = this.#p;
    const bytes = journalRequest(lane.ledger, publicKey, run.position);
    out.publish.push({ channel: channels.resync(publicKey), bytes, isRequest: true });
  }

  #hasHead({ head, bytes }: PromisedHead): boolean {
    const own = this.#ownHead(Number(head.position));
    return own !== undefined && equalBytes(own, bytes);
  }

  /**
   * A promised head that stands in the way of the kept one, which is ours. Where a majority leads
   * to it what the rest has cannot have been sealed (choose-head.ts): none of that is in the way.
   */
  #denial({ isSettled, kept, promised }: Target): PromisedHead | undefined {
    const denied = isSettled ? [] : promised.filter((p) => this.#denies(p, kept));
    const needed = majorityOf(this.#p.view().coordinatorKeys().length);
    return promised.length - denied.length >= needed ? undefined : denied[0];
  }

  /** Whether a promised head is not in the history of the kept one, which is ours. */
  #denies(promised: PromisedHead, kept: PromisedHead): boolean {
    if (promised.head.position > kept.head.position) return contradicts(promised, kept);
    const position = Number(promised.head.position);
    const own = this.#ownHead(position);
    if (own !== undefined) return !equalBytes(own, promised.bytes);
    // No head of ours there though nothing of it is forgotten: ours has passed it by.
    const { machine, retention } = this.#p.lane;
    const isOurs = promised.head.generation === machine.point.generation;
    return isOurs && position > Math.max(machine.base, retention.prunedPosition);
  }

  #ownHead(position: number): Bytes | undefined {
    const { lane, store } = this.#p;
    const { lastHead, lastHeadPosition } = lane.machine;
    if (position === lastHeadPosition) return lastHead;
    return position < lastHeadPosition
      ? store.get(`head/${this.#letter}/${orderedKey(position)}`)
      : undefined;
  }

  #contradiction(first: PromisedHead, second: PromisedHead): void {
    const { book, crypto, view } = this.#p;
    const heard = book.state(view())?.promises.length ?? 0;
    const all = view().coordinatorKeys().length;
    // Nobody is asked to choose before the others had time to promise: a majority may agree.
    if (heard < all && this.#ticks < PATIENCE_TICKS) {
      this.#obstacle = `${heard} of ${all} promises are here, and two differ: waiting for the rest`;
      return;
    }
    const name = ({ bytes }: PromisedHead) => hex(crypto.sha256(bytes));
    const text = (p: PromisedHead) => `${name(p)} at ${this.#letter}:${p.head.position}`;
    this.#obstacle = `promises-contradict: head ${text(first)} or head ${text(second)}`;
  }

  #stop(why: string, out: CoordinatorOut): void {
    const { lane } = this.#p;
    const obstacle = `${why}: order the generation after it`;
    if (this.#obstacle === obstacle) return;
    this.#obstacle = obstacle;
    out.trace.push({ what: "journal-damaged", ledger: ledgerName(lane.ledger), why });
  }
}

/** The type of an envelope stands near the front of its message. */
function looksLikeOpening(bytes: Bytes): boolean {
  const front = String.fromCharCode(...bytes.subarray(0, 64));
  return front.includes("vnd.ostraka.opening.");
}
