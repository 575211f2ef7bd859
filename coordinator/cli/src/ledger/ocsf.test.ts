// Every event holds what OCSF 1.8 requires of its class, for every kind of entry there is.

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { openCrypto } from "@ostraka/host";
import { EntryRecordSchema, EntrySchema, RolloutStep, Stage } from "@ostraka/proto";
import { beforeAll, describe, expect, it } from "vitest";
import { lineText } from "./export-batch.ts";
import type { WalkedEntry } from "./ledger-walk.ts";
import { LedgerWalk } from "./ledger-walk.ts";
import { OCSF_CLASS, type OcsfEvent, ocsfEvents } from "./ocsf.ts";
import { type SampleMesh, sampleMesh } from "./sample-mesh.ts";
import { walkOf } from "./walk-sample.ts";

let mesh: SampleMesh;
let walk: LedgerWalk;

beforeAll(() => {
  mesh = sampleMesh("acme");
  walk = walkOf(mesh);
});

/** Base attributes that every class requires, and what each class adds. */
const BASE = ["activity_id", "category_uid", "class_uid", "severity_id", "time", "type_uid"];
const REQUIRED: Readonly<Record<number, readonly string[]>> = {
  [OCSF_CLASS.remediation]: ["command_uid"],
  [OCSF_CLASS.entity]: ["entity"],
  [OCSF_CLASS.finding]: ["finding_info"],
};
const ACTIVITIES: Readonly<Record<number, number>> = { 7001: 6, 3004: 13, 2004: 3 };
const STATUSES: Readonly<Record<number, readonly number[]>> = {
  7001: [1, 2, 3, 4, 5, 6],
  3004: [1, 2],
  2004: [1, 2, 3, 4, 5],
};

function expectValid(event: OcsfEvent): void {
  // As a receiver sees it: through JSON.
  const seen = JSON.parse(lineText(event)) as Record<string, unknown>;
  const classUid = seen["class_uid"] as number;
  for (const name of [...BASE, ...(REQUIRED[classUid] ?? ["a known class"])]) {
    expect(seen[name], `${name} of ${classUid}`).toBeDefined();
  }
  for (const name of BASE) expect(Number.isSafeInteger(seen[name]), name).toBe(true);
  expect(seen["type_uid"]).toBe(classUid * 100 + Number(seen["activity_id"]));
  expect(seen["category_uid"]).toBe(Math.floor(classUid / 1000));
  expect(seen["activity_id"]).toBeGreaterThan(0);
  expect(seen["activity_id"]).toBeLessThanOrEqual(ACTIVITIES[classUid] as number);
  expect([1, 2, 3, 4, 5, 6]).toContain(seen["severity_id"]);
  expect(STATUSES[classUid]).toContain(seen["status_id"]);
  const metadata = seen["metadata"] as { version?: string; product?: object; uid?: string };
  expect(metadata.version).toMatch(/^1\.\d+\.\d+$/);
  expect(metadata.product).toMatchObject({
    name: expect.any(String),
    vendor_name: expect.any(String),
  });
  expect(metadata.uid).toMatch(/^[0-9a-f]{16}\/[cs]:\d+\/\d{4}$/);
  if (classUid === OCSF_CLASS.finding) {
    expect(seen["finding_info"]).toMatchObject({ uid: expect.stringMatching(/./) });
  }
  if (classUid === OCSF_CLASS.entity) {
    expect(seen["entity"]).toMatchObject({ type: expect.any(String), name: expect.any(String) });
  }
}

type Effect = NonNullable<MessageInitShape<typeof EntrySchema>["effect"]>;

function entryWith(effect: Effect): WalkedEntry {
  const fields = {
    format: 1,
    ledger: 1,
    generation: 1,
    index: 99n,
    machineTimeMs: 1_750_000_000_000n,
  };
  const entry = create(EntrySchema, { ...fields, effect });
  return { ledger: 1, index: 99, entry, record: create(EntryRecordSchema) };
}

const ID = new Uint8Array(32).fill(7);

