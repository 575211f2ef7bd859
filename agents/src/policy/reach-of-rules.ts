// Checks a whole policy against a roster and against itself: rules that could never be met, people
// who could lock themselves out, conditions that together cost too much.

import { LIMITS } from "@ostraka/proto";
import {
  type ApprovalRule,
  type ApprovalTree,
  isCountable,
  type Policy,
  type SignalRule,
  TREE_WAYS_MAX,
} from "../kernel/index.ts";
import { canBeMet, checkGroups } from "./approval-tree.ts";
import type { CostedCondition } from "./condition.ts";
import type { RosterFacts } from "./roster-facts.ts";
import { type Faults, ROOT } from "./shape.ts";

/** Adds what is wrong with the policy as a whole to the faults. */
export function checkPolicy(policy: Policy, roster: RosterFacts, faults: Faults): void {
  const { signalRules, approvalRules } = policy;
  const names = [...signalRules, ...approvalRules].map((rule) => rule.name);
  if (new Set(names).size !== names.length) faults.meaning(ROOT, "two rules have one name");
  // Without a way back, a wrong revocation could only be waited out.
  if (!approvalRules.some((rule) => rule.wish === "lift")) {
    faults.meaning("approvalRules", "must hold a rule with wish: lift");
  }
  approvalRules.forEach((rule, i) => {
    for (const [tree, place] of treesOf(rule)) {
      checkGroups(tree, `approvalRules[${i}].${place}`, roster, faults);
    }
  });
  // Machine version 1 took what follows, and must go on taking it.
  if (faults.version < 2 || faults.list.length > 0) return;
  approvalRules.forEach((rule, i) => {
    checkConsent(rule, `approvalRules[${i}]`, roster, faults);
  });
  signalRules.forEach((rule, i) => {
    checkDomains(rule, `signalRules[${i}]`, roster, faults);
  });
  checkHolders(policy, roster, faults);
  checkCost(policy, faults);
}

/** Every tree of a rule with its place. */
function treesOf(rule: ApprovalRule): [ApprovalTree, string][] {
  const trees: [ApprovalTree, string][] = [[rule.approvals, "approvals"]];
  rule.escalations?.forEach(({ approvals }, i) => {
    trees.push([approvals, `escalations[${i}].approvals`]);
  });
  if (rule.withEvidence) trees.push([rule.withEvidence.approvals, "withEvidence.approvals"]);
  return trees;
}

/** Escalations come on top: with each of them, and with all together, the rule must be met. */
function checkConsent(rule: ApprovalRule, path: string, roster: RosterFacts, faults: Faults): void {
  const never = (place: string, what: string) =>
    faults.meaning(
      `${path}.${place}`,
      `no proposal could ever be approved${what}: the roster's groups are too small, and who ` +
        "proposes does not count",
    );
  for (const [tree, place] of treesOf(rule)) {
    if (isCountable(tree)) continue;
    const why = `can be met in more than ${TREE_WAYS_MAX} ways: use fewer branches`;
    return void faults.meaning(`${path}.${place}`, why);
  }
  if (!canBeMet([rule.approvals], roster)) return void never("approvals", "");
  const more = rule.escalations?.map((escalation) => escalation.approvals) ?? [];
  more.forEach((tree, i) => {
    if (!canBeMet([rule.approvals, tree], roster)) never(`escalations[${i}].approvals`, "");
  });
  if (more.length > 1 && !canBeMet([rule.approvals, ...more], roster)) {
    never("escalations", " where all of them apply");
  }
  const { withEvidence } = rule;
  if (withEvidence === undefined) return;
  checkCount(withEvidence, `${path}.withEvidence`, roster, faults);
  if (!canBeMet([withEvidence.approvals], roster)) never("withEvidence.approvals", "");
}

function checkDomains(rule: SignalRule, path: string, roster: RosterFacts, faults: Faults): void {
  checkCount(rule, path, roster, faults);
  rule.escalations?.forEach((escalation, i) => {
    checkCount(escalation, `${path}.escalations[${i}]`, roster, faults);
  });
}

function checkCount(
  need: { readonly hosts: number; readonly faultDomains: number },
  path: string,
  roster: RosterFacts,
  faults: Faults,
): void {
  if (need.faultDomains > need.hosts) {
    faults.meaning(`${path}.faultDomains`, `${need.hosts} hosts cannot lie in more domains`);
  } else if (need.faultDomains > roster.faultDomains) {
    faults.meaning(`${path}.faultDomains`, `the roster has ${roster.faultDomains} fault domains`);
  }
}

function checkHolders(policy: Policy, roster: RosterFacts, faults: Faults): void {
  [...(policy.governor?.holderSubjects.keys() ?? [])].forEach((holder, i) => {
    if (roster.holders.has(holder)) return;
    faults.meaning(`governor.holders[${i}].holder`, `no holder "${holder}" in the roster`);
  });
}

function checkCost(policy: Policy, faults: Faults): void {
  const conditions = [...policy.signalRules, ...policy.approvalRules].flatMap((rule) => [
    rule.when,
    ...(rule.escalations ?? []).map((escalation) => escalation.when),
  ]);
  const costs = conditions.map(
    (condition) => (condition as CostedCondition | undefined)?.cost ?? 0,
  );
  const cost = costs.reduce((sum, one) => sum + one, 0);
  if (cost <= LIMITS.policyConditionCostMax) return;
  const max = LIMITS.policyConditionCostMax;
  faults.meaning(ROOT, `all conditions together cost up to ${cost} steps: at most ${max}`);
}
