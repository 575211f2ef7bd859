// How the journals are, this coordinator's own copy of them, and the way in for an order to repair
// one. The copy holds personal fields: see the access rules for who may read it.

import { orderedKey } from "@ostraka/agents/kernel";
import {
  type Bytes,
  type Envelope,
  LEDGERS,
  type LedgerId,
  LIMITS,
  ledgerLetter,
  OstrakaError,
  type RejectCode,
} from "@ostraka/proto";
import { type JournalService, Outcome } from "@ostraka/proto/gen/admin";
import type { CoordinatorRuntime } from "../runtime.ts";
import type { Handlers } from "./grpc-service.ts";
import { cursorOf, pageSizeOf, pageToken } from "./page-token.ts";
import { indexNumber, ledgerOf } from "./read-barrier.ts";

/** What a desk for repairs knows of one journal besides where it stands. */
export interface RepairState {
  readonly snapshotPosition?: number;
  readonly scrubbedPosition?: number;
  readonly scrubbedMs?: number;
  /** Generation to be opened; 0 = none is on its way. */
  readonly repairGeneration?: number;
  /** Coordinators that have promised it, by name. */
  readonly promised?: readonly string[];
  readonly notes?: readonly string[];
}

/** Who repairs journals: set on the runtime where this coordinator can. */
export interface RepairDesk {
  stateOf(ledger: LedgerId): RepairState;
  /** Takes operators' order. @returns why not, or `undefined` once it is durable here. */
  takeOrder(order: Envelope): Promise<RejectCode | undefined>;
}

export function journalHandlers(runtime: CoordinatorRuntime): Handlers<typeof JournalService> {
  const { crypto, genesis, config } = runtime.parts;
  return {
    getStatus: async () => ({ journals: LEDGERS.map((ledger) => statusOf(runtime, ledger)) }),
    listMessages: async ({ ledger: wanted, fromPosition, pageSize, pageToken: token }) => {
      const ledger = ledgerOf(wanted);
      const scope = `journal-${ledgerLetter(ledger)}`;
      const cursor = cursorOf(genesis.mesh, scope, token);
      const first = cursor === undefined ? indexNumber(fromPosition) : Number(cursor);
      const countMax = pageSizeOf(pageSize, LIMITS.pageRecordsMax);
      const { messages, next } = readMessages(runtime, ledger, first, countMax);
      const nextPageToken = next === undefined ? "" : pageToken(genesis.mesh, scope, String(next));
      return { messages, nextPageToken };
    },
    submitRepair: async ({ order }) => {
      if (order === undefined) {
        throw new OstrakaError("OSTRAKA_USAGE", "a repair carries an order: none came");
      }
      const desk = runtime.repairs;
      if (desk === undefined) {
        const why = `${config.name} cannot repair journals: ask a coordinator of a newer release`;
        throw new OstrakaError("OSTRAKA_REFUSED", why);
      }
      const id = crypto.sha256(order.body);
      const code = await desk.takeOrder(order);
      return code === undefined
        ? { outcome: Outcome.OK, id }
        : { outcome: Outcome.REFUSED, id, code };
    },
  };
}

function statusOf(runtime: CoordinatorRuntime, ledger: LedgerId) {
  const { point, damage } = runtime.node.status(ledger);
  const more = runtime.repairs?.stateOf(ledger) ?? {};
  const prefix = prefixOf(ledger);
  const [first] = runtime.parts.store.scan(prefix, prefix, 1);
  return {
    ledger,
    generation: point.generation,
    position: BigInt(point.position),
    chainHash: point.chainHash,
    firstPosition: BigInt(first === undefined ? 0 : positionOf(first[0])),
    snapshotPosition: BigInt(more.snapshotPosition ?? 0),
    damage: damage ?? "",
    scrubbedPosition: BigInt(more.scrubbedPosition ?? 0),
    scrubbedMs: BigInt(more.scrubbedMs ?? 0),
    repairGeneration: more.repairGeneration ?? 0,
    promised: [...(more.promised ?? [])],
    notes: [...(more.notes ?? [])],
  };
}

function readMessages(
  runtime: CoordinatorRuntime,
  ledger: LedgerId,
  first: number,
  countMax: number,
) {
  const prefix = prefixOf(ledger);
  const messages: { position: bigint; message: Bytes }[] = [];
  let size = 0;
  const rows = runtime.parts.store.scan(prefix, prefix + orderedKey(first), countMax + 1);
  for (const [key, message] of rows) {
    const position = positionOf(key);
    size += message.length;
    // One always fits, so asking again always gets on.
    const isFull = messages.length >= countMax || size > LIMITS.pageBytesMax;
    if (isFull && messages.length > 0) return { messages, next: position };
    messages.push({ position: BigInt(position), message });
  }
  return { messages, next: undefined };
}

function prefixOf(ledger: LedgerId): string {
  return `journal/${ledgerLetter(ledger)}/`;
}

function positionOf(key: string): number {
  return Number(key.slice(-16));
}
