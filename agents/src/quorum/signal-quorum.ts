// The quorum over signals: windows of signals by subject, and the warrant as soon as a rule of the
// epoch is satisfied. A signal is spent by the first revocation that uses it. Signals count
// together only under one epoch (I6), and never below the floor of two hosts (I2).

import {
  type Bytes,
  type Crypto,
  decode,
  hex,
  isReject,
  LIMITS,
  type PrivatePart,
  type Reject,
  reject,
  type SignalProof,
  SignalSchema,
  type SubjectText,
} from "@ostraka/proto";
import {
  type BinaryReader,
  type BinaryWriter,
  bodyBySignals,
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
  subjectKey,
} from "../kernel/index.ts";
import { type LedgerTree, PastVerdicts } from "./past-verdicts.ts";
import { type HeldSignal, loadSignal, saveSignal, type ViewAt } from "./saved-quorum.ts";
import {
  agesFromMs,
  choices,
  closedOf,
  hold,
  isOverLine,
  longestWindowMs,
  proofsOf,
  timeOf,
  type Window,
} from "./window.ts";

/** What the quorum needs of a signal that intake has taken. */
export interface CountedSignal extends OpenedSignal {
  readonly part: PrivatePart;
  proof(): SignalProof;
}

export interface SignalVerdict extends DerivedRevocation {
  /** Private parts in the order of the warrant's signals. */
  readonly privates: readonly PrivatePart[];
}

/** A warrant that machines may not act on, and why: it is for people. */
export interface HeldWarrant {
  readonly held: SignalVerdict;
  readonly why: "shared-address" | "window-short";
}

const MINUTE_MS = 60_000;

