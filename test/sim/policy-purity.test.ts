// Conditions of a policy under the simulator's trap: parsing, checking and evaluating them reaches
// for no clock and no chance, so that every machine hears the same answer.

import { parsePolicy } from "@ostraka/agents/node";
import { Stage, SubjectKind, utf8 } from "@ostraka/proto";
import { expect, test } from "vitest";
import { withoutRealTime } from "./runtime-trap.ts";

const YAML = `version: 1
name: trapped
local: { signalLineMdb: 40000, leaseLineMdb: 30000, leaseFor: 10m, leaseStage: suspend }
signalRules: []
approvalRules:
  - name: kill
    wish: revoke
    kinds: [user]
    stages: [suspend]
    ttlMax: 24h
    approvals: { group: security, atLeast: 1 }
    when: 'kind in ["user", "token"] && ttlMs / hour <= 24 && (isDryRun ? 1 : 2) == 2'
    escalations:
      - { when: 1 / scopeHosts == 1, approvals: { group: security, atLeast: 1 } }
  - { name: lift, wish: lift, approvals: { group: security, atLeast: 1 } }
freshness: { lease: 15s, whenStale: hold }
`;

test("a policy is parsed and its conditions are evaluated without clock and chance", () => {
  const roster = {
    groups: new Map([["security", new Set(["sam"])]]),
    proposers: ["olga"],
    holders: new Set(["olga", "sam"]),
    faultDomains: 2,
  };
  const held = withoutRealTime(() => {
    const policy = parsePolicy(utf8(YAML), 1, roster, 2);
    if ("fault" in policy) throw new Error(policy.fault);
    const [rule] = policy.approvalRules;
    const reach = {
      kind: SubjectKind.USER,
      stage: Stage.SUSPEND,
      scopeHosts: 0,
      ttlMs: 3_600_000,
      isDryRun: false,
      hosts: 0,
      faultDomains: 0,
      evidenceMdb: 0,
      sharedSubjects: 0,
    };
    // The second one divides by nothing: a failure falls to the safe side, also here.
    return [rule?.when?.holds(reach), rule?.escalations?.[0]?.when.holds(reach)];
  });
  expect(held).toEqual([true, true]);
});
