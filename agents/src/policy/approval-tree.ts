// Trees over approver groups: reading them, and whether a roster could ever meet them. The proposer
// never counts, whoever it is.

import { LIMITS } from "@ostraka/proto";
import { type ApprovalTree, hasApprovals } from "../kernel/index.ts";
import type { RosterFacts } from "./roster-facts.ts";
import { integer, name } from "./scalars.ts";
import { FAILED, type Faults, isMapping, list, mapping, required, type Shape } from "./shape.ts";

const TREE_DEPTH_MAX = 8;
/** A larger group is met by no proposal: it takes so many approvals at most. */
const COUNT_MAX = LIMITS.scopeItemsMax;

/** Where the schema of a tree lies in the whole schema: it holds itself. */
export const TREE_SCHEMA_NAME = "approvals";
const SELF = { $ref: `#/$defs/${TREE_SCHEMA_NAME}` };

/** A tree as it stands in the document; groups and reach are checked against the roster later. */
export const approvalTree: Shape<ApprovalTree> = {
  schema: SELF,
  read: (value, path, faults) => readTree(value, path, faults, 0),
};

const LEAF = mapping({ group: required(name), atLeast: required(integer(1, COUNT_MAX)) });
const KEYS = ["group", "atLeast", "of", "all", "any"];

function branchesAt(depth: number): Shape<readonly ApprovalTree[]> {
  const branch: Shape<ApprovalTree> = {
    schema: SELF,
    read: (value, path, faults) => readTree(value, path, faults, depth),
  };
  return list(branch, { min: 1 });
}

function shapesAt(depth: number) {
  const branches = required(branchesAt(depth));
  return {
    all: mapping({ all: branches }),
    any: mapping({ any: branches }),
    of: mapping({ atLeast: required(integer(1, COUNT_MAX)), of: branches }),
  };
}

/** Schema of a tree, for the definitions of the whole. */
export function treeSchema() {
  const { all, any, of } = shapesAt(1);
  return {
    description: "Who must approve; the proposer never counts.",
    oneOf: [LEAF.schema, all.schema, any.schema, of.schema],
  };
}

function readTree(value: unknown, path: string, faults: Faults, depth: number) {
  if (depth > TREE_DEPTH_MAX) return faults.meaning(path, `is deeper than ${TREE_DEPTH_MAX}`);
  if (!isMapping(value)) return faults.shape(path, "must be a mapping");
  const unknown = Object.keys(value).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) {
    return faults.shape(path, `unknown key "${unknown.slice(0, 80)}" (known: ${KEYS.join(", ")})`);
  }
  const shapes = shapesAt(depth + 1);
  switch (Object.keys(value).sort().join("+")) {
    case "all":
      return shapes.all.read(value, path, faults);
    case "any":
      return shapes.any.read(value, path, faults);
    case "atLeast+group":
      return LEAF.read(value, path, faults);
    case "atLeast+of": {
      const read = shapes.of.read(value, path, faults);
      if (read === FAILED || read.atLeast <= read.of.length) return read;
      return faults.meaning(
        `${path}.atLeast`,
        `must be a whole number from 1 to ${read.of.length}`,
      );
    }
    default:
      return faults.shape(path, "must be {group, atLeast}, {all}, {any} or {atLeast, of}");
  }
}

/** Names groups that the roster does not have, and counts beyond the size of a group. */
export function checkGroups(
  tree: ApprovalTree,
  path: string,
  roster: RosterFacts,
  faults: Faults,
): void {
  if ("group" in tree) {
    const holders = roster.groups.get(tree.group);
    if (holders === undefined) {
      faults.meaning(`${path}.group`, `no group "${tree.group}" in the roster`);
    } else if (tree.atLeast > holders.size) {
      faults.meaning(`${path}.atLeast`, `must be a whole number from 1 to ${holders.size}`);
    }
    return;
  }
  const [key, branches] =
    "all" in tree ? ["all", tree.all] : "any" in tree ? ["any", tree.any] : ["of", tree.of];
  (branches as readonly ApprovalTree[]).forEach((branch, i) => {
    checkGroups(branch, `${path}.${key}[${i}]`, roster, faults);
  });
}

/**
 * Whether there is anybody whose proposal could ever be approved by all of these trees: the
 * proposer is one of the holders who may propose, and does not count.
 */
export function canBeMet(trees: readonly ApprovalTree[], roster: RosterFacts): boolean {
  const approvers = [...new Set([...roster.groups.values()].flatMap((holders) => [...holders]))];
  const groupsOf = (holder: string) =>
    [...roster.groups].filter(([, holders]) => holders.has(holder)).map(([group]) => group);
  return roster.proposers.some((proposer) =>
    trees.every((tree) => hasApprovals(tree, approvers, proposer, groupsOf)),
  );
}
