// Reads a policy document: one YAML file, no unknown key, no double, every number in its range and
// every rule within the reach of the roster. Pure: the same bytes give the same policy on every
// machine.

import { getTextEncoding } from "@bufbuild/protobuf/wire";
import {
  type AddressBlock,
  LIMITS,
  parseAddressBlock,
  parseSubject,
  Stage,
  SUBJECT_KINDS,
  type SubjectKind,
  type SubjectText,
} from "@ostraka/proto";
import { parseDocument } from "yaml";
import {
  type ApprovalRule,
  type ApprovalTree,
  EVIDENCE_HOSTS_MAX,
  FLOOR_HOLDERS,
  type LocalPolicy,
  type Policy,
  type SignalRule,
  TTL_MS_MAX,
} from "../kernel/index.ts";

/** What is wrong with a document, in words that name the place. */
export interface PolicyFault {
  readonly fault: string;
}

class Fault extends Error {}

function fail(path: string, why: string): never {
  throw new Fault(`${path}: ${why}`);
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown, path: string, known: readonly string[]): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return fail(path, "must be a mapping");
  }
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) fail(path, `unknown key "${key}" (known: ${known.join(", ")})`);
  }
  return value as Fields;
}

function integerOf(value: unknown, path: string, min: number, max: number): number {
  // Integers are read as bigint: a number here is a double, even when it happens to be whole.
  if (typeof value !== "bigint" || value < min || value > max) {
    return fail(path, `must be a whole number from ${min} to ${max}`);
  }
  return Number(value);
}

function textOf(value: unknown, path: string): string {
  if (typeof value !== "string" || !/^[a-z0-9][a-z0-9._-]{0,62}$/.test(value)) {
    return fail(path, "must be a lower-case name of letters, digits, dot, dash, underscore");
  }
  return value;
}

function listOf(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) return fail(path, "must be a list");
  if (value.length > LIMITS.scopeItemsMax)
    fail(path, `has more than ${LIMITS.scopeItemsMax} items`);
  return value;
}

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Milliseconds of `90s`, `10m`, `1h`, `7d`; `undefined` for anything else. */
export function parseDuration(text: string): number | undefined {
  const match = /^([1-9][0-9]{0,8})(ms|s|m|h|d)$/.exec(text);
  if (match === null) return undefined;
  return Number(match[1]) * (UNITS_MS[match[2] as string] as number);
}

function durationOf(value: unknown, path: string, maxMs: number): number {
  const ms = typeof value === "string" ? parseDuration(value) : undefined;
  if (ms === undefined) return fail(path, 'must be a duration like "90s", "10m" or "1h"');
  if (ms < 1_000 || ms > maxMs) fail(path, `must lie between 1s and ${maxMs / 1_000}s`);
  return ms;
}

const STAGES: Readonly<Record<string, Stage>> = {
  observe: Stage.OBSERVE,
  "step-up": Stage.STEP_UP,
  throttle: Stage.THROTTLE,
  restrict: Stage.RESTRICT,
  suspend: Stage.SUSPEND,
  terminate: Stage.TERMINATE,
};

/** Wire number of a stage's name. */
export function parseStage(name: string): Stage | undefined {
  return Object.hasOwn(STAGES, name) ? STAGES[name] : undefined;
}

/** Name of a stage. */
export function stageName(stage: Stage): string {
  return Object.keys(STAGES).find((name) => STAGES[name] === stage) ?? "unspecified";
}

function stageOf(value: unknown, path: string): Stage {
  const stage = typeof value === "string" ? parseStage(value) : undefined;
  return stage ?? fail(path, `must be one of ${Object.keys(STAGES).join(", ")}`);
}

function kindsOf(value: unknown, path: string): SubjectKind[] {
  const kinds = listOf(value, path).map((kind, i) => {
    const at = (SUBJECT_KINDS as readonly unknown[]).indexOf(kind);
    return at < 0 ? fail(`${path}[${i}]`, `must be one of ${SUBJECT_KINDS.join(", ")}`) : at + 1;
  });
  return kinds.length > 0 ? kinds : fail(path, "must not be empty");
}

