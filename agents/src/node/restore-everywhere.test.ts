// A rich life of machine version 2, and a machine that is written down and restored after EVERY
// message of it: whatever influences what comes must be in the snapshot or in the entries (I3). One
// chain of restores forgets at each position all that was not saved.

import {
  type Bytes,
  CoverageClaimSchema,
  decode,
  type Envelope,
  EquivocationSchema,
  ErasureOrderSchema,
  encode,
  encodeNew,
  equalBytes,
  type Head,
  HeadSchema,
  hex,
  Ledger,
  LIMITS,
  OpeningSchema,
  PolicyRolloutSchema,
  ProbeSchema,
  PromiseSchema,
  parseSubject,
  RepairOrderSchema,
  ReportSchema,
  type Revocation,
  type Roster as RosterDocument,
  RosterSchema,
  Stage,
  SubjectKind,
  type SubjectText,
  signEnvelope,
} from "@ostraka/proto";
import { expect, test } from "vitest";
import { MachineRun, messageOf } from "../../testkit/machine-run.ts";
import type { HostPerson, Person, SignalInit } from "../../testkit/mesh-kit.ts";
import { nodeCrypto, testMesh } from "../../testkit/node-crypto.ts";
import { commitmentOf, equivocationOf } from "../kernel/index.ts";
import { DEFAULT_POLICY_YAML } from "../policy/index.ts";
import { ControlMachine } from "./machine/control-machine.ts";
import type { JournalMachine, MachineStep } from "./machine/journal-machine.ts";
import { restore } from "./machine/restore.ts";
import { SignalsMachine } from "./machine/signals-machine.ts";
import type { Mesh } from "./mesh.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const LIGHT = `    withEvidence:
      hosts: 2
      faultDomains: 2
      lineMdb: 30000
      approvals: { group: responders, atLeast: 1 }
