// The people and machines of a simulated mesh: keys from the seed, a genesis, signed start
// commands. Real keys, real signatures; only chance and time are simulated.

import { type OpenedGenesis, openGenesis } from "@ostraka/agents/node";
import { openCrypto, openSigner } from "@ostraka/host";
import {
  type Crypto,
  compareText,
  type Envelope,
  encodeNew,
  equalBytes,
  GenesisSchema,
  GrantSchema,
  hex,
  isReject,
  JoinSchema,
  MembershipSchema,
  type MeshId,
  PolicyActivationSchema,
  PolicyDocumentSchema,
  Role,
  type Signer,
  signEnvelope,
  utf8,
} from "@ostraka/proto";
import type { Random } from "./random.ts";

export interface Person {
  readonly name: string;
  readonly signer: Signer;
}

/** A host of the mesh: where it stands, and whether two operators vouched for it. */
export interface HostPerson extends Person {
  readonly domain: string;
  readonly isWitness: boolean;
}

/** What a simulated mesh is made of. */
export interface MeshShape {
  readonly coordinators: number;
  readonly hosts: readonly Omit<HostPerson, "name" | "signer">[];
}

export interface SimMesh {
  readonly crypto: Crypto;
  readonly mesh: MeshId;
  readonly genesis: OpenedGenesis;
  readonly roots: readonly Person[];
  readonly operators: readonly Person[];
  readonly approvers: readonly Person[];
  readonly authors: readonly Person[];
  readonly coordinators: readonly Person[];
  readonly hosts: readonly HostPerson[];
  /** A second approver's key of ada: one holder, two keys. */
  readonly adaAgain: Person;
  /** An operator's key of sam, who is an approver too: one holder, two roles. */
  readonly samOperating: Person;
}

const DAY_MS = 86_400_000;

/** What is known of one signature: of which key, over which bytes, and whether it holds. */
interface Known {
  readonly key: Uint8Array;
  readonly message: Uint8Array;
  readonly answer: boolean;
}

/**
 * The real rule, each answer remembered for one mesh: all of its nodes ask the same questions. What
 * the mesh's own keys have signed is known to hold without asking.
 */
class SimCrypto implements Crypto {
  readonly #real = openCrypto();
  readonly #signatures = new Map<string, Known[]>();
  readonly #torsionFree = new Map<string, boolean>();

  sha256(...parts: readonly Uint8Array[]) {
    return this.#real.sha256(...parts);
  }

  verify(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
    const same = this.#knownOf(signature);
    const known = same.find((k) => equalBytes(k.message, message) && equalBytes(k.key, key));
    if (known !== undefined) return known.answer;
    const answer = this.#real.verify(key, message, signature);
    same.push({ key: key.slice(), message: message.slice(), answer });
    return answer;
  }

  isTorsionFree(key: Uint8Array): boolean {
    const known = this.#torsionFree.get(textOf(key)) ?? this.#real.isTorsionFree(key);
    this.#torsionFree.set(textOf(key), known);
    return known;
  }

  /** A signer of the mesh: what it signs holds, and its key is a point of the right group. */
  signer(seed: Uint8Array): Signer {
    const real = openSigner(seed);
    const key = real.publicKey;
    this.#torsionFree.set(textOf(key), true);
    const sign = (message: Uint8Array) => {
      const signature = real.sign(message);
      const same = this.#knownOf(signature);
      if (same.length === 0) same.push({ key, message: message.slice(), answer: true });
      return signature;
    };
    return { publicKey: key, sign };
  }

  /** Nothing of an earlier mesh is asked again. */
  forget(): void {
    this.#signatures.clear();
    this.#torsionFree.clear();
  }

  #knownOf(signature: Uint8Array): Known[] {
    const text = textOf(signature);
    const same = this.#signatures.get(text) ?? [];
    if (same.length === 0) this.#signatures.set(text, same);
    return same;
  }
}

/** Each byte as one character: the cheapest key of a map. */
function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

const crypto = new SimCrypto();

