// The words for how a coordinator stands to one journal: why deciding has stopped, what it has
// forgotten, when it is silent. One place, so that a status, the journal's own status and a notice
// say the same. Pure; decides nothing.

import { type LedgerId, ledgerLetter, ledgerName } from "@ostraka/proto";
import type { Notice } from "./notify/notice.ts";

/** What stops deciding, as the node says it. */
export interface StopFacts {
  readonly damage: string | undefined;
  readonly stalled: { readonly position: number; readonly why: string } | undefined;
}

/** What the node says of a repair that cannot go on by itself. */
const CONTRADICT = "promises-contradict";

export function damageText(why: string): string {
  return `JOURNAL_DAMAGED: ${why}`;
}

/** Why deciding has stopped on a ledger here; empty while it goes on. */
export function stopText(ledger: LedgerId, { damage, stalled }: StopFacts): string {
  if (damage !== undefined) return damageText(damage);
  if (stalled === undefined) return "";
  const at = `${ledgerLetter(ledger)}:${stalled.position}`;
  return `this coordinator's machine fails at ${at} (${stalled.why}) and has stopped there`;
}

/** Whether people must choose between histories before a repair goes on. */
export function isContradiction(obstacle: string | undefined): obstacle is string {
  return obstacle?.startsWith(CONTRADICT) === true;
}

/** What of a journal the own copy does not hold any more, and what stands for it. */
export function keptNotes(
  name: string,
  ledger: LedgerId,
  kept: { readonly prunedPosition: number; readonly snapshotPosition: number | undefined },
): string[] {
  if (kept.prunedPosition === 0) return [];
  const letter = ledgerLetter(ledger);
  const first = `${letter}:${kept.prunedPosition + 1}`;
  return [
    `${ledgerName(ledger)}: ${name} keeps its journal copy from ${first} on, as the policy's ` +
      "retention says; what came before is in the ledger and in the sealed snapshot at " +
      `${letter}:${kept.snapshotPosition ?? 0}`,
  ];
}

/** That a coordinator signs nothing of what was there before it came. */
export function catchingUpNote(name: string, ledger: LedgerId): string {
  return (
    `${ledgerName(ledger)}: ${name} is catching up with the others: it signs nothing yet, and ` +
    "its seal is missing until it stands where they stand"
  );
}

/** What people are told without asking while deciding has stopped on a journal. */
export function stopConditions(
  name: string,
  ledger: LedgerId,
  facts: StopFacts & { readonly obstacle: string | undefined },
): Pick<Notice, "id" | "kind" | "text">[] {
  const journal = ledgerName(ledger);
  const found: (readonly [Notice["kind"], string])[] = [];
  if (facts.damage !== undefined) {
    const text = `Deciding on the ${journal} journal has stopped at ${name}: ostraka status`;
    found.push(["journal-damaged", text]);
  }
  if (facts.stalled !== undefined) {
    const at = `${ledgerLetter(ledger)}:${facts.stalled.position}`;
    const text =
      `The machine of ${name} fails at ${at} of the ${journal} journal and has stopped there: ` +
      "ostraka journal status";
    found.push(["machine-stalled", text]);
  }
  if (isContradiction(facts.obstacle)) {
    const text =
      `The repair of the ${journal} journal waits at ${name} for two operators to choose between ` +
      `histories: ostraka journal repair --ledger ${journal} --as OPERATOR --keep HEAD --out FILE`;
    found.push(["histories-contradict", text]);
  }
  return found.map(([kind, text]) => ({ id: `${kind}/${ledgerLetter(ledger)}`, kind, text }));
}
