// The numbers of a policy outside its rules, compared: local lines, freshness, governor, inquiry,
// retention. One table: what it is called, how it is read, which way is harder.

import type { Policy, TokenBucket } from "@ostraka/agents/kernel";
import { spanText } from "../terminal.ts";
import type { PolicyChange } from "./policy-diff.ts";

interface Row {
  readonly what: string;
  readonly of: (policy: Policy) => number | undefined;
  readonly words?: (n: number) => string;
  /** What a larger number makes of revoking, or of holding an identity off. */
  readonly growing: PolicyChange["direction"];
}

const mdb = (n: number) => `${n} mdB`;
const burst = (bucket: TokenBucket | undefined) => bucket?.burst;
const refill = (bucket: TokenBucket | undefined) => bucket?.refillMs;

const ROWS: readonly Row[] = [
  { what: "a host speaks", of: (p) => p.local.signalLineMdb, words: mdb, growing: "harder" },
  { what: "a local lease falls", of: (p) => p.local.leaseLineMdb, words: mdb, growing: "harder" },
  {
    what: "learned evidence's share of the budget",
    of: (p) => p.local.learnedPermille,
    words: (permille) => `${permille / 10} %`,
    growing: "easier",
  },
  { what: "a local lease lasts", of: (p) => p.local.leaseMs, words: spanText, growing: "easier" },
  {
    what: "a host is stale after",
    of: (p) => p.freshnessLeaseMs,
    words: spanText,
    growing: "other",
  },
  { what: "machines at once", of: (p) => burst(p.governor?.overall), growing: "easier" },
  {
    what: "then machines one more every",
    of: (p) => refill(p.governor?.overall),
    words: spanText,
    growing: "harder",
  },
  { what: "one host at once", of: (p) => burst(p.governor?.perHost), growing: "easier" },
  {
    what: "then one host once more every",
    of: (p) => refill(p.governor?.perHost),
    words: spanText,
    growing: "harder",
  },
  {
    what: "subjects that rise together and wait for people",
    of: (p) => p.governor?.risingTogether?.subjects,
    growing: "easier",
  },
  { what: "break-glass identities", of: (p) => p.governor?.breakGlass.size, growing: "harder" },
  { what: "an inquiry is opened", of: (p) => p.inquiry?.sumLineMdb, words: mdb, growing: "harder" },
  { what: "a suggestion waits", of: (p) => p.suggestionMs, words: spanText, growing: "other" },
  { what: "a snapshot every", of: (p) => p.retention?.snapshotEvery, growing: "other" },
  {
    what: "journals are kept",
    of: (p) => p.retention?.journalMs,
    words: spanText,
    growing: "other",
  },
  {
    what: "personal fields are kept",
    of: (p) => p.retention?.privatesMs,
    words: spanText,
    growing: "other",
  },
  {
    what: "receipts are kept",
    of: (p) => p.retention?.receiptsMs,
    words: spanText,
    growing: "other",
  },
];

export function numberChanges(before: Policy, after: Policy): PolicyChange[] {
  return [
    ...ROWS.flatMap((row) => changeOf(row, before, after)),
    ...capChanges(before, after),
    ...stageChange(before, after),
  ];
}

function changeOf(row: Row, before: Policy, after: Policy): PolicyChange[] {
  const { what, of, words = String, growing } = row;
  const [from, to] = [of(before), of(after)];
  if (from === to) return [];
  const said = (n: number | undefined) => (n === undefined ? "without a bound" : words(n));
  const text = `${what}: ${said(to)} instead of ${said(from)}`;
  if (from === undefined || to === undefined || growing === "other") {
    return [{ direction: "other", what: text }];
  }
  const shrinking = growing === "harder" ? "easier" : "harder";
  return [{ direction: to > from ? growing : shrinking, what: text }];
}

/** Caps by kind, as the number of subjects that they come to. */
function capChanges(before: Policy, after: Policy): PolicyChange[] {
  const capsOf = (policy: Policy) =>
    new Map(
      (policy.governor?.caps ?? []).map(({ kind, subjects, permilleMax }) => [
        kind,
        Math.floor((subjects * permilleMax) / 1_000),
      ]),
    );
  const [was, is] = [capsOf(before), capsOf(after)];
  return [...new Set([...was.keys(), ...is.keys()])].flatMap((kind) =>
    changeOf(
      {
        what: `machines' revocations in force of kind ${kind}`,
        of: (policy) => (policy === before ? was : is).get(kind),
        growing: "easier",
      },
      before,
      after,
    ),
  );
}

function stageChange(before: Policy, after: Policy): PolicyChange[] {
  const [from, to] = [before.local.leaseStage, after.local.leaseStage];
  if (from === to) return [];
  return [{ direction: "other", what: `a local lease is ${to} instead of ${from}` }];
}
