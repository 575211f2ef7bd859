// A mesh for tests: people, machines, genesis, commands and signals, all really signed. Randomness
// and the crypto port are arguments, so that unit tests and the simulator build the same thing each
// their own way.

import { create } from "@bufbuild/protobuf";
import {
  ApprovalSchema,
  BatchSchema,
  type Bytes,
  type Crypto,
  compareBytes,
  compareText,
  type Envelope,
  EvidenceKind,
  encodeNew,
  GenesisSchema,
  GrantSchema,
  hex,
  isReject,
  JoinSchema,
  MembershipSchema,
  MerkleTree,
  type MeshId,
  PolicyActivationSchema,
  PolicyDocumentSchema,
  type PrivatePart,
  PrivatePartSchema,
  PrivateSubjectSchema,
  ProposalSchema,
  Role,
  type Signal,
  SignalProofSchema,
  SignalSchema,
  type Signer,
  Stage,
  type SubjectText,
  signEnvelope,
  utf8,
  wireSubjectKind,
} from "@ostraka/proto";
import { commitmentOf, signalId } from "../src/kernel/index.ts";
import { type OpenedGenesis, openGenesis } from "../src/roster/index.ts";
import { PLAIN_POLICY_YAML } from "./plain-policy.ts";

export interface Person {
  readonly name: string;
  readonly signer: Signer;
}

export interface HostPerson extends Person {
  readonly domain: string;
}

export interface KitOptions {
  readonly crypto: Crypto;
  readonly openSigner: (seed: Bytes) => Signer;
  readonly random: (bytes: number) => Bytes;
  readonly coordinators?: number;
  readonly hosts?: number;
  /** Another roster than `up`'s: changes it before it is signed. */
  readonly changeRoster?: (roster: RosterInit, kit: MeshKit) => void;
}

const DAY_MS = 86_400_000;

/**
 * A mesh of `up`'s shape: two operators, three approvers in two groups, two authors, three roots.
 */
export class MeshKit {
  readonly crypto: Crypto;
  readonly random: (bytes: number) => Bytes;
  readonly openSigner: (seed: Bytes) => Signer;
  readonly roots: readonly Person[];
  readonly operators: readonly Person[];
  readonly approvers: readonly Person[];
  readonly authors: readonly Person[];
  readonly coordinators: readonly Person[];
  readonly hosts: readonly HostPerson[];
  readonly genesis: OpenedGenesis;

  constructor(options: KitOptions) {
    this.crypto = options.crypto;
    this.random = options.random;
    this.openSigner = options.openSigner;
    this.roots = ["root-1", "root-2", "root-3"].map((name) => this.person(name));
    this.operators = ["olga", "omar"].map((name) => this.person(name));
    this.approvers = ["ada", "rui", "sam"].map((name) => this.person(name));
    this.authors = ["pia", "paul"].map((name) => this.person(name));
    const coordinators = range(options.coordinators ?? 1);
    this.coordinators = coordinators.map((i) => this.person(`coordinator-${i}`));
    this.hosts = range(options.hosts ?? 3).map((i) => ({
      ...this.person(`host-${i}`),
      domain: `rack-${i}`,
    }));
    const envelope = this.genesisEnvelope((roster) => options.changeRoster?.(roster, this));
    const opened = openGenesis(this.crypto, envelope);
    if (isReject(opened)) throw new Error(`genesis refused: ${opened.reject}`);
    this.genesis = opened;
  }

  get mesh(): MeshId {
    return this.genesis.mesh;
  }

  person(name: string): Person {
    return { name, signer: this.openSigner(this.random(32)) };
  }

