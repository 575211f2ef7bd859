// Lies of the middle, told with its own good keys: a lone lying coordinator during the run; and,
// as the last act of a run, all of them together: forged entries with weak warrants under a truly
// signed head. A sidecar must take none of it (I1, I2).

import { create } from "@bufbuild/protobuf";
import { revocationOfSignals, verdictOfPeople } from "@ostraka/agents/kernel";
import {
  type Bytes,
  compareBytes,
  decode,
  type Entry,
  EntryRecordSchema,
  EntrySchema,
  type Envelope,
  EnvelopeSchema,
  encode,
  encodeNew,
  envelopeType,
  HeadSchema,
  isReject,
  JournalMessageSchema,
  LEDGERS,
  Ledger,
  type LedgerId,
  LIMITS,
  LiftSchema,
  MerkleTree,
  type PrivatePart,
  pae,
  ResyncResponseSchema,
  RevocationSchema,
  ScopeSchema,
  SealedHeadSchema,
  type SignalProof,
  Stage,
  SubjectKind,
  signEnvelope,
  TickSchema,
} from "@ostraka/proto";
import { HONEST } from "./attacks.ts";
import { LyingHost } from "./lying-host.ts";
import type { People, Wish } from "./people.ts";
import { EXEMPT_ADDRESS } from "./policies.ts";
import type { Random } from "./random.ts";
import type { HostPerson, Person } from "./sim-mesh.ts";
import type { Truth } from "./truth.ts";
import type { SimSidecar, World } from "./world.ts";

interface Forged {
  readonly effect: Entry["effect"];
  readonly privates: readonly PrivatePart[];
}

const HOUR_MS = 3_600_000n;

export class LyingMiddle {
  readonly #world: World;
  readonly #truth: Truth;
  readonly #people: People;
  readonly #random: Random;
  /** Control index that the next forged control entry is judged at: the one before its own. */
  #judgedAt = 0;

  constructor(world: World, truth: Truth, people: People, random: Random) {
    this.#world = world;
    this.#truth = truth;
    this.#people = people;
    this.#random = random;
  }

