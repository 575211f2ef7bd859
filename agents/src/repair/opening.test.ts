// Orders, promises, openings and notes of poison down their ladders: for each that is taken, the
// nearest that is not.

import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import {
  type Bytes,
  type Envelope,
  encodeNew,
  HeadSchema,
  isReject,
  Ledger,
  OpeningSchema,
  PoisonNoteSchema,
  PromiseSchema,
  RepairOrderSchema,
  signEnvelope,
} from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { MachineRun, START_MS } from "../../testkit/machine-run.ts";
import type { Person } from "../../testkit/mesh-kit.ts";
import { nodeCrypto, testMesh } from "../../testkit/node-crypto.ts";
import { openOrder, openPoisonNote, PoisonTally, poisonFault, readOpening } from "./index.ts";
import { openPromise } from "./promise.ts";

const kit = testMesh("opening", { coordinators: 3 });
const { view } = MachineRun.joined(kit);
const [olga, omar] = kit.operators as [Person, Person];
const HOUR_MS = 3_600_000;

function order(fields: object = {}, signers: readonly Person[] = [olga]): Envelope {
  const body = encodeNew(RepairOrderSchema, {
    format: 1,
    ledger: Ledger.CONTROL,
    generation: 2,
    createdMs: BigInt(START_MS),
    notAfterMs: BigInt(START_MS + HOUR_MS),
    ...fields,
  });
  return signEnvelope(kit.mesh, "repair", body, ...signers.map((p) => p.signer));
}

function head(position: number, fields: object = {}): Bytes {
  return encodeNew(HeadSchema, {
    format: 1,
    ledger: Ledger.CONTROL,
    generation: 1,
    position: BigInt(position),
    chainHash: new Uint8Array(32),
    index: BigInt(position),
    root: new Uint8Array(32),
    machineTimeMs: BigInt(START_MS + position),
    activeSetDigest: new Uint8Array(32),
    ...fields,
  });
}

function promise(by: number, lastHead: Bytes, of = order(), fields: object = {}): Envelope {
  const { signer } = kit.coordinators[by] as Person;
  const body = encodeNew(PromiseSchema, {
    format: 1,
    coordinatorKey: signer.publicKey,
    ledger: Ledger.CONTROL,
    generation: 2,
    lastHead,
    orderId: nodeCrypto.sha256(of.body),
    ...fields,
  });
  return signEnvelope(kit.mesh, "promise", body, signer);
}

function opening(promises: readonly Envelope[], of = order(), fields: object = {}): Envelope {
  const { signer } = kit.coordinators[0] as Person;
  const body = encodeNew(OpeningSchema, {
    format: 1,
    ledger: Ledger.CONTROL,
    generation: 2,
    order: of,
    promises: [...promises],
    ...fields,
  });
  return signEnvelope(kit.mesh, "opening", body, signer);
}

function codeOf(value: unknown): string {
  return isReject(value) ? value.reject : "taken";
}

const ordered = (envelope: Envelope, nowMs = START_MS) =>
  codeOf(openOrder(nodeCrypto, view, envelope, nowMs));
const read = (envelope: Envelope) => codeOf(readOpening(nodeCrypto, view, envelope, START_MS));

describe("an order", () => {
  test("is one operator's, in time, for a generation after the first", () => {
    expect(ordered(order())).toBe("taken");
    expect(ordered(order(), START_MS + HOUR_MS)).toBe("expired");
    expect(ordered(order({ generation: 1 }))).toBe("generation-not-next");
    expect(ordered(order({ ledger: 7 }))).toBe("malformed");
    expect(ordered(order({ format: 2 }))).toBe("unsupported-format");
    expect(ordered(order({ notAfterMs: BigInt(START_MS + 25 * HOUR_MS) }))).toBe(
      "not-after-too-far",
    );
    expect(ordered(order({}, kit.approvers.slice(0, 1)))).toBe("unknown-key");
  });

  test("chooses a head by two holders, never by one", () => {
    const keepHeadHash = new Uint8Array(32);
    expect(ordered(order({ keepHeadHash }, [olga, omar]))).toBe("taken");
    expect(ordered(order({ keepHeadHash }))).toBe("threshold-short");
    expect(ordered(order({ keepHeadHash: keepHeadHash.slice(1) }, [olga, omar]))).toBe("malformed");
  });
});

describe("a promise", () => {
  const opened = (envelope: Envelope) => codeOf(openPromise(nodeCrypto, view, envelope));

  test("is of who signs it, and names a head below the generation, or none", () => {
    expect(opened(promise(0, head(5)))).toBe("taken");
    expect(opened(promise(0, new Uint8Array()))).toBe("taken");
    const other = kit.coordinators[1]?.signer.publicKey as Bytes;
    expect(opened(promise(0, head(5), order(), { coordinatorKey: other }))).toBe("malformed");
    expect(opened(promise(0, head(5, { generation: 2 })))).toBe("malformed");
    expect(opened(promise(0, head(5, { ledger: Ledger.SIGNALS })))).toBe("malformed");
    expect(opened(promise(0, Uint8Array.of(1)))).toBe("malformed");
  });
});

