// Golden envelopes: what a mesh signed once, it must be able to read and verify for ever. This test
// wrote the file while there was none (remove nothing from it; a new kind or format is added):
//   OSTRAKA_GOLDEN=write vitest run proto/src/golden.test.ts
// appends the kinds that the file has not, and never changes one that it has.

import { createHash, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { DescMessage } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { type Bytes, concat, hex, unhex, utf8 } from "./bytes.ts";
import type { Crypto, Signer } from "./crypto.ts";
import { hasStrictShape } from "./ed25519.ts";
import {
  ENVELOPE_ROLES,
  type EnvelopeKind,
  envelopeType,
  type MeshId,
  openEnvelope,
  pae,
  signEnvelope,
} from "./envelope.ts";
import { LIMITS } from "./limits.ts";
import { leafHash } from "./merkle.ts";
import {
  ApprovalSchema,
  BatchSchema,
  ControlImportSchema,
  CoverageClaimSchema,
  EnvelopeSchema,
  EquivocationSchema,
  ErasureOrderSchema,
  EvidenceKind,
  GenesisSchema,
  GrantSchema,
  HeadSchema,
  IntakeAckSchema,
  JoinSchema,
  Ledger,
  MembershipSchema,
  OpeningSchema,
  PoisonNoteSchema,
  PolicyActivationSchema,
  PolicyDocumentSchema,
  PolicyRolloutSchema,
  ProbeSchema,
  PromiseSchema,
  ProposalSchema,
  ReceiptSchema,
  RepairOrderSchema,
  ReportSchema,
  Role,
  RosterSchema,
  SignalSchema,
  Stage,
  SubjectKind,
  TickSchema,
} from "./messages.ts";
import { decode, encode, encodeNew } from "./wire.ts";

const FILE = join(import.meta.dirname, "../testdata/golden-envelopes.json");
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
    const publicKey = createPublicKey({ key: spki, format: "der", type: "spki" });
    return verify(null, message, publicKey, signature);
  },
  isTorsionFree: () => true,
};

/** Fixed keys: never used for anything else. */
function signerOf(number: number): Signer {
  const der = Buffer.from(concat(PKCS8, new Uint8Array(32).fill(number)));
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  return {
    publicKey: new Uint8Array(spki.subarray(SPKI.length)),
    sign: (message) => new Uint8Array(sign(null, message, key)),
  };
}

const [one, two] = [signerOf(1), signerOf(2)];
const fill = (length: number, byte: number) => new Uint8Array(length).fill(byte);
const TIME = 1_700_000_000_000n;

const roster = {
  format: 1,
  version: 1,
  meshName: "golden",
  holders: [
    { name: "ann", keys: [{ role: Role.ROOT, key: one.publicKey }], foreignKeys: [fill(32, 9)] },
    { name: "bob", keys: [{ role: Role.APPROVER, key: two.publicKey }] },
  ],
  groups: [{ name: "responders", holders: ["bob"] }],
  faultDomains: ["rack-1", "rack-2"],
  rootThreshold: 1,
  authorThreshold: 1,
};

const genesis = encodeNew(GenesisSchema, {
  format: 1,
  nonce: fill(16, 1),
  roster,
  caFingerprint: fill(32, 2),
});
const MESH = hex(crypto.sha256(genesis)) as MeshId;

const signal = encodeNew(SignalSchema, {
  format: 1,
  hostKey: one.publicKey,
  incarnation: fill(16, 3),
  number: 1n,
  epoch: 1,
  timeMs: TIME,
  subjectKind: SubjectKind.ADDRESS,
  commitment: fill(32, 4),
  evidenceKind: EvidenceKind.DECLARED,
  day: 19_675,
  evidenceMdb: 52_100,
  levelMdb: -1,
  evidenceFromMs: TIME - 60_000n,
  recommendedStage: Stage.SUSPEND,
});

const joinBody = encodeNew(JoinSchema, {
  format: 1,
  joinKey: two.publicKey,
  hostKey: one.publicKey,
  tlsKey: fill(32, 5),
  natsKey: fill(32, 6),
  notAfterMs: TIME,
});

const head = {
  format: 1,
  ledger: Ledger.SIGNALS,
  generation: 1,
  position: 300n,
  chainHash: fill(32, 7),
  index: 12n,
  root: fill(32, 8),
  machineTimeMs: TIME,
  activeSetDigest: fill(32, 9),
  stateDigest: fill(32, 10),
  controlIndex: 5n,
  epoch: 1,
  rosterVersion: 1,
  machineVersion: 1,
};

