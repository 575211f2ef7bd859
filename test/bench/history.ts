// A mesh's history made without a network: one coordinator of three on its real node, pump and
// store takes real messages, and its colleagues' seals are signed with their own keys over the same
// heads. For measurements of what comes after: replay, restart, catch-up.

import { randomBytes } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import type { Out } from "@ostraka/agents/kernel";
import {
  type CoordinatorEffect,
  type CoordinatorInput,
  CoordinatorNode,
  Pump,
} from "@ostraka/agents/node";
import { openCrypto, openSigner, openSqliteStore, type SqliteStore } from "@ostraka/host";
import {
  type Bytes,
  decode,
  type Envelope,
  EnvelopeSchema,
  encode,
  encodeNew,
  JournalMessageSchema,
  LEDGERS,
  Ledger,
  type LedgerId,
  LIMITS,
  type PrivatePart,
  type SubjectText,
  signEnvelope,
  TickSchema,
} from "@ostraka/proto";
import { MeshKit, type Person } from "../../agents/testkit/mesh-kit.ts";
import { PLAIN_POLICY_YAML } from "../../agents/testkit/plain-policy.ts";

const START_MS = 1_767_225_600_000;
/** Messages of one round, as a coordinator's queue hands them on when many wait. */
const ROUND = 16;

export interface HistoryOptions {
  readonly path: string;
  readonly revocations: number;
  /** Positions between two snapshots. */
  readonly snapshotEvery: number;
}

/** A coordinator on its pump: what is fed is stored, answers to requests are collected. */
export class Seat {
  readonly node: CoordinatorNode;
  readonly store: SqliteStore;
  readonly #pump: Pump<CoordinatorInput, CoordinatorEffect>;
  readonly #answers = new Map<number, Bytes>();
  /** What it has published since somebody last looked. */
  readonly published: Parameters<PublishPort>[0][] = [];
  readonly effects: CoordinatorEffect[] = [];
  #asked = 0;

  constructor(kit: MeshKit, person: Person, store: SqliteStore) {
    this.store = store;
    const { crypto, genesis, mesh } = kit;
    const { publicKey } = person.signer;
    this.node = new CoordinatorNode({ crypto, genesis, publicKey, store });
    this.#pump = new Pump<CoordinatorInput, CoordinatorEffect>(this.node, {
      mesh,
      signer: person.signer,
      store,
      publish: (publication) => this.published.push(publication),
      enforce: (effect) => this.effects.push(effect),
      reply: ({ to, bytes }) => bytes && this.#answers.set(to, bytes),
      trace: () => undefined,
      onSealed: ({ kind }, bytes) => (kind === "head" ? { type: "head", bytes } : undefined),
    });
  }

  open(): void {
    const out: Out<CoordinatorEffect> = emptyOut();
    this.node.open(out);
    this.#pump.feed(this.#pump.perform(out));
  }

  feed(inputs: readonly CoordinatorInput[]): void {
    this.#pump.feed(inputs);
  }

  /** Its answer to a request of a host or another coordinator. */
  ask(request: Bytes): Bytes | undefined {
    const to = ++this.#asked;
    this.feed([{ type: "resync", bytes: request, to }]);
    const answer = this.#answers.get(to);
    this.#answers.delete(to);
    return answer;
  }
}

type PublishPort = ConstructorParameters<typeof Pump>[1]["publish"];

export class History {
  readonly kit: MeshKit;
  readonly seat: Seat;
  nowMs = START_MS;
  /** Each coordinator's signature on the newest head of each ledger. */
  readonly heads = new Map<LedgerId, readonly Bytes[]>();

  private constructor(path: string) {
    const random = (bytes: number) => new Uint8Array(randomBytes(bytes));
    this.kit = new MeshKit({ crypto: openCrypto(), openSigner, random, hosts: 2, coordinators: 3 });
    const [first] = this.kit.coordinators as [Person];
    this.seat = new Seat(this.kit, first, openSqliteStore(path));
  }

  /** Makes so many revocations by machines, each of two hosts' signals, all in force. */
  static make({ path, revocations, snapshotEvery }: HistoryOptions): History {
    const history = new History(path);
    history.seat.open();
    history.#begin(snapshotEvery);
    history.#revoke(revocations);
    for (let i = 0; i < 3; i++) history.tick();
    if (history.seat.node.status(Ledger.SIGNALS).active !== revocations) {
      throw new Error(`${history.seat.node.status(Ledger.SIGNALS).active} of ${revocations}`);
    }
    return history;
  }

  /** A second passes at every coordinator. */
  tick(): void {
    this.nowMs += 1_000;
    for (const ledger of LEDGERS) {
      for (const colleague of this.kit.coordinators.slice(1)) {
        this.#append(ledger, [this.#tickOf(colleague, ledger)]);
      }
    }
    this.seat.feed([{ type: "clock", wallMs: this.nowMs }]);
    this.#deliver();
  }

