// What surrounds a verdict in the verified ledgers: the suggestion and inquiries it came from, an
// earlier offence, how it widens and was halted, who enforces it, and who ended it.

import { openEarlier } from "@ostraka/agents/kernel";
import {
  CoverageClaimSchema,
  decode,
  equalBytes,
  hex,
  Ledger,
  LIMITS,
  ProposalSchema,
  type Revocation,
  Role,
  SignalSchema,
  type Warrant,
} from "@ostraka/proto";
import { factsOf, hostName } from "./ledger/entry-facts.ts";
import { placeText } from "./ledger/entry-json.ts";
import { standingOf } from "./ledger/find-verdict.ts";
import { idOf, type LedgerWalk, type WalkedEntry } from "./ledger/ledger-walk.ts";
import { iso } from "./verdict-json.ts";
import { whyWords } from "./verdict-words.ts";

export interface ExplainedStory {
  /** The warrant that machines left to people, which they took up. */
  readonly suggestion: { readonly at: string; readonly id: string; readonly why: string } | null;
  readonly inquiries: readonly ExplainedInquiry[];
  /** The earlier offence that made this one start higher. */
  readonly earlier: {
    readonly at: string;
    readonly id: string;
    readonly from: string | null;
  } | null;
  readonly widening: readonly { readonly from: string | null; readonly permille: number }[];
  readonly halts: readonly {
    readonly at: string;
    readonly permille: number;
    readonly why: string;
  }[];
  readonly coverage: {
    readonly at: string;
    readonly time: string | null;
    readonly hosts: number;
    readonly missing: readonly string[];
    readonly claimedBy: readonly string[];
  } | null;
  /** What ended it early. */
  readonly ended: {
    readonly at: string;
    readonly kind: string;
    readonly id: string;
    readonly by: readonly string[];
    readonly statement: string;
    readonly pardonBefore: string | null;
  } | null;
}

export interface ExplainedInquiry {
  readonly at: string;
  readonly id: string;
  readonly time: string | null;
  readonly source: string;
  /** Hosts whose answers for it are in the warrant. */
  readonly answeredFor: readonly string[];
  /** How many answered against, where a suggestion counted them. */
  readonly against: number | null;
}

export function storyOf(walk: LedgerWalk, walked: WalkedEntry, nowMs: number): ExplainedStory {
  const { verdict } = walked;
  const revocation = verdict?.kind === "revocation" ? verdict.revocation : undefined;
  const warrant = verdict?.kind === "lift" ? verdict.lift.warrant : revocation?.warrant;
  return {
    suggestion: suggestionOf(walk, warrant),
    inquiries: inquiriesAbout(walk, walked, signalsOf(warrant)),
    earlier: earlierOf(warrant),
    widening: wideningOf(walked, revocation),
    halts: verdict === undefined ? [] : haltsOf(walk, idOf(verdict)),
    coverage: verdict === undefined ? null : coverageOf(walk, idOf(verdict)),
    ended: endOf(walk, walked, nowMs),
  };
}

/** Signals of a warrant, also those inside its proposal. */
function signalsOf(warrant: Warrant | undefined) {
  const body = warrant?.proposal?.body;
  const proposal = body && decode(ProposalSchema, body, LIMITS.commandBytesMax);
  return [...(warrant?.signals ?? []), ...(proposal?.evidence ?? [])];
}

function suggestionOf(
  walk: LedgerWalk,
  warrant: Warrant | undefined,
): ExplainedStory["suggestion"] {
  if (warrant?.proposal === undefined) return null;
  const taken = new Set(signalsOf(warrant).map(({ signal }) => hex(signal)));
  if (taken.size === 0) return null;
  for (const walked of walk.entries()) {
    const { effect } = walked.entry;
    if (effect.case !== "suggestion") continue;
    const isIt = effect.value.signals.some(({ signal }) => taken.has(hex(signal)));
    if (!isIt) continue;
    const { id, why } = effect.value;
    return { at: placeText(walked), id: hex(id), why: whyWords(why) };
  }
  return null;
}

