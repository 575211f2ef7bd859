// Where in the verified ledgers a subject's private parts lie, by their commitments, and which of
// them something open or in force still needs (DESIGN.md 9, erasure). Found here: no coordinator is
// told whom somebody looks for.

import { commitmentOf } from "@ostraka/agents/kernel";
import { privatesNeededUntilMs } from "@ostraka/agents/node";
import {
  type Bytes,
  type Crypto,
  decode,
  hex,
  LIMITS,
  PrivateSubjectSchema,
  type SubjectText,
} from "@ostraka/proto";
import type { LedgerWalk, WalkedEntry } from "./ledger-walk.ts";

export interface PrivatePlace {
  readonly commitment: Bytes;
  readonly subject: string;
  /** Every entry beside which the part lies. */
  readonly entries: readonly WalkedEntry[];
  /** The entry that needs it longest, while one does. */
  readonly neededBy?: WalkedEntry;
  /** Machine time until which it is needed, in milliseconds. */
  readonly neededUntilMs: number;
}

export type Wanted = { readonly subject: SubjectText } | { readonly commitments: readonly Bytes[] };

/** Private parts of a subject, or those behind commitments, in the order of the ledgers. */
export function findPrivates(
  crypto: Crypto,
  walk: LedgerWalk,
  wanted: Wanted,
  nowMs: number,
): PrivatePlace[] {
  const named = "commitments" in wanted ? new Set(wanted.commitments.map(hex)) : undefined;
  const found = new Map<string, { commitment: Bytes; subject: string; entries: WalkedEntry[] }>();
  for (const walked of walk.entries()) {
    for (const part of walked.record.privates) {
      const commitment = commitmentOf(crypto, part);
      const content = decode(PrivateSubjectSchema, part.content, LIMITS.privateBytesMax);
      const subject = content?.subject ?? "";
      const id = hex(commitment);
      const isWanted = "subject" in wanted ? subject === wanted.subject : named?.has(id) === true;
      if (!isWanted) continue;
      const place = found.get(id) ?? { commitment, subject, entries: [] };
      found.set(id, place);
      if (place.entries.at(-1) !== walked) place.entries.push(walked);
    }
  }
  return [...found.values()].map((place) => ({ ...place, ...needOf(place.entries, nowMs) }));
}

function needOf(entries: readonly WalkedEntry[], nowMs: number) {
  const needs = entries.map((walked) => ({ walked, untilMs: privatesNeededUntilMs(walked.entry) }));
  const longest = needs.reduce((a, b) => (b.untilMs > a.untilMs ? b : a));
  const { walked, untilMs } = longest;
  return untilMs > nowMs
    ? { neededBy: walked, neededUntilMs: untilMs }
    : { neededUntilMs: untilMs };
}
