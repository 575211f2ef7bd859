// `ostraka propose`: a kill switch. Signs a proposal with the proposer's own key, sends it, prints
// its id and the next step; with --wait stays until every host has proven that it enforces.

import { randomBytes } from "node:crypto";
import { parseStage } from "@ostraka/agents/node";
import { hex, parseSubject, Role, SUBJECT_KINDS, type SubjectText } from "@ostraka/proto";
import { type Access, type AccessFlags, withAccess } from "../access.ts";
import { durationOf } from "../duration.ts";
import { usage } from "../failure.ts";
import { openIdentity } from "../identity.ts";
import { makeProposal, type ProposalWish, scopeOf } from "../make-proposal.ts";
import { submitCommand } from "../submit.ts";
import type { Terminal } from "../terminal.ts";
import { waitAndTell } from "../wait-coverage.ts";

export interface ProposeFlags extends AccessFlags {
  readonly stage: string;
  readonly scope?: readonly string[];
  readonly ttl: string;
  readonly reason: string;
  readonly dryRun?: boolean;
  readonly supersedes?: readonly string[];
  readonly valid: string;
  readonly wait?: boolean;
  readonly timeout?: string;
}

const TIMEOUT = "30s";
const WAIT_TIMEOUT = "5m";

export async function runPropose(
  args: readonly string[],
  flags: ProposeFlags,
  terminal: Terminal,
): Promise<number> {
  const subject = subjectOf(args[0] as string);
  const stage = parseStage(flags.stage);
  if (stage === undefined) {
    throw usage(
      `--stage ${flags.stage}: one of observe, step-up, throttle, restrict, suspend, terminate`,
    );
  }
  const wish = {
    kind: "revoke" as const,
    stage,
    scope: scopeOf(flags.scope ?? []),
    ttlMs: durationOf("--ttl", flags.ttl),
    isDryRun: flags.dryRun === true,
  };
  return await withAccess(flags, (access) =>
    proposeAndTell(access, flags, terminal, { subject, statement: flags.reason, wish }),
  );
}

function subjectOf(text: string): SubjectText {
  const subject = parseSubject(text);
  if (subject !== undefined) return subject;
  throw usage(
    `"${text.slice(0, 80)}" is no subject: write kind:value, as address:203.0.113.7 or ` +
      `user:REALM/NAME; kinds are ${SUBJECT_KINDS.join(", ")}`,
  );
}

/** What `propose` and `lift` share: sign, send, tell, wait. */
export async function proposeAndTell(
  access: Access,
  flags: Pick<ProposeFlags, "valid" | "wait" | "timeout" | "json" | "data" | "as" | "key">,
  terminal: Terminal,
  wished: Pick<ProposalWish, "subject" | "statement" | "wish">,
): Promise<number> {
  const { crypto, genesis, client } = access;
  const isWaiting = flags.wait === true;
  const timeoutMs = durationOf("--timeout", flags.timeout ?? (isWaiting ? WAIT_TIMEOUT : TIMEOUT));
  const deadlineMs = performance.now() + timeoutMs;
  const { signer, name } = openIdentity(flags, genesis, [Role.OPERATOR, Role.APPROVER]);
  const validMs = durationOf("--valid", flags.valid);
  const { epoch } = await client.mesh.getStatus({});
  const random = (count: number) => new Uint8Array(randomBytes(count));
  const ports = { crypto, mesh: genesis.mesh, signer, random };
  const made = makeProposal(ports, { ...wished, epoch, nowMs: Date.now(), validMs });
  const id = hex(made.id);
  const { index } = await submitCommand(access, {
    command: made.envelope,
    privates: [made.part],
    what: "proposal",
    timeoutMs,
    onWait: (why) => terminal.note(`waiting: ${why}`),
  });
  if (flags.json) terminal.json({ kind: "proposal", id, index, proposer: name });
  else {
    terminal.say(id);
    terminal.note(`proposed at c:${index} as ${name}; it takes effect when enough people approve`);
    terminal.note(`approve with: ostraka approve ${id} --as NAME`);
  }
  if (isWaiting) await waitAndTell(access, id, deadlineMs, flags.json, terminal);
  return 0;
}
