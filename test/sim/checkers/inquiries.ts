// I5 of inquiries: one is open about a subject at a time, each host brings about no more of them
// than its budget gives, and only answers to one that was asked are counted in a warrant.

import { decode, hex, type Inquiry, Ledger, LIMITS, SignalSchema } from "@ostraka/proto";
import { nameIn, type TrueEntry } from "../truth.ts";
import { Checker } from "./checker.ts";

interface Asked {
  readonly inquiry: Inquiry;
  readonly subject: string;
}

export class InquiryChecker extends Checker {
  readonly invariant = "I5";
  readonly #asked = new Map<string, Asked>();
  readonly #openUntilMs = new Map<string, number>();
  /** Machine times of what each host brought about, by host key and epoch. */
  readonly #times = new Map<string, number[]>();
  #through = 1;

  override sample(): void {
    const entries = this.watch.truth.entries(Ledger.SIGNALS);
    for (const found of entries.slice(this.#through)) {
      const { effect } = found.entry;
      if (effect.case === "inquiry") this.#onInquiry(found, effect.value);
      if (effect.case === "revocation") this.#checkAnswers(found);
    }
    this.#through = Math.max(this.#through, entries.length);
  }

  #onInquiry({ entry, record }: TrueEntry, inquiry: Inquiry): void {
    const at = `s:${entry.index}`;
    const subject = nameIn(record);
    const nowMs = Number(entry.machineTimeMs);
    const policy = this.watch.truth.epochs.policyOf(inquiry.epoch)?.more?.inquiry;
    if (policy === undefined) {
      this.watch.report(`${at} asks under a policy that has no inquiries`);
      return;
    }
    if ((this.#openUntilMs.get(subject) ?? 0) > nowMs) {
      this.watch.report(`${at} asks about ${subject} while that is asked already`);
    }
    if (inquiry.sumMdb < policy.sumLineMdb) this.watch.report(`${at} asks below the line`);
    if (Number(inquiry.untilMs) !== nowMs + policy.forMs) {
      this.watch.report(`${at} asks for another time than its policy says`);
    }
    this.#openUntilMs.set(subject, Number(inquiry.untilMs));
    this.#asked.set(hex(inquiry.id), { inquiry, subject });
    this.#checkBudget(at, inquiry, nowMs, policy.perHost);
  }

  #checkBudget(
    at: string,
    { sourceHostKey, epoch }: Inquiry,
    nowMs: number,
    { burst, refillMs }: { readonly burst: number; readonly refillMs: number },
  ): void {
    const key = `${hex(sourceHostKey)}/${epoch}`;
    const times = this.#times.get(key) ?? [];
    this.#times.set(key, times);
    times.push(nowMs);
    const isOver = times.some((fromMs, i) => {
      return times.length - i > burst + 1 + Math.floor((nowMs - fromMs) / refillMs);
    });
    if (isOver) this.watch.report(`${at} is more than one host may bring about`);
  }

  #checkAnswers({ entry, record }: TrueEntry): void {
    const { effect } = entry;
    if (effect.case !== "revocation") return;
    const hosts = new Set<string>();
    for (const proof of effect.value.warrant?.signals ?? []) {
      const signal = decode(SignalSchema, proof.signal, LIMITS.signalBytesMax);
      if (signal === undefined || signal.inquiryId.length === 0) continue;
      const asked = this.#asked.get(hex(signal.inquiryId));
      const isAnswer =
        asked !== undefined &&
        asked.subject === nameIn(record) &&
        asked.inquiry.epoch === signal.epoch &&
        signal.evidenceMdb >= asked.inquiry.floorMdb;
      const name = `${hex(signal.inquiryId)}/${hex(signal.hostKey)}`;
      if (!isAnswer || hosts.has(name)) {
        this.watch.report(`s:${entry.index} counts an answer to nothing that was asked`);
      }
      hosts.add(name);
    }
  }
}
