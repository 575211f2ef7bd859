// Ledger entries as OCSF 1.8 events, for the tools that security teams already have: verdicts as
// Remediation Activity (7001), members and policy as Entity Management (3004), what machines found
// as Detection Finding (2004). These names appear only here, at the edge.

import { stageName } from "@ostraka/agents/node";
import {
  type Entry,
  hex,
  type LedgerId,
  type Lift,
  ledgerLetter,
  type Revocation,
  RolloutStep,
  Stage,
} from "@ostraka/proto";
import { verdictJson } from "../verdict-json.ts";
import { VERSION } from "../version.ts";
import { type EntryFacts, factsOf } from "./entry-facts.ts";
import { entryId, placeText } from "./entry-json.ts";
import { entryWords } from "./entry-words.ts";
import type { LedgerWalk, WalkedEntry } from "./ledger-walk.ts";
import { kindName } from "./query.ts";

/** The schema that these events are written by. */
export const OCSF_VERSION = "1.8.0";

/** Class numbers, `class_uid`. */
export const OCSF_CLASS = { finding: 2004, entity: 3004, remediation: 7001 } as const;

const SEVERITY = { informational: 1, low: 2, medium: 3, high: 4 } as const;
const STATUS = { success: 1, partial: 4 } as const;
const FINDING_NEW = 1;
/** `activity_id` of Remediation Activity. */
const REMEDY = { isolate: 1, evict: 2, restore: 3, harden: 4, detect: 5 } as const;
/** `activity_id` of Entity Management. */
const MANAGE = {
  create: 1,
  update: 3,
  delete: 4,
  enroll: 6,
  activate: 10,
  deactivate: 11,
} as const;
/** `activity_id` of a finding. */
const FOUND = 1;

export type OcsfEvent = Readonly<Record<string, unknown>>;

interface Told {
  readonly walk: LedgerWalk;
  readonly walked: WalkedEntry;
  readonly facts: EntryFacts;
  readonly words: string;
}

/** The events of an entry: none for what these classes have no place for. */
export function ocsfEvents(walk: LedgerWalk, walked: WalkedEntry): OcsfEvent[] {
  const words = entryWords(walk, walked);
  const told: Told = { walk, walked, facts: factsOf(walk, walked), words };
  const { effect } = walked.entry;
  switch (effect.case) {
    case "revocation":
      return ofRevocation(told, effect.value);
    case "lift":
      return [ofLift(told, effect.value)];
    case "halt":
    case "coverage":
      return [ofProgress(told)];
    case "suggestion":
    case "inquiry":
    case "equivocation":
    case "poison":
      return [ofFinding(told)];
    default:
      return ofEntity(told);
  }
}

function event(
  { walk, walked, facts, words }: Told,
  classUid: number,
  activityId: number,
  severity: number,
  more: OcsfEvent,
): OcsfEvent {
  const { entry } = walked;
  const mesh = walk.mesh.view;
  const uid = `${entryId(mesh.mesh, walked)}/${classUid}`;
  return {
    class_uid: classUid,
    category_uid: Math.floor(classUid / 1000),
    activity_id: activityId,
    type_uid: classUid * 100 + activityId,
    severity_id: severity,
    time: Number(entry.machineTimeMs),
    message: words === "" ? kindName(entry.effect.case) : `${kindName(entry.effect.case)} ${words}`,
    metadata: {
      version: OCSF_VERSION,
      product: { name: "Ostraka", vendor_name: "Ostraka", version: VERSION },
      uid,
      log_name: `${mesh.meshName}/${ledgerLetter(entry.ledger as LedgerId)}`,
    },
    ...more,
    unmapped: {
      mesh: mesh.mesh,
      at: placeText(walked),
      generation: entry.generation,
      hosts: facts.hosts,
      signers: facts.signers,
      ...(facts.subject === undefined ? {} : { subject: facts.subject }),
      ...(walked.verdict === undefined ? {} : { verdict: verdictJson(walked) }),
    },
  };
}

/** What each stage is among the remedies that the class knows. */
const REMEDY_OF: Readonly<Record<Stage, number>> = {
  [Stage.UNSPECIFIED]: REMEDY.detect,
  [Stage.OBSERVE]: REMEDY.detect,
  [Stage.STEP_UP]: REMEDY.harden,
  [Stage.THROTTLE]: REMEDY.harden,
  [Stage.RESTRICT]: REMEDY.isolate,
  [Stage.SUSPEND]: REMEDY.evict,
  [Stage.TERMINATE]: REMEDY.evict,
};