`;
const LIFT = "  - name: lift\n";
const YAML = DEFAULT_POLICY_YAML.replace(LIFT, `${LIGHT}${LIFT}`)
  .replace("snapshotEvery: 5000", "snapshotEvery: 40")
  .replace("burst: 20, refill: 30s", "burst: 3, refill: 10m");

const address = (n: number) => parseSubject(`address:203.0.113.${n}`) as SubjectText;

/** Acts of a mesh, each really signed. */
class Life {
  readonly run: MachineRun;
  readonly #numbers = new Map<string, number>();
  #stampMs = 0;
  epoch = 1;

  constructor(seed: string) {
    this.run = MachineRun.joined(testMesh(seed, { coordinators: 3, hosts: 4 }));
  }

  get kit() {
    return this.run.kit;
  }

  host(n: number): HostPerson {
    return this.kit.hosts[n] as HostPerson;
  }

  import(): void {
    if (this.run.signals.importedIndex < this.run.control.book.index) this.run.import();
  }

  /** One batch of a host. @returns the private parts that went with it. */
  say(host: HostPerson, statements: readonly SignalInit[]) {
    const incarnation = nodeCrypto.sha256(host.signer.publicKey).subarray(0, 16);
    const next = this.#numbers.get(host.name) ?? 0;
    const timeMs = BigInt(this.run.nowMs);
    const all = statements.map((s) => ({
      ...s,
      fields: { timeMs, evidenceFromMs: timeMs, epoch: this.epoch, ...s.fields },
    }));
    const batch = this.kit.batch(host, incarnation, next, all);
    this.run.batch(batch);
    this.#numbers.set(host.name, next + statements.length);
    return batch;
  }

  /** A proposal with every approval it needs. */
  decide(
    subject: SubjectText,
    fields: object,
    parts: readonly Parameters<typeof commitmentOf>[1][],
  ) {
    const [olga] = this.kit.operators as [Person];
    const all = { epoch: this.epoch, ...fields };
    const { id, envelope, part } = this.kit.propose(olga, subject, this.run.nowMs, all);
    this.run.command(envelope, [part, ...parts]);
    for (const by of this.kit.approvers) {
      this.run.command(this.kit.approve(by, id, this.run.nowMs));
    }
    return commitmentOf(nodeCrypto, part);
  }

  /** A coordinator's statement in the control journal. */
  state(kind: "report" | "coverage" | "probe", n: number, schema: object, fields: object): void {
    const { signer } = this.kit.coordinators[n] as Person;
    const body = encodeNew(schema as typeof ReportSchema, {
      format: 1,
      coordinatorKey: signer.publicKey,
      timeMs: BigInt(this.run.nowMs + this.#stampMs++),
      notAfterMs: BigInt(this.run.nowMs + 30_000),
      ...fields,
    });
    this.run.command(signEnvelope(this.kit.mesh, kind, body, signer));
  }

  report(about: object, fields: object): void {
    for (const n of [0, 1, 2]) {
      const all = { about, hosts: 4, ready: 4, receiptsRoot: new Uint8Array(32), ...fields };
      this.state("report", n, ReportSchema, all);
    }
  }

  /** Newest verdict of a ledger. */
  verdict(name: "control" | "signals"): Revocation {
    const effects = this.run.entries(name).map(({ effect }) => effect);
    return effects.findLast((e) => e.case === "revocation")?.value as Revocation;
  }

  activate(): void {
    const { document, activation } = this.kit.policy(++this.epoch, this.run.nowMs, YAML);
    this.run.command(document);
    this.run.command(activation);
  }

  rollOut(): void {
    const next = this.epoch + 1;
    const { document } = this.kit.policy(next, this.run.nowMs, YAML);
    this.run.command(document);
    const body = encodeNew(PolicyRolloutSchema, {
      format: 1,
      epoch: next,
      policyHash: nodeCrypto.sha256(document.body),
      createdMs: BigInt(this.run.nowMs),
      notAfterMs: BigInt(this.run.nowMs + HOUR),
      readyPermille: 900,
      canaryPermille: 500,
      bakeMs: 10_000n,
      watchMs: 10_000n,
      guardrails: { revocationsMax: 5, liftsMax: 2, errorsMax: 10 },
    });
    const signers = this.kit.authors.map((author) => author.signer);
    this.run.command(signEnvelope(this.kit.mesh, "rollout", body, ...signers));
  }

  erase(commitments: readonly Bytes[]): void {
    const body = encodeNew(ErasureOrderSchema, {
      format: 1,
      nonce: this.kit.random(16),
      createdMs: BigInt(this.run.nowMs),
      notAfterMs: BigInt(this.run.nowMs + HOUR),
      commitments: [...commitments],
    });
    const signers = this.kit.operators.map((by) => by.signer);
    this.run.command(signEnvelope(this.kit.mesh, "erasure", body, ...signers));
  }

  convict(host: HostPerson, x: Envelope, y: Envelope): void {
    const [author] = this.kit.coordinators as [Person];
    const body = encode(EquivocationSchema, equivocationOf(host.signer.publicKey, x, y));
    this.run.command(signEnvelope(this.kit.mesh, "equivocation", body, author.signer));
  }

  expel(host: HostPerson): void {
    const last = this.run.control.mesh.roster.document;
    const next: RosterDocument = {
      ...structuredClone(last),
      version: last.version + 1,
      previous: nodeCrypto.sha256(encode(RosterSchema, last)),
      notAfterMs: BigInt(this.run.nowMs + MINUTE),
      expelledKeys: [Uint8Array.from(host.signer.publicKey)],
    };
    const [one, two] = this.kit.roots as [Person, Person];
    const body = encode(RosterSchema, next);
    this.run.command(signEnvelope(this.kit.mesh, "roster", body, one.signer, two.signer));
  }

  /** Opens the next generation of a journal right where its machine stands. */
  open(name: "control" | "signals"): void {
    const machine = this.run[name];
    const { ledger } = machine;
    const generation = machine.point.generation + 1;
    const [olga] = this.kit.operators as [Person];
    const times = {
      createdMs: BigInt(this.run.nowMs),
      notAfterMs: BigInt(this.run.nowMs + HOUR),
    };
    const asked = encodeNew(RepairOrderSchema, { format: 1, ledger, generation, ...times });
    const order = signEnvelope(this.kit.mesh, "repair", asked, olga.signer);
    const orderId = nodeCrypto.sha256(asked);
    const sorted = this.kit.coordinators.slice(0, 2);
    const promises = sorted.map(({ signer }) => {
      const coordinatorKey = signer.publicKey;
      const lastHead = machine.lastHead as Bytes;
      const said = { format: 1, coordinatorKey, ledger, generation, orderId, lastHead };
      const body = encodeNew(PromiseSchema, said);
      return signEnvelope(this.kit.mesh, "promise", body, signer);
    });
    const opening = encodeNew(OpeningSchema, { format: 1, ledger, generation, order, promises });
    const [author] = this.kit.coordinators as [Person];
    this.run.step(name, messageOf(signEnvelope(this.kit.mesh, "opening", opening, author.signer)));
  }
}

/** Everything that a machine of version 2 can do, at least once. */
function richLife(): Life {
  const life = new Life("restore everywhere");
  const { run, kit } = life;
  const [h0, h1, h2, h3] = [0, 1, 2, 3].map((n) => life.host(n)) as [
    HostPerson,
    HostPerson,
    HostPerson,
    HostPerson,
  ];
  life.say(h0, [{ subject: address(1) }]);
  run.upgrade();
  life.activate();
  life.import();
  // Verdicts by machines, the second a second offence; then more than the governor lets through.
  for (const n of [1, 2, 1, 3, 4]) {
    life.say(h0, [{ subject: address(n) }]);
    life.say(h1, [{ subject: address(n) }]);
    run.tick(20_000);
  }
  // An inquiry with answers, a shared address, a window that closes short.
  life.say(h2, [{ subject: address(5), fields: { evidenceMdb: 70_000 } }]);
  const asked = run.entries("signals").findLast(({ effect }) => effect.case === "inquiry");
  const inquiryId = asked?.effect.case === "inquiry" ? asked.effect.value.id : new Uint8Array(32);
  life.say(h1, [{ subject: address(5), fields: { evidenceMdb: 12_000, inquiryId } }]);
  life.say(h3, [{ subject: address(5), fields: { evidenceMdb: 0, inquiryId, isAgainst: true } }]);
  life.say(h0, [{ subject: address(6), fields: { sharedSubjects: 9 } }]);
  const shared = life.say(h2, [{ subject: address(6) }]);
  run.tick(11 * MINUTE);
  run.step("signals", Uint8Array.of(9));
  // People take a suggestion's evidence up, widen, lift with a pardon.
  const proofs = [h2, h3].map((h) => kit.signalProof(h, address(7), run.nowMs, { epoch: 2 }));
  const evidence = kit.evidence(proofs);
  const revoke = { subjectKind: SubjectKind.ADDRESS, stage: Stage.SUSPEND, ttlMs: 3_600_000n };
  const taken = { wish: { case: "revoke", value: revoke }, evidence: evidence.proofs };
  life.decide(address(7), taken, evidence.parts);
  const widening = [
    { afterMs: 0n, permille: 100 },
    { afterMs: 20_000n, permille: 500 },
    { afterMs: 60_000n, permille: 1_000 },
  ];
  const words = life.decide(
    address(8),
    { wish: { case: "revoke", value: { ...revoke, widening } } },
    [],
  );
  const widened = life.verdict("control").id;
  const about = { case: "verdictId", value: widened };
  const claim = { verdictId: widened, ledger: Ledger.CONTROL, receiptsRoot: new Uint8Array(32) };
  const index = BigInt(run.control.book.index);
  const missingHostKeys = [h0.signer.publicKey];
  life.state("coverage", 1, CoverageClaimSchema, { ...claim, index, hosts: 4, missingHostKeys });
  life.report(about, { ready: 4 });
  run.tick(14_000);
  life.report(about, { ready: 3 });
  run.tick(2_000);
  life.state("probe", 2, ProbeSchema, {});
  life.import();
  const lifted = [life.verdict("signals").id];
  const value = { revocationIds: lifted, pardonBeforeMs: BigInt(run.nowMs) };
  life.decide(address(4), { wish: { case: "lift", value } }, []);
  life.import();
  // A rollout that passes its canary, one that is taken back.
  life.rollOut();
  life.report({ case: "epoch", value: 3 }, {});
  run.tick();
  life.import();
  for (const h of [h0, h1, h2, h3]) {
    life.say(h, [{ subject: address(10) }, { subject: address(11), fields: { epoch: 3 } }]);
  }
  run.tick(10_000);
  run.tick(10_000);
  life.epoch = 3;
  life.import();
  for (const h of [h0, h1]) life.say(h, [{ subject: address(12), fields: { epoch: 2 } }]);
  for (const h of [h0, h1]) life.say(h, [{ subject: address(13) }]);
  life.rollOut();
  life.report({ case: "epoch", value: 4 }, {});
  run.tick();
  life.report({ case: "epoch", value: 4 }, { errors: 100 });
  run.tick();
  life.epoch = 5;
  life.import();
  for (const h of [h0, h1]) life.say(h, [{ subject: address(14) }]);
  // An erasure, a liar, an expelled host, another generation of each journal.
  run.tick(2 * HOUR);
  life.erase([words, commitmentOf(nodeCrypto, shared.privates[0] as never)].sort(Buffer.compare));
  life.import();
  const [x, y] = [15, 16].map((n) =>
    kit.batch(h3, kit.random(16).fill(7), 0, [{ subject: address(n) }]),
  );
  life.convict(h3, (x as { envelope: Envelope }).envelope, (y as { envelope: Envelope }).envelope);
  life.expel(h2);
  life.import();
  run.tick();
  life.open("control");
  run.tick();
  life.open("signals");
  for (const h of [h0, h1, h2, h3])
    life.say(h, [{ subject: address(17) }, { subject: address(1) }]);
  run.tick(MINUTE);
  life.decide(address(18), { wish: { case: "revoke", value: revoke } }, []);
  life.import();
  for (let i = 0; i < 45; i++) run.step("signals", Uint8Array.of(i));
  for (let i = 0; i < 4; i++) run.tick(30_000);
  return life;
}

type Machine = JournalMachine & { readonly mesh: Mesh };

const NAMES = ["control", "signals"] as const;

function fresh({ kit }: MachineRun, name: "control" | "signals"): Machine {
  return name === "control"
    ? new ControlMachine(nodeCrypto, kit.genesis)
    : new SignalsMachine(nodeCrypto, kit.genesis);
}

/** The machine as a restart would make it here. */
function reborn(machine: Machine, run: MachineRun, name: "control" | "signals", own: Bytes[]) {
  const snapshot = machine.state();
  const names = { controlIndex: machine.mesh.controlIndex, epoch: 1, rosterVersion: 1 };
  const bytes = machine.book.head(machine.point, names, nodeCrypto.sha256(snapshot));
  const head = decode(HeadSchema, bytes, LIMITS.headBytesMax) as Head;
  const control = run.steps.control.flatMap((step) => step.records.map((r) => r.bytes));
  const next = fresh(run, name);
  const controlRecords = name === "control" ? own : control;
  const fault = restore(next, { crypto: nodeCrypto, head, snapshot, records: own, controlRecords });
  expect(fault).toBeUndefined();
  // A snapshot lies at a head; here it may lie behind one.
  if (machine.lastHead !== undefined) next.resumeAt(machine.lastHead);
  expect(equalBytes(next.state(), snapshot)).toBe(true);
  return next;
}

/** Everything that leaves a machine, as text. */
const told = (step: MachineStep) => [
  hex(step.head ?? new Uint8Array()),
  hex(nodeCrypto.sha256(step.snapshot ?? new Uint8Array())),
  step.isForgetting === true ? "forgetting" : "",
  ...step.records.map((record) => hex(nodeCrypto.sha256(record.bytes))),
  ...step.rejects.map(({ code, key }) => `${code} ${key}`),
  ...step.outcomes.map(({ command, code, index }) => `${command} ${code} ${index}`),
  ...step.proofs.map((proof) => hex(proof.key)),
];

test("a machine that is restored after every message makes what one makes that never stopped", () => {
  const { run } = richLife();
  for (const name of NAMES) {
    const journal = run.journals[name];
    let machine = fresh(run, name);
    const own: Bytes[] = [];
    for (const [i, bytes] of journal.entries()) {
      const step = machine.step(i + 1, bytes);
      expect([name, i + 1, ...told(step)]).toEqual([
        name,
        i + 1,
        ...told(run.steps[name][i] as MachineStep),
      ]);
      own.push(...step.records.map((record) => record.bytes));
      machine = reborn(machine, run, name, own);
    }
    expect(equalBytes(machine.state(), run[name].state())).toBe(true);
    expect(machine.activeIndices()).toEqual(run[name].activeIndices());
  }
}, 120_000);

test("that life has everything in it", () => {
  const { run } = richLife();
  const effects = (name: "control" | "signals") =>
    [...new Set(run.entries(name).map(({ effect }) => effect.case))].sort();
  expect(effects("control")).toEqual([
    "activation",
    "approval",
    "coverage",
    "equivocation",
    "erasure",
    "genesis",
    "grant",
    "halt",
    "lift",
    "member",
    "opening",
    "policy",
    "probe",
    "proposal",
    "refusals",
    "revocation",
    "rollout",
    "rolloutChange",
    "roster",
    "version",
  ]);
  expect(effects("signals")).toEqual([
    "inquiry",
    "opening",
    "refusals",
    "revocation",
    "suggestion",
  ]);
  const whys = run
    .entries("signals")
    .flatMap(({ effect }) => (effect.case === "suggestion" ? [effect.value.why] : []));
  expect([...new Set(whys)].sort()).toEqual(["governor", "shared-address", "window-short"]);
  const repeats = run
    .entries("signals")
    .filter(({ effect: e }) => e.case === "revocation" && e.value.warrant?.earlier.length === 1);
  expect(repeats.length).toBeGreaterThan(0);
  expect(run.steps.signals.filter(({ snapshot }) => snapshot !== undefined).length).toBeGreaterThan(
    1,
  );
});
