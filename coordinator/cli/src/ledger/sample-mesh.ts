// A mesh in memory for the tests of this folder: one coordinator's real machines, fed by hand with
// signed messages. What they store is what an export reads. No test of its own, and nothing of the
// product.

import { createHash } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { newOut, type Store, type Write } from "@ostraka/agents/kernel";
import { CoordinatorNode, type OpenedGenesis } from "@ostraka/agents/node";
import type { AdminClient } from "@ostraka/coordinator";
import { openCrypto, openSigner } from "@ostraka/host";
import {
  ApprovalSchema,
  BatchSchema,
  type Bytes,
  ControlImportSchema,
  compareBytes,
  decode,
  type EntryRecord,
  EntryRecordSchema,
  EntrySchema,
  type Envelope,
  ErasureOrderSchema,
  encode,
  encodeNew,
  envelopeType,
  GrantSchema,
  JoinSchema,
  JournalMessageSchema,
  Ledger,
  type LedgerId,
  leafHash,
  MembershipSchema,
  MerkleTree,
  PolicyActivationSchema,
  PolicyDocumentSchema,
  type PrivatePart,
  PrivatePartSchema,
  PrivateSubjectSchema,
  ProposalSchema,
  pae,
  Role,
  type SealedHead,
  SealedHeadSchema,
  SignalSchema,
  type Signer,
  Stage,
  SubjectKind,
  signEnvelope,
  TickSchema,
  utf8,
} from "@ostraka/proto";
import { makeGenesis } from "../init/genesis.ts";
import { exportText, type SealedLedger } from "./export-source.ts";
import { SAMPLE_POLICY_YAML } from "./sample-policy.ts";

const crypto = openCrypto();
const START_MS = 1_750_000_000_000;
const digest = (text: string) => new Uint8Array(createHash("sha256").update(text).digest());
const signerOf = (name: string): Signer => openSigner(digest(name));

const PEOPLE = {
  olga: Role.OPERATOR,
  omar: Role.OPERATOR,
  ada: Role.APPROVER,
  rui: Role.APPROVER,
  sam: Role.APPROVER,
  pia: Role.AUTHOR,
  paul: Role.AUTHOR,
  "root-1": Role.ROOT,
  "root-2": Role.ROOT,
  "coordinator-1": Role.COORDINATOR,
} as const;

function memoryStore(): Store {
  const map = new Map<string, Bytes>();
  return {
    get: (key) => map.get(key),
    scan: (prefix, from = prefix) =>
      [...map]
        .filter(([k]) => k.startsWith(prefix) && k >= from)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    write: (writes: readonly Write[]) => {
      for (const { key, value } of writes) if (value) map.set(key, Uint8Array.from(value));
    },
  };
}

/** One coordinator's machines, fed by hand; what it stores is what an export reads. */
export class SampleMesh {
  readonly genesis: OpenedGenesis;
  readonly store = memoryStore();
  readonly #node: CoordinatorNode;
  readonly #positions = new Map<LedgerId, number>();
  /** Codes of what the machines refused. */
  readonly refusals: string[] = [];
  nowMs = START_MS;
  /** What its coordinator announces in ticks. */
  machineVersion = 1;

  constructor(name: string) {
    const holders = Object.entries(PEOPLE).map(([holder, role]) => {
      const signer = signerOf(`${name}/${holder}`);
      return { name: holder, role, signer, foreignKeys: [] };
    });
    this.genesis = makeGenesis(crypto, {
      meshName: name,
      holders,
      faultDomains: ["host-1", "host-2"],
      caFingerprint: digest("ca"),
    });
    const publicKey = signerOf(`${name}/coordinator-1`).publicKey;
    const { store, genesis } = this;
    this.#node = new CoordinatorNode({ crypto, genesis, publicKey, store });
  }

  signer(holder: string): Signer {
    return signerOf(`${this.genesis.roster.meshName}/${holder}`);
  }

  sign(kind: Parameters<typeof signEnvelope>[1], body: Bytes, ...holders: string[]): Envelope {
    const signers = holders.map((holder) => this.signer(holder));
    return signEnvelope(this.genesis.mesh, kind, body, ...signers);
  }

