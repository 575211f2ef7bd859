import {
  type Bytes,
  decode,
  equalBytes,
  type Head,
  HeadSchema,
  hex,
  Ledger,
  LIMITS,
  parseSubject,
  type SubjectText,
} from "@ostraka/proto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { MachineRun } from "../../../testkit/machine-run.ts";
import type { HostPerson, Person } from "../../../testkit/mesh-kit.ts";
import { nodeCrypto, testMesh } from "../../../testkit/node-crypto.ts";
import type { Mesh } from "../mesh.ts";
import { ControlMachine } from "./control-machine.ts";
import type { JournalMachine, MachineStep } from "./journal-machine.ts";
import { restore } from "./restore.ts";
import { SignalsMachine } from "./signals-machine.ts";

const NAMES = ["control", "signals"] as const;
const SUBJECTS = ["user:test/mallory", "address:203.0.113.7", "session:test/41"].map(
  (text) => parseSubject(text) as SubjectText,
);

/** A mesh that has lived through these acts. */
class Life {
  readonly run: MachineRun;
  readonly #numbers = new Map<string, number>();
  readonly #proposals: Bytes[] = [];

  constructor(seed: string, machineVersion: number) {
    this.run = MachineRun.joined(testMesh(seed, { coordinators: 3, hosts: 3 }));
    this.run.announced = machineVersion;
    this.run.tick();
    this.run.import();
  }

  act(kind: number, a: number, b: number): void {
    const { run } = this;
    const { kit } = run;
    const subject = SUBJECTS[b % SUBJECTS.length] as SubjectText;
    const proposers = [...kit.operators, ...kit.approvers];
    if (kind === 0) run.tick(1 + a * 9_000);
    if (kind === 1 && run.signals.importedIndex < run.control.book.index) run.import();
    if (kind === 2) this.#signal(kit.hosts[a % kit.hosts.length] as HostPerson, subject, b);
    if (kind === 3) {
      const proposer = proposers[a % proposers.length] as Person;
      const { id, envelope, part } = kit.propose(proposer, subject, run.nowMs);
      this.#proposals.push(id);
      run.command(envelope, [part]);
    }
    if (kind === 4) {
      const approver = kit.approvers[a % kit.approvers.length] as Person;
      const id = this.#proposals[b % Math.max(1, this.#proposals.length)];
      if (id !== undefined) run.command(kit.approve(approver, id, run.nowMs));
    }
    if (kind === 5) run.step(NAMES[a % 2] as "control", Uint8Array.of(a, b));
    if (kind === 6) this.#lift(subject, a);
  }

  #signal(host: HostPerson, subject: SubjectText, b: number): void {
    const { run } = this;
    const incarnation = nodeCrypto.sha256(host.signer.publicKey).subarray(0, 16);
    const next = this.#numbers.get(host.name) ?? 0;
    const number = b === 7 ? next + 1 : next;
    const fields = { timeMs: BigInt(run.nowMs), evidenceMdb: 30_000 + b * 3_000 };
    const { signals } = run;
    run.batch(run.kit.batch(host, incarnation, number, [{ subject, fields }]));
    const taken = signals.intake.positionOf(host.signer.publicKey);
    this.#numbers.set(host.name, Number(taken?.nextNumber ?? 0));
  }

  #lift(subject: SubjectText, a: number): void {
    const { run } = this;
    const [id] = run.control.book.active.ids();
    if (id === undefined) return;
    const revocationIds = [Uint8Array.from(Buffer.from(id, "hex"))];
    const pardonBeforeMs = a % 2 === 0 ? BigInt(run.nowMs) : 0n;
    const fields = { wish: { case: "lift", value: { revocationIds, pardonBeforeMs } } };
    const [olga] = run.kit.operators as [Person];
    const { id: asked, envelope, part } = run.kit.propose(olga, subject, run.nowMs, fields);
    run.command(envelope, [part]);
    for (const approver of run.kit.approvers) {
      run.command(run.kit.approve(approver, asked, run.nowMs));
    }
  }
}

type Machine = JournalMachine & { readonly mesh: Mesh };

function freshMachine(run: MachineRun, name: "control" | "signals"): Machine {
  const { genesis } = run.kit;
  return name === "control"
    ? new ControlMachine(nodeCrypto, genesis)
    : new SignalsMachine(nodeCrypto, genesis);
}

/** What a head at this position says, whether one was made there or not. */
function headOf(machine: Machine): Head {
  const { point, book } = machine;
  const names = { controlIndex: machine.mesh.controlIndex, epoch: 1, rosterVersion: 1 };
  const bytes = book.head(point, names, nodeCrypto.sha256(machine.state()));
  return decode(HeadSchema, bytes, LIMITS.headBytesMax) as Head;
}

