// The mesh as the control ledger has made it: roster and policies wired together, viewed as of any
// control index. Knows how to re-derive a control entry's effect, so that a sidecar takes none on
// trust.

import { create } from "@bufbuild/protobuf";
import {
  type Crypto,
  type Entry,
  type Envelope,
  ErasureSchema,
  encode,
  equalBytes,
  hex,
  isReject,
  type LedgerId,
  MemberSchema,
  type Opening,
  type PrivatePart,
  type Reject,
  type Role,
  type RolloutChange,
  RolloutStep,
  type Roster as RosterDocument,
  reject,
} from "@ostraka/proto";
import { openErasure } from "../erasure/index.ts";
import {
  type HostMember,
  MACHINE_VERSION_MAX,
  MACHINE_VERSION_MIN,
  type MeshView,
  openApproval,
  openEquivocation,
  openProposal,
  type Policy,
} from "../kernel/index.ts";
import { PolicyBook } from "../policy/index.ts";
import { checkOpening, poisonFault } from "../repair/index.ts";
import { checkReports } from "../reports/index.ts";
import { isInCanary, openRollout, RolloutBook, type RolloutReport } from "../rollout/index.ts";
import { type OpenedGenesis, Roster } from "../roster/index.ts";
import { faultOfStatement } from "./statement-check.ts";

export class Mesh {
  readonly crypto: Crypto;
  readonly genesis: OpenedGenesis;
  readonly roster: Roster;
  readonly policies: PolicyBook;
  readonly rollouts = new RolloutBook();
  /** Versions that were activated, with the control index of each. */
  readonly #versions: { readonly version: number; readonly index: number }[] = [];
  /** Control index of the proof against each member that equivocated, by hex key. */
  readonly #convicted = new Map<string, number>();
  #controlIndex = 0;
  #view: MeshView | undefined;

  /** @param policies another book for a replay under a candidate; its own by default. */
  constructor(
    crypto: Crypto,
    genesis: OpenedGenesis,
    policies = new PolicyBook(crypto, genesis.mesh, genesis.roster),
  ) {
    this.crypto = crypto;
    this.genesis = genesis;
    this.roster = new Roster(crypto, genesis);
    this.policies = policies;
  }

  get controlIndex(): number {
    return this.#controlIndex;
  }

  /** The mesh as of now. */
  get view(): MeshView {
    this.#view ??= this.viewAt(this.#controlIndex);
    return this.#view;
  }

  /** The mesh as of a control index that has been applied. */
  viewAt(index: number): MeshView {
    const { roster, policies } = this;
    const convictedAt = (key: Uint8Array) => {
      const at = this.#convicted.get(hex(key));
      return at !== undefined && at <= index ? at : undefined;
    };
    const seen = (host: HostMember | undefined) => {
      if (host === undefined || host.index > index) return undefined;
      return convictedAt(host.key) === undefined ? host : { ...host, isWitness: false };
    };
    const epoch = policies.epochAt(index);
    const canary = this.rollouts.canaryAt(index);
    const canaryOf = (host: HostMember) =>
      canary !== undefined && isInCanary(this.crypto, canary, host) ? [canary.epoch] : [];
    const version = roster.at(index);
    const isExpelled = (key: Uint8Array) => version.expelled.has(hex(key));
    return {
      mesh: roster.mesh,
      meshName: version.document.meshName,
      controlIndex: index,
      rosterVersion: version.document.version,
      machineVersion: this.#versionAt(index),
      epoch,
      findHolder: (key: Uint8Array, roles: readonly Role[]) => roster.findHolder(key, roles, index),
      hostOf: (key) => seen(roster.host(key)),
      hostNamed: (name) => seen(roster.hostNamed(name)),
      hosts: () =>
        [...roster.hosts()].flatMap((host) => (isExpelled(host.key) ? [] : (seen(host) ?? []))),
      holdersOf: (role) => holdersIn(version.document, role),
      groupsOf: (holder) => version.groupsOf(holder),
      isExpelled,
      convictedAt,
      epochFor: (host) => canaryOf(host)[0] ?? epoch,
      epochsOf: (host, machineTimeMs) => {
        if (this.#versionAt(index) < 2) return [epoch];
        return [epoch, ...canaryOf(host), ...policies.closingAt(index, machineTimeMs)];
      },
      policyOf: (wanted) => {
        if (wanted !== canary?.epoch) return policies.policyAt(wanted, index);
        return policies.canaryOf(wanted, canary.isDryRun);
      },
      coordinatorKeys: () => version.coordinators,
    };
  }

  /** Checks a roster, and that the policy in force can still be met under it. */
  evaluateRoster(envelope: Envelope, machineTimeMs: number): RosterDocument | Reject {
    const next = this.roster.evaluateRoster(envelope, machineTimeMs);
    if (isReject(next)) return next;
    const { running } = this.rollouts;
    const epochs = [this.policies.activeEpoch, running?.order.epoch, running?.epochBefore];
    const wanted = epochs.filter((epoch) => epoch !== undefined);
    return this.policies.canBeMet(next, wanted) ? next : reject("policy-invalid");
  }

  /** Checks an activation: an epoch below one that is being rolled out would go back (I6). */
  evaluateActivation(envelope: Envelope, machineTimeMs: number): number | Reject {
    const { findHolder } = this.view;
    const epoch = this.policies.evaluateActivation(envelope, findHolder, machineTimeMs);
    if (isReject(epoch) || this.rollouts.mayActivate(epoch)) return epoch;
    return reject("epoch-not-next");
  }

  /** Checks an order to roll an epoch out. */
  evaluateRollout(envelope: Envelope, machineTimeMs: number) {
    const order = openRollout(this.crypto, this.view, this.policies, envelope, machineTimeMs);
    return isReject(order) ? order : (this.rollouts.faultOfOrder() ?? order);
  }

  #applyRollout(envelope: Envelope, machineTimeMs: number): void {
    const order = this.evaluateRollout(envelope, machineTimeMs);
    if (!isReject(order)) this.rollouts.applyOrder(order, this.policies, machineTimeMs);
  }

