// Proofs that a member said two things at one place: what convicts, what does not, and what a
// conviction takes away at machines and sidecars alike.

import {
  type Bytes,
  channelsOf,
  cosignEnvelope,
  type Envelope,
  EnvelopeSchema,
  type Equivocation,
  EquivocationSchema,
  encode,
  encodeNew,
  HeadSchema,
  isReject,
  Ledger,
  parseSubject,
  ReceiptSchema,
  type SubjectText,
  signEnvelope,
} from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { MachineRun } from "../../testkit/machine-run.ts";
import type { HostPerson, Person } from "../../testkit/mesh-kit.ts";
import { nodeCrypto, testMesh } from "../../testkit/node-crypto.ts";
import { equivocationOf, openEquivocation, type Sealing } from "../kernel/index.ts";
import { EquivocationDesk } from "./coordinator/equivocation-desk.ts";
import { ReceiptBook } from "./coordinator/receipt-book.ts";
import { openSealedHead } from "./index.ts";
import { Mesh } from "./mesh.ts";

const kit = testMesh("equivocation", { coordinators: 3 });
const [a, b, c] = kit.coordinators as [Person, Person, Person];
const [h1, h2, h3] = kit.hosts as readonly HostPerson[] as [HostPerson, HostPerson, HostPerson];
const MALLORY = parseSubject("address:203.0.113.7") as SubjectText;
const OTHER = parseSubject("address:203.0.113.8") as SubjectText;
const life = kit.random(16);

function upgraded(): MachineRun {
  const run = MachineRun.joined(kit);
  run.upgrade();
  return run;
}

const { view } = upgraded();

function batchOf(host: HostPerson, subject: SubjectText, first = 0, incarnation = life) {
  const fields = { timeMs: 1_767_225_601_000n, evidenceFromMs: 1_767_225_601_000n };
  return kit.batch(host, incarnation, first, [{ subject, fields }]);
}

function receipt(host: HostPerson, fields: object = {}): Envelope {
  const body = encodeNew(ReceiptSchema, {
    format: 1,
    hostKey: host.signer.publicKey,
    incarnation: life,
    number: 7n,
    ...fields,
  });
  return signEnvelope(kit.mesh, "receipt", body, host.signer);
}

function head(by: Person, fields: object = {}): Envelope {
  const hash = nodeCrypto.sha256();
  const body = encodeNew(HeadSchema, {
    format: 1,
    ledger: Ledger.CONTROL,
    generation: 1,
    position: 9n,
    index: 3n,
    chainHash: hash,
    root: hash,
    activeSetDigest: hash,
    ...fields,
  });
  return signEnvelope(kit.mesh, "head", body, by.signer);
}

const codeOf = (key: Bytes, x: Envelope, y: Envelope) => {
  const opened = openEquivocation(nodeCrypto, view, equivocationOf(key, x, y));
  return isReject(opened) ? opened.reject : opened.kind;
};
const keyOf = ({ signer }: Person) => signer.publicKey;

describe("two words for one place", () => {
  const one = batchOf(h1, MALLORY).envelope;
  const two = batchOf(h1, OTHER).envelope;

  test.each([
    ["two batches of one range", keyOf(h1), one, two, "batch"],
    ["the same two, the other way round", keyOf(h1), two, one, "batch"],
    ["one batch twice", keyOf(h1), one, one, "malformed"],
    ["batches of other numbers", keyOf(h1), one, batchOf(h1, OTHER, 1).envelope, "malformed"],
    [
      "batches of another incarnation",
      keyOf(h1),
      one,
      batchOf(h1, OTHER, 0, kit.random(16)).envelope,
      "malformed",
    ],
    ["batches of two hosts", keyOf(h1), one, batchOf(h2, OTHER).envelope, "malformed"],
    ["batches held against another", keyOf(h2), one, two, "malformed"],
    ["two receipts of one number", keyOf(h1), receipt(h1), receipt(h1, { epoch: 2 }), "receipt"],
    ["receipts of two numbers", keyOf(h1), receipt(h1), receipt(h1, { number: 8n }), "malformed"],
    ["two heads of one position", keyOf(a), head(a), head(a, { index: 4n }), "head"],
    ["heads of two positions", keyOf(a), head(a), head(a, { position: 8n }), "malformed"],
    ["heads of two generations", keyOf(a), head(a), head(a, { generation: 2 }), "malformed"],
    ["heads of both ledgers", keyOf(a), head(a), head(a, { ledger: 2 }), "malformed"],
    ["heads of two coordinators", keyOf(a), head(a), head(b, { index: 4n }), "malformed"],
    ["a batch and a receipt", keyOf(h1), one, receipt(h1), "wrong-type"],
    [
      "words of a kind that may be said twice",
      keyOf(a),
      signEnvelope(kit.mesh, "tick", Uint8Array.of(1), a.signer),
      signEnvelope(kit.mesh, "tick", Uint8Array.of(2), a.signer),
      "wrong-type",
    ],
    [
      "a head with a second seal spliced on",
      keyOf(a),
      head(a),
      cosignEnvelope(head(a, { index: 4n }), b.signer),
      "malformed",
    ],
  ])("%s", (_, key, x, y, code) => {
    expect(codeOf(key, x, y)).toBe(code);
  });

  test("prove nothing in another spelling, format, or with a signature that does not hold", () => {
    const proof = equivocationOf(keyOf(h1), one, two);
    const code = (fields: Partial<Equivocation>) => {
      const opened = openEquivocation(nodeCrypto, view, { ...proof, ...fields });
      return isReject(opened) ? opened.reject : opened.kind;
    };
    expect(code({})).toBe("batch");
    expect(code({ first: proof.second as Envelope, second: proof.first as Envelope })).toBe(
      "malformed",
    );
    expect(code({ format: 2 })).toBe("unsupported-format");
    const forged = structuredClone(proof.second as Envelope);
    const [signature] = forged.signatures as unknown as [{ signature: Bytes }];
    signature.signature[5] = (signature.signature[5] as number) ^ 1;
    expect(code({ second: forged })).toBe("bad-signature");
    expect(openEquivocation(nodeCrypto, view, undefined)).toEqual({ reject: "malformed" });
  });
});

