// What the detectors see of one event: a few numbers, taken once, so that no detector looks into
// the event by itself. Owns the reading of an event in the scorer's terms. Must never keep a text
// of it.

import type { Event, EventKind } from "@ostraka/agents/kernel";
import type { RuleHit } from "./rules/rule-set.ts";

/** One scratch object is reused for every event; detectors must not keep it. */
export interface Observation {
  /** Event time, never before the subject's latest. */
  timeMs: number;
  /** The event was older than the subject's latest: its gap says nothing. */
  isLate: boolean;
  /** It was older by more than lines come out of order: where it belongs is not known. */
  isHeldBack: boolean;
  /** `acted`: no login but something done by an account; no declared login detector sees it. */
  outcome: "failed" | "succeeded" | "probed" | "acted";
  /**
   * An attempt was refused: a guessed secret, or a suspicious name. A refused key offer under a
   * known name is none: clients try every key of an agent.
   */
  isRefused: boolean;
  /** The name is root's or the host says that there is no such account. */
  isSuspiciousName: boolean;
  /** Hash of the named account, 0 when none was named. */
  nameHash: number;
  /** Time since this source's previous refused attempt; Infinity when there was none. */
  gapMs: number;
  /** Second and later observation folded into one line: its own time is unknown. */
  isRepeat: boolean;
  /** The source of this login was under a local lease when it succeeded. */
  isSourceLeased: boolean;
  // What follows is for what succeeded or was done. Hashes are `hashText`'s, 0 when the event names
  // none.
  actionHash: number;
  /** The resource that was touched. */
  targetHash: number;
  /** Of the address's network: /24 of IPv4, /48 of IPv6. */
  networkHash: number;
  countryHash: number;
  /** Of the client's word for itself, digits left out. */
  agentHash: number;
  processHash: number;
  deviceHash: number;
  methodHash: number;
  serviceHash: number;
  /** UTC hour of the week of `timeMs`, 0 to 167, 0 = Thursday 00 (as the epoch began). */
  hourOfWeek: number;
  /** Degrees; NaN when unknown, as the two below. */
  latitude: number;
  longitude: number;
  sizeBytes: number;
  durationMs: number;
  /** 1 the device is managed, -1 it is not, 0 nobody says. */
  posture: -1 | 0 | 1;
  isPrivilegeGrant: boolean;
  /** The account acted as another: sudo, su, an assumed role. */
  isPrivilegeUse: boolean;
  /** What this host has never seen of it, a bit a facet, and how surprising that is, in bits. */
  hostNewMask: number;
  hostNewBits: number;
  /** Intelligence lists that name something of the event, a bit a list. */
  intelMask: number;
  /** Hits of the rules on this event that speak of the subject at hand. */
  ruleHits: readonly RuleHit[];
}

export function openObservation(): Observation {
  return {
    timeMs: 0,
    isLate: false,
    isHeldBack: false,
    outcome: "failed",
    isRefused: false,
    isSuspiciousName: false,
    nameHash: 0,
    gapMs: Number.POSITIVE_INFINITY,
    isRepeat: false,
    isSourceLeased: false,
    actionHash: 0,
    targetHash: 0,
    networkHash: 0,
    countryHash: 0,
    agentHash: 0,
    processHash: 0,
    deviceHash: 0,
    methodHash: 0,
    serviceHash: 0,
    hourOfWeek: 0,
    latitude: Number.NaN,
    longitude: Number.NaN,
    sizeBytes: Number.NaN,
    durationMs: Number.NaN,
    posture: 0,
    isPrivilegeGrant: false,
    isPrivilegeUse: false,
    hostNewMask: 0,
    hostNewBits: 0,
    intelMask: 0,
    ruleHits: [],
  };
}

/** Methods that try no secret: a key, a ticket, or nothing was offered. */
const GUESSLESS_METHODS: ReadonlySet<string> = new Set([
  "none",
  "publickey",
  "hostbased",
  "gssapi-with-mic",
  "gssapi-keyex",
]);

/**
 * Fills the parts of `seen` that depend on the event alone.
 * @returns whether any detector has something to say of it; most lines of a log end here.
 */
export function readEvent(event: Event, seen: Observation): boolean {
  const outcome = OUTCOMES.get(event.kind);
  if (outcome === undefined || (outcome === "acted" && event.account === undefined)) return false;
  const isNameBad = event.isAccountKnown === false || event.isRoot === true;
  if (outcome === "probed" && !isNameBad) return false;
  seen.outcome = outcome;
  const isGuess = outcome === "failed" && !GUESSLESS_METHODS.has(event.method ?? "password");
  seen.isSuspiciousName = isNameBad && (outcome === "failed" || outcome === "probed");
  seen.isRefused = isGuess || seen.isSuspiciousName;
  seen.nameHash = hashOf(event.account);
  seen.isPrivilegeUse = event.kind === "privilege-used";
  seen.isPrivilegeGrant = event.isPrivilegeGrant === true;
  seen.posture = event.isDeviceManaged === undefined ? 0 : event.isDeviceManaged ? 1 : -1;
  // Whole hours fit 32 bits (EVENT_TIME_MS_MAX), whose remainder is cheap.
  seen.hourOfWeek = (Math.floor(event.timeMs / HOUR_MS) | 0) % HOURS_OF_WEEK;
  seen.ruleHits = NO_HITS;
  // What a stranger types and is refused is nobody's habit: nothing is learned of it.
  if (outcome === "failed" || outcome === "probed") clearFacets(seen);
  else readFacets(event, seen);
  return true;
}

