import { create } from "@bufbuild/protobuf";
import {
  BatchSchema,
  type Bytes,
  EnvelopeSchema,
  encodeNew,
  isReject,
  LIMITS,
  parseSubject,
  type SubjectText,
  signEnvelope,
} from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { MachineRun } from "../../testkit/machine-run.ts";
import type { HostPerson, SignedBatch } from "../../testkit/mesh-kit.ts";
import { nodeCrypto, testMesh } from "../../testkit/node-crypto.ts";
import {
  BinaryReader,
  BinaryWriter,
  type MeshView,
  openEquivocation,
  openSignalProof,
  signalId,
} from "../kernel/index.ts";
import { Intake } from "./index.ts";

const kit = testMesh("intake");
const [host, other] = kit.hosts as readonly HostPerson[] as [HostPerson, HostPerson];
const { view } = MachineRun.joined(kit);
const subject = parseSubject("address:203.0.113.7") as SubjectText;
const FIRST_LIFE = kit.random(16);
const SECOND_LIFE = kit.random(16);

function batch(first: number, count = 1, life: Bytes = FIRST_LIFE, by = host): SignedBatch {
  const statements = Array.from({ length: count }, () => ({ subject }));
  return kit.batch(by, life, first, statements);
}

function take(intake: Intake, { envelope, signals, privates }: SignedBatch): string | number {
  const taken = intake.take(view, envelope, signals, privates);
  return isReject(taken) ? taken.reject : taken.signals.length;
}

/** An envelope around any batch body, signed by the host. */
function signed(fields: object, by = host, key = by.signer.publicKey) {
  const body = encodeNew(BatchSchema, {
    format: 1,
    hostKey: key,
    incarnation: FIRST_LIFE,
    ...fields,
  });
  return signEnvelope(kit.mesh, "batch", body, by.signer);
}

describe("numbers", () => {
  test("are taken exactly in turn; repeats and gaps are refused and change nothing", () => {
    const intake = new Intake(nodeCrypto);
    expect(take(intake, batch(1))).toBe("number-gap");
    expect(take(intake, batch(0, 2))).toBe(2);
    expect(take(intake, batch(0, 2))).toBe("number-repeated");
    expect(take(intake, batch(1, 2))).toBe("number-repeated");
    expect(take(intake, batch(3))).toBe("number-gap");
    expect(take(intake, batch(2, 3))).toBe(3);
    expect(intake.positionOf(host.signer.publicKey)).toEqual({
      incarnation: FIRST_LIFE,
      nextNumber: 5n,
    });
  });

  test("run for each host alone", () => {
    const intake = new Intake(nodeCrypto);
    expect(take(intake, batch(0))).toBe(1);
    expect(take(intake, batch(1, 1, FIRST_LIFE, other))).toBe("number-gap");
    expect(take(intake, batch(0, 1, FIRST_LIFE, other))).toBe(1);
    expect(intake.positionOf(kit.operators[0]?.signer.publicKey as Bytes)).toBeUndefined();
  });

  test("begin anew with a new incarnation, and an older one that speaks again is a clone", () => {
    const intake = new Intake(nodeCrypto);
    expect(take(intake, batch(0))).toBe(1);
    expect(take(intake, batch(1, 1, SECOND_LIFE))).toBe("number-gap");
    expect(take(intake, batch(1))).toBe(1);
    expect(take(intake, batch(0, 1, SECOND_LIFE))).toBe(1);
    expect(take(intake, batch(2))).toBe("cloned");
    expect(take(intake, batch(0))).toBe("cloned");
    expect(take(intake, batch(1, 1, SECOND_LIFE))).toBe(1);
  });

  test("begin anew as often as a host restarts", () => {
    const intake = new Intake(nodeCrypto);
    for (let i = 0; i <= LIMITS.incarnationsPerHostMax + 1; i++) {
      expect(take(intake, batch(0, 1, kit.random(16)))).toBe(1);
    }
  });

  test("near the end of what 64 bits hold do not wrap around", () => {
    const intake = new Intake(nodeCrypto);
    const fields = { firstNumber: 2n ** 64n - 1n, count: 1, root: new Uint8Array(32) };
    const taken = intake.take(view, signed(fields), [new Uint8Array()], [kit.privatePart(subject)]);
    expect(taken).toEqual({ reject: "number-gap" });
  });
});

