// A store of an earlier release is completed once, to the very rows that this release writes.

import { create } from "@bufbuild/protobuf";
import type { Write } from "@ostraka/agents/kernel";
import { findEntries, findingRows, ROWS_WHOLE_KEY } from "@ostraka/agents/node";
import { openCrypto } from "@ostraka/host";
import {
  EntryRecordSchema,
  EntrySchema,
  encode,
  encodeNew,
  hex,
  Ledger,
  PolicyDocumentSchema,
} from "@ostraka/proto";
import { expect, test } from "vitest";
import { completeFindingRows } from "./finding-rows.ts";

const crypto = openCrypto();
const ID = new Uint8Array(32).fill(7);
const document = encodeNew(PolicyDocumentSchema, { format: 1, epoch: 3 });
const EFFECTS = [
  { case: "revocation", value: { id: ID } },
  { case: "lift", value: { id: new Uint8Array(32).fill(8) } },
  { case: "policy", value: { type: "policy", body: document } },
  { case: "coverage", value: { verdictId: ID } },
  { case: "refusals", value: {} },
] as const;
const ENTRIES = EFFECTS.map((effect, i) =>
  create(EntrySchema, { format: 1, ledger: Ledger.CONTROL, index: BigInt(i + 1), effect }),
);

class MemoryStore {
  readonly rows = new Map<string, Uint8Array<ArrayBuffer>>();
  get = (key: string) => this.rows.get(key);
  *scan(prefix: string, from = prefix, limit = Number.POSITIVE_INFINITY) {
    const keys = [...this.rows.keys()].filter((key) => key.startsWith(prefix) && key >= from);
    for (const key of keys.sort().slice(0, limit))
      yield [key, this.rows.get(key) as never] as const;
  }
  write(writes: readonly Write[]) {
    for (const { key, value } of writes) this.rows.set(key, Uint8Array.from(value ?? []));
  }
}

function earlierStore(): MemoryStore {
  const store = new MemoryStore();
  for (const entry of ENTRIES) {
    const record = create(EntryRecordSchema, { entry: encode(EntrySchema, entry) });
    const key = `record/c/${String(entry.index).padStart(16, "0")}`;
    store.write([{ key, value: encode(EntryRecordSchema, record) }]);
  }
  return store;
}

test("what an earlier release entered is found by its name afterwards", () => {
  const store = earlierStore();
  completeFindingRows(store, crypto);
  const name = `${hex(ID)}/`;
  expect([...findEntries(store, "verdict", name, name)]).toMatchObject([
    { letter: "c", index: 1, effect: "revocation" },
  ]);
  expect([...findEntries(store, "coverage", name, name)]).toMatchObject([{ index: 4 }]);
  const epoch = "0000000000000003/";
  expect([...findEntries(store, "epoch", epoch, epoch)]).toMatchObject([{ index: 3 }]);
  const wanted = ENTRIES.flatMap((entry) =>
    findingRows(crypto, Ledger.CONTROL, Number(entry.index), entry),
  );
  const made = [...store.rows.keys()].filter((key) => key.startsWith("by/")).sort();
  expect(made).toEqual([...wanted.map(({ key }) => key), ROWS_WHOLE_KEY].sort());
});

test("a whole store is left alone", () => {
  const store = earlierStore();
  completeFindingRows(store, crypto);
  const rows = store.rows.size;
  store.rows.delete(`record/c/${"1".padStart(16, "0")}`);
  completeFindingRows(store, crypto);
  expect(store.rows.size).toBe(rows - 1);
});
