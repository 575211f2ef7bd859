// The quorum over signals: windows of signals by subject, and the warrant as soon as a rule of the
// epoch is satisfied. A signal is spent by the first revocation that uses it. Signals count
// together only under one epoch (I6), and never below the floor of two hosts (I2).

import {
  type Crypto,
  compareBytes,
  hex,
  isReject,
  LIMITS,
  type PrivatePart,
  type Reject,
  reject,
  type SignalProof,
  type SubjectText,
} from "@ostraka/proto";
import {
  type BinaryReader,
  type BinaryWriter,
  type DerivedRevocation,
  hostId,
  isExempt,
  loadAll,
  loadNumber,
  type MeshView,
  type OpenedSignal,
  type Policy,
  revocationOfOpened,
  type SignalRule,
  satisfiedRule,
  saveAll,
  saveNumber,
} from "../kernel/index.ts";
import { type HeldSignal, loadSignal, saveSignal, type ViewAt } from "./saved-quorum.ts";

/** What the quorum needs of a signal that intake has taken. */
export interface CountedSignal extends OpenedSignal {
  readonly part: PrivatePart;
  proof(): SignalProof;
}

export interface SignalVerdict extends DerivedRevocation {
  /** Private parts in the order of the warrant's signals. */
  readonly privates: readonly PrivatePart[];
}

interface Window {
  readonly epoch: number;
  /** Unspent signals of each host: of those that reach the same lines, the newest. */
  readonly byHost: Map<string, readonly HeldSignal[]>;
}

