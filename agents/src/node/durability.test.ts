import {
  type Bytes,
  channelId,
  decode,
  EntryRecordSchema,
  EntrySchema,
  ErasureOrderSchema,
  encodeNew,
  LEDGERS,
  Ledger,
  type LedgerId,
  LIMITS,
  parseSubject,
  type SubjectText,
  signEnvelope,
  utf8,
} from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import type { MemoryStore } from "../../testkit/memory-store.ts";
import type { Person } from "../../testkit/mesh-kit.ts";
import { testMesh } from "../../testkit/node-crypto.ts";
import { type CoordinatorSeat, ScriptMesh, type SidecarSeat } from "../../testkit/script-mesh.ts";
import { newOut } from "../kernel/index.ts";
import type { CoordinatorEffect } from "./coordinator/coordinator-io.ts";
import { DEFAULT_POLICY_YAML } from "./index.ts";
import { snapshotRequest } from "./lane/snapshot-pages.ts";
import { commitmentsOf } from "./privates-fit.ts";

const MALLORY = parseSubject("user:test/mallory") as SubjectText;
const TRUDY = parseSubject("user:test/trudy") as SubjectText;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

function yamlKeeping(journal: string, privates = "90d"): string {
  return DEFAULT_POLICY_YAML.replace("snapshotEvery: 5000", "snapshotEvery: 20")
    .replace("journal: 30d", `journal: ${journal}`)
    .replace("privates: 90d", `privates: ${privates}`);
}

/** A mesh of machine version 2 under a policy that keeps journals for so long. */
function meshKeeping(journal: string, shape: { coordinators: number; hosts: number }): ScriptMesh {
  return ScriptMesh.joined(testMesh(`durability ${journal}`, shape), yamlKeeping(journal));
}

function ticks(mesh: ScriptMesh, count: number, ms = 1_000): void {
  for (let i = 0; i < count; i++) mesh.tick(ms);
}

function seatOf(mesh: ScriptMesh, n: number): CoordinatorSeat {
  return mesh.coordinators[n] as CoordinatorSeat;
}

function statusOf(seat: CoordinatorSeat, ledger: LedgerId) {
  const status = seat.node?.status(ledger);
  if (status === undefined) throw new Error(`${seat.person.name} is down`);
  return status;
}

/** Cuts a subject off for an hour by people. @returns the proposal's commitment. */
function cutOff(mesh: ScriptMesh, subject: SubjectText): Bytes {
  const [olga] = mesh.kit.operators as [Person];
  const { id, envelope, part } = mesh.kit.propose(olga, subject, mesh.nowMs);
  mesh.submit(envelope, [part]);
  for (const approver of mesh.kit.approvers) {
    mesh.submit(mesh.kit.approve(approver, id, mesh.nowMs));
  }
  ticks(mesh, 2);
  return mesh.kit.crypto.sha256(part.salt, part.content);
}

function erase(mesh: ScriptMesh, commitments: readonly Bytes[], by = mesh.kit.operators): void {
  const body = encodeNew(ErasureOrderSchema, {
    format: 1,
    nonce: mesh.kit.random(16),
    createdMs: BigInt(mesh.nowMs),
    notAfterMs: BigInt(mesh.nowMs + HOUR_MS),
    commitments: [...commitments],
  });
  const signers = by.map((person) => person.signer);
  mesh.submit(signEnvelope(mesh.kit.mesh, "erasure", body, ...signers));
  ticks(mesh, 6);
}

function rowsWith(store: MemoryStore, text: string): string[] {
  const wanted = String.fromCharCode(...utf8(text));
  const isIn = (bytes: Bytes) => Buffer.from(bytes).toString("latin1").includes(wanted);
  return [...store.scan("")].filter(([, value]) => isIn(value)).map(([key]) => key);
}

function answersOf(mesh: ScriptMesh): string[] {
  return mesh.lines.filter((line) => line.startsWith("answer"));
}