/** A coordinator's command. */
function accuse(by: Person, key: Bytes, x: Envelope, y: Envelope): Envelope {
  const body = encodeNew(EquivocationSchema, equivocationOf(key, x, y));
  return signEnvelope(kit.mesh, "equivocation", body, by.signer);
}

describe("an accusation", () => {
  const pair = [keyOf(h1), batchOf(h1, MALLORY).envelope, batchOf(h1, OTHER).envelope] as const;

  test("is entered once, by whichever coordinator hands it in first", () => {
    const run = upgraded();
    expect(run.command(accuse(b, ...pair))).toBeTypeOf("number");
    expect(run.entries("control").at(-1)?.effect.case).toBe("equivocation");
    expect(run.command(accuse(c, ...pair))).toBe("duplicate");
  });

  test("is no coordinator's word alone, nor anybody else's to make", () => {
    const run = upgraded();
    const [olga] = kit.operators as [Person];
    expect(run.command(accuse(olga, ...pair))).toBe("unknown-key");
    const [key, x] = pair;
    expect(run.command(accuse(a, key, x, x))).toBe("malformed");
  });

  test("is of the wrong type before machine version 2", () => {
    expect(MachineRun.joined(kit).command(accuse(a, ...pair))).toBe("wrong-type");
  });
});

describe("a host that was convicted", () => {
  test("is no witness and its signals count no more, in open windows neither", () => {
    const run = upgraded();
    const now = { timeMs: BigInt(run.nowMs), evidenceFromMs: BigInt(run.nowMs) };
    const say = (host: HostPerson, first: number, incarnation: Bytes) => {
      const batch = kit.batch(host, incarnation, first, [{ subject: MALLORY, fields: now }]);
      return run.batch(batch).rejects.map(({ code }) => code);
    };
    const lives = [kit.random(16), kit.random(16), kit.random(16)] as const;
    expect(say(h1, 0, lives[0])).toEqual([]);
    const other = kit.batch(h1, lives[0], 0, [{ subject: OTHER, fields: now }]);
    const step = run.batch(other);
    expect(step.rejects.map(({ code }) => code)).toEqual(["equivocation"]);
    const [proof] = step.proofs as [Equivocation];
    run.command(accuse(a, proof.key, proof.first as Envelope, proof.second as Envelope));
    run.import();
    expect(run.view.hostOf(keyOf(h1))?.isWitness).toBe(false);
    expect(run.view.hostOf(keyOf(h2))?.isWitness).toBe(true);
    expect(say(h1, 1, lives[0])).toEqual(["equivocation"]);
    expect(say(h2, 0, lives[1])).toEqual([]);
    expect(run.entries("signals").some((e) => e.effect.case === "revocation")).toBe(false);
    expect(say(h3, 0, lives[2])).toEqual([]);
    expect(run.entries("signals").at(-1)?.effect.case).toBe("revocation");
  });

  test("was one before: what the index of the proof does not cover stands", () => {
    const run = upgraded();
    const before = run.view.controlIndex;
    run.command(accuse(a, keyOf(h1), batchOf(h1, MALLORY).envelope, batchOf(h1, OTHER).envelope));
    expect(run.control.mesh.viewAt(before).hostOf(keyOf(h1))?.isWitness).toBe(true);
    expect(run.control.mesh.viewAt(before).convictedAt(keyOf(h1))).toBeUndefined();
    expect(run.view.convictedAt(keyOf(h1))).toBe(run.view.controlIndex);
  });

  test("repeats itself without harm: the same bytes are only a repeat", () => {
    const run = upgraded();
    const batch = batchOf(h1, MALLORY);
    run.batch(batch);
    const step = run.batch(batch);
    expect([step.rejects[0]?.code, step.proofs.length]).toEqual(["number-repeated", 0]);
  });

  test("is only a repeat before machine version 2", () => {
    const run = MachineRun.joined(kit);
    run.batch(batchOf(h1, MALLORY));
    const step = run.batch(batchOf(h1, OTHER));
    expect([step.rejects[0]?.code, step.proofs.length]).toEqual(["number-repeated", 0]);
  });
});

