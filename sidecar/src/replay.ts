// `ostraka replay`: what a sidecar would have done on logs one already has. The same parser and the
// same scorer as live, event time as the only clock; no mesh, no network, no state left behind.
// Owns the record of it. Must never print a raw line (I9): records hold subjects, numbers, reasons.

import { stat } from "node:fs/promises";
import type { Event } from "@ostraka/agents/kernel";
import {
  DEFAULT_SCORER_POLICY,
  type EvidenceKindName,
  type Lease,
  linesOf,
  openScorer,
  type Reason,
  type Scorer,
  type ScorerAdditions,
  type ScorerOutput,
  type ScorerPolicy,
  type Signal,
} from "@ostraka/agents/scorer";
import { OstrakaError, type SubjectText } from "@ostraka/proto";
// Not by their doors: what a sidecar's other sources need is most of the time a short replay takes.
import { formatNames, openFormat } from "./sources/formats.ts";
import { LINE_FUTURE_MS_MAX } from "./sources/limits.ts";
import { readFileLines } from "./sources/read-file-lines.ts";

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
  /** The line that the level has passed, and whose evidence it is. */
  readonly lineMdb: number;
  readonly evidenceKind: EvidenceKindName;
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
  /** Events left out: dated over a day past the last change of the file that holds them. */
  readonly ahead: number;
  readonly linesPerSecond: number;
}

/** What a source's parser says of one line: as much of `openFormat(...)` as a replay asks. */
export interface LineParser {
  parse(
    line: Uint8Array | string,
    position: string,
  ): {
    readonly outcome: string;
    readonly event?: Event;
    /** Of a line that holds several records. */
    readonly events?: readonly Event[];
  };
}

export interface ReplayOptions {
  readonly parser: LineParser;
  /** Lines and stage; `DEFAULT_SCORER_POLICY` when not given. */
  readonly policy?: ScorerPolicy;
  /** Subjects whose evidence is shown and never enforced. Loopback is not one by itself. */
  readonly isExempt?: (subject: SubjectText) => boolean;
  /** Rules and what else a sidecar's configuration would add. */
  readonly scorer?: ScorerAdditions;
  /** Latest event time that is believed, as a sidecar believes none past its clock; any without. */
  readonly latestMs?: number;
  /** Called for each record in order, the lease BEFORE the signal of the same event. */
  readonly onRecord: (record: ReplayRecord) => void;
}

export interface FileReplayOptions extends Omit<ReplayOptions, "parser" | "latestMs"> {
  readonly path: string;
  /** Format of the log: a name that `openFormat` takes. */
  readonly source: string;
  /** Year of the first line; without it the file's time of change bounds it. */
  readonly year?: number;
  /** IANA zone or minutes east of UTC of times that state no offset; UTC without it. */
  readonly zone?: string | number;
  /** Names in account subjects: `user:<realm>/<name>`, system accounts `user:<host>/<name>`. */
  readonly host?: string;
  readonly realm?: string;
  /** `starter`, or rule files and folders of them; the log must be in a format that rules read. */
  readonly rules?: readonly string[];
  readonly signal?: AbortSignal;
}

/**
 * Replays a log file to its end: the whole of `ostraka replay` but flags and printing.
 * @throws the system's error when the file cannot be read, RangeError when the zone is unknown.
 */
export async function runReplay(options: FileReplayOptions): Promise<ReplaySummary> {
  const { path, year, zone, signal, host = "localhost", realm = "local" } = options;
  const startMs = performance.now();
  const changedMs = (await stat(path)).mtimeMs;
  const time = year === undefined ? { referenceMs: changedMs } : { year };
  const zoned = zone === undefined ? {} : { zone };
  const parser = openFormat(options.source, { host, realm, ...time, ...zoned });
  if (parser === undefined) {
    throw new OstrakaError("OSTRAKA_CONFIG_INVALID", await unknownFormat(options.source));
  }
  const { rules = [] } = options;
  const loaded = rules.length > 0 && {
    rules: (await import("./rule-files.ts")).loadRules(rules),
  };
  const scorer = { ...options.scorer, ...loaded };
  // A subject that was seen at a time to come would be late ever after.
  const latestMs = changedMs + LINE_FUTURE_MS_MAX;
  const replay = openReplay({ ...options, scorer, parser, latestMs });
  await readFileLines({
    path,
    lineBytesMax: parser.lineBytesMax,
    ...(signal === undefined ? {} : { signal }),
    onLine: (line, position, lineNumber) => replay.take(line, position, lineNumber),
    onRefused: (_reason, _position, lineNumber) => replay.skip(lineNumber),
  });
  return replay.summary(performance.now() - startMs);
}