describe("an opening", () => {
  const two = [promise(0, head(5)), promise(1, head(7))];

  test("holds promises of a majority; one without a store counts for nothing", () => {
    const checked = readOpening(nodeCrypto, view, opening(two), START_MS);
    expect(!isReject(checked) && Number(checked.kept.head.position)).toBe(7);
    expect(read(opening(two.slice(1)))).toBe("promises-short");
    expect(read(opening([promise(0, head(5)), promise(1, new Uint8Array())]))).toBe(
      "promises-short",
    );
    expect(read(opening([promise(0, head(5)), promise(0, head(7))]))).toBe("duplicate");
  });

  test("takes no promise under another order, of another generation or ledger", () => {
    const other = order({ createdMs: BigInt(START_MS + 1) });
    expect(read(opening([two[0] as Envelope, promise(1, head(7), other)]))).toBe("malformed");
    const third = promise(1, head(7), order(), { generation: 3 });
    expect(read(opening([two[0] as Envelope, third]))).toBe("malformed");
    expect(read(opening(two, order(), { generation: 3 }))).toBe("malformed");
    expect(read(opening(two, order(), { ledger: Ledger.SIGNALS }))).toBe("malformed");
  });

  test("is refused while heads contradict, until two operators name one", () => {
    const [a, b] = [head(5), head(5, { root: new Uint8Array(32).fill(1) })];
    expect(read(opening([promise(0, a), promise(1, b)]))).toBe("promises-contradict");
    const chosen = order({ keepHeadHash: nodeCrypto.sha256(b) }, [olga, omar]);
    const checked = readOpening(
      nodeCrypto,
      view,
      opening([promise(0, a, chosen), promise(1, b, chosen)], chosen),
      START_MS,
    );
    expect(!isReject(checked) && [checked.isChosen, checked.kept.bytes]).toEqual([true, b]);
    const absent = order({ keepHeadHash: new Uint8Array(32) }, [olga, omar]);
    const neither = opening([promise(0, a, absent), promise(1, b, absent)], absent);
    expect(read(neither)).toBe("promises-short");
  });
});

function note(by: number, position = 9, fields: object = {}): Envelope {
  const { signer } = kit.coordinators[by] as Person;
  const body = encodeNew(PoisonNoteSchema, {
    format: 1,
    coordinatorKey: signer.publicKey,
    ledger: Ledger.CONTROL,
    generation: 1,
    position: BigInt(position),
    chainHash: new Uint8Array(32).fill(position),
    why: "invariant broken",
    ...fields,
  });
  return signEnvelope(kit.mesh, "poison", body, signer);
}

describe("notes of poison", () => {
  const here = { ledger: Ledger.CONTROL, generation: 1 } as const;
  const taken = (tally: PoisonTally, envelope: Envelope) =>
    tally.take(nodeCrypto, view, envelope, here);

  test("are complete ONCE, with the first of a majority in the order of the journal", () => {
    const tally = new PoisonTally();
    expect(taken(tally, note(2))).toBeUndefined();
    expect(taken(tally, note(2, 9, { why: "again" }))).toBeUndefined();
    expect(taken(tally, note(0))).toEqual({ position: 9, notes: [note(2), note(0)] });
    expect(taken(tally, note(1))).toBeUndefined();
  });

  test("count together only about one message of this generation and ledger", () => {
    const tally = new PoisonTally();
    expect(taken(tally, note(0))).toBeUndefined();
    expect(taken(tally, note(1, 8))).toBeUndefined();
    expect(taken(tally, note(1, 9, { chainHash: new Uint8Array(32) }))).toBeUndefined();
    expect(taken(tally, note(1, 9, { generation: 2 }))).toBeUndefined();
    expect(taken(tally, note(1, 9, { ledger: Ledger.SIGNALS }))).toBe("malformed");
    const other = kit.coordinators[2]?.signer.publicKey as Bytes;
    expect(taken(tally, note(1, 9, { coordinatorKey: other }))).toBe("malformed");
    expect(taken(tally, note(1))).toMatchObject({ position: 9 });
  });

  test("about a message that was passed over change nothing", () => {
    const tally = new PoisonTally();
    tally.pass(9);
    for (const by of [0, 1, 2]) expect(taken(tally, note(by))).toBeUndefined();
  });

  test("go on from a snapshot as if never stopped", () => {
    const notes = [note(0), note(1, 8), note(2, 7), note(1), note(0, 8), note(2), note(1, 7)];
    for (let cut = 0; cut <= notes.length; cut++) {
      const [first, second] = [new PoisonTally(), new PoisonTally()];
      first.pass(3);
      for (const envelope of notes.slice(0, cut)) taken(first, envelope);
      second.load(new BinaryReader(saved(first)));
      for (const envelope of notes.slice(cut)) {
        expect(taken(second, envelope)).toEqual(taken(first, envelope));
      }
      expect(saved(second)).toEqual(saved(first));
    }
  });

  test("stand in an entry by a majority on its own position", () => {
    const at = { ...here, position: 9 };
    const fault = (notes: readonly Envelope[], position = 9) => {
      const poison = { $typeName: "ostraka.v1.Poison" as const, position: BigInt(position) };
      return poisonFault(nodeCrypto, view, { ...poison, notes: [...notes] }, at)?.reject;
    };
    expect(fault([note(0), note(1)])).toBeUndefined();
    expect(fault([note(0)])).toBe("not-poisoned");
    expect(fault([])).toBe("not-poisoned");
    expect(fault([note(0), note(0)])).toBe("duplicate");
    expect(fault([note(0), note(1, 8)])).toBe("not-poisoned");
    expect(fault([note(0, 8), note(1, 8)], 8)).toBe("wrong-index");
    expect(codeOf(openPoisonNote(nodeCrypto, view, note(0)))).toBe("taken");
  });
});

function saved(tally: PoisonTally): Uint8Array {
  const w = new BinaryWriter();
  tally.save(w);
  return w.finish();
}
