// `ostraka approve`: shows what one would consent to and signs its exact bytes. Online it asks a
// coordinator for the ledgers and verifies them; with --offline it reads them from an export, signs
// on a machine that has no network, and leaves the approval in a file for somebody else to carry.

import { existsSync } from "node:fs";
import { openCrypto, readGenesisFile } from "@ostraka/host";
import {
  ApprovalSchema,
  type Bytes,
  type Envelope,
  encodeNew,
  hex,
  type MeshId,
  OstrakaError,
  Role,
  signEnvelope,
} from "@ostraka/proto";
import { type Access, type AccessFlags, withAccess } from "../access.ts";
import {
  checkProposalId,
  endsOf,
  openProposalOf,
  proposalIdOf,
  sheetLines,
} from "../approval-sheet.ts";
import { hasPerson, isConfirmed } from "../confirm.ts";
import { durationOf } from "../duration.ts";
import { refused, usage } from "../failure.ts";
import { type Identity, openIdentity } from "../identity.ts";
import type { LedgerWalk } from "../ledger/ledger-walk.ts";
import { verifyExportFile } from "../ledger/read-export.ts";
import { VerifiedMesh } from "../ledger/verified-mesh.ts";
import { type ExportFault, isFault } from "../ledger/verify-export.ts";
import { pathsOf } from "../mesh-dir.ts";
import { rejectWords } from "../reject-words.ts";
import { writeSignedFile } from "../signed-file.ts";
import { submitCommand } from "../submit.ts";
import type { Terminal } from "../terminal.ts";
import { waitAndTell } from "../wait-coverage.ts";

export interface ApproveFlags extends AccessFlags {
  /** An export that `ostraka proposal export` wrote. */
  readonly offline?: string;
  /** With --offline: where the approval goes. */
  readonly out?: string;
  readonly yes?: boolean;
  readonly valid: string;
  readonly wait?: boolean;
  readonly timeout: string;
}

export async function runApprove(
  args: readonly string[],
  flags: ApproveFlags,
  terminal: Terminal,
): Promise<number> {
  const text = args[0] as string;
  checkProposalId(text, flags.yes === true);
  if (flags.yes !== true && !hasPerson()) {
    throw usage("approving needs a person at a terminal, or --yes when you have read it elsewhere");
  }
  if (flags.offline !== undefined) return await approveOffline(text, flags, terminal);
  const timeoutMs = durationOf("--timeout", flags.timeout);
  return await withAccess(flags, async (access) => {
    const mesh = new VerifiedMesh(access);
    await mesh.refresh();
    const id = proposalIdOf(mesh.walk, text);
    const { approver, envelope } = await consent(mesh.walk, id, flags, terminal);
    // The clock runs for the mesh, not for whoever reads.
    const deadlineMs = performance.now() + timeoutMs;
    await send(access, flags, terminal, { approver, envelope, id, deadlineMs });
    return 0;
  });
}

/** Shows the sheet, asks, signs. @throws OstrakaError OSTRAKA_REFUSED or OSTRAKA_NOT_VERIFIED. */
async function consent(
  walk: LedgerWalk,
  id: Bytes,
  flags: ApproveFlags,
  terminal: Terminal,
): Promise<{ readonly approver: Identity; readonly envelope: Envelope }> {
  const { roster, view } = walk.mesh;
  const approver = openIdentity(flags, { roster: roster.document }, [Role.APPROVER]);
  const recorded = openProposalOf(walk, hex(id));
  const { proposal, proposer, subject } = recorded.opened;
  if (proposer === approver.name) {
    throw refused(`${approver.name} proposed this, and whoever proposes cannot approve`);
  }
  endsOf(walk, hex(id), proposal, subject);
  // Whoever is asked sees what it is about, also where standard output takes JSON.
  const isAsked = flags.yes !== true;
  if (!flags.json || isAsked) {
    const say = flags.json ? terminal.note : terminal.say;
    for (const line of sheetLines(walk, recorded, Date.now())) say(line);
  }
  if (isAsked && !(await isConfirmed(`approve as ${approver.name}?`))) {
    throw refused("not approved: nothing was signed");
  }
  return { approver, envelope: approvalOf(view.mesh, id, approver, flags.valid) };
}

