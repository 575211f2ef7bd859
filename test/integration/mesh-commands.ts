// Signed commands of people and joining hosts, for tests: what the CLI makes with keys in files,
// made with keys in memory. Owns no key and sends nothing.

import { createHash, randomBytes } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { meshIdOf, type OpenedGenesis, openGenesis } from "@ostraka/agents/node";
import { createNatsUserKey, openSigner } from "@ostraka/host";
import { createCertRequest, type MeshCa, requestPublicKey } from "@ostraka/host/mesh-ca";
import {
  ApprovalSchema,
  type Bytes,
  type Crypto,
  type Envelope,
  encodeNew,
  GenesisSchema,
  GrantSchema,
  isReject,
  JoinSchema,
  type MeshId,
  PolicyActivationSchema,
  PolicyDocumentSchema,
  type PrivatePart,
  PrivatePartSchema,
  PrivateSubjectSchema,
  ProposalSchema,
  Role,
  type Signer,
  Stage,
  type SubjectText,
  signEnvelope,
  utf8,
  wireSubjectKind,
} from "@ostraka/proto";
import { PLAIN_POLICY_YAML } from "../../agents/testkit/plain-policy.ts";

const HOUR_MS = 3_600_000;

/** People of the genesis, as `init` names them. */
export const PEOPLE: readonly (readonly [string, Role])[] = [
  ["ada", Role.APPROVER],
  ["olga", Role.OPERATOR],
  ["omar", Role.OPERATOR],
  ["paul", Role.AUTHOR],
  ["pia", Role.AUTHOR],
  ["root-1", Role.ROOT],
  ["root-2", Role.ROOT],
  ["root-3", Role.ROOT],
  ["rui", Role.APPROVER],
  ["sam", Role.APPROVER],
];

export type FindSigner = (name: string) => Signer;

