// `ostraka replay`: what a sidecar would have done on logs one already has. The same parser and the
// same scorer as live, event time as the only clock; no mesh, no network, no state left behind.
// Owns the record of it. Must never print a raw line (I9): records hold subjects, numbers, reasons.

import type { Event } from "@ostraka/agents/kernel";
import {
  DEFAULT_SCORER_POLICY,
  type Lease,
  openScorer,
  type Reason,
  type Scorer,
  type ScorerOutput,
  type ScorerPolicy,
  type Signal,
} from "@ostraka/agents/scorer";
import type { SubjectText } from "@ostraka/proto";

/** Room for subjects: a replay may take more memory than a sidecar. */
const SUBJECTS_MAX = 100_000;
/** Leases kept to judge accesses by; above it the ended ones are dropped. */
const LEASES_MAX = 50_000;

export interface ReplayRecord {
  readonly kind: "signal" | "lease" | "refused";
  /** Event time, ISO 8601. */
  readonly time: string;
  /** Number of the line in its file, from 1. */
  readonly line: number;
  readonly subject: SubjectText;
  readonly levelMdb: number;
  readonly reasons: readonly Reason[];
  /** Of a signal: the day account. */
  readonly evidenceMdb?: number;
  /** Of a lease and of what it refused: when it ends, ISO 8601. */
  readonly until?: string;
  readonly stage?: string;
  /** Of a lease: it prolongs one that still held. */
  readonly isRenewal?: boolean;
}

export interface ReplaySummary {
  readonly kind: "summary";
  readonly lines: number;
  /** Lines understood, whether or not they speak about a subject. */
  readonly parsed: number;
  readonly events: number;
  readonly subjects: number;
  readonly signals: number;
  readonly leases: number;
  readonly refused: number;
  readonly linesPerSecond: number;
}

/** What a source's parser says of one line; the shape of `openAuthLog(...).parse`. */
export interface LineParser {
  parse(
    line: Uint8Array | string,
    position: string,
  ): { readonly outcome: string; readonly event?: Event };
}

/** One line without its line end, and its identity in its source. */
export interface SourceLine {
  readonly line: Uint8Array | string;
  readonly position: string;
}

export interface ReplayOptions {
  readonly lines: Iterable<SourceLine> | AsyncIterable<SourceLine>;
  readonly parser: LineParser;
  readonly policy?: ScorerPolicy;
  /** Subjects whose evidence is shown and never enforced. Loopback is not one by itself. */
  readonly isExempt?: (subject: SubjectText) => boolean;
  /** Called for each record in order, lease before the signal of the same event. */
  readonly onRecord: (record: ReplayRecord) => void;
}

/** Replays a log to its end. Errors of reading are the caller's. */
export async function runReplay(options: ReplayOptions): Promise<ReplaySummary> {
  const replay = new Replay(options);
  const startMs = performance.now();
  const { lines } = options;
  if (Symbol.iterator in lines) {
    for (const { line, position } of lines) replay.take(line, position);
  } else {
    for await (const { line, position } of lines) replay.take(line, position);
  }
  return replay.summary(performance.now() - startMs);
}

class Replay implements ScorerOutput {
  readonly #parser: LineParser;
  readonly #onRecord: (record: ReplayRecord) => void;
  readonly #scorer: Scorer;
  readonly #leases = new Map<SubjectText, Lease>();
  #lines = 0;
  #parsed = 0;
  #counts = { signal: 0, lease: 0, refused: 0 };

  constructor(options: ReplayOptions) {
    this.#parser = options.parser;
    this.#onRecord = options.onRecord;
    this.#scorer = openScorer({
      policy: options.policy ?? DEFAULT_SCORER_POLICY,
      maxSubjects: SUBJECTS_MAX,
      ...(options.isExempt === undefined ? {} : { isExempt: options.isExempt }),
    });
  }

  take(line: Uint8Array | string, position: string): void {
    this.#lines++;
    const { event } = this.#parser.parse(line, position);
    if (event === undefined) return;
    this.#parsed++;
    // Judged BEFORE the scorer sees it: a lease stops what comes after what earned it.
    this.#judge(event);
    this.#scorer.step({ type: "event", event }, this);
  }

  lease(lease: Lease): void {
    if (this.#leases.size >= LEASES_MAX) this.#dropEnded(lease.fromMs);
    this.#leases.set(lease.subject, lease);
    this.#record({
      kind: "lease",
      ...this.#leaseFields(lease, lease.fromMs),
      isRenewal: lease.isRenewal,
    });
  }

  signal(signal: Signal): void {
    const { subject, levelMdb, evidenceMdb, reasons } = signal;
    const time = toIso(signal.timeMs);
    const line = this.#lines;
    this.#record({ kind: "signal", time, line, subject, levelMdb, evidenceMdb, reasons });
  }

  summary(tookMs: number): ReplaySummary {
    const { events, subjects } = this.#scorer.counts();
    return {
      kind: "summary",
      lines: this.#lines,
      parsed: this.#parsed,
      events,
      subjects,
      signals: this.#counts.signal,
      leases: this.#counts.lease,
      refused: this.#counts.refused,
      linesPerSecond: Math.round((this.#lines * 1000) / Math.max(tookMs, 0.001)),
    };
  }

  #judge(event: Event): void {
    if (event.kind !== "login-succeeded" && event.kind !== "request") return;
    const lease =
      this.#holding(event.address, event.timeMs) ??
      this.#holding(event.account, event.timeMs) ??
      this.#holding(event.session, event.timeMs);
    if (lease === undefined) return;
    this.#record({ kind: "refused", ...this.#leaseFields(lease, event.timeMs) });
  }

  /** The lease that would have stopped an access by this subject; throttling stops nothing. */
  #holding(subject: SubjectText | undefined, timeMs: number): Lease | undefined {
    const lease = subject === undefined ? undefined : this.#leases.get(subject);
    return lease !== undefined && lease.untilMs > timeMs && lease.stage !== "throttle"
      ? lease
      : undefined;
  }

  #leaseFields(lease: Lease, timeMs: number) {
    const { subject, levelMdb, stage, reasons } = lease;
    const until = toIso(lease.untilMs);
    return { time: toIso(timeMs), line: this.#lines, subject, levelMdb, until, stage, reasons };
  }

  #dropEnded(nowMs: number): void {
    for (const [subject, lease] of this.#leases) {
      if (lease.untilMs <= nowMs) this.#leases.delete(subject);
    }
  }

  #record(record: ReplayRecord): void {
    this.#counts[record.kind]++;
    this.#onRecord(record);
  }
}

function toIso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
