// What an erasure reaches: the state of both machines and with it every snapshot from then on, the
// rows of coordinators and sidecars, and the streams. What a verdict in force needs goes when it is
// over.

import {
  type Bytes,
  decode,
  EntryRecordSchema,
  EntrySchema,
  ErasureOrderSchema,
  encodeNew,
  JournalMessageSchema,
  LEDGERS,
  Ledger,
  LIMITS,
  type PrivatePart,
  parseSubject,
  type SubjectText,
  signEnvelope,
  utf8,
} from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { MachineRun } from "../../testkit/machine-run.ts";
import type { MemoryStore } from "../../testkit/memory-store.ts";
import type { HostPerson, MeshKit, Person, SignedBatch } from "../../testkit/mesh-kit.ts";
import { nodeCrypto, testMesh } from "../../testkit/node-crypto.ts";
import { type CoordinatorSeat, ScriptMesh } from "../../testkit/script-mesh.ts";
import { NeededParts } from "../erasure/index.ts";
import { BinaryReader, BinaryWriter, commitmentOf } from "../kernel/index.ts";
import { DEFAULT_POLICY_YAML } from "./index.ts";
import { commitmentsOf } from "./privates-fit.ts";

const MALLORY = parseSubject("address:203.0.113.77") as SubjectText;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

function has(bytes: Bytes, subject: SubjectText): boolean {
  const wanted = String.fromCharCode(...utf8(subject));
  return Buffer.from(bytes).toString("latin1").includes(wanted);
}

function rowsWith(store: MemoryStore, subject: SubjectText): string[] {
  return [...store.scan("")].flatMap(([key, value]) => (has(value, subject) ? [key] : []));
}

function order(kit: MeshKit, nowMs: number, commitments: readonly Bytes[]) {
  const body = encodeNew(ErasureOrderSchema, {
    format: 1,
    nonce: kit.random(16),
    createdMs: BigInt(nowMs),
    notAfterMs: BigInt(nowMs + HOUR_MS),
    commitments: [...commitments].sort(Buffer.compare),
  });
  return signEnvelope(kit.mesh, "erasure", body, ...kit.operators.map(({ signer }) => signer));
}

/** A host's strong word on Mallory, in a life of its own. */
function word(kit: MeshKit, host: HostPerson, nowMs: number, epoch: number): SignedBatch {
  const timeMs = BigInt(nowMs);
  const fields = { timeMs, evidenceFromMs: timeMs, epoch, evidenceMdb: 65_000 };
  return kit.batch(host, kit.random(16), 0, [{ subject: MALLORY, fields }]);
}

function commitmentsIn({ privates }: SignedBatch): Bytes[] {
  return privates.map(({ salt, content }) => nodeCrypto.sha256(salt, content));
}

