import { type EntryRecord, hex, Ledger, parseSubject, type SubjectText } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { type ImportInit, MachineRun, messageOf } from "../../../testkit/machine-run.ts";
import type { HostPerson, Person } from "../../../testkit/mesh-kit.ts";
import { testMesh } from "../../../testkit/node-crypto.ts";

const kit = testMesh("signals-machine", { coordinators: 3 });
const [a, b, c] = kit.coordinators as [Person, Person, Person];
const [olga] = kit.operators as [Person];
const [ada, , sam] = kit.approvers as [Person, Person, Person];
const [h1, h2] = kit.hosts as readonly HostPerson[] as [HostPerson, HostPerson];
const MALLORY = parseSubject("address:203.0.113.7") as SubjectText;
const OTHER = parseSubject("address:203.0.113.8") as SubjectText;

/** A run up to where the control ledger lifts a machine verdict with a pardon, not yet imported. */
function lifted(): MachineRun {
  const run = MachineRun.joined(kit);
  see(run, MALLORY);
  const revocationIds = [...run.signals.book.active.ids()].map((id) => Buffer.from(id, "hex"));
  const pardonBeforeMs = BigInt(run.nowMs + 1);
  const wish = {
    wish: {
      case: "lift",
      value: { revocationIds: revocationIds.map((id) => Uint8Array.from(id)), pardonBeforeMs },
    },
  };
  const { id, envelope, part } = kit.propose(olga, MALLORY, run.nowMs, wish);
  run.command(envelope, [part]);
  run.command(kit.approve(ada, id, run.nowMs));
  run.command(kit.approve(sam, id, run.nowMs));
  expect(run.entries("control").at(-1)?.effect.case).toBe("lift");
  return run;
}

/** Both hosts speak of a subject; reject codes, if any. */
function see(run: MachineRun, subject: SubjectText): string[] {
  const fields = { timeMs: BigInt(run.nowMs), evidenceFromMs: BigInt(run.nowMs) };
  return [h1, h2].flatMap((host) => {
    const batch = kit.batch(host, kit.random(16), 0, [{ subject, fields }]);
    return run.batch(batch).rejects.map(({ code }) => code);
  });
}

/** A statement of now. */
const now = (run: MachineRun) => ({
  subject: MALLORY,
  fields: { timeMs: BigInt(run.nowMs), evidenceFromMs: BigInt(run.nowMs) },
});

const codeOf = (run: MachineRun, change?: (fields: ImportInit) => void) =>
  run.import(change).rejects[0]?.code ?? "imported";

type Fault = readonly [name: string, change: (fields: ImportInit) => unknown, code: string];

const FAULTS: readonly Fault[] = [
  ["the first record left out", (f) => f.records.shift(), "import-gap"],
  ["a record in the middle left out", (f) => f.records.splice(1, 1), "import-gap"],
  ["the last record left out, without proof", (f) => f.records.pop(), "wrong-root"],
  ["records in another order", (f) => f.records.reverse(), "import-gap"],
  ["no records", (f) => (f.records = []), "import-gap"],
  [
    "an entry of another history",
    (f) => {
      // The last byte of a proposal's signature.
      const record = f.records[0] as EntryRecord;
      record.entry = record.entry.map((byte, i, all) => (i === all.length - 1 ? byte ^ 1 : byte));
    },
    "wrong-root",
  ],
  [
    "bytes that are no entry",
    (f) => ((f.records[0] as EntryRecord).entry = Uint8Array.of(1)),
    "malformed",
  ],
  ["another format", (f) => (f.format = 2), "unsupported-format"],
];

