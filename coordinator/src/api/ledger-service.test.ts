// Pages of a ledger at a coordinator whose own machine is behind what the others have sealed: it
// waits for what is next, or says that it is behind; never a page that ends below its own head.

import { create } from "@bufbuild/protobuf";
import { orderedKey } from "@ostraka/agents/kernel";
import {
  type Bytes,
  EntryRecordSchema,
  encode,
  HeadSchema,
  Ledger,
  SealedHeadSchema,
} from "@ostraka/proto";
import { expect, test } from "vitest";
import type { CoordinatorRuntime } from "../runtime.ts";
import type { CallContext } from "./grpc-service.ts";
import { ledgerHandlers } from "./ledger-service.ts";
import { SealedReader } from "./sealed-reader.ts";

const SEALED = 8;

/** A coordinator that has applied so many entries of those that are sealed. */
function stand(applied: number) {
  const rows = new Map<string, Bytes>();
  const listeners = new Set<() => void>();
  const book = { index: 0 };
  const sealed = {
    head: create(HeadSchema, { index: BigInt(SEALED) }),
    sealed: create(SealedHeadSchema, { head: Uint8Array.of(1) }),
  };
  const apply = (index: number) => {
    const record = create(EntryRecordSchema, { entry: Uint8Array.of(index) });
    rows.set(`record/c/${orderedKey(index)}`, encode(EntryRecordSchema, record));
    book.index = index;
    for (const listener of listeners) listener();
  };
  const node = { sealedOf: () => sealed, control: { book }, signals: { book } };
  const scan = (prefix: string, from = prefix, limit = SEALED) =>
    [...rows].filter(([key]) => key.startsWith(prefix) && key >= from).slice(0, limit);
  const parts = { genesis: { mesh: "ab" }, config: { name: "coordinator-3" }, store: { scan } };
  const onSealed = (listener: () => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const runtime = { node, parts, onSealed } as unknown as CoordinatorRuntime;
  for (let index = 1; index <= applied; index++) apply(index);
  const { listEntries } = ledgerHandlers(new SealedReader(runtime));
  const list = async (fromIndex: bigint, more: { toIndex?: bigint; remainingMs?: number } = {}) => {
    const { toIndex = 0n, remainingMs = 30_000 } = more;
    const request = { ledger: Ledger.CONTROL, fromIndex, toIndex, pageSize: 100, pageToken: "" };
    const context = { remainingMs, signal: new AbortController().signal };
    const page = await listEntries(request as never, context as unknown as CallContext);
    return page.records?.map(({ entry }) => entry?.[0]);
  };
  return { apply, list };
}

test("what is there of a sealed ledger is given at once", async () => {
  expect(await stand(5).list(3n)).toEqual([3, 4, 5]);
});

test("an entry that the others have sealed is waited for, and given once it is applied", async () => {
  const { apply, list } = stand(5);
  const page = list(6n);
  apply(6);
  expect(await page).toEqual([6]);
});

test("one that does not come in time says who is behind, never that there is nothing", async () => {
  await expect(stand(5).list(6n, { remainingMs: 120 })).rejects.toMatchObject({
    code: "OSTRAKA_BEHIND",
    message: expect.stringMatching(/coordinator-3 has sealed c:5 .*ask another coordinator/),
  });
});

test("nothing is waited for above the head, nor above what is asked for", async () => {
  expect(await stand(SEALED).list(BigInt(SEALED + 1))).toEqual([]);
  expect(await stand(5).list(6n, { toIndex: 5n })).toEqual([]);
});
