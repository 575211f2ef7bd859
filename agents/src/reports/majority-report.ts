// Opening coordinators' reports and what a majority of them says. Used by the machine when it acts
// on reports and by every sidecar when it verifies what came of them (I1). No single coordinator's
// word moves a number (I2).

import {
  type Bytes,
  type Crypto,
  decode,
  type Envelope,
  equalBytes,
  hex,
  isReject,
  LIMITS,
  openEnvelope,
  type Reject,
  type Report,
  ReportSchema,
  reject,
} from "@ostraka/proto";
import { checkNotAfter, FORMAT, isTime, type MeshView, majorityOf } from "../kernel/index.ts";

/** What a report counts: hosts that have prepared an epoch, or that enforce a verdict. */
export type ReportAbout =
  | { readonly case: "epoch"; readonly value: number }
  | { readonly case: "verdictId"; readonly value: Bytes };

export interface OpenedReport {
  readonly envelope: Envelope;
  readonly coordinatorKey: Bytes;
  readonly about: ReportAbout;
  readonly timeMs: number;
  readonly notAfterMs: number;
  readonly hosts: number;
  readonly ready: number;
  readonly errors: number;
  /** Revocations under an epoch, and lifts of those; 0 of a verdict. */
  readonly revocations: number;
  readonly lifts: number;
}

/** Numbers that a majority of all coordinators stands behind. */
export interface MajorityReport {
  readonly hosts: number;
  readonly ready: number;
  /** Hosts that are not ready, and of a thousand those that are: each within one report. */
  readonly missing: number;
  readonly readyPermille: number;
  readonly errors: number;
  readonly revocations: number;
  readonly lifts: number;
  /** The newest report of each coordinator that has one, sorted by its key. */
  readonly reports: readonly Envelope[];
}

/** `epoch/7` or `verdict/` and the id in hex. */
export function aboutText(about: ReportAbout): string {
  return about.case === "epoch" ? `epoch/${about.value}` : `verdict/${hex(about.value)}`;
}

/** Opens a report at the machine time at which it was or would be taken. */
export function openReport(
  crypto: Crypto,
  view: MeshView,
  envelope: Envelope | undefined,
  machineTimeMs: number,
): OpenedReport | Reject {
  const opened = openEnvelope(crypto, view.mesh, "report", envelope, view.findHolder);
  if (isReject(opened)) return opened;
  const report = readReport(envelope as Envelope);
  if (isReject(report)) return report;
  const late = checkNotAfter(BigInt(report.notAfterMs), machineTimeMs);
  if (late !== undefined) return late;
  return report.timeMs > machineTimeMs + LIMITS.signalAheadMsMax ? reject("clock-off") : report;
}

/** Reads a report whose signature has been checked before. */
export function readReport(envelope: Envelope): OpenedReport | Reject {
  const report = decode(ReportSchema, envelope.body, LIMITS.envelopeBodyBytesMax);
  if (report === undefined) return MALFORMED;
  if (report.format !== FORMAT) return reject("unsupported-format");
  const about = aboutOf(report);
  const [signature, another] = envelope.signatures;
  const isOwn = signature !== undefined && equalBytes(report.coordinatorKey, signature.key);
  if (!isOwn || another !== undefined || about === undefined) return MALFORMED;
  const { hosts, ready, errors, timeMs, notAfterMs, coordinatorKey } = report;
  const isSound = hosts <= LIMITS.hostsMax && ready <= hosts && report.receiptsRoot.length === 32;
  if (!isSound || !isTime(timeMs) || !isTime(notAfterMs)) return MALFORMED;
  const times = { timeMs: Number(timeMs), notAfterMs: Number(notAfterMs) };
  const { revocations, lifts } = report;
  const counts = { hosts, ready, errors, revocations, lifts };
  return { envelope, coordinatorKey, about, ...times, ...counts };
}

const MALFORMED = reject("malformed");

function aboutOf({ about }: Report): ReportAbout | undefined {
  if (about.case === "epoch") return about.value > 0 ? about : undefined;
  return about.case === "verdictId" && about.value.length === 32 ? about : undefined;
}

/**
 * What a majority of the roster's coordinators says; `undefined` while fewer have reported. Each
 * number is the largest that a majority says it reaches: with all reports there and an odd roster
 * that is the median, and with some missing one coordinator still moves nothing by itself. A share
 * is taken within each report: hosts of one and ready of another would be nobody's word. Who was
 * proven to lie is not asked.
 * @param reports opened, one a coordinator at most, all about one thing.
 */
export function majorityReport(
  view: MeshView,
  reports: readonly OpenedReport[],
): MajorityReport | undefined {
  const coordinators = view.coordinatorKeys();
  const byKey = new Map(reports.map((report) => [hex(report.coordinatorKey), report]));
  const honest = coordinators.filter((key) => view.convictedAt(key) === undefined);
  const counted = honest.flatMap((key) => byKey.get(hex(key)) ?? []);
  const majority = majorityOf(coordinators.length);
  if (counted.length < majority) return undefined;
  const saidByMajority = (numbers: readonly number[]) =>
    [...numbers].sort((a, b) => b - a)[majority - 1] as number;
  return {
    hosts: saidByMajority(counted.map((r) => r.hosts)),
    ready: saidByMajority(counted.map((r) => r.ready)),
    missing: saidByMajority(counted.map((r) => r.hosts - r.ready)),
    readyPermille: saidByMajority(counted.map(permilleOf)),
    errors: saidByMajority(counted.map((r) => r.errors)),
    revocations: saidByMajority(counted.map((r) => r.revocations)),
    lifts: saidByMajority(counted.map((r) => r.lifts)),
    reports: counted.sort(byCoordinator).map((r) => r.envelope),
  };
}

/** None of nobody is ready. */
function permilleOf({ hosts, ready }: OpenedReport): number {
  return hosts === 0 ? 0 : Math.floor((ready * 1_000) / hosts);
}

function byCoordinator(a: OpenedReport, b: OpenedReport): number {
  return hex(a.coordinatorKey) < hex(b.coordinatorKey) ? -1 : 1;
}

/**
 * Reads again what an entry was made of: reports sorted by coordinator, each once, all about the
 * same, none lapsed at the entry's machine time. `warrant-short` for fewer than a majority's.
 */
export function checkReports(
  crypto: Crypto,
  view: MeshView,
  about: ReportAbout,
  envelopes: readonly Envelope[],
  machineTimeMs: number,
): MajorityReport | Reject {
  if (envelopes.length > LIMITS.signaturesMax) return reject("too-large");
  const opened: OpenedReport[] = [];
  for (const envelope of envelopes) {
    const report = openReport(crypto, view, envelope, machineTimeMs);
    if (isReject(report)) return report;
    if (aboutText(report.about) !== aboutText(about)) return reject("body-differs");
    const previous = opened.at(-1);
    if (previous !== undefined && byCoordinator(previous, report) >= 0) return reject("duplicate");
    opened.push(report);
  }
  return majorityReport(view, opened) ?? reject("warrant-short");
}
