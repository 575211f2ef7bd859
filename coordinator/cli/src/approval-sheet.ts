// What an approver is shown and consents to: a proposal as the ledgers tell it, re-derived here
// from the genesis on, with everything that it would end. A coordinator's word counts for nothing,
// and the same sheet is made from an export on a machine without a network.

import { treesOf } from "@ostraka/agents/kernel";
import { stageName } from "@ostraka/agents/node";
import {
  type Bytes,
  equalBytes,
  hex,
  LEDGERS,
  OstrakaError,
  type Proposal,
  unhex,
} from "@ostraka/proto";
import { refused, usage } from "./failure.ts";
import type { LedgerWalk } from "./ledger/ledger-walk.ts";
import type { RecordedProposal } from "./ledger/people-record.ts";
import { stepWords } from "./preview.ts";
import { printable, timeText } from "./terminal.ts";
import { factLines, needWords, wishLines } from "./verdict-words.ts";

/** Digits that name a proposal to somebody who then reads what it is. */
const ID_DIGITS_MIN = 8;

/**
 * Checks what somebody typed for a proposal, BEFORE anything is fetched.
 * @param isUnread nobody will be shown it: then only the whole id will do, since 8 digits can be
 * had by trying.
 * @throws OstrakaError OSTRAKA_USAGE.
 */
export function checkProposalId(text: string, isUnread: boolean): void {
  const isHex = /^[0-9a-f]+$/i.test(text) && text.length <= 64;
  if (isHex && text.length === 64) return;
  const said = `"${text.slice(0, 80)}" is no proposal id`;
  if (!isHex || text.length < ID_DIGITS_MIN) {
    throw usage(`${said}: 64 hex digits, or at least the first ${ID_DIGITS_MIN} of an open one`);
  }
  if (isUnread) throw usage(`${said}: with --yes nobody reads what it is, so give all 64 digits`);
}

/**
 * The id that was meant: a whole one as it stands, or the one open proposal that begins so.
 * @throws OstrakaError OSTRAKA_REFUSED when none or several do.
 */
export function proposalIdOf(walk: LedgerWalk, text: string): Bytes {
  const whole = text.length === 64 ? unhex(text.toLowerCase()) : undefined;
  if (whole !== undefined) return whole;
  const begun = [...walk.people.all()].filter(
    ({ verdictId, opened }) =>
      verdictId === undefined && hex(opened.id).startsWith(text.toLowerCase()),
  );
  const [first, second] = begun;
  if (first === undefined) {
    throw refused(`no open proposal begins with ${text}: ostraka proposal list shows them`);
  }
  if (second !== undefined) {
    const ids = begun.map(({ opened }) => hex(opened.id)).join(", ");
    throw refused(`${begun.length} open proposals begin with ${text}: give more digits (${ids})`);
  }
  return first.opened.id;
}

/**
 * The open proposal of an id in a ledger that has been verified.
 * @throws OstrakaError OSTRAKA_REFUSED when there is none, or it is decided already.
 */
export function openProposalOf(walk: LedgerWalk, id: string): RecordedProposal {
  const recorded = walk.people.find(id);
  if (recorded === undefined) {
    throw refused(
      `no proposal ${id} is in the ledger as verified here: it may be mistyped, or too new: ` +
        "ask again",
    );
  }
  if (recorded.verdictId !== undefined) {
    throw refused(`proposal ${id} is decided already: ${hex(recorded.verdictId)}`);
  }
  return recorded;
}

/**
 * Checks what a proposal would end, one line each: also with --yes, what would free somebody else
 * than it names is never signed.
 * @throws OstrakaError OSTRAKA_NOT_VERIFIED when one is not there or is about another subject.
 */
export function endsOf(walk: LedgerWalk, id: string, proposal: Proposal, subject: string) {
  return idsEnded(proposal).map((ended) => {
    const found = LEDGERS.flatMap((ledger) => walk.verdictsOf(ledger)).find(
      ({ verdict }) => verdict?.kind === "revocation" && equalBytes(verdict.revocation.id, ended),
    )?.verdict;
    const misled = (why: string) =>
      new OstrakaError(
        "OSTRAKA_NOT_VERIFIED",
        `proposal ${id} would end ${hex(ended)}, ${why}: do not approve it`,
      );
    if (found?.kind !== "revocation") throw misled("which is no revocation of the ledgers");
    if (found.subject !== subject) {
      throw misled(`which is about ${printable(found.subject)}, not ${printable(subject)}`);
    }
    const { stage, expiresMs } = found.revocation;
    return `${hex(ended)} (${stageName(stage)} until ${timeText(expiresMs)})`;
  });
}

/** Revocations that a proposal would end. */
function idsEnded({ wish }: Proposal): readonly Bytes[] {
  if (wish.case === "lift") return wish.value.revocationIds;
  return wish.case === "revoke" ? wish.value.supersedes : [];
}

/** The sheet, line by line. @throws OstrakaError as `endsOf` does. */
export function sheetLines(walk: LedgerWalk, recorded: RecordedProposal, nowMs: number): string[] {
  const { opened, approvals } = recorded;
  const { proposal, proposer, subject, statement, rule, reach, evidence } = opened;
  const { view } = walk.mesh;
  const id = hex(opened.id);
  const given = approvals.filter((a) => a.notAfterMs > nowMs).map((a) => a.holder);
  const trees = treesOf(rule, reach, false);
  const hosts = [...new Set(evidence.map((s) => s.host.name))].sort();
  const steps = proposal.wish.case === "revoke" ? proposal.wish.value.widening : [];
  const facts = [
    ["asked by", `${proposer} (signature verified)`],
    ...wishLines(proposal, subject, nowMs),
    ...steps.map((step) => [
      "begins",
      stepWords({ afterMs: Number(step.afterMs), permille: step.permille }),
    ]),
    ...endsOf(walk, id, proposal, subject).map((line) => ["ends", line]),
    ...(hosts.length === 0 ? [] : [["evidence", `signed by ${hosts.map(printable).join(", ")}`]]),
    ["reason", printable(statement) || "none given"],
    ...trees.map((tree) => ["needs", needWords(tree, given, view)]),
  ];
  return [`proposal ${id}`, ...factLines(facts)];
}