  push(
    ledger: LedgerId,
    envelope: Envelope,
    beside: { privates?: PrivatePart[]; signals?: Bytes[] } = {},
  ): void {
    const position = (this.#positions.get(ledger) ?? 0) + 1;
    this.#positions.set(ledger, position);
    const bytes = encodeNew(JournalMessageSchema, { format: 1, envelope, ...beside });
    const out = newOut<never>();
    this.#node.step({ type: "message", ledger, position, bytes }, out);
    for (const trace of out.trace) {
      if (trace.what === "rejected") this.refusals.push(String(trace["code"]));
    }
    this.store.write(out.persist);
    const head = out.seal.find((s) => s.kind === "head");
    if (head === undefined) return;
    const sealed = this.sign("head", head.body, "coordinator-1");
    const value = create(SealedHeadSchema, { head: head.body, seals: sealed.signatures });
    this.store.write([{ key: `sealed/${ledger}`, value: encode(SealedHeadSchema, value) }]);
  }

  tick(ledger: LedgerId): void {
    this.nowMs += 1_000;
    const coordinatorKey = this.signer("coordinator-1").publicKey;
    const { machineVersion } = this;
    const timeMs = BigInt(this.nowMs);
    const fields = { format: 1, coordinatorKey, ledger, timeMs, machineVersion };
    this.push(ledger, this.sign("tick", encodeNew(TickSchema, fields), "coordinator-1"));
  }

  read(ledger: LedgerId): SealedLedger {
    const sealed = this.store.get(`sealed/${ledger}`) as Bytes;
    const letter = ledger === Ledger.CONTROL ? "c" : "s";
    const records = [...this.store.scan(`record/${letter}/`)].map(([, bytes]) => {
      return decode(EntryRecordSchema, bytes, 1_000_000) as EntryRecord;
    });
    return { sealed: decode(SealedHeadSchema, sealed, 1_000_000) as SealedHead, records };
  }

  /** The ledger service of an honest coordinator, in pages of so many records. */
  ledgerService(pageSize = 100): Pick<AdminClient, "ledger"> {
    const listEntries = async ({ ledger, fromIndex }: { ledger?: number; fromIndex?: bigint }) => {
      const { sealed: head, records } = this.read(ledger as LedgerId);
      const first = Number(fromIndex) - 1;
      return { head, records: records.slice(first, first + pageSize) };
    };
    return { ledger: { listEntries } } as unknown as Pick<AdminClient, "ledger">;
  }

  lines(): string[] {
    const ledgers = new Map<LedgerId, SealedLedger>([
      [Ledger.CONTROL, this.read(Ledger.CONTROL)],
      [Ledger.SIGNALS, this.read(Ledger.SIGNALS)],
    ]);
    return [...exportText(this.genesis.mesh, ledgers)];
  }

  get notAfterMs(): bigint {
    return BigInt(this.nowMs + 3_600_000);
  }

  start(policyYaml = SAMPLE_POLICY_YAML): void {
    const { notAfterMs } = this;
    this.push(Ledger.CONTROL, this.genesis.envelope);
    this.tick(Ledger.CONTROL);
    this.tick(Ledger.SIGNALS);
    const yaml = utf8(policyYaml);
    const policy = encodeNew(PolicyDocumentSchema, { format: 1, epoch: 1, yaml, notAfterMs });
    this.push(Ledger.CONTROL, this.sign("policy", policy, "pia", "paul"));
    const policyHash = crypto.sha256(policy);
    const fields = { format: 1, epoch: 1, policyHash, notAfterMs };
    const activation = encodeNew(PolicyActivationSchema, fields);
    this.push(Ledger.CONTROL, this.sign("activation", activation, "pia", "paul"));
  }

  join(host: string): void {
    const { notAfterMs, genesis } = this;
    const joinKey = this.signer(`${host}/token`).publicKey;
    const grant = { format: 1, name: host, faultDomain: host, joinKey, usesMax: 1, notAfterMs };
    this.push(Ledger.CONTROL, this.sign("grant", encodeNew(GrantSchema, grant), "olga", "omar"));
    const hostKey = this.signer(host).publicKey;
    const [tlsKey, natsKey] = [digest(`${host}/tls`), digest(`${host}/nats`)];
    const body = { format: 1, joinKey, hostKey, tlsKey, natsKey, notAfterMs };
    const join = this.sign("join", encodeNew(JoinSchema, body), `${host}/token`, host);
    const membership = encodeNew(MembershipSchema, { format: 1, join, notAfterMs });
    const signed = signEnvelope(
      genesis.mesh,
      "membership",
      membership,
      this.signer("coordinator-1"),
    );
    this.push(Ledger.CONTROL, signed);
  }

  propose(wish: "revoke" | { lift: Bytes }, subject: string, proposer: string): Bytes {
    const content = encodeNew(PrivateSubjectSchema, { subject, statement: "seen twice" });
    const part = create(PrivatePartSchema, {
      salt: digest(`${subject}/salt`).slice(0, 16),
      content,
    });
    const body = encodeNew(ProposalSchema, {
      format: 1,
      createdMs: BigInt(this.nowMs),
      notAfterMs: this.notAfterMs,
      nonce: digest(`${subject}${this.nowMs}`).slice(0, 16),
      epoch: 1,
      commitment: crypto.sha256(part.salt, part.content),
      wish:
        wish === "revoke"
          ? {
              case: "revoke",
              value: { subjectKind: SubjectKind.USER, stage: Stage.SUSPEND, ttlMs: 3_600_000n },
            }
          : { case: "lift", value: { revocationIds: [wish.lift] } },
    });
    this.push(Ledger.CONTROL, this.sign("proposal", body, proposer), { privates: [part] });
    return crypto.sha256(body);
  }

  approve(proposalId: Bytes, ...approvers: string[]): void {
    for (const approver of approvers) {
      const fields = { format: 1, proposalId, createdMs: BigInt(this.nowMs) };
      const body = encodeNew(ApprovalSchema, { ...fields, notAfterMs: this.notAfterMs });
      this.push(Ledger.CONTROL, this.sign("approval", body, approver));
    }
  }

  importControl(): void {
    const { sealed, records } = this.read(Ledger.CONTROL);
    const coordinatorKey = this.signer("coordinator-1").publicKey;
    const fields = { format: 1, coordinatorKey, records: [...records], head: sealed };
    const body = encodeNew(ControlImportSchema, fields);
    this.push(Ledger.SIGNALS, this.sign("import", body, "coordinator-1"));
  }

  /** Enters an order to erase what stands behind commitments. */
  erase(commitments: readonly Bytes[], ...operators: string[]): void {
    const body = encodeNew(ErasureOrderSchema, {
      format: 1,
      nonce: digest(`erase/${this.nowMs}`).slice(0, 16),
      createdMs: BigInt(this.nowMs),
      notAfterMs: this.notAfterMs,
      commitments: [...commitments].sort(compareBytes),
    });
    this.push(Ledger.CONTROL, this.sign("erasure", body, ...operators));
  }

  signal(host: string, number: number): void {
    const subject = "address:203.0.113.7";
    const content = encodeNew(PrivateSubjectSchema, { subject });
    const part = create(PrivatePartSchema, {
      salt: digest(`${host}${number}`).slice(0, 16),
      content,
    });
    const shared = { format: 1, hostKey: this.signer(host).publicKey };
    const incarnation = digest(`${host}/incarnation`).slice(0, 16);
    const signal = encodeNew(SignalSchema, {
      ...shared,
      incarnation,
      number: BigInt(number),
      epoch: 1,
      timeMs: BigInt(this.nowMs),
      subjectKind: SubjectKind.ADDRESS,
      commitment: crypto.sha256(part.salt, part.content),
      evidenceKind: 1,
      evidenceMdb: 52_000,
      levelMdb: 52_000,
      evidenceFromMs: BigInt(this.nowMs - 5_000),
      recommendedStage: Stage.SUSPEND,
    });
    const tree = new MerkleTree(crypto);
    tree.append(leafHash(crypto, pae(envelopeType(this.genesis.mesh, "signal"), signal)));
    const batch = encodeNew(BatchSchema, {
      ...shared,
      incarnation,
      firstNumber: BigInt(number),
      count: 1,
      root: tree.root(),
    });
    const beside = { signals: [signal], privates: [part] };
    this.push(Ledger.SIGNALS, this.sign("batch", batch, host), beside);
  }
}

export function sampleMesh(name: string): SampleMesh {
  const mesh = new SampleMesh(name);
  mesh.start();
  mesh.join("host-1");
  mesh.join("host-2");
  mesh.importControl();
  for (const number of [0, 1]) {
    mesh.signal("host-1", number);
    mesh.signal("host-2", number);
  }
  mesh.approve(mesh.propose("revoke", "user:acme/mallory", "olga"), "ada", "sam");
  mesh.tick(Ledger.CONTROL);
  const revocation = mesh.read(Ledger.SIGNALS).records[0]?.entry as Bytes;
  const id = idOfRevocation(revocation);
  mesh.approve(mesh.propose({ lift: id }, "address:203.0.113.7", "rui"), "ada", "sam");
  mesh.importControl();
  mesh.propose("revoke", "user:acme/waiting", "omar");
  mesh.tick(Ledger.CONTROL);
  mesh.tick(Ledger.SIGNALS);
  if (mesh.refusals.length > 0) throw new Error(`refused: ${mesh.refusals.join(", ")}`);
  return mesh;
}

function idOfRevocation(bytes: Bytes): Bytes {
  const entry = decode(EntrySchema, bytes, 1_000_000);
  if (entry?.effect.case !== "revocation") throw new Error("no revocation");
  return entry.effect.value.id;
}
