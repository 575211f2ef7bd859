// Deliberate bugs in what machine version 2 brought: snapshots, repair, rollouts, the governor,
// widening, and what people are told. As `mutants.ts`. Tried and not caught within some twenty
// seeds, so not here: evidence of one host earning the lighter consent, a canary's epoch counting
// on every host, spent signals left out of a restored snapshot, a status that names no host.

import { type Mutant, one } from "./mutant.ts";

const KERNEL = "agents/src/kernel";
const NODE = "agents/src/node";

export const MUTANTS_OF_THE_MIDDLE: readonly Mutant[] = [
  one(
    "shared-address-ignored",
    "I1",
    "an address that many honest subjects share is cut off by machines",
    6,
    `${KERNEL}/verdict-body.ts`,
    "if (sharedSubjects > (rule.sharedSubjectsMax ?? Number.POSITIVE_INFINITY)) {",
    "if (sharedSubjects < 0) {",
  ),
  one(
    "escalation-ignored",
    "I2",
    "what reaches further needs no more consent",
    4,
    `${KERNEL}/reach.ts`,
    "const more = (rule.escalations ?? []).filter(({ when }) => when.holds(reach));",
    "const more = (rule.escalations ?? []).filter(({ when }) => reach.hosts > 99 && when);",
  ),
  one(
    "governor-ignored",
    "I2",
    "machines may revoke as many as they like",
    2,
    "agents/src/governor/governor.ts",
    'return this.#takeTokens(governor, warrant, nowMs) ? undefined : "governor";',
    "return this.#takeTokens(governor, warrant, nowMs) ? undefined : undefined;",
  ),
  one(
    "break-glass-unchecked",
    "I2",
    "whoever gets people back in can all be cut off at once",
    1,
    `${KERNEL}/lockout.ts`,
    'if (isOneAdded && [...breakGlass].every((s) => after.has(s))) return "break-glass";',
    "void isOneAdded; void breakGlass;",
  ),
  one(
    "minority-repairs",
    "I3",
    "a generation is opened on one coordinator's promise",
    2,
    "agents/src/repair/choose-head.ts",
    "const missing = majorityOf(coordinators) - promised.length;",
    "const missing = 1 - promised.length; void majorityOf(coordinators);",
  ),
  one(
    "shorter-head-kept",
    "I3",
    "a repair goes on from the shortest of the heads that were promised",
    3,
    "agents/src/repair/choose-head.ts",
    "weighed.reduce((a, b) => (isLaterHead(b.head, a.head) ? b : a));",
    "weighed.reduce((a, b) => (isLaterHead(b.head, a.head) ? a : b));",
  ),
  one(
    "promise-not-stored",
    "I3",
    "a promise is signed and not written",
    2,
    `${NODE}/repair-desk.ts`,
    "    // Durable BEFORE it is signed: the pump persists first.\n" +
      "    out.persist.push(...writes);\n",
  ),
  one(
    "trimmed-above-the-snapshot",
    "I3",
    "a stream forgets what no sealed snapshot holds",
    1,
    `${NODE}/lane-retention.ts`,
    "const base = shelf.newestSealed(rows.published());",
    "const base = shelf.newestSealed(rows.published()) && rows.published();",
  ),
  one(
    "version-without-one",
    "I3",
    "a machine version is entered once any coordinator has announced it",
    2,
    `${NODE}/journal-machine.ts`,
    "return Math.min(...versions);",
    "return Math.max(...versions);",
  ),
  one(
    "dry-run-denies",
    "I5",
    "a dry run is enforced",
    10,
    "agents/src/enforcer/deny-set.ts",
    "return !held.isDryRun && isEffective(held, access, time);",
    "return isEffective(held, access, time);",
  ),
  one(
    "widening-at-once",
    "I5",
    "a host enforces before its step of a widening",
    1,
    `${KERNEL}/widening.ts`,
    "enteredMs + Number(step.afterMs);",
    "enteredMs + 0 * Number(step.afterMs);",
  ),
  one(
    "event-in-a-reason",
    "I9",
    "a signal shows what only the event held",
    1,
    `${NODE}/scoring.ts`,
    "seen: clip(reason.seen),",
    'seen: clip(reason.seen + " secret-line-1"),',
  ),
  one(
    "reasons-left-out",
    "I10",
    "a signal does not say what moved its evidence",
    2,
    `${NODE}/scoring.ts`,
    "const reasons = signal.reasons.slice(0, LIMITS.reasonsMax).map((reason) => ({",
    "const reasons = signal.reasons.slice(0, 0 * LIMITS.reasonsMax).map((reason) => ({",
  ),
];
