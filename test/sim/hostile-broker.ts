// A broker that does what brokers can: forges entries and heads, alters private parts, plays back
// what is over, passes off another mesh's envelopes, hands out incomplete pages, writes altered
// messages into a journal and reads it out in another order. It holds no key of the mesh.

import { create } from "@bufbuild/protobuf";
import { openSigner } from "@ostraka/host";
import {
  type Bytes,
  decode,
  EntryRecordSchema,
  EntrySchema,
  EnvelopeSchema,
  encode,
  encodeNew,
  HeadSchema,
  JournalMessageSchema,
  LEDGERS,
  Ledger,
  type LedgerId,
  LIMITS,
  type MeshId,
  PrivatePartSchema,
  PrivateSubjectSchema,
  ResyncResponseSchema,
  SealedHeadSchema,
  Stage,
  SubjectKind,
  signEnvelope,
} from "@ostraka/proto";
import { HONEST } from "./attacks.ts";
import type { Random } from "./random.ts";
import type { World } from "./world.ts";

const KEPT_MAX = 400;

export interface BrokerPlan {
  readonly forges: boolean;
  readonly alters: boolean;
  readonly altersJournal: boolean;
  /** Reads a journal to the last of three coordinators in another order, once. */
  readonly misreads: boolean;
}

export class HostileBroker {
  readonly counts = { forged: 0, altered: 0, replayed: 0, misread: 0 };
  /** `host/id` of revocations that a host took from what was played back to it. */
  readonly playedBack = new Set<string>();
  readonly #world: World;
  readonly #random: Random;
  readonly #plan: BrokerPlan;
  readonly #kept: { readonly channel: string; readonly bytes: Bytes }[] = [];
  readonly #stranger;
  #isActive = false;
  #misreadAt: number | undefined;

  constructor(world: World, random: Random, plan: BrokerPlan) {
    this.#world = world;
    this.#random = random;
    this.#plan = plan;
    this.#stranger = openSigner(random.bytes(32));
  }

