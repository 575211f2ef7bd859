// Reads ledgers and open proposals out of the own store and machine, and proves what it shows.
// Shows nothing above the latest sealed head: what lies there is tentative.

import { claimedReceipts, commandHash } from "@ostraka/agents/node";
import { hex, LIMITS, ledgerLetter, OstrakaError } from "@ostraka/proto";
import type { LedgerService } from "@ostraka/proto/gen/admin";
import { feedEntries } from "./entry-feed.ts";
import type { Handlers } from "./grpc-service.ts";
import { cursorOf, pageSizeOf, pageToken } from "./page-token.ts";
import { indexNumber, ledgerOf, waitFor, waitForEntry } from "./read-barrier.ts";
import type { SealedReader } from "./sealed-reader.ts";

export function ledgerHandlers(reader: SealedReader): Handlers<typeof LedgerService> {
  const { runtime } = reader;
  const { mesh } = runtime.parts.genesis;
  return {
    listEntries: async (request, context) => {
      const ledger = ledgerOf(request.ledger);
      const to = request.toIndex === 0n ? Number.MAX_SAFE_INTEGER : indexNumber(request.toIndex);
      const scope = `entries-${ledgerLetter(ledger)}-${to}`;
      const cursor = cursorOf(mesh, scope, request.pageToken);
      await waitFor(reader, request.minIndex, context);
      const from = cursor === undefined ? indexNumber(request.fromIndex) : Number(cursor);
      const first = Math.max(1, from);
      // A page that ends below its own head would be the last one: never an empty one there.
      const isUnderHead = first <= Math.min(to, reader.sealedIndexOf(ledger));
      if (isUnderHead) await waitForEntry(reader, ledger, first, context);
      const head = reader.sealedHead(ledger);
      if (head === undefined) return { records: [] };
      const countMax = pageSizeOf(request.pageSize, LIMITS.pageRecordsMax);
      const page = reader.page(ledger, first, to, countMax);
      const next = (page.at(-1)?.index ?? 0) + 1;
      const hasMore = page.length > 0 && next <= Math.min(to, reader.indexOf(ledger));
      return {
        records: page.map(({ record }) => record),
        head,
        nextPageToken: hasMore ? pageToken(mesh, scope, String(next)) : "",
      };
    },
    watchEntries: async function* ({ ledger: wanted, resumeAfter, minIndex }, context) {
      const ledger = ledgerOf(wanted);
      await waitFor(reader, minIndex, context);
      await waitFor(reader, resumeAfter, context);
      const from = resumeAfter ?? { control: 0n, signals: 0n };
      for await (const { fed, at } of feedEntries(reader, from, context.signal, [ledger])) {
        yield fed === undefined
          ? { item: { case: "synced", value: { machineTimeMs: reader.machineTimeMs() } }, at }
          : { item: { case: "record", value: fed.record }, at };
      }
    },
    prove: async ({ ledger: wanted, index, fromIndex, minIndex }, context) => {
      const ledger = ledgerOf(wanted);
      const at = indexNumber(index);
      await waitFor(reader, minIndex, context);
      await waitForEntry(reader, ledger, at, context);
      const record = reader.record(ledger, at);
      if (record === undefined) {
        const why = `${ledgerLetter(ledger)}:${at} is no entry: entries are counted from 1`;
        throw new OstrakaError("OSTRAKA_NOT_FOUND", why);
      }
      const { head, path } = reader.inclusion(ledger, at);
      if (head === undefined) throw behindItsHead(reader);
      const consistency = reader.consistency(ledger, indexNumber(fromIndex));
      return { record, head, inclusion: path, consistency };
    },
    getSealedHead: async ({ ledger, minIndex }, context) => {
      const wanted = ledgerOf(ledger);
      await waitFor(reader, minIndex, context);
      const head = reader.sealedHead(wanted);
      return head === undefined ? {} : { head };
    },
    getProposal: async ({ id }) => {
      const { people, mesh: known } = runtime.node.control;
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
        roster: known.roster.document,
      };
    },
    listClaimedReceipts: async ({ receiptsRoot, from, pageSize }) => {
      const most = pageSizeOf(pageSize, LIMITS.pageRecordsMax);
      const claimed = claimedReceipts(runtime.parts.store, receiptsRoot, from, most);
      return { receipts: [...claimed.receipts], count: claimed.count };
    },
  };
}

function behindItsHead({ runtime }: SealedReader): OstrakaError {
  const { name } = runtime.parts.config;
  const why = `${name} has not applied yet what the others have sealed: ask another, or again soon`;
  return new OstrakaError("OSTRAKA_BEHIND", why);
}