function ofRevocation(told: Told, revocation: Revocation): OcsfEvent[] {
  const { id, stage, isDryRun, expiresMs, warrant } = revocation;
  const activity = isDryRun ? REMEDY.detect : REMEDY_OF[stage];
  const severity = stage >= Stage.RESTRICT && !isDryRun ? SEVERITY.high : SEVERITY.medium;
  const remedy = event(told, OCSF_CLASS.remediation, activity, severity, {
    command_uid: hex(id),
    status_id: STATUS.success,
    start_time: Number(revocation.fromMs),
    end_time: Number(expiresMs),
    remediation: { desc: stageName(stage) },
  });
  const isOfMachines = warrant?.proposal === undefined;
  return isOfMachines ? [ofFinding(told), remedy] : [remedy];
}

function ofLift(told: Told, { id, revocationIds }: Lift): OcsfEvent {
  return event(told, OCSF_CLASS.remediation, REMEDY.restore, SEVERITY.informational, {
    command_uid: hex(id),
    status_id: STATUS.success,
    remediation: { desc: `lifts ${revocationIds.map(hex).join(", ")}` },
  });
}

/** How far a verdict has come: a certificate of coverage, or the halt of its widening. */
function ofProgress(told: Told): OcsfEvent {
  const { effect } = told.walked.entry;
  const isHalt = effect.case === "halt";
  const isWhole = effect.case === "coverage" && effect.value.missingHostKeys.length === 0;
  const id = effect.case === "coverage" || isHalt ? effect.value.verdictId : new Uint8Array();
  const verdict = told.walk.verdictOf(hex(id))?.verdict;
  const stage = verdict?.kind === "revocation" ? verdict.revocation.stage : Stage.SUSPEND;
  const activity = verdict?.kind === "lift" ? REMEDY.restore : REMEDY_OF[stage];
  const severity = isHalt ? SEVERITY.high : SEVERITY.informational;
  return event(told, OCSF_CLASS.remediation, activity, severity, {
    command_uid: hex(id),
    status_id: isWhole ? STATUS.success : STATUS.partial,
  });
}

function ofFinding(told: Told): OcsfEvent {
  const { entry } = told.walked;
  const { effect } = entry;
  const hasId =
    effect.case === "revocation" || effect.case === "suggestion" || effect.case === "inquiry";
  const uid = hasId ? hex(effect.value.id) : entryId(told.walk.mesh.view.mesh, told.walked);
  const isAlarm = effect.case === "equivocation" || effect.case === "poison";
  const kind = kindName(effect.case);
  const about = told.facts.subject === undefined ? "" : ` about ${told.facts.subject}`;
  const severity = isAlarm ? SEVERITY.high : SEVERITY.medium;
  return event(told, OCSF_CLASS.finding, FOUND, severity, {
    status_id: FINDING_NEW,
    is_alert: isAlarm || effect.case === "suggestion",
    finding_info: { uid, title: `${kind}${about}`, created_time: Number(entry.machineTimeMs) },
  });
}

interface Managed {
  readonly activity: number;
  readonly type: string;
  readonly name: string;
}

function ofEntity(told: Told): OcsfEvent[] {
  const managed = managedBy(told);
  if (managed === undefined) return [];
  const { activity, type, name } = managed;
  const entity = { type, name, uid: entryId(told.walk.mesh.view.mesh, told.walked) };
  const status = { status_id: STATUS.success, entity };
  return [event(told, OCSF_CLASS.entity, activity, SEVERITY.informational, status)];
}

function managedBy({ walk, walked, facts, words }: Told): Managed | undefined {
  const { effect }: Pick<Entry, "effect"> = walked.entry;
  const [host = ""] = facts.hosts;
  switch (effect.case) {
    case "genesis":
      return { activity: MANAGE.create, type: "mesh", name: walk.mesh.view.meshName };
    case "roster":
      return { activity: MANAGE.update, type: "roster", name: walk.mesh.view.meshName };
    case "grant":
      return { activity: MANAGE.create, type: "grant", name: host };
    case "member":
      return { activity: MANAGE.enroll, type: "host", name: host };
    case "policy":
      return { activity: MANAGE.create, type: "policy", name: words };
    case "activation":
      return { activity: MANAGE.activate, type: "policy", name: words };
    case "rollout":
      return { activity: MANAGE.update, type: "policy", name: words };
    case "rolloutChange": {
      const isBack = effect.value.step === RolloutStep.ROLLED_BACK;
      const isOn = effect.value.step === RolloutStep.ACTIVE;
      const activity = isBack ? MANAGE.deactivate : isOn ? MANAGE.activate : MANAGE.update;
      return { activity, type: "policy", name: `epoch ${effect.value.epoch}` };
    }
    case "version":
      return { activity: MANAGE.update, type: "machine", name: words };
    case "opening":
      return { activity: MANAGE.update, type: "journal", name: words };
    case "erasure":
      return { activity: MANAGE.delete, type: "private parts", name: words };
    default:
      return undefined;
  }
}