/** What was touched, by what means, from where; what is out of its range is unknown. */
function readFacets(event: Event, seen: Observation): void {
  seen.actionHash = hashOf(event.action);
  seen.targetHash = hashOf(event.target);
  seen.networkHash = event.address === undefined ? 0 : networkHashOf(event.address);
  seen.countryHash = hashOf(event.country);
  seen.agentHash = programHashOf(event.userAgent);
  seen.processHash = hashOf(event.process);
  seen.deviceHash = hashOf(event.device);
  seen.methodHash = hashOf(event.method);
  seen.serviceHash = hashOf(event.service);
  const isPlaced = isWithin(event.latitude, -90, 90) && isWithin(event.longitude, -180, 180);
  seen.latitude = isPlaced ? (event.latitude as number) : Number.NaN;
  seen.longitude = isPlaced ? (event.longitude as number) : Number.NaN;
  seen.sizeBytes = amountOf(event.sizeBytes);
  seen.durationMs = amountOf(event.durationMs);
}

function clearFacets(seen: Observation): void {
  seen.actionHash = 0;
  seen.targetHash = 0;
  seen.networkHash = 0;
  seen.countryHash = 0;
  seen.agentHash = 0;
  seen.processHash = 0;
  seen.deviceHash = 0;
  seen.methodHash = 0;
  seen.serviceHash = 0;
  seen.latitude = Number.NaN;
  seen.longitude = Number.NaN;
  seen.sizeBytes = Number.NaN;
  seen.durationMs = Number.NaN;
}

const HOUR_MS = 3_600_000;
const HOURS_OF_WEEK = 168;
const NO_HITS: readonly RuleHit[] = [];

const OUTCOMES: ReadonlyMap<EventKind, Observation["outcome"]> = new Map([
  ["login-failed", "failed"],
  ["login-succeeded", "succeeded"],
  ["login-probed", "probed"],
  ["activity", "acted"],
  ["request", "acted"],
  ["privilege-used", "acted"],
  ["job-run", "acted"],
]);

function isWithin(value: number | undefined, min: number, max: number): boolean {
  return value !== undefined && value >= min && value <= max;
}

function amountOf(value: number | undefined): number {
  return isWithin(value, 0, Number.MAX_SAFE_INTEGER) ? (value as number) : Number.NaN;
}

/** As 32 bits with a sign: what it becomes then stays in a register. */
const FNV_START = 0x811c9dc5 | 0;
/** Characters of a text that are looked at; of a longer one also its length. */
const HASHED_CHARS_MAX = 512;

function hashOf(text: string | undefined): number {
  return text === undefined || text === "" ? 0 : hashText(text);
}

/**
 * FNV-1a over UTF-16 units, never 0 nor -1. Equal hashes can only make two names look like one;
 * texts that agree in length and in their first 512 characters are one.
 */
export function hashText(text: string): number {
  const isLong = text.length > HASHED_CHARS_MAX;
  let hash = isLong ? text.length : FNV_START;
  for (let i = 0; i < (isLong ? HASHED_CHARS_MAX : text.length); i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash === 0 || hash === -1 ? 1 : hash;
}

/** Hash of a client's word for itself without its digits: an update is no other program. */
function programHashOf(text: string | undefined): number {
  if (text === undefined || text === "") return 0;
  const end = Math.min(text.length, HASHED_CHARS_MAX);
  let hash = FNV_START;
  for (let i = 0; i < end; i++) {
    const unit = text.charCodeAt(i);
    if (unit < ZERO || unit > NINE) hash = Math.imul(hash ^ unit, 0x01000193);
  }
  return hash === 0 || hash === -1 ? 1 : hash;
}

const ZERO = 48;
const NINE = 57;
const ADDRESS_AT = "address:".length;
const COLON = 58;
const DOT = 46;
const groups = new Int32Array(8);

/** Hash of the network of an address subject: its /24 of IPv4, its /48 of IPv6. */
export function networkHashOf(address: string): number {
  if (address.length > HASHED_CHARS_MAX) return hashText(address);
  let hash = FNV_START;
  let upToDot = hash;
  for (let i = ADDRESS_AT; i < address.length; i++) {
    const unit = address.charCodeAt(i);
    if (unit === COLON) return hashSixth(address);
    if (unit === DOT) upToDot = hash;
    hash = Math.imul(hash ^ unit, 0x01000193);
  }
  return upToDot === 0 || upToDot === -1 ? 1 : upToDot;
}

/** The first three groups of a canonical IPv6 address (RFC 5952), zeros of `::` put back. */
function hashSixth(address: string): number {
  let count = 0;
  let gapAt = -1;
  let group = 0;
  let hasDigit = false;
  for (let i = ADDRESS_AT; i <= address.length && count < 8; i++) {
    const unit = i < address.length ? address.charCodeAt(i) : COLON;
    if (unit === DOT) break;
    if (unit !== COLON) {
      group = (group << 4) | (unit <= 57 ? unit - 48 : (unit | 32) - 87);
      hasDigit = true;
      continue;
    }
    if (hasDigit) groups[count++] = group;
    else if (i > ADDRESS_AT && i < address.length) gapAt = count;
    group = 0;
    hasDigit = false;
  }
  let hash = FNV_START;
  for (let i = 0; i < 3; i++) {
    const isBefore = gapAt < 0 || i < gapAt;
    const at = isBefore ? i : i - (8 - count);
    const value = at >= 0 && at < count && (isBefore || at >= gapAt) ? (groups[at] as number) : 0;
    hash = Math.imul(hash ^ value, 0x01000193);
  }
  return hash === 0 || hash === -1 ? 1 : hash;
}