function approvalOf(mesh: MeshId, id: Bytes, approver: Identity, valid: string): Envelope {
  const nowMs = Date.now();
  const body = encodeNew(ApprovalSchema, {
    format: 1,
    proposalId: id,
    createdMs: BigInt(nowMs),
    notAfterMs: BigInt(nowMs + durationOf("--valid", valid)),
  });
  return signEnvelope(mesh, "approval", body, approver.signer);
}

async function approveOffline(
  text: string,
  flags: ApproveFlags,
  terminal: Terminal,
): Promise<number> {
  const crypto = openCrypto();
  const genesis = readGenesisFile(crypto, pathsOf(flags.data).genesis);
  const result = verifyExportFile(crypto, genesis, flags.offline as string);
  if (isFault(result)) throw unverified(flags.offline as string, result);
  const { walk } = result;
  const id = proposalIdOf(walk, text);
  const path = flags.out ?? `${hex(id).slice(0, 16)}.${flags.as ?? "approval"}.json`;
  if (existsSync(path)) throw usage(`${path} exists: move it away, or name another --out`);
  const { approver, envelope } = await consent(walk, id, flags, terminal);
  writeSignedFile(path, "approval", envelope);
  const proposal = hex(id);
  if (flags.json)
    terminal.json({ kind: "approval", proposal, approver: approver.name, file: path });
  else terminal.say(`${path}: approved by ${approver.name}; nothing has been sent`);
  terminal.note(
    `within ${flags.valid}, from a machine with a network: ostraka proposal import ${path}`,
  );
  return 0;
}

function unverified(path: string, { at, code }: ExportFault): OstrakaError {
  const why = `${path} does not hold: ${at} (${code}: ${rejectWords(code)})`;
  return new OstrakaError("OSTRAKA_NOT_VERIFIED", `${why}. Approve nothing out of it`);
}

async function send(
  access: Access,
  flags: ApproveFlags,
  terminal: Terminal,
  given: {
    readonly approver: Identity;
    readonly envelope: Envelope;
    readonly id: Bytes;
    readonly deadlineMs: number;
  },
): Promise<void> {
  const { approver, envelope, id, deadlineMs } = given;
  const timeoutMs = deadlineMs - performance.now();
  const decided = await submitApproval(access, envelope, timeoutMs, terminal);
  tellApproval(terminal, flags.json, { ...decided, approver: approver.name, proposal: hex(id) });
  if (flags.wait !== true || decided.verdict === undefined) return;
  await waitAndTell(access, hex(id), deadlineMs, flags.json, terminal);
}

export interface SentApproval {
  readonly index: bigint;
  /** Hex id of the verdict that it completed. */
  readonly verdict?: string;
}

export async function submitApproval(
  access: Access,
  command: Envelope,
  timeoutMs: number,
  terminal: Terminal,
): Promise<SentApproval> {
  const onWait = (why: string) => terminal.note(`waiting: ${why}`);
  const sent = await submitCommand(access, { command, what: "approval", timeoutMs, onWait });
  const { index, verdictId } = sent;
  return { index, ...(verdictId.length > 0 && { verdict: hex(verdictId) }) };
}

export function tellApproval(
  terminal: Terminal,
  json: boolean,
  sent: SentApproval & { readonly approver: string; readonly proposal: string },
): void {
  const { index, verdict, approver, proposal } = sent;
  if (json) {
    terminal.json({ kind: "approval", proposal, approver, index, verdict: verdict ?? null });
  } else if (verdict !== undefined) {
    terminal.say(`c:${index}  approved by ${approver}, and decided: ${verdict}`);
    terminal.note(`look with: ostraka explain ${verdict}`);
  } else terminal.say(`c:${index}  approved by ${approver}; more approvals are needed`);
}
