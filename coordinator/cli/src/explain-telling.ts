// An explanation in words that can be read aloud: what happened, who decided, on what evidence, and
// how anyone can check it. Words only: what is said has been verified, but for a host's own answer,
// which is told as that.

import type { HostAnswer } from "./ask-hosts.ts";
import type { ExplainedEntry } from "./explain-entry.ts";
import type { ExplainedStory } from "./explain-story.ts";
import type { ExplainedProof, ExplainedSignal, ExplainedVerdict } from "./explain-verdict.ts";
import { idOf, type WalkedEntry } from "./ledger/ledger-walk.ts";
import { printable, spanText, type Terminal, timeText } from "./terminal.ts";
import { reasonInWords } from "./up/reason-words.ts";
import { factLines, scopeWords, stageWords } from "./verdict-words.ts";

/** What a host says of its own decision. */
export function tellHost(answer: HostAnswer, terminal: Terminal): void {
  const { host, decision, lease, seenHere } = answer;
  if (decision !== undefined) {
    const subjects = (decision.request?.subjects ?? []).map(printable).join(", ");
    terminal.say(
      terminal.paint("bold", `decision ${printable(decision.id)} of ${printable(host)}`),
    );
    tellFacts(terminal, [
      ["answered", `${printable(decision.answer)} by ${printable(decision.enforcer)}`],
      ["when", decision.time ?? "-"],
      ["asked for", subjects || "nobody that could be read"],
      ["because", printable(decision.reason)],
    ]);
  }
  if (lease !== undefined) {
    terminal.say(`a local lease of ${printable(host)}, on its own evidence, before any quorum:`);
    tellFacts(terminal, [
      ["who", printable(lease.subject)],
      ["stage", printable(lease.stage)],
      ["until", lease.until ?? "-"],
    ]);
  }
  for (const line of seenHere?.explained ?? []) terminal.say(`    ${printable(line)}`);
}

export function tellVerdict(
  { verdict }: WalkedEntry,
  explained: ExplainedVerdict,
  nowMs: number,
  terminal: Terminal,
): void {
  if (verdict === undefined) return;
  const { rule, signals, people, proof, story, state, endedAt } = explained;
  const { at } = explained.verdict as { at: string };
  const kind = verdict.kind === "lift" ? "lift" : "revocation";
  terminal.say(terminal.paint("bold", `${kind} ${Buffer.from(idOf(verdict)).toString("hex")}`));
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
    const { pardonBeforeMs } = verdict.lift;
    if (pardonBeforeMs > 0n) {
      facts.push(["pardons", `evidence from before ${timeText(pardonBeforeMs)} counts no more`]);
    }
  }
  facts.push(["stands", endedAt === null ? state : `${state} at ${endedAt}`]);
  const canary = explained.ofCanary ? " in its canary" : "";
  facts.push(["rule", `${rule.name} of policy epoch ${rule.epoch}${canary}: ${rule.asks}`]);
  tellFacts(terminal, facts);
  if (explained.bySealsOnly) {
    terminal.say("its words were erased or pruned: that it is about one subject, the seals say");
  }
  tellOrigin(story, terminal);
  for (const signal of signals) tellSignal(signal, terminal);
  if (people !== null) tellPeople(people, terminal);
  tellAftermath(story, terminal);
  tellProof(at, proof, terminal);
}

export function tellEntry(explained: ExplainedEntry, terminal: Terminal): void {
  const { entry, suggestion, signals, inquiries, proof } = explained;
  const at = String(entry["at"]);
  terminal.say(terminal.paint("bold", `${entry["effect"]} ${at}`));
  const facts: string[][] = [];
  if (entry["subject"] !== undefined) facts.push(["who", printable(String(entry["subject"]))]);
  facts.push(["when", String(entry["time"])], ["what", printable(String(entry["words"]))]);
  if (suggestion !== null) {
    const { why, rule, evidenceMdb, sumMdb, hosts, against, expires, takenUp } = suggestion;
    const sum = `if independent ${decibans(sumMdb).trim()}`;
    facts.push(
      ["because", why],
      ["rule", `${rule.name} of policy epoch ${rule.epoch}: ${rule.asks}`],
      ["evidence", `${decibans(evidenceMdb).trim()} of ${hosts} hosts (${sum})`],
      ["against", against === 0 ? "no host" : `${against} hosts know the subject and hold less`],
      ["taken up", takenUp ?? `by nobody; it waits until ${expires}`],
    );
  }
  tellFacts(terminal, facts);
  for (const inquiry of inquiries) tellInquiry(inquiry, terminal);
  for (const signal of signals) tellSignal(signal, terminal);
  tellProof(at, proof, terminal);
}

