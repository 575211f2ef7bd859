// Makes a coordinator's reports while a rollout or a widening runs: what its hosts' receipts say of
// it. Never decides: a majority's reports do, in the machine.

import { type Bytes, type Crypto, encodeNew, hex, LIMITS, ReportSchema } from "@ostraka/proto";
import { type MeshView, permilleAt, shareOf } from "../../kernel/index.ts";
import type { CoverageDesk } from "./coverage-desk.ts";
import type { EpochCounts } from "./epoch-counts.ts";
import type { ReceiptBook } from "./receipt-book.ts";
import { countReceipts, receiptsRoot } from "./receipts-root.ts";

export interface ReportDeskParts {
  readonly crypto: Crypto;
  readonly publicKey: Bytes;
  readonly receipts: ReceiptBook;
  readonly coverage: CoverageDesk;
  readonly counts: EpochCounts;
}

/** What is to be reported on. */
export interface ReportedThings {
  /** Epoch of the rollout that runs. */
  readonly epoch: number | undefined;
  /** Verdicts that widen. */
  readonly verdictIds: readonly Bytes[];
}

export interface MadeReport {
  readonly body: Bytes;
  readonly messageId: string;
}

const REPORT_EVERY_MS = 3 * LIMITS.tickMs;
/** A coordinator that is gone is not counted for longer. */
const REPORT_GOOD_MS = 30_000;

export class ReportDesk {
  readonly #o: ReportDeskParts;
  #madeMs = 0;

  constructor(parts: ReportDeskParts) {
    this.#o = parts;
  }

  /** Reports that are due; asked at each tick. */
  reports(view: MeshView, things: ReportedThings, machineTimeMs: number, wallMs: number) {
    // Also when the own clock was set back: nobody waits for it to catch up.
    if (Math.abs(wallMs - this.#madeMs) < REPORT_EVERY_MS) return [];
    this.#madeMs = wallMs;
    return [
      ...(things.epoch === undefined ? [] : [this.#ofEpoch(view, things.epoch, wallMs)]),
      ...things.verdictIds
        .slice(0, LIMITS.claimsPerTickMax)
        .flatMap((id) => this.#ofVerdict(view, id, machineTimeMs, wallMs) ?? []),
    ];
  }

  #ofEpoch(view: MeshView, epoch: number, wallMs: number): MadeReport {
    const hosts = [...view.hosts()].sort((a, b) => (hex(a.key) < hex(b.key) ? -1 : 1));
    const taken = hosts.flatMap((host) => this.#o.receipts.of(host.key) ?? []);
    const ready = taken.filter(({ receipt }) => receipt.preparedEpoch >= epoch);
    // Hosts, each once: what one host claims of itself must not take a policy back (I2).
    const errors = taken.filter(({ receipt }) => hasErrors(receipt)).length;
    return this.#made(wallMs, `epoch/${epoch}`, {
      about: { case: "epoch", value: epoch },
      hosts: hosts.length,
      ready: ready.length,
      errors,
      receiptsRoot: receiptsRoot(this.#o.crypto, ready),
      ...this.#o.counts.of(epoch),
    });
  }

  /** Of the hosts that a widening has reached by now. */
  #ofVerdict(
    view: MeshView,
    id: Bytes,
    machineTimeMs: number,
    wallMs: number,
  ): MadeReport | undefined {
    const { crypto, receipts, coverage } = this.#o;
    const verdict = coverage.find(id);
    if (verdict === undefined) return undefined;
    const permille = permilleAt(verdict.widening, machineTimeMs - verdict.enteredMs);
    const { covered, missing, excepted } = countReceipts(
      view,
      receipts,
      verdict,
      (host) => shareOf(crypto, id, host.key) < permille,
    );
    return this.#made(wallMs, `verdict/${hex(id)}`, {
      about: { case: "verdictId", value: id },
      hosts: covered.length + missing.length,
      ready: covered.length,
      errors: excepted,
      receiptsRoot: receiptsRoot(crypto, covered),
    });
  }

  #made(wallMs: number, about: string, fields: object): MadeReport {
    const body = encodeNew(ReportSchema, {
      format: 1,
      coordinatorKey: this.#o.publicKey,
      timeMs: BigInt(wallMs),
      notAfterMs: BigInt(wallMs + REPORT_GOOD_MS),
      ...fields,
    });
    return { body, messageId: `report/${about}/${wallMs}` };
  }
}

function hasErrors(receipt: { readonly errors: number; readonly exceptions: readonly unknown[] }) {
  return receipt.errors > 0 || receipt.exceptions.length > 0;
}
