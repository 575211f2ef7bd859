// A sidecar that comes back while the middle is gone: what it holds, and what its enforcers hear.

import { parseSubject, Stage, type SubjectText, wireSubjectKind } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import type { Person } from "../../testkit/mesh-kit.ts";
import { testMesh } from "../../testkit/node-crypto.ts";
import { ScriptMesh, type SidecarSeat } from "../../testkit/script-mesh.ts";
import { DEFAULT_POLICY_YAML } from "./index.ts";

const MALLORY = parseSubject("user:test/mallory") as SubjectText;
const TTL_MS = 10_000n;
const SHAPE = { coordinators: 1, hosts: 2 };

/** Mallory is cut off for ten seconds. @returns a host that enforces it, and its control head. */
function cutOff() {
  const mesh = ScriptMesh.joined(testMesh("sidecar restart", SHAPE), DEFAULT_POLICY_YAML);
  const [olga] = mesh.kit.operators as [Person];
  const value = { subjectKind: wireSubjectKind(MALLORY), stage: Stage.SUSPEND, ttlMs: TTL_MS };
  const wish = { case: "revoke", value };
  const { id, envelope, part } = mesh.kit.propose(olga, MALLORY, mesh.nowMs, { wish });
  mesh.submit(envelope, [part]);
  for (const approver of mesh.kit.approvers) {
    mesh.submit(mesh.kit.approve(approver, id, mesh.nowMs));
  }
  mesh.ticks(2);
  const [seat] = mesh.sidecars as [SidecarSeat];
  expect(seat.node?.denySet.size).toBe(1);
  const olderHead = seat.store.get("sealed/c");
  if (olderHead === undefined) throw new Error("the host has stored no head of control");
  return { mesh, seat, olderHead };
}

/** The process dies and comes back alone, the head of control being the older one on its disk. */
function restartAlone({ mesh, seat, olderHead }: ReturnType<typeof cutOff>) {
  for (const coordinator of mesh.coordinators) mesh.crash(coordinator);
  mesh.crash(seat);
  seat.store.write([{ key: "sealed/c", value: olderHead }]);
  const from = mesh.effects.length;
  mesh.startSidecar(seat);
  return mesh.effects.slice(from).map(({ effect }) => effect.type);
}

describe("a sidecar that comes back without the middle", () => {
  test("enforces once more what the newest head on its disk has not ended", () => {
    const stand = cutOff();
    stand.mesh.ticks(4);
    expect(restartAlone(stand)).toEqual(["enforced"]);
    expect(stand.seat.node?.decide({ subjects: [MALLORY] }, stand.mesh.reading)).toBeDefined();
  });

  test("denies nobody anew by what the newest head on its disk has ended", () => {
    const stand = cutOff();
    stand.mesh.ticks(12);
    expect(stand.seat.node?.denySet.size).toBe(0);
    expect(restartAlone(stand)).toEqual([]);
    expect(stand.seat.node?.denySet.size).toBe(0);
    expect(stand.seat.node?.decide({ subjects: [MALLORY] }, stand.mesh.reading)).toBeUndefined();
  });
});

describe("a sealed head in which only the time is new", () => {
  test("is stored every ten seconds, one that ends a verdict at once", () => {
    const { mesh, seat } = cutOff();
    const head = () => seat.store.get("sealed/c")?.join();
    const stored: unknown[] = [];
    for (let second = 0; second < 20 && seat.node?.denySet.size === 1; second++) {
      stored.push(head());
      mesh.ticks(1);
    }
    expect(stored.length).toBeGreaterThan(4);
    expect(new Set(stored).size).toBeLessThanOrEqual(2);
    mesh.ticks(1);
    const ended = head();
    expect(ended).not.toBe(stored.at(-1));
    mesh.ticks(4);
    expect(head()).toBe(ended);
    mesh.ticks(8);
    expect(head()).not.toBe(ended);
  });

  test("is no loss to a host that comes back: it enforces the same, and is fresh at the next", () => {
    const { mesh, seat } = cutOff();
    mesh.ticks(4);
    mesh.crash(seat);
    mesh.startSidecar(seat);
    expect(seat.node?.denySet.size).toBe(1);
    mesh.ticks(2);
    expect(seat.node?.isFresh(mesh.reading)).toBe(true);
  });
});
