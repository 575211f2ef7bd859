// The policy agent: documents by epoch, each signed by enough authors, and which epoch is active
// since which control index. One epoch number never names two policies, and epochs never go back
// (I6).

import {
  type Crypto,
  decode,
  type Envelope,
  type FindHolder,
  hex,
  isReject,
  LIMITS,
  type MeshId,
  openEnvelope,
  PolicyActivationSchema,
  PolicyDocumentSchema,
  type Reject,
  type Roster,
  reject,
} from "@ostraka/proto";
import { checkNotAfter, type MeshView, type Policy } from "../kernel/index.ts";
import { parsePolicy } from "./parse-policy.ts";
import { rosterFacts } from "./roster-facts.ts";

interface Published {
  readonly hash: string;
  readonly policy: Policy;
  readonly yaml: Uint8Array;
  /** Version whose fields the document was read with. */
  readonly machineVersion: number;
}

/** What a document is judged by: whose keys count, and which fields are known. */
export type DocumentView = Pick<MeshView, "findHolder" | "machineVersion">;

export interface Activation {
  readonly epoch: number;
  /** Control index of the activation. */
  readonly index: number;
}

export class PolicyBook {
  readonly #crypto: Crypto;
  readonly #mesh: MeshId;
  #roster: Roster;
  readonly #published = new Map<number, Published>();
  readonly #activations: Activation[] = [];

  constructor(crypto: Crypto, mesh: MeshId, roster: Roster) {
    this.#crypto = crypto;
    this.#mesh = mesh;
    this.#roster = roster;
  }

  /** The roster in force from here on. */
  useRoster(roster: Roster): void {
    this.#roster = roster;
  }

  /** Whether the policy in force still parses under a roster: its rules can still be met. */
  canBeMet(roster: Roster): boolean {
    const epoch = this.#activations[this.#activations.length - 1]?.epoch;
    const published = epoch === undefined ? undefined : this.#published.get(epoch);
    if (epoch === undefined || published === undefined) return true;
    const { yaml, machineVersion } = published;
    return !("fault" in parsePolicy(yaml, epoch, rosterFacts(roster), machineVersion));
  }

  /** The epoch active at a control index; 0 before the first activation. */
  epochAt(index: number): number {
    for (let i = this.#activations.length - 1; i >= 0; i--) {
      const activation = this.#activations[i] as Activation;
      if (activation.index <= index) return activation.epoch;
    }
    return 0;
  }

  /** The policy of an epoch that is or has been active at a control index. */
  policyAt(epoch: number, index: number): Policy | undefined {
    const isKnown = this.#activations.some((a) => a.epoch === epoch && a.index <= index);
    return isKnown ? this.#published.get(epoch)?.policy : undefined;
  }

  evaluateDocument(envelope: Envelope, view: DocumentView, machineTimeMs: number): Policy | Reject {
    const opened = openEnvelope(this.#crypto, this.#mesh, "policy", envelope, view.findHolder);
    if (isReject(opened)) return opened;
    if (opened.holders.length < this.#roster.authorThreshold) return reject("threshold-short");
    const document = decode(PolicyDocumentSchema, opened.body, LIMITS.envelopeBodyBytesMax);
    if (document === undefined) return reject("malformed");
    if (document.format !== 1) return reject("unsupported-format");
    const late = checkNotAfter(document.notAfterMs, machineTimeMs);
    if (late !== undefined) return late;
    if (document.epoch !== this.#published.size + 1) return reject("epoch-not-next");
    const facts = rosterFacts(this.#roster);
    const policy = parsePolicy(document.yaml, document.epoch, facts, view.machineVersion);
    return "fault" in policy ? reject("policy-invalid") : policy;
  }

  applyDocument(envelope: Envelope, policy: Policy, machineVersion: number): void {
    const hash = hex(this.#crypto.sha256(envelope.body));
    const document = decode(PolicyDocumentSchema, envelope.body, LIMITS.envelopeBodyBytesMax);
    const yaml = document?.yaml ?? new Uint8Array();
    this.#published.set(policy.epoch, { hash, policy, yaml, machineVersion });
  }

  evaluateActivation(
    envelope: Envelope,
    findHolder: FindHolder,
    machineTimeMs: number,
  ): number | Reject {
    const opened = openEnvelope(this.#crypto, this.#mesh, "activation", envelope, findHolder);
    if (isReject(opened)) return opened;
    if (opened.holders.length < this.#roster.authorThreshold) return reject("threshold-short");
    const activation = decode(PolicyActivationSchema, opened.body, LIMITS.envelopeBodyBytesMax);
    if (activation === undefined) return reject("malformed");
    if (activation.format !== 1) return reject("unsupported-format");
    const late = checkNotAfter(activation.notAfterMs, machineTimeMs);
    if (late !== undefined) return late;
    const published = this.#published.get(activation.epoch);
    if (published === undefined) return reject("unknown-epoch");
    if (published.hash !== hex(activation.policyHash)) return reject("unknown-epoch");
    const active = this.#activations[this.#activations.length - 1]?.epoch ?? 0;
    if (activation.epoch <= active) return reject("epoch-not-next");
    return activation.epoch;
  }

  applyActivation(epoch: number, index: number): void {
    this.#activations.push({ epoch, index });
  }
}
