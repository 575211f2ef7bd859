// What a sound policy may still not mean: advice of `policy lint`, never a refusal. Each sentence
// says the consequence.

import type { Policy } from "@ostraka/agents/kernel";

/** Advice on a policy, one sentence each. */
export function warningsOf(policy: Policy): string[] {
  const warnings: string[] = [];
  const { signalLineMdb } = policy.local;
  for (const rule of policy.signalRules) {
    if (rule.lineMdb > signalLineMdb) {
      warnings.push(
        `${rule.name} counts from ${rule.lineMdb} mdB, but hosts speak from ${signalLineMdb} on: ` +
          "a signal that was just sent may count for nothing",
      );
    }
    if (rule.kinds.length > 0 && rule.hosts > 2 && rule.faultDomains === 1) {
      warnings.push(
        `${rule.name} takes hosts of one fault domain: who owns that rack owns the rule`,
      );
    }
  }
  if (policy.governor === undefined) {
    warnings.push("there is no governor: nothing bounds what machines revoke in an hour");
  }
  if (policy.governor !== undefined && policy.governor.breakGlass.size === 0) {
    warnings.push("governor.breakGlass is empty: name the identities that get you back in");
  }
  return warnings;
}