const MDB_MAX = 1_000_000;

function localOf(value: unknown): LocalPolicy {
  const keys = ["signalLineMdb", "leaseLineMdb", "leaseFor", "leaseStage"];
  const f = fieldsOf(value, "local", keys);
  const stage = f["leaseStage"];
  if (stage !== "step-up" && stage !== "throttle" && stage !== "suspend") {
    return fail("local.leaseStage", "must be step-up, throttle or suspend");
  }
  return {
    signalLineMdb: integerOf(f["signalLineMdb"], "local.signalLineMdb", 10_000, MDB_MAX),
    leaseLineMdb: integerOf(f["leaseLineMdb"], "local.leaseLineMdb", 10_000, MDB_MAX),
    leaseMs: durationOf(f["leaseFor"], "local.leaseFor", 3_600_000),
    leaseStage: stage,
  };
}

function signalRuleOf(value: unknown, path: string): SignalRule {
  const keys = ["name", "kinds", "hosts", "faultDomains", "window", "lineMdb", "stage", "for"];
  const f = fieldsOf(value, path, keys);
  return {
    name: textOf(f["name"], `${path}.name`),
    kinds: kindsOf(f["kinds"], `${path}.kinds`),
    hosts: integerOf(f["hosts"], `${path}.hosts`, FLOOR_HOLDERS, EVIDENCE_HOSTS_MAX),
    faultDomains: integerOf(f["faultDomains"], `${path}.faultDomains`, 1, EVIDENCE_HOSTS_MAX),
    windowMs: durationOf(f["window"], `${path}.window`, 86_400_000),
    lineMdb: integerOf(f["lineMdb"], `${path}.lineMdb`, 10_000, MDB_MAX),
    stage: stageOf(f["stage"], `${path}.stage`),
    ttlMs: durationOf(f["for"], `${path}.for`, TTL_MS_MAX),
  };
}

function approvalRuleOf(value: unknown, path: string, groups: GroupSizes): ApprovalRule {
  const keys = ["name", "wish", "kinds", "stages", "ttlMax", "approvals"];
  const f = fieldsOf(value, path, keys);
  const name = textOf(f["name"], `${path}.name`);
  const approvals = treeOf(f["approvals"], `${path}.approvals`, groups, 0);
  if (f["wish"] === "lift") {
    return { name, wish: "lift", kinds: [], stages: [], ttlMsMax: 0, approvals };
  }
  if (f["wish"] !== "revoke") return fail(`${path}.wish`, "must be revoke or lift");
  const stages = listOf(f["stages"], `${path}.stages`);
  return {
    name,
    wish: "revoke",
    kinds: kindsOf(f["kinds"], `${path}.kinds`),
    stages: stages.map((stage, i) => stageOf(stage, `${path}.stages[${i}]`)),
    ttlMsMax: durationOf(f["ttlMax"], `${path}.ttlMax`, TTL_MS_MAX),
    approvals,
  };
}

/** How many holders each approver group has. */
export type GroupSizes = ReadonlyMap<string, number>;

const TREE_DEPTH_MAX = 8;

function treeOf(value: unknown, path: string, groups: GroupSizes, depth: number): ApprovalTree {
  if (depth > TREE_DEPTH_MAX) return fail(path, `is deeper than ${TREE_DEPTH_MAX}`);
  const f = fieldsOf(value, path, ["group", "atLeast", "of", "all", "any"]);
  const keys = Object.keys(f).sort().join("+");
  const branches = (key: string) => {
    const list = listOf(f[key], `${path}.${key}`);
    if (list.length === 0) fail(`${path}.${key}`, "must not be empty");
    return list.map((item, i) => treeOf(item, `${path}.${key}[${i}]`, groups, depth + 1));
  };
  if (keys === "all") return { all: branches("all") };
  if (keys === "any") return { any: branches("any") };
  if (keys === "atLeast+of") {
    const of = branches("of");
    return { atLeast: integerOf(f["atLeast"], `${path}.atLeast`, 1, of.length), of };
  }
  if (keys !== "atLeast+group") {
    return fail(path, "must be {group, atLeast}, {all}, {any} or {atLeast, of}");
  }
  const group = textOf(f["group"], `${path}.group`);
  const size = groups.get(group);
  if (size === undefined) return fail(`${path}.group`, `no group "${group}" in the roster`);
  return { group, atLeast: integerOf(f["atLeast"], `${path}.atLeast`, 1, size) };
}

