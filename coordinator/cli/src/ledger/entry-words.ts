// One line of words for each kind of ledger entry, for people who read the ledger as it grows.
// Shows subjects, and no other personal text.

import { stageName } from "@ostraka/agents/node";
import {
  ApprovalSchema,
  decode,
  type Entry,
  type Envelope,
  GrantSchema,
  hex,
  type Inquiry,
  LIMITS,
  PolicyActivationSchema,
  PolicyDocumentSchema,
  PolicyRolloutSchema,
  type RolloutChange,
  RolloutStep,
  RosterSchema,
  type Suggestion,
} from "@ostraka/proto";
import { spanText, timeText } from "../terminal.ts";
import { whyWords } from "../verdict-words.ts";
import { factsOf, holderName, hostName } from "./entry-facts.ts";
import { idOf, type LedgerWalk, type WalkedEntry } from "./ledger-walk.ts";

/** Digits of an id that are shown; commands take them. */
const ID_SHOWN = 16;

/** What an entry did, in words that hold no personal text but the subject. */
export function entryWords(walk: LedgerWalk, walked: WalkedEntry): string {
  const { entry, verdict } = walked;
  if (verdict !== undefined) return `${short(idOf(verdict))} ${verdict.subject}`;
  const { effect } = entry;
  switch (effect.case) {
    case "genesis":
      return `mesh ${walk.mesh.view.meshName}`;
    case "approval": {
      const approval = decode(ApprovalSchema, effect.value.body, LIMITS.commandBytesMax);
      const id = approval?.proposalId ?? new Uint8Array();
      return `of ${short(id)} by ${signersOf(walk, effect.value)}`;
    }
    case "proposal":
      return proposalWords(walk, Number(entry.index));
    case "refusals":
      return effect.value.counts.map(({ code, count }) => `${count} ${code}`).join(", ");
    case "inquiry":
      return inquiryWords(walk, walked, effect.value);
    case "suggestion":
      return suggestionWords(walk, walked, effect.value);
    case "roster":
    case "grant":
    case "member":
      return memberWords(walk, entry);
    case "policy":
    case "activation":
    case "rollout":
    case "rolloutChange":
      return policyWords(walk, entry);
    default:
      return middleWords(walk, walked);
  }
}

function memberWords(walk: LedgerWalk, { effect }: Entry): string {
  if (effect.case === "member") {
    const { name, faultDomain, isWitness } = effect.value;
    return `${name} in ${faultDomain}${isWitness ? ", a witness" : ""}`;
  }
  if (effect.case === "grant") {
    const grant = decode(GrantSchema, effect.value.body, LIMITS.commandBytesMax);
    return `${grant?.name} in ${grant?.faultDomain}, signed by ${signersOf(walk, effect.value)}`;
  }
  if (effect.case !== "roster") return "";
  const roster = decode(RosterSchema, effect.value.body, LIMITS.envelopeBodyBytesMax);
  const expelled = (roster?.expelledKeys ?? []).map((key) => hostName(walk, key));
  const without = expelled.length === 0 ? "" : `, expelled: ${expelled.join(", ")}`;
  return `version ${roster?.version}, signed by ${signersOf(walk, effect.value)}${without}`;
}

function policyWords(walk: LedgerWalk, { effect }: Entry): string {
  switch (effect.case) {
    case "policy": {
      const policy = decode(PolicyDocumentSchema, effect.value.body, LIMITS.commandBytesMax);
      return `epoch ${policy?.epoch}, signed by ${signersOf(walk, effect.value)}`;
    }
    case "activation": {
      const activation = decode(PolicyActivationSchema, effect.value.body, LIMITS.commandBytesMax);
      return `epoch ${activation?.epoch}, signed by ${signersOf(walk, effect.value)}`;
    }
    case "rollout": {
      const rollout = decode(PolicyRolloutSchema, effect.value.body, LIMITS.commandBytesMax);
      const trial = rollout?.isDryRun === true ? ", its canary as a dry run" : "";
      return `of epoch ${rollout?.epoch}${trial}, signed by ${signersOf(walk, effect.value)}`;
    }
    case "rolloutChange":
      return rolloutWords(effect.value);
    default:
      return "";
  }
}

