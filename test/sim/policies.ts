// The policies of a simulated mesh, as numbers first and as YAML made of them: checkers judge by
// the numbers and never parse the document that the nodes parse.

import { Stage } from "@ostraka/proto";

export interface SimPolicy {
  readonly epoch: number;
  readonly hosts: number;
  readonly faultDomains: number;
  readonly windowMs: number;
  readonly lineMdb: number;
  readonly stage: Stage;
  readonly ttlMs: number;
  readonly exempt: readonly string[];
  readonly leaseMs: number;
  /** What only machine version 2 knows. */
  readonly more?: MorePolicy;
}

/** The sections of machine version 2, as numbers. */
export interface MorePolicy {
  /** An address seen with more vouched subjects than this needs people. */
  readonly sharedMax: number;
  /** From so many on, this many hosts are needed. */
  readonly escalatesAt: number;
  readonly escalatedHosts: number;
  readonly repeat: { readonly withinMs: number; readonly stage: Stage; readonly ttlMs: number };
  /** A cut of all hosts for longer than this needs both responders. */
  readonly longMs: number;
  readonly evidence: {
    readonly hosts: number;
    readonly faultDomains: number;
    readonly lineMdb: number;
  };
  readonly overall: { readonly burst: number; readonly refillMs: number };
  readonly perHost: { readonly burst: number; readonly refillMs: number };
  readonly inquiry: {
    readonly sumLineMdb: number;
    readonly forMs: number;
    readonly perHost: { readonly burst: number; readonly refillMs: number };
  };
  readonly journalMs: number;
  readonly snapshotEvery: number;
}

/** A sidecar that has heard no head for this long calls itself stale. */
const FRESHNESS_MS = 4_000;

/** Longest time-to-live that people may ask for. */
export const PEOPLE_TTL_MS_MAX = 50_000;

export const EXEMPT_ADDRESS = "address:198.51.100.9";
export const EXEMPT_USER = "user:sim/breakglass";

/** Never both cut off at once. */
export const BREAK_GLASS = ["user:sim/glass-1", "user:sim/glass-2"];
/** Many honest people behind one address. */
export const OFFICE = "address:192.0.2.200";

const MORE: MorePolicy = {
  sharedMax: 1,
  escalatesAt: 1,
  escalatedHosts: 3,
  repeat: { withinMs: 300_000, stage: Stage.TERMINATE, ttlMs: 50_000 },
  longMs: 40_000,
  evidence: { hosts: 2, faultDomains: 1, lineMdb: 20_000 },
  overall: { burst: 2, refillMs: 15_000 },
  perHost: { burst: 3, refillMs: 5_000 },
  inquiry: { sumLineMdb: 40_000, forMs: 3_000, perHost: { burst: 2, refillMs: 12_000 } },
  journalMs: 8_000,
  snapshotEvery: 30,
};

export const POLICIES: readonly SimPolicy[] = [
  {
    epoch: 1,
    hosts: 2,
    faultDomains: 2,
    windowMs: 12_000,
    lineMdb: 25_000,
    stage: Stage.SUSPEND,
    ttlMs: 45_000,
    exempt: [EXEMPT_ADDRESS, EXEMPT_USER],
    leaseMs: 4_000,
  },
  {
    epoch: 2,
    hosts: 2,
    faultDomains: 1,
    windowMs: 10_000,
    lineMdb: 28_000,
    stage: Stage.RESTRICT,
    ttlMs: 40_000,
    exempt: [EXEMPT_ADDRESS, EXEMPT_USER],
    leaseMs: 3_000,
  },
];

/** The same, with everything that machine version 2 knows. */
export function withMore(policy: SimPolicy): SimPolicy {
  return { ...policy, more: MORE };
}

/** A policy beneath the floor of two holders: signed by its authors and still no policy. */
export const BENEATH_FLOOR: SimPolicy = { ...(POLICIES[1] as SimPolicy), hosts: 1 };

const STAGE_NAMES: ReadonlyMap<Stage, string> = new Map([
  [Stage.RESTRICT, "restrict"],
  [Stage.SUSPEND, "suspend"],
  [Stage.TERMINATE, "terminate"],
]);

