// What this coordinator says of each journal's health and repair, and the way of an order to its
// node. Reads only what the node and the feeds hold; decides nothing.

import { hex, type LedgerId, LIMITS, ledgerLetter, ledgerName, Role } from "@ostraka/proto";
import type { RepairDesk, RepairState } from "./api/journal-service.ts";
import { SCRUB_PERIOD_MS } from "./journal-scrub.ts";
import { isContradiction, keptNotes, stopText } from "./journal-words.ts";
import type { CoordinatorRuntime } from "./runtime.ts";

export function journalRepairs(runtime: CoordinatorRuntime): RepairDesk {
  return {
    stateOf: (ledger) => stateOf(runtime, ledger),
    takeOrder: (order) => runtime.submitOrder(order),
  };
}

function stateOf(runtime: CoordinatorRuntime, ledger: LedgerId): RepairState {
  const { node } = runtime;
  const { repair, snapshotPosition } = node.status(ledger);
  const { position, fullPass } = runtime.scrubOf(ledger);
  const { view } = node.control.mesh;
  const nameOf = (key: Uint8Array) => view.findHolder(key, [Role.COORDINATOR]) ?? hex(key);
  return {
    snapshotPosition: snapshotPosition ?? 0,
    scrubbedPosition: position,
    scrubbedMs: fullPass?.wallMs ?? 0,
    repairGeneration: repair?.order.generation ?? node.awaitedGeneration(ledger) ?? 0,
    promised: (repair?.promises ?? []).map(({ coordinatorKey }) => nameOf(coordinatorKey)),
    notes: notesOf(runtime, ledger),
  };
}

/** What is in the way of this journal, and the command that helps. */
export function notesOf(runtime: CoordinatorRuntime, ledger: LedgerId): string[] {
  const { obstacle, repair, stalled, ...more } = runtime.node.status(ledger);
  const command = `ostraka journal repair --ledger ${ledgerName(ledger)} --as OPERATOR`;
  const notes: string[] = [];
  if (stalled !== undefined) {
    const why = stopText(ledger, { damage: undefined, stalled });
    notes.push(
      `${ledgerName(ledger)}: ${why}; it goes on once a majority says the same, or with another ` +
        "release of ostraka",
    );
  }
  if (repair !== undefined) {
    const { order, promises, choice } = repair;
    const letter = ledgerLetter(ledger);
    const generation = `generation ${order.generation} of ${letter}`;
    notes.push(`${generation}: promised by ${promises.length} coordinators`);
    if (choice.kind === "short") notes.push(`${generation}: promises missing: ${choice.missing}`);
  }
  if (obstacle?.endsWith("order the generation after it") === true && repair !== undefined) {
    notes.push(`${obstacle}: ${command} --generation ${repair.order.generation + 1}`);
  } else if (obstacle !== undefined) {
    notes.push(
      isContradiction(obstacle)
        ? `${obstacle}; choose one with two operators: ${command} --keep HEAD --out FILE`
        : obstacle,
    );
  }
  const passedMs = runtime.scrubOf(ledger).fullPass?.monoMs ?? runtime.startedMonoMs;
  const sinceMs = runtime.parts.clock.monotonicMs() - passedMs;
  if (sinceMs > SCRUB_PERIOD_MS + LIMITS.heartbeatMs) {
    notes.push(`${ledgerName(ledger)}: no full comparison for ${Math.floor(sinceMs / 60_000)} min`);
  }
  return [...notes, ...keptNotes(runtime.parts.config.name, ledger, more)];
}