async function unknownFormat(source: string): Promise<string> {
  const { nearestKey } = await import("@ostraka/host");
  const name = JSON.stringify(source.slice(0, 64));
  const names = formatNames();
  const near = nearestKey(source, names);
  return `no log format ${name}: did you mean ${near}? Give auto, or one of ${names.join(", ")}`;
}

export interface Replay {
  /**
   * @param position the line's identity; a line of known position bets nothing
   * @param lineNumber from 1, rising
   */
  take(line: Uint8Array | string, position: string, lineNumber: number): void;
  /** Counts a line that could not be given to the parser. */
  skip(lineNumber: number): void;
  summary(tookMs: number): ReplaySummary;
}

/** Opens a replay of lines that come from anywhere, in order. */
export function openReplay(options: ReplayOptions): Replay {
  return new LogReplay(options);
}

class LogReplay implements Replay, ScorerOutput {
  readonly #parser: LineParser;
  readonly #onRecord: (record: ReplayRecord) => void;
  readonly #scorer: Scorer;
  readonly #lines: ReturnType<typeof linesOf>;
  readonly #leases = new Map<SubjectText, Lease>();
  #line = 0;
  #parsed = 0;
  readonly #latestMs: number;
  #ahead = 0;
  #counts = { signal: 0, lease: 0, refused: 0 };

  constructor(options: ReplayOptions) {
    this.#parser = options.parser;
    this.#onRecord = options.onRecord;
    this.#latestMs = options.latestMs ?? Number.POSITIVE_INFINITY;
    const policy = options.policy ?? DEFAULT_SCORER_POLICY;
    this.#lines = linesOf(policy);
    this.#scorer = openScorer({
      ...options.scorer,
      policy,
      maxSubjects: SUBJECTS_MAX,
      ...(options.isExempt === undefined ? {} : { isExempt: options.isExempt }),
    });
  }

  take(line: Uint8Array | string, position: string, lineNumber: number): void {
    this.#line = lineNumber;
    const { event, events } = this.#parser.parse(line, position);
    if (event === undefined && events === undefined) return;
    this.#parsed++;
    if (event !== undefined) this.#take(event);
    for (const each of events ?? []) this.#take(each);
  }

  #take(event: Event): void {
    if (event.timeMs > this.#latestMs) {
      this.#ahead++;
      return;
    }
    // Judged BEFORE the scorer sees it: a lease stops what comes after what earned it.
    this.#judge(event);
    this.#scorer.step({ type: "event", event }, this);
  }

  skip(lineNumber: number): void {
    this.#line = lineNumber;
  }

  lease(lease: Lease): void {
    if (this.#leases.size >= LEASES_MAX) this.#dropEnded(lease.fromMs);
    // What earned the lease explains a refusal; a renewal only prolongs it.
    const held = lease.isRenewal ? this.#leases.get(lease.subject) : undefined;
    this.#leases.set(lease.subject, held ? { ...held, untilMs: lease.untilMs } : lease);
    this.#record({
      kind: "lease",
      ...this.#leaseFields(lease, lease.fromMs),
      isRenewal: lease.isRenewal,
    });
  }

  signal(signal: Signal): void {
    const { subject, levelMdb, evidenceMdb, evidenceKind, reasons } = signal;
    const at = { time: toIso(signal.timeMs), line: this.#line };
    const lineMdb = this.#lines[evidenceKind].signalMdb;
    const worth = { levelMdb, lineMdb, evidenceKind, reasons, evidenceMdb };
    this.#record({ kind: "signal", ...at, subject, ...worth });
  }

  summary(tookMs: number): ReplaySummary {
    const { events, subjects } = this.#scorer.counts();
    return {
      kind: "summary",
      lines: this.#line,
      parsed: this.#parsed,
      events,
      subjects,
      signals: this.#counts.signal,
      leases: this.#counts.lease,
      refused: this.#counts.refused,
      ahead: this.#ahead,
      linesPerSecond: Math.round((this.#line * 1000) / Math.max(tookMs, 0.001)),
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
    const { subject, levelMdb, evidenceKind, stage, reasons } = lease;
    const at = { time: toIso(timeMs), line: this.#line, until: toIso(lease.untilMs) };
    const lineMdb = this.#lines[evidenceKind].leaseMdb;
    return { ...at, subject, levelMdb, lineMdb, evidenceKind, stage, reasons };
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
