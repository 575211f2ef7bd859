// Cases kept beside a policy: given signals, or a proposal and its approvals, what must come of it.
// Judged by the rules that the machines judge by, without keys, hosts or a mesh. Decides nothing.

import { create } from "@bufbuild/protobuf";
import { getTextEncoding } from "@bufbuild/protobuf/wire";
import {
  LIMITS,
  RevokeWishSchema,
  ScopeSchema,
  SignalSchema,
  type SubjectText,
  wireSubjectKind,
} from "@ostraka/proto";
import {
  type ApprovalRule,
  hasApprovals,
  isAsked,
  isExempt,
  type OpenedSignal,
  type Policy,
  reachOfWish,
  satisfiedRule,
  TTL_MS_MAX,
  treesOf,
} from "../kernel/index.ts";
import { readYaml } from "./read-yaml.ts";
import type { RosterFacts } from "./roster-facts.ts";
import { MDB_MAX } from "./rule-sections.ts";
import {
  duration,
  integer,
  name,
  parseDuration,
  stage,
  stageName,
  subject,
  word,
} from "./scalars.ts";
import { FAILED, Faults, list, made, mapping, optional, required, type Shape } from "./shape.ts";
import { tooDeepAt } from "./yaml-depth.ts";

/** What comes of a case. */
export interface CaseOutcome {
  readonly verdict: "revocation" | "lift" | "suggestion" | "none";
  readonly rule?: string;
  readonly stage?: string;
  readonly ttlMs?: number;
}

export interface CaseResult {
  readonly name: string;
  readonly expected: CaseOutcome;
  readonly made: CaseOutcome;
  readonly isMet: boolean;
}

/** A line of free text, for people. */
const title: Shape<string> = {
  schema: { type: "string" },
  read: (value, path, faults) =>
    typeof value === "string" && value.length > 0 && value.length <= LIMITS.reasonTextMax
      ? value
      : faults.shape(path, `must be a text of at most ${LIMITS.reasonTextMax} characters`),
};

/** Time since the first signal; `0s` is now. */
const moment: Shape<number> = {
  schema: { type: "string" },
  read(value, path, faults) {
    if (value === "0s") return 0;
    const ms = typeof value === "string" ? parseDuration(value) : undefined;
    return ms ?? faults.shape(path, 'must be a time since the first signal like "0s" or "2m"');
  },
};

const signalsCase = mapping({
  subject: required(subject),
  signals: required(
    list(
      mapping({
        host: required(name),
        domain: required(name),
        evidenceMdb: required(integer(0, MDB_MAX)),
        at: required(moment),
        sharedSubjects: optional(integer(0, 1_000_000)),
      }),
      { min: 1 },
    ),
  ),
});

const peopleCase = mapping({
  subject: required(subject),
  proposal: required(
    mapping({
      by: required(name),
      wish: required(word("revoke", "lift")),
      stage: optional(stage),
      for: optional(duration(TTL_MS_MAX)),
      hosts: optional(list(name)),
    }),
  ),
  approvals: required(list(name)),
});

type Given = ReturnType<typeof given.read>;
const given: Shape<
  | { readonly kind: "signals"; readonly value: ReadOf<typeof signalsCase> }
  | { readonly kind: "people"; readonly value: ReadOf<typeof peopleCase> }
> = {
  schema: {},
  read(value, path, faults) {
    const isPeople = typeof value === "object" && value !== null && "proposal" in value;
    const shape = isPeople
      ? made(peopleCase, (read) => ({ kind: "people" as const, value: read }))
      : made(signalsCase, (read) => ({ kind: "signals" as const, value: read }));
    return shape.read(value, path, faults);
  },
};
type ReadOf<S> = S extends Shape<infer T> ? T : never;

const cases = mapping({
  cases: required(
    list(
      mapping({
        name: required(title),
        given: required(given),
        expect: required(
          mapping({
            verdict: required(word("revocation", "lift", "suggestion", "none")),
            rule: optional(name),
            stage: optional(stage),
            for: optional(duration(TTL_MS_MAX)),
          }),
        ),
      }),
      { min: 1 },
    ),
  ),
});

/**
 * Runs the cases of a file against a policy.
 * @returns what came of each, or what is wrong with the file, with places.
 */
export function runPolicyCases(
  policy: Policy,
  yaml: Uint8Array,
  roster: RosterFacts,
): readonly CaseResult[] | { readonly faults: readonly string[] } {
  const faults = new Faults(2);
  const text = getTextEncoding().decodeUtf8(yaml);
  const deepAt = tooDeepAt(text);
  if (deepAt !== undefined) return { faults: [`line ${deepAt}: nests deeper than cases need`] };
  const { document } = readYaml(text);
  const [error] = [...document.errors, ...document.warnings];
  if (error !== undefined) return { faults: [error.message.split("\n")[0] ?? "not YAML"] };
  let read: ReadOf<typeof cases> | typeof FAILED;
  try {
    read = cases.read(document.toJS({ maxAliasCount: 0 }), "cases file", faults);
  } catch (cause) {
    return { faults: [cause instanceof Error ? cause.message : "not cases"] };
  }
  if (read === FAILED) return { faults: faults.list.map(({ path, why }) => `${path}: ${why}`) };
  return read.cases.map(({ name: called, given: facts, expect }) => {
    const expected: CaseOutcome = {
      verdict: expect.verdict,
      ...(expect.rule !== undefined && { rule: expect.rule }),
      ...(expect.stage !== undefined && { stage: stageName(expect.stage) }),
      ...(expect.for !== undefined && { ttlMs: expect.for }),
    };
    const outcome = outcomeOf(policy, facts, roster);
    return { name: called, expected, made: outcome, isMet: isMet(expected, outcome) };
  });
}

