// `ostraka explain ID`: from a denied request or a verdict back to what it rests on, in words that
// can be read aloud.

import { type AccessFlags, withAccess } from "../access.ts";
import { askHosts, type HostAnswer } from "../ask-hosts.ts";
import { type ExplainedSignal, type ExplainedVerdict, explainVerdict } from "../explain-verdict.ts";
import { refused } from "../failure.ts";
import { findVerdict } from "../ledger/find-verdict.ts";
import type { WalkedEntry } from "../ledger/ledger-walk.ts";
import { VerifiedMesh } from "../ledger/verified-mesh.ts";
import { printable, spanText, type Terminal, timeText } from "../terminal.ts";
import { factLines, scopeWords, stageWords } from "../verdict-words.ts";

export async function runExplain(
  args: readonly string[],
  flags: AccessFlags,
  terminal: Terminal,
): Promise<number> {
  const id = args[0] as string;
  const isHex = /^[0-9a-fA-F]+$/.test(id);
  const host = isHex ? undefined : await askHosts(flags.data, id);
  if (!isHex && host === undefined) {
    throw refused(
      `no host of ${flags.data} knows ${id.slice(0, 100)}: hosts remember recent decisions only, ` +
        "and only those that run on this machine can be asked",
    );
  }
  const revocation = isHex ? id : host?.revocation?.id;
  if (revocation === undefined) {
    tellHost(host as HostAnswer, flags, terminal);
    return 0;
  }
  return await withAccess(flags, async (access) => {
    const mesh = new VerifiedMesh(access);
    await mesh.refresh();
    const found = findVerdict(mesh.walk, revocation);
    const nowMs = Math.max(Date.now(), mesh.machineTimeMs);
    const explained = explainVerdict(access.crypto, mesh.walk, found, nowMs);
    if (flags.json) {
      terminal.json({ ...(host === undefined ? {} : { decision: host }), ...explained });
      return 0;
    }
    if (host !== undefined) tellHost(host, flags, terminal);
    tellVerdict(found, explained, nowMs, terminal);
    return 0;
  });
}

function tellHost(answer: HostAnswer, flags: AccessFlags, terminal: Terminal): void {
  const { host, decision, lease, seenHere, revocation } = answer;
  if (flags.json) {
    if (revocation === undefined) terminal.json({ decision: answer });
    return;
  }
  if (decision !== undefined) {
    const subjects = (decision.request?.subjects ?? []).map(printable).join(", ");
    terminal.say(
      terminal.paint("bold", `decision ${printable(decision.id)} of ${printable(host)}`),
    );
    const facts = [
      ["answered", `${printable(decision.answer)} by ${printable(decision.enforcer)}`],
      ["when", decision.time ?? "-"],
      ["asked for", subjects || "nobody that could be read"],
      ["because", printable(decision.reason)],
    ];
    for (const line of factLines(facts)) terminal.say(line);
  }
  if (lease !== undefined) {
    terminal.say(`a local lease of ${printable(host)}, on its own evidence, before any quorum:`);
    const facts = [
      ["who", printable(lease.subject)],
      ["stage", printable(lease.stage)],
      ["until", lease.until ?? "-"],
    ];
    for (const line of factLines(facts)) terminal.say(line);
  }
  for (const { detector, seen, against, betsMdb } of seenHere?.reasons ?? []) {
    const words = `${printable(detector)}: saw ${printable(seen)}, against ${printable(against)}`;
    terminal.say(`    ${decibans(betsMdb)}  ${words}`);
  }
}

function tellVerdict(
  { verdict }: WalkedEntry,
  explained: ExplainedVerdict,
  nowMs: number,
  terminal: Terminal,
): void {
  if (verdict === undefined) return;
  const { rule, signals, people, proof, state, endedAt } = explained;
  const { at, id } = explained.verdict as { at: string; id: Uint8Array };
  const kind = verdict.kind === "lift" ? "lift" : "revocation";
  terminal.say(terminal.paint("bold", `${kind} ${Buffer.from(id).toString("hex")}`));
  const facts: string[][] = [["who", printable(verdict.subject)]];
  if (verdict.kind === "revocation") {
    const { stage, scope, expiresMs, isDryRun } = verdict.revocation;
    const left = Number(expiresMs) - nowMs;
    facts.push(
      ["what", isDryRun ? `${stageWords(stage)}, as a dry run` : stageWords(stage)],
      ["where", scopeWords(scope)],
      ["until", `${timeText(expiresMs)}${left > 0 ? ` (${spanText(left)} from now)` : ""}`],
    );
  } else {
    const lifted = verdict.lift.revocationIds.map((r) => Buffer.from(r).toString("hex"));
    facts.push(["lifts", lifted.join(", ")]);
  }
  facts.push(["stands", endedAt === null ? state : `${state} at ${endedAt}`]);
  facts.push(["rule", `${rule.name} of policy epoch ${rule.epoch}: ${rule.asks}`]);
  for (const line of factLines(facts)) terminal.say(line);
  for (const signal of signals) tellSignal(signal, terminal);
  if (people !== null) tellPeople(people, terminal);
  const proven = proof.inclusionVerified
    ? "inclusion proof verified"
    : "inclusion proof NOT verified";
  terminal.say(
    `entry ${at} of ${proof.treeSize}, sealed by ${proof.seals} of ${proof.coordinators}: ` +
      terminal.paint(proof.inclusionVerified ? "green" : "red", proven),
  );
}

function tellSignal(
  { host, faultDomain, time, evidenceMdb, reasons }: ExplainedSignal,
  t: Terminal,
) {
  t.say(`${host} (${faultDomain}) signalled ${decibans(evidenceMdb)} at ${time}:`);
  for (const { detector, seen, against, mdb, kind } of reasons) {
    const learned = kind === "learned" ? " [learned: explains, does not count]" : "";
    const words = `${printable(detector)}: saw ${printable(seen)}, against ${printable(against)}`;
    t.say(`    ${decibans(mdb)}  ${words}${learned}`);
  }
}

function tellPeople(people: NonNullable<ExplainedVerdict["people"]>, terminal: Terminal): void {
  const { proposer, proposed, statement, approvals } = people;
  terminal.say(
    `${proposer} proposed it at ${proposed}: ${printable(statement) || "no reason given"}`,
  );
  for (const { approver, groups, time } of approvals) {
    terminal.say(`${approver} (${groups.join(", ")}) approved at ${time}`);
  }
}

function decibans(mdb: number): string {
  return `${(mdb / 1000).toFixed(1)} dB`;
}
