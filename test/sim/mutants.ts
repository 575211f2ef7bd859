// Deliberate bugs, each with the invariant that it breaks and the replacement that puts it in. A
// checker that does not catch its mutants checks nothing. Not here, because a second wall stands
// behind the first and nothing breaks: an entry taken without hashing (its private parts and its
// place must still fit), a lifted revocation left in a sidecar's store (the control ledger ends it
// again at every start), a verdict sealed without its approval (one head covers both), a
// coordinator's seal counted twice (keys are a set). Nor that spent signals are left out of a
// restored snapshot: one must be spent, be signed again and meet a replica that was restored in
// between, all within a window, and none of a hundred seeds has that; `signal-quorum-v2.test.ts`
// holds it.

import { type Mutant, one } from "./mutant.ts";
import { MUTANTS_OF_THE_MIDDLE } from "./mutants-middle.ts";
import { MUTANTS_OF_UPKEEP } from "./mutants-upkeep.ts";

const KERNEL = "agents/src/kernel";
const NODE = "agents/src/node";
const DENY_SET = "agents/src/enforcer/deny-set.ts";
const SIGNAL_QUORUM = "agents/src/quorum/signal-quorum.ts";
const PEOPLE_QUORUM = "agents/src/quorum/people-quorum.ts";
const POLICY_BOOK = "agents/src/policy/policy-book.ts";
const SEALER = "agents/src/sealer/sealer.ts";

