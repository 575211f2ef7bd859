// The rules of a policy document: verdicts by machines and verdicts by people, with what they need
// more as a verdict reaches further.

import { LIMITS } from "@ostraka/proto";
import {
  type ApprovalRule,
  EVIDENCE_HOSTS_MAX,
  FLOOR_HOLDERS,
  type SignalRule,
  TTL_MS_MAX,
} from "../kernel/index.ts";
import { approvalTree } from "./approval-tree.ts";
import { condition } from "./condition.ts";
import { duration, integer, kind, name, stage, truth, word } from "./scalars.ts";
import {
  type Failed,
  type Faults,
  isMapping,
  list,
  made,
  mapping,
  optional,
  required,
  type Shape,
} from "./shape.ts";

export const MDB_MAX = 1_000_000;
export const WINDOW_MS_MAX = 86_400_000;
const REPEAT_MS_MAX = TTL_MS_MAX;

const hosts = integer(FLOOR_HOLDERS, EVIDENCE_HOSTS_MAX);
const faultDomains = integer(1, EVIDENCE_HOSTS_MAX);
export const line = integer(10_000, MDB_MAX);

/** A condition that cannot be evaluated does not hold: it must not make a rule apply. */
const applies = condition(false);
/** A condition that cannot be evaluated holds: it must not save anybody an approval. */
const escalates = condition(true);

const escalationsMax = { min: 1, max: LIMITS.escalationsMax };

/** `signalRules`: items of the list. */
export const signalRule: Shape<SignalRule> = made(
  mapping({
    name: required(name),
    kinds: required(list(kind, { min: 1 })),
    hosts: required(hosts),
    faultDomains: required(faultDomains),
    window: required(duration(WINDOW_MS_MAX)),
    lineMdb: required(line),
    stage: required(stage),
    for: required(duration(TTL_MS_MAX)),
    when: optional(applies),
    escalations: optional(
      list(
        mapping({
          when: required(escalates),
          hosts: required(hosts),
          faultDomains: required(faultDomains),
        }),
        escalationsMax,
      ),
    ),
    sharedSubjectsMax: optional(integer(1, 1_000_000)),
    suggestWhenShort: optional(truth),
    repeat: optional(
      mapping({
        within: required(duration(REPEAT_MS_MAX)),
        stage: required(stage),
        for: required(duration(TTL_MS_MAX)),
      }),
    ),
  }),
  ({ window, for: ttlMs, repeat, ...rule }) => ({
    ...rule,
    windowMs: window,
    ttlMs,
    ...(repeat && {
      repeat: { withinMs: repeat.within, stage: repeat.stage, ttlMs: repeat.for },
    }),
  }),
);

const revokeFields = {
  name: required(name),
  wish: required(word("revoke")),
  kinds: required(list(kind, { min: 1 })),
  stages: required(list(stage)),
  ttlMax: required(duration(TTL_MS_MAX)),
  approvals: required(approvalTree),
  when: optional(applies),
  escalations: optional(
    list(mapping({ when: required(escalates), approvals: required(approvalTree) }), escalationsMax),
  ),
  withEvidence: optional(
    mapping({
      hosts: required(hosts),
      faultDomains: required(faultDomains),
      lineMdb: required(line),
      approvals: required(approvalTree),
    }),
  ),
};
const revokeRule = mapping(revokeFields);

// The way back has no conditions: a lift must not depend on how far the mistake reaches.
const liftFields = {
  name: required(name),
  wish: required(word("lift")),
  approvals: required(approvalTree),
};
const liftRule = mapping(liftFields);

/** Machine version 1 passed over these in a rule for lifts. */
const PASSED_OVER: readonly string[] = ["kinds", "stages", "ttlMax"];

/** `approvalRules`: items of the list. */
export const approvalRule: Shape<ApprovalRule> = {
  schema: { oneOf: [revokeRule.schema, liftRule.schema] },
  read(value, path, faults) {
    if (!isMapping(value)) return faults.shape(path, "must be a mapping");
    if (value["wish"] === "lift") return readLift(value, path, faults);
    if (value["wish"] !== "revoke") {
      return faults.shape(`${path}.wish`, "must be revoke or lift");
    }
    return revoking.read(value, path, faults);
  },
};

const revoking: Shape<ApprovalRule> = made(revokeRule, ({ ttlMax, ...rule }) => ({
  ...rule,
  ttlMsMax: ttlMax,
}));

function readLift(
  value: Readonly<Record<string, unknown>>,
  path: string,
  faults: Faults,
): ApprovalRule | Failed {
  const kept =
    faults.version >= 2
      ? value
      : Object.fromEntries(Object.entries(value).filter(([key]) => !PASSED_OVER.includes(key)));
  const lifting = made(liftRule, (rule) => ({ ...rule, kinds: [], stages: [], ttlMsMax: 0 }));
  return lifting.read(kept, path, faults);
}