/** What came before it. */
function tellOrigin(story: ExplainedStory, terminal: Terminal): void {
  const { earlier, inquiries, suggestion } = story;
  if (earlier !== null) {
    const { at, id, from } = earlier;
    terminal.say(
      `a second offence: ${at} (${id.slice(0, 16)}, ${from}) was the first, so it starts higher`,
    );
  }
  for (const inquiry of inquiries) tellInquiry(inquiry, terminal);
  if (suggestion !== null) {
    terminal.say(`machines had left it to people at ${suggestion.at}: ${suggestion.why}`);
  }
}

function tellInquiry(inquiry: ExplainedStory["inquiries"][number], terminal: Terminal): void {
  const { at, time, source, answeredFor, against } = inquiry;
  const answers = answeredFor.length === 0 ? "no answer is in it" : answeredFor.join(", ");
  const opposed = against === null ? "" : `, ${against} against`;
  terminal.say(
    `the mesh was asked at ${at} (${time}) because of ${source}; for: ${answers}${opposed}`,
  );
}

/** What came of it. */
function tellAftermath(story: ExplainedStory, terminal: Terminal): void {
  const { widening, halts, coverage, ended } = story;
  for (const { from, permille } of widening) {
    terminal.say(`from ${from} on ${permille / 10} % of the hosts enforce it`);
  }
  for (const { at, permille, why } of halts) {
    terminal.say(`halted at ${at}, at ${permille / 10} % of the hosts: ${printable(why)}`);
  }
  if (coverage !== null) {
    const { at, hosts, missing, claimedBy } = coverage;
    const who = missing.length === 0 ? "none is missing" : `missing: ${missing.join(", ")}`;
    terminal.say(
      `coverage certificate ${at} of ${claimedBy.join(", ")}: ${hosts - missing.length} of ` +
        `${hosts} hosts had proven that they enforce it; ${who}`,
    );
  }
  if (ended === null) return;
  const { at, kind, by, statement, pardonBefore } = ended;
  const said = statement === "" ? "" : `: ${printable(statement)}`;
  const pardon = pardonBefore === null ? "" : `, with a pardon for what was before ${pardonBefore}`;
  terminal.say(`ended by the ${kind} ${at} of ${by.join(", ")}${pardon}${said}`);
}

function tellSignal(signal: ExplainedSignal, t: Terminal): void {
  const { host, faultDomain, time, evidenceMdb, reasons, answersInquiry } = signal;
  const asked = answersInquiry ? " when asked" : "";
  const where = faultDomain === "" ? "" : ` (${faultDomain})`;
  t.say(`${host}${where} signalled ${decibans(evidenceMdb)}${asked} at ${time}:`);
  for (const { detector, seen, against, mdb, kind } of reasons) {
    const learned = kind === "learned" ? " [learned: explains, does not count]" : "";
    t.say(`    ${decibans(mdb)}  ${reasonWords(detector, seen, against)}${learned}`);
  }
  if (reasons.length === 0) t.say("    its reasons were erased or pruned");
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

function tellProof(at: string, proof: ExplainedProof, terminal: Terminal): void {
  const proven = proof.inclusionVerified
    ? "inclusion proof verified"
    : "inclusion proof NOT verified";
  terminal.say(
    `entry ${at} of ${proof.treeSize}, sealed by ${proof.seals} of ${proof.coordinators}: ` +
      terminal.paint(proof.inclusionVerified ? "green" : "red", proven),
  );
}

function tellFacts(terminal: Terminal, facts: readonly (readonly string[])[]): void {
  for (const line of factLines(facts)) terminal.say(line);
}

/** What a detector saw, and the ceiling that it bet against. */
function reasonWords(detector: string, seen: string, against: string): string {
  const saw = printable(reasonInWords(`${detector}: ${seen}`).replace(`${detector}: `, ""));
  return `${printable(detector)}: saw ${saw}, against ${printable(against)}`;
}

function decibans(mdb: number): string {
  return `${(mdb / 1000).toFixed(1)} dB`;
}