  start(): void {
    const { bus } = this.#world;
    this.#isActive = true;
    bus.taps.push((_, channel, bytes) => {
      if (this.#kept.length >= KEPT_MAX) this.#kept.splice(this.#random.int(0, KEPT_MAX - 1), 1);
      this.#kept.push({ channel, bytes: Uint8Array.from(bytes) });
    });
    if (this.#plan.alters) bus.alter = (_, channel, bytes) => this.#altered(channel, bytes);
    if (this.#plan.altersJournal) bus.alterJournal = (_, bytes) => this.#alteredMessage(bytes);
    if (this.#plan.misreads) bus.misread = (to, ledger, at) => this.#misread(to, ledger, at);
    if (this.#plan.forges) this.#round();
  }

  stop(): void {
    const { bus } = this.#world;
    this.#isActive = false;
    bus.alter = undefined;
    bus.alterJournal = undefined;
    bus.misread = undefined;
  }

  #round(): void {
    if (!this.#isActive) return;
    const to = this.#random.pick(this.#world.sidecars).person.name;
    const { channels } = this.#world;
    const ledger = this.#random.pick(LEDGERS);
    const bytes = this.#forgedEntry(ledger);
    this.counts.forged++;
    this.#world.bus.deliver(to, channels.verdicts(ledger), bytes);
    const head = this.#forgedHead(ledger);
    this.#world.bus.deliver(to, channels.heads(ledger, this.#stranger.publicKey), head);
    this.#world.bus.deliver(to, `answer.${to}`, this.#forgedPage(head));
    this.#playBack(to);
    this.#world.time.in(this.#random.int(300, 1_500), () => this.#round());
  }

  /** A resync page under a head that a stranger sealed. */
  #forgedPage(head: Bytes): Bytes {
    const envelope = decode(EnvelopeSchema, head, LIMITS.envelopeBodyBytesMax);
    const sealed = create(SealedHeadSchema, {
      head: envelope?.body ?? head,
      seals: envelope?.signatures ?? [],
    });
    const page = create(ResyncResponseSchema, { format: 1, head: sealed, records: [] });
    return encode(ResyncResponseSchema, page);
  }

  /** What was once true, said again: to newcomers above all. */
  #playBack(to: string): void {
    for (let i = 0; i < 4 && this.#kept.length > 0; i++) {
      const { channel, bytes } = this.#random.pick(this.#kept);
      this.counts.replayed++;
      const own = channel.startsWith("answer.") ? `answer.${to}` : channel;
      const before = this.#heldBy(to);
      this.#world.bus.deliver(to, own, bytes);
      for (const id of this.#heldBy(to)) if (!before.has(id)) this.playedBack.add(`${to}/${id}`);
    }
  }

  #heldBy(name: string): ReadonlySet<string> {
    const node = this.#world.sidecars.find(({ person }) => person.name === name)?.node;
    return new Set([...(node?.denySet.all() ?? [])].map(({ id }) => id));
  }

  #nextIndex(ledger: LedgerId): number {
    const nodes = this.#world.sidecars.flatMap((s) => (s.node === undefined ? [] : [s.node]));
    return 1 + Math.max(0, ...nodes.map((node) => node.indexOf(ledger)));
  }

  #forgedEntry(ledger: LedgerId): Bytes {
    const subject = this.#random.pick(HONEST);
    const content = encodeNew(PrivateSubjectSchema, { subject });
    const part = create(PrivatePartSchema, { salt: this.#random.bytes(16), content });
    const nowMs = BigInt(this.#world.time.nowMs);
    const revocation = {
      format: 1,
      id: this.#random.bytes(32),
      subjectKind: SubjectKind.ADDRESS,
      subjectCommitment: this.#random.bytes(32),
      stage: Stage.SUSPEND,
      fromMs: nowMs,
      expiresMs: nowMs + 60_000n,
      epoch: 1,
      controlIndex: 3n,
      rule: "seen",
    };
    const entry = encodeNew(EntrySchema, {
      format: 1,
      ledger,
      generation: 1,
      index: BigInt(this.#nextIndex(ledger)),
      position: 1n,
      machineTimeMs: nowMs,
      machineVersion: 1,
      previousRoot: this.#random.bytes(32),
      effect: { case: "revocation", value: revocation },
    });
    return encodeNew(EntryRecordSchema, { entry, privates: [part] });
  }

  /** A head of a key that nobody knows, or of another mesh. */
  #forgedHead(ledger: LedgerId): Bytes {
    const { mesh } = this.#world.sim;
    const body = encodeNew(HeadSchema, {
      format: 1,
      ledger,
      generation: 1,
      position: 1_000_000n,
      index: BigInt(this.#nextIndex(ledger)),
      root: this.#random.bytes(32),
      machineTimeMs: BigInt(this.#world.time.nowMs + 3_600_000),
    });
    const other = this.#random.chance(0.5) ? mesh : ("0".repeat(64) as MeshId);
    return encode(EnvelopeSchema, signEnvelope(other, "head", body, this.#stranger));
  }

  #altered(channel: string, bytes: Bytes): Bytes | undefined {
    const isAnswer = channel.startsWith("answer.");
    if (!this.#isActive || !this.#random.chance(isAnswer ? 0.4 : 0.05)) return bytes;
    this.counts.altered++;
    if (isAnswer) return this.#shortened(bytes);
    const { verdictsAll } = this.#world.channels;
    if (channel.startsWith(verdictsAll.slice(0, -1))) return this.#withOtherPart(bytes);
    const flipped = Uint8Array.from(bytes);
    const at = this.#random.int(0, Math.max(0, flipped.length - 1));
    flipped[at] = (flipped[at] ?? 0) ^ (1 << this.#random.int(0, 7));
    return flipped;
  }

  /** A page with a record too few: a revocation hidden from a newcomer. */
  #shortened(bytes: Bytes): Bytes {
    const page = decode(ResyncResponseSchema, bytes, LIMITS.messageBytesMax);
    if (page === undefined || page.records.length === 0) return bytes;
    const at = this.#random.int(0, page.records.length - 1);
    page.records.splice(at, 1);
    if (page.proofs.length > 0) page.proofs.splice(at, 1);
    return encode(ResyncResponseSchema, page);
  }

  #withOtherPart(bytes: Bytes): Bytes {
    const record = decode(EntryRecordSchema, bytes, LIMITS.messageBytesMax);
    if (record === undefined) return bytes;
    for (const part of record.privates) part.content = this.#otherContent();
    return encode(EntryRecordSchema, record);
  }

  #alteredMessage(bytes: Bytes): Bytes {
    const message = decode(JournalMessageSchema, bytes, LIMITS.messageBytesMax);
    if (message === undefined || message.privates.length === 0) return bytes;
    if (!this.#isActive || !this.#random.chance(0.3)) return bytes;
    this.counts.altered++;
    for (const part of message.privates) part.content = this.#otherContent();
    return encode(JournalMessageSchema, message);
  }

  #otherContent(): Bytes {
    return encodeNew(PrivateSubjectSchema, { subject: HONEST[0] as string });
  }

  #misread(to: string, ledger: LedgerId, at: number): number {
    const [, , last] = this.#world.coordinators;
    if (last?.person.name !== to || ledger !== Ledger.SIGNALS || !this.#isActive) return at;
    const isThere = this.#world.bus.streams.current(ledger).messages.length > at;
    if (this.#misreadAt === undefined && isThere && at > 60) {
      this.#misreadAt = at;
      this.counts.misread++;
      return at + 1;
    }
    return this.#misreadAt === at - 1 ? at - 1 : at;
  }
}
