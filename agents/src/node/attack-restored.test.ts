// A coordinator with bad luck, or under a hostile broker: its store was restored from an old copy
// and the journal was altered where it had signed before. It signs nothing of what it reads,
// however often it dies meanwhile: another head at one place would convict it (I3).

import {
  type Bytes,
  decode,
  EnvelopeSchema,
  HeadSchema,
  hex,
  Ledger,
  LIMITS,
} from "@ostraka/proto";
import { expect, test } from "vitest";
import type { MemoryStore } from "../../testkit/memory-store.ts";
import { testMesh } from "../../testkit/node-crypto.ts";
import { type CoordinatorSeat, ScriptMesh } from "../../testkit/script-mesh.ts";
import { DEFAULT_POLICY_YAML } from "../policy/index.ts";

const YAML = DEFAULT_POLICY_YAML.replace("snapshotEvery: 5000", "snapshotEvery: 20");

function livingMesh(label: string): ScriptMesh {
  const mesh = new ScriptMesh(testMesh(label, { coordinators: 3, hosts: 1 }));
  mesh.isQuiet = true;
  mesh.isWatching = true;
  for (const seat of mesh.coordinators) mesh.startCoordinator(seat);
  ticks(mesh, 2);
  mesh.submit(mesh.kit.genesis.envelope);
  ticks(mesh, 3);
  const { document, activation } = mesh.kit.policy(1, mesh.nowMs, YAML);
  mesh.submit(document);
  mesh.submit(activation);
  ticks(mesh, 4);
  return mesh;
}

function ticks(mesh: ScriptMesh, count: number): void {
  for (let i = 0; i < count; i++) mesh.tick(1_000);
}

/** Heads that a coordinator has signed at two contents of one place. */
function signedTwice(mesh: ScriptMesh): string[] {
  const signed = new Map<string, string>();
  const twice = new Set<string>();
  for (const { channel, bytes } of mesh.published) {
    if (!channel.includes(".heads.")) continue;
    const envelope = decode(EnvelopeSchema, bytes, LIMITS.messageBytesMax);
    const head = envelope && decode(HeadSchema, envelope.body, LIMITS.headBytesMax);
    if (envelope === undefined || head === undefined) continue;
    const key = hex(envelope.signatures[0]?.key ?? new Uint8Array()).slice(0, 8);
    const at = `${key} ${head.ledger}/${head.generation}/${head.position}`;
    if ((signed.get(at) ?? hex(envelope.body)) !== hex(envelope.body)) twice.add(at);
    signed.set(at, hex(envelope.body));
  }
  return [...twice];
}

/**
 * Restores the third coordinator's store from before the last ticks, alters a message among them,
 * and lets it read them with nobody else to be heard.
 * @param more ticks after the copy was made.
 */
function restoredUnder(mesh: ScriptMesh, more: number): CoordinatorSeat {
  const seat = mesh.coordinators[2] as CoordinatorSeat;
  const copy = (seat.store as MemoryStore).copy();
  const position = seat.node?.control.point.position ?? 0;
  ticks(mesh, more);
  mesh.crash(seat);
  (seat as { store: MemoryStore }).store = copy;
  const stream = mesh.streams.of(Ledger.CONTROL) as Bytes[];
  stream[position + 1] = Uint8Array.of(1, 2, 3);
  // Whoever stands in between hears nobody else; what it says is heard.
  for (const other of mesh.coordinators) if (other !== seat) other.isCut = true;
  mesh.startCoordinator(seat);
  return seat;
}

test.each([4, 30])("it signs none of %i ticks that it reads anew, also after a restart", (more) => {
  const mesh = livingMesh(`restored ${more}`);
  const seat = restoredUnder(mesh, more);
  expect(signedTwice(mesh)).toEqual([]);
  for (let n = 0; n < 3; n++) {
    mesh.crash(seat);
    mesh.startCoordinator(seat);
    mesh.tick(1_000);
    expect(signedTwice(mesh)).toEqual([]);
  }
  // With the others back it takes the truth from them, and speaks again.
  for (const other of mesh.coordinators) other.isCut = false;
  mesh.reconnect();
  ticks(mesh, 16);
  expect(signedTwice(mesh)).toEqual([]);
  const points = mesh.coordinators.map((c) =>
    hex(c.node?.control.point.chainHash ?? new Uint8Array()),
  );
  expect(new Set(points).size).toBe(1);
});