export class SignalQuorum {
  readonly #crypto: Crypto;
  /** One window an epoch: the epochs that count at a time are few, and never mix (I6). */
  readonly #windows = new Map<SubjectText, Window[]>();
  /** By subject key: they outlast what an erasure takes away. */
  readonly #pardons = new Map<string, number>();
  /** In how many windows each host stands. */
  readonly #subjectsOf = new Map<string, number>();
  /**
   * Commitments of spent signals with their times: a signal that is signed again under another
   * number keeps its commitment, and must not count twice.
   */
  readonly #spent = new Map<string, number>();
  readonly #past: PastVerdicts;
  /** Windows of each host that closed short in this minute. */
  readonly #shortOf = new Map<string, number>();
  #shortMinute = 0;

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
    this.#past = new PastVerdicts(crypto);
  }

  get openWindows(): number {
    return [...this.#windows.values()].flat().length;
  }

  /** Refuses from now on signals about a subject whose evidence reaches back before a time. */
  pardon(subject: SubjectText, beforeMs: number): void {
    const key = subjectKey(this.#crypto, subject);
    this.#pardons.set(key, Math.max(beforeMs, this.#pardons.get(key) ?? 0));
    for (const window of this.#of(subject)) this.#forget(subject, window);
  }

  /** A copy: windows may be forgotten while one walks over it. */
  #of(subject: SubjectText): readonly Window[] {
    return [...(this.#windows.get(subject) ?? [])];
  }

  /** A verdict of people has used these signals: they are spent here too. */
  spend(subject: SubjectText, proofs: readonly SignalProof[]): void {
    const spent = new Set<string>();
    for (const { signal: bytes } of proofs) {
      const signal = decode(SignalSchema, bytes, LIMITS.signalBytesMax);
      if (signal === undefined) continue;
      spent.add(hex(signal.commitment));
      this.#spent.set(hex(signal.commitment), Number(signal.timeMs));
    }
    for (const window of this.#of(subject)) {
      this.#keep(subject, window, (s) => !spent.has(hex(s.signal.commitment)));
    }
  }

  /** Drops signals of hosts that are no witnesses any more: expelled, or proven to have lied. */
  recheck(view: MeshView): void {
    const isWitness = ({ host }: HeldSignal) =>
      view.hostOf(host.key)?.isWitness === true && !view.isExpelled(host.key);
    for (const [subject, window] of this.#all()) this.#keep(subject, window, isWitness);
  }

  /** A verdict of this quorum was entered. */
  entered(
    { revocation, subject, privates }: SignalVerdict,
    entry: { readonly bytes: Bytes; readonly index: number },
  ): void {
    const salts = privates.map((part) => part.salt);
    this.#past.note(subject, revocation, entry, salts);
  }

  /** What was lifted was no offence. */
  lift(subject: SubjectText, ids: readonly Uint8Array[]): void {
    this.#past.lift(subject, ids);
  }

  #all(): readonly (readonly [SubjectText, Window])[] {
    return [...this.#windows].flatMap(([subject, windows]) =>
      windows.map((window) => [subject, window] as const),
    );
  }

  /** Unspent signals on a subject, over some line, under one epoch. */
  heldOn(subject: SubjectText, epoch: number): readonly OpenedSignal[] {
    const window = this.#of(subject).find((w) => w.epoch === epoch);
    return [...(window?.byHost.values() ?? [])].flat();
  }

  /**
   * Counts one signal: a verdict when it completes a warrant, `undefined` while hosts are missing.
   * @param tree the ledger that a verdict would join, to show an earlier one in.
   */
  count(
    view: MeshView,
    counted: CountedSignal,
    machineTimeMs: number,
    tree?: LedgerTree,
  ): SignalVerdict | HeldWarrant | Reject | undefined {
    const { signal } = counted;
    const subject = counted.private.subject;
    const epochs = view.epochsOf(counted.host, machineTimeMs);
    if (!epochs.includes(signal.epoch)) return reject("wrong-epoch");
    const policy = view.policyOf(signal.epoch);
    // Before the first activation there is no rule that a signal could count under.
    if (policy === undefined) return reject("unknown-epoch");
    if (!counted.host.isWitness) return reject("not-a-witness");
    if (isExempt(policy, subject)) return reject("exempt");
    if (Number(signal.timeMs) > machineTimeMs + LIMITS.signalAheadMsMax) return reject("clock-off");
    if (timeOf(counted) + longestWindowMs(policy) < machineTimeMs) return reject("expired");
    if (this.#spent.has(hex(signal.commitment))) return reject("spent");
    const pardonedMs = this.#pardons.get(subjectKey(this.#crypto, subject));
    if (pardonedMs !== undefined && Number(signal.evidenceFromMs) < pardonedMs) {
      return reject("pardoned");
    }
    if (!policy.signalRules.some((rule) => isOverLine(rule, counted))) {
      // An answer was asked for: what it lacks to a line is no fault.
      return signal.inquiryId.length > 0 ? undefined : reject("below-line");
    }
    const window = this.#windowOf(view, subject, signal.epoch, hostId(counted.host));
    if (window === undefined) return reject("too-large");
    const held = { ...counted, takenAt: view.controlIndex, takenMs: machineTimeMs };
    hold(policy, window, held);
    return this.#decide(view, policy, window, held, tree);
  }

  /**
   * Windows that have closed with a witness over a line and too few others, where the rule asks for
   * people then. Each signal is shown once, and no host makes more than its share of a minute.
   */
  closing(view: MeshView, machineTimeMs: number): HeldWarrant[] {
    const policy = view.policyOf(view.epoch);
    const rules = policy?.signalRules.filter((rule) => rule.suggestWhenShort === true) ?? [];
    if (view.machineVersion < 2 || policy === undefined || rules.length === 0) return [];
    this.#beginMinute(machineTimeMs);
    const short: HeldWarrant[] = [];
    for (const [, window] of this.#all()) {
      if (window.epoch !== view.epoch) continue;
      const held = this.#closed(view, policy, rules, window, machineTimeMs);
      if (held !== undefined) short.push({ held, why: "window-short" });
    }
    return short;
  }

  #beginMinute(machineTimeMs: number): void {
    const minute = Math.floor(machineTimeMs / MINUTE_MS);
    if (minute === this.#shortMinute) return;
    this.#shortMinute = minute;
    this.#shortOf.clear();
  }

  #closed(
    view: MeshView,
    policy: Policy,
    rules: readonly SignalRule[],
    window: Window,
    machineTimeMs: number,
  ): SignalVerdict | undefined {
    for (const rule of rules) {
      const signals = closedOf(rule, window, machineTimeMs);
      if (signals === undefined || satisfiedRule(policy, signals) !== undefined) continue;
      const hosts = signals.map((s) => hostId(s.host));
      const counts = hosts.map((host) => this.#shortOf.get(host) ?? 0);
      // One host that floods uses up its own share, not that of those who saw the same.
      if (Math.min(...counts) >= LIMITS.shortWindowsPerHostMinuteMax) continue;
      for (const [i, host] of hosts.entries()) this.#shortOf.set(host, (counts[i] as number) + 1);
      window.shownMs = Math.max(...signals.map(timeOf));
      return this.#unspent(view, rule, signals);
    }
    return undefined;
  }

  /** What a rule would have made of signals, which stay in their window. */
  #unspent(view: MeshView, rule: SignalRule, signals: readonly HeldSignal[]): SignalVerdict {
    const body = bodyBySignals(this.#crypto, view, rule, signals, proofsOf(signals));
    return { ...body, privates: signals.map((s) => s.part) };
  }

  /** Forgets signals that are too old for every rule of their policy, or whose epoch is over. */
  expire(view: MeshView, machineTimeMs: number): void {
    const longestOf = (epoch: number) => {
      const policy = view.policyOf(epoch);
      return policy === undefined ? 0 : longestWindowMs(policy);
    };
    const fromMs = (s: HeldSignal) => agesFromMs(s, view.machineVersion);
    const windows = this.#all();
    // A signal that is signed again would count in any window that still counts.
    const epochs = [view.epoch, ...windows.map(([, window]) => window.epoch)];
    const longestMs = Math.max(...[...new Set(epochs)].map(longestOf));
    for (const [commitment, timeMs] of this.#spent) {
      if (timeMs + longestMs < machineTimeMs) this.#spent.delete(commitment);
    }
    for (const [subject, window] of windows) {
      const ageMs = longestOf(view.machineVersion < 2 ? view.epoch : window.epoch);
      const isOver = (s: HeldSignal) =>
        view.machineVersion >= 2 && !view.epochsOf(s.host, machineTimeMs).includes(window.epoch);
      this.#keep(subject, window, (s) => fromMs(s) + ageMs >= machineTimeMs && !isOver(s));
    }
  }

  /** Keeps of a window what passes. */
  #keep(subject: SubjectText, window: Window, isKept: (s: HeldSignal) => boolean): void {
    for (const [host, signals] of window.byHost) {
      const kept = signals.filter(isKept);
      if (kept.length === 0) this.#drop(window, host);
      else window.byHost.set(host, kept);
    }
    if (window.byHost.size === 0) this.#remove(subject, window);
  }

  #remove(subject: SubjectText, window: Window): void {
    const others = this.#of(subject).filter((w) => w !== window);
    if (others.length === 0) this.#windows.delete(subject);
    else this.#windows.set(subject, others);
  }

  /** Drops the signals behind these commitments, in hex: their private parts are erased. */
  erase(commitments: ReadonlySet<string>): void {
    this.#past.erase(commitments);
    for (const [subject, window] of this.#all()) {
      this.#keep(subject, window, (s) => !commitments.has(hex(s.signal.commitment)));
    }
  }

  save(w: BinaryWriter): void {
    saveAll(w, this.#all(), (_, [subject, { epoch, byHost, shownMs }]) => {
      saveNumber(w.string(subject).uint32(epoch), shownMs);
      saveAll(w, byHost, (__, [host, signals]) => {
        w.string(host);
        saveAll(w, signals, saveSignal);
      });
    });
    for (const times of [this.#pardons, this.#subjectsOf, this.#spent, this.#shortOf]) {
      saveAll(w, times, (_, [key, n]) => {
        w.string(key);
        saveNumber(w, n);
      });
    }
    saveNumber(w, this.#shortMinute);
    this.#past.save(w);
  }

  /** @param viewAt the mesh as of each control index up to where the snapshot was made. */
  load(r: BinaryReader, viewAt: ViewAt): void {
    loadAll(r, () => {
      const subject = r.string() as SubjectText;
      const [epoch, shownMs] = [r.uint32(), loadNumber(r)];
      const hosts = loadAll(r, () => {
        const host = r.string();
        return [host, loadAll(r, () => loadSignal(r, this.#crypto, viewAt))] as const;
      });
      const window = { epoch, byHost: new Map(hosts), shownMs };
      this.#windows.set(subject, [...this.#of(subject), window]);
    });
    for (const times of [this.#pardons, this.#subjectsOf, this.#spent, this.#shortOf]) {
      loadAll(r, () => (times as Map<string, number>).set(r.string(), loadNumber(r)));
    }
    this.#shortMinute = loadNumber(r);
    this.#past.load(r);
  }

  /**
   * The window of a subject, unless the host would stand in too many: each has a share of its own.
   */
  #windowOf(view: MeshView, subject: SubjectText, epoch: number, host: string): Window | undefined {
    let window: Window | undefined;
    for (const held of this.#of(subject)) {
      if (held.epoch === epoch) window = held;
      // Machine version 1 knew one epoch at a time.
      else if (view.machineVersion < 2) this.#forget(subject, held);
    }
    if (window?.byHost.has(host)) return window;
    const subjects = this.#subjectsOf.get(host) ?? 0;
    if (subjects >= LIMITS.windowsPerHostMax) return undefined;
    this.#subjectsOf.set(host, subjects + 1);
    if (window === undefined) {
      window = { epoch, byHost: new Map(), shownMs: 0 };
      this.#windows.set(subject, [...this.#of(subject), window]);
    }
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
    this.#remove(subject, window);
  }

  #decide(
    view: MeshView,
    policy: Policy,
    window: Window,
    counted: HeldSignal,
    tree: LedgerTree | undefined,
  ): SignalVerdict | HeldWarrant | undefined {
    for (const rule of policy.signalRules) {
      for (const chosen of choices(rule, window, counted, view.machineVersion)) {
        if (satisfiedRule(policy, chosen)?.name !== rule.name) continue;
        const earlier = tree && this.#earlierOf(rule, chosen, tree);
        const proofs = proofsOf(chosen);
        const derived = revocationOfOpened(this.#crypto, view, chosen, proofs, earlier);
        if (isReject(derived)) {
          if (derived.reject !== "shared-address") continue;
          window.shownMs = Math.max(...chosen.map(timeOf));
          return { held: this.#unspent(view, rule, chosen), why: "shared-address" };
        }
        this.#spendAll(derived.subject, window, chosen);
        return { ...derived, privates: chosen.map((s) => s.part) };
      }
    }
    return undefined;
  }

  #earlierOf(rule: SignalRule, chosen: readonly HeldSignal[], tree: LedgerTree) {
    const [first] = chosen;
    if (rule.repeat === undefined || first === undefined) return undefined;
    const fromMs = Math.min(...chosen.map(timeOf));
    return this.#past.earlierOf(first.private.subject, rule.repeat.withinMs, fromMs, tree);
  }

  /** Spent: what a verdict has used leaves the window for good. */
  #spendAll(subject: SubjectText, window: Window, chosen: readonly HeldSignal[]): void {
    for (const s of chosen) {
      this.#spent.set(hex(s.signal.commitment), timeOf(s));
      this.#drop(window, hostId(s.host));
    }
    if (window.byHost.size === 0) this.#remove(subject, window);
  }
}
