// `ostraka propose`: a kill switch. Shows what it would do BEFORE anything is signed, signs a
// proposal with the proposer's own key, sends it, prints its id and the next step; with --wait
// stays until every host has proven that it enforces.

import { randomBytes } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { parseStage } from "@ostraka/agents/node";
import {
  hex,
  parseSubject,
  RevokeWishSchema,
  Role,
  type Scope,
  SUBJECT_KINDS,
  type SubjectText,
} from "@ostraka/proto";
import { type Access, type AccessFlags, withAccess } from "../access.ts";
import { hasPerson, isConfirmed } from "../confirm.ts";
import { durationOf } from "../duration.ts";
import { refused, usage } from "../failure.ts";
import { openIdentity } from "../identity.ts";
import { VerifiedMesh } from "../ledger/verified-mesh.ts";
import { makeProposal, type ProposalWish, scopeOf } from "../make-proposal.ts";
import { checkOwnClock } from "../own-clock.ts";
import { knownSubjects, type Preview, previewLines, previewOf } from "../preview.ts";
import { submitCommand } from "../submit.ts";
import { printable, type Terminal } from "../terminal.ts";
import { factLines, scopeWords, stageWords } from "../verdict-words.ts";
import { waitAndTell } from "../wait-coverage.ts";
import {
  findSuggestion,
  type WaitingSuggestion,
  waitingSuggestions,
} from "../waiting-suggestions.ts";
import { wideningOf } from "../widening.ts";

export interface ProposeFlags extends AccessFlags {
  readonly from?: string;
  readonly stage?: string;
  readonly scope?: readonly string[];
  readonly ttl?: string;
  readonly reason: string;
  readonly dryRun?: boolean;
  readonly canary?: string;
  readonly every: string;
  readonly supersedes?: readonly string[];
  readonly unseen?: boolean;
  readonly preview?: boolean;
  readonly yes?: boolean;
  readonly valid: string;
  readonly wait?: boolean;
  readonly timeout?: string;
}

const TIMEOUT = "30s";
const WAIT_TIMEOUT = "5m";

type Revoke = Extract<ProposalWish["wish"], { kind: "revoke" }>;

export async function runPropose(
  args: readonly string[],
  flags: ProposeFlags,
  terminal: Terminal,
): Promise<number> {
  if ((args[0] === undefined) === (flags.from === undefined)) {
    throw usage("give a subject, or --from a suggestion: one of the two");
  }
  const scope = scopeOf(flags.scope ?? []);
  const named = args[0] === undefined ? undefined : subjectOf(args[0]);
  if (named !== undefined) wishOf(flags, scope, undefined);
  return await withAccess(flags, async (access) => {
    const mesh = new VerifiedMesh(access);
    await mesh.refresh();
    const nowMs = Math.max(Date.now(), mesh.machineTimeMs);
    const waiting = waitingSuggestions(access.crypto, mesh.walk.entries(), nowMs);
    const taken = flags.from === undefined ? undefined : findSuggestion(waiting, flags.from);
    const subject = (taken?.subject ?? named) as SubjectText;
    const wish = wishOf(flags, scope, taken);
    const known = knownSubjects(mesh.walk);
    for (const each of waiting) known.add(each.subject);
    const widening = (wish.widening ?? []).map((step) => ({
      afterMs: BigInt(step.afterMs),
      permille: step.permille,
    }));
    const { stage, isDryRun = false } = wish;
    const shown = create(RevokeWishSchema, { stage, scope, isDryRun, widening });
    const preview = previewOf(mesh.walk, subject, shown, known, nowMs);
    show(mesh, flags, terminal, { subject, wish, scope, preview });
    if (flags.preview === true) return 0;
    await check(preview, subject, flags);
    const evidence = taken && { signals: taken.suggestion.signals, parts: taken.parts };
    const wished = { subject, statement: flags.reason, wish, ...(evidence && { evidence }) };
    return await proposeAndTell(access, mesh, flags, terminal, wished);
  });
}

function subjectOf(text: string): SubjectText {
  const subject = parseSubject(text);
  if (subject !== undefined) return subject;
  throw usage(
    `"${text.slice(0, 80)}" is no subject: write kind:value, as address:203.0.113.7 or ` +
      `user:REALM/NAME; kinds are ${SUBJECT_KINDS.join(", ")}`,
  );
}

