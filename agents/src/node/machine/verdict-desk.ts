// What the control machine does around the verdicts of people: before one, who may not be locked
// out; after one, its widening, its halt and its coverage; in between, probes. Wires the agents to
// the machine; effects are entered by the machine.

import {
  type Crypto,
  type Entry,
  type Envelope,
  type EnvelopeKind,
  hex,
  isReject,
  type Reject,
  reject,
  type SubjectText,
} from "@ostraka/proto";
import { CoverageBook } from "../../coverage/index.ts";
import { CutOffs } from "../../governor/index.ts";
import {
  type ActiveSet,
  type BinaryReader,
  type BinaryWriter,
  doesCutOff,
  lockoutOf,
  type MeshView,
  type OpenedProposal,
} from "../../kernel/index.ts";
import type { Effect } from "../../ledger/index.ts";
import { ProbeBook } from "../../liveness/index.ts";
import { ReportBook } from "../../reports/index.ts";
import { WideningBook } from "../../widening/index.ts";

/** Kinds of coordinators' statements that this desk takes. */
const STATEMENT_KINDS = ["report", "coverage", "probe"] as const satisfies readonly EnvelopeKind[];
export type StatementKind = (typeof STATEMENT_KINDS)[number];

export function isStatement(kind: EnvelopeKind): kind is StatementKind {
  return (STATEMENT_KINDS as readonly EnvelopeKind[]).includes(kind);
}

export class VerdictDesk {
  readonly reports: ReportBook;
  readonly widening = new WideningBook();
  readonly probes: ProbeBook;
  readonly #coverage: CoverageBook;
  readonly #cutOffs = new CutOffs();

  constructor(crypto: Crypto) {
    this.reports = new ReportBook(crypto);
    this.probes = new ProbeBook(crypto);
    this.#coverage = new CoverageBook(crypto);
  }

  /** An entry was made. @param subject whom a verdict is about. */
  entered({ effect, index, machineTimeMs }: Entry, subject: SubjectText | undefined): void {
    if (effect.case !== "revocation" && effect.case !== "lift") return;
    this.#coverage.enter(effect.value.id, Number(index));
    if (effect.case === "lift") return;
    this.widening.enter(effect.value, Number(index), Number(machineTimeMs));
    if (subject !== undefined && doesCutOff(effect.value)) {
      this.#cutOffs.enter(hex(effect.value.id), subject);
    }
  }

  /** Why a proposal may not become a verdict now: whom it would lock out. */
  lockout(view: MeshView, { proposal, policy, subject }: OpenedProposal, active: ActiveSet) {
    const { wish } = proposal;
    if (view.machineVersion < 2 || wish.case !== "revoke" || !doesCutOff(wish.value)) {
      return undefined;
    }
    const locked = lockoutOf(view, policy, this.#cutOffs.subjects(active), subject);
    return locked && reject(locked);
  }

  /** Takes a coordinator's statement. @returns the effect to enter, if it makes one. */
  take(
    view: MeshView,
    kind: StatementKind,
    envelope: Envelope,
    nowMs: number,
  ): Effect | Reject | undefined {
    switch (kind) {
      case "report":
        return this.reports.take(view, envelope, nowMs);
      case "coverage": {
        const coverage = this.#coverage.take(view, envelope, nowMs);
        if (coverage === undefined || isReject(coverage)) return coverage;
        return { case: "coverage", value: coverage };
      }
      case "probe": {
        const probe = this.probes.take(view, envelope, nowMs);
        return isReject(probe) ? probe : { case: "probe", value: probe };
      }
    }
  }

  /** What machine time brings: widenings that must halt. */
  halts(view: MeshView, nowMs: number): Effect[] {
    const reportOf = (value: Uint8Array) =>
      this.reports.majority(view, { case: "verdictId", value });
    return this.widening.halts(reportOf, nowMs).map(({ verdictId, permille, why, report }) => ({
      case: "halt",
      value: { verdictId, permille, why, reports: [...report.reports] },
    }));
  }

  expire(active: ActiveSet, nowMs: number): void {
    this.reports.expire(nowMs);
    this.widening.expire(active, nowMs);
    this.#cutOffs.expire(active);
  }

  save(w: BinaryWriter): void {
    for (const agent of this.#agents()) agent.save(w);
  }

  load(r: BinaryReader): void {
    for (const agent of this.#agents()) agent.load(r);
  }

  #agents() {
    return [this.reports, this.widening, this.probes, this.#coverage, this.#cutOffs];
  }
}