const recordsOf = (steps: readonly MachineStep[]) =>
  steps.flatMap((step) => step.records.map((record) => record.bytes));

/** Everything that leaves a machine, as text. */
const told = (step: MachineStep) =>
  [
    hex(step.head ?? new Uint8Array()),
    hex(nodeCrypto.sha256(step.snapshot ?? new Uint8Array())),
    ...step.records.map((record) => hex(record.bytes)),
    ...step.rejects.map(({ code, key }) => `${code} ${key}`),
    ...step.outcomes.map(({ command, code, index }) => `${command} ${code} ${index}`),
  ].join("\n");

const acts = fc.array(fc.tuple(fc.nat(6), fc.nat(9), fc.nat(7)), { minLength: 5, maxLength: 40 });

test("a machine restored at any position goes on exactly as one that never stopped", () => {
  let seed = 0;
  const check = (list: readonly (readonly [number, number, number])[], cut: number, v: number) => {
    const life = new Life(`restore ${seed++}`, v);
    for (const [kind, a, b] of list) life.act(kind, a, b);
    const { run } = life;
    for (const name of NAMES) {
      const journal = run.journals[name];
      const at = 1 + (cut % journal.length);
      const whole = freshMachine(run, name);
      const before = journal.slice(0, at).map((bytes, i) => whole.step(i + 1, bytes));
      const restored = freshMachine(run, name);
      const fault = restore(restored, {
        crypto: nodeCrypto,
        head: headOf(whole),
        snapshot: whole.state(),
        records: recordsOf(before),
        controlRecords: recordsOf(name === "control" ? before : run.steps.control),
      });
      expect(fault).toBeUndefined();
      expect(equalBytes(restored.state(), whole.state())).toBe(true);
      for (let i = at; i < journal.length; i++) {
        const bytes = journal[i] as Bytes;
        expect(told(restored.step(i + 1, bytes))).toBe(told(whole.step(i + 1, bytes)));
      }
      expect(equalBytes(restored.state(), whole.state())).toBe(true);
      expect(restored.activeIndices()).toEqual(whole.activeIndices());
    }
  };
  fc.assert(fc.property(acts, fc.nat(), fc.constantFrom(1, 2), check), { numRuns: 25 });
}, 60_000);

test("a snapshot, records or control records that do not fit the head are refused in words", () => {
  const life = new Life("misfit", 2);
  const { run } = life;
  const head = headOf(run.control);
  const snapshot = run.control.state();
  const records = recordsOf(run.steps.control);
  const good = { crypto: nodeCrypto, head, snapshot, records, controlRecords: records };
  const faultOf = (change: Partial<typeof good>) =>
    restore(freshMachine(run, "control"), { ...good, ...change });
  expect(faultOf({})).toBeUndefined();
  const flipped = snapshot.map((byte, i) => (i === 9 ? byte ^ 1 : byte));
  expect(faultOf({ snapshot: flipped })).toMatch(/not the one that its head names/);
  expect(faultOf({ records: records.slice(1) })).toMatch(/do not make the root/);
  expect(faultOf({ records: [...records].reverse() })).toMatch(/do not make the root/);
  expect(faultOf({ controlRecords: records.slice(0, -1) })).toMatch(/control records end before/);
  const activeSetDigest = nodeCrypto.sha256();
  expect(faultOf({ head: { ...head, activeSetDigest } })).toMatch(/another active set/);
});

test("heads name a snapshot every so many positions, and none under machine version 1", () => {
  for (const machineVersion of [1, 2]) {
    const run = MachineRun.joined(testMesh("pace", { coordinators: 1, hosts: 1 }));
    run.announced = machineVersion;
    const every = LIMITS.snapshotEvery;
    for (let i = 0; i < every / 100; i++) {
      run.tick();
      for (let j = 0; j < 99; j++) run.step("control", Uint8Array.of(1));
    }
    run.tick();
    const made = run.steps.control.filter((step) => step.snapshot !== undefined);
    expect(made.map((s) => s.position >= every)).toEqual(machineVersion === 1 ? [] : [true]);
    for (const { head, snapshot } of made) {
      const { stateDigest, ledger } = decode(HeadSchema, head as Bytes, 1_024) as Head;
      expect(ledger).toBe(Ledger.CONTROL);
      expect(equalBytes(stateDigest, nodeCrypto.sha256(snapshot as Bytes))).toBe(true);
    }
  }
});
