// Finds one verified entry by its place (`c:17`) or by the id of a verdict, a proposal, a
// suggestion or an inquiry, whole or the start of one.

import { type Entry, hex } from "@ostraka/proto";
import { refused, usage } from "../failure.ts";
import { idOf, type LedgerWalk, type WalkedEntry } from "./ledger-walk.ts";
import { parsePlace } from "./query.ts";

/** Hex digits of an id that are enough to name it. */
const PREFIX_MIN = 8;

/**
 * @throws OstrakaError OSTRAKA_USAGE for what is neither, OSTRAKA_REFUSED when none or several have
 * it.
 */
export function findEntry(walk: LedgerWalk, text: string): WalkedEntry {
  const place = parsePlace(text);
  if (place !== undefined) {
    const walked = walk.entryAt(place.ledger, place.index);
    if (walked !== undefined) return walked;
    const last = walk.indexOf(place.ledger);
    throw refused(`there is no entry ${text} under the sealed head yet: the last one is ${last}`);
  }
  const prefix = text.toLowerCase();
  if (!/^[0-9a-f]{1,64}$/.test(prefix) || prefix.length < PREFIX_MIN) {
    throw usage(
      `"${text.slice(0, 80)}" names no entry: give c:N, s:N or at least ${PREFIX_MIN} hex ` +
        "digits of an id",
    );
  }
  const found = [...walk.entries()].filter((walked) => hasId(walk, walked, prefix));
  const [first, second] = found;
  if (first === undefined) {
    throw refused(
      `no verdict, proposal, suggestion or inquiry has id ${prefix}: ` +
        "look with `ostraka ledger query`",
    );
  }
  if (second !== undefined) {
    throw refused(`${found.length} entries have ids that start with ${prefix}: give more digits`);
  }
  return first;
}

function hasId(walk: LedgerWalk, { entry, verdict, index }: WalkedEntry, prefix: string): boolean {
  if (verdict !== undefined) return hex(idOf(verdict)).startsWith(prefix);
  const id = idOfEffect(entry);
  if (id !== undefined) return hex(id).startsWith(prefix);
  if (entry.effect.case !== "proposal") return false;
  for (const proposal of walk.people.all()) {
    if (proposal.index === index) return hex(proposal.opened.id).startsWith(prefix);
  }
  return false;
}

function idOfEffect({ effect }: Entry): Uint8Array | undefined {
  return effect.case === "suggestion" || effect.case === "inquiry" ? effect.value.id : undefined;
}