const STEP_WORDS: Readonly<Record<RolloutStep, string>> = {
  [RolloutStep.UNSPECIFIED]: "of no known step",
  [RolloutStep.PREPARE]: "hosts prepare it",
  [RolloutStep.CANARY]: "the canary has begun",
  [RolloutStep.ACTIVE]: "active everywhere",
  [RolloutStep.DONE]: "done: the guardrails held",
  [RolloutStep.ROLLED_BACK]: "rolled back",
};

function rolloutWords({ epoch, step, why, restoredEpoch }: RolloutChange): string {
  const because = why === "" ? "" : ` (${why})`;
  const restored = restoredEpoch === 0 ? "" : `; epoch ${restoredEpoch} brings the last one back`;
  return `epoch ${epoch}: ${STEP_WORDS[step] ?? "of no known step"}${because}${restored}`;
}

function inquiryWords(walk: LedgerWalk, walked: WalkedEntry, inquiry: Inquiry): string {
  const { id, untilMs, sourceHostKey } = inquiry;
  const { subject = "somebody" } = factsOf(walk, walked);
  const until = timeText(untilMs);
  const source = hostName(walk, sourceHostKey);
  return `${short(id)} ${subject}: asked because of ${source}, until ${until}`;
}

function suggestionWords(walk: LedgerWalk, walked: WalkedEntry, suggestion: Suggestion): string {
  const { id, stage, ttlMs, why, hostCount, rule } = suggestion;
  const { subject = "somebody" } = factsOf(walk, walked);
  const what = `${stageName(stage)} for ${spanText(Number(ttlMs))}`;
  const hosts = hostCount === 1 ? "1 host" : `${hostCount} hosts`;
  const asked = `${what} by rule ${rule} (${hosts})`;
  return `${short(id)} ${subject}: ${asked}, left to people: ${whyWords(why)}`;
}

/** What coordinators enter about the middle itself and about how verdicts fare. */
function middleWords(walk: LedgerWalk, { entry }: WalkedEntry): string {
  const { effect } = entry;
  switch (effect.case) {
    case "version":
      return `machine version ${effect.value.machineVersion} from here on`;
    case "equivocation":
      return `${holderName(walk, effect.value.key)} signed two things at one place: counts no more`;
    case "opening": {
      const { generation, promises, order } = effect.value;
      const by = order === undefined ? "" : `, ordered by ${signersOf(walk, order)}`;
      return `generation ${generation}, promised by ${promises.length} coordinators${by}`;
    }
    case "poison": {
      const { position, notes } = effect.value;
      return `position ${position} refused: ${notes.length} coordinators failed at it twice`;
    }
    case "probe":
      return `${holderName(walk, effect.value.coordinatorKey)}: a kill switch would get through`;
    case "halt": {
      const { verdictId, permille, why } = effect.value;
      return `${short(verdictId)} goes no further than ${share(permille)} of hosts: ${why}`;
    }
    case "coverage":
      return coverageWords(walk, effect.value);
    case "erasure": {
      const { commitments, order } = effect.value;
      const by = order === undefined ? "" : `, ordered by ${signersOf(walk, order)}`;
      const parts =
        commitments.length === 1 ? "1 private part" : `${commitments.length} private parts`;
      return `${parts}${by}`;
    }
    default:
      return "";
  }
}

function coverageWords(
  walk: LedgerWalk,
  { verdictId, missingHostKeys }: { verdictId: Uint8Array; missingHostKeys: Uint8Array[] },
): string {
  const missing = missingHostKeys.map((key) => hostName(walk, key));
  const who = missing.length === 0 ? "every host enforces it" : `not yet by ${missing.join(", ")}`;
  return `of ${short(verdictId)}: ${who}`;
}

function proposalWords(walk: LedgerWalk, index: number): string {
  for (const { index: at, opened } of walk.people.all()) {
    if (at !== index) continue;
    const wish = opened.proposal.wish.case === "lift" ? "lift" : "revoke";
    // Whole: whoever is to approve copies it from here.
    return `${hex(opened.id)} by ${opened.proposer}: ${wish} ${opened.subject}`;
  }
  return "";
}

/** `25 %`, from a share of a thousand. */
function share(permille: number): string {
  return `${permille / 10} %`;
}

function short(id: Uint8Array): string {
  return hex(id).slice(0, ID_SHOWN);
}

function signersOf(walk: LedgerWalk, envelope: Envelope): string {
  return envelope.signatures.map(({ key }) => holderName(walk, key)).join(", ");
}