  /**
   * One coordinator alone: a forged head with its entries, and ticks of a far time and another
   * history.
   */
  lieAlone(liar: Person): void {
    const { bus, channels } = this.#world;
    const to = this.#random.pick(this.#world.sidecars);
    if (to.node === undefined || this.#epoch(to) === 0) return;
    const ledger = this.#random.pick(LEDGERS);
    const made = this.#forge(to, ledger, this.#forgeries(to, ledger));
    if (made === undefined) return;
    for (const record of made.records)
      bus.deliver(to.person.name, channels.verdicts(ledger), record);
    const head = signEnvelope(this.#world.sim.mesh, "head", made.head, liar.signer);
    const bytes = encode(EnvelopeSchema, head);
    bus.publish("liar", channels.heads(ledger, liar.signer.publicKey), bytes);
    if (this.#random.chance(0.15)) this.#contradict(liar, ledger, made.head);
    this.#page(to, made, [liar, liar]);
    this.#falseTick(liar, ledger);
  }

  /** Two heads of one position: its own two signatures convict it. */
  #contradict(liar: Person, ledger: LedgerId, head: Bytes): void {
    const { bus, channels, sim } = this.#world;
    const other = decode(HeadSchema, head, LIMITS.headBytesMax);
    if (other === undefined) return;
    const body = encode(HeadSchema, create(HeadSchema, { ...other, root: this.#random.bytes(32) }));
    const envelope = signEnvelope(sim.mesh, "head", body, liar.signer);
    const channel = channels.heads(ledger, liar.signer.publicKey);
    bus.publish("liar", channel, encode(EnvelopeSchema, envelope));
  }

  /**
   * All coordinators together, to one sidecar: everything that must not be enforced, truly
   * sealed.
   */
  lieTogether(to: SimSidecar): void {
    for (const ledger of LEDGERS) {
      const made = this.#forge(to, ledger, this.#forgeries(to, ledger));
      if (made !== undefined) this.#page(to, made, this.#world.sim.coordinators);
    }
  }

  #epoch(to: SimSidecar): number {
    return to.node?.mesh.view.epoch ?? 0;
  }

  #falseTick(liar: Person, ledger: LedgerId): void {
    const { bus, sim, time } = this.#world;
    const position = bus.streams.current(ledger).messages.length - 2;
    const body = encodeNew(TickSchema, {
      format: 1,
      coordinatorKey: liar.signer.publicKey,
      ledger,
      timeMs: BigInt(time.nowMs + this.#random.pick([40_000, 3_600_000])),
      generation: 1,
      position: BigInt(Math.max(0, position)),
      chainHash: this.#random.bytes(32),
      // Alone it may hold the mesh back at a version; that is not what is tried here.
      machineVersion: this.#world.versionOf(liar),
    });
    const envelope = signEnvelope(sim.mesh, "tick", body, liar.signer);
    const bytes = encodeNew(JournalMessageSchema, { format: 1, envelope });
    const id = `tick/lie/${time.nowMs}/${ledger}`;
    bus.publishJournal("liar", ledger, id, bytes);
  }

  #page(to: SimSidecar, made: Made, signers: readonly Person[]): void {
    const message = pae(envelopeType(this.#world.sim.mesh, "head"), made.head);
    const seals = signers.map(({ signer }) => ({
      key: signer.publicKey,
      signature: signer.sign(message),
    }));
    const sorted = seals.sort((a, b) => compareBytes(a.key, b.key));
    const sealed = create(SealedHeadSchema, { head: made.head, seals: sorted });
    const records = made.records.map((bytes) => this.#truth.decodeRecord(bytes)?.record);
    const page = create(ResyncResponseSchema, {
      format: 1,
      head: sealed,
      records: records.filter((record) => record !== undefined),
    });
    const name = to.person.name;
    this.#world.bus.deliver(name, `answer.${name}`, encode(ResyncResponseSchema, page));
  }

  /** Entries that follow a sidecar's ledger, and a head over them. */
  #forge(to: SimSidecar, ledger: LedgerId, forged: readonly Forged[]): Made | undefined {
    const { crypto } = this.#world.sim;
    const index = to.node?.indexOf(ledger) ?? 0;
    const latest = this.#truth.sealed(ledger).at(-1)?.head;
    const entries = this.#truth.entries(ledger);
    if (latest === undefined || entries.length <= index) return undefined;
    const tree = new MerkleTree(crypto);
    const leaf = (bytes: Uint8Array) => crypto.sha256(Uint8Array.of(0), bytes);
    for (const { record } of entries.slice(1, index + 1)) tree.append(leaf(record.entry));
    const records: Bytes[] = [];
    for (const { effect, privates } of forged) {
      const entry = encodeNew(EntrySchema, {
        format: 1,
        ledger,
        generation: 1,
        index: BigInt(tree.size + 1),
        position: latest.position + 1_000n,
        machineTimeMs: BigInt(this.#world.time.nowMs),
        machineVersion: 1,
        previousRoot: tree.root(),
        effect,
      });
      tree.append(leaf(entry));
      records.push(encodeNew(EntryRecordSchema, { entry, privates: [...privates] }));
    }
    const head = create(HeadSchema, {
      ...latest,
      position: latest.position + 1_000n,
      index: BigInt(tree.size),
      root: tree.root(),
      machineTimeMs: BigInt(this.#world.time.nowMs),
      ...(ledger === Ledger.CONTROL && { controlIndex: BigInt(tree.size) }),
    });
    return { head: encode(HeadSchema, head), records };
  }

  #forgeries(to: SimSidecar, ledger: LedgerId): Forged[] {
    return ledger === Ledger.SIGNALS ? this.#signalForgeries(to) : this.#peopleForgeries(to);
  }

  // --- warrants of signals that carry nothing ---

  #signalForgeries(to: SimSidecar): Forged[] {
    const { hosts } = this.#world.sim;
    const known = hosts.filter((h) => to.node?.mesh.view.hostNamed(h.name) !== undefined);
    const witnesses = known.filter((h) => h.isWitness);
    const [first] = witnesses;
    if (first === undefined) return [];
    const other = witnesses.find((h) => h.domain !== first.domain);
    const neighbour = witnesses.find((h) => h !== first && h.domain === first.domain);
    const stranger = known.find((h) => !h.isWitness);
    const epoch = this.#epoch(to);
    const honest = HONEST[0] as string;
    const forged = [
      this.#ofSignals(to, [[first, honest, epoch, 90_000]]),
      this.#ofSignals(to, [
        [first, honest, epoch, 90_000],
        [first, honest, epoch, 90_000],
      ]),
    ];
    if (stranger !== undefined) forged.push(this.#ofPair(to, first, stranger, honest, 90_000));
    if (other !== undefined) {
      forged.push(this.#ofPair(to, first, other, honest, 12_000));
      forged.push(this.#ofPair(to, first, other, EXEMPT_ADDRESS, 90_000));
      forged.push(
        this.#ofSignals(to, [
          [first, honest, epoch, 90_000],
          [other, honest, epoch, 90_000, 14_000],
        ]),
      );
      const earlier = epoch === 2 ? 1 : 2;
      forged.push(
        this.#ofSignals(to, [
          [first, honest, epoch, 90_000],
          [other, honest, earlier, 90_000],
        ]),
      );
    }
    if (neighbour !== undefined && epoch === 1) {
      forged.push(this.#ofPair(to, first, neighbour, honest, 90_000));
    }
    return [...forged, ...this.#strongerBodies()];
  }

  #ofPair(to: SimSidecar, a: HostPerson, b: HostPerson, subject: string, mdb: number): Forged {
    const epoch = this.#epoch(to);
    return this.#ofSignals(to, [
      [a, subject, epoch, mdb],
      [b, subject, epoch, mdb],
    ]);
  }

  #ofSignals(
    to: SimSidecar,
    statements: readonly (readonly [HostPerson, string, number, number, agoMs?: number])[],
  ): Forged {
    const { crypto, mesh } = this.#world.sim;
    const signals: { id: Bytes; proof: SignalProof; part: PrivatePart }[] = [];
    for (const [host, subject, epoch, evidenceMdb, agoMs = 0] of statements) {
      const liar = new LyingHost(this.#world, this.#random.split(host.name), host);
      const incarnation = this.#random.bytes(16);
      const made = liar.message(incarnation, 0, { epoch, subjects: [subject], evidenceMdb, agoMs });
      const [proof] = made.proofs;
      const [part] = made.parts;
      if (proof === undefined || part === undefined) continue;
      const message = pae(envelopeType(mesh, "signal"), proof.signal);
      signals.push({ id: crypto.sha256(Uint8Array.of(0), message), proof, part });
    }
    signals.sort((a, b) => compareBytes(a.id, b.id));
    const proofs = signals.map((s) => s.proof);
    const privates = signals.map((s) => s.part);
    const view = to.node?.mesh.viewAt(to.node.mesh.controlIndex);
    // As the nodes themselves would derive it, where their rule allows it; else by hand.
    const derived = view && revocationOfSignals(crypto, view, proofs, privates);
    if (derived !== undefined && !isReject(derived)) {
      return { effect: { case: "revocation", value: derived.revocation }, privates };
    }
    return { effect: { case: "revocation", value: this.#body(to, { signals: proofs }) }, privates };
  }

  #body(
    to: SimSidecar,
    warrant: { signals?: SignalProof[]; proposal?: Envelope; approvals?: Envelope[] },
    judgedAt = to.node?.mesh.controlIndex ?? 0,
  ) {
    const nowMs = BigInt(this.#world.time.nowMs);
    return create(RevocationSchema, {
      format: 1,
      id: this.#random.bytes(32),
      subjectKind: SubjectKind.ADDRESS,
      subjectCommitment: this.#random.bytes(32),
      stage: Stage.SUSPEND,
      scope: {},
      fromMs: nowMs,
      expiresMs: nowMs + HOUR_MS,
      epoch: this.#epoch(to),
      controlIndex: BigInt(judgedAt),
      rule: warrant.signals === undefined ? "cut" : "seen",
      warrant,
    });
  }

  /** True warrants attached to bodies that say more than they carry. */
  #strongerBodies(): Forged[] {
    const forged: Forged[] = [];
    for (const { entry, record } of this.#truth.entries(Ledger.SIGNALS).slice(1)) {
      if (entry.effect.case !== "revocation") continue;
      const { value } = entry.effect;
      const expiresMs = value.expiresMs + HOUR_MS;
      const longer = create(RevocationSchema, { ...value, id: this.#random.bytes(32), expiresMs });
      const harder = create(RevocationSchema, {
        ...longer,
        id: this.#random.bytes(32),
        stage: Stage.TERMINATE,
      });
      for (const body of [longer, harder]) {
        forged.push({ effect: { case: "revocation", value: body }, privates: record.privates });
      }
      break;
    }
    return forged;
  }

  // --- consent that is none ---

  #peopleForgeries(to: SimSidecar): Forged[] {
    const { samOperating, adaAgain } = this.#world.sim;
    const [ada, sam, rui] = ["ada", "sam", "rui"].map((n) => this.#people.person(n)) as [
      Person,
      Person,
      Person,
    ];
    const olga = this.#people.person("olga");
    const subject = HONEST[1] as string;
    const end = Stage.TERMINATE;
    this.#judgedAt = to.node?.indexOf(Ledger.CONTROL) ?? 0;
    const inForce = [...(to.node?.denySet.all() ?? [])].map((held) => fromHex(held.id));
    const forged = [
      this.#ofPeople(to, { subject, by: olga }, [ada]),
      this.#ofPeople(to, { subject, by: samOperating }, [ada, sam]),
      this.#ofPeople(to, { subject, by: olga, stage: end }, [ada, adaAgain]),
      this.#ofPeople(to, { subject, by: ada, stage: end }, [adaAgain, rui]),
      this.#wider(to),
    ];
    if (inForce.length > 0) {
      forged.push(this.#ofPeople(to, { subject, by: olga, lifts: inForce }, [sam]));
      forged.push(this.#ofPeople(to, { subject, by: samOperating, lifts: inForce }, [ada, sam]));
    }
    return forged;
  }

  /** Consent to one host, stretched to all of them. */
  #wider(to: SimSidecar): Forged {
    const [ada, sam] = ["ada", "sam"].map((n) => this.#people.person(n)) as [Person, Person];
    const wish = {
      subject: HONEST[2] as string,
      by: this.#people.person("omar"),
      hosts: ["host-1"],
    };
    const { effect, privates } = this.#ofPeople(to, wish, [ada, sam]);
    if (effect.case !== "revocation") return { effect, privates };
    const value = create(RevocationSchema, { ...effect.value, id: this.#random.bytes(32) });
    value.scope = create(ScopeSchema);
    return { effect: { case: "revocation", value }, privates };
  }

  #ofPeople(to: SimSidecar, wish: Wish, approvers: readonly Person[]): Forged {
    const { crypto } = this.#world.sim;
    const { envelope, part } = this.#people.proposal(wish);
    const approvals = approvers.map((approver) => this.#people.approval(envelope, approver));
    const idOf = (a: Envelope) => crypto.sha256(a.body, a.signatures[0]?.key ?? new Uint8Array());
    approvals.sort((a, b) => compareBytes(idOf(a), idOf(b)));
    const view = to.node?.mesh.viewAt(this.#judgedAt);
    const nowMs = this.#world.time.nowMs;
    const derived = view && verdictOfPeople(crypto, view, envelope, part, approvals, nowMs);
    const privates = [part];
    const judgedAt = this.#judgedAt++;
    if (derived !== undefined && !isReject(derived)) {
      return derived.kind === "lift"
        ? { effect: { case: "lift", value: derived.lift }, privates }
        : { effect: { case: "revocation", value: derived.revocation }, privates };
    }
    const warrant = { proposal: envelope, approvals };
    if (wish.lifts === undefined) {
      return { effect: { case: "revocation", value: this.#body(to, warrant, judgedAt) }, privates };
    }
    const lift = create(LiftSchema, {
      format: 1,
      id: this.#random.bytes(32),
      revocationIds: [...wish.lifts] as Bytes[],
      expiresMs: BigInt(nowMs) + HOUR_MS,
      subjectCommitment: this.#random.bytes(32),
      epoch: this.#epoch(to),
      controlIndex: BigInt(judgedAt),
      rule: "lift",
      warrant,
    });
    return { effect: { case: "lift", value: lift }, privates };
  }
}

interface Made {
  readonly head: Bytes;
  readonly records: readonly Bytes[];
}

function fromHex(text: string): Bytes {
  return Uint8Array.from(text.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
}