function exemptOf(value: unknown): Pick<Policy, "exemptBlocks" | "exemptSubjects"> {
  const exemptBlocks: AddressBlock[] = [];
  const exemptSubjects = new Set<SubjectText>();
  listOf(value ?? [], "exempt").forEach((item, i) => {
    const block = typeof item === "string" ? parseAddressBlock(item) : undefined;
    const subject = typeof item === "string" ? parseSubject(item) : undefined;
    if (block !== undefined) exemptBlocks.push(block);
    else if (subject !== undefined) exemptSubjects.add(subject);
    else fail(`exempt[${i}]`, "must be an address, a CIDR block or a subject like user:acme/alice");
  });
  return { exemptBlocks, exemptSubjects };
}

function policyOf(root: unknown, epoch: number, groups: GroupSizes): Policy {
  const known = ["version", "name", "local", "exempt", "signalRules", "approvalRules", "freshness"];
  const f = fieldsOf(root, "policy", known);
  if (f["version"] !== 1n) fail("version", "must be 1");
  const signalRules = listOf(f["signalRules"], "signalRules").map((rule, i) =>
    signalRuleOf(rule, `signalRules[${i}]`),
  );
  const approvalRules = listOf(f["approvalRules"], "approvalRules").map((rule, i) =>
    approvalRuleOf(rule, `approvalRules[${i}]`, groups),
  );
  const names = [...signalRules, ...approvalRules].map((rule) => rule.name);
  if (new Set(names).size !== names.length) fail("policy", "two rules have one name");
  // Without a way back, a wrong revocation could only be waited out.
  if (!approvalRules.some((rule) => rule.wish === "lift")) {
    fail("approvalRules", "must hold a rule with wish: lift");
  }
  const freshness = fieldsOf(f["freshness"], "freshness", ["lease", "whenStale"]);
  if (freshness["whenStale"] !== "hold") fail("freshness.whenStale", "must be hold");
  return {
    epoch,
    name: textOf(f["name"], "name"),
    local: localOf(f["local"]),
    signalRules,
    approvalRules,
    ...exemptOf(f["exempt"]),
    freshnessLeaseMs: durationOf(freshness["lease"], "freshness.lease", 3_600_000),
  };
}

/**
 * Parses and checks one policy document against the sizes of the roster's approver groups.
 * @returns the policy, or what is wrong and where.
 */
export function parsePolicy(
  yaml: Uint8Array,
  epoch: number,
  groups: GroupSizes,
): Policy | PolicyFault {
  if (yaml.length > LIMITS.policyBytesMax) return { fault: "document is too large" };
  try {
    const text = getTextEncoding().decodeUtf8(yaml);
    // No aliases: a small document could unfold into a huge one.
    const document = parseDocument(text, {
      schema: "core",
      uniqueKeys: true,
      intAsBigInt: true,
      // Faults are data here: the library must not write to the process's warnings.
      logLevel: "error",
    });
    // A warning is a tag or a number that another reader might take for something else.
    const [error] = [...document.errors, ...document.warnings];
    if (error !== undefined) return { fault: error.message.split("\n")[0] ?? "not YAML" };
    return policyOf(document.toJS({ maxAliasCount: 0 }), epoch, groups);
  } catch (cause) {
    return { fault: cause instanceof Error ? cause.message : "not a policy" };
  }
}