/** Body and schema of each kind, every field set. */
const BODIES: Record<EnvelopeKind, readonly [DescMessage, Bytes]> = {
  genesis: [GenesisSchema, genesis],
  roster: [RosterSchema, encodeNew(RosterSchema, { ...roster, version: 2, previous: fill(32, 1) })],
  grant: [
    GrantSchema,
    encodeNew(GrantSchema, {
      format: 1,
      name: "web-1",
      faultDomain: "rack-1",
      joinKey: two.publicKey,
      usesMax: 1,
      createdMs: TIME,
      notAfterMs: TIME + 1n,
      labels: ["tier=web"],
    }),
  ],
  join: [JoinSchema, joinBody],
  membership: [
    MembershipSchema,
    encodeNew(MembershipSchema, {
      format: 1,
      join: signEnvelope(MESH, "join", joinBody, two, one),
      notAfterMs: TIME,
    }),
  ],
  policy: [
    PolicyDocumentSchema,
    encodeNew(PolicyDocumentSchema, {
      format: 1,
      epoch: 1,
      yaml: utf8("format: 1\n"),
      notAfterMs: TIME,
    }),
  ],
  activation: [
    PolicyActivationSchema,
    encodeNew(PolicyActivationSchema, {
      format: 1,
      epoch: 1,
      policyHash: fill(32, 11),
      notAfterMs: TIME,
    }),
  ],
  proposal: [
    ProposalSchema,
    encodeNew(ProposalSchema, {
      format: 1,
      createdMs: TIME,
      notAfterMs: TIME + 1n,
      nonce: fill(16, 12),
      epoch: 1,
      commitment: fill(32, 13),
      wish: {
        case: "revoke",
        value: {
          subjectKind: SubjectKind.USER,
          stage: Stage.TERMINATE,
          scope: { hosts: ["web-1"], resources: ["/"], actions: ["read"], labels: ["tier=web"] },
          ttlMs: 3_600_000n,
          isDryRun: true,
          supersedes: [fill(32, 14)],
        },
      },
    }),
  ],
  approval: [
    ApprovalSchema,
    encodeNew(ApprovalSchema, {
      format: 1,
      proposalId: fill(32, 15),
      createdMs: TIME,
      notAfterMs: TIME + 1n,
    }),
  ],
  batch: [
    BatchSchema,
    encodeNew(BatchSchema, {
      format: 1,
      hostKey: one.publicKey,
      incarnation: fill(16, 3),
      firstNumber: 1n,
      count: 1,
      root: leafHash(crypto, pae(envelopeType(MESH, "signal"), signal)),
    }),
  ],
  receipt: [
    ReceiptSchema,
    encodeNew(ReceiptSchema, {
      format: 1,
      hostKey: one.publicKey,
      incarnation: fill(16, 3),
      number: 2n,
      controlIndex: 5n,
      signalsIndex: 12n,
      denySetDigest: fill(32, 16),
      machineTimeMs: TIME,
      timeMs: TIME + 3n,
      epoch: 1,
      rosterVersion: 1,
      exceptions: [{ revocationId: fill(32, 17), reason: "stage-not-supported" }],
      isFresh: true,
    }),
  ],
  tick: [
    TickSchema,
    encodeNew(TickSchema, {
      format: 1,
      coordinatorKey: one.publicKey,
      ledger: Ledger.CONTROL,
      timeMs: TIME,
      generation: 1,
      position: 299n,
      chainHash: fill(32, 18),
      machineVersion: 1,
    }),
  ],
  head: [HeadSchema, encodeNew(HeadSchema, head)],
  import: [
    ControlImportSchema,
    encodeNew(ControlImportSchema, {
      format: 1,
      coordinatorKey: one.publicKey,
      records: [{ entry: fill(3, 19), privates: [{ salt: fill(16, 20), content: fill(2, 21) }] }],
      head: {
        head: encodeNew(HeadSchema, { ...head, ledger: Ledger.CONTROL }),
        seals: [{ key: two.publicKey, signature: fill(64, 22) }],
      },
    }),
  ],
  ack: [
    IntakeAckSchema,
    encodeNew(IntakeAckSchema, {
      format: 1,
      coordinatorKey: one.publicKey,
      hostKey: two.publicKey,
      incarnation: fill(16, 3),
      nextNumber: 2n,
      generation: 1,
      position: 300n,
    }),
  ],
  rollout: [
    PolicyRolloutSchema,
    encodeNew(PolicyRolloutSchema, {
      format: 1,
      epoch: 2,
      policyHash: fill(32, 4),
      readyPermille: 900,
      canaryLabels: ["ring=canary"],
      isDryRun: true,
      bakeMs: 600_000n,
      guardrails: { revocationsMax: 50, liftsMax: 3 },
    }),
  ],
  repair: [
    RepairOrderSchema,
    encodeNew(RepairOrderSchema, { format: 1, ledger: Ledger.CONTROL, generation: 2 }),
  ],
  promise: [
    PromiseSchema,
    encodeNew(PromiseSchema, {
      format: 1,
      coordinatorKey: one.publicKey,
      ledger: Ledger.CONTROL,
      generation: 2,
      orderId: fill(32, 5),
    }),
  ],
  opening: [
    OpeningSchema,
    encodeNew(OpeningSchema, { format: 1, ledger: Ledger.CONTROL, generation: 2, promises: [] }),
  ],
  poison: [
    PoisonNoteSchema,
    encodeNew(PoisonNoteSchema, {
      format: 1,
      coordinatorKey: one.publicKey,
      ledger: Ledger.SIGNALS,
      generation: 1,
      position: 300n,
      chainHash: fill(32, 6),
      why: "an assertion",
    }),
  ],
  erasure: [
    ErasureOrderSchema,
    encodeNew(ErasureOrderSchema, { format: 1, nonce: fill(16, 7), commitments: [fill(32, 8)] }),
  ],
  coverage: [
    CoverageClaimSchema,
    encodeNew(CoverageClaimSchema, {
      format: 1,
      coordinatorKey: one.publicKey,
      verdictId: fill(32, 9),
      ledger: Ledger.CONTROL,
      index: 12n,
      receiptsRoot: fill(32, 10),
      hosts: 3,
      missingHostKeys: [two.publicKey],
    }),
  ],
  equivocation: [
    EquivocationSchema,
    encodeNew(EquivocationSchema, { format: 1, key: one.publicKey }),
  ],
  probe: [
    ProbeSchema,
    encodeNew(ProbeSchema, { format: 1, coordinatorKey: one.publicKey, timeMs: 1_000n }),
  ],
  report: [
    ReportSchema,
    encodeNew(ReportSchema, {
      format: 1,
      coordinatorKey: one.publicKey,
      about: { case: "epoch", value: 2 },
      hosts: 3,
      ready: 3,
    }),
  ],
};