/** Inquiries about the same subject that were open before it was decided. */
export function inquiriesAbout(
  walk: LedgerWalk,
  about: WalkedEntry,
  signals: readonly { readonly signal: Uint8Array }[],
): ExplainedInquiry[] {
  const { subject } = factsOf(walk, about);
  const answers = signals.flatMap(({ signal: bytes }) => {
    const signal = decode(SignalSchema, bytes, LIMITS.signalBytesMax);
    return signal === undefined || signal.inquiryId.length === 0 ? [] : [signal];
  });
  const found: ExplainedInquiry[] = [];
  for (const walked of walk.entries()) {
    const { effect, machineTimeMs } = walked.entry;
    if (effect.case !== "inquiry" || machineTimeMs > about.entry.machineTimeMs) continue;
    if (subject === undefined || factsOf(walk, walked).subject !== subject) continue;
    const { id, sourceHostKey } = effect.value;
    const own = answers.filter(({ inquiryId }) => equalBytes(inquiryId, id));
    found.push({
      at: placeText(walked),
      id: hex(id),
      time: iso(machineTimeMs),
      source: hostName(walk, sourceHostKey),
      answeredFor: own.map(({ hostKey }) => hostName(walk, hostKey)),
      against: againstIn(about),
    });
  }
  return found;
}

function againstIn({ entry }: WalkedEntry): number | null {
  return entry.effect.case === "suggestion" ? entry.effect.value.againstCount : null;
}

function earlierOf(warrant: Warrant | undefined): ExplainedStory["earlier"] {
  const [shown] = warrant?.earlier ?? [];
  const opened = shown && openEarlier(shown);
  if (opened === undefined) return null;
  const { id, fromMs } = opened.revocation;
  return { at: `s:${opened.entry.index}`, id: hex(id), from: iso(fromMs) };
}

function wideningOf(
  { entry }: WalkedEntry,
  revocation: Revocation | undefined,
): ExplainedStory["widening"] {
  return (revocation?.widening ?? []).map(({ afterMs, permille }) => ({
    from: iso(entry.machineTimeMs + afterMs),
    permille,
  }));
}

function haltsOf(walk: LedgerWalk, id: Uint8Array): ExplainedStory["halts"] {
  return [...walk.entries()].flatMap((walked) => {
    const { effect } = walked.entry;
    if (effect.case !== "halt" || !equalBytes(effect.value.verdictId, id)) return [];
    return [{ at: placeText(walked), permille: effect.value.permille, why: effect.value.why }];
  });
}

function coverageOf(walk: LedgerWalk, id: Uint8Array): ExplainedStory["coverage"] {
  const found = [...walk.entries()].findLast(
    ({ entry }) => entry.effect.case === "coverage" && equalBytes(entry.effect.value.verdictId, id),
  );
  if (found?.entry.effect.case !== "coverage") return null;
  const { missingHostKeys, claim } = found.entry.effect.value;
  const claimed = claim && decode(CoverageClaimSchema, claim.body, LIMITS.commandBytesMax);
  return {
    at: placeText(found),
    time: iso(found.entry.machineTimeMs),
    hosts: claimed?.hosts ?? 0,
    missing: missingHostKeys.map((key) => hostName(walk, key)),
    claimedBy: factsOf(walk, found).signers,
  };
}

function endOf(walk: LedgerWalk, walked: WalkedEntry, nowMs: number): ExplainedStory["ended"] {
  const { by } = standingOf(walk, walked, nowMs);
  if (by?.verdict === undefined) return null;
  const { verdict } = by;
  const { warrant } = verdict.kind === "lift" ? verdict.lift : verdict.revocation;
  const approvals = (warrant?.approvals ?? []).flatMap(({ signatures }) => signatures);
  const keys = [...(warrant?.proposal?.signatures ?? []), ...approvals].map(({ key }) => key);
  const { findHolder } = walk.mesh.view;
  const pardonMs = verdict.kind === "lift" ? verdict.lift.pardonBeforeMs : 0n;
  return {
    at: placeText(by),
    kind: verdict.kind,
    id: hex(idOf(verdict)),
    by: keys.map((key) => findHolder(key, [Role.OPERATOR, Role.APPROVER]) ?? "somebody"),
    statement: statementOf(walk, by),
    pardonBefore: pardonMs === 0n ? null : iso(pardonMs),
  };
}

function statementOf(walk: LedgerWalk, { verdict, ledger }: WalkedEntry): string {
  if (verdict === undefined || ledger !== Ledger.CONTROL) return "";
  for (const { verdictId, opened } of walk.people.all()) {
    if (verdictId !== undefined && equalBytes(verdictId, idOf(verdict))) return opened.statement;
  }
  return "";
}