/** A genesis like that of `up`: two of three roots, two authors, responders and security. */
export function makeGenesis(
  crypto: Crypto,
  ca: MeshCa,
  signer: FindSigner,
  coordinators: readonly string[],
  faultDomains: readonly string[],
): OpenedGenesis {
  const roles = [...PEOPLE, ...coordinators.map((name) => [name, Role.COORDINATOR] as const)];
  const holders = roles
    .map(([name, role]) => ({ name, keys: [{ role, key: signer(name).publicKey }] }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const body = encodeNew(GenesisSchema, {
    format: 1,
    nonce: new Uint8Array(randomBytes(16)),
    roster: {
      format: 1,
      version: 1,
      meshName: "test",
      holders,
      groups: [
        { name: "responders", holders: ["ada", "rui"] },
        { name: "security", holders: ["sam"] },
      ],
      faultDomains: [...faultDomains],
      rootThreshold: 2,
      authorThreshold: 2,
    },
    caFingerprint: ca.fingerprint,
  });
  const roots = [signer("root-1"), signer("root-2")];
  const envelope = signEnvelope(meshIdOf(crypto, body), "genesis", body, ...roots);
  const opened = openGenesis(crypto, envelope);
  if (isReject(opened)) throw new Error(`the genesis is refused: ${opened.reject}`);
  return opened;
}

/** A host on its way in: its keys, and what `Join` takes. */
export interface Joining {
  readonly host: Signer;
  readonly nats: { readonly publicKey: Uint8Array; readonly seed: string };
  readonly tlsKeyPem: string;
  readonly request: { readonly join: Envelope; readonly certificateRequest: Bytes };
}

export interface RevokeOptions {
  readonly stage?: Stage;
  readonly ttlMs?: number;
  readonly hosts?: readonly string[];
  readonly statement?: string;
}

export interface AskedProposal {
  readonly id: Bytes;
  readonly envelope: Envelope;
  readonly part: PrivatePart;
}

/** Makes the commands of one mesh. */
export class MeshCommands {
  readonly #crypto: Crypto;
  readonly #mesh: MeshId;
  readonly #signer: FindSigner;

  constructor(crypto: Crypto, mesh: MeshId, signer: FindSigner) {
    this.#crypto = crypto;
    this.#mesh = mesh;
    this.#signer = signer;
  }

  /** Policy document and activation of an epoch, signed by both authors. */
  policy(epoch = 1, yaml = PLAIN_POLICY_YAML): readonly [Envelope, Envelope] {
    const authors = [this.#signer("paul"), this.#signer("pia")];
    const notAfterMs = BigInt(Date.now() + HOUR_MS);
    const body = encodeNew(PolicyDocumentSchema, {
      format: 1,
      epoch,
      yaml: utf8(yaml),
      notAfterMs,
    });
    const policyHash = this.#crypto.sha256(body);
    const activation = { format: 1, epoch, policyHash, notAfterMs };
    return [
      signEnvelope(this.#mesh, "policy", body, ...authors),
      signEnvelope(
        this.#mesh,
        "activation",
        encodeNew(PolicyActivationSchema, activation),
        ...authors,
      ),
    ];
  }

  /** A grant for one host; two operators make it a witness. */
  grant(name: string, faultDomain: string, joinKey: Bytes, operators = ["olga", "omar"]): Envelope {
    const nowMs = Date.now();
    const body = encodeNew(GrantSchema, {
      format: 1,
      name,
      faultDomain,
      joinKey,
      usesMax: 1,
      createdMs: BigInt(nowMs),
      notAfterMs: BigInt(nowMs + HOUR_MS),
    });
    return signEnvelope(this.#mesh, "grant", body, ...operators.map(this.#signer));
  }

  /** Keys of a host and its signed request to join with a token. */
  async joining(token: Signer, host: Signer = openSigner(randomBytes(32))): Promise<Joining> {
    const nats = createNatsUserKey();
    const { requestPem, keyPem } = await createCertRequest("host");
    const tlsKey = new Uint8Array(
      createHash("sha256").update(requestPublicKey(requestPem)).digest(),
    );
    const body = encodeNew(JoinSchema, {
      format: 1,
      joinKey: token.publicKey,
      hostKey: host.publicKey,
      tlsKey,
      natsKey: nats.publicKey,
      notAfterMs: BigInt(Date.now() + HOUR_MS),
    });
    const join = signEnvelope(this.#mesh, "join", body, token, host);
    const base64 = requestPem.replaceAll(/-----[A-Z ]+-----|\s/g, "");
    const certificateRequest = new Uint8Array(Buffer.from(base64, "base64"));
    return { host, nats, tlsKeyPem: keyPem, request: { join, certificateRequest } };
  }

  /** A kill switch on a subject, proposed under epoch 1. */
  revoke(subject: SubjectText, by = "olga", options: RevokeOptions = {}): AskedProposal {
    const { stage = Stage.SUSPEND, ttlMs = HOUR_MS, hosts = [] } = options;
    const scope = { hosts: [...hosts] };
    const subjectKind = wireSubjectKind(subject);
    const value = { subjectKind, stage, ttlMs: BigInt(ttlMs), scope };
    const statement = options.statement ?? "seen in a test";
    return this.#propose(subject, by, statement, { case: "revoke", value });
  }

  /** A lift of revocations of a subject. */
  lift(subject: SubjectText, ids: readonly Bytes[], by = "olga"): AskedProposal {
    const value = { revocationIds: [...ids] };
    return this.#propose(subject, by, "a mistake", { case: "lift", value });
  }

  approval(proposalId: Bytes, approver: string): Envelope {
    const nowMs = Date.now();
    const body = encodeNew(ApprovalSchema, {
      format: 1,
      proposalId,
      createdMs: BigInt(nowMs),
      notAfterMs: BigInt(nowMs + HOUR_MS),
    });
    return signEnvelope(this.#mesh, "approval", body, this.#signer(approver));
  }

  #propose(
    subject: SubjectText,
    by: string,
    statement: string,
    wish:
      | {
          case: "revoke";
          value: { subjectKind: number; stage: Stage; ttlMs: bigint; scope: object };
        }
      | { case: "lift"; value: { revocationIds: Bytes[] } },
  ): AskedProposal {
    const nowMs = Date.now();
    const part = create(PrivatePartSchema, {
      salt: new Uint8Array(randomBytes(16)),
      content: encodeNew(PrivateSubjectSchema, { subject, statement }),
    });
    const body = encodeNew(ProposalSchema, {
      format: 1,
      createdMs: BigInt(nowMs),
      notAfterMs: BigInt(nowMs + HOUR_MS),
      nonce: new Uint8Array(randomBytes(16)),
      epoch: 1,
      commitment: this.#crypto.sha256(part.salt, part.content),
      wish,
    });
    const envelope = signEnvelope(this.#mesh, "proposal", body, this.#signer(by));
    return { id: this.#crypto.sha256(body), envelope, part };
  }
}