/** Policies by their documents: whoever judges knows the numbers and parses nothing. */
const BY_YAML = new Map<string, SimPolicy>();

/** The numbers that a document was made of. */
export function simPolicyOf(yaml: Uint8Array): SimPolicy | undefined {
  return BY_YAML.get(Buffer.from(yaml).toString());
}

export function yamlOf(policy: SimPolicy): string {
  const yaml = documentOf(policy);
  BY_YAML.set(yaml, policy);
  return yaml;
}

function documentOf(policy: SimPolicy): string {
  const { more } = policy;
  const exempt = policy.exempt.map((subject) => `  - ${subject.replace(/^address:/, "")}`);
  return `version: 1
name: sim-${policy.epoch}
local:
  signalLineMdb: 30000
  leaseLineMdb: 30000
  leaseFor: ${policy.leaseMs}ms
  leaseStage: throttle
exempt:
${exempt.join("\n")}
signalRules:
  - name: seen
    kinds: [address]
    hosts: ${policy.hosts}
    faultDomains: ${policy.faultDomains}
    window: ${policy.windowMs}ms
    lineMdb: ${policy.lineMdb}
    stage: ${STAGE_NAMES.get(policy.stage)}
    for: ${policy.ttlMs}ms
${more === undefined ? "" : moreOfSignals(more)}approvalRules:
  - name: end
    wish: revoke
    kinds: [user, address]
    stages: [terminate]
    ttlMax: ${PEOPLE_TTL_MS_MAX}ms
    approvals: { group: responders, atLeast: 2 }
  - name: cut
    wish: revoke
    kinds: [user, address]
    stages: [step-up, restrict, suspend]
    ttlMax: ${PEOPLE_TTL_MS_MAX}ms
    approvals:
      all:
        - { group: responders, atLeast: 1 }
        - { group: security, atLeast: 1 }
${more === undefined ? "" : moreOfApprovals(more)}  - name: lift
    wish: lift
    approvals:
      all:
        - { group: responders, atLeast: 1 }
        - { group: security, atLeast: 1 }
freshness:
  lease: ${FRESHNESS_MS}ms
  whenStale: hold
${more === undefined ? "" : moreSections(more)}`;
}

function moreOfSignals({ sharedMax, escalatesAt, escalatedHosts, repeat }: MorePolicy): string {
  return `    sharedSubjectsMax: ${sharedMax}
    suggestWhenShort: true
    repeat:
      within: ${repeat.withinMs}ms
      stage: ${STAGE_NAMES.get(repeat.stage)}
      for: ${repeat.ttlMs}ms
    escalations:
      - { when: sharedSubjects >= ${escalatesAt}, hosts: ${escalatedHosts}, faultDomains: 1 }
`;
}

function moreOfApprovals({ longMs, evidence }: MorePolicy): string {
  return `    escalations:
      - when: scopeHosts == 0 && ttlMs > ${longMs}
        approvals: { group: responders, atLeast: 2 }
    withEvidence:
      hosts: ${evidence.hosts}
      faultDomains: ${evidence.faultDomains}
      lineMdb: ${evidence.lineMdb}
      approvals: { group: responders, atLeast: 1 }
`;
}

function moreSections({ overall, perHost, inquiry, journalMs, snapshotEvery }: MorePolicy): string {
  return `governor:
  overall: { burst: ${overall.burst}, refill: ${overall.refillMs}ms }
  perHost: { burst: ${perHost.burst}, refill: ${perHost.refillMs}ms }
  breakGlass: [${BREAK_GLASS.join(", ")}]
inquiry:
  sumLineMdb: ${inquiry.sumLineMdb}
  floorMdb: 12000
  for: ${inquiry.forMs}ms
  perHost: { burst: ${inquiry.perHost.burst}, refill: ${inquiry.perHost.refillMs}ms }
suggestionFor: 30s
retention:
  snapshotEvery: ${snapshotEvery}
  journal: ${journalMs}ms
  privates: 10d
  receipts: 1d
`;
}
