// Whom and what a verified entry is about: subject, hosts, and the verdict it speaks of. For
// queries and exports; reads only what the walk has verified.

import {
  ApprovalSchema,
  decode,
  type Entry,
  GrantSchema,
  hex,
  LIMITS,
  PrivateSubjectSchema,
  Role,
  RosterSchema,
  type SignalProof,
  SignalSchema,
  type Warrant,
} from "@ostraka/proto";
import type { LedgerWalk, WalkedEntry } from "./ledger-walk.ts";

export interface EntryFacts {
  /** Canonical subject, or what stands for an erased one; absent where an entry has none. */
  readonly subject?: string;
  /** Names of hosts, sorted, without repeats. */
  readonly hosts: readonly string[];
  /** Names of people and coordinators who signed, in order. */
  readonly signers: readonly string[];
}

export function factsOf(walk: LedgerWalk, walked: WalkedEntry): EntryFacts {
  const subject = subjectOf(walk, walked);
  const hosts = [...new Set(hostsOf(walk, walked.entry))].sort();
  const facts = { hosts, signers: signersOf(walk, walked.entry) };
  return subject === undefined ? facts : { subject, ...facts };
}

function subjectOf(walk: LedgerWalk, { entry, verdict, record }: WalkedEntry): string | undefined {
  if (verdict !== undefined) return verdict.subject;
  const { effect } = entry;
  if (effect.case === "approval") {
    const approval = decode(ApprovalSchema, effect.value.body, LIMITS.commandBytesMax);
    return approval && walk.people.find(hex(approval.proposalId))?.opened.subject;
  }
  if (effect.case === "coverage" || effect.case === "halt") {
    return verdictById(walk, effect.value.verdictId)?.verdict?.subject;
  }
  // The walk has matched the parts to their commitments: what they say is what was committed to.
  const [part] = record.privates;
  const content = part && decode(PrivateSubjectSchema, part.content, LIMITS.privateBytesMax);
  return content?.subject;
}

/** The revocation or lift of an id, in either ledger. */
export function verdictById(walk: LedgerWalk, id: Uint8Array): WalkedEntry | undefined {
  return walk.verdictOf(hex(id));
}

/** Name of the host behind a key, or the start of the key. */
export function hostName(walk: LedgerWalk, key: Uint8Array): string {
  const { view } = walk.mesh;
  return view.hostOf(key)?.name ?? (key.length === 0 ? "nobody known" : hex(key).slice(0, 16));
}

/** Name of whoever holds a key in any role. */
export function holderName(walk: LedgerWalk, key: Uint8Array): string {
  const roles = [Role.OPERATOR, Role.APPROVER, Role.AUTHOR, Role.ROOT, Role.COORDINATOR, Role.HOST];
  return walk.mesh.view.findHolder(key, roles) ?? hostName(walk, key);
}

function hostsOf(walk: LedgerWalk, { effect }: Entry): string[] {
  const named = (keys: readonly Uint8Array[]) => keys.map((key) => hostName(walk, key));
  switch (effect.case) {
    case "grant": {
      const grant = decode(GrantSchema, effect.value.body, LIMITS.commandBytesMax);
      return grant === undefined ? [] : [grant.name];
    }
    case "member":
      return [effect.value.name];
    case "roster": {
      const roster = decode(RosterSchema, effect.value.body, LIMITS.envelopeBodyBytesMax);
      return named(roster?.expelledKeys ?? []);
    }
    case "revocation":
      return [...(effect.value.scope?.hosts ?? []), ...hostsOfWarrant(walk, effect.value.warrant)];
    case "lift":
      return hostsOfWarrant(walk, effect.value.warrant);
    case "suggestion":
      return hostsOfSignals(walk, effect.value.signals);
    case "inquiry":
      return named([effect.value.sourceHostKey]);
    case "coverage":
      return named(effect.value.missingHostKeys);
    case "equivocation":
      return [holderName(walk, effect.value.key)];
    case "refusals": {
      const keys = effect.value.counts.map(({ key }) => key).filter((key) => key.length > 0);
      return keys.map((key) => holderName(walk, key));
    }
    default:
      return [];
  }
}

function hostsOfWarrant(walk: LedgerWalk, warrant: Warrant | undefined): string[] {
  return hostsOfSignals(walk, warrant?.signals ?? []);
}

/** Names of the hosts whose signals these are. */
export function hostsOfSignals(walk: LedgerWalk, proofs: readonly SignalProof[]): string[] {
  return proofs.flatMap(({ signal: bytes }) => {
    const signal = decode(SignalSchema, bytes, LIMITS.signalBytesMax);
    return signal === undefined ? [] : [hostName(walk, signal.hostKey)];
  });
}

function signersOf(walk: LedgerWalk, { effect }: Entry): string[] {
  if (effect.case === "probe") return [holderName(walk, effect.value.coordinatorKey)];
  const envelope = envelopeOf(effect);
  return (envelope?.signatures ?? []).map(({ key }) => holderName(walk, key));
}

function envelopeOf(effect: Entry["effect"]) {
  switch (effect.case) {
    case "genesis":
    case "roster":
    case "grant":
    case "policy":
    case "activation":
    case "rollout":
    case "proposal":
    case "approval":
      return effect.value;
    case "member":
      return effect.value.membership;
    case "erasure":
    case "opening":
      return effect.value.order;
    case "coverage":
      return effect.value.claim;
    default:
      return undefined;
  }
}
