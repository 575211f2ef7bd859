import { create } from "@bufbuild/protobuf";
import {
  type Bytes,
  EnvelopeSchema,
  encodeNew,
  GenesisSchema,
  hex,
  isReject,
  type MeshId,
  Role,
  signEnvelope,
  utf8,
} from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import type { HolderInit, Person, RosterInit } from "../../testkit/mesh-kit.ts";
import { nodeCrypto, testMesh } from "../../testkit/node-crypto.ts";
import { isName, meshIdOf, openGenesis } from "./index.ts";

const kit = testMesh("genesis");
const [root1, root2, root3] = kit.roots as [Person, Person, Person];

function codeOf(change: (roster: RosterInit) => unknown): string {
  const opened = openGenesis(
    nodeCrypto,
    kit.genesisEnvelope((roster) => void change(roster)),
  );
  return isReject(opened) ? opened.reject : "opened";
}

const holderOf = (roster: RosterInit, name: string) =>
  roster.holders.find((h) => h.name === name) as HolderInit;
const keyOf = (roster: RosterInit, name: string) =>
  holderOf(roster, name).keys[0] as { key: Bytes };
const without = (roster: RosterInit, ...names: string[]) => {
  roster.holders = roster.holders.filter((h) => !names.includes(h.name));
};

type Fault = readonly [name: string, change: (roster: RosterInit) => unknown, code: string];

const FAULTS: readonly Fault[] = [
  ["another version", (r) => (r.version = 2), "malformed"],
  ["another format", (r) => (r.format = 2), "unsupported-format"],
  ["holders out of order", (r) => r.holders.reverse(), "malformed"],
  ["one name twice", (r) => (holderOf(r, "omar").name = "olga"), "malformed"],
  ["a name with a capital", (r) => (holderOf(r, "ada").name = "Ada"), "malformed"],
  ["a mesh without a name", (r) => (r.meshName = ""), "malformed"],
  ["a domain that is no name", (r) => r.faultDomains.push("rack 9"), "malformed"],
  ["a group that is no name", (r) => (r.groups[0] = { name: "", holders: [] }), "malformed"],
  ["a group of nobody known", (r) => r.groups[0]?.holders.push("zed"), "malformed"],
  ["a group with an operator in it", (r) => r.groups[0]?.holders.push("olga"), "malformed"],
  ["no roots for its threshold", (r) => (r.rootThreshold = 4), "threshold-short"],
  ["a root threshold of 0", (r) => (r.rootThreshold = 0), "threshold-short"],
  ["all roots asked, two of them here", (r) => (r.rootThreshold = 3), "threshold-short"],
  ["an author threshold of 0", (r) => (r.authorThreshold = 0), "threshold-short"],
  ["no authors for its threshold", (r) => (r.authorThreshold = 3), "threshold-short"],
  ["no coordinator", (r) => without(r, "coordinator-1"), "threshold-short"],
  [
    "one holder with two author keys for a threshold of two",
    (r) => {
      holderOf(r, "pia").keys.push(...holderOf(r, "paul").keys);
      without(r, "paul");
    },
    "threshold-short",
  ],
  [
    "one key at two holders",
    (r) => (keyOf(r, "omar").key = keyOf(r, "olga").key),
    "key-in-other-use",
  ],
  [
    "one key in two roles of one holder",
    (r) => holderOf(r, "ada").keys.push({ role: Role.OPERATOR, key: keyOf(r, "ada").key }),
    "key-in-other-use",
  ],
  [
    "a signing key that is somebody's TLS or NATS key",
    (r) => holderOf(r, "omar").foreignKeys.push(keyOf(r, "olga").key),
    "key-in-other-use",
  ],
  [
    "a key of 31 bytes",
    (r) => (keyOf(r, "ada").key = keyOf(r, "ada").key.subarray(1)),
    "key-in-other-use",
  ],
  [
    "a key of small order",
    (r) => (keyOf(r, "ada").key = new Uint8Array(32).fill(1, 0, 1)),
    "key-not-strict",
  ],
  [
    "a key that is no canonical point",
    (r) => (keyOf(r, "ada").key = new Uint8Array(32).fill(0xff)),
    "key-not-strict",
  ],
  [
    "a host in the roster",
    (r) => ((holderOf(r, "ada").keys[0] as { role: Role }).role = Role.HOST),
    "malformed",
  ],
  [
    "a role nobody knows",
    (r) => ((holderOf(r, "ada").keys[0] as { role: Role }).role = 99 as Role),
    "malformed",
  ],
];

