// What a coordinator does at each tick besides its ticks: reports on rollouts and widenings, claims
// of coverage, probes. All are statements on the control journal; what becomes of them is the
// machine's to say.

import {
  type Bytes,
  type Channels,
  type Crypto,
  type EnvelopeKind,
  encodeNew,
  hex,
  Ledger,
  type LedgerId,
  LIMITS,
  ProbeSchema,
} from "@ostraka/proto";
import { type MeshView, type Out, retentionOf, type Store } from "../../kernel/index.ts";
import type { ControlMachine } from "../machine/control-machine.ts";
import type { MachineStep } from "../machine/journal-machine.ts";
import type { CoordinatorEffect } from "./coordinator-io.ts";
import { CoverageDesk } from "./coverage-desk.ts";
import { pruneClaims } from "./coverage-rows.ts";
import { EpochCounts } from "./epoch-counts.ts";
import type { ReceiptBook } from "./receipt-book.ts";
import { ReportDesk } from "./report-desk.ts";

export interface DutyDeskParts {
  readonly crypto: Crypto;
  readonly store: Store;
  readonly channels: Channels;
  readonly publicKey: Bytes;
  readonly receipts: ReceiptBook;
  readonly control: ControlMachine;
  /** How often the mesh is probed; coordinators take turns. */
  readonly probeMs: number;
}

/** A probe as this coordinator has seen it entered. */
export interface EnteredProbe {
  readonly index: number;
  /** By the clock of the coordinator that sent it. */
  readonly sentMs: number;
  readonly enteredMs: number;
  /** Whether this coordinator sent it, so that `sentMs` is by its own clock. */
  readonly isOwn: boolean;
}

/** The first probe comes when a mesh has had time to start. */
const FIRST_PROBE_MS = 30_000;
/** A coordinator that does not take its turn is stood in for after this. */
const TURN_MS = 10 * LIMITS.tickMs;
const PROBE_GOOD_MS = 60_000;
const PRUNE_EVERY_MS = 3_600_000;

export class DutyDesk {
  readonly #o: DutyDeskParts;
  readonly #coverage: CoverageDesk;
  readonly #counts: EpochCounts;
  readonly #reports: ReportDesk;
  #firstProbeMs: number | undefined;
  #probedMs = 0;
  #prunedMs = 0;
  #lastProbe: EnteredProbe | undefined;

  constructor(parts: DutyDeskParts) {
    this.#o = parts;
    this.#coverage = new CoverageDesk(parts);
    this.#counts = new EpochCounts(parts.store);
    this.#reports = new ReportDesk({ ...parts, coverage: this.#coverage, counts: this.#counts });
  }

  /** How often the mesh is probed. */
  get probeMs(): number {
    return this.#o.probeMs;
  }

  /** The newest probe that was entered since this process began. */
  get lastProbe(): EnteredProbe | undefined {
    return this.#lastProbe;
  }

  open(): void {
    this.#coverage.open(this.#o.store);
  }

  /** Entries were made; takes up what follows from them. */
  onStep(ledger: LedgerId, { records }: MachineStep, out: Out<CoordinatorEffect>): void {
    const epoch = this.#o.control.mesh.rollouts.running?.order.epoch;
    for (const record of records) {
      out.persist.push(...this.#coverage.onRecord(ledger, record));
      if (epoch !== undefined) out.persist.push(...this.#counts.onRecord(epoch, record));
      const { effect, machineTimeMs } = record.entry;
      if (effect.case !== "probe") continue;
      const { coordinatorKey, timeMs } = effect.value;
      this.#lastProbe = {
        index: record.index,
        sentMs: Number(timeMs),
        enteredMs: Number(machineTimeMs),
        isOwn: hex(coordinatorKey) === hex(this.#o.publicKey),
      };
    }
  }

  /** Makes what is due. */
  onClock(wallMs: number, out: Out<CoordinatorEffect>): void {
    const { control } = this.#o;
    const { view } = control.mesh;
    const { machineTimeMs } = control.point;
    if (view.machineVersion < 2) return;
    const things = {
      epoch: control.mesh.rollouts.running?.order.epoch,
      verdictIds: control.desk.widening.ids(),
    };
    for (const made of this.#reports.reports(view, things, machineTimeMs, wallMs)) {
      this.#say("report", made, out);
    }
    // BEFORE the claims: what they name anew must not be deleted behind them.
    this.#prune(view, machineTimeMs, out);
    for (const made of this.#coverage.claims(view, machineTimeMs, wallMs)) {
      out.persist.push(...made.rows);
      this.#say("coverage", made, out);
    }
    out.persist.push(...this.#coverage.expire(machineTimeMs));
    this.#probe(view, machineTimeMs, wallMs, out);
  }

  #prune(view: MeshView, machineTimeMs: number, out: Out<CoordinatorEffect>): void {
    if (machineTimeMs - this.#prunedMs < PRUNE_EVERY_MS) return;
    this.#prunedMs = machineTimeMs;
    const { receiptsMs } = retentionOf(view);
    out.persist.push(...pruneClaims(this.#o.store, machineTimeMs - receiptsMs));
  }

  #probe(view: MeshView, machineTimeMs: number, wallMs: number, out: Out<CoordinatorEffect>): void {
    const { control, publicKey, probeMs } = this.#o;
    this.#firstProbeMs ??= machineTimeMs + FIRST_PROBE_MS;
    const { enteredMs } = control.desk.probes;
    const dueMs = enteredMs === 0 ? this.#firstProbeMs : enteredMs + probeMs;
    const keys = view.coordinatorKeys().map(hex).sort();
    const turn = Math.floor(machineTimeMs / probeMs) + keys.indexOf(hex(publicKey));
    if (machineTimeMs < dueMs + (turn % keys.length) * TURN_MS) return;
    // Also when the own clock was set back: nobody waits for it to catch up.
    if (Math.abs(wallMs - this.#probedMs) < TURN_MS) return;
    this.#probedMs = wallMs;
    const body = encodeNew(ProbeSchema, {
      format: 1,
      coordinatorKey: publicKey,
      timeMs: BigInt(wallMs),
      notAfterMs: BigInt(wallMs + PROBE_GOOD_MS),
    });
    this.#say("probe", { body, messageId: `probe/${wallMs}` }, out);
  }

  #say(
    kind: EnvelopeKind,
    { body, messageId }: { readonly body: Bytes; readonly messageId: string },
    out: Out<CoordinatorEffect>,
  ): void {
    const { channels, publicKey } = this.#o;
    const channel = channels.journal(Ledger.CONTROL, publicKey);
    out.seal.push({ kind, body, channel, messageId });
  }
}
