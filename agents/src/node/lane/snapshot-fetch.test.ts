// What a peer may give to a coordinator that has lost a ledger: records that carry on the own one,
// private parts that open what their entries ask for, and nothing that the mesh could not have
// made. A lie is refused as it comes, before any seal is looked at.

import { create } from "@bufbuild/protobuf";
import {
  decode,
  type Entry,
  type EntryRecord,
  EntrySchema,
  EnvelopeSchema,
  encodeNew,
  Frontier,
  Ledger,
  LIMITS,
  parseSubject,
  type ResyncResponse,
  ResyncResponseSchema,
  SealedHeadSchema,
  type SubjectText,
  signEnvelope,
} from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { MachineRun } from "../../../testkit/machine-run.ts";
import type { Person } from "../../../testkit/mesh-kit.ts";
import { nodeCrypto, testMesh } from "../../../testkit/node-crypto.ts";
import type { Effect } from "../../ledger/index.ts";
import { Mesh } from "../mesh.ts";
import { SnapshotFetch } from "./snapshot-fetch.ts";

const kit = testMesh("snapshot fetch", { coordinators: 3, hosts: 2 });
const MALLORY = parseSubject("user:test/mallory") as SubjectText;
const [olga] = kit.operators as [Person];
const [ada, , sam] = kit.approvers as [Person, Person, Person];

/** A control ledger with a verdict, and a snapshot at its head under all seals. */
function peer() {
  const run = MachineRun.joined(kit);
  run.upgrade();
  const { id, envelope, part } = kit.propose(olga, MALLORY, run.nowMs);
  run.command(envelope, [part]);
  for (const by of [ada, sam]) run.command(kit.approve(by, id, run.nowMs));
  const snapshot = run.control.state();
  const { epoch, rosterVersion, controlIndex } = run.view;
  const names = { controlIndex, epoch, rosterVersion };
  const head = run.control.book.head(run.control.point, names, nodeCrypto.sha256(snapshot));
  const signers = kit.coordinators.map((c) => c.signer);
  const { signatures } = signEnvelope(kit.mesh, "head", head, ...signers);
  const page = create(ResyncResponseSchema, {
    head: create(SealedHeadSchema, { head, seals: signatures }),
    snapshot,
    snapshotBytes: BigInt(snapshot.length),
  });
  return { run, page, records: run.records("control") };
}

/** A coordinator without a store, that has the snapshot and wants the records. */
function wiped(page: ResyncResponse): SnapshotFetch {
  const mesh = new Mesh(nodeCrypto, kit.genesis);
  const frontier = Frontier.of(nodeCrypto, 0, []) as Frontier;
  const fetch = new SnapshotFetch({
    crypto: nodeCrypto,
    ledger: Ledger.CONTROL,
    frontier,
    mesh,
    view: () => mesh.view,
  });
  expect(fetch.takePiece(page)).toBe(true);
  return fetch;
}

const entryOf = ({ entry }: EntryRecord) =>
  decode(EntrySchema, entry, LIMITS.entryBytesMax) as Entry;

function indexOf(records: readonly EntryRecord[], effect: string): number {
  return records.findIndex((record) => entryOf(record).effect.case === effect);
}

describe("records of a peer", () => {
  test("make the ledger whole, also where private parts have been erased since", () => {
    const { page, records } = peer();
    const bare = records.map((record) => ({ ...record, privates: [] }));
    for (const given of [records, bare]) {
      const fetch = wiped(page);
      expect(fetch.takeRecords(given)).toHaveLength(records.length);
      expect(fetch.complete()?.snapshot).toEqual(page.snapshot);
    }
  });

  test.each(["proposal", "revocation"])("with other words beside a %s are refused", (effect) => {
    const { page, records } = peer();
    const at = indexOf(records, effect);
    const { privates } = records[at] as EntryRecord;
    const [own] = privates;
    const other = kit.privatePart("user:test/alice", "somebody else");
    for (const lie of [[other], [own, other], [own, own]]) {
      const lied = records.with(at, { ...records[at], privates: lie } as EntryRecord);
      expect(wiped(page).takeRecords(lied)).toBeUndefined();
    }
  });

  test("with words beside an entry that has none are refused", () => {
    const { page, records } = peer();
    const part = kit.privatePart(MALLORY);
    const at = indexOf(records, "approval");
    const lied = records.with(at, { ...records[at], privates: [part] } as EntryRecord);
    expect(wiped(page).takeRecords(lied)).toBeUndefined();
  });

  test.each(["grant", "member", "policy", "version", "roster", "equivocation"] as const)(
    "with a %s of the peer's own making are refused, and stop nothing",
    (effect) => {
      const { page, records } = peer();
      const junk = create(EnvelopeSchema, { type: "x", body: Uint8Array.of(1) });
      const values = {
        grant: junk,
        policy: junk,
        roster: junk,
        member: { membership: junk, name: "host-9", isWitness: true },
        version: { machineVersion: 9 },
        equivocation: { key: kit.coordinators[0]?.signer.publicKey as Uint8Array },
      };
      const { $typeName, effect: _, ...fields } = entryOf(records[1] as EntryRecord);
      const made = { case: effect, value: values[effect] } as Effect;
      const record = { ...records[1], entry: encodeNew(EntrySchema, { ...fields, effect: made }) };
      const lied = [records[0], record] as EntryRecord[];
      expect(wiped(page).takeRecords(lied)).toBeUndefined();
    },
  );
});
