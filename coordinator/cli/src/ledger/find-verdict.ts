// Finds verdicts in ledgers that have been walked, by whole id or by the start of one, and says how
// each stands: in force, lifted, replaced, over.

import { hex, LEDGERS } from "@ostraka/proto";
import { refused, usage } from "../failure.ts";
import { idOf, type LedgerWalk, type WalkedEntry } from "./ledger-walk.ts";

/** Hex digits of an id that are enough to name it. */
const PREFIX_MIN = 8;

/** Verdicts of both ledgers, by the machine time at which they were entered. */
export function allVerdicts(walk: LedgerWalk): WalkedEntry[] {
  return LEDGERS.flatMap((ledger) => [...walk.verdictsOf(ledger)]).sort((a, b) =>
    Number(a.entry.machineTimeMs - b.entry.machineTimeMs),
  );
}

/**
 * The one verdict that an id or the start of one names.
 * @throws OstrakaError OSTRAKA_USAGE for what is no id, OSTRAKA_REFUSED when none or several have
 * it.
 */
export function findVerdict(
  walk: LedgerWalk,
  text: string,
  kind?: "revocation" | "lift",
): WalkedEntry {
  const prefix = text.toLowerCase();
  if (!/^[0-9a-f]{1,64}$/.test(prefix) || prefix.length < PREFIX_MIN) {
    throw usage(`"${text.slice(0, 80)}" is no id: give at least ${PREFIX_MIN} hex digits of it`);
  }
  const found = allVerdicts(walk).filter(({ verdict }) => {
    if (verdict === undefined || (kind !== undefined && verdict.kind !== kind)) return false;
    return hex(idOf(verdict)).startsWith(prefix);
  });
  const [first, second] = found;
  if (first === undefined) {
    throw refused(
      `no ${kind ?? "verdict"} has id ${prefix}: list them with \`ostraka verdicts --all\``,
    );
  }
  if (second !== undefined) {
    throw refused(`${found.length} verdicts start with ${prefix}: give more digits of the id`);
  }
  return first;
}

export interface Standing {
  readonly state: "in force" | "lifted" | "replaced" | "over" | "lift";
  /** What ended it: the lift, or the revocation that replaced it. */
  readonly by?: WalkedEntry;
}

/** How a verdict stands at a machine time. */
export function standingOf(walk: LedgerWalk, { verdict }: WalkedEntry, nowMs: number): Standing {
  if (verdict?.kind !== "revocation") return { state: "lift" };
  const { id, expiresMs } = verdict.revocation;
  const by = walk.endingOf(id);
  if (by !== undefined) return { state: by.verdict?.kind === "lift" ? "lifted" : "replaced", by };
  return { state: Number(expiresMs) <= nowMs ? "over" : "in force" };
}