/** Builds a mesh of a shape, all keys from the seed. */
export function buildMesh(random: Random, shape: MeshShape): SimMesh {
  crypto.forget();
  const person = (name: string): Person => ({ name, signer: crypto.signer(random.bytes(32)) });
  const roots = [person("root-1"), person("root-2"), person("root-3")];
  const operators = [person("olga"), person("omar")];
  const approvers = [person("ada"), person("rui"), person("sam")];
  const authors = [person("pia"), person("paul")];
  const middle = range(shape.coordinators).map((i) => person(`coordinator-${i}`));
  const edges = shape.hosts.map((host, i) => ({ ...person(`host-${i + 1}`), ...host }));
  const adaAgain = person("ada");
  const samOperating = person("sam");
  const second = { ada: [adaAgain, Role.APPROVER], sam: [samOperating, Role.OPERATOR] } as const;
  const holders = [
    ...roots.map((p) => holder(p, Role.ROOT)),
    ...operators.map((p) => holder(p, Role.OPERATOR)),
    ...approvers.map((p) => holder(p, Role.APPROVER, second[p.name as keyof typeof second])),
    ...authors.map((p) => holder(p, Role.AUTHOR)),
    ...middle.map((p) => holder(p, Role.COORDINATOR)),
  ].sort((a, b) => compareText(a.name, b.name));
  const body = encodeNew(GenesisSchema, {
    format: 1,
    nonce: random.bytes(16),
    caFingerprint: random.bytes(32),
    roster: {
      format: 1,
      version: 1,
      meshName: "sim",
      holders,
      groups: [
        { name: "responders", holders: ["ada", "rui"] },
        { name: "security", holders: ["sam"] },
      ],
      faultDomains: [...new Set(edges.map((edge) => edge.domain))].sort(),
      rootThreshold: 2,
      authorThreshold: 2,
    },
  });
  const mesh = hex(crypto.sha256(body)) as MeshId;
  const [root1, root2] = roots as [Person, Person];
  const envelope = signEnvelope(mesh, "genesis", body, root1.signer, root2.signer);
  const genesis = openGenesis(crypto, envelope);
  if (isReject(genesis)) throw new Error(`simulated genesis refused: ${genesis.reject}`);
  const people = { roots, operators, approvers, authors, adaAgain, samOperating };
  return { crypto, mesh, genesis, ...people, coordinators: middle, hosts: edges };
}

/** The policy of an epoch and its activation, signed by both authors. */
export function policyCommands(
  sim: SimMesh,
  epoch: number,
  nowMs: number,
  yaml: string,
): [document: Envelope, activation: Envelope] {
  const signers = sim.authors.map((author) => author.signer);
  const notAfterMs = BigInt(nowMs + DAY_MS);
  const document = encodeNew(PolicyDocumentSchema, {
    format: 1,
    epoch,
    yaml: utf8(yaml),
    notAfterMs,
  });
  const activation = encodeNew(PolicyActivationSchema, {
    format: 1,
    epoch,
    policyHash: crypto.sha256(document),
    notAfterMs,
  });
  return [
    signEnvelope(sim.mesh, "policy", document, ...signers),
    signEnvelope(sim.mesh, "activation", activation, ...signers),
  ];
}

/** Grant and membership that let a host in; with both operators it is a witness. */
export function joinCommands(
  sim: SimMesh,
  random: Random,
  host: HostPerson,
  nowMs: number,
): [grant: Envelope, membership: Envelope] {
  const token = crypto.signer(random.bytes(32));
  const notAfterMs = BigInt(nowMs + DAY_MS);
  const operators = (host.isWitness ? sim.operators : sim.operators.slice(0, 1)).map(
    (o) => o.signer,
  );
  const grant = encodeNew(GrantSchema, {
    format: 1,
    name: host.name,
    faultDomain: host.domain,
    joinKey: token.publicKey,
    usesMax: 1,
    createdMs: BigInt(nowMs),
    notAfterMs,
  });
  const join = encodeNew(JoinSchema, {
    format: 1,
    joinKey: token.publicKey,
    hostKey: host.signer.publicKey,
    tlsKey: random.bytes(32),
    natsKey: random.bytes(32),
    notAfterMs,
  });
  const membership = encodeNew(MembershipSchema, {
    format: 1,
    join: signEnvelope(sim.mesh, "join", join, token, host.signer),
    notAfterMs,
  });
  const [coordinator] = sim.coordinators as [Person];
  return [
    signEnvelope(sim.mesh, "grant", grant, ...operators),
    signEnvelope(sim.mesh, "membership", membership, coordinator.signer),
  ];
}

function holder({ name, signer }: Person, role: Role, second?: readonly [Person, Role]) {
  const keys = [{ role, key: signer.publicKey }];
  if (second !== undefined) keys.push({ role: second[1], key: second[0].signer.publicKey });
  return { name, keys, foreignKeys: [] };
}

function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i + 1);
}
