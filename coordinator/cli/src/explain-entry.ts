// An entry that is no verdict walked back to what it rests on: a suggestion with its signals, an
// inquiry with who asked, and whatever else by its words; with the proof of its place.

import type { Crypto } from "@ostraka/proto";
import { decode, hex, LIMITS, ProposalSchema } from "@ostraka/proto";
import { type ExplainedInquiry, inquiriesAbout } from "./explain-story.ts";
import {
  type ExplainedProof,
  type ExplainedSignal,
  proofOf,
  signalsIn,
} from "./explain-verdict.ts";
import { entryJson, placeText } from "./ledger/entry-json.ts";
import type { LedgerWalk, WalkedEntry } from "./ledger/ledger-walk.ts";
import { ruleWords } from "./rule-words.ts";
import { iso } from "./verdict-json.ts";
import { whyWords } from "./verdict-words.ts";

export interface ExplainedEntry {
  readonly entry: Record<string, unknown>;
  readonly suggestion: {
    readonly why: string;
    readonly rule: { readonly name: string; readonly epoch: number; readonly asks: string };
    readonly evidenceMdb: number;
    readonly sumMdb: number;
    readonly hosts: number;
    readonly against: number;
    readonly expires: string | null;
    /** The verdict that people made of it: `c:17`. */
    readonly takenUp: string | null;
  } | null;
  readonly signals: readonly ExplainedSignal[];
  readonly inquiries: readonly ExplainedInquiry[];
  readonly proof: ExplainedProof;
}

export function explainEntry(
  crypto: Crypto,
  walk: LedgerWalk,
  walked: WalkedEntry,
): ExplainedEntry {
  const { effect } = walked.entry;
  const { view } = walk.mesh;
  const suggestion = effect.case === "suggestion" ? effect.value : undefined;
  const signals = suggestion?.signals ?? [];
  return {
    entry: entryJson(walk, walked),
    suggestion:
      suggestion === undefined
        ? null
        : {
            why: whyWords(suggestion.why),
            rule: {
              name: suggestion.rule,
              epoch: suggestion.epoch,
              asks: ruleWords(view, suggestion.rule, suggestion.epoch),
            },
            evidenceMdb: suggestion.evidenceMdb,
            sumMdb: suggestion.sumMdb,
            hosts: suggestion.hostCount,
            against: suggestion.againstCount,
            expires: iso(suggestion.expiresMs),
            takenUp: takenUpBy(walk, signals),
          },
    signals: signalsIn(crypto, view, signals, walked.record.privates),
    inquiries: suggestion === undefined ? [] : inquiriesAbout(walk, walked, signals),
    proof: proofOf(walk, walked, view.coordinatorKeys().length),
  };
}

/** The verdict of people that took these signals along as evidence. */
function takenUpBy(
  walk: LedgerWalk,
  signals: readonly { readonly signal: Uint8Array }[],
): string | null {
  const wanted = new Set(signals.map(({ signal }) => hex(signal)));
  for (const { envelope, verdictId } of walk.people.all()) {
    const proposal = decode(ProposalSchema, envelope.body, LIMITS.commandBytesMax);
    const isIt = proposal?.evidence.some(({ signal }) => wanted.has(hex(signal))) === true;
    if (!isIt || verdictId === undefined) continue;
    const verdict = walk.verdictOf(hex(verdictId));
    if (verdict !== undefined) return placeText(verdict);
  }
  return null;
}