describe("snapshots and own copies", () => {
  test("a restart goes on from the newest snapshot, also where the copy below it is gone", () => {
    const mesh = meshKeeping("1m", { coordinators: 3, hosts: 2 });
    cutOff(mesh, MALLORY);
    ticks(mesh, 30, 5_000);
    const seat = seatOf(mesh, 1);
    for (const ledger of LEDGERS) {
      const { prunedPosition, snapshotPosition, point } = statusOf(seat, ledger);
      expect(prunedPosition).toBeGreaterThan(0);
      expect(prunedPosition).toBeLessThanOrEqual(snapshotPosition as number);
      expect(snapshotPosition).toBeGreaterThan(point.position - 3 * 20);
    }
    const before = LEDGERS.map((ledger) => statusOf(seat, ledger));
    mesh.crash(seat);
    mesh.startCoordinator(seat);
    for (const [i, ledger] of LEDGERS.entries()) {
      const after = statusOf(seat, ledger);
      expect(after.damage).toBeUndefined();
      expect(after.point).toEqual(before[i]?.point);
      expect(after.index).toBe(before[i]?.index);
    }
    ticks(mesh, 30);
    const [one, two] = [seatOf(mesh, 0), seat];
    for (const ledger of LEDGERS) {
      expect(statusOf(two, ledger).point).toEqual(statusOf(one, ledger).point);
      expect(statusOf(two, ledger).damage).toBeUndefined();
    }
  });

  test("a damaged snapshot stops deciding and is named", () => {
    const mesh = meshKeeping("1m", { coordinators: 3, hosts: 2 });
    ticks(mesh, 15, 5_000);
    const seat = seatOf(mesh, 2);
    mesh.crash(seat);
    for (const [key, value] of [...seat.store.scan("snapshot/c/")]) {
      seat.store.write([{ key, value: value.map((byte, i) => (i === 40 ? byte ^ 1 : byte)) }]);
    }
    mesh.startCoordinator(seat);
    expect(statusOf(seat, Ledger.CONTROL).damage).toMatch(/own snapshot at c:\d+ is damaged/);
    const [other] = mesh.coordinators as [CoordinatorSeat];
    const { point } = statusOf(other, Ledger.CONTROL);
    ticks(mesh, 5);
    expect(statusOf(other, Ledger.CONTROL).point.position).toBeGreaterThan(point.position);
  });

  test("nothing is forgotten before a majority has sealed a snapshot", () => {
    const mesh = meshKeeping("1m", { coordinators: 3, hosts: 2 });
    const [one, two, three] = mesh.coordinators as [
      CoordinatorSeat,
      CoordinatorSeat,
      CoordinatorSeat,
    ];
    mesh.crash(two);
    mesh.crash(three);
    const { snapshotPosition, prunedPosition } = statusOf(one, Ledger.CONTROL);
    // Its own ticks fill the journal, and nobody else seals.
    ticks(mesh, 60, 5_000);
    const after = statusOf(one, Ledger.CONTROL);
    expect(after.snapshotPosition).toBe(snapshotPosition);
    expect(after.prunedPosition).toBe(prunedPosition);
    expect([...one.store.scan("journal/c/")].length).toBeGreaterThanOrEqual(60);
  });
});

describe("private parts", () => {
  test("go after their time, never while a verdict in force needs them", () => {
    const mesh = new ScriptMesh(testMesh("privates", { coordinators: 1, hosts: 2 }));
    mesh.isQuiet = true;
    for (const seat of mesh.coordinators) mesh.startCoordinator(seat);
    ticks(mesh, 2);
    mesh.submit(mesh.kit.genesis.envelope);
    ticks(mesh, 2);
    const yaml = yamlKeeping("1m", "2h");
    const { document, activation } = mesh.kit.policy(1, mesh.nowMs, yaml);
    mesh.submit(document);
    mesh.submit(activation);
    ticks(mesh, 4);
    cutOff(mesh, MALLORY);
    const [seat] = mesh.coordinators as [CoordinatorSeat];
    const partsLeft = () =>
      [...seat.store.scan("record/c/")].filter(([, bytes]) => {
        const record = decode(EntryRecordSchema, bytes, LIMITS.messageBytesMax);
        const entry = record && decode(EntrySchema, record.entry, LIMITS.entryBytesMax);
        const count = entry === undefined ? 0 : (commitmentsOf(entry)?.length ?? 0);
        return count > 0 && record?.privates.length === count;
      }).length;
    expect(partsLeft()).toBe(2);
    ticks(mesh, 5, HOUR_MS / 2);
    expect(partsLeft()).toBe(2);
    ticks(mesh, 5, HOUR_MS);
    expect(partsLeft()).toBe(0);
  });
});

