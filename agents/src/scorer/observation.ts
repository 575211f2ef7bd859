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
  // What follows is for learned detectors. Hashes are `hashText`'s, 0 when the event names none.
  actionHash: number;
  /** The resource that was touched. */
  targetHash: number;
  /** Of the address's network: /24 of IPv4, /48 of IPv6. */
  networkHash: number;
  countryHash: number;
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
  if (outcome === undefined) return false;
  const isNameBad = event.isAccountKnown === false || event.isRoot === true;
  if (outcome === "probed" && !isNameBad) return false;
  seen.outcome = outcome;
  const isGuess = outcome === "failed" && !GUESSLESS_METHODS.has(event.method ?? "password");
  seen.isSuspiciousName = isNameBad && outcome !== "succeeded";
  seen.isRefused = isGuess || seen.isSuspiciousName;
  seen.nameHash = event.account === undefined ? 0 : hashText(event.account);
  seen.isPrivilegeUse = event.kind === "privilege-used";
  return true;
}

const OUTCOMES: ReadonlyMap<EventKind, Observation["outcome"]> = new Map([
  ["login-failed", "failed"],
  ["login-succeeded", "succeeded"],
  ["login-probed", "probed"],
]);

/** FNV-1a over UTF-16 units, never 0 nor -1. Equal hashes can only make two names look like one. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash === 0 || hash === -1 ? 1 : hash;
}
