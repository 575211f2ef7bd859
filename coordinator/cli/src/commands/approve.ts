// `ostraka approve`: shows what one would consent to and signs its exact bytes. Checks with the
// local genesis alone that the proposal is the one of that id, that a member signed it and that its
// words open what was signed; a coordinator's word counts for nothing here.

import { openPrivate } from "@ostraka/agents/kernel";
import { Mesh, stageName } from "@ostraka/agents/node";
import {
  ApprovalSchema,
  type Bytes,
  decode,
  encodeNew,
  equalBytes,
  hex,
  isReject,
  LEDGERS,
  LIMITS,
  OstrakaError,
  openEnvelope,
  type Proposal,
  ProposalSchema,
  Role,
  signEnvelope,
  unhex,
} from "@ostraka/proto";
import type { GetProposalResponse } from "@ostraka/proto/gen/admin";
import { type Access, type AccessFlags, withAccess } from "../access.ts";
import { hasPerson, isConfirmed } from "../confirm.ts";
import { durationOf } from "../duration.ts";
import { refused, usage } from "../failure.ts";
import { type Identity, openIdentity } from "../identity.ts";
import { VerifiedMesh } from "../ledger/verified-mesh.ts";
import { submitCommand } from "../submit.ts";
import { printable, type Terminal, timeText } from "../terminal.ts";
import { factLines, needWords, wishLines } from "../verdict-words.ts";
import { waitAndTell } from "../wait-coverage.ts";

export interface ApproveFlags extends AccessFlags {
  readonly yes?: boolean;
  readonly wait?: boolean;
  readonly timeout: string;
}

/** How long an approval counts while others are missing. */
const VALID_MS = 3_600_000;

/** A proposal that has been checked against its id and the local genesis. */
interface CheckedProposal {
  readonly id: Bytes;
  readonly proposal: Proposal;
  readonly proposer: string;
  readonly subject: string;
  readonly statement: string;
}

export async function runApprove(
  args: readonly string[],
  flags: ApproveFlags,
  terminal: Terminal,
): Promise<number> {
  const id = unhex(args[0] as string);
  if (id?.length !== 32) {
    throw usage(`"${(args[0] as string).slice(0, 80)}" is no proposal id: 64 hex digits`);
  }
  if (flags.yes !== true && !hasPerson()) {
    throw usage("approving needs a person at a terminal, or --yes when you have read it elsewhere");
  }
  const timeoutMs = durationOf("--timeout", flags.timeout);
  return await withAccess(flags, async (access) => {
    const approver = openIdentity(flags, access.genesis, [Role.APPROVER]);
    const answer = await access.client.ledger.getProposal({ id });
    const checked = checkProposal(access, id, answer);
    if (checked.proposer === approver.name) {
      throw refused(`${approver.name} proposed this, and whoever proposes cannot approve`);
    }
    const mesh = new VerifiedMesh(access);
    const ends = idsEnded(checked.proposal);
    await mesh.refresh(ends.length > 0 ? "both" : "control");
    // Also with --yes: what would free somebody else than it names is never signed.
    const ended = checkEnds(mesh, checked, ends);
    // Whoever is asked sees what it is about, also where standard output takes JSON.
    const isAsked = flags.yes !== true;
    if (!flags.json || isAsked) {
      show(mesh, checked, ended, flags.json ? terminal.note : terminal.say);
    }
    if (isAsked && !(await isConfirmed(`approve as ${approver.name}?`))) {
      throw refused("not approved: nothing was signed");
    }
    // The clock runs for the mesh, not for whoever reads.
    const deadlineMs = performance.now() + timeoutMs;
    await approve(access, flags, terminal, { approver, checked, deadlineMs });
    return 0;
  });
}

/**
 * Checks a proposal that a coordinator hands out.
 * @throws OstrakaError OSTRAKA_NOT_VERIFIED saying which check failed.
 */
export function checkProposal(
  { crypto, genesis }: Pick<Access, "crypto" | "genesis">,
  id: Bytes,
  answer: Pick<GetProposalResponse, "proposal" | "private">,
): CheckedProposal {
  const unverified = (why: string) =>
    new OstrakaError(
      "OSTRAKA_NOT_VERIFIED",
      `what the coordinator shows as proposal ${hex(id)} does not hold: ${why}. Do not approve it`,
    );
  const { proposal: envelope, private: part } = answer;
  if (envelope === undefined) throw unverified("it shows nothing");
  if (!equalBytes(crypto.sha256(envelope.body), id)) throw unverified("its bytes have another id");
  const { view } = new Mesh(crypto, genesis);
  const opened = openEnvelope(crypto, genesis.mesh, "proposal", envelope, view.findHolder);
  if (isReject(opened)) throw unverified(`its signature (${opened.reject})`);
  const proposal = decode(ProposalSchema, envelope.body, LIMITS.commandBytesMax);
  const [proposer, ...others] = opened.holders;
  const isWhole = proposal?.format === 1 && proposal.wish.case !== undefined;
  if (proposal === undefined || !isWhole || proposer === undefined || others.length > 0) {
    throw unverified("it is no proposal of one person");
  }
  const content = openPrivate(crypto, proposal.commitment, part);
  if (content === undefined) throw unverified("its words do not open what was signed");
  const { subject } = content;
  return { id, proposal, proposer, subject, statement: content.content.statement };
}

