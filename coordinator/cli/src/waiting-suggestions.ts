// Suggestions that wait for people: what machines left to them, verified in the signals ledger,
// with the signals as evidence. Owns how one is found and taken up; a proposal made of one is
// signed by whoever proposes, like any other.

import { openPrivate } from "@ostraka/agents/kernel";
import { stageName } from "@ostraka/agents/node";
import {
  type Crypto,
  hex,
  Ledger,
  type PrivatePart,
  type SubjectText,
  type Suggestion,
} from "@ostraka/proto";
import { refused, usage } from "./failure.ts";
import type { WalkedEntry } from "./ledger/ledger-walk.ts";
import { printable, spanText } from "./terminal.ts";

export interface WaitingSuggestion {
  readonly index: number;
  readonly suggestion: Suggestion;
  readonly subject: SubjectText;
  /** Private parts of its signals, in their order. */
  readonly parts: readonly PrivatePart[];
}

/** Suggestions among entries that have been verified, those that have not lapsed. */
export function waitingSuggestions(
  crypto: Crypto,
  entries: Iterable<WalkedEntry>,
  nowMs: number,
): WaitingSuggestion[] {
  return [...entries].flatMap(({ ledger, index, entry, record }) => {
    if (ledger !== Ledger.SIGNALS || entry.effect.case !== "suggestion") return [];
    const suggestion = entry.effect.value;
    if (Number(suggestion.expiresMs) <= nowMs) return [];
    const parts = record.privates;
    const opened = parts.map((part) =>
      openPrivate(crypto, crypto.sha256(part.salt, part.content), part),
    );
    const subject = opened[0]?.subject;
    // Erased since: nobody can take up what nobody can name.
    if (subject === undefined || parts.length !== suggestion.signals.length) return [];
    return [{ index, suggestion, subject, parts }];
  });
}

/** The one that `s:N` or the start of an id names. @throws OstrakaError OSTRAKA_USAGE, _REFUSED. */
export function findSuggestion(
  waiting: readonly WaitingSuggestion[],
  text: string,
): WaitingSuggestion {
  const isIndex = /^s:\d{1,15}$/.test(text);
  if (!isIndex && !/^[0-9a-f]{8,64}$/.test(text)) {
    throw usage(`--from ${text.slice(0, 80)}: give s:N or at least 8 digits of a suggestion's id`);
  }
  const found = waiting.filter(({ index, suggestion }) =>
    isIndex ? `s:${index}` === text : hex(suggestion.id).startsWith(text),
  );
  const [first, second] = found;
  if (first !== undefined && second === undefined) return first;
  throw refused(
    first === undefined
      ? `no suggestion ${text} waits: list them with \`ostraka suggestions\``
      : `${found.length} suggestions start with ${text}: give more digits of the id`,
  );
}

const WHY_WORDS: Readonly<Record<string, string>> = {
  "window-short": "too few hosts saw it in time for machines to act",
  "shared-address": "many honest subjects share that address",
  governor: "machines have done as much as the policy allows for now",
  "rising-together": "many subjects rose at once, which looks like one shared cause",
  "break-glass": "machines never cut off a break-glass identity",
  "undo-locked-out": "it would cut off those whose approval could undo it",
};

/** A suggestion in one line, as a responder would read it aloud. */
export function suggestionWords({ suggestion, subject }: WaitingSuggestion, nowMs: number): string {
  const { why, stage, hostCount, evidenceMdb, sumMdb, againstCount, expiresMs } = suggestion;
  const hosts = hostCount === 1 ? "1 host" : `${hostCount} hosts`;
  const against = againstCount === 0 ? "" : `, ${againstCount} against`;
  const decibans = (mdb: number) => `${(mdb / 1_000).toFixed(1)} dB`;
  return (
    `${stageName(stage)} ${printable(subject)}? ${hosts}${against}, ${decibans(evidenceMdb)} ` +
    `(${decibans(sumMdb)} if independent); ${WHY_WORDS[why] ?? printable(why)}; ` +
    `waits ${spanText(Number(expiresMs) - nowMs)} more`
  );
}
