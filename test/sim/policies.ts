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
}

/** A sidecar that has heard no head for this long calls itself stale. */
export const FRESHNESS_MS = 4_000;

/** Longest time-to-live that people may ask for. */
export const PEOPLE_TTL_MS_MAX = 50_000;

export const EXEMPT_ADDRESS = "address:198.51.100.9";
export const EXEMPT_USER = "user:sim/breakglass";

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

/** A policy beneath the floor of two holders: signed by its authors and still no policy. */
export const BENEATH_FLOOR: SimPolicy = { ...(POLICIES[1] as SimPolicy), hosts: 1 };

const STAGE_NAMES: ReadonlyMap<Stage, string> = new Map([
  [Stage.RESTRICT, "restrict"],
  [Stage.SUSPEND, "suspend"],
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
approvalRules:
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
  - name: lift
    wish: lift
    approvals:
      all:
        - { group: responders, atLeast: 1 }
        - { group: security, atLeast: 1 }
freshness:
  lease: ${FRESHNESS_MS}ms
  whenStale: hold
`;
}
