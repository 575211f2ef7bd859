// The read barrier: a read that names indices waits until this replica has sealed that far, or says
// in time that it has not. Reads are local (DESIGN.md 9); this is what makes one follow a write.

import { LEDGERS, Ledger, type LedgerId, OstrakaError } from "@ostraka/proto";
import type { CallContext } from "./grpc-service.ts";
import type { Place, SealedReader } from "./sealed-reader.ts";

/** Without a deadline of the caller, and at most. */
const WAIT_MS_MAX = 10_000;
/** What is left of the caller's deadline to carry the answer back. */
const ANSWER_MS = 100;

/**
 * Waits until what is asked for can be read here.
 * @throws OstrakaError OSTRAKA_BEHIND when the time is up first.
 */
export async function waitFor(
  reader: SealedReader,
  wanted: Place | undefined,
  context: Pick<CallContext, "remainingMs" | "signal">,
): Promise<void> {
  if (wanted === undefined || isFresh(reader.place(), wanted)) return;
  const waitMs = Math.min(context.remainingMs - ANSWER_MS, WAIT_MS_MAX);
  const untilMs = performance.now() + waitMs;
  while (!context.signal.aborted) {
    const leftMs = untilMs - performance.now();
    if (leftMs <= 0) break;
    await reader.changed(context.signal, leftMs);
    if (isFresh(reader.place(), wanted)) return;
  }
  const { name } = reader.runtime.parts.config;
  throw new OstrakaError(
    "OSTRAKA_BEHIND",
    `${name} has sealed ${placeText(reader.place())}, you asked for ${placeText(wanted)}: ` +
      "ask another coordinator, or this one again with a later deadline",
  );
}

/**
 * Waits until the own machine has an entry that the others have sealed already: it may be behind
 * them, as one that starts, goes back or catches up.
 * @throws OstrakaError OSTRAKA_BEHIND when the time is up first.
 */
export async function waitForEntry(
  reader: SealedReader,
  ledger: LedgerId,
  index: number,
  context: Pick<CallContext, "remainingMs" | "signal">,
): Promise<void> {
  const wanted = { control: 0n, signals: 0n };
  if (ledger === Ledger.CONTROL) wanted.control = BigInt(index);
  else wanted.signals = BigInt(index);
  await waitFor(reader, wanted, context);
}

function isFresh(have: Place, wanted: Place): boolean {
  return have.control >= wanted.control && have.signals >= wanted.signals;
}

export function placeText({ control, signals }: Place): string {
  return `c:${control} s:${signals}`;
}

/** @throws OstrakaError OSTRAKA_USAGE when no ledger is named. */
export function ledgerOf(wanted: Ledger): LedgerId {
  const ledger = LEDGERS.find((known: Ledger) => known === wanted);
  if (ledger !== undefined) return ledger;
  throw new OstrakaError("OSTRAKA_USAGE", "name a ledger: LEDGER_CONTROL or LEDGER_SIGNALS");
}

/** An index as a number that the store can look up; what is past every index is past it there. */
export function indexNumber(index: bigint): number {
  return index > MAX_SAFE ? Number.MAX_SAFE_INTEGER : Number(index);
}

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);
