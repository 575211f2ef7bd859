// Drives the two machines of a test mesh one message at a time, with real envelopes and real seals,
// and without a bus: what a unit test needs to stand at a certain index. Knows nothing of nodes or
// stores.

import { create } from "@bufbuild/protobuf";
import {
  type Bytes,
  ControlImportSchema,
  decode,
  type Entry,
  type EntryRecord,
  EntryRecordSchema,
  type Envelope,
  encode,
  encodeNew,
  HeadSchema,
  JournalMessageSchema,
  LIMITS,
  type PrivatePart,
  type SealedHead,
  SealedHeadSchema,
  signEnvelope,
  TickSchema,
} from "@ostraka/proto";
import { ControlMachine } from "../src/node/machine/control-machine.ts";
import type { JournalMachine, MachineStep } from "../src/node/machine/journal-machine.ts";
import { SignalsMachine } from "../src/node/machine/signals-machine.ts";
import type { MeshKit, Person, SignedBatch } from "./mesh-kit.ts";

/** When every test mesh starts: 2026-01-01T00:00:00Z. */
export const START_MS = 1_767_225_600_000;

export class MachineRun {
  readonly kit: MeshKit;
  readonly control: ControlMachine;
  readonly signals: SignalsMachine;
  /** Every journal message stepped, for a replay. */
  readonly journals = { control: [] as Bytes[], signals: [] as Bytes[] };
  readonly steps = { control: [] as MachineStep[], signals: [] as MachineStep[] };
  nowMs = START_MS;
  /** Machine version that every coordinator announces in its ticks. */
  announced = 1;

  constructor(kit: MeshKit) {
    this.kit = kit;
    this.control = new ControlMachine(kit.crypto, kit.genesis);
    this.signals = new SignalsMachine(kit.crypto, kit.genesis);
  }

  /** Both machines, genesis, epoch 1 and every host as a witness. */
  static joined(kit: MeshKit): MachineRun {
    const run = new MachineRun(kit);
    run.tick();
    run.command(kit.genesis.envelope);
    const { document, activation } = kit.policy(1, run.nowMs);
    run.command(document);
    run.command(activation);
    for (const host of kit.hosts) {
      const { grant, membership } = kit.join(host, run.nowMs);
      run.command(grant);
      run.command(membership);
    }
    run.import();
    return run;
  }

  get view() {
    return this.control.mesh.view;
  }

  /** Every coordinator announces the next machine version, and both machines go on by it. */
  upgrade(): void {
    this.announced = this.view.machineVersion + 1;
    this.tick();
    this.import();
  }

  /** Every coordinator ticks in both journals; time passes first. */
  tick(ms = 1_000): void {
    this.nowMs += ms;
    for (const coordinator of this.kit.coordinators) {
      this.step("control", this.tickOf(coordinator, this.control));
      this.step("signals", this.tickOf(coordinator, this.signals));
    }
  }

  tickOf(author: Person, machine: JournalMachine, fields: object = {}): Bytes {
    const { generation, position, chainHash } = machine.point;
    const body = encodeNew(TickSchema, {
      format: 1,
      coordinatorKey: author.signer.publicKey,
      ledger: machine.ledger,
      timeMs: BigInt(this.nowMs),
      generation,
      position: BigInt(position),
      chainHash,
      machineVersion: this.announced,
      ...fields,
    });
    return messageOf(signEnvelope(this.kit.mesh, "tick", body, author.signer));
  }

  step(name: "control" | "signals", bytes: Bytes): MachineStep {
    const machine = this[name];
    this.journals[name].push(bytes);
    const step = machine.step(machine.point.position + 1, bytes);
    this.steps[name].push(step);
    return step;
  }

  /** One command into the control journal: its reject code, or the index of its entry. */
  command(envelope: Envelope, privates: readonly PrivatePart[] = []): string | number | undefined {
    const { outcomes, rejects } = this.step("control", messageOf(envelope, privates));
    return outcomes[0]?.code ?? outcomes[0]?.index ?? rejects[0]?.code;
  }

  batch({ envelope, signals, privates }: SignedBatch): MachineStep {
    return this.step("signals", messageOf(envelope, privates, signals));
  }

  /** The entries of a ledger so far, as stored. */
  records(name: "control" | "signals"): EntryRecord[] {
    return this.steps[name]
      .flatMap((step) => step.records)
      .map(({ bytes }) => decode(EntryRecordSchema, bytes, LIMITS.messageBytesMax) as EntryRecord);
  }

  entries(name: "control" | "signals"): Entry[] {
    return this.steps[name].flatMap((step) => step.records.map((record) => record.entry));
  }

  /** The newest head of a ledger under the seals of these coordinators, by default of all. */
  sealed(name: "control" | "signals", by = this.kit.coordinators): SealedHead {
    const head = this.steps[name].findLast((step) => step.head !== undefined)?.head as Bytes;
    const { signatures } = signEnvelope(this.kit.mesh, "head", head, ...by.map((c) => c.signer));
    return create(SealedHeadSchema, { head, seals: signatures });
  }

  head(name: "control" | "signals") {
    const { head } = this.sealed(name, []);
    return decode(HeadSchema, head, LIMITS.messageBytesMax);
  }

  /** Brings every control entry into the signals journal. */
  import(change: (fields: ImportInit) => void = () => undefined): MachineStep {
    const [author] = this.kit.coordinators as [Person];
    const fields: ImportInit = {
      format: 1,
      coordinatorKey: author.signer.publicKey,
      records: this.records("control").slice(this.signals.importedIndex),
      head: this.sealed("control"),
    };
    change(fields);
    const body = encode(ControlImportSchema, create(ControlImportSchema, fields));
    const envelope = signEnvelope(this.kit.mesh, "import", body, author.signer);
    return this.step("signals", messageOf(envelope));
  }
}

export interface ImportInit {
  consistency?: Bytes[];
  format: number;
  coordinatorKey: Bytes;
  records: EntryRecord[];
  head: SealedHead;
}

/** A journal message. */
export function messageOf(
  envelope: Envelope,
  privates: readonly PrivatePart[] = [],
  signals: readonly Bytes[] = [],
): Bytes {
  const message = { format: 1, envelope, privates: [...privates], signals: [...signals] };
  return encode(JournalMessageSchema, create(JournalMessageSchema, message));
}
