// A policy that every machine version can read: the document that `ostraka init` published before
// machine version 2. For tests that publish before a mesh has left version 1.

export const PLAIN_POLICY_YAML = `# Ostraka policy. One document, one epoch.
# Changes are published as a newer epoch.
version: 1
name: default

# What one host does by itself, on its own evidence, before any quorum.
local:
  # A signal is sent to the mesh at this level. 1 dB = 1000 mdB; 40 dB is at most one false signal
  # in 10,000 honest subject-days of the declared class.
  signalLineMdb: 40000
  # The local lease falls at this level: this host alone, briefly.
  leaseLineMdb: 30000
  leaseFor: 10m
  leaseStage: suspend

# Evidence about these is shown and never enforced: addresses, CIDR blocks, subjects. One NAT
# address is a whole office: list yours.
exempt:
  - 127.0.0.0/8
  - ::1

# Verdicts by machines: signals from so many hosts, of so many fault domains, in one window.
signalRules:
  - name: seen-on-two-hosts
    kinds: [address]
    hosts: 2
    faultDomains: 2
    window: 10m
    lineMdb: 30000
    stage: suspend
    for: 1h

# Verdicts by people. The proposer never counts as an approver.
approvalRules:
  - name: kill-switch
    wish: revoke
    kinds: [user, service, workload, device, session, token, address]
    stages: [step-up, throttle, restrict, suspend, terminate]
    ttlMax: 24h
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

# A sidecar calls itself stale when its newest sealed head is older than this. What it enforces
# then stays exactly as it was (hold).
freshness:
  lease: 15s
  whenStale: hold
`;
