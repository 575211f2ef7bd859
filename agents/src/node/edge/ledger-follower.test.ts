import { create } from "@bufbuild/protobuf";
import {
  decode,
  type EntryRecord,
  EntryRecordSchema,
  EntrySchema,
  encode,
  HeadSchema,
  Ledger,
  LIMITS,
  parseSubject,
  type SealedHead,
  type SubjectText,
} from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { MachineRun } from "../../../testkit/machine-run.ts";
import type { Person } from "../../../testkit/mesh-kit.ts";
import { nodeCrypto, testMesh } from "../../../testkit/node-crypto.ts";
import type { Sealed } from "../../sealer/index.ts";
import { LedgerFollower } from "./ledger-follower.ts";

const kit = testMesh("ledger-follower");
const [olga] = kit.operators as [Person];
const run = MachineRun.joined(kit);
const { id, envelope, part } = kit.propose(
  olga,
  parseSubject("user:test/mallory") as SubjectText,
  run.nowMs,
);
run.command(envelope, [part]);
for (const approver of [kit.approvers[0], kit.approvers[2]] as Person[]) {
  run.command(kit.approve(approver, id, run.nowMs));
}
const RECORDS = run.records("control");
const LAST = RECORDS.length;

function sealedOf(sealed: SealedHead): Sealed {
  const head = decode(HeadSchema, sealed.head, LIMITS.entryBytesMax);
  if (head === undefined) throw new Error("no head");
  return { head, sealed };
}

/** The head that stood when an entry was made. */
function headAt(index: number): Sealed {
  const step = run.steps.control.find((s) => s.records.some((r) => r.index === index));
  return sealedOf({ ...run.sealed("control"), head: step?.head as Uint8Array });
}

function follower(
  held: readonly EntryRecord[] = RECORDS,
  sealed = sealedOf(run.sealed("control")),
) {
  const made = new LedgerFollower(nodeCrypto, Ledger.CONTROL);
  for (const record of held) made.hold(record);
  made.sealer.adopt(sealed);
  return made;
}

function altered(index: number, change: (record: EntryRecord) => void): EntryRecord {
  const record = create(EntryRecordSchema, structuredClone(RECORDS[index - 1] as EntryRecord));
  change(record);
  return record;
}

/** An entry of the same index that another history would hold. */
function forged(index: number): EntryRecord {
  return altered(index, (record) => {
    const entry = decode(EntrySchema, record.entry, LIMITS.entryBytesMax);
    if (entry === undefined) throw new Error("no entry");
    entry.machineTimeMs += 1n;
    record.entry = encode(EntrySchema, entry);
  });
}

const outcome = (made: LedgerFollower) => {
  const entries = made.advance();
  return Array.isArray(entries) ? entries.length : entries;
};

describe("a page that ends below its head", () => {
  const half = Math.floor(LAST / 2);
  const proof = run.control.book.consistencyPath(half, LAST);
  const head = sealedOf(run.sealed("control"));

  test("is applied by itself when it is proven to lead there, and the rest after it", () => {
    const made = follower(RECORDS.slice(0, half));
    const entries = made.advancePage(head, half, proof);
    expect(Array.isArray(entries) && entries.length).toBe(half);
    expect(made.index).toBe(half);
    expect(made.head).toBeUndefined();
    for (const record of RECORDS.slice(half)) made.hold(record);
    expect(outcome(made)).toBe(LAST - half);
  });

  test.each([
    ["without a proof", []],
    ["with another proof", run.control.book.consistencyPath(half - 1, LAST)],
  ])("is thrown away %s, and fetched again from its beginning", (_, consistency) => {
    const made = follower(RECORDS.slice(0, half));
    expect(made.advancePage(head, half, consistency)).toBe("forged");
    expect(made.index).toBe(0);
    expect(made.heldThrough).toBe(0);
  });

  test("is thrown away whole when one record in it is forged", () => {
    const made = follower(RECORDS.slice(0, half));
    made.hold(forged(half - 1));
    expect(made.advancePage(head, half, proof)).toBe("forged");
    expect(made.heldThrough).toBe(0);
  });
});

test("what the own store gives back is held however much it is", () => {
  const made = new LedgerFollower(nodeCrypto, Ledger.CONTROL);
  for (const record of RECORDS) made.holdStored(encode(EntryRecordSchema, record));
  made.sealer.adopt(sealedOf(run.sealed("control")));
  expect(outcome(made)).toBe(LAST);
});

