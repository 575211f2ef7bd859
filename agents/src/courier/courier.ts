// The courier agent: numbers signals, keeps them in the outbox until a majority of coordinators has
// taken them under a sealed head, and sends them again until then. A JetStream acknowledgement
// releases nothing.

import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  BatchSchema,
  type Bytes,
  type Crypto,
  decode,
  type Envelope,
  encodeNew,
  equalBytes,
  hex,
  IntakeAckSchema,
  isReject,
  JournalMessageSchema,
  LIMITS,
  MerkleTree,
  type MeshId,
  openEnvelope,
  type PrivatePart,
  type Reject,
  reject,
  type Signal,
  SignalSchema,
} from "@ostraka/proto";
import {
  FORMAT,
  type MeshView,
  majorityOf,
  orderedKey,
  type Sealing,
  type Store,
  signalId,
  type Write,
} from "../kernel/index.ts";

/** A statement to be numbered and sent. */
export type Draft = Omit<
  MessageInitShape<typeof SignalSchema> & object,
  "format" | "hostKey" | "incarnation" | "number" | "$typeName"
>;

interface Waiting {
  readonly key: string;
  readonly number: number;
  readonly bytes: Bytes;
  readonly part: PrivatePart;
}

interface Leftover {
  readonly incarnation: Bytes;
  readonly waiting: readonly Waiting[];
}

interface Ack {
  readonly nextNumber: number;
  readonly generation: number;
  readonly position: number;
}

/** Where the newest sealed head of the signals ledger stands. */
export interface SealedPlace {
  readonly generation: number;
  readonly position: number;
}

export interface CourierOptions {
  readonly crypto: Crypto;
  readonly mesh: MeshId;
  readonly hostKey: Bytes;
  /** 16 random bytes, new at each start. */
  readonly incarnation: Bytes;
  /** Random bytes, for another incarnation when this one was overtaken. */
  readonly random: (bytes: number) => Bytes;
  readonly channel: string;
}

/** Above every number that an acknowledgement can name. */
const NEVER_SENT = Number.POSITIVE_INFINITY;

/** Sends again what was not released for this long. */
const RESEND_MS = 5 * LIMITS.tickMs;

export class Courier {
  readonly #o: CourierOptions;
  readonly #outbox: Waiting[] = [];
  readonly #acks = new Map<string, Ack>();
  /** Coordinators that speak of another incarnation than ours, with the journal position. */
  readonly #overtaken = new Map<string, SealedPlace>();
  #incarnation: Bytes;
  /** Whether this incarnation's signals went unreleased for so long that they were sent again. */
  #hasRepeated = false;
  #next = 0;
  /** First number not yet sent in this round. */
  #sendFrom = 0;
  #lastSentMs = 0;
  #dropped = 0;
  /** Signals of the last incarnation, until it is known which of them were taken. */
  #leftover: Leftover | undefined;

  constructor(options: CourierOptions) {
    this.#o = options;
    this.#incarnation = options.incarnation;
  }

  get waiting(): number {
    return this.#outbox.length + (this.#leftover?.waiting.length ?? 0);
  }