const KINDS = Object.keys(ENVELOPE_ROLES) as EnvelopeKind[];

interface Golden {
  readonly mesh: string;
  /** Hex of the signal under the batch. */
  readonly signal: string;
  /** Hex of each encoded envelope, by kind. */
  readonly envelopes: Record<string, string>;
}

const signed = (kind: EnvelopeKind) =>
  encode(EnvelopeSchema, signEnvelope(MESH, kind, BODIES[kind][1], one, two));

function readGolden(): Golden {
  const kept: Golden = existsSync(FILE)
    ? JSON.parse(readFileSync(FILE, "utf8"))
    : { mesh: MESH, signal: hex(signal), envelopes: {} };
  if (process.env["OSTRAKA_GOLDEN"] !== "write") return kept;
  const fresh = Object.fromEntries(KINDS.map((kind) => [kind, hex(signed(kind))]));
  const all = { ...kept, envelopes: { ...fresh, ...kept.envelopes } };
  mkdirSync(dirname(FILE), { recursive: true });
  writeFileSync(FILE, `${JSON.stringify(all, undefined, 2)}\n`);
  return all;
}

const golden = readGolden();

test("every kind has a golden envelope", () => {
  expect(Object.keys(golden.envelopes).sort()).toEqual([...KINDS].sort());
});

describe.each(KINDS)("the golden %s", (kind) => {
  const bytes = unhex(golden.envelopes[kind] ?? "") ?? new Uint8Array();
  const envelope = decode(EnvelopeSchema, bytes, LIMITS.messageBytesMax);

  test("still opens, with both signatures, in its own mesh and kind alone", () => {
    const holderOf = (key: Uint8Array) => hex(key);
    const open = (mesh: MeshId, as: EnvelopeKind) =>
      openEnvelope(crypto, mesh, as, envelope, holderOf);
    expect(open(golden.mesh as MeshId, kind)).toEqual({
      body: envelope?.body,
      holders: [hex(one.publicKey), hex(two.publicKey)],
    });
    const other = kind === "tick" ? "head" : "tick";
    expect(open(golden.mesh as MeshId, other)).toEqual({ reject: "wrong-type" });
    expect(open("00".repeat(32) as MeshId, kind)).toEqual({ reject: "wrong-mesh" });
  });

  test("still decodes strictly, with format 1", () => {
    const [schema] = BODIES[kind];
    const body = decode(schema, envelope?.body ?? new Uint8Array(), LIMITS.messageBytesMax);
    expect(body).toMatchObject({ format: 1 });
  });

  test("is still what signing the same facts with the same keys makes", () => {
    expect(hex(signed(kind))).toBe(golden.envelopes[kind]);
  });
});

test("the mesh id and the signal's bytes are still the same", () => {
  expect({ mesh: MESH, signal: hex(signal) }).toEqual({
    mesh: golden.mesh,
    signal: golden.signal,
  });
});
