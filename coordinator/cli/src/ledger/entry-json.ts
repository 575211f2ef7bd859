// An entry as JSON: one shape in `tail`, `query` and the JSON Lines export, which scripts may rely
// on. Says nothing that has not been verified.

import { ledgerLetter, type MeshId } from "@ostraka/proto";
import { iso, verdictJson } from "../verdict-json.ts";
import { factsOf } from "./entry-facts.ts";
import { entryWords } from "./entry-words.ts";
import type { LedgerWalk, WalkedEntry } from "./ledger-walk.ts";
import { kindName } from "./query.ts";

/** Place of an entry: `c:17`. */
export function placeText({ ledger, index }: Pick<WalkedEntry, "ledger" | "index">): string {
  return `${ledgerLetter(ledger)}:${index}`;
}

/** Id of an entry in the world: the same at every export, so that a receiver can drop repeats. */
export function entryId(mesh: MeshId, walked: Pick<WalkedEntry, "ledger" | "index">): string {
  return `${mesh.slice(0, 16)}/${placeText(walked)}`;
}

/** A verified entry as an object; bytes become hex when it is printed. */
export function entryJson(walk: LedgerWalk, walked: WalkedEntry): Record<string, unknown> {
  const { entry, verdict, bySealsOnly } = walked;
  const { subject, hosts, signers } = factsOf(walk, walked);
  return {
    id: entryId(walk.mesh.view.mesh, walked),
    at: placeText(walked),
    time: iso(entry.machineTimeMs),
    effect: kindName(entry.effect.case),
    words: entryWords(walk, walked),
    ...(subject === undefined ? {} : { subject }),
    ...(hosts.length === 0 ? {} : { hosts }),
    ...(signers.length === 0 ? {} : { signers }),
    ...(verdict === undefined ? {} : { verdict: verdictJson(walked) }),
    ...(bySealsOnly === undefined ? {} : { bySealsOnly }),
  };
}
