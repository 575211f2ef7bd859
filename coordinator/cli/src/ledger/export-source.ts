// Where an export's records come from: anything that has sealed heads and the records under them.
// Owns the order of asking: signals first, so that the control ledger asked next reaches what
// signals name.

import { setTimeout as delay } from "node:timers/promises";
import {
  type EntryRecord,
  LEDGERS,
  Ledger,
  type LedgerId,
  type MeshId,
  OstrakaError,
  type SealedHead,
} from "@ostraka/proto";
import { type ExportLine, writeLine } from "./export-lines.ts";
import { claimsOf } from "./head-claims.ts";

/** Longer than a coordinator that catches up takes on a busy machine. */
const CATCH_UP_TRIES = 100;
const CATCH_UP_MS = 100;

/** A ledger up to one sealed head. */
export interface SealedLedger {
  readonly sealed: SealedHead;
  /** Every record under the head, in order. */
  readonly records: readonly EntryRecord[];
}

export interface LedgerSource {
  /** In words, for messages: which coordinator, which store. */
  readonly name: string;
  /** @throws OstrakaError OSTRAKA_NOT_FOUND while nothing is sealed, OSTRAKA_UNREACHABLE. */
  read(ledger: LedgerId): Promise<SealedLedger>;
}

/**
 * Both ledgers, the control ledger reaching at least what the signals ledger names.
 * @throws OstrakaError OSTRAKA_UNREACHABLE when nobody has that much.
 */
export async function readBoth(source: LedgerSource): Promise<ReadonlyMap<LedgerId, SealedLedger>> {
  const signals = await source.read(Ledger.SIGNALS);
  const needed = claimsOf(signals.sealed)?.controlIndex ?? 0;
  let control = await source.read(Ledger.CONTROL);
  for (let tries = 1; control.records.length < needed; tries++) {
    if (tries > CATCH_UP_TRIES) {
      throw new OstrakaError(
        "OSTRAKA_UNREACHABLE",
        `${source.name} show the control ledger up to c:${control.records.length} only, and the ` +
          `signals ledger builds on c:${needed}: try again once more coordinators are back`,
      );
    }
    await delay(CATCH_UP_MS);
    control = await source.read(Ledger.CONTROL);
  }
  return new Map<LedgerId, SealedLedger>([
    [Ledger.CONTROL, control],
    [Ledger.SIGNALS, signals],
  ]);
}

/** Lines of an export, each with its line feed. */
export function* exportText(
  mesh: MeshId,
  ledgers: ReadonlyMap<LedgerId, SealedLedger>,
): Iterable<string> {
  const text = (line: ExportLine) => `${writeLine(line)}\n`;
  yield text({ kind: "header", mesh });
  for (const ledger of LEDGERS) {
    const { records, sealed } = ledgers.get(ledger) as SealedLedger;
    for (const [i, record] of records.entries()) {
      yield text({ kind: "entry", ledger, index: i + 1, record });
    }
    yield text({ kind: "head", ledger, sealed });
  }
}
