// One coordinator's part in the repair of one ledger: the order it follows, its own promise and the
// others'. Owns which order counts and what is stored of it; never signs, and never forgets a
// promise before the generation is open.

import {
  type Bytes,
  type Crypto,
  compareBytes,
  decode,
  type Envelope,
  EnvelopeSchema,
  encode,
  encodeNew,
  equalBytes,
  hex,
  isReject,
  type LedgerId,
  LIMITS,
  ledgerLetter,
  OpeningSchema,
  PromiseSchema,
  type Reject,
  reject,
  utf8,
} from "@ostraka/proto";
import { FORMAT, type MeshView, type Store, type Write } from "../kernel/index.ts";
import { type Choice, chooseHead, type PromisedHead } from "./choose-head.ts";
import { type OpenedPromise, openPromise } from "./promise.ts";
import { type OpenedOrder, openOrder } from "./repair-order.ts";

/**
 * How many generations may be passed over, one for each that was spoilt before it was open. No
 * operator alone may use up the numbers: past the last one nothing could be repaired any more.
 */
const GENERATIONS_AHEAD_MAX = 16;

/** What a status shows of a repair. */
export interface RepairState {
  readonly order: OpenedOrder;
  readonly promises: readonly OpenedPromise[];
  readonly choice: Choice;
}

export class RepairBook {
  readonly #crypto: Crypto;
  readonly #ledger: LedgerId;
  #order: OpenedOrder | undefined;
  #ownPromise: Bytes | undefined;
  #promisedGeneration = 0;
  #heardGeneration = 0;
  /** The newest promise of each coordinator under the order, by hex key. */
  readonly #promises = new Map<string, OpenedPromise>();

  constructor(crypto: Crypto, ledger: LedgerId) {
    this.#crypto = crypto;
    this.#ledger = ledger;
  }

  /** The generation that was promised; 0 without a promise. */
  get promisedGeneration(): number {
    return this.#promisedGeneration;
  }

