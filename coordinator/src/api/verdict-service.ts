// Reads revocations and lifts, each with the entry that proves it. Owns no judgement: what is in
// force is what the own machine says at its machine time.

import {
  hex,
  LEDGERS,
  Ledger,
  type LedgerId,
  LIMITS,
  ledgerLetter,
  OstrakaError,
} from "@ostraka/proto";
import { type VerdictService, VerdictState } from "@ostraka/proto/gen/admin";
import { feedEntries } from "./entry-feed.ts";
import type { Handlers } from "./grpc-service.ts";
import { cursorOf, pageSizeOf, pageToken } from "./page-token.ts";
import { waitFor } from "./read-barrier.ts";
import type { FoundRecord, Place, SealedReader } from "./sealed-reader.ts";

const SCOPE = "verdicts-in-force";
/** The signals ledger first: a lift, which ends what is in either, stands in the control ledger. */
const SNAPSHOT_ORDER = [Ledger.SIGNALS, Ledger.CONTROL] as const;

export function verdictHandlers(reader: SealedReader): Handlers<typeof VerdictService> {
  return {
    list: async ({ pageSize, pageToken: token, minIndex }, context) => {
      const { mesh } = reader.runtime.parts.genesis;
      const after = placeOfCursor(cursorOf(mesh, SCOPE, token));
      await waitFor(reader, minIndex, context);
      const countMax = pageSizeOf(pageSize, LIMITS.pageRecordsMax);
      const { verdicts, next } = pageInForce(reader, after, countMax);
      const nextPageToken = next === undefined ? "" : pageToken(mesh, SCOPE, next);
      return { verdicts, nextPageToken, at: reader.place() };
    },
    get: async ({ id, minIndex }, context) => {
      await waitFor(reader, minIndex, context);
      return found(reader, id);
    },
    watch: async function* ({ minIndex, resumeAfter }, context) {
      await waitFor(reader, minIndex, context);
      await waitFor(reader, resumeAfter, context);
      const from = resumeAfter ?? reader.place();
      if (resumeAfter === undefined) yield* snapshot(reader, from);
      for await (const { fed, at } of feedEntries(reader, from, context.signal)) {
        const verdict = fed && recordOf(reader, fed);
        if (verdict !== undefined) yield { item: { case: "verdict" as const, value: verdict }, at };
        if (fed !== undefined) continue;
        const value = { machineTimeMs: reader.machineTimeMs() };
        yield { item: { case: "synced" as const, value }, at };
      }
    },
  };
}

/** What is in force up to a place; each says up to where a watch may be taken up again. */
function* snapshot(reader: SealedReader, top: Place) {
  let at: Place = { control: 0n, signals: 0n };
  for (const ledger of SNAPSHOT_ORDER) {
    const last = ledger === Ledger.CONTROL ? top.control : top.signals;
    for (const index of inForce(reader, ledger)) {
      if (index > Number(last)) break;
      at =
        ledger === Ledger.CONTROL
          ? { ...at, control: BigInt(index) }
          : { ...at, signals: BigInt(index) };
      const verdict = verdictAt(reader, ledger, index);
      if (verdict !== undefined) yield { item: { case: "verdict" as const, value: verdict }, at };
    }
    at = ledger === Ledger.CONTROL ? top : { ...at, signals: top.signals };
  }
}

function pageInForce(
  reader: SealedReader,
  after: { readonly ledger: LedgerId; readonly index: number } | undefined,
  countMax: number,
) {
  const verdicts: NonNullable<ReturnType<typeof verdictAt>>[] = [];
  let size = 0;
  let next: string | undefined;
  for (const ledger of LEDGERS) {
    if (after !== undefined && ledger < after.ledger) continue;
    for (const index of inForce(reader, ledger)) {
      if (after !== undefined && ledger === after.ledger && index <= after.index) continue;
      const verdict = verdictAt(reader, ledger, index);
      if (verdict === undefined) continue;
      size += verdict.record.entry.length;
      const isFull = verdicts.length >= countMax || size > LIMITS.pageBytesMax;
      if (isFull && verdicts.length > 0) return { verdicts, next };
      verdicts.push(verdict);
      next = `${ledgerLetter(ledger)}:${index}`;
    }
  }
  return { verdicts, next: undefined };
}

function inForce({ runtime }: SealedReader, ledger: LedgerId): readonly number[] {
  const machine = ledger === Ledger.CONTROL ? runtime.node.control : runtime.node.signals;
  return machine.activeIndices();
}

function placeOfCursor(
  cursor: string | undefined,
): { readonly ledger: LedgerId; readonly index: number } | undefined {
  const [letter, index] = cursor?.split(":") ?? [];
  const ledger = LEDGERS.find((known) => ledgerLetter(known) === letter);
  return ledger === undefined ? undefined : { ledger, index: Number(index) };
}

function verdictAt(reader: SealedReader, ledger: LedgerId, index: number) {
  const record = reader.record(ledger, index);
  return record && recordOf(reader, { ledger, index, record, entry: reader.entryOf(record) });
}

/** @returns `undefined` for an entry that is no verdict on a subject. */
function recordOf({ runtime }: SealedReader, { ledger, index, record, entry }: FoundRecord) {
  const { effect } = entry;
  if (effect.case !== "revocation" && effect.case !== "lift") return undefined;
  const { id } = effect.value;
  const { control, signals } = runtime.node;
  const machine = ledger === Ledger.CONTROL ? control : signals;
  const isInForce = effect.case === "revocation" && machine.book.active.has(id);
  const state = isInForce ? VerdictState.IN_FORCE : VerdictState.OVER;
  return { id, ledger, index: BigInt(index), record, state };
}

function found(reader: SealedReader, id: Uint8Array) {
  const name = `${hex(id.subarray(0, 32))}/`;
  const [at] = id.length === 32 ? reader.find("verdict", name) : [];
  const verdict = at && recordOf(reader, at);
  if (at === undefined || verdict === undefined) {
    throw new OstrakaError(
      "OSTRAKA_NOT_FOUND",
      `no verdict ${hex(id.subarray(0, 32))} is sealed here: check its id, or ask again soon`,
    );
  }
  const coverage = [...reader.find("coverage", name)].map(({ record }) => record);
  return { verdict, coverage, ...reader.inclusion(at.ledger, at.index) };
}
