// Reads a policy document: one YAML file, no unknown key, no double, every number in its range and
// every rule within the reach of the roster. Pure: the same bytes give the same policy on every
// machine of one machine version.

import { getTextEncoding } from "@bufbuild/protobuf/wire";
import { LIMITS } from "@ostraka/proto";
import type { Policy } from "../kernel/index.ts";
import { lineOf } from "./line-of.ts";
import { checkPolicy } from "./reach-of-rules.ts";
import { readYaml } from "./read-yaml.ts";
import type { RosterFacts } from "./roster-facts.ts";
import { approvalRule, signalRule } from "./rule-sections.ts";
import { name } from "./scalars.ts";
import {
  exempt,
  freshness,
  governor,
  inquiry,
  local,
  retention,
  suggestionFor,
} from "./sections.ts";
import { FAILED, Faults, list, mapping, optional, ROOT, required, type Shape } from "./shape.ts";
import { tooDeepAt } from "./yaml-depth.ts";

/** What is wrong with a document, in words that name the place. */
export interface PolicyFault {
  /** The first of them. */
  readonly fault: string;
  readonly faults: readonly {
    readonly fault: string;
    /** Line of the document, from 1. */
    readonly line: number;
  }[];
}

const formatVersion: Shape<1> = {
  schema: { const: 1 },
  read: (value, path, faults) => (value === 1n ? 1 : faults.shape(path, "must be 1")),
};

/** The document: what the parser reads and what the schema says. */
export const policyShape = mapping({
  version: required(formatVersion),
  name: required(name),
  local: required(local),
  exempt: optional(exempt, 1),
  signalRules: required(list(signalRule)),
  approvalRules: required(list(approvalRule)),
  freshness: required(freshness),
  governor: optional(governor),
  inquiry: optional(inquiry),
  retention: optional(retention),
  suggestionFor: optional(suggestionFor),
});

function policyOf(
  root: unknown,
  epoch: number,
  roster: RosterFacts,
  faults: Faults,
): Policy | undefined {
  const read = policyShape.read(root, ROOT, faults);
  if (read === FAILED) return undefined;
  const {
    version: _,
    exempt: exempted,
    freshness: freshnessLeaseMs,
    suggestionFor,
    ...rest
  } = read;
  const policy: Policy = {
    epoch,
    ...rest,
    exemptBlocks: exempted?.exemptBlocks ?? [],
    exemptSubjects: exempted?.exemptSubjects ?? new Set(),
    freshnessLeaseMs,
    ...(suggestionFor !== undefined && { suggestionMs: suggestionFor }),
  };
  checkPolicy(policy, roster, faults);
  return faults.list.length === 0 ? policy : undefined;
}

/**
 * Parses and checks one policy document against a roster.
 * @param machineVersion fields that it does not know are unknown keys.
 * @returns the policy, or what is wrong and where.
 */
export function parsePolicy(
  yaml: Uint8Array,
  epoch: number,
  roster: RosterFacts,
  machineVersion: number,
): Policy | PolicyFault {
  if (yaml.length > LIMITS.policyBytesMax) return single("document is too large", 1);
  try {
    const text = getTextEncoding().decodeUtf8(yaml);
    const deepAt = tooDeepAt(text);
    if (deepAt !== undefined) return single("nests deeper than a policy needs", deepAt);
    const { document, lines } = readYaml(text);
    // A warning is a tag or a number that another reader might take for something else.
    const [error] = [...document.errors, ...document.warnings];
    if (error !== undefined) {
      const [first = "not YAML"] = error.message.split("\n");
      return single(first, lines.linePos(error.pos[0]).line);
    }
    const faults = new Faults(machineVersion);
    const policy = policyOf(document.toJS({ maxAliasCount: 0 }), epoch, roster, faults);
    if (policy !== undefined) return policy;
    const placed = faults.list.map(({ path, why }) => ({
      fault: `${path}: ${why}`,
      line: lineOf(document, lines, path),
    }));
    return { fault: placed[0]?.fault ?? "not a policy", faults: placed };
  } catch (cause) {
    return single(cause instanceof Error ? cause.message : "not a policy", 1);
  }
}

function single(fault: string, line: number): PolicyFault {
  return { fault, faults: [{ fault, line }] };
}
