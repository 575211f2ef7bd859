// A subject's window: unspent signals by host, which of them a host keeps, and the sets of them
// that could be a warrant. Times are signed times; from machine version 2 on a signal is never
// younger than the moment at which it was taken, so that no host stretches a window by dating
// itself ahead.

import { compareBytes, LIMITS, type SignalProof } from "@ostraka/proto";
import { hostId, type OpenedSignal, type Policy, type SignalRule } from "../kernel/index.ts";
import type { HeldSignal } from "./saved-quorum.ts";

export interface Window {
  readonly epoch: number;
  /** Unspent signals of each host: of those that reach the same lines, the newest. */
  readonly byHost: Map<string, readonly HeldSignal[]>;
  /** Signed time of the newest signal that people have been shown. */
  shownMs: number;
}

export function longestWindowMs(policy: Policy): number {
  return Math.max(0, ...policy.signalRules.map((rule) => rule.windowMs));
}

export function timeOf({ signal }: OpenedSignal): number {
  return Number(signal.timeMs);
}

/** From when a signal ages: its signed time, or when it was taken if it is dated ahead of that. */
export function agesFromMs(held: HeldSignal, machineVersion: number): number {
  return machineVersion < 2 ? timeOf(held) : Math.min(timeOf(held), held.takenMs);
}

/** Whether a signal is over a rule's line. */
export function isOverLine(rule: SignalRule, { signal }: OpenedSignal): boolean {
  return rule.kinds.includes(signal.subjectKind) && signal.evidenceMdb >= rule.lineMdb;
}

/** Rules whose line a signal reaches: lines are ordered, so equal counts are equal lines. */
function linesReached(policy: Policy, signal: OpenedSignal): number {
  return policy.signalRules.filter((rule) => isOverLine(rule, signal)).length;
}

/** Keeps the newest signal of a host for each set of lines: a strong old one hides no fresh one. */
export function hold(policy: Policy, window: Window, counted: HeldSignal): void {
  const host = hostId(counted.host);
  const reached = linesReached(policy, counted);
  const held = window.byHost.get(host) ?? [];
  const same = held.find((s) => linesReached(policy, s) === reached);
  if (same !== undefined && timeOf(same) > timeOf(counted)) return;
  window.byHost.set(host, [...held.filter((s) => s !== same), counted]);
}

/** One proof each, in order. */
export function proofsOf(signals: readonly HeldSignal[]): SignalProof[] {
  return signals.map((s) => s.proof());
}

/** As a warrant holds them: sorted by id, no more than it may hold. */
function asWarrant(signals: Iterable<HeldSignal>): readonly HeldSignal[] {
  const sorted = [...signals].sort((a, b) => compareBytes(a.id, b.id));
  return sorted.slice(0, LIMITS.warrantSignalsMax);
}

/**
 * Sets of signals, one a host, over a rule's line and within its window around the signal that has
 * come; the set that reaches furthest first. One host that dates itself ahead cannot shut out the
 * others.
 */
export function* choices(
  rule: SignalRule,
  window: Window,
  counted: HeldSignal,
  machineVersion: number,
): Iterable<readonly HeldSignal[]> {
  const at = timeOf(counted);
  const newestFirst = [...window.byHost.values()]
    .flat()
    .filter((s) => s.signal.evidenceMdb >= rule.lineMdb)
    .filter((s) => Math.abs(timeOf(s) - at) <= rule.windowMs)
    .sort((a, b) => timeOf(b) - timeOf(a));
  const ends = new Set(newestFirst.map(timeOf).filter((end) => end >= at));
  for (const end of ends) {
    const byHost = new Map<string, HeldSignal>();
    for (const s of newestFirst) {
      const host = hostId(s.host);
      const isWithin = timeOf(s) <= end && agesFromMs(s, machineVersion) >= end - rule.windowMs;
      if (isWithin && !byHost.has(host)) byHost.set(host, s);
    }
    if (byHost.size < rule.hosts) continue;
    yield asWarrant(byHost.values());
  }
}

/**
 * What a rule's window held when its oldest signal fell out of it unspent: one signal a host, the
 * strongest, that oldest one's host included. `undefined` while the window is open, and for what
 * people have been shown before.
 */
export function closedOf(
  rule: SignalRule,
  window: Window,
  machineTimeMs: number,
): readonly HeldSignal[] | undefined {
  const over = [...window.byHost.values()]
    .flat()
    .filter((s) => isOverLine(rule, s) && timeOf(s) > window.shownMs)
    .sort((a, b) => timeOf(a) - timeOf(b));
  const oldest = over.find((s) => agesFromMs(s, 2) + rule.windowMs < machineTimeMs);
  if (oldest === undefined) return undefined;
  const fromMs = timeOf(oldest);
  const byHost = new Map<string, HeldSignal>();
  for (const s of over) {
    if (timeOf(s) < fromMs || timeOf(s) > fromMs + rule.windowMs) continue;
    const known = byHost.get(hostId(s.host));
    const isStronger = known === undefined || s.signal.evidenceMdb > known.signal.evidenceMdb;
    if (isStronger) byHost.set(hostId(s.host), s);
  }
  return asWarrant(byHost.values());
}