describe("a genesis", () => {
  test("opens, and its hash is the mesh's id", () => {
    const { envelope, mesh } = kit.genesis;
    const opened = openGenesis(nodeCrypto, envelope);
    expect(isReject(opened)).toBe(false);
    expect(meshIdOf(nodeCrypto, envelope.body)).toBe(mesh);
  });

  test.each(FAULTS)("with %s is refused", (_, change, code) => {
    expect(codeOf(change)).toBe(code);
  });

  test("with foreign keys of its holders' own opens", () => {
    expect(codeOf((r) => holderOf(r, "ada").foreignKeys.push(kit.random(32)))).toBe("opened");
  });

  test("asks the crypto port whether each key is free of torsion", () => {
    const torn = { ...nodeCrypto, isTorsionFree: () => false };
    expect(openGenesis(torn, kit.genesis.envelope)).toEqual({ reject: "key-not-strict" });
  });

  const { body } = kit.genesis.envelope;
  const signedBy = (...people: Person[]) =>
    openGenesis(
      nodeCrypto,
      signEnvelope(kit.mesh, "genesis", body, ...people.map((p) => p.signer)),
    );

  test("is signed by the threshold of roots, and by nobody else", () => {
    expect(isReject(signedBy(root1, root3))).toBe(false);
    expect(isReject(signedBy(root1, root2, root3))).toBe(false);
    expect(signedBy(root1)).toEqual({ reject: "threshold-short" });
    expect(signedBy(root1, root1)).toEqual({ reject: "duplicate" });
    expect(signedBy(root1, kit.operators[0] as Person)).toEqual({ reject: "unknown-key" });
    expect(signedBy()).toEqual({ reject: "no-signature" });
  });

  test("of one byte more, or of another mesh's type, is refused", () => {
    const longer = Uint8Array.of(...body, 0);
    const { envelope } = kit.genesis;
    expect(openGenesis(nodeCrypto, create(EnvelopeSchema, { ...envelope, body: longer }))).toEqual({
      reject: "malformed",
    });
    const other = hex(nodeCrypto.sha256(utf8("other"))) as MeshId;
    const lying = signEnvelope(other, "genesis", body, root1.signer, root2.signer);
    expect(openGenesis(nodeCrypto, lying)).toEqual({ reject: "wrong-mesh" });
  });

  test("needs a nonce and a fingerprint of their lengths", () => {
    for (const [nonce, ca] of [
      [15, 32],
      [16, 31],
      [0, 0],
    ] as const) {
      const bytes = encodeNew(GenesisSchema, {
        format: 1,
        nonce: kit.random(16).subarray(0, nonce),
        caFingerprint: kit.random(32).subarray(0, ca),
        roster: kit.genesis.roster,
      });
      const mesh = meshIdOf(nodeCrypto, bytes);
      const envelope = signEnvelope(mesh, "genesis", bytes, root1.signer, root2.signer);
      expect(openGenesis(nodeCrypto, envelope)).toEqual({ reject: "malformed" });
    }
  });
});

test.each([
  ["a", true],
  ["rack-1.b_2", true],
  ["a".repeat(63), true],
  ["a".repeat(64), false],
  ["", false],
  ["-a", false],
  ["A", false],
  ["a\n", false],
  ["ä", false],
])("%j can stand for a holder, a host, a group or a domain: %s", (name, expected) => {
  expect(isName(name)).toBe(expected);
});
