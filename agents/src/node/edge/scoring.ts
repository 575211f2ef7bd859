// Wires the scorer to the courier and the deny set: what it says becomes a draft of a signal with
// its private part, or a local lease. Raw events stop here (I9).

import { create } from "@bufbuild/protobuf";
import {
  type Bytes,
  type Crypto,
  EvidenceKind,
  encodeNew,
  LIMITS,
  type PrivatePart,
  PrivatePartSchema,
  PrivateSubjectSchema,
  Stage,
  type SubjectText,
  wireSubjectKind,
} from "@ostraka/proto";
import type { Draft } from "../../courier/index.ts";
import { commitmentOf, type Event, isExempt, type Policy, SALT_BYTES } from "../../kernel/index.ts";
import {
  explanationOf,
  type Lease,
  linesOf,
  openScorer,
  restoreScorer,
  type Scorer,
  type ScorerAdditions,
  type ScorerPolicy,
  type Signal,
} from "../../scorer/index.ts";
import type { InquiryAnswer } from "./inquiry-answers.ts";

/** The scorer's part of a policy. */
function scorerPolicyOf({ local, epoch }: Policy): ScorerPolicy {
  const { learnedPermille = 0, ...rest } = local;
  return { ...rest, learnedShare: learnedPermille / 1_000, epoch };
}

export interface ScoringOptions {
  readonly scorer?: ScorerAdditions | undefined;
  readonly crypto: Crypto;
  /** Random bytes: the salts of private parts. */
  readonly random: (bytes: number) => Bytes;
}

export class Scoring {
  readonly #o: ScoringOptions;
  #policy: Policy | undefined;
  #scorer: Scorer | undefined;

  constructor(options: ScoringOptions) {
    this.#o = options;
  }

  get scorer(): Scorer | undefined {
    return this.#scorer;
  }

  /** Scores under a policy from now on; the first one may find a snapshot of an earlier run. */
  usePolicy(policy: Policy, snapshot?: unknown): void {
    if (this.#policy === policy) return;
    this.#policy = policy;
    const scorerPolicy = scorerPolicyOf(policy);
    if (this.#scorer !== undefined) {
      this.#scorer.step({ type: "policy", policy: scorerPolicy }, NOWHERE);
      return;
    }
    const options = {
      ...this.#o.scorer,
      policy: scorerPolicy,
      isExempt: (subject: Parameters<typeof isExempt>[1]) =>
        isExempt(this.#policy as Policy, subject),
    };
    const restored = snapshot === undefined ? undefined : restoreScorer(snapshot, options);
    this.#scorer = restored ?? openScorer(options);
    restored?.step({ type: "policy", policy: scorerPolicy }, NOWHERE);
  }

  observe(event: Event, onLease: (lease: Lease) => void, onSignal: (signal: Signal) => void): void {
    this.#scorer?.step({ type: "event", event }, { lease: onLease, signal: onSignal });
  }

  /** Why a line was drawn, in sentences for whoever is woken by it. */
  explain(drawn: Lease | Signal): string[] {
    const lines = linesOf(scorerPolicyOf(this.#policy as Policy))[drawn.evidenceKind];
    return explanationOf(drawn, "untilMs" in drawn ? lines.leaseMdb : lines.signalMdb);
  }

  /** What fired for a subject before it was lifted counts less from now on. */
  lift(subject: SubjectText, index: number, atMs: number): void {
    this.#scorer?.step({ type: "lift", subject, index, atMs }, NOWHERE);
  }

  /** Evidence about a subject that reaches back before a time no longer counts. */
  pardon(subject: SubjectText, beforeMs: number): void {
    this.#scorer?.step({ type: "pardon", subject, beforeMs }, NOWHERE);
  }

  /**
   * The signed statement and its private part. Signed time is event time, never ahead of the clock.
   * @param machineVersion before version 2 no signal says who shares an address.
   */
  draft(
    signal: Signal,
    wallMs: number,
    machineVersion: number,
  ): { readonly draft: Draft; readonly part: PrivatePart } {
    const part = this.#privatePart(signal);
    const draft: Draft = {
      epoch: signal.epoch,
      timeMs: BigInt(Math.min(signal.timeMs, wallMs)),
      subjectKind: wireSubjectKind(signal.subject),
      commitment: commitmentOf(this.#o.crypto, part),
      evidenceKind:
        signal.evidenceKind === "learned" ? EvidenceKind.LEARNED : EvidenceKind.DECLARED,
      day: signal.day,
      evidenceMdb: signal.evidenceMdb,
      levelMdb: signal.levelMdb,
      evidenceFromMs: BigInt(signal.evidenceFromMs),
      recommendedStage: signal.recommendedStage === "suspend" ? Stage.SUSPEND : Stage.OBSERVE,
      ...(machineVersion >= 2 && { sharedSubjects: signal.sharedSubjects }),
    };
    return { draft, part };
  }

  /** The statement that answers an inquiry: what is held now. */
  draftAnswer(
    { subject, inquiryId, epoch, isAgainst, standing }: InquiryAnswer,
    wallMs: number,
  ): { readonly draft: Draft; readonly part: PrivatePart } {
    const part = this.#privatePart({ subject, reasons: standing.reasons });
    const draft: Draft = {
      epoch,
      timeMs: BigInt(wallMs),
      subjectKind: wireSubjectKind(subject),
      commitment: commitmentOf(this.#o.crypto, part),
      evidenceKind: EvidenceKind.DECLARED,
      day: standing.day,
      evidenceMdb: standing.evidenceMdb,
      levelMdb: standing.levelMdb,
      evidenceFromMs: BigInt(standing.evidenceFromMs),
      recommendedStage: isAgainst ? Stage.OBSERVE : Stage.SUSPEND,
      inquiryId,
      isAgainst,
      sharedSubjects: standing.sharedSubjects,
    };
    return { draft, part };
  }

  #privatePart(signal: Pick<Signal, "subject" | "reasons">): PrivatePart {
    const clip = (text: string) => text.slice(0, LIMITS.reasonTextMax);
    const reasons = signal.reasons.slice(0, LIMITS.reasonsMax).map((reason) => ({
      detector: reason.detector,
      betsMdb: reason.betsMdb,
      seen: clip(reason.seen),
      against: clip(reason.against),
      fromMs: BigInt(reason.fromMs),
      toMs: BigInt(reason.toMs),
      count: reason.count,
      kind: reason.kind === "learned" ? EvidenceKind.LEARNED : EvidenceKind.DECLARED,
    }));
    const content = encodeNew(PrivateSubjectSchema, { subject: signal.subject, reasons });
    return create(PrivatePartSchema, { salt: this.#o.random(SALT_BYTES), content });
  }
}

const NOWHERE = { lease: () => undefined, signal: () => undefined };
