// The intake agent: takes batches of signals from hosts in exactly their numbers. Repeats and gaps
// are counted rejects; an older incarnation that speaks after a newer one is named and counts
// nothing. A batch is taken whole or not at all, so a number once taken is never asked for again.

import { create } from "@bufbuild/protobuf";
import {
  type Batch,
  BatchSchema,
  type Bytes,
  type Crypto,
  decode,
  type Envelope,
  EnvelopeSchema,
  type Equivocation,
  equalBytes,
  hex,
  isReject,
  LIMITS,
  MerkleTree,
  openEnvelope,
  type PrivatePart,
  type Reject,
  reject,
  type Signal,
  type SignalProof,
  SignalProofSchema,
  SignalSchema,
  wireSubjectKind,
} from "@ostraka/proto";
import {
  type BinaryReader,
  type BinaryWriter,
  equivocationOf,
  FORMAT,
  fitsVersion,
  type HostMember,
  loadAll,
  loadBytes,
  loadMessage,
  type MeshView,
  type OpenedSignal,
  openPrivate,
  saveAll,
  saveMessage,
  signalId,
} from "../kernel/index.ts";

/** A signal that was taken, with what a warrant needs to carry it. */
export interface TakenSignal extends OpenedSignal {
  readonly part: PrivatePart;
  /** The signal with its path out of the batch. */
  proof(): SignalProof;
}

export interface TakenBatch {
  readonly host: HostMember;
  readonly signals: readonly TakenSignal[];
}

interface HostState {
  incarnation: Bytes;
  next: bigint;
  readonly older: Set<string>;
  /** The last batches taken of this incarnation, by range and root: a repeat is compared. */
  readonly recent: Map<string, Envelope>;
}

/** Batches of a host that a repeat is still compared with. */
const RECENT_MAX = 8;

function rangeOf({ firstNumber, count }: Batch): string {
  return `${firstNumber}/${count}`;
}

export interface IntakePosition {
  readonly incarnation: Bytes;
  readonly nextNumber: bigint;
}

const INCARNATION_BYTES = 16;

