// What a policy changes against another, in a reader's words: what gets easier to do, what gets
// harder, and what is merely different. Never a diff of texts: a comment changes nothing.

import type { ApprovalRule, Policy, SignalRule } from "@ostraka/agents/kernel";
import { type RosterFacts, stageName } from "@ostraka/agents/node";
import { SUBJECT_KINDS } from "@ostraka/proto";
import { spanText } from "../terminal.ts";
import { treeWords } from "../verdict-words.ts";
import { numberChanges } from "./policy-numbers.ts";
import { compareTrees } from "./tree-order.ts";

export interface PolicyChange {
  /** For machines or people to revoke; `other` where neither word is true. */
  readonly direction: "easier" | "harder" | "other";
  readonly what: string;
}

type Direction = PolicyChange["direction"];

export function policyChanges(
  before: Policy,
  after: Policy,
  roster: RosterFacts,
): readonly PolicyChange[] {
  return [
    ...ruleChanges(before.signalRules, after.signalRules, "machines", signalRuleChanges),
    ...ruleChanges(before.approvalRules, after.approvalRules, "people", (a, b) =>
      approvalRuleChanges(a, b, roster),
    ),
    ...setChanges("exempt", exemptOf(before), exemptOf(after)),
    ...numberChanges(before, after),
  ];
}

/** Rules by name: new ones, gone ones, and those that are in both. */
function ruleChanges<R extends { readonly name: string }>(
  before: readonly R[],
  after: readonly R[],
  who: string,
  compare: (a: R, b: R) => PolicyChange[],
): PolicyChange[] {
  const changes: PolicyChange[] = [];
  for (const rule of before) {
    const next = after.find((r) => r.name === rule.name);
    if (next !== undefined) changes.push(...compare(rule, next));
    else changes.push({ direction: "harder", what: `${who} lose the rule ${rule.name}` });
  }
  for (const rule of after) {
    if (before.some((r) => r.name === rule.name)) continue;
    changes.push({ direction: "easier", what: `${who} gain the rule ${rule.name}` });
  }
  return changes;
}

/** A number that makes revoking harder as it grows, or easier. */
function grown(
  what: string,
  [from, to]: readonly [number, number],
  growing: Direction,
  words: (n: number) => string = String,
): PolicyChange[] {
  if (from === to) return [];
  const other: Direction =
    growing === "harder" ? "easier" : growing === "easier" ? "harder" : "other";
  const direction = to > from ? growing : other;
  return [{ direction, what: `${what}: ${words(to)} instead of ${words(from)}` }];
}

function changed(what: string, from: string, to: string): PolicyChange[] {
  return from === to ? [] : [{ direction: "other", what: `${what}: ${to} instead of ${from}` }];
}

function signalRuleChanges(a: SignalRule, b: SignalRule): PolicyChange[] {
  const at = (what: string) => `${a.name}, ${what}`;
  const max = (rule: SignalRule) => rule.sharedSubjectsMax ?? Number.POSITIVE_INFINITY;
  return [
    ...setChanges(at("kinds"), kindsOf(a.kinds), kindsOf(b.kinds), "easier"),
    ...grown(at("hosts that must agree"), [a.hosts, b.hosts], "harder"),
    ...grown(at("fault domains"), [a.faultDomains, b.faultDomains], "harder"),
    ...grown(at("window"), [a.windowMs, b.windowMs], "easier", spanText),
    ...grown(at("line of each host"), [a.lineMdb, b.lineMdb], "harder", (n) => `${n} mdB`),
    ...grown(at("stage"), [a.stage, b.stage], "easier", stageName),
    ...grown(at("how long it holds"), [a.ttlMs, b.ttlMs], "easier", spanText),
    ...grown(
      at("known users at an address before people decide"),
      [max(a), max(b)],
      "easier",
      (n) => (Number.isFinite(n) ? String(n) : "any number"),
    ),
    ...changed(at("when"), a.when?.text ?? "always", b.when?.text ?? "always"),
    ...changed(at("escalations"), signalEscalations(a), signalEscalations(b)),
    ...changed(at("short windows become suggestions"), yesNo(a), yesNo(b)),
    ...changed(at("a second offence"), repeatWords(a), repeatWords(b)),
  ];
}

