// The quorum over signals: windows of signals by subject, and the warrant as soon as a rule of the
// epoch is satisfied. A signal is spent by the first revocation that uses it. Signals count
// together only under one epoch (I6), and never below the floor of two hosts (I2).

import {
  type Crypto,
  compareBytes,
  isReject,
  LIMITS,
  type PrivatePart,
  type Reject,
  reject,
  type SignalProof,
  type SubjectText,
} from "@ostraka/proto";
import {
  type DerivedRevocation,
  hostId,
  isExempt,
  type MeshView,
  type OpenedSignal,
  type Policy,
  revocationOfOpened,
  type SignalRule,
  satisfiedRule,
} from "../kernel/index.ts";

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
  /** The strongest unspent signal of each host. */
  readonly byHost: Map<string, CountedSignal>;
}

export class SignalQuorum {
  readonly #crypto: Crypto;
  readonly #windows = new Map<SubjectText, Window>();
  readonly #pardons = new Map<SubjectText, number>();

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
  }

  get openWindows(): number {
    return this.#windows.size;
  }

  /** Refuses from now on signals about a subject whose evidence reaches back before a time. */
  pardon(subject: SubjectText, beforeMs: number): void {
    this.#pardons.set(subject, Math.max(beforeMs, this.#pardons.get(subject) ?? 0));
    this.#windows.delete(subject);
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
    const policy = view.policyOf(view.epoch) as Policy;
    if (!counted.host.isWitness) return reject("not-a-witness");
    if (isExempt(policy, subject)) return reject("exempt");
    if (Number(signal.timeMs) > machineTimeMs + LIMITS.signalAheadMsMax) return reject("clock-off");
    const pardonedMs = this.#pardons.get(subject);
    if (pardonedMs !== undefined && Number(signal.evidenceFromMs) < pardonedMs) {
      return reject("pardoned");
    }
    const isOverSomeLine = policy.signalRules.some(
      (rule) => rule.kinds.includes(signal.subjectKind) && signal.evidenceMdb >= rule.lineMdb,
    );
    if (!isOverSomeLine) return reject("below-line");
    const window = this.#windowOf(subject, view.epoch);
    if (window === undefined) return reject("too-large");
    const host = hostId(counted.host);
    const known = window.byHost.get(host);
    // The newest of equal strength: it lets the window and the verdict reach furthest.
    if (known === undefined || signal.evidenceMdb >= known.signal.evidenceMdb) {
      window.byHost.set(host, counted);
    }
    return this.#decide(view, policy, subject, window);
  }

  /** Forgets signals that are too old for every rule of the active policy. */
  expire(view: MeshView, machineTimeMs: number): void {
    const policy = view.policyOf(view.epoch);
    const longestMs = Math.max(0, ...(policy?.signalRules ?? []).map((rule) => rule.windowMs));
    for (const [subject, window] of this.#windows) {
      for (const [host, { signal }] of window.byHost) {
        if (Number(signal.timeMs) + longestMs < machineTimeMs) window.byHost.delete(host);
      }
      if (window.byHost.size === 0) this.#windows.delete(subject);
    }
  }

  #windowOf(subject: SubjectText, epoch: number): Window | undefined {
    const known = this.#windows.get(subject);
    if (known?.epoch === epoch) return known;
    if (known === undefined && this.#windows.size >= LIMITS.windowSubjectsMax) return undefined;
    const window: Window = { epoch, byHost: new Map() };
    this.#windows.set(subject, window);
    return window;
  }

  #decide(
    view: MeshView,
    policy: Policy,
    subject: SubjectText,
    window: Window,
  ): SignalVerdict | undefined {
    const all = [...window.byHost.values()].sort((a, b) => compareBytes(a.id, b.id));
    for (const rule of policy.signalRules) {
      const chosen = chooseSignals(rule, all);
      if (chosen === undefined || satisfiedRule(policy, chosen)?.name !== rule.name) continue;
      const proofs = chosen.map((s) => s.proof());
      const derived = revocationOfOpened(this.#crypto, view, chosen, proofs);
      if (isReject(derived)) continue;
      // Spent: what a verdict has used leaves the window for good.
      for (const s of chosen) window.byHost.delete(hostId(s.host));
      if (window.byHost.size === 0) this.#windows.delete(subject);
      return { ...derived, privates: chosen.map((s) => s.part) };
    }
    return undefined;
  }
}

/** The unspent signals that fit a rule's line and window, counted back from the newest. */
function chooseSignals(
  rule: SignalRule,
  signals: readonly CountedSignal[],
): readonly CountedSignal[] | undefined {
  const newestMs = Math.max(...signals.map((s) => Number(s.signal.timeMs)));
  const fitting = signals.filter(
    (s) =>
      s.signal.evidenceMdb >= rule.lineMdb && Number(s.signal.timeMs) >= newestMs - rule.windowMs,
  );
  return fitting.length >= rule.hosts ? fitting.slice(0, LIMITS.warrantSignalsMax) : undefined;
}
