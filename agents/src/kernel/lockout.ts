// Who must stay able to act: break-glass identities, and the approvers whose consent undoes a
// verdict (DESIGN.md 6.5). A pure function of policy, roster and what is cut off; never decides
// what is cut off.

import { Role, Stage, type SubjectText } from "@ostraka/proto";
import type { MeshView } from "./mesh-view.ts";
import type { GovernorPolicy, Policy } from "./policy.ts";
import { hasApprovals } from "./tally.ts";

export type Lockout = "break-glass" | "undo-locked-out";

/** Whether a revocation keeps its subject from acting: milder stages and dry runs do not. */
export function doesCutOff(revocation: {
  readonly stage: Stage;
  readonly isDryRun: boolean;
}): boolean {
  return !revocation.isDryRun && revocation.stage >= Stage.RESTRICT;
}

/** These subjects and everything that stops with them, by the policy's list of dependants. */
export function stoppedWith(
  { dependants }: Pick<GovernorPolicy, "dependants">,
  subjects: Iterable<SubjectText>,
): ReadonlySet<SubjectText> {
  const stopped = new Set(subjects);
  // A set may grow while it is walked: what is added is walked too, and nothing twice.
  for (const subject of stopped) {
    for (const dependant of dependants.get(subject) ?? []) stopped.add(dependant);
  }
  return stopped;
}

/**
 * What cutting off one more subject would lock out: every break-glass identity at once, or so many
 * holders that no lift could be proposed and approved any more. Who is cut off once more is cut off
 * for longer: a verdict about a subject answers for it, whatever an earlier one did.
 * @param cutOff subjects that are cut off already.
 */
export function lockoutOf(
  view: MeshView,
  policy: Policy,
  cutOff: Iterable<SubjectText>,
  subject: SubjectText,
): Lockout | undefined {
  const { governor } = policy;
  if (governor === undefined) return undefined;
  const others = [...cutOff].filter((other) => other !== subject);
  const before = stoppedWith(governor, others);
  const after = stoppedWith(governor, [...before, subject]);
  const { breakGlass } = governor;
  const isOneAdded = [...breakGlass].some((s) => after.has(s) && !before.has(s));
  if (isOneAdded && [...breakGlass].every((s) => after.has(s))) return "break-glass";
  // Where no lift was possible to begin with, this subject is not what stands in its way.
  const isLocked = canUndo(view, policy, before) && !canUndo(view, policy, after);
  return isLocked ? "undo-locked-out" : undefined;
}

/**
 * Whether people who are not cut off could still lift something: a proposer, and others' consent.
 */
function canUndo(view: MeshView, policy: Policy, stopped: ReadonlySet<SubjectText>): boolean {
  const subjects = policy.governor?.holderSubjects;
  const canAct = (holder: string) => {
    const subject = subjects?.get(holder);
    return subject === undefined || !stopped.has(subject);
  };
  const approvers = view.holdersOf(Role.APPROVER).filter(canAct);
  const proposers = [...view.holdersOf(Role.OPERATOR).filter(canAct), ...approvers];
  const lifts = policy.approvalRules.filter((rule) => rule.wish === "lift");
  return proposers.some((proposer) =>
    lifts.some((lift) =>
      hasApprovals(lift.approvals, approvers, proposer, view.groupsOf, view.machineVersion),
    ),
  );
}
