// Every bound of the system, in one place, each with its reason; relations between them are
// asserted at load.

import { assert } from "./assert.ts";

export const LIMITS = {
  /** NATS refuses larger messages by default (1 MiB); the rest is room for its headers. */
  messageBytesMax: 1_000_000,
  /** The largest body is a control import, which holds at least one entry. */
  envelopeBodyBytesMax: 256_000,
  /** A command is entered whole, and a verdict carries its proposal and approvals. */
  commandBytesMax: 100_000,
  /** More holders than any sensible threshold. */
  signaturesMax: 16,
  /** One signature verifies a hundred signals; more would only delay the first of them. */
  batchSignalsMax: 128,
  signalBytesMax: 1_024,
  privateBytesMax: 8_192,
  /** Entries carry their warrants. */
  entryBytesMax: 200_000,
  /** A resync page stays under a message with room for proofs. */
  pageBytesMax: 600_000,
  pageRecordsMax: 512,
  importRecordsMax: 64,
  importBytesMax: 240_000,
  reasonsMax: 8,
  reasonTextMax: 200,
  statementTextMax: 500,
  scopeItemsMax: 64,
  policyBytesMax: 64_000,
  /** Room for one sentence of conditions; what is longer belongs into two rules. */
  conditionTextMax: 500,
  conditionNodesMax: 64,
  /** The parser recurses: its stack must be far from full on every machine. */
  conditionDepthMax: 16,
  /** Steps of one evaluation at worst, and of all conditions of a policy together. */
  conditionCostMax: 200,
  policyConditionCostMax: 2_000,
  /** Escalations of one rule: each is evaluated with every verdict of it. */
  escalationsMax: 8,
  warrantSignalsMax: 64,
  approvalsMax: 32,
  /** Private parts of the signals that a proposal takes along: an import holds them too. */
  evidencePrivatesBytesMax: 40_000,
  /** An entry that a second offence may show inside its own warrant: both must fit. */
  earlierEntryBytesMax: 60_000,
  /** Commands and approvals are remembered until notAfter, so it cannot be far. */
  notAfterMsMax: 24 * 3_600_000,
  /** Open proposals of one person: nobody can use up the others' room. */
  proposalsPerHolderMax: 100,
  /** A scope item stands in the proposal and again in the verdict. */
  scopeItemTextMax: 200,
  /** A head is a few hashes and numbers. */
  headBytesMax: 1_024,
  /** Open windows of signals: subjects times hosts that are over the line at once. */
  windowsPerHostMax: 1_000,
  /** Steps of one staged widening. */
  wideningStepsMax: 16,
  /** Hosts that one coverage certificate may name as missing: they stand in claim and entry. */
  missingHostsMax: 1_000,
  /** Verdicts of each ledger that may get a coverage certificate: the newest. */
  coveredVerdictsMax: 10_000,
  /** A certificate names its laggards when they have not shown a verdict for so long. */
  coverageMs: 60_000,
  /** Claims of coverage that one coordinator makes in a tick: control must not wait for them. */
  claimsPerTickMax: 4,
  /** How often the mesh shows itself that a kill switch would get through, unless configured. */
  probeMs: 300_000,
  /** No two probes are entered closer: they stay in the ledger for ever. */
  probeMsMin: 5_000,
  /** Subjects that stand over a line at one host only, kept to notice a second one. */
  risingSubjectsMax: 20_000,
  /** Subjects about which people have been asked and have not answered. */
  suggestionsOpenMax: 1_000,
  /** Suggestions of windows that closed short, of one host in one minute of machine time. */
  shortWindowsPerHostMinuteMax: 10,
  /** Subjects whose past revocations are kept to prove a second offence by. */
  pastSubjectsMax: 5_000,
  /** Inquiries of the last hour, and answers to one of them. */
  inquiriesMax: 10_000,
  inquiryAnswersMax: 64,
  /** Inquiries that wait at a sidecar for their moment to be answered. */
  inquiriesWaitingMax: 256,
  /** Revocations that one receipt may say it does not enforce. */
  exceptionsMax: 64,
  /** Rollouts and widenings that one coordinator's reports are kept of. */
  reportsPerCoordinatorMax: 64,
  hostsMax: 10_000,
  incarnationsPerHostMax: 1_000,
  refusalCountsMax: 1_000,
  /** Signals waiting in a sidecar's outbox while coordinators are away. */
  outboxSignalsMax: 10_000,
  /** Heads waiting for seals, and entries waiting for a head. */
  pendingHeadsMax: 4_096,
  pendingEntriesMax: 20_000,
  /** Commands that wait for their outcome at one coordinator, and callers of one command. */
  submissionsMax: 1_000,
  callersPerCommandMax: 100,
  /** Recent chain hashes kept to compare with what ticks of others say. */
  chainHistoryMax: 4_096,
  tickMs: 1_000,
  heartbeatMs: 2_000,
  /** Retention before a policy says otherwise: a snapshot after so many positions of a journal. */
  snapshotEvery: 5_000,
  /** Positions between the end of a stream's trim and the sealed snapshot that allows it. */
  trimSlack: 100,
  /** Own journal copies and streams: long enough to look into what happened last week. */
  journalMs: 7 * 86_400_000,
  /** Private parts of what is over: longer than the longest verdict. */
  privatesMs: 90 * 86_400_000,
  receiptsMs: 30 * 86_400_000,
  /** A replica that was wiped takes up no larger snapshot. */
  snapshotBytesMax: 256_000_000,
  /** Commitments of one order of erasure. */
  erasedCommitmentsMax: 256,
  /** Expiry is never later than a sidecar's own clock plus this. */
  expirySlackMs: 60_000,
  /** A signal's signed time may lie this far ahead of machine time. */
  signalAheadMsMax: 60_000,
} as const;

assert(LIMITS.commandBytesMax < LIMITS.entryBytesMax, "an entry holds a command");
assert(
  LIMITS.entryBytesMax + LIMITS.privateBytesMax + LIMITS.evidencePrivatesBytesMax <
    LIMITS.envelopeBodyBytesMax,
  "an import holds an entry with its private parts",
);
assert(
  LIMITS.earlierEntryBytesMax + LIMITS.warrantSignalsMax * (LIMITS.signalBytesMax + 1_024) <
    LIMITS.entryBytesMax,
  "an entry holds a warrant and an earlier entry",
);
assert(LIMITS.entryBytesMax < LIMITS.pageBytesMax, "a page holds an entry");
assert(LIMITS.pageBytesMax < LIMITS.messageBytesMax, "a message holds a page");
assert(
  LIMITS.batchSignalsMax * (LIMITS.signalBytesMax + 2_000) < LIMITS.messageBytesMax,
  "a message holds a batch with its private parts",
);