const FIRST: readonly Mutant[] = [
  // I1
  one(
    "body-taken-on-trust",
    "I1",
    "a sidecar does not compare the body of a verdict of signals with the one it recomputed",
    2,
    `${NODE}/verdict-check.ts`,
    'return isSame ? { kind: "revocation", ...derived } : reject("body-differs");',
    "const revocation = isSame ? derived.revocation : claimed;" +
      ' return { kind: "revocation", revocation, subject: derived.subject };',
  ),
  one(
    "people-body-unread",
    "I1",
    "a sidecar enforces what consent allows, whatever the entry says",
    1,
    `${NODE}/verdict-check.ts`,
    'return isSame ? derived : reject("body-differs");',
    "return isSame ? derived : derived;",
  ),
  one(
    "line-not-asked",
    "I1",
    "signals below the policy's line count",
    1,
    `${KERNEL}/verdict-body.ts`,
    "    s.signal.evidenceMdb >= rule.lineMdb &&\n",
  ),
  one(
    "window-not-asked",
    "I1",
    "signals count together however far apart they were made",
    1,
    `${KERNEL}/verdict-body.ts`,
    "if (!isOneWindow(signals, rule.windowMs)) return false;",
  ),
  one(
    "exempt-enforced",
    "I1",
    "a sidecar enforces against a subject that the policy exempts",
    1,
    `${KERNEL}/verdict-body.ts`,
    'if (isExempt(policy, subject)) return reject("exempt");',
  ),
  // I2
  one(
    "beneath-the-floor",
    "I2",
    "a policy may ask for one host alone",
    2,
    `${KERNEL}/tally.ts`,
    "export const FLOOR_HOLDERS = 2;",
    "export const FLOOR_HOLDERS = 1;",
  ),
  one(
    "signals-counted-for-hosts",
    "I2",
    "two signals of one host count as two hosts",
    2,
    `${KERNEL}/tally.ts`,
    "new Set(ballots.map((b) => b.host)).size",
    "ballots.length",
  ),
  one(
    "domains-uncounted",
    "I2",
    "two hosts of one fault domain are enough",
    1,
    `${KERNEL}/tally.ts`,
    "distinctDomains >= faultDomains",
    "distinctDomains >= 0 * faultDomains",
  ),
  {
    name: "self-approval",
    invariant: "I2",
    breaks: "a proposer may approve",
    seed: 1,
    edits: [
      {
        file: PEOPLE_QUORUM,
        from: 'if (opened.approver === open.opened.proposer) return reject("self-approval");',
        to: "",
      },
      {
        file: `${KERNEL}/people-verdict.ts`,
        from: 'if (approval.approver === asked.proposer) return reject("self-approval");',
        to: "",
      },
      { file: `${KERNEL}/tally.ts`, from: ".filter((holder) => holder !== proposer)", to: "" },
    ],
  },
  {
    name: "keys-counted-for-people",
    invariant: "I2",
    breaks: "one person with two keys counts as two",
    seed: 1,
    edits: [
      {
        file: PEOPLE_QUORUM,
        from: "open.approvals.some((a) => a.opened.approver === opened.approver)",
        to: "false",
      },
      {
        file: `${KERNEL}/people-verdict.ts`,
        from: "given.some((g) => g.approver === approval.approver)",
        to: "false",
      },
      { file: `${KERNEL}/tally.ts`, from: "[...new Set(approvers)]", to: "[...approvers]" },
    ],
  },
  {
    name: "strangers-witness",
    invariant: "I2",
    breaks: "a host that one operator let in counts as a witness",
    seed: 3,
    edits: [
      {
        file: SIGNAL_QUORUM,
        from: 'if (!counted.host.isWitness) return reject("not-a-witness");',
        to: "",
      },
      { file: `${KERNEL}/verdict-body.ts`, from: "    s.host.isWitness &&\n", to: "" },
    ],
  },
  {
    name: "commitments-unopened",
    invariant: "I2",
    breaks: "whoever carries a private part may name another subject in it",
    seed: 13,
    edits: [
      {
        file: `${KERNEL}/private-part.ts`,
        from: "if (!equalBytes(commitmentOf(crypto, part), commitment)) return undefined;",
        to: "",
      },
      {
        file: `${NODE}/privates-fit.ts`,
        from: "return commitments.every((commitment, i) =>",
        to: "return commitments.every((commitment, i) => commitment.length > 0 ||",
      },
    ],
  },
  one(
    "last-clock-wins",
    "I2",
    "machine time is the latest clock instead of the median",
    1,
    `${NODE}/machine/journal-machine.ts`,
    "times[Math.floor((times.length - 1) / 2)]",
    "times[times.length - 1]",
  ),
  one(
    "lifted-by-one",
    "I2",
    "one approval of any group lifts",
    1,
    `${KERNEL}/people-verdict.ts`,
    "if (!isConsented(asked.rule)) return",
    'if (asked.rule.wish !== "lift" && !isConsented(asked.rule)) return',
  ),
  // I3
  one(
    "one-seal-is-enough",
    "I3",
    "a head counts as sealed once any one coordinator has signed it",
    2,
    SEALER,
    "if (seals.size < majorityOf(view.coordinatorKeys().length)) return undefined;",
  ),
  {
    name: "reread-ignored",
    invariant: "I3",
    breaks: "a journal that lost or changed messages is not noticed at a reconnect",
    seed: 264,
    edits: [
      {
        file: `${NODE}/lane/ledger-lane.ts`,
        from: "if (lastPosition < position) {",
        to: "if (lastPosition < 0) {",
      },
      {
        file: `${NODE}/lane/ledger-lane.ts`,
        from: "(bytesAtOurs !== undefined && equalBytes(ours, bytesAtOurs));",
        to: "ours !== undefined;",
      },
    ],
  },
  one(
    "no-copy-of-the-journal",
    "I3",
    "a coordinator keeps no copy of its own of the journal",
    56,
    `${NODE}/lane/ledger-lane.ts`,
    'out.persist.push({ key: this.rows.key("journal", position), value: bytes });',
  ),
  // I4
  one(
    "answered-before-sealed",
    "I4",
    "a command is answered OK before a majority has signed",
    1,
    `${NODE}/coordinator/submissions.ts`,
    "if (sealedIndex < last) return undefined;",
  ),
  {
    name: "published-before-stored",
    invariant: "I4",
    breaks: "what a round puts out is sent before it is written",
    seed: 1,
    edits: [
      {
        file: `${NODE}/pump.ts`,
        from: "if (out.persist.length > 0) store.write(out.persist);",
        to: "",
      },
      {
        file: `${NODE}/pump.ts`,
        from: 'onPhase?.("enforce");',
        to: 'if (out.persist.length > 0) store.write(out.persist);\n    onPhase?.("enforce");',
      },
    ],
  },
  one(
    "never-stored",
    "I4",
    "entries are published and never written",
    1,
    `${NODE}/record-rows.ts`,
    "return [{ key, value: made.bytes },",
    "return [{ key, value: new Uint8Array(0) },",
  ),
  one(
    "commands-forgotten",
    "I4",
    "the same command sent again is judged anew",
    1,
    `${NODE}/machine/control-machine.ts`,
    "this.#entered.set(command, { untilMs, ...outcome });\n    step.outcomes.push",
    "step.outcomes.push",
  ),
  // I5
  one(
    "lift-not-final",
    "I5",
    "a lift that came before its revocation is forgotten",
    147,
    DENY_SET,
    "if (isEnded || isHeld",
    "if (isHeld",
  ),
  one(
    "scope-ignored",
    "I5",
    "a revocation for one host is enforced on all",
    23,
    DENY_SET,
    "hosts.length === 0 || hosts.includes(this.#here.host)",
    "hosts.length >= 0 || hosts.includes(this.#here.host)",
  ),
  one(
    "never-over",
    "I5",
    "what has expired is never dropped",
    2,
    DENY_SET,
    "if (hasExpired(held, time)) dropped.push(held);",
  ),
  one(
    "superseded-kept",
    "I5",
    "what a revocation supersedes stays in force",
    4,
    DENY_SET,
    "return supersedes.flatMap((id) => this.#end(hex(id), untilMs, subject) ?? []);",
    "void untilMs; void supersedes; void subject; return [];",
  ),
  one(
    "ends-for-anybody",
    "I5",
    "a lift in one subject's name ends another's revocation",
    10,
    DENY_SET,
    "return this.find(id)?.subject === subject ? this.#drop(id) : undefined;",
    "void subject; return this.#drop(id);",
  ),
  one(
    "lifts-not-imported",
    "I5",
    "the signals ledger does not hear of lifts",
    10,
    `${NODE}/machine/signals-machine.ts`,
    "for (const id of lift.revocationIds) this.book.active.end(id, Number(lift.expiresMs), subject);",
  ),
  // I6
  one(
    "epoch-goes-back",
    "I6",
    "an earlier epoch can be activated again",
    2,
    POLICY_BOOK,
    'if (activation.epoch <= this.activeEpoch) return reject("epoch-not-next");',
  ),
  one(
    "epoch-named-twice",
    "I6",
    "one epoch number can name another policy later",
    2,
    POLICY_BOOK,
    'if (document.epoch !== this.#published.size + 1) return reject("epoch-not-next");',
  ),
  // I7
  one(
    "stale-permits",
    "I7",
    "a stale sidecar stops denying",
    1,
    `${NODE}/edge/sidecar-node.ts`,
    "const held = this.denySet.decide(access, time);",
    "const held = this.isFresh(now) ? this.denySet.decide(access, time) : undefined;",
  ),
  one(
    "wall-clock-ends",
    "I7",
    "a jump of the wall clock ends revocations early",
    4,
    `${NODE}/edge/edge-clock.ts`,
    "Math.min(now.wallMs - this.#head.wallMs, now.monoMs - this.#head.monoMs)",
    "now.wallMs - this.#head.wallMs",
  ),
  one(
    "restart-forgets",
    "I7",
    "a restart without the middle forgets the verdicts of signals",
    38,
    `${NODE}/edge/ledger-sync.ts`,
    "    this.#openSignals(out);\n",
  ),
  one(
    "overwritten-not-united",
    "I7",
    "a second revocation of a subject does not count beside the first",
    17,
    DENY_SET,
    "next = this.#rows.nextOf(next - 1)",
    "next = 0",
  ),
];

export const MUTANTS: readonly Mutant[] = [
  ...FIRST,
  ...MUTANTS_OF_THE_MIDDLE,
  ...MUTANTS_OF_UPKEEP,
];
