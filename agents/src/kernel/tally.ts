// The quorum arithmetic, as small as it can be: counts of hosts, fault domains and approvals.
// Tested against a deliberately dumb twin over every combination of up to seven members.

import type { ApprovalTree } from "./policy.ts";

export interface Ballot {
  readonly host: string;
  readonly faultDomain: string;
}

/** Below any policy: two keys of two holders (I2). */
export const FLOOR_HOLDERS = 2;

/** Whether signals of these hosts reach k hosts of d fault domains, and the floor. */
export function hasHosts(ballots: readonly Ballot[], hosts: number, faultDomains: number): boolean {
  const distinctHosts = new Set(ballots.map((b) => b.host)).size;
  const distinctDomains = new Set(ballots.map((b) => b.faultDomain)).size;
  return distinctHosts >= Math.max(hosts, FLOOR_HOLDERS) && distinctDomains >= faultDomains;
}

/** Whether these approvers, none of them the proposer, satisfy a tree, and the floor. */
export function hasApprovals(
  tree: ApprovalTree,
  approvers: readonly string[],
  proposer: string,
  groupsOf: (holder: string) => readonly string[],
): boolean {
  const others = [...new Set(approvers)].filter((holder) => holder !== proposer);
  return others.length + 1 >= FLOOR_HOLDERS && satisfies(tree, others, groupsOf);
}

function satisfies(
  tree: ApprovalTree,
  approvers: readonly string[],
  groupsOf: (holder: string) => readonly string[],
): boolean {
  if ("group" in tree) {
    const inGroup = approvers.filter((holder) => groupsOf(holder).includes(tree.group));
    return inGroup.length >= tree.atLeast;
  }
  const branches = "all" in tree ? tree.all : "any" in tree ? tree.any : tree.of;
  const needed = "all" in tree ? branches.length : "any" in tree ? 1 : tree.atLeast;
  return branches.filter((branch) => satisfies(branch, approvers, groupsOf)).length >= needed;
}
