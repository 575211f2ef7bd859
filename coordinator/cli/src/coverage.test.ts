// Coverage counts only what a member host itself has signed, past the verdict and without excepting
// it.

import { Mesh } from "@ostraka/agents/node";
import type { AdminClient } from "@ostraka/coordinator";
import { openCrypto } from "@ostraka/host";
import {
  type Bytes,
  type Envelope,
  encodeNew,
  Ledger,
  ReceiptSchema,
  Role,
  signEnvelope,
} from "@ostraka/proto";
import { beforeAll, describe, expect, it } from "vitest";
import { Coverage, membersWithin } from "./coverage.ts";
import { idOf, type LedgerWalk, type WalkedEntry } from "./ledger/ledger-walk.ts";
import { type SampleMesh, sampleMesh } from "./ledger/sample-mesh.ts";
import { VerifiedMesh } from "./ledger/verified-mesh.ts";

const crypto = openCrypto();
let mesh: SampleMesh;
let walk: LedgerWalk;
let control: WalkedEntry;
let lift: WalkedEntry;
let signals: WalkedEntry;

beforeAll(async () => {
  mesh = sampleMesh("acme");
  const client = mesh.ledgerService() as AdminClient;
  const verified = new VerifiedMesh({ crypto, genesis: mesh.genesis, client });
  await verified.refresh();
  walk = verified.walk;
  [control, lift] = walk.verdictsOf(Ledger.CONTROL) as [WalkedEntry, WalkedEntry];
  [signals] = walk.verdictsOf(Ledger.SIGNALS) as [WalkedEntry];
});

interface Shown {
  readonly control?: number;
  readonly signals?: number;
  readonly except?: Bytes;
  /** Whose receipt it says it is; by default the signer's. */
  readonly of?: string;
}

function receipt(signer: string, shown: Shown): Envelope {
  const exceptions = shown.except && [{ revocationId: shown.except, reason: "no such stage here" }];
  const body = encodeNew(ReceiptSchema, {
    format: 1,
    hostKey: mesh.signer(shown.of ?? signer).publicKey,
    incarnation: new Uint8Array(16),
    number: 1n,
    controlIndex: BigInt(shown.control ?? 0),
    signalsIndex: BigInt(shown.signals ?? 0),
    ...(exceptions && { exceptions }),
  });
  return signEnvelope(mesh.genesis.mesh, "receipt", body, mesh.signer(signer));
}

const newCoverage = (entry: WalkedEntry) => new Coverage(crypto, walk, entry);

describe("coverage", () => {
  it("is complete when every member has a receipt at or past the verdict", () => {
    const coverage = newCoverage(control);
    expect([coverage.expected, coverage.got]).toEqual([2, 0]);
    expect(coverage.take(receipt("host-1", { control: control.index }))).toBe("host-1");
    expect(coverage.isComplete).toBe(false);
    expect(coverage.take(receipt("host-2", { control: control.index + 5 }))).toBe("host-2");
    expect(coverage.isComplete).toBe(true);
  });

  it("counts a host once, whatever it repeats", () => {
    const coverage = newCoverage(control);
    coverage.take(receipt("host-1", { control: control.index }));
    expect(coverage.take(receipt("host-1", { control: control.index + 1 }))).toBeUndefined();
    expect(coverage.got).toBe(1);
  });

  it("reads the index of the verdict's own ledger", () => {
    const coverage = newCoverage(signals);
    coverage.take(receipt("host-1", { control: 999, signals: signals.index - 1 }));
    expect(coverage.got).toBe(0);
    coverage.take(receipt("host-1", { signals: signals.index }));
    expect(coverage.got).toBe(1);
  });

  it("does not count a host that excepts the verdict, and says why", () => {
    const coverage = newCoverage(control);
    const except = idOf(control.verdict as NonNullable<WalkedEntry["verdict"]>);
    coverage.take(receipt("host-1", { control: control.index, except }));
    expect(coverage.got).toBe(0);
    expect(coverage.hosts()[0]).toMatchObject({ state: "excepted", why: "no such stage here" });
    coverage.take(receipt("host-1", { control: control.index + 1 }));
    expect(coverage.hosts()[0]?.state).toBe("enforced");
  });

  it.each([
    ["before the verdict", () => receipt("host-1", { control: control.index - 1 })],
    ["signed by another host", () => receipt("host-2", { control: 999, of: "host-1" })],
    ["signed by a coordinator", () => receipt("coordinator-1", { control: 999, of: "host-1" })],
    ["of a host that is no member", () => receipt("host-9", { control: 999 })],
    [
      "with a changed byte",
      () => {
        const whole = receipt("host-1", { control: 999 });
        return {
          ...whole,
          body: whole.body.map((b, i) => (i === whole.body.length - 1 ? b ^ 1 : b)),
        };
      },
    ],
  ])("does not count a receipt %s", (_what, make) => {
    const coverage = newCoverage(control);
    coverage.take(make());
    expect(coverage.hosts().find((h) => h.name === "host-1")?.state).toBe("waiting");
  });
});

describe("membersWithin", () => {
  it("takes a lift to where what it lifts was", () => {
    expect(membersWithin(walk, lift).map((m) => m.name)).toEqual(["host-1", "host-2"]);
  });

  it("leaves out hosts that joined after the verdict, and those outside its scope", () => {
    const { verdict } = control;
    if (verdict?.kind !== "revocation") throw new Error("no revocation");
    const scoped = (hosts: string[], labels: string[] = []) => ({
      ...control,
      verdict: {
        ...verdict,
        revocation: {
          ...verdict.revocation,
          scope: {
            $typeName: "ostraka.v1.Scope" as const,
            hosts,
            labels,
            resources: [],
            actions: [],
          },
        },
      },
    });
    expect(membersWithin(walk, scoped(["host-2"])).map((m) => m.name)).toEqual(["host-2"]);
    expect(membersWithin(walk, scoped([], ["env=prod"]))).toEqual([]);
    const early = { ...control, index: 1 };
    expect(membersWithin(walk, early)).toEqual([]);
  });

  it("knows nobody by the genesis alone", () => {
    const { findHolder } = new Mesh(crypto, mesh.genesis).view;
    expect(findHolder(mesh.signer("host-1").publicKey, [Role.HOST])).toBeUndefined();
  });
});