describe("an import", () => {
  test("brings lift and pardon: the revocation ends, and old evidence counts no more", () => {
    const run = lifted();
    expect(run.signals.book.active.size).toBe(1);
    expect(codeOf(run)).toBe("imported");
    expect(run.signals.importedIndex).toBe(run.control.book.index);
    expect(run.signals.book.active.size).toBe(0);
    expect(see(run, MALLORY)).toEqual(["pardoned", "pardoned"]);
    expect(see(run, OTHER)).toEqual([]);
  });

  test("of another private part is refused: no coordinator chooses whom a lift pardons", () => {
    const run = lifted();
    const swap = ({ records }: ImportInit) => {
      const last = records.at(-1) as EntryRecord;
      last.privates = [kit.privatePart(OTHER)];
    };
    expect(codeOf(run, swap)).toBe("commitment-mismatch");
    expect(codeOf(run, ({ records }) => ((records.at(-1) as EntryRecord).privates = []))).toBe(
      "commitment-mismatch",
    );
    expect(run.signals.book.active.size).toBe(1);
    expect(see(run, OTHER)).toEqual([]);
    expect(codeOf(run)).toBe("imported");
    expect(see(run, MALLORY)).toEqual(["pardoned", "pardoned"]);
  });

  test.each(FAULTS)(
    "with %s is refused whole, and the true one is taken after it",
    (_, change, code) => {
      const run = lifted();
      const before = run.signals.importedIndex;
      expect(codeOf(run, (fields) => void change(fields))).toBe(code);
      expect(run.signals.importedIndex).toBe(before);
      expect(codeOf(run)).toBe("imported");
    },
  );

  test("needs the seals of a majority, on a head of the control ledger", () => {
    const run = lifted();
    const sealedBy = (...by: Person[]) => codeOf(run, (f) => (f.head = run.sealed("control", by)));
    expect(sealedBy(a)).toBe("not-sealed");
    expect(sealedBy()).toBe("not-sealed");
    expect(sealedBy(a, a)).toBe("duplicate");
    expect(sealedBy(a, olga)).toBe("unknown-key");
    run.tick();
    expect(codeOf(run, (f) => (f.head = run.sealed("signals")))).toBe("malformed");
    expect(sealedBy(b, c)).toBe("imported");
  });

  test("that is old or comes twice changes nothing", () => {
    const run = lifted();
    run.import();
    const again = run.import((fields) => (fields.records = run.records("control")));
    expect(again.rejects).toEqual([]);
    expect(run.signals.importedIndex).toBe(run.control.book.index);
  });

  test("may repeat what is known and bring what is new in one message", () => {
    const run = lifted();
    expect(codeOf(run, (fields) => (fields.records = run.records("control")))).toBe("imported");
    expect(run.signals.importedIndex).toBe(run.control.book.index);
  });
});

test("an import may end below its head, with the proof that it leads there", () => {
  const run = lifted();
  const last = run.control.book.index;
  const cut = (fields: ImportInit) => {
    fields.records.pop();
    fields.consistency = run.control.book.consistencyPath(last - 1, last);
  };
  expect(codeOf(run, cut)).toBe("imported");
  expect(run.signals.importedIndex).toBe(last - 1);
  expect(codeOf(run)).toBe("imported");
  expect(run.signals.importedIndex).toBe(last);
});

describe("a batch that is refused", () => {
  test("is held against the host that signed it; a clone is named", () => {
    const run = MachineRun.joined(kit);
    const [old, young] = [kit.random(16), kit.random(16)];
    const speak = (life: Uint8Array, number: number) =>
      run.batch(kit.batch(h1, life, number, [now(run)]));
    speak(old, 0);
    speak(young, 0);
    const { rejects } = speak(old, 1);
    expect(rejects).toEqual([{ key: hex(h1.signer.publicKey), code: "cloned" }]);
    // It hears so: a batch that the broker held back must not silence the living one for good.
    expect(run.signals.lastBatchHost).toEqual(h1.signer.publicKey);
  });

  test("as a repeat or a gap is acknowledged: the host has not heard where it stands", () => {
    const run = MachineRun.joined(kit);
    const life = kit.random(16);
    const speak = (number: number) => {
      const { rejects } = run.batch(kit.batch(h1, life, number, [now(run)]));
      return [rejects[0]?.code, run.signals.lastBatchHost !== undefined];
    };
    expect(speak(0)).toEqual([undefined, true]);
    expect(speak(0)).toEqual(["number-repeated", true]);
    expect(speak(7)).toEqual(["number-gap", true]);
  });

  test("with a bad signature is held against nobody", () => {
    const run = MachineRun.joined(kit);
    const { envelope, signals, privates } = kit.batch(h1, kit.random(16), 0, [
      { subject: MALLORY },
    ]);
    const [signature] = envelope.signatures;
    if (signature !== undefined) signature.signature = new Uint8Array(64);
    const { rejects } = run.step("signals", messageOf(envelope, privates, signals));
    expect(rejects).toEqual([{ key: "", code: "bad-signature" }]);
  });
});