describe("an erasure", () => {
  test("leaves the subject nowhere, and every proof whole", () => {
    const mesh = meshKeeping("10d", { coordinators: 3, hosts: 2 });
    const commitment = cutOff(mesh, MALLORY);
    const other = cutOff(mesh, TRUDY);
    mesh.isQuiet = false;
    erase(mesh, [commitment]);
    expect(answersOf(mesh).at(-1)).toBe("answer refused in-force");
    ticks(mesh, 3, 45 * 60_000);
    erase(mesh, [commitment], mesh.kit.operators.slice(0, 1));
    expect(answersOf(mesh).at(-1)).toBe("answer refused threshold-short");
    const indexBefore = statusOf(seatOf(mesh, 0), Ledger.CONTROL).index;
    erase(mesh, [commitment]);
    expect(answersOf(mesh).at(-1)).toMatch(/^answer ok c:/);
    // Until a snapshot lies far enough above for the streams to be cut behind the erasure.
    ticks(mesh, 60);
    for (const seat of [...mesh.coordinators, ...mesh.sidecars]) {
      expect([seat.person.name, rowsWith(seat.store, MALLORY)]).toEqual([seat.person.name, []]);
      expect(rowsWith(seat.store, TRUDY).length).toBeGreaterThan(0);
    }
    const trims = mesh.effects.filter(({ effect }) => effect.type === "trim");
    for (const seat of mesh.coordinators) {
      for (const ledger of LEDGERS) {
        const status = statusOf(seat, ledger);
        expect(status.damage).toBeUndefined();
        expect(status.index).toBeGreaterThanOrEqual(ledger === Ledger.CONTROL ? indexBefore : 0);
        const own = trims.filter(
          ({ by, effect }) =>
            by === seat.person.name && effect.type === "trim" && effect.ledger === ledger,
        );
        expect(own.length).toBeGreaterThan(0);
      }
    }
    // Everything the streams still hold is free of it, once they are trimmed as they were told.
    for (const ledger of LEDGERS) {
      const upTo = Math.max(
        ...trims.flatMap(({ effect }) =>
          effect.type === "trim" && effect.ledger === ledger ? [effect.upTo] : [],
        ),
      );
      const left = (mesh.streams.of(ledger) as Bytes[]).slice(upTo);
      expect(left.filter((bytes) => Buffer.from(bytes).includes(MALLORY))).toEqual([]);
    }
    // Restarts of everybody: nothing is missed, nothing comes back.
    for (const seat of [...mesh.coordinators]) {
      mesh.crash(seat);
      mesh.startCoordinator(seat);
    }
    for (const seat of mesh.sidecars) {
      mesh.crash(seat);
      mesh.startSidecar(seat);
    }
    ticks(mesh, 10);
    for (const seat of mesh.sidecars) {
      expect(seat.node?.readiness().why).toBe("fresh");
      expect(rowsWith(seat.store, MALLORY)).toEqual([]);
    }
    erase(mesh, [other]);
    expect(answersOf(mesh).at(-1)).toMatch(/^answer ok c:/);
  });

  test("is followed by a sidecar that comes new, which reads the ledger without the parts", () => {
    const mesh = meshKeeping("10d", { coordinators: 3, hosts: 2 });
    const commitment = cutOff(mesh, MALLORY);
    ticks(mesh, 3, 45 * 60_000);
    erase(mesh, [commitment]);
    cutOff(mesh, TRUDY);
    ticks(mesh, 20);
    const [seat] = mesh.sidecars as [SidecarSeat];
    mesh.crash(seat);
    for (const [key] of [...seat.store.scan("")]) seat.store.write([{ key }]);
    mesh.startSidecar(seat);
    ticks(mesh, 10);
    expect(seat.node?.readiness().why).toBe("fresh");
    expect(seat.node?.denySet.size).toBe(1);
    expect(rowsWith(seat.store, MALLORY)).toEqual([]);
  });

  test("clears a store that was restored from an old copy", () => {
    const mesh = meshKeeping("10d", { coordinators: 3, hosts: 2 });
    const commitment = cutOff(mesh, MALLORY);
    ticks(mesh, 3, 45 * 60_000);
    const seat = seatOf(mesh, 2);
    const copy = seat.store.copy();
    erase(mesh, [commitment]);
    ticks(mesh, 10);
    mesh.crash(seat);
    seat.store = copy;
    mesh.startCoordinator(seat);
    ticks(mesh, 20);
    expect(rowsWith(seat.store, MALLORY)).toEqual([]);
    expect(statusOf(seat, Ledger.CONTROL).damage).toBeUndefined();
  });
});

