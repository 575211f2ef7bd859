// What a policy is judged by in a roster: groups and who is in them, who may propose, how many
// fault domains there are. A plain value, so that a CLI without a mesh can make one.

import { Role, type Roster } from "@ostraka/proto";

export interface RosterFacts {
  /** Holders of each approver group. */
  readonly groups: ReadonlyMap<string, ReadonlySet<string>>;
  /** Holders who may sign a proposal. */
  readonly proposers: readonly string[];
  readonly holders: ReadonlySet<string>;
  readonly faultDomains: number;
}

const PROPOSING: readonly Role[] = [Role.OPERATOR, Role.APPROVER];

/** The facts of a roster. */
export function rosterFacts(roster: Roster): RosterFacts {
  return {
    groups: new Map(roster.groups.map(({ name, holders }) => [name, new Set(holders)])),
    proposers: roster.holders
      .filter(({ keys }) => keys.some(({ role }) => PROPOSING.includes(role)))
      .map(({ name }) => name),
    holders: new Set(roster.holders.map(({ name }) => name)),
    faultDomains: roster.faultDomains.length,
  };
}