  /** Signals refused because the outbox was full. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Reads what the last incarnation left; returns the writes that begin this one. */
  open(store: Store): Write[] {
    const last = store.get("incarnation");
    const waiting: Waiting[] = [];
    for (const [key, value] of store.scan("outbox/")) {
      const message = decode(JournalMessageSchema, value, LIMITS.messageBytesMax);
      const [bytes] = message?.signals ?? [];
      const [part] = message?.privates ?? [];
      if (bytes !== undefined && part !== undefined) {
        // What was numbered while the last word of an earlier one was awaited has never been sent.
        const isSent = last !== undefined && key.startsWith(`outbox/${hex(last)}/`);
        const number = isSent ? Number(key.slice(-16)) : NEVER_SENT;
        waiting.push({ key, number, bytes, part });
      }
    }
    if (last !== undefined && waiting.length > 0) {
      this.#leftover = { incarnation: last, waiting };
      return [];
    }
    return [{ key: "incarnation", value: this.#incarnation }];
  }

  /** The last incarnation whose fate is still to be asked for. */
  get unknownIncarnation(): Bytes | undefined {
    return this.#leftover?.incarnation;
  }

  /** Numbers a statement and puts it into the outbox. */
  add(draft: Draft, part: PrivatePart): Write[] {
    if (this.#outbox.length >= LIMITS.outboxSignalsMax) {
      this.#dropped++;
      return [];
    }
    const number = this.#next++;
    const bytes = encodeNew(SignalSchema, {
      ...draft,
      format: FORMAT,
      hostKey: this.#o.hostKey,
      incarnation: this.#incarnation,
      number: BigInt(number),
    });
    const key = this.#key(number);
    this.#outbox.push({ key, number, bytes, part });
    return [{ key, value: stored(bytes, part) }];
  }

  /**
   * Batches that are due: new ones at once, unreleased ones again after a while.
   * @param monoMs monotonic time: a wall clock that was set back would hold the outbox by as much.
   */
  flush(monoMs: number): Sealing[] {
    if (this.#leftover !== undefined) return [];
    if (this.#outbox.length > 0 && monoMs - this.#lastSentMs >= RESEND_MS) {
      // Only what is said of other incarnations after this repeat can be an answer to it.
      this.#overtaken.clear();
      this.#hasRepeated = true;
      this.#sendFrom = this.#outbox[0]?.number ?? this.#next;
    }
    const due = this.#outbox.filter((w) => w.number >= this.#sendFrom);
    const batches: Sealing[] = [];
    for (let i = 0; i < due.length; i += LIMITS.batchSignalsMax) {
      batches.push(this.#batch(due.slice(i, i + LIMITS.batchSignalsMax), monoMs));
    }
    if (batches.length > 0) this.#lastSentMs = monoMs;
    this.#sendFrom = this.#next;
    return batches;
  }

  /** After a reconnect everything unreleased goes out again. */
  resend(): void {
    this.#sendFrom = this.#outbox[0]?.number ?? this.#next;
  }

  /** Takes one coordinator's acknowledgement. */
  onAck(view: MeshView, envelope: Envelope): Reject | undefined {
    const opened = openEnvelope(this.#o.crypto, view.mesh, "ack", envelope, view.findHolder);
    if (isReject(opened)) return opened;
    const ack = decode(IntakeAckSchema, opened.body, LIMITS.envelopeBodyBytesMax);
    const key = envelope.signatures[0]?.key;
    if (ack === undefined || key === undefined) return reject("malformed");
    if (!equalBytes(ack.coordinatorKey, key) || !equalBytes(ack.hostKey, this.#o.hostKey)) {
      return reject("malformed");
    }
    const { generation } = ack;
    const position = Number(ack.position);
    const expected = this.#leftover?.incarnation ?? this.#incarnation;
    if (!equalBytes(ack.incarnation, expected)) {
      this.#overtaken.set(hex(key), { generation, position });
      return undefined;
    }
    this.#overtaken.delete(hex(key));
    const nextNumber = Number(ack.nextNumber);
    const known = this.#acks.get(hex(key));
    // The first to say a number is soonest under a sealed head: saying it again must not delay it.
    // What was said in an earlier generation may have been lost with it.
    const isNews =
      known === undefined ||
      generation > known.generation ||
      (generation === known.generation && nextNumber > known.nextNumber);
    if (isNews) this.#acks.set(hex(key), { nextNumber, generation, position });
    return undefined;
  }

  /**
   * Begins another incarnation when a majority has taken batches of an earlier one after ours: the
   * broker had held one back, and what we say under this one would be called a clone's for ever.
   */
  rotate(coordinators: number, sealed: SealedPlace): Write[] {
    if (this.#leftover !== undefined || !this.#hasRepeated) return [];
    const overtaken = [...this.#overtaken.values()].filter((at) => isUnder(at, sealed));
    if (overtaken.length < majorityOf(coordinators)) return [];
    const waiting = this.#outbox.splice(0);
    const writes: Write[] = waiting.map(({ key }) => ({ key }));
    this.#overtaken.clear();
    this.#acks.clear();
    this.#incarnation = this.#o.random(this.#incarnation.length);
    this.#hasRepeated = false;
    this.#next = 0;
    this.#sendFrom = 0;
    writes.push({ key: "incarnation", value: this.#incarnation });
    for (const { bytes, part } of waiting) {
      const signal = decode(SignalSchema, bytes, LIMITS.signalBytesMax);
      if (signal !== undefined) writes.push(...this.add(draftOf(signal), part));
    }
    return writes;
  }

  /**
   * Releases what a majority has taken under a sealed head at or past their positions.
   * @param sealed where the newest sealed head of the signals ledger stands.
   */
  release(coordinators: number, sealed: SealedPlace): Write[] {
    const taken = [...this.#acks.values()]
      .filter((ack) => isUnder(ack, sealed))
      .map((ack) => ack.nextNumber)
      .sort((a, b) => b - a);
    const through = taken[majorityOf(coordinators) - 1];
    if (this.#leftover !== undefined) return this.#settleLeftover(through);
    if (through === undefined) return [];
    const writes: Write[] = [];
    while ((this.#outbox[0]?.number ?? through) < through) {
      writes.push({ key: (this.#outbox.shift() as Waiting).key });
    }
    if (writes.length > 0) this.#hasRepeated = false;
    return writes;
  }

  /** Numbers anew, under this incarnation, what the last one did not get through. */
  #settleLeftover(through: number | undefined): Write[] {
    // Without a majority's word there is nobody to send to either; a guess could count a signal
    // twice.
    if (through === undefined) return [];
    const leftover = this.#leftover as Leftover;
    this.#leftover = undefined;
    this.#acks.clear();
    const writes: Write[] = leftover.waiting.map(({ key }) => ({ key }));
    writes.push({ key: "incarnation", value: this.#incarnation });
    // What was added meanwhile has numbers already; the leftover goes after it.
    for (const { number, bytes, part } of leftover.waiting) {
      const signal = decode(SignalSchema, bytes, LIMITS.signalBytesMax);
      if (signal !== undefined && number >= through) {
        writes.push(...this.add(draftOf(signal), part));
      }
    }
    return writes;
  }

  /**
   * Each incarnation has keys of its own: two of them must not write over one another's signals.
   */
  #key(number: number): string {
    return `outbox/${hex(this.#incarnation)}/${orderedKey(number)}`;
  }

  #batch(waiting: readonly Waiting[], monoMs: number): Sealing {
    const tree = new MerkleTree(this.#o.crypto);
    for (const { bytes } of waiting) tree.append(signalId(this.#o.crypto, this.#o.mesh, bytes));
    const [first] = waiting as [Waiting];
    const body = encodeNew(BatchSchema, {
      format: FORMAT,
      hostKey: this.#o.hostKey,
      incarnation: this.#incarnation,
      firstNumber: BigInt(first.number),
      count: waiting.length,
      root: tree.root(),
    });
    const { channel } = this.#o;
    const incarnation = this.#incarnation;
    // The time in the id: JetStream's window must not swallow what is sent again on purpose.
    const messageId = `batch/${hex(incarnation)}/${first.number}/${waiting.length}/${monoMs}`;
    const signals = waiting.map((w) => w.bytes);
    const privates = waiting.map((w) => w.part);
    return { kind: "batch", body, channel, messageId, signals, privates };
  }
}

/** Only in one generation: a later one may have left out what was acknowledged in an earlier. */
function isUnder(ack: SealedPlace, sealed: SealedPlace): boolean {
  return ack.generation === sealed.generation && ack.position <= sealed.position;
}

function stored(bytes: Bytes, part: PrivatePart): Bytes {
  return encodeNew(JournalMessageSchema, { signals: [bytes], privates: [part] });
}

function draftOf(signal: Signal): Draft {
  const { epoch, timeMs, subjectKind, commitment, evidenceKind, day } = signal;
  const { evidenceMdb, levelMdb, evidenceFromMs, recommendedStage } = signal;
  const { inquiryId, isAgainst, sharedSubjects } = signal;
  const statement = { epoch, timeMs, subjectKind, commitment, evidenceKind, day };
  const since2 = { inquiryId, isAgainst, sharedSubjects };
  return { ...statement, evidenceMdb, levelMdb, evidenceFromMs, recommendedStage, ...since2 };
}