describe("events of a real mesh", () => {
  it("are valid, and each has an id of its own", () => {
    const events = [...walk.entries()].flatMap((walked) => ocsfEvents(walk, walked));
    for (const event of events) expectValid(event);
    const ids = events.map(({ metadata }) => (metadata as { uid: string }).uid);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("name each kind: a machine's verdict is a finding and a remedy, a lift restores", () => {
    const seen = [...walk.entries()].map((walked) => [
      walked.entry.effect.case,
      ocsfEvents(walk, walked).map(({ type_uid }) => type_uid),
    ]);
    expect(seen.filter(([kind]) => kind === "revocation")).toEqual([
      ["revocation", [700102]],
      ["revocation", [200401, 700102]],
      ["revocation", [200401, 700102]],
    ]);
    expect(seen.find(([kind]) => kind === "lift")).toEqual(["lift", [700103]]);
    expect(seen.find(([kind]) => kind === "member")).toEqual(["member", [300406]]);
    expect(seen.find(([kind]) => kind === "activation")).toEqual(["activation", [300410]]);
    expect(seen.find(([kind]) => kind === "approval")).toEqual(["approval", []]);
  });

  it("say whom it is about and by whose word, and hold no other personal text", () => {
    const lift = [...walk.entries()].find(({ entry }) => entry.effect.case === "lift");
    const [event] = ocsfEvents(walk, lift as WalkedEntry);
    expect(event?.["unmapped"]).toMatchObject({ subject: "address:203.0.113.7" });
    const all = [...walk.entries()].flatMap((walked) => ocsfEvents(walk, walked));
    expect(all.map(lineText).join("")).not.toContain("seen twice");
  });
});

describe("events of the entries of machine version 2", () => {
  const envelope = { type: "t", body: new Uint8Array([1]), signatures: [] };
  const effects: readonly (readonly [Effect, readonly number[]])[] = [
    [{ case: "version", value: { machineVersion: 2 } }, [300403]],
    [{ case: "roster", value: envelope }, [300403]],
    [{ case: "rollout", value: envelope }, [300403]],
    [
      { case: "rolloutChange", value: { epoch: 2, step: RolloutStep.ROLLED_BACK, why: "errors" } },
      [300411],
    ],
    [{ case: "rolloutChange", value: { epoch: 2, step: RolloutStep.ACTIVE } }, [300410]],
    [{ case: "opening", value: { generation: 2 } }, [300403]],
    [{ case: "erasure", value: { commitments: [ID] } }, [300404]],
    [{ case: "inquiry", value: { id: ID, sourceHostKey: ID } }, [200401]],
    [{ case: "suggestion", value: { id: ID, stage: Stage.SUSPEND, why: "governor" } }, [200401]],
    [{ case: "equivocation", value: { key: ID } }, [200401]],
    [{ case: "poison", value: { position: 3n } }, [200401]],
    [{ case: "halt", value: { verdictId: ID, permille: 250, why: "errors" } }, [700102]],
    [{ case: "coverage", value: { verdictId: ID, missingHostKeys: [ID] } }, [700102]],
    [{ case: "probe", value: { coordinatorKey: ID } }, []],
    [{ case: "refusals", value: { counts: [{ code: "malformed", count: 1 }] } }, []],
  ];

  it.each(effects)("%o", (effect, types) => {
    const events = ocsfEvents(walk, entryWith(effect));
    for (const event of events) expectValid(event);
    expect(events.map(({ type_uid }) => type_uid)).toEqual(types);
  });

  it("a certificate without hosts missing is a success, with one a part of it", () => {
    const statusOf = (missingHostKeys: Uint8Array[]) =>
      ocsfEvents(
        walk,
        entryWith({ case: "coverage", value: { verdictId: ID, missingHostKeys } }),
      )[0]?.["status_id"];
    expect(statusOf([])).toBe(1);
    expect(statusOf([ID])).toBe(4);
  });
});

it("a walk that keeps no entries has none to show", () => {
  expect([...new LedgerWalk(openCrypto(), mesh.genesis).entries()]).toEqual([]);
});
