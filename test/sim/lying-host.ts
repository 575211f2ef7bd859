// A member host that lies with its own good key: false signals about honest subjects, repeats,
// gaps, old incarnations, equal numbers twice, wrong epochs, commitments that do not open. It runs
// no sidecar.

import { create } from "@bufbuild/protobuf";
import { commitmentOf } from "@ostraka/agents/kernel";
import {
  BatchSchema,
  type Bytes,
  EvidenceKind,
  encode,
  encodeNew,
  envelopeType,
  JournalMessageSchema,
  Ledger,
  MerkleTree,
  type PrivatePart,
  PrivatePartSchema,
  PrivateSubjectSchema,
  pae,
  type SignalProof,
  SignalProofSchema,
  SignalSchema,
  Stage,
  SubjectKind,
  signEnvelope,
} from "@ostraka/proto";
import { ATTACKERS, HONEST } from "./attacks.ts";
import type { Random } from "./random.ts";
import type { HostPerson } from "./sim-mesh.ts";
import type { World } from "./world.ts";

/** Batches of others that are sent again at once. */
const REPLAYED = 8;

export interface Lie {
  readonly epoch?: number;
  readonly subjects?: readonly string[];
  /** Opens to this subject instead of the one that was signed. */
  readonly foreign?: string;
  readonly evidenceMdb?: number;
  /** Says that it was said this long ago. */
  readonly agoMs?: number;
  /** Private parts that are signed again, instead of new ones about the subjects. */
  readonly parts?: readonly PrivatePart[];
}

export class LyingHost {
  readonly host: HostPerson;
  readonly #world: World;
  readonly #random: Random;
  #incarnation: Bytes;
  readonly #older: Bytes[] = [];
  #next = 0;
  #tries = 0;
  /** What it once said that others said too. */
  #agreed: readonly PrivatePart[] = [];

  constructor(world: World, random: Random, host: HostPerson) {
    this.host = host;
    this.#world = world;
    this.#random = random;
    this.#incarnation = random.bytes(16);
  }

  /** One lie, whichever the seed picks. */
  lie(epoch: number): void {
    const what = this.#random.int(0, 11);
    if (what === 0) this.#send(this.#next + 3, { epoch });
    else if (what === 1) this.#send(0, { epoch });
    else if (what === 2) this.#send(this.#next, { epoch: epoch === 1 ? 2 : 1 });
    else if (what === 3) this.#send(this.#next, { epoch, foreign: HONEST[0] as string });
    else if (what === 4) this.#turnIncarnation(epoch);
    else if (what === 5) this.#replay();
    else if (what === 6) this.#agree(epoch);
    else if (what === 7 || what === 8) this.#agreeAgain(epoch);
    else {
      this.#send(this.#next, { epoch });
      if (this.#random.chance(0.5)) this.#send(this.#next, { epoch });
      this.#next += HONEST.length;
    }
  }

  /** Speaks under a canary's epoch, of whom others may truly see, whether it is of it or not. */
  joinCanary(epoch: number, subjects: readonly string[]): void {
    this.#send(this.#next, { epoch, subjects });
    this.#next += subjects.length;
  }

  /** Says what others truly see as well: what it says is spent by the verdict that uses it. */
  #agree(epoch: number): void {
    this.#agreed = ATTACKERS.map((subject) => this.#part(subject));
    this.#agreeAgain(epoch);
  }

  /** Signs the same statements again, under the next numbers. */
  #agreeAgain(epoch: number): void {
    if (this.#agreed.length === 0) return;
    this.#send(this.#next, { epoch, parts: this.#agreed });
    this.#next += this.#agreed.length;
  }

  /** Sends another's old batches again, as anybody on the bus could. */
  #replay(): void {
    const { messages } = this.#world.bus.streams.current(Ledger.SIGNALS);
    const held = messages.filter((m) => m !== undefined);
    const batches = held.filter((m) => m.id.startsWith("batch/"));
    for (const { bytes } of batches.slice(-REPLAYED)) this.#post(bytes);
  }

  #turnIncarnation(epoch: number): void {
    this.#older.push(this.#incarnation);
    this.#incarnation = this.#random.bytes(16);
    this.#next = 0;
    this.#send(0, { epoch });
    this.#next = HONEST.length;
    const old = this.#random.pick(this.#older);
    this.#post(this.message(old, 0, { epoch }).bytes);
  }

  #send(first: number, lie: Lie): void {
    this.#post(this.message(this.#incarnation, first, lie).bytes);
  }

  #post(bytes: Bytes): void {
    const id = `batch/lie/${this.#tries++}`;
    this.#world.bus.publishJournal(this.host.name, Ledger.SIGNALS, id, bytes);
  }

  /** A batch of false signals, and the proofs that a warrant would carry. */
  message(
    incarnation: Bytes,
    first: number,
    lie: Lie,
  ): { bytes: Bytes; proofs: SignalProof[]; parts: readonly PrivatePart[] } {
    const { mesh, crypto } = this.#world.sim;
    const subjects = lie.subjects ?? HONEST;
    const parts = lie.parts ?? subjects.map((subject) => this.#part(subject));
    const opened =
      lie.foreign === undefined ? parts : parts.map(() => this.#part(lie.foreign ?? ""));
    const signals = parts.map((part, i) => this.#signal(incarnation, first + i, part, lie));
    const tree = new MerkleTree(crypto);
    for (const signal of signals) {
      tree.append(crypto.sha256(Uint8Array.of(0), pae(envelopeType(mesh, "signal"), signal)));
    }
    const body = encodeNew(BatchSchema, {
      format: 1,
      hostKey: this.host.signer.publicKey,
      incarnation,
      firstNumber: BigInt(first),
      count: signals.length,
      root: tree.root(),
    });
    const envelope = signEnvelope(mesh, "batch", body, this.host.signer);
    const message = create(JournalMessageSchema, {
      format: 1,
      envelope,
      signals,
      privates: [...opened],
    });
    const proofs = signals.map((signal, i) =>
      create(SignalProofSchema, {
        batch: envelope,
        signal,
        leafIndex: i,
        path: tree.inclusionPath(i),
      }),
    );
    return { bytes: encode(JournalMessageSchema, message), proofs, parts };
  }

  #part(subject: string): PrivatePart {
    const content = encodeNew(PrivateSubjectSchema, { subject });
    return create(PrivatePartSchema, { salt: this.#random.bytes(16), content });
  }

  #signal(incarnation: Bytes, number: number, part: PrivatePart, lie: Lie): Bytes {
    const nowMs = this.#world.time.nowMs;
    return encodeNew(SignalSchema, {
      format: 1,
      hostKey: this.host.signer.publicKey,
      incarnation,
      number: BigInt(number),
      epoch: lie.epoch ?? 1,
      timeMs: BigInt(nowMs - (lie.agoMs ?? 0)),
      subjectKind: SubjectKind.ADDRESS,
      commitment: commitmentOf(this.#world.sim.crypto, part),
      evidenceKind: EvidenceKind.DECLARED,
      day: Math.floor(nowMs / 86_400_000),
      evidenceMdb: lie.evidenceMdb ?? 90_000,
      levelMdb: 90_000,
      evidenceFromMs: BigInt(nowMs - 5_000),
      recommendedStage: Stage.SUSPEND,
    });
  }
}
