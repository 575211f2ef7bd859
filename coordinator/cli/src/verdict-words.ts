// Proposals and verdicts in plain words, as a responder would read them aloud. Words only: whoever
// calls has verified what is said.

import type { ApprovalTree, MeshView } from "@ostraka/agents/kernel";
import { stageName } from "@ostraka/agents/node";
import { hex, type Proposal, type Scope, type Stage } from "@ostraka/proto";
import { printable, spanText, timeText } from "./terminal.ts";

const STAGE_WORDS: Readonly<Record<string, string>> = {
  observe: "watch it; nothing is denied",
  "step-up": "ask for stronger authentication",
  throttle: "slow it down",
  restrict: "deny the named resources or actions",
  suspend: "deny all access",
  terminate: "deny all access and end what is open",
};

export function stageWords(stage: Stage): string {
  const name = stageName(stage);
  return `${name} (${STAGE_WORDS[name] ?? "unknown"})`;
}

export function scopeWords(scope: Scope | undefined): string {
  const parts = [
    ...(scope?.hosts ?? []).map((host) => `host ${host}`),
    ...(scope?.resources ?? []).map((resource) => `resource ${resource}`),
    ...(scope?.actions ?? []).map((action) => `action ${action}`),
    ...(scope?.labels ?? []).map((label) => `hosts labelled ${label}`),
  ];
  return parts.length === 0 ? "everywhere" : parts.map(printable).join(", ");
}

const WHY_WORDS: Readonly<Record<string, string>> = {
  "window-short": "the window closed before enough hosts agreed",
  "shared-address": "many vouched subjects share that address",
  governor: "machines had done as much as the policy allows",
  "rising-together": "many subjects rose at once, which looks like one shared cause",
  "break-glass": "it is a break-glass identity",
};

/** Why a warrant of machines was left to people. */
export function whyWords(why: string): string {
  return WHY_WORDS[why] ?? why;
}

/** What a tree of groups asks for: `1 of responders and 1 of security`. */
export function treeWords(tree: ApprovalTree): string {
  if ("group" in tree) return `${tree.atLeast} of ${tree.group}`;
  const branches = ("all" in tree ? tree.all : "any" in tree ? tree.any : tree.of).map((branch) =>
    "group" in branch ? treeWords(branch) : `(${treeWords(branch)})`,
  );
  if ("all" in tree) return branches.join(" and ");
  if ("any" in tree) return branches.join(" or ");
  return `${tree.atLeast} of: ${branches.join(", ")}`;
}

/** What a proposal asks for, one fact a line. */
export function wishLines(proposal: Proposal, subject: string, nowMs: number): string[][] {
  const { wish } = proposal;
  if (wish.case === "lift") {
    const { revocationIds, pardonBeforeMs } = wish.value;
    const pardon = pardonBeforeMs === 0n ? [] : [["pardon", `before ${timeText(pardonBeforeMs)}`]];
    return [
      ["wish", "lift"],
      ["subject", printable(subject)],
      ...revocationIds.map((id) => ["lifts", hex(id)]),
      ...pardon,
    ];
  }
  if (wish.case !== "revoke") return [["wish", "unknown"]];
  const { stage, scope, ttlMs, isDryRun, supersedes } = wish.value;
  const ends = Number(proposal.createdMs) + Number(ttlMs);
  const leftMs = ends - nowMs;
  return [
    ["wish", isDryRun ? "revoke, as a dry run: decided and shown, not enforced" : "revoke"],
    ["subject", printable(subject)],
    ["stage", stageWords(stage)],
    ["scope", scopeWords(scope)],
    ["until", `${timeText(ends)} (${leftMs > 0 ? `${spanText(leftMs)} from now` : "over"})`],
    ...supersedes.map((id) => ["replaces", hex(id)]),
  ];
}

/** Approvals that a proposal still needs, in words: the rule's tree and who has approved. */
export function needWords(
  tree: ApprovalTree,
  approvers: readonly string[],
  view: MeshView,
): string {
  const given = approvers.map(
    (name) => `${name} (${view.groupsOf(name).join(", ") || "no group"})`,
  );
  const sofar = given.length === 0 ? "none yet" : given.join(", ");
  return `${treeWords(tree)}, never the proposer; so far: ${sofar}`;
}

/** Facts as `name  value` lines, names padded. */
export function factLines(facts: readonly (readonly string[])[]): string[] {
  const width = Math.max(...facts.map(([name]) => (name ?? "").length));
  return facts.map(([name = "", value = ""]) => `  ${name.padEnd(width)}  ${value}`);
}