  #begin(snapshotEvery: number): void {
    for (let i = 0; i < 2; i++) this.tick();
    this.#command(this.kit.genesis.envelope);
    for (let i = 0; i < 3; i++) this.tick();
    const yaml = `${PLAIN_POLICY_YAML}
retention:
  snapshotEvery: ${snapshotEvery}
  journal: 30d
  privates: 90d
  receipts: 30d
`;
    const { document, activation } = this.kit.policy(1, this.nowMs, yaml);
    this.#command(document);
    this.#command(activation);
    for (const host of this.kit.hosts) {
      const { grant, membership } = this.kit.join(host, this.nowMs);
      this.#command(grant);
      this.#command(membership);
    }
    for (let i = 0; i < 3; i++) this.tick();
  }

  #revoke(count: number): void {
    const incarnations = this.kit.hosts.map(() => this.kit.random(16));
    for (let first = 0; first < count; first += LIMITS.batchSignalsMax * ROUND) {
      const messages: Bytes[] = [];
      const end = Math.min(count, first + LIMITS.batchSignalsMax * ROUND);
      for (let from = first; from < end; from += LIMITS.batchSignalsMax) {
        const size = Math.min(LIMITS.batchSignalsMax, end - from);
        for (const [i, host] of this.kit.hosts.entries()) {
          messages.push(this.#batch(host, incarnations[i] as Bytes, from, size));
        }
      }
      this.#append(Ledger.SIGNALS, messages);
      this.tick();
    }
  }

  #batch(host: Person, incarnation: Bytes, first: number, size: number): Bytes {
    const timeMs = BigInt(this.nowMs);
    const statements = Array.from({ length: size }, (_, i) => ({
      subject: subjectOf(first + i),
      fields: { timeMs, evidenceFromMs: timeMs - 1_000n },
    }));
    const { envelope, signals, privates } = this.kit.batch(host, incarnation, first, statements);
    return messageOf(envelope, privates, signals);
  }

  #tickOf({ signer }: Person, ledger: LedgerId): Bytes {
    const { node } = this.seat;
    const { point } = ledger === Ledger.CONTROL ? node.control : node.signals;
    const body = encodeNew(TickSchema, {
      format: 1,
      coordinatorKey: signer.publicKey,
      ledger,
      timeMs: BigInt(this.nowMs),
      generation: point.generation,
      position: BigInt(point.position),
      chainHash: point.chainHash,
      machineVersion: 2,
    });
    return messageOf(signEnvelope(this.kit.mesh, "tick", body, signer));
  }

  #command(envelope: Envelope): void {
    const { book } = this.seat.node.control;
    const before = book.index;
    this.#append(Ledger.CONTROL, [messageOf(envelope)]);
    if (book.index === before) throw new Error(`a command was not entered: ${envelope.type}`);
  }

  #append(ledger: LedgerId, messages: readonly Bytes[]): void {
    const from = this.seat.node.nextPosition(ledger);
    this.seat.feed(
      messages.map((bytes, i) => ({ type: "message", ledger, position: from + i, bytes })),
    );
    this.#deliver();
  }

  /** Brings what the seat published to where it belongs, until nothing is on its way. */
  #deliver(): void {
    for (let next = this.seat.published.shift(); next; next = this.seat.published.shift()) {
      const { channel, bytes, messageId } = next;
      if (channel.includes(".heads.")) this.#sealElsewhere(channel, bytes);
      else if (messageId !== undefined) {
        const ledger = channel.includes(".control.") ? Ledger.CONTROL : Ledger.SIGNALS;
        const position = this.seat.node.nextPosition(ledger);
        this.seat.feed([{ type: "message", ledger, position, bytes }]);
      }
    }
  }

  /** What the second coordinator, at the same place, signs too. */
  #sealElsewhere(channel: string, bytes: Bytes): void {
    const head = decode(EnvelopeSchema, bytes, LIMITS.messageBytesMax);
    const [, second] = this.kit.coordinators as [Person, Person];
    if (head === undefined) throw new Error("a head cannot be read");
    const envelope = signEnvelope(this.kit.mesh, "head", head.body, second.signer);
    const sealed = encode(EnvelopeSchema, envelope);
    this.seat.feed([{ type: "head", bytes: sealed }]);
    const ledger = channel.includes(".control.") ? Ledger.CONTROL : Ledger.SIGNALS;
    this.heads.set(ledger, [bytes, sealed]);
  }
}

/** One of the 131,072 addresses that RFC 2544 keeps for benchmarks. */
function subjectOf(n: number): SubjectText {
  return `address:198.${18 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}` as SubjectText;
}

function emptyOut(): Out<CoordinatorEffect> {
  return { persist: [], seal: [], publish: [], enforce: [], reply: [], trace: [] };
}

function messageOf(
  envelope: Envelope,
  privates: readonly PrivatePart[] = [],
  signals: readonly Bytes[] = [],
): Bytes {
  const message = { format: 1, envelope, privates: [...privates], signals: [...signals] };
  return encode(JournalMessageSchema, create(JournalMessageSchema, message));
}