describe("the state of the machines", () => {
  /** One host speaks and the mesh is asked; a second one, and Mallory is cut off for an hour. */
  function cutOff(): { readonly run: MachineRun; readonly commitments: Bytes[] } {
    const kit = testMesh("erased state");
    const run = MachineRun.joined(kit);
    run.upgrade();
    const { document, activation } = kit.policy(2, run.nowMs, DEFAULT_POLICY_YAML);
    run.command(document);
    run.command(activation);
    run.import();
    const [h1, h2] = kit.hosts as readonly HostPerson[] as [HostPerson, HostPerson];
    const words = [h1, h2].map((host) => word(kit, host, run.nowMs, 2));
    for (const batch of words) run.batch(batch);
    const effects = run.entries("signals").map(({ effect }) => effect.case);
    expect(effects).toEqual(["inquiry", "revocation"]);
    return { run, commitments: words.flatMap(commitmentsIn) };
  }

  const states = ({ control, signals }: MachineRun) => [control.state(), signals.state()];

  test("holds nothing of a subject after an erasure, whatever remembers it", () => {
    const { run, commitments } = cutOff();
    run.tick(HOUR_MS);
    run.tick();
    // The earlier verdict of a second offence.
    expect(states(run).map((bytes) => has(bytes, MALLORY))).toEqual([false, true]);
    expect(run.command(order(run.kit, run.nowMs, commitments))).toBeTypeOf("number");
    run.import();
    run.tick();
    expect(run.steps.signals.at(-1)?.isForgetting).toBe(true);
    expect(states(run).map((bytes) => has(bytes, MALLORY))).toEqual([false, false]);
  });

  test("keeps what a verdict of machines in force needs, and forgets anew when it is over", () => {
    const { run, commitments } = cutOff();
    expect(run.command(order(run.kit, run.nowMs, commitments))).toBeTypeOf("number");
    run.import();
    run.tick();
    expect(run.signals.book.active.size).toBe(1);
    expect(has(run.signals.state(), MALLORY)).toBe(true);
    const steps = run.steps.signals;
    run.tick(HOUR_MS - 2_000);
    expect(steps.at(-1)?.isForgetting).toBeUndefined();
    run.tick(2_000);
    expect(run.signals.book.active.size).toBe(0);
    const last = steps.filter(({ isForgetting }) => isForgetting === true).at(-1);
    expect(last?.position).toBeGreaterThan(steps.length - 3);
    expect(has(last?.snapshot as Bytes, MALLORY)).toBe(false);
  });

  test("what is ordered while it is needed is saved, and due once", () => {
    const needed = new NeededParts();
    const [a, b] = [Uint8Array.of(1), Uint8Array.of(2)];
    needed.need([a], 100);
    needed.need([b], 200);
    needed.order(new Set(["01", "03"]));
    const saved = (of: NeededParts) => {
      const w = new BinaryWriter();
      of.save(w);
      return w.finish();
    };
    const other = new NeededParts();
    other.load(new BinaryReader(saved(needed)));
    expect(saved(other)).toEqual(saved(needed));
    for (const parts of [needed, other]) {
      expect([99, 100, 100, 200].map((at) => parts.expire(at))).toEqual([
        false,
        true,
        false,
        false,
      ]);
    }
  });
});

