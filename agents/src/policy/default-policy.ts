// The default policy: the document that `ostraka init` publishes as epoch 1. Written to be read by
// the people who will change it; every number says what it costs.

export const DEFAULT_POLICY_YAML = `# Ostraka policy. One document, one epoch.
# Changes are published as a newer epoch: ostraka policy lint, test, diff, publish, rollout.
# yaml-language-server: $schema=./policy.schema.json
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
    # An address that a witness has seen with more known users than this is an office, not an
    # attacker: people decide. Higher = fewer questions at night, more colleagues cut off by one.
    sharedSubjectsMax: 3
    # One host saw it and no second one did: people are asked, with the evidence attached.
    suggestWhenShort: true
    # Who comes back within a week is out for a day.
    repeat: { within: 7d, stage: suspend, for: 24h }

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
    # What reaches further needs more consent. Conditions are CEL over the verdict's reach.
    escalations:
      # Ending open sessions on every host at once: one more responder, which costs a phone call.
      - when: stage == "terminate" && scopeHosts == 0
        approvals: { group: responders, atLeast: 2 }
  - name: lift
    wish: lift
    approvals:
      all:
        - { group: responders, atLeast: 1 }
        - { group: security, atLeast: 1 }

# What machines may do by themselves; people may always do more. What does not fit becomes a
# suggestion for people.
governor:
  # So many at once, then one more every so often. Lower = a slower answer to a real wave.
  overall: { burst: 20, refill: 30s }
  # No host can witness more than this, whatever it claims to see.
  perHost: { burst: 10, refill: 1m }
  caps:
    # Of about so many addresses that use you, never more in force than this share.
    - { kind: address, subjects: 10000, atMost: 1% }
  # So many subjects over the line within a minute share a cause more often than a will: a bad
  # deployment, a provider's outage. They wait for people.
  risingTogether: { subjects: 10, within: 1m }
  # Identities that get you back in: machines never revoke them, people never all of them.
  breakGlass: []
  # Which subject each approver is, so that nobody revokes those who could undo it:
  # - { holder: ada, subject: user:acme/ada }
  holders: []

# When the hosts together hold this much, if independent, the mesh asks all of them.
inquiry:
  sumLineMdb: 60000
  # Hosts that hold this much answer for; those that know the subject and hold less, against.
  floorMdb: 10000
  for: 30s
  # Questions that one host can bring about.
  perHost: { burst: 10, refill: 1m }

# How long a suggestion waits for people.
suggestionFor: 4h

# What is kept, and how long. Hashes and proofs stay for ever; what is gone cannot be replayed.
retention:
  # A restart replays at most this many messages.
  snapshotEvery: 5000
  journal: 30d
  # Subjects, reasons, observed values.
  privates: 90d
  receipts: 30d

# A sidecar calls itself stale when its newest sealed head is older than this. What it enforces
# then stays exactly as it was (hold).
freshness:
  lease: 15s
  whenStale: hold
`;