export class Intake {
  readonly #crypto: Crypto;
  readonly #hosts = new Map<string, HostState>();
  #caught: Equivocation | undefined;

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
  }

  /** What has been taken of a host, as an acknowledgement says it. */
  positionOf(hostKey: Uint8Array): IntakePosition | undefined {
    const state = this.#hosts.get(hex(hostKey));
    return state && { incarnation: state.incarnation, nextNumber: state.next };
  }

  save(w: BinaryWriter): void {
    saveAll(w, this.#hosts, (_, [key, { incarnation, next, older, recent }]) => {
      w.string(key).bytes(incarnation).uint64(next);
      saveAll(w, older, (__, id) => w.string(id));
      saveAll(w, recent, (__, [range, batch]) =>
        saveMessage(w.string(range), EnvelopeSchema, batch),
      );
    });
  }

  load(r: BinaryReader): void {
    loadAll(r, () => {
      const key = r.string();
      const incarnation = loadBytes(r);
      const next = BigInt(r.uint64());
      const older = new Set(loadAll(r, () => r.string()));
      const recent = new Map(
        loadAll(r, () => [r.string(), loadMessage(r, EnvelopeSchema)] as const),
      );
      this.#hosts.set(key, { incarnation, next, older, recent });
    });
  }

  /** The proof against the host whose batch was refused for `equivocation`, if this caught it. */
  takeProof(): Equivocation | undefined {
    const proof = this.#caught;
    this.#caught = undefined;
    return proof;
  }

  /**
   * Takes one batch or refuses it.
   * @param signals the leaves, encoded, in order; `privates` open their commitments, in order.
   */
  take(
    view: MeshView,
    envelope: Envelope,
    signals: readonly Uint8Array[],
    privates: readonly PrivatePart[],
  ): TakenBatch | Reject {
    const opened = openEnvelope(this.#crypto, view.mesh, "batch", envelope, view.findHolder);
    if (isReject(opened)) return opened;
    const key = envelope.signatures[0]?.key as Bytes;
    const host = view.hostOf(key);
    if (host === undefined || envelope.signatures.length !== 1) return reject("not-a-member");
    if (view.isExpelled(key)) return reject("expelled");
    if (view.convictedAt(key) !== undefined) return reject("equivocation");
    const batch = decode(BatchSchema, opened.body, LIMITS.envelopeBodyBytesMax);
    if (batch === undefined || !equalBytes(batch.hostKey, key)) return reject("malformed");
    if (batch.format !== FORMAT) return reject("unsupported-format");
    const isFull = signals.length === batch.count && privates.length === batch.count;
    if (!isFull || batch.count === 0) return reject("malformed");
    if (batch.count > LIMITS.batchSignalsMax) return reject("too-large");
    if (batch.incarnation.length !== INCARNATION_BYTES) return reject("malformed");
    const order = this.#checkOrder(batch);
    if (order !== undefined) return this.#contradicts(view, batch, envelope) ?? order;
    const taken = this.#openSignals(view, host, batch, { envelope, signals, privates });
    if (isReject(taken)) return taken;
    this.#advance(batch, envelope);
    return { host, signals: taken };
  }

  #checkOrder(batch: Batch): Reject | undefined {
    const state = this.#hosts.get(hex(batch.hostKey));
    if (state === undefined) return batch.firstNumber === 0n ? undefined : reject("number-gap");
    if (state.older.has(hex(batch.incarnation))) return reject("cloned");
    if (!equalBytes(state.incarnation, batch.incarnation)) {
      return batch.firstNumber === 0n ? undefined : reject("number-gap");
    }
    if (batch.firstNumber === state.next) return undefined;
    return reject(batch.firstNumber < state.next ? "number-repeated" : "number-gap");
  }

  /** Whether a host has signed other signals before for this very range of numbers. */
  #contradicts(view: MeshView, batch: Batch, envelope: Envelope): Reject | undefined {
    const state = this.#hosts.get(hex(batch.hostKey));
    if (view.machineVersion < 2 || state === undefined) return undefined;
    if (!equalBytes(state.incarnation, batch.incarnation)) return undefined;
    const before = state.recent.get(rangeOf(batch));
    if (before === undefined || equalBytes(before.body, envelope.body)) return undefined;
    this.#caught = equivocationOf(batch.hostKey, before, envelope);
    return reject("equivocation");
  }

  #advance(batch: Batch, envelope: Envelope): void {
    const key = hex(batch.hostKey);
    const { incarnation } = batch;
    const next = batch.firstNumber + BigInt(batch.count);
    const state = this.#hosts.get(key);
    if (state === undefined) {
      const recent = new Map([[rangeOf(batch), envelope]]);
      this.#hosts.set(key, { incarnation, next, older: new Set(), recent });
      return;
    }
    if (!equalBytes(state.incarnation, incarnation)) {
      state.older.add(hex(state.incarnation));
      // The oldest is forgotten: a host that restarts often must not be locked out.
      const [oldest] = state.older;
      if (state.older.size > LIMITS.incarnationsPerHostMax) state.older.delete(oldest as string);
      state.recent.clear();
    }
    state.recent.set(rangeOf(batch), envelope);
    const [earliest] = state.recent.keys();
    if (state.recent.size > RECENT_MAX) state.recent.delete(earliest as string);
    state.incarnation = incarnation;
    state.next = next;
  }

  #openSignals(
    view: MeshView,
    host: HostMember,
    batch: Batch,
    message: {
      readonly envelope: Envelope;
      readonly signals: readonly Uint8Array[];
      readonly privates: readonly PrivatePart[];
    },
  ): TakenSignal[] | Reject {
    const tree = new MerkleTree(this.#crypto);
    const taken: TakenSignal[] = [];
    for (let i = 0; i < batch.count; i++) {
      const bytes = message.signals[i] as Bytes;
      const part = message.privates[i] as PrivatePart;
      const signal = decode(SignalSchema, bytes, LIMITS.signalBytesMax);
      if (signal === undefined || !isOfBatch(signal, batch, i)) return reject("malformed");
      if (!fitsVersion(signal, view)) return reject("malformed");
      const content = openPrivate(this.#crypto, signal.commitment, part);
      if (content === undefined) return reject("commitment-mismatch");
      if (signal.subjectKind !== wireSubjectKind(content.subject)) return reject("malformed");
      const id = signalId(this.#crypto, view.mesh, bytes);
      tree.append(id);
      const proof = () =>
        create(SignalProofSchema, {
          batch: message.envelope,
          signal: bytes,
          leafIndex: i,
          path: tree.inclusionPath(i),
        });
      taken.push({ id, signal, host, private: content, salt: part.salt, part, proof });
    }
    return equalBytes(tree.root(), batch.root) ? taken : reject("bad-root");
  }
}

function isOfBatch(signal: Signal, batch: Batch, i: number): boolean {
  return (
    signal.format === FORMAT &&
    equalBytes(signal.hostKey, batch.hostKey) &&
    equalBytes(signal.incarnation, batch.incarnation) &&
    signal.number === batch.firstNumber + BigInt(i)
  );
}
