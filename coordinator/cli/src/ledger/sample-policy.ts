// The policy of the mesh in memory for the tests of this folder: one that every machine version can
// read, since that mesh publishes it while it still has the first one.

export const SAMPLE_POLICY_YAML = `version: 1
name: default
local: { signalLineMdb: 40000, leaseLineMdb: 30000, leaseFor: 10m, leaseStage: suspend }
exempt: [127.0.0.0/8, "::1"]
signalRules:
  - { name: seen-on-two-hosts, kinds: [address], hosts: 2, faultDomains: 2,
      window: 10m, lineMdb: 30000, stage: suspend, for: 1h }
approvalRules:
  - name: kill-switch
    wish: revoke
    kinds: [user, service, workload, device, session, token, address]
    stages: [step-up, throttle, restrict, suspend, terminate]
    ttlMax: 24h
    approvals: { all: [{ group: responders, atLeast: 1 }, { group: security, atLeast: 1 }] }
  - name: lift
    wish: lift
    approvals: { all: [{ group: responders, atLeast: 1 }, { group: security, atLeast: 1 }] }
freshness: { lease: 15s, whenStale: hold }
`;