  genesisEnvelope(change: (roster: RosterInit) => void = () => undefined): Envelope {
    const roster: RosterInit = {
      format: 1,
      version: 1,
      meshName: "test",
      holders: [
        ...this.roots.map((p) => holder(p, Role.ROOT)),
        ...this.operators.map((p) => holder(p, Role.OPERATOR)),
        ...this.approvers.map((p) => holder(p, Role.APPROVER)),
        ...this.authors.map((p) => holder(p, Role.AUTHOR)),
        ...this.coordinators.map((p) => holder(p, Role.COORDINATOR)),
      ].sort((a, b) => compareText(a.name, b.name)),
      groups: [
        { name: "responders", holders: ["ada", "rui"] },
        { name: "security", holders: ["sam"] },
      ],
      faultDomains: this.hosts.map((host) => host.domain),
      rootThreshold: 2,
      authorThreshold: 2,
    };
    change(roster);
    const body = encodeNew(GenesisSchema, {
      format: 1,
      nonce: this.random(16),
      caFingerprint: this.random(32),
      roster,
    });
    const mesh = hex(this.crypto.sha256(body)) as MeshId;
    const [first, second] = this.roots as [Person, Person];
    return signEnvelope(mesh, "genesis", body, first.signer, second.signer);
  }

  /**
   * A policy document of an epoch and its activation, signed by the authors given (both by
   * default).
   */
  policy(epoch: number, nowMs: number, yaml = PLAIN_POLICY_YAML, authors = this.authors) {
    const signers = authors.map((author) => author.signer);
    const notAfterMs = BigInt(nowMs + DAY_MS);
    const document = { format: 1, epoch, yaml: utf8(yaml), notAfterMs };
    const body = encodeNew(PolicyDocumentSchema, document);
    const policyHash = this.crypto.sha256(body);
    const activation = { format: 1, epoch, policyHash, notAfterMs };
    const activationBody = encodeNew(PolicyActivationSchema, activation);
    return {
      document: signEnvelope(this.mesh, "policy", body, ...signers),
      activation: signEnvelope(this.mesh, "activation", activationBody, ...signers),
    };
  }

  /** Grant and membership of a host; two operators make it a witness. */
  join(host: HostPerson, nowMs: number, operators: readonly Person[] = this.operators) {
    const token = this.openSigner(this.random(32));
    const notAfterMs = BigInt(nowMs + DAY_MS);
    const grant = encodeNew(GrantSchema, {
      format: 1,
      name: host.name,
      faultDomain: host.domain,
      joinKey: token.publicKey,
      usesMax: 1,
      createdMs: BigInt(nowMs),
      notAfterMs,
    });
    const request = {
      format: 1,
      joinKey: token.publicKey,
      hostKey: host.signer.publicKey,
      tlsKey: this.random(32),
      natsKey: this.random(32),
      notAfterMs,
    };
    const join = signEnvelope(
      this.mesh,
      "join",
      encodeNew(JoinSchema, request),
      token,
      host.signer,
    );
    const membership = encodeNew(MembershipSchema, { format: 1, join, notAfterMs });
    const [coordinator] = this.coordinators as [Person];
    return {
      token,
      join,
      grant: signEnvelope(this.mesh, "grant", grant, ...operators.map((o) => o.signer)),
      membership: signEnvelope(this.mesh, "membership", membership, coordinator.signer),
    };
  }

  privatePart(subject: string, statement = ""): PrivatePart {
    const content = encodeNew(PrivateSubjectSchema, { subject, statement });
    return create(PrivatePartSchema, { salt: this.random(16), content });
  }

  /** A signed batch of signals about subjects, numbered from `first`. */
  batch(
    host: Person,
    incarnation: Bytes,
    first: number,
    statements: readonly SignalInit[],
  ): SignedBatch {
    const privates = statements.map((s) => s.part ?? this.privatePart(s.subject));
    const signals = statements.map((s, i) =>
      encodeNew(SignalSchema, {
        format: 1,
        hostKey: host.signer.publicKey,
        incarnation,
        number: BigInt(first + i),
        epoch: 1,
        subjectKind: wireSubjectKind(s.subject),
        commitment: commitmentOf(this.crypto, privates[i] as PrivatePart),
        evidenceKind: EvidenceKind.DECLARED,
        evidenceMdb: 40_000,
        levelMdb: 40_000,
        recommendedStage: Stage.SUSPEND,
        ...s.fields,
      }),
    );
    const tree = new MerkleTree(this.crypto);
    for (const signal of signals) tree.append(signalId(this.crypto, this.mesh, signal));
    const body = encodeNew(BatchSchema, {
      format: 1,
      hostKey: host.signer.publicKey,
      incarnation,
      firstNumber: BigInt(first),
      count: signals.length,
      root: tree.root(),
    });
    return { envelope: signEnvelope(this.mesh, "batch", body, host.signer), signals, privates };
  }

