// The other sections of a policy document: what one host does by itself, who is exempt, the
// governor, inquiries, retention, freshness.

import {
  type AddressBlock,
  parseAddressBlock,
  parseSubject,
  type SubjectText,
} from "@ostraka/proto";
import type {
  GovernorPolicy,
  InquiryPolicy,
  LocalPolicy,
  RetentionPolicy,
  TokenBucket,
} from "../kernel/index.ts";
import { line, MDB_MAX } from "./rule-sections.ts";
import { duration, integer, kind, name, share, subject, word } from "./scalars.ts";
import { list, made, mapping, optional, orNothing, required, type Shape } from "./shape.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** What learned nulls promise holds only while the past is like the present: never most of it. */
const LEARNED_PERMILLE_MAX = 500;

const learnedShare: Shape<number> = {
  ...share,
  schema: {
    ...share.schema,
    description:
      "Share of the false-alarm budget that learned evidence may draw lines with, like 10%; at " +
      "most 50%. Left out, it only ranks and explains: its promise holds while habits stay.",
  },
};

/** `local`. */
export const local: Shape<LocalPolicy> = made(
  mapping({
    signalLineMdb: required(line),
    leaseLineMdb: required(line),
    leaseFor: required(duration(HOUR_MS)),
    leaseStage: required(word("step-up", "throttle", "suspend")),
    learnedShare: optional(learnedShare),
  }),
  ({ leaseFor, learnedShare, ...rest }, path, faults) => {
    if (learnedShare === undefined) return { ...rest, leaseMs: leaseFor };
    if (learnedShare > LEARNED_PERMILLE_MAX) {
      return faults.meaning(`${path}.learnedShare`, "must be at most 50%: learned evidence drifts");
    }
    return { ...rest, leaseMs: leaseFor, learnedPermille: learnedShare };
  },
);

export interface Exempt {
  readonly exemptBlocks: readonly AddressBlock[];
  readonly exemptSubjects: ReadonlySet<SubjectText>;
}

const exemptItem: Shape<AddressBlock | SubjectText> = {
  schema: { type: "string" },
  read(value, path, faults) {
    const why = "must be an address, a CIDR block or a subject like user:acme/alice";
    if (typeof value !== "string") return faults.shape(path, why);
    return parseAddressBlock(value) ?? parseSubject(value) ?? faults.meaning(path, why);
  },
};

/** `exempt`. */
export const exempt: Shape<Exempt> = made(orNothing(list(exemptItem)), (items) => {
  const exemptBlocks: AddressBlock[] = [];
  const exemptSubjects = new Set<SubjectText>();
  for (const item of items ?? []) {
    if (typeof item === "string") exemptSubjects.add(item);
    else exemptBlocks.push(item);
  }
  return { exemptBlocks, exemptSubjects };
});

const bucket: Shape<TokenBucket> = made(
  mapping({ burst: required(integer(1, 10_000)), refill: required(duration(DAY_MS)) }),
  ({ burst, refill }) => ({ burst, refillMs: refill }),
);

const cap = made(
  mapping({
    kind: required(kind),
    subjects: required(integer(1, 100_000_000)),
    atMost: required(share),
  }),
  ({ kind, subjects, atMost }, path, faults) => {
    // A denominator that is guessed too low or a share of everybody bounds nothing.
    if (atMost > 500) return faults.meaning(`${path}.atMost`, "must be at most 50%");
    if (Math.floor((subjects * atMost) / 1_000) < 1) {
      const why = `is less than one of ${subjects} subjects: machines could revoke none`;
      return faults.meaning(`${path}.atMost`, why);
    }
    return { kind, subjects, permilleMax: atMost };
  },
);

/** `governor`. */
export const governor: Shape<GovernorPolicy> = made(
  mapping({
    overall: optional(bucket),
    perHost: optional(bucket),
    perKind: optional(
      list(
        made(
          mapping({
            kind: required(kind),
            burst: required(integer(1, 10_000)),
            refill: required(duration(DAY_MS)),
          }),
          ({ kind, burst, refill }) => ({ kind, bucket: { burst, refillMs: refill } }),
        ),
      ),
    ),
    caps: optional(list(cap)),
    risingTogether: optional(
      made(
        mapping({ subjects: required(integer(2, 10_000)), within: required(duration(HOUR_MS)) }),
        ({ subjects, within }) => ({ subjects, withinMs: within }),
      ),
    ),
    breakGlass: optional(list(subject)),
    holders: optional(list(mapping({ holder: required(name), subject: required(subject) }))),
    dependants: optional(
      list(mapping({ of: required(subject), stops: required(list(subject, { min: 1 })) })),
    ),
  }),
  (
    { perKind = [], caps = [], breakGlass = [], holders = [], dependants = [], ...rest },
    path,
    faults,
  ) => {
    const twice = (what: string, keys: readonly unknown[]) => {
      if (new Set(keys).size === keys.length) return;
      faults.meaning(`${path}.${what}`, "names one of them twice");
    };
    twice(
      "perKind",
      perKind.map((item) => item.kind),
    );
    twice(
      "caps",
      caps.map((item) => item.kind),
    );
    twice(
      "holders",
      holders.map((item) => item.holder),
    );
    twice(
      "dependants",
      dependants.map((item) => item.of),
    );
    return {
      ...rest,
      perKind,
      caps,
      breakGlass: new Set(breakGlass),
      holderSubjects: new Map(holders.map((item) => [item.holder, item.subject])),
      dependants: new Map(dependants.map((item) => [item.of, item.stops])),
    };
  },
);

/** `inquiry`. */
export const inquiry: Shape<InquiryPolicy> = made(
  mapping({
    sumLineMdb: required(line),
    floorMdb: required(integer(1, MDB_MAX)),
    for: required(duration(10 * 60_000)),
    perHost: required(bucket),
  }),
  ({ for: forMs, ...rest }, path, faults) => {
    if (rest.floorMdb <= rest.sumLineMdb) return { ...rest, forMs };
    return faults.meaning(`${path}.floorMdb`, "must not lie above sumLineMdb");
  },
);

/** `retention`. */
export const retention: Shape<RetentionPolicy> = made(
  mapping({
    snapshotEvery: required(integer(10, 1_000_000)),
    journal: required(duration(3_650 * DAY_MS)),
    privates: required(duration(3_650 * DAY_MS)),
    receipts: required(duration(3_650 * DAY_MS)),
  }),
  ({ snapshotEvery, journal, privates, receipts }) => ({
    snapshotEvery,
    journalMs: journal,
    privatesMs: privates,
    receiptsMs: receipts,
  }),
);

/** `freshness`. */
export const freshness: Shape<number> = made(
  mapping({ lease: required(duration(HOUR_MS)), whenStale: required(word("hold")) }),
  ({ lease }) => lease,
);

/** `suggestionFor`. */
export const suggestionFor: Shape<number> = duration(7 * DAY_MS);
