// Between a complete warrant and its entry: the governor judges, and what it holds back becomes a
// suggestion for people. Wires the governor to the quorum's verdicts; owns no rule of its own.

import { type Crypto, hex, type Suggestion } from "@ostraka/proto";
import { Governor, type HoldWhy } from "../../governor/index.ts";
import {
  type ActiveSet,
  type Ballot,
  type BinaryReader,
  type BinaryWriter,
  hostId,
  type MeshView,
  type OpenedSignal,
  readSignal,
  subjectKey,
} from "../../kernel/index.ts";
import type { SignalVerdict } from "../../quorum/index.ts";
import { Suggestions } from "./suggestions.ts";

export interface HeldVerdict {
  readonly why: HoldWhy;
  /** Absent where the subject has an open suggestion: it is only counted. */
  readonly suggestion: Suggestion | undefined;
}

export class MachineVerdicts {
  readonly suggestions: Suggestions;
  readonly #crypto: Crypto;
  readonly #governor = new Governor();

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
    this.suggestions = new Suggestions(crypto);
  }

  /** A signal was counted: in time, of a witness. An answer may lie below every line: no rise. */
  see(view: MeshView, opened: OpenedSignal, nowMs: number): void {
    const policy = view.policyOf(view.epoch);
    if (view.machineVersion < 2 || policy === undefined) return;
    const { host, signal } = opened;
    const { subject } = opened.private;
    const isOverLine = policy.signalRules.some(
      (rule) => rule.kinds.includes(signal.subjectKind) && signal.evidenceMdb >= rule.lineMdb,
    );
    if (!isOverLine) return;
    this.#governor.see(policy, subjectKey(this.#crypto, subject), hostId(host), nowMs);
  }

  /** Judges a verdict that a warrant has completed. @returns why it is held, if it is. */
  judge(
    view: MeshView,
    verdict: SignalVerdict,
    active: ActiveSet,
    nowMs: number,
  ): HeldVerdict | undefined {
    const { revocation, subject } = verdict;
    const policy = view.policyOf(revocation.epoch);
    const rule = policy?.signalRules.find((r) => r.name === revocation.rule);
    if (view.machineVersion < 2 || policy === undefined || rule === undefined) return undefined;
    const { isDryRun } = revocation;
    const ballots = ballotsOf(view, verdict);
    const warrant = { subject, rule, ballots, isDryRun };
    const isInForce = (id: string) => active.holds(id);
    const why = this.#governor.judge(view, policy, warrant, isInForce, nowMs);
    if (why !== undefined) {
      return { why, suggestion: this.suggestions.make(view, verdict, why, nowMs) };
    }
    this.#governor.enter(hex(revocation.id), subject, isDryRun);
    return undefined;
  }

  expire(active: ActiveSet, nowMs: number): void {
    this.#governor.expire((id) => active.holds(id), active.size, nowMs);
    this.suggestions.expire(nowMs);
  }

  save(w: BinaryWriter): void {
    this.#governor.save(w);
    this.suggestions.save(w);
  }

  load(r: BinaryReader): void {
    this.#governor.load(r);
    this.suggestions.load(r);
  }
}

/** Witness hosts of a warrant; who is no member any more is none. */
function ballotsOf(view: MeshView, { revocation }: SignalVerdict): readonly Ballot[] {
  return (revocation.warrant?.signals ?? []).flatMap(({ signal: bytes }) => {
    const signal = readSignal(bytes);
    const host = signal && view.hostOf(signal.hostKey);
    return host === undefined ? [] : [{ host: hostId(host), faultDomain: host.faultDomain }];
  });
}
