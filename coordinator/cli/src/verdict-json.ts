// Verdicts as JSON: one shape in every command, which scripts may rely on. Says nothing that has
// not been verified.

import { stageName } from "@ostraka/agents/node";
import { ledgerLetter } from "@ostraka/proto";
import type { WalkedEntry } from "./ledger/ledger-walk.ts";

/** A verified verdict as an object; bytes become hex when it is printed. */
export function verdictJson({ verdict, ledger, index }: WalkedEntry): object {
  const at = `${ledgerLetter(ledger)}:${index}`;
  if (verdict === undefined) return { at };
  if (verdict.kind === "lift") {
    const { id, revocationIds, expiresMs, pardonBeforeMs, epoch, controlIndex, rule } =
      verdict.lift;
    const shared = { kind: "lift", id, at, subject: verdict.subject, epoch, controlIndex, rule };
    return { ...shared, lifts: revocationIds, expires: iso(expiresMs), pardonBeforeMs };
  }
  const { id, stage, scope, isDryRun, fromMs, expiresMs, epoch, rule } = verdict.revocation;
  const { hostCount, evidenceMdb = null, supersedes, controlIndex } = verdict.revocation;
  const lists = {
    hosts: scope?.hosts ?? [],
    resources: scope?.resources ?? [],
    actions: scope?.actions ?? [],
    labels: scope?.labels ?? [],
  };
  return {
    kind: "revocation",
    id,
    at,
    subject: verdict.subject,
    stage: stageName(stage),
    scope: lists,
    isDryRun,
    from: iso(fromMs),
    until: iso(expiresMs),
    epoch,
    controlIndex,
    rule,
    hosts: hostCount,
    evidenceMdb,
    supersedes,
  };
}

/** ISO 8601 in UTC; `null` for what is no time. */
export function iso(ms: number | bigint): string | null {
  const time = new Date(Number(ms));
  return Number.isNaN(time.getTime()) ? null : time.toISOString();
}
