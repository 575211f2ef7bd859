// Reads ledgers and open proposals out of the own store and machine. Shows nothing above the
// latest sealed head: what lies there is tentative.

import { orderedKey } from "@ostraka/agents/kernel";
import { commandHash } from "@ostraka/agents/node";
import {
  decode,
  type EntryRecord,
  EntryRecordSchema,
  hex,
  LEDGERS,
  type Ledger,
  type LedgerId,
  LIMITS,
  ledgerLetter,
  OstrakaError,
} from "@ostraka/proto";
import type { LedgerService } from "@ostraka/proto/gen/admin";
import type { CoordinatorRuntime } from "../runtime.ts";
import type { Handlers } from "./grpc-service.ts";

const PAGE_SIZE_DEFAULT = 100;

export function ledgerHandlers(runtime: CoordinatorRuntime): Handlers<typeof LedgerService> {
  const sealedOf = (ledger: LedgerId) => runtime.node.status(ledger).sealed;
  return {
    listEntries: async ({ ledger: wanted, fromIndex, pageSize }) => {
      const ledger = ledgerOf(wanted);
      const sealed = sealedOf(ledger);
      if (sealed === undefined) return { records: [] };
      const countMax = Math.min(pageSize || PAGE_SIZE_DEFAULT, LIMITS.pageRecordsMax);
      const first = fromIndex < 1n ? 1n : fromIndex;
      const records =
        first > sealed.head.index
          ? []
          : readRecords(runtime, ledger, Number(first), Number(sealed.head.index), countMax);
      return { records, head: sealed.sealed };
    },
    getSealedHead: async ({ ledger }) => {
      const sealed = sealedOf(ledgerOf(ledger));
      return sealed === undefined ? {} : { head: sealed.sealed };
    },
    getProposal: async ({ id }) => {
      const { people, mesh } = runtime.node.control;
      const found = id.length === 32 ? people.find(id) : undefined;
      if (found === undefined) {
        throw new OstrakaError(
          "OSTRAKA_NOT_FOUND",
          `no open proposal ${hex(id.subarray(0, 32))}: it may have lapsed, or its id is mistyped`,
        );
      }
      const { envelope, part, approvals } = found;
      const entered = runtime.node.control.outcomeOf(commandHash(runtime.parts.crypto, envelope));
      return {
        proposal: envelope,
        private: part,
        approvals: [...approvals],
        index: BigInt(entered?.index ?? 0),
        roster: mesh.roster.document,
      };
    },
  };
}

/** @throws OstrakaError OSTRAKA_USAGE when no ledger is named. */
function ledgerOf(wanted: Ledger): LedgerId {
  const ledger = LEDGERS.find((known: Ledger) => known === wanted);
  if (ledger !== undefined) return ledger;
  throw new OstrakaError("OSTRAKA_USAGE", "name a ledger: LEDGER_CONTROL or LEDGER_SIGNALS");
}

function readRecords(
  runtime: CoordinatorRuntime,
  ledger: LedgerId,
  first: number,
  last: number,
  countMax: number,
): EntryRecord[] {
  const prefix = `record/${ledgerLetter(ledger)}/`;
  const records: EntryRecord[] = [];
  let size = 0;
  const rows = Math.min(countMax, last - first + 1);
  for (const [, bytes] of runtime.parts.store.scan(prefix, prefix + orderedKey(first), rows)) {
    size += bytes.length;
    // One record always fits, so asking again always gets on.
    if (records.length > 0 && size > LIMITS.pageBytesMax) break;
    const record = decode(EntryRecordSchema, bytes, LIMITS.messageBytesMax);
    if (record === undefined) {
      throw new OstrakaError(
        "OSTRAKA_STORE",
        `the store of ${runtime.parts.config.name} is damaged`,
      );
    }
    records.push(record);
  }
  return records;
}