  /** One signal taken out of a batch of its own, as a warrant or a proposal carries it. */
  signalProof(
    host: Person,
    subject: SubjectText,
    nowMs: number,
    fields: SignalInit["fields"] = {},
  ) {
    const timeMs = BigInt(nowMs);
    const asked = { subject, fields: { timeMs, evidenceFromMs: timeMs, ...fields } };
    const { envelope, signals, privates } = this.batch(host, this.random(16), 0, [asked]);
    const [signal, part] = [signals[0] as Bytes, privates[0] as PrivatePart];
    const proof = create(SignalProofSchema, { batch: envelope, signal, leafIndex: 0, path: [] });
    return { id: signalId(this.crypto, this.mesh, signal), proof, part };
  }

  /** Proofs as a warrant holds them, sorted by id, with their private parts in that order. */
  evidence(signals: readonly ReturnType<MeshKit["signalProof"]>[]) {
    const sorted = [...signals].sort((a, b) => compareBytes(a.id, b.id));
    return { proofs: sorted.map((s) => s.proof), parts: sorted.map((s) => s.part) };
  }

  /** A signed proposal and the private part that opens it. */
  propose(proposer: Person, subject: SubjectText, nowMs: number, fields: object = {}) {
    const part = this.privatePart(subject, "seen on two hosts");
    const body = encodeNew(ProposalSchema, {
      format: 1,
      createdMs: BigInt(nowMs),
      notAfterMs: BigInt(nowMs + 3_600_000),
      nonce: this.random(16),
      epoch: 1,
      commitment: commitmentOf(this.crypto, part),
      wish: {
        case: "revoke",
        value: {
          subjectKind: wireSubjectKind(subject),
          stage: Stage.SUSPEND,
          ttlMs: 3_600_000n,
        },
      },
      ...fields,
    });
    const id = this.crypto.sha256(body);
    return { id, part, envelope: signEnvelope(this.mesh, "proposal", body, proposer.signer) };
  }

  approve(approver: Person, proposalId: Bytes, nowMs: number, fields: object = {}): Envelope {
    const body = encodeNew(ApprovalSchema, {
      format: 1,
      proposalId,
      createdMs: BigInt(nowMs),
      notAfterMs: BigInt(nowMs + 3_600_000),
      ...fields,
    });
    return signEnvelope(this.mesh, "approval", body, approver.signer);
  }
}

export interface SignalInit {
  readonly subject: SubjectText;
  readonly part?: PrivatePart;
  readonly fields?: Partial<Omit<Signal, "$typeName" | "$unknown">>;
}

export interface SignedBatch {
  readonly envelope: Envelope;
  readonly signals: readonly Bytes[];
  readonly privates: readonly PrivatePart[];
}

export interface HolderInit {
  name: string;
  keys: { role: Role; key: Bytes }[];
  foreignKeys: Bytes[];
}

export interface RosterInit {
  format: number;
  version: number;
  meshName: string;
  holders: HolderInit[];
  groups: { name: string; holders: string[] }[];
  faultDomains: string[];
  rootThreshold: number;
  authorThreshold: number;
}

function holder({ name, signer }: Person, role: Role): HolderInit {
  return { name, keys: [{ role, key: signer.publicKey }], foreignKeys: [] };
}

function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i + 1);
}