  /** The step of the running rollout that is due, by what a majority of coordinators reports. */
  nextRolloutChange(machineTimeMs: number, report: RolloutReport | undefined) {
    return this.rollouts.next(this.policies, machineTimeMs, report);
  }

  /** What the reports beside a step say; `undefined` for a step that was taken on none. */
  #reportOf(change: RolloutChange, machineTimeMs: number): RolloutReport | Reject | undefined {
    if (change.reports.length === 0) return undefined;
    const about = { case: "epoch", value: change.epoch } as const;
    return checkReports(this.crypto, this.view, about, change.reports, machineTimeMs);
  }

  #faultOfRolloutChange(change: RolloutChange, machineTimeMs: number): Reject | undefined {
    const report = this.#reportOf(change, machineTimeMs);
    if (report !== undefined && isReject(report)) return report;
    return this.rollouts.faultOfChange(this.policies, machineTimeMs, change, report);
  }

  #applyRolloutChange(change: RolloutChange, index: number, machineTimeMs: number): void {
    const report = this.#reportOf(change, machineTimeMs);
    const { running } = this.rollouts;
    if (running === undefined || (report !== undefined && isReject(report))) return;
    const { step, epoch, restoredEpoch } = change;
    if (step === RolloutStep.ACTIVE) this.policies.applyActivation(epoch, index, machineTimeMs);
    if (restoredEpoch > 0) {
      this.policies.applyRestored(running.epochBefore, index, machineTimeMs);
    }
    this.rollouts.applyChange(change, index, machineTimeMs, report);
  }

  #versionAt(index: number): number {
    return this.#versions.findLast((v) => v.index <= index)?.version ?? MACHINE_VERSION_MIN;
  }

  /** The active policy; `undefined` before the first activation. */
  get policy(): Policy | undefined {
    return this.view.policyOf(this.view.epoch);
  }

  /** The epoch that a host acts under: the active one, or a canary's that it is of. */
  epochOf(hostKey: Uint8Array): number {
    const host = this.view.hostOf(hostKey);
    return host === undefined ? this.view.epoch : this.view.epochFor(host);
  }

  /** The policy that a host acts under; `undefined` before the first activation. */
  policyFor(hostKey: Uint8Array): Policy | undefined {
    return this.view.policyOf(this.epochOf(hostKey));
  }

  /** Applies a control entry that has been decided or verified. */
  apply(entry: Entry): void {
    const index = Number(entry.index);
    const { effect } = entry;
    if (effect.case === "grant") this.roster.applyGrant(effect.value);
    if (effect.case === "member") this.roster.applyMember(effect.value, index);
    if (effect.case === "policy") this.#applyPolicy(effect.value, Number(entry.machineTimeMs));
    if (effect.case === "activation") {
      const at = Number(entry.machineTimeMs);
      const epoch = this.evaluateActivation(effect.value, at);
      if (!isReject(epoch)) {
        this.policies.applyActivation(epoch, index, at);
        this.rollouts.onActivation(index);
      }
    }
    if (effect.case === "rollout") this.#applyRollout(effect.value, Number(entry.machineTimeMs));
    if (effect.case === "rolloutChange") {
      this.#applyRolloutChange(effect.value, index, Number(entry.machineTimeMs));
    }
    if (effect.case === "roster") {
      this.roster.applyRoster(effect.value, index);
      this.policies.useRoster(this.roster.document);
    }
    if (effect.case === "equivocation") this.#convicted.set(hex(effect.value.key), index);
    if (effect.case === "version") {
      this.#versions.push({ version: effect.value.machineVersion, index });
    }
    this.#controlIndex = index;
    this.#view = undefined;
  }

  /** Only this code's own versions can be verified by; the next one, and none twice. */
  #faultOfVersion(version: number): Reject | undefined {
    const isNext = version === this.view.machineVersion + 1;
    return isNext && version <= MACHINE_VERSION_MAX ? undefined : reject("unsupported-format");
  }

  #faultOfOpening(opening: Opening, { ledger, generation, machineTimeMs }: Entry) {
    const checked = checkOpening(this.crypto, this.view, opening, Number(machineTimeMs));
    if (isReject(checked)) return checked;
    const isHere = checked.ledger === ledger && checked.generation === generation;
    return isHere ? undefined : reject("body-differs");
  }

  #applyPolicy(envelope: Envelope, machineTimeMs: number): void {
    const { view } = this;
    const policy = this.policies.evaluateDocument(envelope, view, machineTimeMs);
    if (!isReject(policy)) this.policies.applyDocument(envelope, policy, view.machineVersion);
  }

  /**
   * Re-derives a control entry that is not a verdict of the quorum: roster, policy and people's
   * commands.
   * @returns why it may not stand, or `undefined`.
   */
  faultOf(entry: Entry, privates: readonly PrivatePart[]): Reject | undefined {
    const { effect } = entry;
    const at = Number(entry.machineTimeMs);
    const { view, roster, policies } = this;
    switch (effect.case) {
      case "genesis":
        return equalBytes(effect.value.body, this.genesis.envelope.body) && entry.index === 1n
          ? undefined
          : reject("body-differs");
      case "roster":
        return faultIn(this.evaluateRoster(effect.value, at));
      case "erasure": {
        const order = openErasure(this.crypto, view, effect.value.order, at);
        if (isReject(order)) return order;
        const value = create(ErasureSchema, { ...effect.value, commitments: order.commitments });
        return sameBytes(encode(ErasureSchema, value), encode(ErasureSchema, effect.value));
      }
      case "grant":
        return faultIn(roster.evaluateGrant(effect.value, at));
      case "member": {
        const { membership } = effect.value;
        if (membership === undefined) return reject("malformed");
        const member = roster.evaluateMembership(membership, at);
        if (isReject(member)) return member;
        return sameBytes(encode(MemberSchema, member), encode(MemberSchema, effect.value));
      }
      case "policy":
        return faultIn(policies.evaluateDocument(effect.value, view, at));
      case "activation":
        return faultIn(this.evaluateActivation(effect.value, at));
      case "rollout":
        return faultIn(this.evaluateRollout(effect.value, at));
      case "rolloutChange":
        return this.#faultOfRolloutChange(effect.value, at);
      case "proposal":
        return faultIn(
          openProposal(this.crypto, view, effect.value, privates[0], privates.slice(1)),
        );
      case "approval":
        return faultIn(openApproval(this.crypto, view, effect.value));
      case "equivocation":
        return faultIn(openEquivocation(this.crypto, view, effect.value));
      case "refusals":
        return undefined;
      case "coverage":
      case "probe":
      case "halt":
        return faultOfStatement(this.crypto, view, effect, at);
      case "poison": {
        const { ledger, generation } = entry;
        const position = Number(entry.position);
        const at = { ledger: ledger as LedgerId, generation, position };
        return poisonFault(this.crypto, view, effect.value, at);
      }
      case "opening":
        return this.#faultOfOpening(effect.value, entry);
      case "version":
        return this.#faultOfVersion(effect.value.machineVersion);
      default:
        return reject("unsupported-format");
    }
  }
}

function holdersIn(roster: RosterDocument, role: Role): readonly string[] {
  const isIn = ({ keys }: RosterDocument["holders"][number]) => keys.some((k) => k.role === role);
  return roster.holders.filter(isIn).map((holder) => holder.name);
}

function faultIn(value: unknown): Reject | undefined {
  return isReject(value) ? value : undefined;
}

function sameBytes(a: Uint8Array, b: Uint8Array): Reject | undefined {
  return equalBytes(a, b) ? undefined : reject("body-differs");
}
