// A policy's rules in words, as a responder would read them aloud: what a warrant needs, what more
// it needs as it reaches further, and what counts a second offence.

import type { ApprovalRule, MeshView, SignalRule } from "@ostraka/agents/kernel";
import { stageName } from "@ostraka/agents/node";
import { spanText } from "./terminal.ts";
import { treeWords } from "./verdict-words.ts";

/**
 * What the rule of a name asks, under the policy of an epoch; `not known` where it is not there.
 */
export function ruleWords(view: MeshView, name: string, epoch: number): string {
  const policy = view.policyOf(epoch);
  const bySignals = policy?.signalRules.find((rule) => rule.name === name);
  if (bySignals !== undefined) return signalRuleWords(bySignals);
  const byPeople = policy?.approvalRules.find((rule) => rule.name === name);
  return byPeople === undefined ? "not known" : approvalRuleWords(byPeople);
}

function signalRuleWords(rule: SignalRule): string {
  const { hosts, faultDomains, lineMdb, windowMs, when, escalations, repeat } = rule;
  const parts = [
    `signals from ${hosts} hosts of ${faultDomains} fault domains, each over ` +
      `${lineMdb / 1000} dB, within ${windowMs / 60_000} min`,
  ];
  if (when !== undefined) parts.push(`only when ${when.text}`);
  for (const more of escalations ?? []) {
    parts.push(`when ${more.when.text}: ${more.hosts} hosts of ${more.faultDomains} fault domains`);
  }
  if (repeat !== undefined) {
    const { withinMs, stage, ttlMs } = repeat;
    parts.push(
      `a second offence within ${spanText(withinMs)}: ${stageName(stage)} for ${spanText(ttlMs)}`,
    );
  }
  return parts.join("; ");
}

function approvalRuleWords(rule: ApprovalRule): string {
  const parts = [`approval by ${treeWords(rule.approvals)}`];
  if (rule.when !== undefined) parts.push(`only when ${rule.when.text}`);
  for (const more of rule.escalations ?? []) {
    parts.push(`when ${more.when.text}: also by ${treeWords(more.approvals)}`);
  }
  const { withEvidence } = rule;
  if (withEvidence !== undefined) {
    const { hosts, faultDomains, lineMdb, approvals } = withEvidence;
    parts.push(
      `with signals of ${hosts} hosts of ${faultDomains} fault domains over ` +
        `${lineMdb / 1000} dB: by ${treeWords(approvals)}`,
    );
  }
  return parts.join("; ");
}