test("receipts of hosts that fell silent are forgotten after their time", () => {
  const mesh = meshKeeping("1m", { coordinators: 1, hosts: 2 });
  const [sidecar] = mesh.sidecars as [SidecarSeat];
  const [seat] = mesh.coordinators as [CoordinatorSeat];
  ticks(mesh, 3);
  expect([...seat.store.scan("receipt/")]).toHaveLength(2);
  mesh.crash(sidecar);
  ticks(mesh, 3, 29 * DAY_MS);
  expect([...seat.store.scan("receipt/")]).toHaveLength(1);
});

/** The stream forgets what the coordinators told it to. */
function obeyTrims(mesh: ScriptMesh): Map<LedgerId, number> {
  const upTo = new Map<LedgerId, number>();
  for (const { effect } of mesh.effects) {
    if (effect.type === "trim") upTo.set(effect.ledger, effect.upTo);
  }
  for (const [ledger, position] of upTo) mesh.streams.trim(ledger, position);
  return upTo;
}

function wipe(seat: CoordinatorSeat): void {
  for (const [key] of [...seat.store.scan("")]) seat.store.write([{ key }]);
}

function sealedBy(mesh: ScriptMesh, seat: CoordinatorSeat): number {
  const id = Buffer.from(seat.person.signer.publicKey.subarray(0, 8)).toString("hex");
  return mesh.published.filter((p) => p.channel.includes(".heads.") && p.channel.endsWith(id))
    .length;
}

function expectSame(mesh: ScriptMesh): void {
  const [first, ...rest] = mesh.coordinators as readonly CoordinatorSeat[] as [
    CoordinatorSeat,
    ...CoordinatorSeat[],
  ];
  for (const ledger of LEDGERS) {
    for (const seat of rest) {
      const [a, b] = [statusOf(first, ledger), statusOf(seat, ledger)];
      expect([seat.person.name, b.damage]).toEqual([seat.person.name, undefined]);
      expect(b.point).toEqual(a.point);
      expect(b.index).toBe(a.index);
    }
  }
}

describe("a replica that lost its store", () => {
  test("takes up a sealed snapshot where the stream has forgotten the rest, then speaks", () => {
    const mesh = meshKeeping("1m", { coordinators: 3, hosts: 2 });
    mesh.isWatching = true;
    cutOff(mesh, MALLORY);
    ticks(mesh, 60, 5_000);
    const trimmed = obeyTrims(mesh);
    expect([...trimmed.values()].every((upTo) => upTo > 0)).toBe(true);
    const seat = seatOf(mesh, 2);
    mesh.crash(seat);
    wipe(seat);
    const before = sealedBy(mesh, seat);
    mesh.startCoordinator(seat);
    expect(sealedBy(mesh, seat)).toBe(before);
    ticks(mesh, 12);
    expectSame(mesh);
    expect(sealedBy(mesh, seat)).toBeGreaterThan(before);
    // It counts again: without one of the others, the mesh goes on.
    mesh.crash(seatOf(mesh, 1));
    const { index } = statusOf(seat, Ledger.CONTROL);
    cutOff(mesh, TRUDY);
    expect(statusOf(seat, Ledger.CONTROL).index).toBeGreaterThan(index);
    expect(statusOf(seat, Ledger.CONTROL).sealed?.head.index).toBeGreaterThan(BigInt(index));
  });

  test("replays a whole stream in silence until it stands above what others have signed", () => {
    const mesh = meshKeeping("10d", { coordinators: 3, hosts: 2 });
    mesh.isWatching = true;
    ticks(mesh, 10);
    const seat = seatOf(mesh, 2);
    mesh.crash(seat);
    wipe(seat);
    for (const other of [seatOf(mesh, 0), seatOf(mesh, 1)]) other.isCut = true;
    const before = sealedBy(mesh, seat);
    mesh.isWatching = true;
    mesh.startCoordinator(seat);
    ticks(mesh, 5);
    expect(sealedBy(mesh, seat)).toBe(before);
    for (const other of [seatOf(mesh, 0), seatOf(mesh, 1)]) other.isCut = false;
    ticks(mesh, 8);
    expectSame(mesh);
    expect(sealedBy(mesh, seat)).toBeGreaterThan(before);
  });

  test("takes nothing from a peer that lies, and goes on to the next one", () => {
    const mesh = meshKeeping("1m", { coordinators: 3, hosts: 2 });
    mesh.isWatching = true;
    ticks(mesh, 60, 5_000);
    obeyTrims(mesh);
    const liar = seatOf(mesh, 0);
    const get = liar.store.get.bind(liar.store);
    liar.store.get = (key) => {
      const value = get(key);
      return key.startsWith("snapshot/") ? value?.map((b, i) => (i === 60 ? b ^ 1 : b)) : value;
    };
    const seat = seatOf(mesh, 2);
    mesh.crash(seat);
    wipe(seat);
    mesh.startCoordinator(seat);
    ticks(mesh, 6);
    expect(statusOf(seat, Ledger.CONTROL).damage).toMatch(/message c:1 is missing/);
    liar.isCut = true;
    ticks(mesh, 12);
    liar.isCut = false;
    ticks(mesh, 6);
    expectSame(mesh);
  });

  test("stops and says so when nobody else has the ledger", () => {
    const mesh = meshKeeping("10d", { coordinators: 1, hosts: 2 });
    mesh.isWatching = true;
    ticks(mesh, 3);
    const seat = seatOf(mesh, 0);
    mesh.crash(seat);
    wipe(seat);
    mesh.startCoordinator(seat);
    const before = sealedBy(mesh, seat);
    ticks(mesh, 5);
    expect(statusOf(seat, Ledger.CONTROL).damage).toMatch(/has lost its store/);
    expect(sealedBy(mesh, seat)).toBe(before);
  });
});

