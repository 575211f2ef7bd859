// One line of words for each kind of ledger entry, for people who read the ledger as it grows.
// Shows subjects, and no other personal text.

import {
  ApprovalSchema,
  decode,
  type Entry,
  type Envelope,
  GrantSchema,
  hex,
  LIMITS,
  PolicyActivationSchema,
  PolicyDocumentSchema,
  Role,
} from "@ostraka/proto";
import { idOf, type LedgerWalk, type WalkedEntry } from "./ledger-walk.ts";

/** Digits of an id that are shown; commands take them. */
const ID_SHOWN = 16;

/** What an entry did, in words that hold no personal text but the subject. */
export function entryWords(walk: LedgerWalk, { entry, verdict }: WalkedEntry): string {
  if (verdict !== undefined) {
    return `${hex(idOf(verdict)).slice(0, ID_SHOWN)} ${verdict.subject}`;
  }
  const { effect } = entry;
  switch (effect.case) {
    case "genesis":
      return `mesh ${walk.mesh.view.meshName}`;
    case "grant": {
      const grant = decode(GrantSchema, effect.value.body, LIMITS.commandBytesMax);
      return `${grant?.name} in ${grant?.faultDomain}, signed by ${signersOf(walk, effect.value)}`;
    }
    case "member": {
      const { name, faultDomain, isWitness } = effect.value;
      return `${name} in ${faultDomain}${isWitness ? ", a witness" : ""}`;
    }
    case "policy": {
      const policy = decode(PolicyDocumentSchema, effect.value.body, LIMITS.commandBytesMax);
      return `epoch ${policy?.epoch}, signed by ${signersOf(walk, effect.value)}`;
    }
    case "activation": {
      const activation = decode(PolicyActivationSchema, effect.value.body, LIMITS.commandBytesMax);
      return `epoch ${activation?.epoch}, signed by ${signersOf(walk, effect.value)}`;
    }
    case "approval": {
      const approval = decode(ApprovalSchema, effect.value.body, LIMITS.commandBytesMax);
      const id = hex(approval?.proposalId ?? new Uint8Array());
      return `of ${id.slice(0, ID_SHOWN)} by ${signersOf(walk, effect.value)}`;
    }
    case "proposal":
      return proposalWords(walk, Number(entry.index));
    case "refusals":
      return refusalWords(entry);
    default:
      return "";
  }
}

function proposalWords(walk: LedgerWalk, index: number): string {
  for (const { index: at, opened } of walk.people.all()) {
    if (at !== index) continue;
    const wish = opened.proposal.wish.case === "lift" ? "lift" : "revoke";
    // Whole: whoever is to approve copies it from here.
    return `${hex(opened.id)} by ${opened.proposer}: ${wish} ${opened.subject}`;
  }
  return "";
}

function refusalWords({ effect }: Entry): string {
  if (effect.case !== "refusals") return "";
  return effect.value.counts.map(({ code, count }) => `${count} ${code}`).join(", ");
}

function signersOf(walk: LedgerWalk, envelope: Envelope): string {
  const roles = [Role.OPERATOR, Role.APPROVER, Role.AUTHOR, Role.ROOT, Role.COORDINATOR];
  const { findHolder } = walk.mesh.view;
  return envelope.signatures.map(({ key }) => findHolder(key, roles) ?? "nobody known").join(", ");
}
