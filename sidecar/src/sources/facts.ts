// What a line or a record says, in texts, BEFORE anything is made a subject: the one shape between
// the readers of formats and the event. Owns the making of the event. A name or an address that
// cannot be a subject gives none.

import { EVENT_TIME_MS_MAX, type Event, type EventKind } from "@ostraka/agents/kernel";
import { parseSubject, type SubjectText, userSubject } from "@ostraka/proto";
import type { Subjects } from "./auth-log/subjects.ts";
import { REPEAT_COUNT_MAX } from "./limits.ts";
import { addressTextOf } from "./text/address-text.ts";

export interface Facts {
  readonly kind: EventKind;
  readonly timeMs: number;
  /** Address as written, with a port or in brackets. */
  readonly ip?: string | undefined;
  readonly user?: string | undefined;
  /** True for accounts of a directory or a cloud: `root` there is not this host's. */
  readonly isDirectoryUser?: boolean;
  readonly isUnknown?: boolean | undefined;
  readonly isRoot?: boolean | undefined;
  readonly method?: string | undefined;
  readonly session?: string | undefined;
  readonly target?: string | undefined;
  readonly action?: string | undefined;
  readonly agent?: string | undefined;
  readonly country?: string | undefined;
  readonly latitude?: number | undefined;
  readonly longitude?: number | undefined;
  readonly process?: string | undefined;
  readonly device?: string | undefined;
  readonly isDeviceManaged?: boolean | undefined;
  readonly isPrivilegeGrant?: boolean | undefined;
  readonly sizeBytes?: number | undefined;
  readonly durationMs?: number | undefined;
  readonly count?: number | undefined;
  readonly record?: Readonly<Record<string, unknown>> | undefined;
  readonly recordType?: string | undefined;
}

/** What the names of subjects are made with: whose accounts, and where they are remembered. */
export interface Names {
  readonly subjects: Subjects;
  readonly realm: string;
}

type Made = { -readonly [K in keyof Event]: Event[K] };

/** Longest text of an action, target, agent, process or device that an event carries on. */
const TEXT_MAX = 512;

/** @returns the event, or nothing when its time is none. */
export function makeEvent(
  facts: Facts,
  service: string,
  position: string,
  names: Names,
): Event | undefined {
  const { timeMs, kind } = facts;
  if (!Number.isSafeInteger(timeMs) || timeMs < 0 || timeMs > EVENT_TIME_MS_MAX) return undefined;
  const event: Made = {
    id: position,
    timeMs,
    kind,
    service,
    count: countOf(facts.count),
  };
  const address =
    facts.ip === undefined ? undefined : names.subjects.address(addressTextOf(facts.ip));
  if (address !== undefined) event.address = address;
  nameAccount(event, facts, names);
  if (facts.session !== undefined) {
    const session = parseSubject(`session:${facts.session.slice(0, TEXT_MAX)}`);
    if (session !== undefined) event.session = session;
  }
  if (facts.method !== undefined) event.method = facts.method.slice(0, 64);
  if (facts.target !== undefined) event.target = facts.target.slice(0, TEXT_MAX);
  if (facts.action !== undefined) event.action = facts.action.slice(0, TEXT_MAX);
  if (facts.agent !== undefined) event.userAgent = facts.agent.slice(0, TEXT_MAX);
  if (facts.process !== undefined) event.process = facts.process.slice(0, TEXT_MAX);
  if (facts.device !== undefined) event.device = facts.device.slice(0, TEXT_MAX);
  addPlace(event, facts);
  if (facts.isDeviceManaged !== undefined) event.isDeviceManaged = facts.isDeviceManaged;
  if (facts.isPrivilegeGrant === true) event.isPrivilegeGrant = true;
  if (isAmount(facts.sizeBytes)) event.sizeBytes = facts.sizeBytes;
  if (isAmount(facts.durationMs)) event.durationMs = facts.durationMs;
  if (facts.record !== undefined) event.record = facts.record;
  if (facts.recordType !== undefined) event.recordType = facts.recordType;
  return event;
}

function nameAccount(event: Made, facts: Facts, names: Names): void {
  const { user, isDirectoryUser, isUnknown, isRoot } = facts;
  if (isUnknown !== undefined) event.isAccountKnown = !isUnknown;
  if (isRoot === true || (user === "root" && isDirectoryUser !== true)) event.isRoot = true;
  if (user === undefined || user === "") return;
  const account: SubjectText | undefined =
    isDirectoryUser === true ? userSubject(names.realm, user) : names.subjects.account(user);
  if (account !== undefined) event.account = account;
}

function addPlace(event: Made, { country, latitude, longitude }: Facts): void {
  if (country !== undefined && country !== "") event.country = country.slice(0, 64);
  const isPlace =
    typeof latitude === "number" &&
    typeof longitude === "number" &&
    Math.abs(latitude) <= 90 &&
    Math.abs(longitude) <= 180;
  if (!isPlace) return;
  event.latitude = latitude;
  event.longitude = longitude;
}

function countOf(count: number | undefined): number {
  if (count === undefined || !Number.isSafeInteger(count) || count < 1) return 1;
  return Math.min(count, REPEAT_COUNT_MAX);
}

function isAmount(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value) && value >= 0;
}