  /**
   * Below this generation nothing may be signed any more: it was promised, or others are in it, and
   * what we signed of the one before may not be what they kept.
   */
  get awaitedGeneration(): number {
    return Math.max(this.#promisedGeneration, this.#heardGeneration);
  }

  /** A majority has gone on in a generation. @returns what must be durable with it. */
  hear(generation: number): Write[] {
    if (generation <= this.#heardGeneration) return [];
    this.#heardGeneration = generation;
    return [{ key: this.#key("heard"), value: utf8(`${generation}`) }];
  }

  get order(): OpenedOrder | undefined {
    return this.#order;
  }

  /** The own promise, to be signed and sent. */
  get ownPromise(): Bytes | undefined {
    return this.#ownPromise;
  }

  /** Reads the promise back, BEFORE any head of the ledger can be signed again. */
  openPromise(store: Pick<Store, "get">): void {
    const heard = store.get(this.#key("heard"));
    this.#heardGeneration = heard === undefined ? 0 : Number(String.fromCharCode(...heard));
    const bytes = store.get(this.#key("promise"));
    const promise = bytes && decode(PromiseSchema, bytes, LIMITS.envelopeBodyBytesMax);
    if (promise === undefined) return;
    this.#ownPromise = bytes;
    this.#promisedGeneration = promise.generation;
  }

  /** Reads the order back, once it is known who may give one. */
  openOrder(view: MeshView, store: Pick<Store, "get">): void {
    const bytes = store.get(this.#key("repair"));
    const envelope = bytes && decode(EnvelopeSchema, bytes, LIMITS.messageBytesMax);
    const order = envelope && openOrder(this.#crypto, view, envelope, 0);
    if (order !== undefined && !isReject(order)) this.#order = order;
  }

  /**
   * Takes an order and promises to follow it.
   * @param generation that the own machine is in. @param lastHead own last head, if there is one.
   * @returns what must be durable BEFORE the promise is signed; nothing for an order that is
   * followed already or that another one supersedes.
   */
  takeOrder(
    view: MeshView,
    envelope: Envelope,
    own: {
      readonly nowMs: number;
      readonly generation: number;
      readonly key: Bytes;
      readonly lastHead: Bytes | undefined;
    },
  ): Write[] | Reject {
    const order = openOrder(this.#crypto, view, envelope, own.nowMs);
    if (isReject(order)) return order;
    if (order.ledger !== this.#ledger) return reject("malformed");
    const { generation, id } = order;
    const isAhead = generation > own.generation + GENERATIONS_AHEAD_MAX;
    if (isAhead || generation <= own.generation || generation < this.#promisedGeneration) {
      return reject("generation-not-next");
    }
    if (this.#order !== undefined && !supersedes(order, this.#order)) return [];
    this.#order = order;
    this.#promisedGeneration = generation;
    this.#promises.clear();
    this.#ownPromise = encodeNew(PromiseSchema, {
      format: FORMAT,
      coordinatorKey: own.key,
      ledger: this.#ledger,
      generation,
      orderId: id,
      ...(own.lastHead !== undefined && { lastHead: own.lastHead }),
    });
    return [
      { key: this.#key("promise"), value: this.#ownPromise },
      { key: this.#key("repair"), value: encode(EnvelopeSchema, envelope) },
    ];
  }

  /** Notes a coordinator's promise under the order that is followed. @returns whether it is new. */
  takePromise(view: MeshView, envelope: Envelope): boolean {
    const promise = openPromise(this.#crypto, view, envelope);
    if (isReject(promise) || this.#order === undefined) return false;
    if (promise.ledger !== this.#ledger || !equalBytes(promise.orderId, this.#order.id)) {
      return false;
    }
    const key = hex(promise.coordinatorKey);
    const known = this.#promises.get(key);
    if (known !== undefined && equalBytes(known.envelope.body, envelope.body)) return false;
    this.#promises.set(key, promise);
    return true;
  }

  /** How the repair stands; `undefined` when there is none. */
  state(view: MeshView): RepairState | undefined {
    const order = this.#order;
    if (order === undefined) return undefined;
    const promises = [...this.#promises.values()];
    const promised = promises.flatMap(({ last }): PromisedHead[] => (last ? [last] : []));
    const { keepHeadHash } = order;
    const isKept =
      keepHeadHash && ((bytes: Bytes) => equalBytes(this.#crypto.sha256(bytes), keepHeadHash));
    const choice = chooseHead(promised, view.coordinatorKeys().length, isKept);
    return { order, promises, choice };
  }

  /** The body of an opening out of what is here: order and promises in the order of their keys. */
  openingBody({ order, promises }: RepairState): Bytes {
    const sorted = [...promises].sort((a, b) => compareBytes(a.coordinatorKey, b.coordinatorKey));
    return encodeNew(OpeningSchema, {
      format: FORMAT,
      ledger: this.#ledger,
      generation: order.generation,
      order: order.envelope,
      promises: sorted.map(({ envelope }) => envelope),
    });
  }

  /** The generation is open, or a later one: the order is done with. */
  close(generation: number): Write[] {
    if (this.awaitedGeneration === 0 || generation < this.awaitedGeneration) return [];
    this.#heardGeneration = 0;
    this.#order = undefined;
    this.#ownPromise = undefined;
    this.#promisedGeneration = 0;
    this.#promises.clear();
    return ["promise", "repair", "heard"].map((what) => ({ key: this.#key(what) }));
  }

  #key(what: string): string {
    return `${what}/${ledgerLetter(this.#ledger)}`;
  }
}

/** Every coordinator must come to follow the same one of two orders, whichever it hears first. */
function supersedes(a: OpenedOrder, b: OpenedOrder): boolean {
  if (a.generation !== b.generation) return a.generation > b.generation;
  const [aChooses, bChooses] = [a.keepHeadHash !== undefined, b.keepHeadHash !== undefined];
  if (aChooses !== bChooses) return aChooses;
  if (a.notAfterMs !== b.notAfterMs) return a.notAfterMs > b.notAfterMs;
  return compareBytes(a.id, b.id) > 0;
}