describe("a batch", () => {
  test("is taken whole or not at all: an altered private part, then the true one", () => {
    const intake = new Intake(nodeCrypto);
    const good = batch(0, 3);
    const altered = [...good.privates];
    altered[2] = kit.privatePart(subject);
    expect(take(intake, { ...good, privates: altered })).toBe("commitment-mismatch");
    expect(intake.positionOf(host.signer.publicKey)).toBeUndefined();
    expect(take(intake, good)).toBe(3);
  });

  test.each([
    ["signals dropped", (b: SignedBatch) => ({ ...b, signals: b.signals.slice(1) }), "malformed"],
    [
      "privates dropped",
      (b: SignedBatch) => ({ ...b, privates: b.privates.slice(1) }),
      "malformed",
    ],
    ["nothing beside it", (b: SignedBatch) => ({ ...b, signals: [], privates: [] }), "malformed"],
    [
      "signals in another order",
      (b: SignedBatch) => ({
        ...b,
        signals: [...b.signals].reverse(),
        privates: [...b.privates].reverse(),
      }),
      "malformed",
    ],
    [
      "private parts in another order",
      (b: SignedBatch) => ({ ...b, privates: [...b.privates].reverse() }),
      "commitment-mismatch",
    ],
    [
      "another batch's signals of the same numbers",
      (b: SignedBatch) => {
        const { signals, privates } = batch(0, 2);
        return { ...b, signals, privates };
      },
      "bad-root",
    ],
  ] as const)("with %s is refused, and the number stays", (_, change, code) => {
    const intake = new Intake(nodeCrypto);
    const good = batch(0, 2);
    expect(take(intake, change(good))).toBe(code);
    expect(take(intake, good)).toBe(2);
  });

  test("of no signal, or of more than its bound, is refused", () => {
    const intake = new Intake(nodeCrypto);
    const empty = signed({ count: 0, root: nodeCrypto.sha256() });
    expect(intake.take(view, empty, [], [])).toEqual({ reject: "malformed" });
    expect(take(intake, batch(0, LIMITS.batchSignalsMax + 1))).toBe("too-large");
    const huge = signed({ count: 2 ** 32 - 1, root: nodeCrypto.sha256() });
    expect(intake.take(view, huge, [], [])).toEqual({ reject: "malformed" });
    expect(take(intake, batch(0, LIMITS.batchSignalsMax))).toBe(LIMITS.batchSignalsMax);
  });

  test("that speaks for another host is refused, whoever's the leaves are", () => {
    const intake = new Intake(nodeCrypto);
    const { envelope, signals, privates } = batch(0, 1, FIRST_LIFE, other);
    const root = signalId(nodeCrypto, kit.mesh, signals[0] as Bytes);
    const claimed = signed({ count: 1, root }, host, other.signer.publicKey);
    expect(intake.take(view, claimed, signals, privates)).toEqual({ reject: "malformed" });
    const stolen = signed({ count: 1, root });
    expect(intake.take(view, stolen, signals, privates)).toEqual({ reject: "malformed" });
    expect(isReject(intake.take(view, envelope, signals, privates))).toBe(false);
  });

  test("signed twice, badly, or by who is no member is refused", () => {
    const intake = new Intake(nodeCrypto);
    const good = batch(0);
    const second = signEnvelope(kit.mesh, "batch", good.envelope.body, other.signer).signatures;
    const both = [...good.envelope.signatures, ...second];
    const withSignatures = (signatures: typeof both) => {
      const { type, body } = good.envelope;
      return { ...good, envelope: create(EnvelopeSchema, { type, body, signatures }) };
    };
    expect(take(intake, withSignatures(both))).toBe("not-a-member");
    expect(take(intake, withSignatures([]))).toBe("no-signature");
    const { key, signature } = good.envelope.signatures[0] as (typeof both)[number];
    for (const length of [0, 63, 65]) {
      const bytes = new Uint8Array(65);
      bytes.set(signature);
      const cut = { ...second[0], key, signature: bytes.subarray(0, length) };
      expect(take(intake, withSignatures([cut as (typeof both)[number]]))).toBe("bad-signature");
    }
    const stranger = { ...kit.person("stranger"), domain: "rack-1" };
    expect(take(intake, batch(0, 1, FIRST_LIFE, stranger))).toBe("unknown-key");
    expect(take(intake, good)).toBe(1);
  });

  test.each([0, 15, 17])("of an incarnation of %i bytes is refused", (length) => {
    expect(take(new Intake(nodeCrypto), batch(0, 1, new Uint8Array(length)))).toBe("malformed");
  });

  test("of another format is refused", () => {
    const taken = new Intake(nodeCrypto).take(view, signed({ format: 2 }), [], []);
    expect(taken).toEqual({ reject: "unsupported-format" });
  });

  test("whose subject is of another kind than the signal says is refused", () => {
    const user = parseSubject("user:test/mallory") as SubjectText;
    const lying = kit.batch(host, FIRST_LIFE, 0, [{ subject, part: kit.privatePart(user) }]);
    expect(take(new Intake(nodeCrypto), lying)).toBe("malformed");
  });

  test("gives each signal a path by which a warrant can carry it alone", () => {
    const taken = new Intake(nodeCrypto).take(view, ...batchArguments(batch(0, 7)));
    if (isReject(taken)) throw new Error(taken.reject);
    for (const signal of taken.signals) {
      const opened = openSignalProof(nodeCrypto, view, signal.proof(), signal.part);
      expect(isReject(opened) ? opened : opened.id).toEqual(signal.id);
    }
  });
});

