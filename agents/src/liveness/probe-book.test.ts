// Which probes are entered.

import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import { encodeNew, isReject, LIMITS, ProbeSchema, signEnvelope } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { MachineRun } from "../../testkit/machine-run.ts";
import type { Person } from "../../testkit/mesh-kit.ts";
import { testMesh } from "../../testkit/node-crypto.ts";
import { faultOfProbe, ProbeBook } from "./probe-book.ts";

const kit = testMesh("probes", { coordinators: 3 });
const { view, control } = MachineRun.joined(kit);
const [a, b] = kit.coordinators as [Person, Person];
const [olga] = kit.operators as [Person];
const NOW_MS = control.point.machineTimeMs;

function probe(by: Person, fields: object = {}, signers: readonly Person[] = [by]) {
  const body = encodeNew(ProbeSchema, {
    format: 1,
    coordinatorKey: by.signer.publicKey,
    timeMs: BigInt(NOW_MS),
    notAfterMs: BigInt(NOW_MS + 60_000),
    ...fields,
  });
  return signEnvelope(kit.mesh, "probe", body, ...signers.map((s) => s.signer));
}

function taken(book: ProbeBook, envelope: ReturnType<typeof probe>, atMs = NOW_MS): string {
  const result = book.take(view, envelope, atMs);
  return isReject(result) ? result.reject : "entered";
}

describe("a probe", () => {
  test.each<readonly [string, string, ReturnType<typeof probe>]>([
    ["of a coordinator", "entered", probe(a)],
    ["of an operator", "unknown-key", probe(olga)],
    ["in another's name", "malformed", probe(b, {}, [a])],
    ["of two", "malformed", probe(a, {}, [a, b])],
    ["of another format", "unsupported-format", probe(a, { format: 2 })],
    ["that is over", "expired", probe(a, { notAfterMs: BigInt(NOW_MS) })],
    ["good for days", "not-after-too-far", probe(a, { notAfterMs: BigInt(NOW_MS + 2e8) })],
    [
      "at the edge of what clocks may differ",
      "entered",
      probe(a, { timeMs: BigInt(NOW_MS + 60_000) }),
    ],
    ["dated ahead", "clock-off", probe(a, { timeMs: BigInt(NOW_MS + 60_001) })],
    ["without a time that can be", "malformed", probe(a, { timeMs: 2n ** 60n })],
  ])("%s is %s", (_, expected, envelope) => {
    expect(taken(new ProbeBook(kit.crypto), envelope)).toBe(expected);
  });

  test("is entered once, and none too soon after another", () => {
    const book = new ProbeBook(kit.crypto);
    const at = (ms: number) => ({ timeMs: BigInt(NOW_MS + ms) });
    expect(taken(book, probe(a))).toBe("entered");
    expect(taken(book, probe(a), NOW_MS + LIMITS.probeMsMin)).toBe("duplicate");
    const soon = LIMITS.probeMsMin - 1;
    expect(taken(book, probe(b, at(soon)), NOW_MS + soon)).toBe("duplicate");
    expect(taken(book, probe(b, at(soon)), NOW_MS + soon + 1)).toBe("entered");
    const w = new BinaryWriter();
    book.save(w);
    const restored = new ProbeBook(kit.crypto);
    restored.load(new BinaryReader(w.finish()));
    expect(restored.enteredMs).toBe(book.enteredMs);
    const late = NOW_MS + 3 * LIMITS.probeMsMin;
    for (const one of [book, restored]) expect(taken(one, probe(a), late)).toBe("duplicate");
    for (const one of [book, restored])
      expect(taken(one, probe(b, at(6_000)), late)).toBe("entered");
  });

  test("as entered names a coordinator, at a time that can be", () => {
    const own = { $typeName: "ostraka.v1.Probe", format: 1, timeMs: BigInt(NOW_MS) } as const;
    const entered = { ...own, notAfterMs: BigInt(NOW_MS + 1), coordinatorKey: a.signer.publicKey };
    expect(faultOfProbe(view, entered, NOW_MS)).toBeUndefined();
    const stranger = { ...entered, coordinatorKey: olga.signer.publicKey };
    expect(faultOfProbe(view, stranger, NOW_MS)?.reject).toBe("unknown-key");
  });
});
