// Who may call what: one table. Commands need a signature besides, which decides; what a role may
// not call is refused before the request is looked at.

import { OstrakaError } from "@ostraka/proto";
import type { Caller, CallerRole } from "./caller.ts";

const READERS: readonly CallerRole[] = ["person", "auditor", "coordinator"];
const COMMANDERS: readonly CallerRole[] = ["person", "coordinator"];
/** What a host needs besides: nothing personal. */
const READERS_AND_HOSTS: readonly CallerRole[] = [...READERS, "host"];

/** By `Service/Method`. What is not here nobody may call. */
export const ACCESS_RULES: Readonly<Record<string, readonly CallerRole[]>> = {
  "CommandService/Submit": COMMANDERS,
  "EnrollmentService/Join": ["anyone"],
  "MeshService/GetStatus": READERS,
  "MeshService/ListCoordinators": READERS,
  "MeshService/ListHosts": READERS,
  "MeshService/WatchReceipts": READERS,
  "HostService/List": READERS,
  // A host gets its own only: see the handler.
  "HostService/Get": READERS_AND_HOSTS,
  "HostService/Watch": READERS,
  "VerdictService/List": READERS,
  "VerdictService/Get": READERS,
  "VerdictService/Watch": READERS,
  "ProposalService/List": READERS,
  "ProposalService/Get": READERS,
  "ProposalService/Watch": READERS,
  "PolicyService/ListDocuments": READERS,
  "PolicyService/GetRollout": READERS,
  "JournalService/GetStatus": READERS,
  "JournalService/ListMessages": READERS,
  "JournalService/SubmitRepair": COMMANDERS,
  "LedgerService/ListEntries": READERS,
  "LedgerService/WatchEntries": READERS,
  "LedgerService/Prove": READERS,
  "LedgerService/GetSealedHead": READERS_AND_HOSTS,
  "LedgerService/GetProposal": READERS,
  "LedgerService/ListClaimedReceipts": READERS,
};

/** @throws OstrakaError OSTRAKA_NOT_ALLOWED. */
export function checkAccess(method: string, { name, role }: Caller): void {
  const allowed = Object.hasOwn(ACCESS_RULES, method) ? (ACCESS_RULES[method] ?? []) : [];
  if (allowed.includes(role)) return;
  throw new OstrakaError(
    "OSTRAKA_NOT_ALLOWED",
    `${name || "a caller without a certificate"} (${role}) may not call ${method}: ` +
      `it takes the certificate of a ${allowed.join(", ") || "member"}`,
  );
}