function yesNo(rule: SignalRule): string {
  return rule.suggestWhenShort === true ? "yes" : "no";
}

function repeatWords({ repeat }: SignalRule): string {
  if (repeat === undefined) return "is as the first";
  const { withinMs, stage, ttlMs } = repeat;
  return `within ${spanText(withinMs)} is ${stageName(stage)} for ${spanText(ttlMs)}`;
}

function signalEscalations({ escalations = [] }: SignalRule): string {
  const each = escalations.map(
    ({ when, hosts, faultDomains }) =>
      `${hosts} hosts of ${faultDomains} domains where ${when.text}`,
  );
  return each.join("; ") || "none";
}

function approvalRuleChanges(
  a: ApprovalRule,
  b: ApprovalRule,
  roster: RosterFacts,
): PolicyChange[] {
  const at = (what: string) => `${a.name}, ${what}`;
  const order = compareTrees([a.approvals], [b.approvals], roster);
  const trees = `consent: ${treeWords(b.approvals)} instead of ${treeWords(a.approvals)}`;
  const stages = (rule: ApprovalRule) => new Set(rule.stages.map(stageName));
  return [
    ...(order === "same" ? [] : [{ direction: order, what: at(trees) }]),
    ...setChanges(at("kinds"), kindsOf(a.kinds), kindsOf(b.kinds), "easier"),
    ...setChanges(at("stages"), stages(a), stages(b), "easier"),
    ...grown(at("longest time"), [a.ttlMsMax, b.ttlMsMax], "easier", spanText),
    ...changed(at("when"), a.when?.text ?? "always", b.when?.text ?? "always"),
    ...changed(at("escalations"), consentEscalations(a), consentEscalations(b)),
    ...changed(at("with evidence"), evidenceWords(a), evidenceWords(b)),
  ];
}

function consentEscalations({ escalations = [] }: ApprovalRule): string {
  const each = escalations.map(
    ({ when, approvals }) => `also ${treeWords(approvals)} where ${when.text}`,
  );
  return each.join("; ") || "none";
}

function evidenceWords({ withEvidence }: ApprovalRule): string {
  if (withEvidence === undefined) return "no lighter consent";
  const { hosts, faultDomains, lineMdb, approvals } = withEvidence;
  const signals = `signals of ${hosts} hosts of ${faultDomains} domains over ${lineMdb} mdB`;
  return `${treeWords(approvals)} beside ${signals}`;
}

function kindsOf(kinds: readonly number[]): Set<string> {
  return new Set(kinds.map((kind) => SUBJECT_KINDS[kind - 1] ?? "unknown"));
}

function exemptOf(policy: Policy): Set<string> {
  const blocks = policy.exemptBlocks.map((block) => JSON.stringify(block, textOfBigint));
  return new Set([...policy.exemptSubjects, ...blocks]);
}

function textOfBigint(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}

/** What is added makes it easier or harder, and what goes the other way. */
function setChanges(
  what: string,
  before: ReadonlySet<string>,
  after: ReadonlySet<string>,
  adding: "easier" | "harder" = "harder",
): PolicyChange[] {
  const removing = adding === "easier" ? "harder" : "easier";
  const added = [...after].filter((item) => !before.has(item));
  const gone = [...before].filter((item) => !after.has(item));
  return [
    ...(added.length > 0 ? [{ direction: adding, what: `${what}: also ${added.join(", ")}` }] : []),
    ...(gone.length > 0
      ? [{ direction: removing, what: `${what}: no longer ${gone.join(", ")}` } as const]
      : []),
  ];
}
