import {
  type Bytes,
  compareBytes,
  type Envelope,
  encodeNew,
  HeadSchema,
  hex,
  isReject,
  Ledger,
  LIMITS,
  signEnvelope,
} from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { MachineRun } from "../../testkit/machine-run.ts";
import type { Person } from "../../testkit/mesh-kit.ts";
import { nodeCrypto, testMesh } from "../../testkit/node-crypto.ts";
import { openEquivocation } from "../kernel/index.ts";
import { openSealedHead, type Sealed, Sealer } from "./index.ts";

const kit = testMesh("sealer", { coordinators: 3 });
const alone = testMesh("sealer alone");
const [a, b, c] = kit.coordinators as [Person, Person, Person];
const { view } = MachineRun.joined(kit);

function headBytes(position: number, fields: object = {}): Bytes {
  return encodeNew(HeadSchema, {
    format: 1,
    ledger: Ledger.CONTROL,
    generation: 1,
    position: BigInt(position),
    index: BigInt(position),
    chainHash: nodeCrypto.sha256(Uint8Array.of(position, 1)),
    root: nodeCrypto.sha256(Uint8Array.of(position)),
    activeSetDigest: new Uint8Array(32),
    ...fields,
  });
}

function seal(by: readonly Person[], position: number, fields: object = {}): Envelope {
  const signers = by.map((person) => person.signer);
  return signEnvelope(kit.mesh, "head", headBytes(position, fields), ...signers);
}

/** One envelope of each, as coordinators send them. */
function each(by: readonly Person[], position: number, fields: object = {}): Envelope[] {
  return by.map((person) => seal([person], position, fields));
}

class Taking {
  readonly sealer = new Sealer(nodeCrypto, Ledger.CONTROL);

  /** What the last of the envelopes brings. */
  take(...envelopes: readonly Envelope[]): string {
    let answer = "waits";
    for (const envelope of envelopes) {
      const taken = this.sealer.take(view, envelope);
      if (taken === undefined) answer = "waits";
      else answer = isReject(taken) ? taken.reject : `sealed ${taken.head.position}`;
    }
    return answer;
  }
}

const codeOf = (value: unknown) => (isReject(value) ? value.reject : "opened");

describe("a head", () => {
  test("is sealed by two of three, in whatever order their seals come", () => {
    const taking = new Taking();
    expect(taking.take(seal([b], 5))).toBe("waits");
    expect(taking.take(seal([b], 5))).toBe("waits");
    expect(taking.take(seal([a], 5))).toBe("sealed 5");
    expect(taking.take(seal([c], 5))).toBe("waits");
    const { sealed } = taking.sealer.latest as Sealed;
    expect(codeOf(openSealedHead(nodeCrypto, view, sealed))).toBe("opened");
    expect(sealed.seals.map(({ key }) => key)).toEqual(
      [a, b].map((p) => p.signer.publicKey).sort(compareBytes),
    );
  });

  test("comes one seal an envelope: two spliced into one are refused, nobody is blamed", () => {
    const taking = new Taking();
    expect(taking.take(seal([a, c], 5))).toBe("malformed");
    expect(taking.take(...each([a, c], 5))).toBe("sealed 5");
  });

  test.each([
    ["with a root of 31 bytes", { root: new Uint8Array(31) }],
    ["larger than a head can be", { stateDigest: new Uint8Array(2_000) }],
    ["at a position past every number", { position: 2n ** 60n }],
  ])("%s is malformed", (_, fields) => {
    expect(new Taking().take(seal([a], 5, fields))).toBe("malformed");
  });

  test("of a mesh of one coordinator is sealed by that one", () => {
    const sealer = new Sealer(nodeCrypto, Ledger.CONTROL);
    const one = MachineRun.joined(alone).view;
    const [coordinator] = alone.coordinators as [Person];
    const envelope = signEnvelope(alone.mesh, "head", headBytes(5), coordinator.signer);
    expect(isReject(sealer.take(one, envelope))).toBe(false);
    expect(sealer.latest?.head.position).toBe(5n);
  });

  test("is not sealed by two coordinators who say different things", () => {
    const taking = new Taking();
    expect(taking.take(seal([a], 5))).toBe("waits");
    expect(taking.take(seal([b], 5, { index: 4n }))).toBe("waits");
    expect(taking.take(seal([c], 5, { index: 4n }))).toBe("sealed 5");
    expect(taking.sealer.latest?.head.index).toBe(4n);
  });

  test("below the newest sealed one is passed over, a higher one is not", () => {
    const taking = new Taking();
    taking.take(...each([a, b], 5));
    expect(taking.take(...each([a, b], 4))).toBe("waits");
    expect(taking.take(seal([c], 5, { index: 9n }))).toBe("waits");
    expect(taking.take(...each([a, b], 6))).toBe("sealed 6");
    expect(taking.take(...each([a, b], 1, { generation: 2 }))).toBe("sealed 1");
    expect(taking.take(...each([a, b], 9))).toBe("waits");
  });

  test.each([
    ["of the other ledger", { ledger: Ledger.SIGNALS }, "malformed"],
    ["of another format", { format: 2 }, "unsupported-format"],
  ] as const)("%s is refused", (_, fields, code) => {
    expect(new Taking().take(seal([a], 5, fields))).toBe(code);
  });

  test("of who is no coordinator is refused, alone or beside one", () => {
    const [olga] = kit.operators as [Person];
    for (const by of [[olga], [a, olga], [kit.hosts[0] as Person]]) {
      expect(new Taking().take(seal(by, 5))).toBe("unknown-key");
    }
  });
});