const fresh = () => new MachineRun(kit);

describe("machine time", () => {
  const timeOf = (run: MachineRun) => run.signals.point.machineTimeMs;
  const tick = (run: MachineRun, by: Person, timeMs: number, fields: object = {}) => {
    const message = run.tickOf(by, run.signals, { timeMs: BigInt(timeMs), ...fields });
    return run.step("signals", message).rejects[0]?.code;
  };

  test("is the median of the latest tick of each: one of three cannot move it", () => {
    const run = fresh();
    tick(run, a, 1_000);
    expect(timeOf(run)).toBe(0);
    tick(run, b, 2_000);
    expect(timeOf(run)).toBe(1_000);
    tick(run, c, 2 ** 50);
    expect(timeOf(run)).toBe(2_000);
    tick(run, c, 2 ** 51);
    expect(timeOf(run)).toBe(2_000);
    tick(run, a, 3_000);
    expect(timeOf(run)).toBe(3_000);
  });

  test("never goes back, and a tick that is not later than its author's last is refused", () => {
    const run = fresh();
    for (const by of [a, b, c]) tick(run, by, 5_000);
    expect(tick(run, a, 5_000)).toBe("stale-tick");
    expect(tick(run, a, 4_000)).toBe("stale-tick");
    expect(timeOf(run)).toBe(5_000);
  });

  test.each([
    ["of the other ledger", { ledger: Ledger.CONTROL }, "malformed"],
    ["in another's name", { coordinatorKey: b.signer.publicKey }, "malformed"],
  ] as const)("takes no tick %s", (_, fields, code) => {
    expect(tick(fresh(), a, 1_000, fields)).toBe(code);
  });

  test("takes no tick of who is no coordinator", () => {
    const run = fresh();
    expect(tick(run, h1, 1_000)).toBe("unknown-key");
    expect(tick(run, olga, 1_000)).toBe("unknown-key");
  });
});

describe("the two machines", () => {
  test("take nothing of one another's journal", () => {
    const run = MachineRun.joined(kit);
    const { envelope } = kit.propose(olga, MALLORY, run.nowMs);
    expect(run.step("signals", messageOf(envelope)).rejects[0]?.code).toBe("wrong-type");
    const batch = kit.batch(h1, kit.random(16), 0, [{ subject: MALLORY }]);
    expect(run.command(batch.envelope)).toBe("wrong-type");
  });

  test("refuse a message of another mesh, another format, or without an envelope", () => {
    const run = fresh();
    const other = testMesh("another mesh entirely");
    expect(run.command(other.genesis.envelope)).toBe("wrong-type");
    expect(run.step("control", Uint8Array.of()).rejects[0]?.code).toBe("malformed");
    expect(run.step("control", Uint8Array.of(8, 1)).rejects[0]?.code).toBe("malformed");
    const { envelope } = kit.genesis;
    const wrong = messageOf(envelope).map((byte, i) => (i === 1 ? 2 : byte));
    expect(run.step("control", wrong).rejects[0]?.code).toBe("unsupported-format");
    expect(run.command(envelope)).toBe(1);
  });

  test("enter nothing before the genesis", () => {
    const run = fresh();
    run.tick();
    expect(run.command(kit.policy(1, run.nowMs).document)).toBe("no-genesis");
  });

  test("never skip a position", () => {
    const run = fresh();
    expect(() => run.control.step(2, Uint8Array.of())).toThrow("no gaps");
  });
});