function batchArguments({ envelope, signals, privates }: SignedBatch) {
  return [envelope, signals, privates] as const;
}

describe("two batches of one range", () => {
  const since2: MeshView = { ...view, machineVersion: 2 };
  const code = (intake: Intake, { envelope, signals, privates }: SignedBatch, as = since2) => {
    const taken = intake.take(as, envelope, signals, privates);
    return isReject(taken) ? taken.reject : taken.signals.length;
  };

  test("convict the host by its own two signatures, once taken and as long as it is recent", () => {
    const intake = new Intake(nodeCrypto);
    const [one, two] = [batch(0, 2), batch(0, 2)];
    expect(code(intake, one)).toBe(2);
    expect(code(intake, one)).toBe("number-repeated");
    expect(intake.takeProof()).toBeUndefined();
    expect(code(intake, two)).toBe("equivocation");
    const proof = intake.takeProof();
    expect(openEquivocation(nodeCrypto, since2, proof)).toMatchObject({ kind: "batch" });
    expect(intake.takeProof()).toBeUndefined();
    for (let n = 2; n < 10; n++) expect(code(intake, batch(n))).toBe(1);
    expect(code(intake, two)).toBe("number-repeated");
    expect(code(intake, batch(9))).toBe("equivocation");
  });

  test("of other ranges prove nothing: a host may batch anew what it sends again", () => {
    const intake = new Intake(nodeCrypto);
    code(intake, batch(0, 2));
    expect(code(intake, batch(0, 1))).toBe("number-repeated");
    expect(code(intake, batch(0, 3))).toBe("number-repeated");
    expect(code(intake, batch(0, 2, SECOND_LIFE))).toBe(2);
    expect(intake.takeProof()).toBeUndefined();
  });

  test("of who was convicted are refused, whatever they say", () => {
    const intake = new Intake(nodeCrypto);
    expect(code(intake, batch(0), { ...since2, convictedAt: () => 3 })).toBe("equivocation");
    expect(code(intake, batch(0))).toBe(1);
  });

  test("are compared by an intake that was saved and loaded as by one that never stopped", () => {
    const whole = new Intake(nodeCrypto);
    for (let n = 0; n < 12; n++) code(whole, batch(n));
    code(whole, batch(0, 1, SECOND_LIFE, other));
    const saved = (intake: Intake) => {
      const w = new BinaryWriter();
      intake.save(w);
      return w.finish();
    };
    const half = new Intake(nodeCrypto);
    half.load(new BinaryReader(saved(whole)));
    expect(saved(half)).toEqual(saved(whole));
    for (const again of [batch(11), batch(4), batch(3), batch(12), batch(0, 1, SECOND_LIFE)]) {
      expect(code(half, again)).toBe(code(whole, again));
    }
    expect(half.takeProof()).toEqual(whole.takeProof());
    expect(saved(half)).toEqual(saved(whole));
  });
});