/** Revocations that a proposal would end. */
function idsEnded({ wish }: Proposal): readonly Bytes[] {
  if (wish.case === "lift") return wish.value.revocationIds;
  return wish.case === "revoke" ? wish.value.supersedes : [];
}

/**
 * Finds what a proposal would end in the ledgers as verified here, one line each.
 * @throws OstrakaError OSTRAKA_NOT_VERIFIED when one is not there or is about another subject.
 */
export function checkEnds(
  { walk }: Pick<VerifiedMesh, "walk">,
  { id, subject }: Pick<CheckedProposal, "id" | "subject">,
  ends: readonly Bytes[],
): readonly string[] {
  return ends.map((ended) => {
    const found = LEDGERS.flatMap((ledger) => walk.verdictsOf(ledger)).find(
      ({ verdict }) => verdict?.kind === "revocation" && equalBytes(verdict.revocation.id, ended),
    )?.verdict;
    const misled = (why: string) =>
      new OstrakaError(
        "OSTRAKA_NOT_VERIFIED",
        `proposal ${hex(id)} would end ${hex(ended)}, ${why}: do not approve it`,
      );
    if (found?.kind !== "revocation") throw misled("which is no revocation of the ledgers");
    if (found.subject !== subject) {
      throw misled(`which is about ${printable(found.subject)}, not ${printable(subject)}`);
    }
    const { stage, expiresMs } = found.revocation;
    return `${hex(ended)} (${stageName(stage)} until ${timeText(expiresMs)})`;
  });
}

function show(
  mesh: VerifiedMesh,
  checked: CheckedProposal,
  ended: readonly string[],
  say: (line: string) => void,
): void {
  const { proposal, proposer, subject, statement, id } = checked;
  const { view, policy } = mesh.walk.mesh;
  const recorded = mesh.walk.people.find(hex(id));
  const needs =
    recorded === undefined || policy === undefined
      ? "not known: the ledger as verified here does not hold this proposal yet"
      : needWords(
          recorded.opened.rule.approvals,
          recorded.approvals.map((a) => a.holder),
          view,
        );
  say(`proposal ${hex(id)}`);
  const facts = [
    ["asked by", `${proposer} (signature verified)`],
    ...wishLines(proposal, subject, Date.now()),
    ...ended.map((line) => ["ends", line] as const),
    ["reason", printable(statement) || "none given"],
    ["needs", needs],
  ];
  for (const line of factLines(facts)) say(line);
}

async function approve(
  access: Access,
  flags: ApproveFlags,
  terminal: Terminal,
  given: {
    readonly approver: Identity;
    readonly checked: CheckedProposal;
    readonly deadlineMs: number;
  },
): Promise<void> {
  const { approver, checked, deadlineMs } = given;
  const nowMs = Date.now();
  const body = encodeNew(ApprovalSchema, {
    format: 1,
    proposalId: checked.id,
    createdMs: BigInt(nowMs),
    notAfterMs: BigInt(nowMs + VALID_MS),
  });
  const { index, verdictId } = await submitCommand(access, {
    command: signEnvelope(access.genesis.mesh, "approval", body, approver.signer),
    what: "approval",
    timeoutMs: deadlineMs - performance.now(),
    onWait: (why) => terminal.note(`waiting: ${why}`),
  });
  const isDecided = verdictId.length > 0;
  const proposal = hex(checked.id);
  if (flags.json) {
    const verdict = isDecided ? hex(verdictId) : null;
    terminal.json({ kind: "approval", proposal, approver: approver.name, index, verdict });
  } else if (isDecided) {
    terminal.say(`c:${index}  approved by ${approver.name}, and decided: ${hex(verdictId)}`);
    terminal.note(`look with: ostraka explain ${hex(verdictId)}`);
  } else terminal.say(`c:${index}  approved by ${approver.name}; more approvals are needed`);
  if (flags.wait !== true || !isDecided) return;
  await waitAndTell(access, proposal, deadlineMs, flags.json, terminal);
}
