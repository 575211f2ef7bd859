// Coverage of one verdict, counted by whoever asks: the members within its scope, and of them those
// whose own signed receipt lies past it and does not except it. Takes no coordinator's word.

import type { HostMember } from "@ostraka/agents/kernel";
import { openReceipt } from "@ostraka/agents/node";
import {
  type Crypto,
  type Envelope,
  equalBytes,
  hex,
  isReject,
  Ledger,
  type Receipt,
  type Scope,
} from "@ostraka/proto";
import { idOf, type LedgerWalk, type WalkedEntry } from "./ledger/ledger-walk.ts";

/** What a host has shown of the verdict. */
export type HostCoverage = "enforced" | "waiting" | "excepted";

export interface CoveredHost {
  readonly name: string;
  readonly state: HostCoverage;
  /** Why a host excepts it, in its words. */
  readonly why?: string;
}

export class Coverage {
  readonly #crypto: Crypto;
  readonly #walk: LedgerWalk;
  readonly #entry: WalkedEntry;
  readonly #hosts = new Map<string, { member: HostMember; state: HostCoverage; why?: string }>();

  /** @param entry a verified revocation or lift of this walk. */
  constructor(crypto: Crypto, walk: LedgerWalk, entry: WalkedEntry) {
    this.#crypto = crypto;
    this.#walk = walk;
    this.#entry = entry;
    for (const member of membersWithin(walk, entry)) {
      this.#hosts.set(hex(member.key), { member, state: "waiting" });
    }
  }

  get expected(): number {
    return this.#hosts.size;
  }

  get got(): number {
    return this.hosts().filter((h) => h.state === "enforced").length;
  }

  get isComplete(): boolean {
    return this.got === this.expected;
  }

  hosts(): CoveredHost[] {
    return [...this.#hosts.values()].map(({ member, state, why }) => ({
      name: member.name,
      state,
      ...(why === undefined ? {} : { why }),
    }));
  }

  /** Takes a receipt as signed. @returns the host, when it has just shown that it enforces. */
  take(envelope: Envelope | undefined): string | undefined {
    if (envelope === undefined) return undefined;
    const receipt = openReceipt(this.#crypto, this.#walk.mesh.view, envelope);
    if (isReject(receipt)) return undefined;
    const host = this.#hosts.get(hex(receipt.hostKey));
    if (host === undefined || host.state === "enforced" || !this.#isPast(receipt)) return undefined;
    const exception = this.#exceptionIn(receipt);
    host.state = exception === undefined ? "enforced" : "excepted";
    if (exception !== undefined) host.why = exception;
    return exception === undefined ? host.member.name : undefined;
  }

  #isPast(receipt: Receipt): boolean {
    const { ledger, index } = this.#entry;
    const reached = ledger === Ledger.CONTROL ? receipt.controlIndex : receipt.signalsIndex;
    return Number(reached) >= index;
  }

  #exceptionIn(receipt: Receipt): string | undefined {
    const { verdict } = this.#entry;
    const id = verdict && idOf(verdict);
    if (id === undefined) return undefined;
    // An exception without an id stands for more of them than a receipt can name.
    return receipt.exceptions.find(
      ({ revocationId }) => revocationId.length === 0 || equalBytes(revocationId, id),
    )?.reason;
  }
}

/** Hosts that are members at a verdict's index and lie within its scope. */
export function membersWithin(
  walk: LedgerWalk,
  { verdict, index, ledger }: WalkedEntry,
): HostMember[] {
  if (verdict === undefined) return [];
  const judged = verdict.kind === "lift" ? verdict.lift : verdict.revocation;
  const at = ledger === Ledger.CONTROL ? index : Number(judged.controlIndex);
  const members = [...walk.mesh.viewAt(at).hosts()];
  if (verdict.kind === "revocation") {
    return members.filter((member) => isWithin(verdict.revocation.scope, member));
  }
  const lifted = verdict.lift.revocationIds.map((id) => scopeOf(walk, id));
  return members.filter((member) => lifted.some((scope) => isWithin(scope, member)));
}

function scopeOf(walk: LedgerWalk, id: Uint8Array): Scope | undefined {
  for (const ledger of [Ledger.CONTROL, Ledger.SIGNALS] as const) {
    for (const { verdict } of walk.verdictsOf(ledger)) {
      if (verdict?.kind === "revocation" && equalBytes(verdict.revocation.id, id)) {
        return verdict.revocation.scope;
      }
    }
  }
  return undefined;
}

/** As a sidecar judges whether a revocation is for it: one of the hosts, and all of the labels. */
export function isWithin(scope: Scope | undefined, member: HostMember): boolean {
  if (scope === undefined) return true;
  const isHere = scope.hosts.length === 0 || scope.hosts.includes(member.name);
  return isHere && scope.labels.every((label) => member.labels.includes(label));
}
