// What a sidecar wants of coverage certificates, probes and halts before it takes them for true.

import { create } from "@bufbuild/protobuf";
import {
  CoverageClaimSchema,
  CoverageSchema,
  type Entry,
  encodeNew,
  HaltSchema,
  Ledger,
  ProbeSchema,
  ReportSchema,
  signEnvelope,
} from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { MachineRun } from "../../testkit/machine-run.ts";
import type { Person } from "../../testkit/mesh-kit.ts";
import { testMesh } from "../../testkit/node-crypto.ts";
import { faultOfStatement } from "./statement-check.ts";

const kit = testMesh("statements", { coordinators: 3 });
const { view, control } = MachineRun.joined(kit);
const [a, b] = kit.coordinators as [Person, Person];
const NOW_MS = control.point.machineTimeMs;
const ID = new Uint8Array(32).fill(1);
const TIMES = { format: 1, timeMs: BigInt(NOW_MS), notAfterMs: BigInt(NOW_MS + 60_000) };

type StatementEffect = Extract<Entry["effect"], { case: "coverage" | "probe" | "halt" }>;

function faultOf(effect: StatementEffect, atMs = NOW_MS): string | undefined {
  return faultOfStatement(kit.crypto, view, effect, atMs)?.reject;
}

function report(by: Person, errors: number, verdictId = ID) {
  const body = encodeNew(ReportSchema, {
    ...TIMES,
    coordinatorKey: by.signer.publicKey,
    about: { case: "verdictId", value: verdictId },
    hosts: 4,
    ready: 4 - errors,
    errors,
    receiptsRoot: new Uint8Array(32),
  });
  return signEnvelope(kit.mesh, "report", body, by.signer);
}

describe("a halt", () => {
  const sorted = [a, b].sort((x, y) => Buffer.compare(x.signer.publicKey, y.signer.publicKey));
  const [first, second] = sorted as [Person, Person];
  const why = "2 of 4 hosts of this step fail to enforce it";
  const both = [report(first, 2), report(second, 2)];
  const halt = (fields: object) =>
    ({
      case: "halt",
      value: create(HaltSchema, { verdictId: ID, permille: 100, why, reports: both, ...fields }),
    }) as const;

  test.each<readonly [string, string | undefined, StatementEffect]>([
    ["on a majority's reports", undefined, halt({})],
    ["on one coordinator's", "warrant-short", halt({ reports: both.slice(0, 1) })],
    ["on one coordinator's twice", "duplicate", halt({ reports: [both[0], both[0]] })],
    [
      "for another reason",
      "body-differs",
      halt({ why: "3 of 4 hosts of this step fail to enforce it" }),
    ],
    [
      "of what only one says fails",
      "body-differs",
      halt({ reports: [report(first, 0), report(second, 2)] }),
    ],
    ["on reports of another verdict", "body-differs", halt({ verdictId: new Uint8Array(32) })],
  ])("%s: %s", (_, expected, effect) => {
    expect(faultOf(effect)).toBe(expected);
  });

  test("on reports that had lapsed is none", () => {
    expect(faultOf(halt({}), NOW_MS + 59_999)).toBeUndefined();
    expect(faultOf(halt({}), NOW_MS + 60_000)).toBe("expired");
  });
});

test("a coverage certificate says what its claim says", () => {
  const claim = {
    ...TIMES,
    coordinatorKey: a.signer.publicKey,
    verdictId: ID,
    ledger: Ledger.SIGNALS,
    index: 3n,
    receiptsRoot: new Uint8Array(32),
    hosts: 2,
    missingHostKeys: [new Uint8Array(32).fill(2)],
  };
  const envelope = signEnvelope(
    kit.mesh,
    "coverage",
    encodeNew(CoverageClaimSchema, claim),
    a.signer,
  );
  const { verdictId, receiptsRoot, missingHostKeys } = claim;
  const coverage = (fields: object) =>
    ({
      case: "coverage",
      value: create(CoverageSchema, {
        ...{ verdictId, receiptsRoot, missingHostKeys, claim: envelope },
        ...fields,
      }),
    }) as const;
  expect(faultOf(coverage({}))).toBeUndefined();
  expect(faultOf(coverage({ missingHostKeys: [] }))).toBe("body-differs");
  expect(faultOf(coverage({ claim: undefined }))).toBe("malformed");
});

test("a probe names a coordinator", () => {
  const probe = (by: Person) =>
    ({
      case: "probe",
      value: create(ProbeSchema, { ...TIMES, coordinatorKey: by.signer.publicKey }),
    }) as const;
  expect(faultOf(probe(a))).toBeUndefined();
  expect(faultOf(probe(kit.operators[0] as Person))).toBe("unknown-key");
});