describe("an erasure in a mesh", () => {
  function meshOf(coordinators: number): ScriptMesh {
    const kit = testMesh("erasure", { coordinators, hosts: 2 });
    return ScriptMesh.joined(kit, DEFAULT_POLICY_YAML);
  }

  const everybody = (mesh: ScriptMesh) => [...mesh.coordinators, ...mesh.sidecars];

  /**
   * Two hosts speak, and Mallory is cut off by machines.
   * @returns what to erase, the inquiry's included.
   */
  function speak(mesh: ScriptMesh): Bytes[] {
    const words = mesh.kit.hosts.map((host) => word(mesh.kit, host, mesh.nowMs, 1));
    for (const { envelope, signals, privates } of words) {
      const message = { format: 1, envelope, signals: [...signals], privates: [...privates] };
      mesh.append(Ledger.SIGNALS, encodeNew(JournalMessageSchema, message));
    }
    mesh.ticks(3);
    const [seat] = mesh.coordinators as [CoordinatorSeat];
    return [...seat.store.scan("record/s/")].flatMap(([, bytes]) => {
      const record = decode(EntryRecordSchema, bytes, LIMITS.messageBytesMax);
      const entry = record && decode(EntrySchema, record.entry, LIMITS.entryBytesMax);
      return entry === undefined ? [] : [...((commitmentsOf(entry) ?? []) as Bytes[])];
    });
  }

  test("leaves what machines have cut off in place until that is over, then nothing of it", () => {
    const mesh = meshOf(3);
    const commitments = speak(mesh);
    mesh.submit(order(mesh.kit, mesh.nowMs, commitments));
    mesh.ticks(10);
    for (const { person, store } of everybody(mesh)) {
      const rows = rowsWith(store, MALLORY).map((key) => key.split("/").slice(0, 2).join("/"));
      const isHost = mesh.sidecars.some((seat) => seat.person === person);
      expect([person.name, rows]).toEqual([
        person.name,
        expect.arrayContaining([isHost ? "active/s" : "record/s"]),
      ]);
    }
    for (const seat of mesh.sidecars) {
      expect(seat.node?.denySet.size).toBe(1);
      mesh.crash(seat);
      mesh.startSidecar(seat);
      expect(seat.node?.denySet.size).toBe(1);
    }
    mesh.ticks(3, HOUR_MS / 2);
    mesh.ticks(70);
    for (const { person, store } of everybody(mesh)) {
      expect([person.name, rowsWith(store, MALLORY)]).toEqual([person.name, []]);
    }
    for (const { node } of mesh.coordinators) {
      expect(LEDGERS.map((ledger) => node?.status(ledger).damage)).toEqual([undefined, undefined]);
    }
  });

  /** A person proposes what nobody approves, with a private part of their own or somebody's. */
  function ask(mesh: ScriptMesh, before?: PrivatePart): PrivatePart {
    const { kit, nowMs } = mesh;
    const fields = before && { commitment: commitmentOf(nodeCrypto, before) };
    const made = kit.propose(kit.operators[0] as Person, MALLORY, nowMs, fields);
    const part = before ?? made.part;
    mesh.submit(made.envelope, [part]);
    mesh.ticks(3);
    return part;
  }

  /** Who keeps a part beside an entry. Journal copies and snapshots go by an age of their own. */
  const holders = (mesh: ScriptMesh) =>
    everybody(mesh).filter(({ store }) =>
      rowsWith(store, MALLORY).some((key) => /^(record|control|active)\//.test(key)),
    ).length;

  test("a part that comes back beside a later entry stays while needed, then goes again", () => {
    const mesh = meshOf(3);
    const part = ask(mesh);
    mesh.ticks(2, HOUR_MS);
    mesh.submit(order(mesh.kit, mesh.nowMs, [commitmentOf(nodeCrypto, part)]));
    mesh.ticks(5);
    expect(holders(mesh)).toBe(0);
    ask(mesh, part);
    mesh.ticks(HOUR_MS / 60_000 - 2, 60_000);
    expect(holders(mesh)).toBe(5);
    mesh.ticks(3, 60_000);
    mesh.ticks(120);
    expect(holders(mesh)).toBe(0);
  });

  test("what is older than the policy keeps goes everywhere without an order, not before", () => {
    const mesh = meshOf(3);
    ask(mesh);
    mesh.ticks(LIMITS.privatesMs / DAY_MS, DAY_MS);
    expect(holders(mesh)).toBe(5);
    mesh.ticks(1, DAY_MS);
    mesh.ticks(120);
    expect(holders(mesh)).toBe(0);
    for (const seat of mesh.sidecars) {
      mesh.crash(seat);
      mesh.startSidecar(seat);
      mesh.ticks(3);
      expect(seat.node?.isFresh(mesh.reading)).toBe(true);
    }
  });

  test.each([1, 3])(
    "%i coordinators, idle: the streams hold nothing after two minutes",
    (count) => {
      const mesh = meshOf(count);
      const commitments = speak(mesh);
      mesh.ticks(3, HOUR_MS / 2);
      mesh.submit(order(mesh.kit, mesh.nowMs, commitments));
      mesh.ticks(120);
      const trims = mesh.effects.flatMap(({ effect }) => (effect.type === "trim" ? [effect] : []));
      for (const { upTo, most } of trims)
        expect(most - upTo).toBeGreaterThanOrEqual(LIMITS.trimSlack);
      const told = trims.filter(({ ledger }) => ledger === Ledger.SIGNALS);
      const stream = mesh.streams.of(Ledger.SIGNALS) ?? [];
      expect(stream.some((bytes) => has(bytes, MALLORY))).toBe(true);
      const left = stream.slice(Math.max(0, ...told.map((t) => t.upTo)));
      expect(left.length).toBeGreaterThan(0);
      expect(left.filter((bytes) => has(bytes, MALLORY))).toEqual([]);
    },
  );
});
