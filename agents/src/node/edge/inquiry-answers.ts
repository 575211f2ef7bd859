// A sidecar's answers to inquiries (DESIGN.md 6.4): its day account on the subject, for or against,
// at a moment of its own within the time that is left. Answers once, never about what it has
// signalled that day, and never asks back.

import {
  type Bytes,
  type Crypto,
  equalBytes,
  hex,
  type Inquiry,
  isReject,
  LIMITS,
  type PrivatePart,
  type Reject,
  type SubjectText,
} from "@ostraka/proto";
import { isExempt, type MeshView, openInquiry } from "../../kernel/index.ts";
import type { Standing } from "../../scorer/index.ts";

/** An answer to be signed: what is held, and of which inquiry. */
export interface InquiryAnswer {
  readonly subject: SubjectText;
  readonly inquiryId: Bytes;
  readonly epoch: number;
  readonly isAgainst: boolean;
  readonly standing: Standing;
}

interface Waiting {
  readonly inquiry: Inquiry;
  readonly subject: SubjectText;
  /** Monotonic time at which it is answered. */
  readonly dueMs: number;
}

/** Share of the time for answers over which they are spread. */
const SPREAD = 4;
/** Hosts that may answer against one inquiry, as far as chance spreads them. */
const AGAINST_MAX = LIMITS.inquiryAnswersMax / 2;
const DAY_MS = 86_400_000;

export class InquiryAnswers {
  readonly #crypto: Crypto;
  readonly #hostKey: Bytes;
  /** By hex id, in the order in which they came. */
  readonly #waiting = new Map<string, Waiting>();

  constructor(crypto: Crypto, hostKey: Bytes) {
    this.#crypto = crypto;
    this.#hostKey = hostKey;
  }

  /**
   * Takes an inquiry that stands under a sealed head.
   * @param entryMs machine time of its entry; `now` is the edge's time.
   * @returns why it is never answered (I1): nobody was asked under a rule of the mesh.
   */
  take(
    view: MeshView,
    inquiry: Inquiry,
    part: PrivatePart | undefined,
    entryMs: number,
    now: { readonly machineMs: number; readonly monoMs: number },
  ): Reject | undefined {
    const subject = openInquiry(this.#crypto, view, inquiry, part, entryMs);
    if (isReject(subject)) return subject;
    const leftMs = Number(inquiry.untilMs) - now.machineMs;
    if (leftMs <= 0 || equalBytes(inquiry.sourceHostKey, this.#hostKey)) return undefined;
    if (view.hostOf(this.#hostKey)?.isWitness !== true) return undefined;
    if (this.#waiting.size >= LIMITS.inquiriesWaitingMax) return undefined;
    const spreadMs = Math.floor(leftMs / SPREAD);
    const dueMs = now.monoMs + Math.floor((this.#chance(inquiry.id, 0) * spreadMs) / CHANCES);
    this.#waiting.set(hex(inquiry.id), { inquiry, subject, dueMs });
    return undefined;
  }

  /** Answers that are due. */
  due(
    view: MeshView,
    now: { readonly machineMs: number; readonly monoMs: number; readonly wallMs: number },
    standingOf: (subject: SubjectText) => Standing | undefined,
  ): InquiryAnswer[] {
    const answers: InquiryAnswer[] = [];
    for (const [id, waiting] of this.#waiting) {
      if (waiting.dueMs > now.monoMs) continue;
      this.#waiting.delete(id);
      if (Number(waiting.inquiry.untilMs) <= now.machineMs) continue;
      const answer = this.#answer(view, waiting, standingOf(waiting.subject), now.wallMs);
      if (answer !== undefined) answers.push(answer);
    }
    return answers;
  }

  #answer(
    view: MeshView,
    { inquiry, subject }: Waiting,
    standing: Standing | undefined,
    wallMs: number,
  ): InquiryAnswer | undefined {
    const policy = view.policyOf(inquiry.epoch);
    if (standing === undefined || policy === undefined || isExempt(policy, subject)) {
      return undefined;
    }
    const { id: inquiryId, epoch } = inquiry;
    const isAgainst = standing.evidenceMdb < inquiry.floorMdb;
    const answer = { subject, inquiryId, epoch, isAgainst, standing };
    if (isAgainst) return standing.logins > 0 && this.#isDrawn(view, inquiry) ? answer : undefined;
    // An account of another day, or one that was signalled and may be spent, must not count anew.
    const isOfToday = standing.day >= Math.floor(wallMs / DAY_MS) - 1;
    return isOfToday && !standing.hasSignalled ? answer : undefined;
  }

  /** Of many hosts that could answer against, chance lets about as many as are listened to. */
  #isDrawn(view: MeshView, { id }: Inquiry): boolean {
    const hosts = [...view.hosts()].length;
    return hosts <= AGAINST_MAX || this.#chance(id, 1) * hosts < AGAINST_MAX * CHANCES;
  }

  /** A number below `CHANCES` that only this host has for this inquiry: the same at every start. */
  #chance(id: Uint8Array, which: number): number {
    const hash = this.#crypto.sha256(id, this.#hostKey);
    const at = which * 2;
    return ((hash[at] as number) << 8) | (hash[at + 1] as number);
  }
}

const CHANCES = 65_536;