/**
 * What is asked for; a suggestion gives what the flags do not. @throws OstrakaError OSTRAKA_USAGE.
 */
function wishOf(
  flags: ProposeFlags,
  scope: Scope,
  taken: Pick<WaitingSuggestion, "suggestion"> | undefined,
): Revoke {
  const suggested = taken?.suggestion;
  const stage = flags.stage === undefined ? suggested?.stage : parseStage(flags.stage);
  if (stage === undefined) {
    throw usage(
      `--stage ${flags.stage ?? "is missing"}: one of observe, step-up, throttle, restrict, ` +
        "suspend, terminate",
    );
  }
  if (flags.ttl === undefined && suggested === undefined) {
    throw usage("--ttl is missing: say how long it holds, as 1h");
  }
  const ttlMs =
    flags.ttl === undefined ? Number(suggested?.ttlMs ?? 0n) : durationOf("--ttl", flags.ttl);
  const isDryRun = flags.dryRun === true;
  return { kind: "revoke", stage, scope, ttlMs, isDryRun, widening: wideningOf(flags) };
}

function show(
  mesh: VerifiedMesh,
  flags: ProposeFlags,
  terminal: Terminal,
  about: {
    readonly subject: SubjectText;
    readonly wish: Revoke;
    readonly scope: Scope;
    readonly preview: Preview;
  },
): void {
  const { subject, wish, scope, preview } = about;
  if (flags.json && flags.preview === true) {
    terminal.json({ kind: "preview", subject, ...preview });
    return;
  }
  const dry = wish.isDryRun === true ? ", as a dry run: nothing is enforced" : "";
  // On stderr: standard output holds the id alone.
  terminal.note(
    `would ${stageWords(wish.stage)} ${printable(subject)}, ${scopeWords(scope)}${dry}`,
  );
  const lines = previewLines(preview, mesh.walk.mesh.view, wish.stage);
  for (const line of factLines(lines)) terminal.note(line);
}

/** Stops BEFORE the signature where it would reach nothing or, most likely, the wrong one. */
async function check(preview: Preview, subject: SubjectText, flags: ProposeFlags): Promise<void> {
  if (preview.hosts.length === 0) {
    throw refused("not proposed: no host lies within that scope, so it would reach nothing");
  }
  if (preview.alike.length > 0 && flags.unseen !== true) {
    const others = preview.alike.slice(0, 3).map(printable).join(", ");
    throw refused(
      `not proposed: nobody has seen ${printable(subject)} (unknown-subject), but ${others}: ` +
        "check the spelling, or say --unseen",
    );
  }
  if (flags.yes === true || !hasPerson()) return;
  if (!(await isConfirmed("propose it?"))) throw refused("not proposed: nothing was signed");
}

/** What `propose` and `lift` share: sign, send, tell, wait. */
export async function proposeAndTell(
  access: Access,
  mesh: VerifiedMesh,
  flags: Pick<ProposeFlags, "valid" | "wait" | "timeout" | "json" | "data" | "as" | "key">,
  terminal: Terminal,
  wished: Pick<ProposalWish, "subject" | "statement" | "wish" | "evidence">,
): Promise<number> {
  const { crypto, genesis } = access;
  const isWaiting = flags.wait === true;
  const timeoutMs = durationOf("--timeout", flags.timeout ?? (isWaiting ? WAIT_TIMEOUT : TIMEOUT));
  const deadlineMs = performance.now() + timeoutMs;
  checkOwnClock(Date.now(), mesh.machineTimeMs);
  const { view, roster } = mesh.walk.mesh;
  const inForce = { roster: roster.document };
  const { signer, name } = openIdentity(flags, inForce, [Role.OPERATOR, Role.APPROVER]);
  const validMs = durationOf("--valid", flags.valid);
  const random = (count: number) => new Uint8Array(randomBytes(count));
  const ports = { crypto, mesh: genesis.mesh, signer, random };
  const { epoch } = view;
  const made = makeProposal(ports, { ...wished, epoch, nowMs: Date.now(), validMs });
  const id = hex(made.id);
  const { index } = await submitCommand(access, {
    command: made.envelope,
    privates: made.privates,
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
