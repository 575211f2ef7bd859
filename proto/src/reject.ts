// The closed list of reasons for which an input is refused. A reject is data: counted, recorded,
// shown; never thrown by an agent. Codes are stable: clients and ledgers hold them for ever.

export const REJECT_CODES = [
  // envelopes and bytes
  "malformed",
  "too-large",
  "unsupported-format",
  "wrong-mesh",
  "wrong-type",
  "no-signature",
  "too-many-signatures",
  "unknown-key",
  "no-genesis",
  "bad-signature",
  "duplicate",
  "expired",
  "not-after-too-far",
  "commitment-mismatch",
  // signals
  "not-a-member",
  "number-gap",
  "number-repeated",
  "cloned",
  "bad-root",
  "wrong-epoch",
  "not-a-witness",
  "below-line",
  "exempt",
  "pardoned",
  "spent",
  "clock-off",
  // people
  "unknown-proposal",
  "self-approval",
  "already-approved",
  "already-decided",
  "stage-not-allowed",
  "ttl-too-long",
  "scope-not-allowed",
  // roster, grants, policy
  "threshold-short",
  "roster-not-next",
  "unknown-grant",
  "grant-used-up",
  "key-in-other-use",
  "key-not-strict",
  "name-taken",
  "unknown-fault-domain",
  "epoch-not-next",
  "unknown-epoch",
  "policy-invalid",
  // verdicts and ledgers
  "warrant-short",
  "body-differs",
  "not-sealed",
  "wrong-index",
  "wrong-root",
  "wrong-digest",
  "import-gap",
  "equivocation",
  "stale-tick",
  // from machine version 2 on
  "expelled",
  "shared-address",
  "break-glass",
  "undo-locked-out",
  "governor",
  "rising-together",
  "unknown-verdict",
  "unknown-inquiry",
  "not-prepared",
  "rollout-running",
  "no-rollout",
  "generation-not-next",
  "promises-short",
  "promises-contradict",
  "not-poisoned",
  "in-force",
  "condition-not-met",
  "earlier-not-proven",
] as const;

export type RejectCode = (typeof REJECT_CODES)[number];

export interface Reject {
  readonly reject: RejectCode;
}

const REJECTS = new Map<RejectCode, Reject>(
  REJECT_CODES.map((code) => [code, Object.freeze({ reject: code })]),
);

/** The one value of a reject code. */
export function reject(code: RejectCode): Reject {
  return REJECTS.get(code) as Reject;
}

export function isReject(value: unknown): value is Reject {
  return typeof value === "object" && value !== null && "reject" in value;
}
