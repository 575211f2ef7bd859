import { createHash, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { type Bytes, concat, hex, unhex, utf8 } from "./bytes.ts";
import type { Crypto, Signer } from "./crypto.ts";
import { hasStrictShape } from "./ed25519.ts";
import {
  cosignEnvelope,
  ENVELOPE_ROLES,
  type EnvelopeKind,
  envelopeType,
  type FindHolder,
  kindOfType,
  type MeshId,
  openEnvelope,
  pae,
  signEnvelope,
} from "./envelope.ts";
import { LIMITS } from "./limits.ts";
import { type Envelope, EnvelopeSchema, Role } from "./messages.ts";
import { isReject } from "./reject.ts";

const SPKI = unhex("302a300506032b6570032100") as Bytes;
const PKCS8 = unhex("302e020100300506032b657004220420") as Bytes;

const crypto: Crypto = {
  sha256: (...parts) =>
    new Uint8Array(
      createHash("sha256")
        .update(concat(...parts))
        .digest(),
    ),
  verify: (key, message, signature) => {
    if (!hasStrictShape(key, signature)) return false;
    const spki = Buffer.from(concat(SPKI, key));
    return verify(
      null,
      message,
      createPublicKey({ key: spki, format: "der", type: "spki" }),
      signature,
    );
  },
  isTorsionFree: () => true,
};

function signerOf(number: number): Signer {
  const der = Buffer.from(concat(PKCS8, new Uint8Array(32).fill(number)));
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  return {
    publicKey: new Uint8Array(spki.subarray(12)),
    sign: (message) => new Uint8Array(sign(null, message, key)),
  };
}

const MESH = "ab".repeat(32) as MeshId;
const OTHER_MESH = "cd".repeat(32) as MeshId;
const BODY = utf8("a body");
const ann = signerOf(1);
const annsSecond = signerOf(2);
const bob = signerOf(3);
const stranger = signerOf(4);

/** Ann holds two approver keys, Bob one; Ann's first is an operator's too. */
const holders = new Map([
  [hex(ann.publicKey), { name: "ann", roles: [Role.APPROVER, Role.OPERATOR] }],
  [hex(annsSecond.publicKey), { name: "ann", roles: [Role.APPROVER] }],
  [hex(bob.publicKey), { name: "bob", roles: [Role.APPROVER] }],
]);

const find: FindHolder = (key, roles) => {
  const holder = holders.get(hex(key));
  return holder?.roles.some((role) => roles.includes(role)) ? holder.name : undefined;
};

const openAs = (kind: EnvelopeKind, envelope: Envelope | undefined, mesh = MESH) => {
  const opened = openEnvelope(crypto, mesh, kind, envelope, find);
  return isReject(opened) ? opened.reject : opened;
};

const approval = (...signers: Signer[]) => signEnvelope(MESH, "approval", BODY, ...signers);
const withSignature = (envelope: Envelope, signature: Uint8Array, key = ann.publicKey) =>
  create(EnvelopeSchema, {
    type: envelope.type,
    body: envelope.body,
    signatures: [{ key, signature }],
  });

describe("an envelope", () => {
  test("opens to its exact body and its holders, in order of signature", () => {
    expect(openAs("approval", approval(bob, ann))).toEqual({ body: BODY, holders: ["bob", "ann"] });
    expect(openAs("approval", cosignEnvelope(approval(bob), ann))).toEqual({
      body: BODY,
      holders: ["bob", "ann"],
    });
  });

  test("counts one holder with two keys once", () => {
    expect(openAs("approval", approval(ann, annsSecond))).toMatchObject({ holders: ["ann"] });
  });

  test("signed twice with one key is refused", () => {
    expect(openAs("approval", approval(ann, bob, ann))).toBe("duplicate");
  });

  test("that is missing or empty is refused", () => {
    expect(openAs("approval", undefined)).toBe("malformed");
    expect(openAs("approval", create(EnvelopeSchema))).toBe("wrong-mesh");
  });

  test("of another mesh is refused, also under a type that only ends like ours", () => {
    const foreign = signEnvelope(OTHER_MESH, "approval", BODY, ann);
    expect(openAs("approval", foreign)).toBe("wrong-mesh");
    const renamed = create(EnvelopeSchema, { ...foreign, type: envelopeType(MESH, "approval") });
    expect(openAs("approval", renamed)).toBe("bad-signature");
  });

  test("of another kind is refused, also when its type is rewritten", () => {
    const proposal = signEnvelope(MESH, "proposal", BODY, ann);
    expect(openAs("proposal", proposal)).toMatchObject({ holders: ["ann"] });
    expect(openAs("approval", proposal)).toBe("wrong-type");
    const renamed = create(EnvelopeSchema, { ...proposal, type: envelopeType(MESH, "approval") });
    expect(openAs("approval", renamed)).toBe("bad-signature");
  });

  test("of a stranger, or of a member without the role, is refused", () => {
    expect(openAs("approval", approval(stranger))).toBe("unknown-key");
    expect(openAs("approval", approval(ann, stranger))).toBe("unknown-key");
    expect(openAs("grant", signEnvelope(MESH, "grant", BODY, bob))).toBe("unknown-key");
    expect(openAs("grant", signEnvelope(MESH, "grant", BODY, ann))).toMatchObject({
      holders: ["ann"],
    });
  });

  test("re-signed by another under the first one's key is refused", () => {
    const [theirs] = approval(bob).signatures;
    expect(openAs("approval", withSignature(approval(ann), theirs?.signature ?? BODY))).toBe(
      "bad-signature",
    );
  });

  test("with one bit of body or signature changed is refused", () => {
    const good = approval(ann);
    const body = Uint8Array.from(good.body);
    body[0] = (body[0] as number) ^ 1;
    expect(openAs("approval", create(EnvelopeSchema, { ...good, body }))).toBe("bad-signature");
    const signature = Uint8Array.from(good.signatures[0]?.signature ?? []);
    signature[40] = (signature[40] as number) ^ 1;
    expect(openAs("approval", withSignature(good, signature))).toBe("bad-signature");
  });

  test("with one bad signature beside a good one is refused as a whole", () => {
    const good = approval(ann, bob);
    const last = good.signatures[1];
    if (last !== undefined) last.signature = new Uint8Array(64);
    expect(openAs("approval", good)).toBe("bad-signature");
  });

  test.each([0, 32, 63, 65, 128])("with a signature of %d bytes is refused", (length) => {
    const good = approval(ann);
    const full = concat(good.signatures[0]?.signature ?? BODY, new Uint8Array(64));
    expect(openAs("approval", withSignature(good, full.subarray(0, length)))).toBe("bad-signature");
    expect(openAs("approval", withSignature(good, full.subarray(0, 64)))).toMatchObject({
      holders: ["ann"],
    });
  });

  test("signed with a key of small order is refused, even when the roster had it", () => {
    const identity = concat(Uint8Array.of(1), new Uint8Array(31));
    const forged = withSignature(approval(ann), concat(identity, new Uint8Array(32)), identity);
    expect(openAs("approval", forged)).toBe("unknown-key");
    const careless: FindHolder = () => "nobody";
    expect(openEnvelope(crypto, MESH, "approval", forged, careless)).toEqual({
      reject: "bad-signature",
    });
  });

  test("without signatures or with too many is refused", () => {
    expect(openAs("approval", approval())).toBe("no-signature");
    const many = Array.from({ length: LIMITS.signaturesMax + 1 }, () => ann);
    expect(openAs("approval", approval(...many))).toBe("too-many-signatures");
  });

  test("that is too large is refused before its signatures are looked at", () => {
    const sized = (length: number) => signEnvelope(MESH, "approval", new Uint8Array(length), ann);
    expect(openAs("approval", sized(LIMITS.envelopeBodyBytesMax))).toMatchObject({
      holders: ["ann"],
    });
    expect(openAs("approval", sized(LIMITS.envelopeBodyBytesMax + 1))).toBe("too-large");
  });
});

describe("the pre-authentication encoding", () => {
  test("is DSSE's published example", () => {
    const expected = "DSSEv1 29 http://example.com/HelloWorld 11 hello world";
    expect(pae("http://example.com/HelloWorld", utf8("hello world"))).toEqual(utf8(expected));
  });

  test("counts bytes, not characters, so that no two pairs encode alike", () => {
    expect(pae("é", utf8("x"))).toEqual(utf8("DSSEv1 2 é 1 x"));
    expect(pae("a 1 b", utf8(""))).not.toEqual(pae("a", utf8("b 0 ")));
  });
});

describe("a type", () => {
  test("names its kind in its own mesh alone", () => {
    for (const kind of Object.keys(ENVELOPE_ROLES) as EnvelopeKind[]) {
      expect(kindOfType(MESH, envelopeType(MESH, kind))).toBe(kind);
      expect(kindOfType(OTHER_MESH, envelopeType(MESH, kind))).toBeUndefined();
    }
  });

  test.each([
    "",
    "application/vnd.ostraka.tick.v1",
    `application/vnd.ostraka.tick.v2;mesh=${MESH}`,
    `application/vnd.ostraka.signal.v1;mesh=${MESH}`,
    `application/vnd.ostraka.constructor.v1;mesh=${MESH}`,
    `application/vnd.ostraka.tick.v1;mesh=${MESH.toUpperCase()}`,
    ` application/vnd.ostraka.tick.v1;mesh=${MESH}`,
    `application/vnd.ostraka.tick.v1;mesh=${MESH}\n`,
  ])("%j names no kind", (type) => {
    expect(kindOfType(MESH, type)).toBeUndefined();
  });
});