describe("a follower", () => {
  test("hands on what a sealed head covers, in order, whatever order it came in", () => {
    const made = follower([...RECORDS].reverse());
    const entries = made.advance();
    if (!Array.isArray(entries)) throw new Error(`${entries}`);
    expect(entries.map(({ entry }) => Number(entry.index))).toEqual(RECORDS.map((_, i) => i + 1));
    expect(made.index).toBe(LAST);
    expect(made.isBehind).toBe(false);
    expect(outcome(made)).toBeUndefined();
  });

  test("takes nothing on a channel's word: without a sealed head it waits", () => {
    const made = new LedgerFollower(nodeCrypto, Ledger.CONTROL);
    for (const record of RECORDS) made.hold(record);
    expect(outcome(made)).toBeUndefined();
    expect(made.index).toBe(0);
  });

  test("waits for an entry that is missing, and says how far it has them", () => {
    const made = follower(RECORDS.filter((_, i) => i !== 4));
    expect(outcome(made)).toBe("missing");
    expect(made.heldThrough).toBe(4);
    expect(made.isBehind).toBe(true);
    made.hold(RECORDS[4] as EntryRecord);
    expect(outcome(made)).toBe(LAST);
  });

  test("throws a forged entry away, and takes the true one when it is fetched", () => {
    for (const index of [1, 5, LAST]) {
      const made = follower();
      made.hold(forged(index));
      expect(outcome(made)).toBe("forged");
      expect(made.index).toBe(0);
      expect(made.heldThrough).toBeLessThan(LAST);
      for (const record of RECORDS) made.hold(record);
      expect(outcome(made)).toBe(LAST);
    }
  });

  test("throws away private parts that do not open, and takes the true ones", () => {
    const index = LAST;
    for (const change of [
      (record: EntryRecord) => (record.privates = []),
      (record: EntryRecord) => record.privates.push(kit.privatePart("user:test/alice")),
      (record: EntryRecord) => (record.privates = [kit.privatePart("user:test/alice")]),
    ]) {
      const made = follower();
      made.hold(altered(index, change));
      expect(outcome(made)).toBe("forged");
      for (const record of RECORDS) made.hold(record);
      expect(outcome(made)).toBe(LAST);
    }
  });

  test("passes over replays, and what is of the other ledger or of no ledger at all", () => {
    const made = follower();
    expect(outcome(made)).toBe(LAST);
    for (const record of RECORDS) made.hold(record);
    made.holdBytes(Uint8Array.of(1, 2, 3));
    expect(made.heldThrough).toBe(LAST);
    expect(outcome(made)).toBeUndefined();
    const other = new LedgerFollower(nodeCrypto, Ledger.SIGNALS);
    for (const record of RECORDS) other.hold(record);
    expect(other.heldThrough).toBe(0);
  });

  test("moves from head to head", () => {
    const made = follower(RECORDS, headAt(3));
    expect(outcome(made)).toBe(3);
    made.sealer.adopt(sealedOf(run.sealed("control")));
    expect(outcome(made)).toBe(LAST - 3);
  });

  test("is not led to another history by a head of another root", () => {
    const made = follower(RECORDS, headAt(3));
    expect(outcome(made)).toBe(3);
    const { sealed, head } = sealedOf(run.sealed("control"));
    const lying = { ...head, index: 3n, root: new Uint8Array(32), position: head.position + 1n };
    made.sealer.adopt({ head: lying, sealed });
    expect(outcome(made)).toBe("forged");
    expect(made.index).toBe(3);
  });

  test("holds no more than its bound", () => {
    const made = new LedgerFollower(nodeCrypto, Ledger.CONTROL);
    const far = altered(1, (record) => {
      const entry = decode(EntrySchema, record.entry, LIMITS.entryBytesMax);
      if (entry === undefined) throw new Error("no entry");
      entry.index = BigInt(LIMITS.pendingEntriesMax + 1);
      record.entry = encode(EntrySchema, entry);
    });
    made.hold(far);
    for (const record of RECORDS) made.hold(record);
    made.sealer.adopt(sealedOf(run.sealed("control")));
    expect(outcome(made)).toBe(LAST);
  });
});
