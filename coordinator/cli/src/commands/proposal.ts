// `ostraka proposal list|show|export|import`: proposals that wait for people, and the way of one to
// an approver whose key never touches the network and back. An export is a whole ledger export: an
// approver verifies it from the genesis on and needs nobody's word.

import { renameSync, writeFileSync } from "node:fs";
import { ApprovalSchema, decode, hex, LIMITS, OstrakaError, Role } from "@ostraka/proto";
import { type AccessFlags, withAccess } from "../access.ts";
import { checkProposalId, openProposalOf, proposalIdOf, sheetLines } from "../approval-sheet.ts";
import { durationOf } from "../duration.ts";
import { openApiSource } from "../ledger/api-source.ts";
import { exportText, readBoth } from "../ledger/export-source.ts";
import { VerifiedMesh } from "../ledger/verified-mesh.ts";
import { headAgeText } from "../own-clock.ts";
import { readSignedFile } from "../signed-file.ts";
import { printable, spanText, type Terminal } from "../terminal.ts";
import { wishLines } from "../verdict-words.ts";
import { submitApproval, tellApproval } from "./approve.ts";

export interface ProposalFlags extends AccessFlags {
  readonly out?: string;
  readonly timeout: string;
}

/** `proposal list`: what is open and has not lapsed. */
export async function runProposalList(
  _args: readonly string[],
  flags: ProposalFlags,
  terminal: Terminal,
): Promise<number> {
  return await withAccess(flags, async (access) => {
    const mesh = new VerifiedMesh(access);
    await mesh.refresh("control");
    const wallMs = Date.now();
    const nowMs = Math.max(wallMs, mesh.machineTimeMs);
    const ageText = headAgeText(wallMs - mesh.machineTimeMs);
    if (ageText !== undefined) terminal.note(ageText);
    for (const { opened, approvals, verdictId, index } of mesh.walk.people.all()) {
      const { proposal, proposer, subject, statement } = opened;
      const leftMs = Number(proposal.notAfterMs) - nowMs;
      if (verdictId !== undefined || leftMs <= 0) continue;
      const id = hex(opened.id);
      const approvers = approvals.map((a) => a.holder);
      if (flags.json) {
        const wish = proposal.wish.case;
        const expires = new Date(Number(proposal.notAfterMs)).toISOString();
        terminal.json({
          at: `c:${index}`,
          id,
          wish,
          subject,
          proposer,
          approvers,
          statement,
          expires,
        });
        continue;
      }
      const [, , stage] = wishLines(proposal, subject, nowMs);
      const what = proposal.wish.case === "lift" ? "lift" : (stage?.[1] ?? "");
      const by =
        approvers.length === 0 ? "nobody approved yet" : `approved by ${approvers.join(", ")}`;
      terminal.say(`${id}  ${what} ${printable(subject)}`);
      terminal.say(`  asked by ${proposer}, ${by}, ${spanText(leftMs)} left`);
    }
    return 0;
  });
}

/** `proposal show ID`: the sheet that an approver would see. */
export async function runProposalShow(
  args: readonly string[],
  flags: ProposalFlags,
  terminal: Terminal,
): Promise<number> {
  const text = args[0] as string;
  checkProposalId(text, false);
  return await withAccess(flags, async (access) => {
    const mesh = new VerifiedMesh(access);
    await mesh.refresh();
    const id = hex(proposalIdOf(mesh.walk, text));
    const lines = sheetLines(mesh.walk, openProposalOf(mesh.walk, id), Date.now());
    if (flags.json) terminal.json({ kind: "proposal", id, lines });
    else for (const line of lines) terminal.say(line);
    return 0;
  });
}

/** `proposal export ID`: everything that an approver without a network needs. */
export async function runProposalExport(
  args: readonly string[],
  flags: ProposalFlags,
  terminal: Terminal,
): Promise<number> {
  const text = args[0] as string;
  checkProposalId(text, false);
  const { id, out, entries } = await withAccess(flags, async (access) => {
    const mesh = new VerifiedMesh(access);
    await mesh.refresh();
    const id = hex(proposalIdOf(mesh.walk, text));
    const out = flags.out ?? `${id.slice(0, 16)}.proposal.jsonl`;
    openProposalOf(mesh.walk, id);
    const ledgers = await readBoth(openApiSource(access));
    const lines = [...exportText(access.genesis.mesh, ledgers)];
    // Beside its place, then renamed: a file of that name is a whole export.
    writeFileSync(`${out}.new`, lines.join(""), { mode: 0o600 });
    renameSync(`${out}.new`, out);
    return { id, out, entries: lines.length - 1 - ledgers.size };
  });
  if (flags.json) terminal.json({ kind: "proposal-export", id, out, entries });
  else terminal.say(`${out}: proposal ${id} with the ${entries} entries that prove it`);
  terminal.note("carry it to the approver, who needs the genesis and a key:");
  terminal.note(`  ostraka approve ${id} --offline ${out} --as NAME`);
  return 0;
}

/** `proposal import FILE`: sends an approval that was signed offline. Anybody may carry it. */
export async function runProposalImport(
  args: readonly string[],
  flags: ProposalFlags,
  terminal: Terminal,
): Promise<number> {
  const path = args[0] as string;
  const timeoutMs = durationOf("--timeout", flags.timeout);
  return await withAccess(flags, async (access) => {
    const envelope = readSignedFile(path, "approval", access.genesis.mesh);
    const approval = decode(ApprovalSchema, envelope.body, LIMITS.commandBytesMax);
    if (approval === undefined) {
      throw new OstrakaError("OSTRAKA_DATA_INVALID", `${path} holds no approval`);
    }
    const mesh = new VerifiedMesh(access);
    await mesh.refresh("control");
    const key = envelope.signatures[0]?.key ?? new Uint8Array();
    const approver = mesh.walk.mesh.view.findHolder(key, [Role.APPROVER]) ?? "nobody known";
    const sent = await submitApproval(access, envelope, timeoutMs, terminal);
    const proposal = hex(approval.proposalId);
    tellApproval(terminal, flags.json, { ...sent, approver, proposal });
    return 0;
  });
}