describe("a coordinator that signs two heads for one position", () => {
  test("is named, and its seals there count no more", () => {
    const taking = new Taking();
    taking.take(seal([a], 5));
    expect(taking.take(seal([a], 5, { index: 4n }))).toBe("equivocation");
    expect(taking.take(seal([a], 5))).toBe("equivocation");
    expect(taking.take(seal([b], 5))).toBe("waits");
    expect(taking.take(seal([c], 5))).toBe("sealed 5");
    const keys = taking.sealer.latest?.sealed.seals.map(({ key }) => hex(key));
    expect(keys).not.toContain(hex(a.signer.publicKey));
  });

  test("completes neither of two heads that others have each signed", () => {
    const taking = new Taking();
    taking.take(seal([b], 5));
    taking.take(seal([c], 5, { index: 4n }));
    expect(taking.take(seal([a], 5))).toBe("sealed 5");
    const late = new Taking();
    late.take(seal([a], 5));
    late.take(seal([a], 5, { index: 4n }));
    expect(late.take(seal([b], 5))).toBe("waits");
    expect(late.take(seal([c], 5, { index: 4n }))).toBe("waits");
    expect(late.sealer.latest).toBeUndefined();
  });

  test("is named also when the place is sealed by then, and the proof is handed out once", () => {
    const taking = new Taking();
    taking.take(...each([a, b], 5), ...each([a, b], 6));
    expect(taking.take(seal([a], 5))).toBe("waits");
    expect(taking.sealer.takeProofs()).toEqual([]);
    expect(taking.take(seal([a], 5, { index: 9n }))).toBe("equivocation");
    const [proof, another] = taking.sealer.takeProofs();
    expect(another).toBeUndefined();
    expect(proof && openEquivocation(nodeCrypto, view, proof)).toMatchObject({ kind: "head" });
    expect(taking.sealer.takeProofs()).toEqual([]);
    expect(taking.sealer.latest?.head.index).toBe(6n);
  });

  test("once convicted completes no majority from the proof on, whatever it sealed before", () => {
    const after = { controlIndex: 8n };
    const isA = (key: Uint8Array) => hex(key) === hex(a.signer.publicKey);
    const convicted = { ...view, convictedAt: (key: Uint8Array) => (isA(key) ? 8 : undefined) };
    const sealer = new Sealer(nodeCrypto, Ledger.CONTROL);
    const take = (envelope: Envelope, as = convicted as typeof view) => {
      const taken = sealer.take(as, envelope);
      return taken === undefined ? "waits" : isReject(taken) ? taken.reject : "sealed";
    };
    expect(take(seal([a], 5, after), view)).toBe("waits");
    expect(take(seal([b], 5, after))).toBe("waits");
    expect(take(seal([c], 5, after))).toBe("sealed");
    expect(take(seal([a], 6, after))).toBe("equivocation");
    expect(take(seal([a], 7, { controlIndex: 7n }))).toBe("waits");
    expect(take(seal([b], 7, { controlIndex: 7n }))).toBe("sealed");
  });

  test("still counts at other positions", () => {
    const taking = new Taking();
    taking.take(seal([a], 5));
    taking.take(seal([a], 5, { index: 4n }));
    expect(taking.take(...each([a, b], 6))).toBe("sealed 6");
  });
});

describe("what is missing", () => {
  test("is said of the newest head that is not sealed yet", () => {
    const { sealer } = new Taking();
    expect(sealer.missingSeals(view)).toEqual([]);
    sealer.take(view, seal([b], 5));
    expect(sealer.missingSeals(view)).toEqual([a, c].map((p) => hex(p.signer.publicKey)));
    const lied = { ...view, convictedAt: () => 1 };
    expect(sealer.missingSeals(lied)).toHaveLength(3);
    sealer.take(view, seal([a], 5));
    expect(sealer.missingSeals(view)).toEqual([]);
  });
});

test("heads that wait are bounded: the oldest is forgotten, a sealed one never", () => {
  const trusting = { ...nodeCrypto, verify: () => true };
  const sealer = new Sealer(trusting, Ledger.CONTROL);
  const template = seal([a], 1);
  const at = (by: Person, position: number) => ({
    ...template,
    body: headBytes(position),
    signatures: [
      { ...template.signatures[0], key: by.signer.publicKey } as (typeof template.signatures)[0],
    ],
  });
  for (let i = 1; i <= LIMITS.pendingHeadsMax + 1; i++) sealer.take(view, at(a, i));
  expect(sealer.take(view, at(b, 1))).toBeUndefined();
  expect(isReject(sealer.take(view, at(b, LIMITS.pendingHeadsMax)))).toBe(false);
  expect(sealer.latest?.head.position).toBe(BigInt(LIMITS.pendingHeadsMax));
});

test("a stored head is started from only when it is later", () => {
  const taking = new Taking();
  taking.take(...each([a, b], 5));
  const older = new Taking();
  older.take(...each([a, b], 4));
  taking.sealer.adopt(older.sealer.latest as Sealed);
  expect(taking.sealer.latest?.head.position).toBe(5n);
  older.sealer.adopt(taking.sealer.latest as Sealed);
  expect(older.sealer.latest?.head.position).toBe(5n);
});
