// Compares what two approval trees ask, by trying every set of approvers of the roster: a reader is
// told "harder" only where it is true. Exact as far as it answers at all.

import { type ApprovalTree, hasApprovals } from "@ostraka/agents/kernel";
import type { RosterFacts } from "@ostraka/agents/node";

export type Order = "same" | "harder" | "easier" | "other";

/** 2^12 sets are tried at most; above that nobody is told more than that it changed. */
const APPROVERS_MAX = 12;

/** How the second trees compare with the first: whom they let through, over every set of people. */
export function compareTrees(
  before: readonly ApprovalTree[],
  after: readonly ApprovalTree[],
  roster: RosterFacts,
): Order {
  const approvers = [...new Set([...roster.groups.values()].flatMap((holders) => [...holders]))];
  if (approvers.length > APPROVERS_MAX) return "other";
  const groupsOf = (holder: string) =>
    [...roster.groups].filter(([, holders]) => holders.has(holder)).map(([group]) => group);
  // Somebody who is no approver proposes: that leaves every set of approvers possible.
  const meets = (trees: readonly ApprovalTree[], set: readonly string[]) =>
    trees.every((tree) => hasApprovals(tree, set, "", groupsOf));
  let [isHarder, isEasier] = [false, false];
  for (let bits = 0; bits < 2 ** approvers.length; bits++) {
    const set = approvers.filter((_, i) => (bits >> i) % 2 === 1);
    const [was, is] = [meets(before, set), meets(after, set)];
    if (was && !is) isHarder = true;
    if (!was && is) isEasier = true;
  }
  if (isHarder && isEasier) return "other";
  return isHarder ? "harder" : isEasier ? "easier" : "same";
}
