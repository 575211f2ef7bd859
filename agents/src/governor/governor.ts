// The governor: a step of the signals machine between a complete warrant and its entry, never a
// filter beside it (DESIGN.md 6.5). Says `undefined` to let machines go on, or why a warrant waits
// for people. Bounds machines only: what people may sign is for `lockoutOf` to say.

import {
  type RejectCode,
  Role,
  type SubjectKind,
  type SubjectText,
  wireSubjectKind,
} from "@ostraka/proto";
import {
  type Ballot,
  type BinaryReader,
  type BinaryWriter,
  type GovernorPolicy,
  hasHosts,
  loadAll,
  type MeshView,
  type Policy,
  type SignalRule,
  saveAll,
  stoppedWith,
  type TokenBucket,
  TokenBuckets,
} from "../kernel/index.ts";
import { RisingSubjects } from "./rising-subjects.ts";

/** Why a complete warrant waits for people; counted as a refusal under this code. */
export type HoldWhy = Extract<
  RejectCode,
  "governor" | "rising-together" | "break-glass" | "undo-locked-out"
>;

/** A warrant that machines could act on. */
export interface CompleteWarrant {
  readonly subject: SubjectText;
  readonly rule: SignalRule;
  /** Witness hosts of its signals. */
  readonly ballots: readonly Ballot[];
  readonly isDryRun: boolean;
}

type IsInForce = (id: string) => boolean;

/** So many may be over and still be kept. */
const SWEPT_MIN = 64;

/** Bucket of all machine verdicts; the others are named `kind/` and `host/`. */
const OVERALL = "overall";

export class Governor {
  readonly #buckets = new TokenBuckets();
  readonly #rising = new RisingSubjects();
  /** Machine revocations that may be in force and are no dry run: kind by hex id. */
  readonly #inForce = new Map<string, SubjectKind>();
  /** How many of each kind. */
  readonly #counts = new Map<SubjectKind, number>();

  /** A host's signal was over a line about what is known by this key. */
  see(policy: Policy, subject: string, host: string, nowMs: number): void {
    const rule = policy.governor?.risingTogether;
    if (rule !== undefined) this.#rising.see(rule, subject, host, nowMs);
  }

  /**
   * Judges a complete warrant and takes the tokens that it uses.
   * @param isInForce whether the ledger holds a revocation, by hex id, in force.
   * @returns why it waits for people, or `undefined` when machines go on.
   */
  judge(
    view: MeshView,
    policy: Policy,
    warrant: CompleteWarrant,
    isInForce: IsInForce,
    nowMs: number,
  ): HoldWhy | undefined {
    const { governor } = policy;
    if (governor === undefined) return undefined;
    const why = guardedWhy(view, governor, warrant.subject);
    if (why !== undefined) return why;
    const { risingTogether } = governor;
    if (risingTogether !== undefined && this.#rising.isTogether(risingTogether, nowMs)) {
      return "rising-together";
    }
    if (!warrant.isDryRun && this.#isCapped(governor, warrant.subject, isInForce)) {
      return "governor";
    }
    return this.#takeTokens(governor, warrant, nowMs) ? undefined : "governor";
  }

  /** A revocation by machines was entered. */
  enter(id: string, subject: SubjectText, isDryRun: boolean): void {
    if (isDryRun || this.#inForce.has(id)) return;
    const kind = wireSubjectKind(subject);
    this.#inForce.set(id, kind);
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
  }

  /** Forgets what is over, now and then: what a cap counts is swept before it holds anything. */
  expire(isInForce: IsInForce, inForceMax: number, nowMs: number): void {
    this.#buckets.expire(nowMs);
    if (this.#inForce.size > 2 * inForceMax + SWEPT_MIN) this.#sweep(isInForce);
  }

  #sweep(isInForce: IsInForce): void {
    for (const [id, kind] of this.#inForce) {
      if (isInForce(id)) continue;
      this.#inForce.delete(id);
      this.#counts.set(kind, (this.#counts.get(kind) ?? 1) - 1);
    }
  }

  #isCapped({ caps }: GovernorPolicy, subject: SubjectText, isInForce: IsInForce): boolean {
    const kind = wireSubjectKind(subject);
    const cap = caps.find((c) => c.kind === kind);
    if (cap === undefined) return false;
    const most = Math.floor((cap.subjects * cap.permilleMax) / 1_000);
    const isReached = () => (this.#counts.get(kind) ?? 0) >= most;
    if (isReached()) this.#sweep(isInForce);
    return isReached();
  }

  #takeTokens(
    { overall, perHost, perKind }: GovernorPolicy,
    { subject, rule, ballots }: CompleteWarrant,
    nowMs: number,
  ): boolean {
    const kind = wireSubjectKind(subject);
    const named: readonly (readonly [string, TokenBucket])[] = [
      ...(overall === undefined ? [] : [[OVERALL, overall] as const]),
      ...perKind.filter((k) => k.kind === kind).map((k) => [`kind/${kind}`, k.bucket] as const),
    ];
    if (!named.every(([name, bucket]) => this.#buckets.has(name, bucket, nowMs))) return false;
    if (perHost !== undefined) {
      // A host that has used up its share is not counted, so that it cannot hold up the others.
      const paying = ballots.filter((b) => this.#buckets.has(`host/${b.host}`, perHost, nowMs));
      const { hosts, faultDomains } = strictestOf(rule);
      if (!hasHosts(paying, hosts, faultDomains)) return false;
      for (const host of new Set(paying.map((b) => b.host))) {
        this.#buckets.take(`host/${host}`, perHost, nowMs);
      }
    }
    for (const [name, bucket] of named) this.#buckets.take(name, bucket, nowMs);
    return true;
  }

  save(w: BinaryWriter): void {
    this.#buckets.save(w);
    this.#rising.save(w);
    saveAll(w, this.#inForce, (_, [id, kind]) => w.string(id).uint32(kind));
  }

  load(r: BinaryReader): void {
    this.#buckets.load(r);
    this.#rising.load(r);
    for (const [id, kind] of loadAll(r, () => [r.string(), r.uint32()] as const)) {
      this.#inForce.set(id, kind);
      this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
    }
  }
}

/**
 * Break-glass identities, and approvers of the roster, whose consent a lift may need, are for
 * people, and so is whatever stops one of them. Not one at a time: what people cut off lies in the
 * other ledger, so that machines and people could together lock out everybody and neither would see
 * it.
 */
function guardedWhy(
  view: MeshView,
  governor: GovernorPolicy,
  subject: SubjectText,
): HoldWhy | undefined {
  const stopped = stoppedWith(governor, [subject]);
  if ([...governor.breakGlass].some((s) => stopped.has(s))) return "break-glass";
  const approvers = view.holdersOf(Role.APPROVER);
  const isOfUndo = [...governor.holderSubjects].some(
    ([holder, own]) => stopped.has(own) && approvers.includes(holder),
  );
  return isOfUndo ? "undo-locked-out" : undefined;
}

/** The rule's own numbers, or those of its strictest escalation. */
function strictestOf({ hosts, faultDomains, escalations = [] }: SignalRule) {
  return {
    hosts: Math.max(hosts, ...escalations.map((e) => e.hosts)),
    faultDomains: Math.max(faultDomains, ...escalations.map((e) => e.faultDomains)),
  };
}