describe("a coordinator that was convicted", () => {
  test("seals nothing more from the proof on; the majority stays of the whole roster", () => {
    const run = upgraded();
    const old = run.sealed("control", [a, b]);
    run.command(accuse(b, keyOf(a), head(a), head(a, { index: 4n })));
    const code = (by: readonly Person[]) => {
      const opened = openSealedHead(nodeCrypto, run.view, run.sealed("control", by));
      return isReject(opened) ? opened.reject : "sealed";
    };
    expect(code([a, b])).toBe("not-sealed");
    expect(code([a, b, c])).toBe("sealed");
    expect(code([b, c])).toBe("sealed");
    expect(isReject(openSealedHead(nodeCrypto, run.view, old))).toBe(false);
  });
});

test("a sidecar opens the proof itself and believes no entry", () => {
  const run = upgraded();
  run.command(accuse(b, keyOf(a), head(a), head(a, { index: 4n })));
  const mesh = new Mesh(nodeCrypto, kit.genesis);
  const entries = run.entries("control");
  const last = entries.at(-1);
  for (const entry of entries.slice(0, -1)) mesh.apply(entry);
  if (last?.effect.case !== "equivocation") throw new Error("no proof was entered");
  expect(mesh.faultOf(last, [])).toBeUndefined();
  const value = { ...last.effect.value, key: keyOf(b) };
  const forged = { ...last, effect: { case: "equivocation" as const, value } };
  expect(mesh.faultOf(forged, [])).toEqual({ reject: "malformed" });
  mesh.apply(last);
  expect(mesh.faultOf(last, [])).toEqual({ reject: "duplicate" });
});

describe("a coordinator that has caught somebody", () => {
  const one = receipt(h1);
  const two = receipt(h1, { epoch: 2 });

  test("has it from receipts too: two of one number, whichever comes first", () => {
    const take = (book: ReceiptBook, envelope: Envelope) => {
      const taken = book.take(view, encode(EnvelopeSchema, envelope));
      return taken === undefined ? "known" : isReject(taken) ? taken.reject : "taken";
    };
    const book = new ReceiptBook(nodeCrypto);
    expect(take(book, one)).toBe("taken");
    expect(take(book, one)).toBe("known");
    expect(take(book, receipt(h2))).toBe("taken");
    expect(book.takeProofs()).toEqual([]);
    expect(take(book, two)).toBe("equivocation");
    const [proof] = book.takeProofs();
    expect(openEquivocation(nodeCrypto, view, proof)).toMatchObject({ kind: "receipt" });
    expect(book.takeProofs()).toEqual([]);
    expect(take(book, receipt(h1, { number: 8n, epoch: 2 }))).toBe("taken");
  });

  test("says so in the control journal until it is entered, and not before version 2", () => {
    const run = upgraded();
    const { publicKey } = a.signer;
    const desk = new EquivocationDesk(channelsOf(kit.mesh), publicKey);
    const proof = equivocationOf(keyOf(h1), one, two);
    desk.note([proof, proof]);
    const said = (wallMs: number, as = run.view) => {
      const out: Sealing[] = [];
      desk.offer(as, wallMs, { seal: out });
      return out;
    };
    expect(said(10_000, { ...run.view, machineVersion: 1 })).toEqual([]);
    const [first, another] = said(10_000);
    expect(another).toBeUndefined();
    expect(said(14_999)).toEqual([]);
    expect(said(15_000)).toHaveLength(1);
    const { kind, body } = first as Sealing;
    run.command(signEnvelope(kit.mesh, kind, body, a.signer));
    expect(run.view.convictedAt(keyOf(h1))).toBe(run.view.controlIndex);
    expect(said(20_000)).toEqual([]);
    desk.note([proof]);
    expect(said(30_000)).toEqual([]);
  });
});