test("a replica that was away longer than the stream remembers catches up from its peers", () => {
  const mesh = meshKeeping("1m", { coordinators: 3, hosts: 2 });
  mesh.isWatching = true;
  const seat = seatOf(mesh, 2);
  mesh.crash(seat);
  cutOff(mesh, MALLORY);
  ticks(mesh, 80, 5_000);
  const trimmed = obeyTrims(mesh);
  expect(trimmed.size).toBe(2);
  mesh.startCoordinator(seat);
  ticks(mesh, 12);
  expectSame(mesh);
});

test("a snapshot goes to coordinators only, whatever key a host names", () => {
  const mesh = meshKeeping("1m", { coordinators: 3, hosts: 2 });
  ticks(mesh, 15, 5_000);
  const [one, two] = mesh.coordinators as [CoordinatorSeat, CoordinatorSeat];
  const host = mesh.kit.hosts[0] as Person;
  const asked = (key: Bytes, asker: Bytes) => {
    const out = newOut<CoordinatorEffect>();
    const bytes = snapshotRequest(Ledger.SIGNALS, key, 0, 0);
    one.node?.step({ type: "resync", bytes, to: 1, asker: channelId(asker) }, out);
    return out.reply.length;
  };
  const peer = two.person.signer.publicKey;
  expect(asked(peer, peer)).toBe(1);
  expect(asked(peer, host.signer.publicKey)).toBe(0);
  expect(asked(host.signer.publicKey, host.signer.publicKey)).toBe(0);
});

test("who catches up over an altered stream signs none of it, and takes the truth from peers", () => {
  const mesh = meshKeeping("10d", { coordinators: 3, hosts: 2 });
  mesh.isWatching = true;
  const seat = seatOf(mesh, 2);
  mesh.crash(seat);
  cutOff(mesh, MALLORY);
  ticks(mesh, 5);
  const stream = mesh.streams.of(Ledger.CONTROL) as Bytes[];
  const at = stream.length - 6;
  const real = stream[at] as Bytes;
  stream[at] = Uint8Array.of(1, 2, 3);
  const before = sealedBy(mesh, seat);
  mesh.startCoordinator(seat);
  expect(sealedBy(mesh, seat)).toBe(before);
  // The others never read that message again: they go on, and it follows them.
  ticks(mesh, 12);
  const [one] = mesh.coordinators as [CoordinatorSeat];
  const key = `journal/c/${String(at + 1).padStart(16, "0")}`;
  expect(seat.store.get(key)).toEqual(real);
  expect(one.store.get(key)).toEqual(real);
  expectSame(mesh);
});
