// Which claims of coverage become certificates.

import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import {
  CoverageClaimSchema,
  encodeNew,
  isReject,
  Ledger,
  LIMITS,
  signEnvelope,
} from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { MachineRun } from "../../testkit/machine-run.ts";
import type { Person } from "../../testkit/mesh-kit.ts";
import { testMesh } from "../../testkit/node-crypto.ts";
import { CoverageBook } from "./coverage-book.ts";

const kit = testMesh("coverage", { coordinators: 3 });
const { view, control } = MachineRun.joined(kit);
const [a, b] = kit.coordinators as [Person, Person];
const [olga] = kit.operators as [Person];
const NOW_MS = control.point.machineTimeMs;
const ID = new Uint8Array(32).fill(1);
const key = (n: number) => new Uint8Array(32).fill(n);

function claim(by: Person, fields: object = {}, signers: readonly Person[] = [by]) {
  const body = encodeNew(CoverageClaimSchema, {
    format: 1,
    coordinatorKey: by.signer.publicKey,
    verdictId: ID,
    ledger: Ledger.CONTROL,
    index: 12n,
    receiptsRoot: new Uint8Array(32),
    hosts: 3,
    missingHostKeys: [key(2), key(3)],
    timeMs: BigInt(NOW_MS),
    notAfterMs: BigInt(NOW_MS + 60_000),
    ...fields,
  });
  return signEnvelope(kit.mesh, "coverage", body, ...signers.map((s) => s.signer));
}

function book(): CoverageBook {
  const made = new CoverageBook(kit.crypto);
  made.enter(ID, 12);
  return made;
}

function taken(of: CoverageBook, envelope: ReturnType<typeof claim>): string | number {
  const result = of.take(view, envelope, NOW_MS);
  if (result === undefined) return "says no more";
  return isReject(result) ? result.reject : result.missingHostKeys.length;
}

describe("a claim", () => {
  test.each<readonly [string, string | number, ReturnType<typeof claim>]>([
    ["as it should be", 2, claim(a)],
    ["of nobody missing", 0, claim(a, { missingHostKeys: [] })],
    ["of an operator", "unknown-key", claim(olga)],
    ["in another's name", "malformed", claim(b, {}, [a])],
    ["of two", "malformed", claim(a, {}, [a, b])],
    ["of another format", "unsupported-format", claim(a, { format: 2 })],
    ["that has lapsed", "expired", claim(a, { notAfterMs: BigInt(NOW_MS) })],
    ["good for days", "not-after-too-far", claim(a, { notAfterMs: BigInt(NOW_MS + 2e8) })],
    ["dated ahead", "clock-off", claim(a, { timeMs: BigInt(NOW_MS + 60_001) })],
    ["of a verdict that control does not have", "unknown-verdict", claim(a, { verdictId: key(9) })],
    ["of a machine's verdict", 2, claim(a, { verdictId: key(9), ledger: Ledger.SIGNALS })],
    ["that puts it elsewhere", "wrong-index", claim(a, { index: 11n })],
    ["at no index", "malformed", claim(a, { index: 0n })],
    ["in no ledger", "malformed", claim(a, { ledger: Ledger.UNSPECIFIED })],
    ["with hosts out of order", "malformed", claim(a, { missingHostKeys: [key(3), key(2)] })],
    ["with a host twice", "malformed", claim(a, { missingHostKeys: [key(2), key(2)] })],
    ["with a key that is none", "malformed", claim(a, { missingHostKeys: [new Uint8Array(31)] })],
    ["with more missing than hosts", "malformed", claim(a, { hosts: 1 })],
    ["with a root that is none", "malformed", claim(a, { receiptsRoot: new Uint8Array(31) })],
  ])("%s: %s", (_, expected, envelope) => {
    expect(taken(book(), envelope)).toBe(expected);
  });

  test("names no more missing hosts than fit", () => {
    const keys = (count: number) =>
      Array.from({ length: count }, (_, i) => {
        const bytes = new Uint8Array(32);
        new DataView(bytes.buffer).setUint32(0, i);
        return bytes;
      });
    const most = LIMITS.missingHostsMax;
    const of = (count: number) => claim(a, { hosts: 5_000, missingHostKeys: keys(count) });
    expect(taken(book(), of(most))).toBe(most);
    expect(taken(book(), of(most + 1))).toBe("malformed");
  });
});

describe("claims about the signals ledger, which control does not know", () => {
  const about = (by: Person, n: number) =>
    claim(by, { verdictId: key(n), ledger: Ledger.SIGNALS, missingHostKeys: [] });

  test("are taken of each coordinator only so often, also after a restart", () => {
    const of = book();
    const first = Array.from({ length: 66 }, (_, n) => taken(of, about(a, n + 10)));
    expect(first.filter((code) => code === 0)).toHaveLength(64);
    expect(first.slice(64)).toEqual(["too-large", "too-large"]);
    const w = new BinaryWriter();
    of.save(w);
    const restored = new CoverageBook(kit.crypto);
    restored.load(new BinaryReader(w.finish()));
    for (const one of [of, restored]) {
      expect(taken(one, about(a, 200))).toBe("too-large");
      expect(taken(one, about(b, 201))).toBe(0);
      // What control does know is not held up by them.
      expect(taken(one, claim(a))).toBe(2);
      const later = one.take(view, about(a, 202), NOW_MS + 250);
      expect(isReject(later)).toBe(false);
    }
  });
});

describe("a verdict's certificate", () => {
  test("is the first that comes, and gives way only to one with fewer missing", () => {
    const of = book();
    expect(taken(of, claim(a))).toBe(2);
    expect(taken(of, claim(b))).toBe("says no more");
    expect(taken(of, claim(b, { missingHostKeys: [key(2)] }))).toBe(1);
    const w = new BinaryWriter();
    of.save(w);
    const restored = new CoverageBook(kit.crypto);
    restored.load(new BinaryReader(w.finish()));
    for (const one of [of, restored]) {
      expect(taken(one, claim(a, { missingHostKeys: [key(2)] }))).toBe("says no more");
      expect(taken(one, claim(a, { missingHostKeys: [] }))).toBe(0);
      expect(taken(one, claim(b, { missingHostKeys: [] }))).toBe("says no more");
    }
  });

  test("is not made any more when many newer verdicts have come", () => {
    const of = book();
    for (let i = 1; i <= LIMITS.coveredVerdictsMax; i++) {
      const id = new Uint8Array(32);
      new DataView(id.buffer).setUint32(4, i);
      of.enter(id, 12 + i);
    }
    expect(taken(of, claim(a))).toBe("unknown-verdict");
  });
});
