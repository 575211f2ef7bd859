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
  /** Machine time of its entry. */
  readonly atMs: number;
  /** Brings an earlier content back: what it replaces counts no more, at once. */
  readonly isRestored: boolean;
}

export class PolicyBook {
  readonly #crypto: Crypto;
  readonly #mesh: MeshId;
  #roster: Roster;
  readonly #published = new Map<number, Published>();
  readonly #activations: Activation[] = [];
  /** Copies whose verdicts are dry runs, by epoch. */
  readonly #dryRuns = new Map<number, Policy>();

  constructor(crypto: Crypto, mesh: MeshId, roster: Roster) {
    this.#crypto = crypto;
    this.#mesh = mesh;
    this.#roster = roster;
  }

  /** The roster in force from here on. */
  useRoster(roster: Roster): void {
    this.#roster = roster;
  }

  /**
   * Whether the policies of these epochs still parse under a roster: their rules can still be met.
   */
  canBeMet(roster: Roster, epochs: readonly number[]): boolean {
    return epochs.every((epoch) => {
      const published = this.#published.get(epoch);
      if (published === undefined) return true;
      const { yaml, machineVersion } = published;
      return !("fault" in parsePolicy(yaml, epoch, rosterFacts(roster), machineVersion));
    });
  }

  /** The epoch that was active before the one of a control index; 0 when none was. */
  epochBefore(index: number): number {
    const at = this.#activations.findLastIndex((a) => a.index <= index);
    return this.#activations[at - 1]?.epoch ?? 0;
  }

  /** Newest epoch whose document has been entered. */
  get newestEpoch(): number {
    return this.#published.size;
  }

  /** Authors who must sign. */
  get authorThreshold(): number {
    return this.#roster.authorThreshold;
  }

  get activeEpoch(): number {
    return this.#activations.at(-1)?.epoch ?? 0;
  }

  get nextEpoch(): number {
    return this.newestEpoch + 1;
  }

  /** SHA-256 of a published document's bytes, in hex. */
  hashOf(epoch: number): string | undefined {
    return this.#published.get(epoch)?.hash;
  }

  /** A published document, whether or not it was ever active. */
  documentOf(epoch: number): { readonly policy: Policy; readonly yaml: Uint8Array } | undefined {
    return this.#published.get(epoch);
  }

  /** The epoch active at a control index; 0 before the first activation. */
  epochAt(index: number): number {
    for (let i = this.#activations.length - 1; i >= 0; i--) {
      const activation = this.#activations[i] as Activation;
      if (activation.index <= index) return activation.epoch;
    }
    return 0;
  }

  /**
   * The epoch before the active one, while a window that was opened under it may be completed: for
   * its longest window's length after the next one was activated.
   */
  closingAt(index: number, machineTimeMs: number): readonly number[] {
    const at = this.#activations.findLastIndex((a) => a.index <= index);
    const [last, active] = [this.#activations[at - 1], this.#activations[at]];
    if (last === undefined || active === undefined || active.isRestored) return [];
    const rules = this.#published.get(last.epoch)?.policy.signalRules ?? [];
    const longestMs = Math.max(0, ...rules.map((rule) => rule.windowMs));
    return machineTimeMs <= active.atMs + longestMs ? [last.epoch] : [];
  }

  /** A published policy as a canary tries it out. */
  canaryOf(epoch: number, isDryRun: boolean): Policy | undefined {
    const policy = this.#published.get(epoch)?.policy;
    if (policy === undefined || !isDryRun) return policy;
    const known = this.#dryRuns.get(epoch);
    if (known !== undefined) return known;
    const copy = { ...policy, isDryRun: true };
    this.#dryRuns.set(epoch, copy);
    return copy;
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
    if (activation.epoch <= this.activeEpoch) return reject("epoch-not-next");
    return activation.epoch;
  }

  applyActivation(epoch: number, index: number, atMs: number): void {
    this.#activations.push({ epoch, index, atMs, isRestored: false });
  }

  /** Brings the content of an earlier epoch back as the next one, and makes that active (I6). */
  applyRestored(earlier: number, index: number, atMs: number): void {
    const epoch = this.nextEpoch;
    const published = this.#published.get(earlier) as Published;
    this.#published.set(epoch, { ...published, policy: { ...published.policy, epoch } });
    this.#activations.push({ epoch, index, atMs, isRestored: true });
  }
}