export class SignalQuorum {
  readonly #crypto: Crypto;
  readonly #windows = new Map<SubjectText, Window>();
  readonly #pardons = new Map<SubjectText, number>();
  /** In how many windows each host stands. */
  readonly #subjectsOf = new Map<string, number>();
  /**
   * Commitments of spent signals with their times: a signal that is signed again under another
   * number keeps its commitment, and must not count twice.
   */
  readonly #spent = new Map<string, number>();

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
  }

  get openWindows(): number {
    return this.#windows.size;
  }

  /** Refuses from now on signals about a subject whose evidence reaches back before a time. */
  pardon(subject: SubjectText, beforeMs: number): void {
    this.#pardons.set(subject, Math.max(beforeMs, this.#pardons.get(subject) ?? 0));
    const window = this.#windows.get(subject);
    if (window !== undefined) this.#forget(subject, window);
  }

  /**
   * Counts one signal: a verdict when it completes a warrant, `undefined` while hosts are missing.
   */
  count(
    view: MeshView,
    counted: CountedSignal,
    machineTimeMs: number,
  ): SignalVerdict | Reject | undefined {
    const { signal } = counted;
    const subject = counted.private.subject;
    if (signal.epoch !== view.epoch) return reject("wrong-epoch");
    const policy = view.policyOf(view.epoch);
    // Before the first activation there is no rule that a signal could count under.
    if (policy === undefined) return reject("unknown-epoch");
    if (!counted.host.isWitness) return reject("not-a-witness");
    if (isExempt(policy, subject)) return reject("exempt");
    if (Number(signal.timeMs) > machineTimeMs + LIMITS.signalAheadMsMax) return reject("clock-off");
    if (timeOf(counted) + longestWindowMs(policy) < machineTimeMs) return reject("expired");
    if (this.#spent.has(hex(signal.commitment))) return reject("spent");
    const pardonedMs = this.#pardons.get(subject);
    if (pardonedMs !== undefined && Number(signal.evidenceFromMs) < pardonedMs) {
      return reject("pardoned");
    }
    const isOverSomeLine = policy.signalRules.some(
      (rule) => rule.kinds.includes(signal.subjectKind) && signal.evidenceMdb >= rule.lineMdb,
    );
    if (!isOverSomeLine) return reject("below-line");
    const window = this.#windowOf(subject, view.epoch, hostId(counted.host));
    if (window === undefined) return reject("too-large");
    hold(policy, window, { ...counted, takenAt: view.controlIndex });
    return this.#decide(view, policy, window, counted);
  }

  /** Forgets signals that are too old for every rule of the active policy. */
  expire(view: MeshView, machineTimeMs: number): void {
    const policy = view.policyOf(view.epoch);
    const longestMs = policy === undefined ? 0 : longestWindowMs(policy);
    for (const [commitment, timeMs] of this.#spent) {
      if (timeMs + longestMs < machineTimeMs) this.#spent.delete(commitment);
    }
    for (const [subject, window] of this.#windows) {
      for (const [host, signals] of window.byHost) {
        const kept = signals.filter((s) => timeOf(s) + longestMs >= machineTimeMs);
        if (kept.length === 0) this.#drop(window, host);
        else window.byHost.set(host, kept);
      }
      if (window.byHost.size === 0) this.#windows.delete(subject);
    }
  }

  save(w: BinaryWriter): void {
    saveAll(w, this.#windows, (_, [subject, { epoch, byHost }]) => {
      w.string(subject).uint32(epoch);
      saveAll(w, byHost, (__, [host, signals]) => {
        w.string(host);
        saveAll(w, signals, saveSignal);
      });
    });
    for (const times of [this.#pardons, this.#subjectsOf, this.#spent]) {
      saveAll(w, times, (_, [key, n]) => {
        w.string(key);
        saveNumber(w, n);
      });
    }
  }

  /** @param viewAt the mesh as of each control index up to where the snapshot was made. */
  load(r: BinaryReader, viewAt: ViewAt): void {
    loadAll(r, () => {
      const subject = r.string() as SubjectText;
      const epoch = r.uint32();
      const hosts = loadAll(r, () => {
        const host = r.string();
        return [host, loadAll(r, () => loadSignal(r, this.#crypto, viewAt))] as const;
      });
      this.#windows.set(subject, { epoch, byHost: new Map(hosts) });
    });
    for (const times of [this.#pardons, this.#subjectsOf, this.#spent]) {
      loadAll(r, () => (times as Map<string, number>).set(r.string(), loadNumber(r)));
    }
  }

  /**
   * The window of a subject, unless the host would stand in too many: each has a share of its own.
   */
  #windowOf(subject: SubjectText, epoch: number, host: string): Window | undefined {
    let window = this.#windows.get(subject);
    if (window !== undefined && window.epoch !== epoch) {
      this.#forget(subject, window);
      window = undefined;
    }
    if (window?.byHost.has(host)) return window;
    const subjects = this.#subjectsOf.get(host) ?? 0;
    if (subjects >= LIMITS.windowsPerHostMax) return undefined;
    this.#subjectsOf.set(host, subjects + 1);
    window ??= { epoch, byHost: new Map() };
    this.#windows.set(subject, window);
    return window;
  }

  #drop(window: Window, host: string): void {
    if (!window.byHost.delete(host)) return;
    const subjects = (this.#subjectsOf.get(host) ?? 1) - 1;
    if (subjects === 0) this.#subjectsOf.delete(host);
    else this.#subjectsOf.set(host, subjects);
  }

  #forget(subject: SubjectText, window: Window): void {
    for (const host of [...window.byHost.keys()]) this.#drop(window, host);
    this.#windows.delete(subject);
  }

  #decide(
    view: MeshView,
    policy: Policy,
    window: Window,
    counted: CountedSignal,
  ): SignalVerdict | undefined {
    for (const rule of policy.signalRules) {
      for (const chosen of choices(rule, window, counted)) {
        if (satisfiedRule(policy, chosen)?.name !== rule.name) continue;
        const proofs = chosen.map((s) => s.proof());
        const derived = revocationOfOpened(this.#crypto, view, chosen, proofs);
        if (isReject(derived)) continue;
        // Spent: what a verdict has used leaves the window for good.
        for (const s of chosen) {
          this.#spent.set(hex(s.signal.commitment), timeOf(s));
          this.#drop(window, hostId(s.host));
        }
        if (window.byHost.size === 0) this.#windows.delete(derived.subject);
        return { ...derived, privates: chosen.map((s) => s.part) };
      }
    }
    return undefined;
  }
}

function longestWindowMs(policy: Policy): number {
  return Math.max(0, ...policy.signalRules.map((rule) => rule.windowMs));
}

function timeOf({ signal }: OpenedSignal): number {
  return Number(signal.timeMs);
}

/** Rules whose line a signal reaches: lines are ordered, so equal counts are equal lines. */
function linesReached(policy: Policy, { signal }: OpenedSignal): number {
  return policy.signalRules.filter(
    (rule) => rule.kinds.includes(signal.subjectKind) && signal.evidenceMdb >= rule.lineMdb,
  ).length;
}

/** Keeps the newest signal of a host for each set of lines: a strong old one hides no fresh one. */
function hold(policy: Policy, window: Window, counted: HeldSignal): void {
  const host = hostId(counted.host);
  const reached = linesReached(policy, counted);
  const held = window.byHost.get(host) ?? [];
  const same = held.find((s) => linesReached(policy, s) === reached);
  if (same !== undefined && timeOf(same) > timeOf(counted)) return;
  window.byHost.set(host, [...held.filter((s) => s !== same), counted]);
}

/**
 * Sets of signals, one a host, over a rule's line and within its window around the signal that has
 * come; the set that reaches furthest first. One host that dates itself ahead cannot shut out the
 * others.
 */
function* choices(
  rule: SignalRule,
  window: Window,
  counted: CountedSignal,
): Iterable<readonly CountedSignal[]> {
  const at = timeOf(counted);
  const newestFirst = [...window.byHost.values()]
    .flat()
    .filter((s) => s.signal.evidenceMdb >= rule.lineMdb)
    .filter((s) => Math.abs(timeOf(s) - at) <= rule.windowMs)
    .sort((a, b) => timeOf(b) - timeOf(a));
  const ends = new Set(newestFirst.map(timeOf).filter((end) => end >= at));
  for (const end of ends) {
    const byHost = new Map<string, CountedSignal>();
    for (const s of newestFirst) {
      const host = hostId(s.host);
      const isWithin = timeOf(s) <= end && timeOf(s) >= end - rule.windowMs;
      if (isWithin && !byHost.has(host)) byHost.set(host, s);
    }
    if (byHost.size < rule.hosts) continue;
    const chosen = [...byHost.values()].sort((a, b) => compareBytes(a.id, b.id));
    yield chosen.slice(0, LIMITS.warrantSignalsMax);
  }
}