/** What a case does not name may be anything. */
function isMet(expected: CaseOutcome, outcome: CaseOutcome): boolean {
  const keys = Object.keys(expected) as (keyof CaseOutcome)[];
  return keys.every((key) => expected[key] === outcome[key]);
}

const NONE: CaseOutcome = { verdict: "none" };

function outcomeOf(policy: Policy, facts: Exclude<Given, typeof FAILED>, roster: RosterFacts) {
  if (isExempt(policy, facts.value.subject)) return NONE;
  return facts.kind === "signals"
    ? ofSignals(policy, facts.value)
    : ofPeople(policy, facts.value, roster);
}

function ofSignals(policy: Policy, facts: ReadOf<typeof signalsCase>): CaseOutcome {
  const signals = facts.signals.map((s) => openedOf(facts.subject, s));
  signals.sort((a, b) => Number(a.signal.timeMs - b.signal.timeMs));
  for (const [i, last] of signals.entries()) {
    for (const rule of policy.signalRules) {
      // The newest signal of each host over the line, in one window that ends here.
      const fromMs = Number(last.signal.timeMs) - rule.windowMs;
      const byHost = new Map<string, OpenedSignal>();
      for (const s of signals.slice(0, i + 1)) {
        const isIn = Number(s.signal.timeMs) >= fromMs && s.signal.evidenceMdb >= rule.lineMdb;
        if (isIn) byHost.set(s.host.name, s);
      }
      const chosen = [...byHost.values()];
      if (chosen.length === 0 || satisfiedRule(policy, chosen)?.name !== rule.name) continue;
      const shared = Math.max(...chosen.map((s) => s.signal.sharedSubjects));
      const outcome = { rule: rule.name, stage: stageName(rule.stage), ttlMs: rule.ttlMs };
      const isForPeople = shared > (rule.sharedSubjectsMax ?? Number.POSITIVE_INFINITY);
      return { verdict: isForPeople ? "suggestion" : "revocation", ...outcome };
    }
  }
  const kindOf = wireSubjectKind(facts.subject);
  const short = policy.signalRules.find(
    (rule) =>
      rule.suggestWhenShort === true &&
      rule.kinds.includes(kindOf) &&
      signals.some((s) => s.signal.evidenceMdb >= rule.lineMdb),
  );
  return short === undefined ? NONE : { verdict: "suggestion", rule: short.name };
}

type SignalFacts = ReadOf<typeof signalsCase>["signals"][number];

/** A signal as if it had been opened: what rules look at, and nothing else. */
function openedOf(about: SubjectText, facts: SignalFacts): OpenedSignal {
  const key = getTextEncoding().encodeUtf8(facts.host);
  const signal = create(SignalSchema, {
    timeMs: BigInt(facts.at),
    subjectKind: wireSubjectKind(about),
    evidenceMdb: facts.evidenceMdb,
    sharedSubjects: facts.sharedSubjects ?? 0,
  });
  const { host: called, domain } = facts;
  const host = { name: called, key, faultDomain: domain, isWitness: true, index: 0, labels: [] };
  const none = new Uint8Array();
  return { id: key, signal, host, salt: none, private: undefined as never };
}

function ofPeople(
  policy: Policy,
  { subject: about, proposal, approvals }: ReadOf<typeof peopleCase>,
  roster: RosterFacts,
): CaseOutcome {
  const groupsOf = (holder: string) =>
    [...roster.groups].filter(([, holders]) => holders.has(holder)).map(([group]) => group);
  const wish =
    proposal.wish === "lift"
      ? undefined
      : create(RevokeWishSchema, {
          subjectKind: wireSubjectKind(about),
          stage: proposal.stage ?? 0,
          ttlMs: BigInt(proposal.for ?? 0),
          scope: create(ScopeSchema, { hosts: [...(proposal.hosts ?? [])] }),
        });
  const reach = reachOfWish(about, wish);
  const speaks = (rule: ApprovalRule) =>
    rule.wish === proposal.wish &&
    (wish === undefined ||
      (rule.kinds.includes(reach.kind) &&
        rule.stages.includes(reach.stage) &&
        reach.ttlMs <= rule.ttlMsMax &&
        isAsked(rule.when, reach)));
  const rule = policy.approvalRules.find(speaks);
  if (rule === undefined || !roster.proposers.includes(proposal.by)) return NONE;
  const isConsented = treesOf(rule, reach, false).every((tree) =>
    hasApprovals(tree, approvals, proposal.by, groupsOf),
  );
  if (!isConsented) return NONE;
  if (wish === undefined) return { verdict: "lift", rule: rule.name };
  const made = { rule: rule.name, stage: stageName(reach.stage), ttlMs: reach.ttlMs };
  return { verdict: "revocation", ...made };
}
