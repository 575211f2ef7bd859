// The quorum arithmetic, as small as it can be: counts of hosts, fault domains and approvals.
// Tested against a deliberately dumb twin over every combination of up to seven members.

import { MACHINE_VERSION_MAX } from "./machine-version.ts";
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

/**
 * Whether these approvers, none of them the proposer, satisfy a tree, and the floor. From machine
 * version 2 on nobody stands for two leaves at once: each leaf that counts has people of its own.
 */
export function hasApprovals(
  tree: ApprovalTree,
  approvers: readonly string[],
  proposer: string,
  groupsOf: (holder: string) => readonly string[],
  machineVersion = MACHINE_VERSION_MAX,
): boolean {
  const others = [...new Set(approvers)].filter((holder) => holder !== proposer);
  if (others.length + 1 < FLOOR_HOLDERS) return false;
  return machineVersion < 2
    ? satisfiesShared(tree, others, groupsOf)
    : satisfiesDistinct(tree, others, groupsOf);
}

/** The rule of machine version 1: one person in two groups satisfies a leaf of each. */
function satisfiesShared(
  tree: ApprovalTree,
  approvers: readonly string[],
  groupsOf: (holder: string) => readonly string[],
): boolean {
  if ("group" in tree) {
    const inGroup = approvers.filter((holder) => groupsOf(holder).includes(tree.group));
    return inGroup.length >= tree.atLeast;
  }
  const { branches, needed } = nodeOf(tree);
  const held = branches.filter((branch) => satisfiesShared(branch, approvers, groupsOf));
  return held.length >= needed;
}

/** Ways to satisfy a tree that a machine is ready to look at; a policy with more is not valid. */
export const TREE_WAYS_MAX = 1_024;

/** In how many ways a tree can be satisfied, counted by its leaves alone. */
function waysOf(tree: ApprovalTree): number {
  if ("group" in tree) return 1;
  const { branches, needed } = nodeOf(tree);
  if (needed < 0 || needed > branches.length) return 0;
  // Elementary symmetric polynomial: every choice of `needed` branches, each in each of its ways.
  const ways: number[] = [1, ...new Array<number>(needed).fill(0)];
  for (const branch of branches) {
    const own = waysOf(branch);
    for (let n = needed; n > 0; n--) ways[n] = (ways[n] ?? 0) + (ways[n - 1] ?? 0) * own;
  }
  return ways[needed] as number;
}

/** Whether no branch of a tree has more ways to be satisfied than are looked at. */
export function isCountable(tree: ApprovalTree): boolean {
  if (waysOf(tree) > TREE_WAYS_MAX) return false;
  return "group" in tree || nodeOf(tree).branches.every(isCountable);
}

function satisfiesDistinct(
  tree: ApprovalTree,
  approvers: readonly string[],
  groupsOf: (holder: string) => readonly string[],
): boolean {
  if (!isCountable(tree)) return false;
  const groups = approvers.map(groupsOf);
  return waysToSatisfy(tree).some((leaves) => {
    const wanted = leaves.reduce((sum, { atLeast }) => sum + atLeast, 0);
    if (wanted > approvers.length) return false;
    const seats = leaves.flatMap(({ group, atLeast }) => new Array<string>(atLeast).fill(group));
    return canSeat(seats, groups);
  });
}

type Leaf = Extract<ApprovalTree, { readonly group: string }>;

/** Every way to satisfy a tree, as the leaves that must hold together. */
function waysToSatisfy(tree: ApprovalTree): readonly (readonly Leaf[])[] {
  if ("group" in tree) return [[tree]];
  const { branches, needed } = nodeOf(tree);
  return chosen(branches.map(waysToSatisfy), needed);
}

/** Every choice of `needed` branches, each in one of its ways. */
function chosen(
  branches: readonly (readonly (readonly Leaf[])[])[],
  needed: number,
): readonly (readonly Leaf[])[] {
  if (needed === 0) return [[]];
  const [first, ...rest] = branches;
  if (first === undefined || needed < 0 || branches.length < needed) return [];
  const withFirst = chosen(rest, needed - 1).flatMap((leaves) =>
    first.map((own) => [...own, ...leaves]),
  );
  return [...withFirst, ...chosen(rest, needed)];
}

/** Whether every seat can be given to a person of its own: a matching by augmenting paths. */
function canSeat(seats: readonly string[], groups: readonly (readonly string[])[]): boolean {
  const seatOf = new Map<number, number>();
  const find = (seat: number, asked: Set<number>): boolean => {
    for (let person = 0; person < groups.length; person++) {
      const isFit = groups[person]?.includes(seats[seat] as string) === true;
      if (!isFit || asked.has(person)) continue;
      asked.add(person);
      const held = seatOf.get(person);
      if (held !== undefined && !find(held, asked)) continue;
      seatOf.set(person, seat);
      return true;
    }
    return false;
  };
  return seats.every((_, seat) => find(seat, new Set()));
}

function nodeOf(tree: Exclude<ApprovalTree, Leaf>) {
  if ("all" in tree) return { branches: tree.all, needed: tree.all.length };
  if ("any" in tree) return { branches: tree.any, needed: 1 };
  return { branches: tree.of, needed: tree.atLeast };
}
