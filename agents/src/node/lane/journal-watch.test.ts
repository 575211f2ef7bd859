import { create } from "@bufbuild/protobuf";
import { hex, LIMITS, TickSchema } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { nodeCrypto } from "../../../testkit/node-crypto.ts";
import { JournalWatch } from "./journal-watch.ts";

const chain = (n: number) => nodeCrypto.sha256(Uint8Array.of(n & 255, n >> 8));
const key = (n: number) => new Uint8Array(32).fill(n);
const tick = (by: number, position: number, chainHash = chain(position)) =>
  create(TickSchema, { coordinatorKey: key(by), position: BigInt(position), chainHash });
const other = chain(60_000);

function watching(through = 5): JournalWatch {
  const watch = new JournalWatch();
  for (let position = 1; position <= through; position++) watch.remember(position, chain(position));
  return watch;
}

describe("a journal's watch", () => {
  test("is quiet while everybody tells the same history", () => {
    const watch = watching();
    for (const by of [1, 2, 3]) watch.compare(tick(by, 5), 3);
    expect(watch.damage).toBeUndefined();
    expect(watch.dissenters).toEqual([]);
  });

  test("names a lone dissenter and goes on deciding", () => {
    const watch = watching();
    watch.compare(tick(2, 5, other), 3);
    watch.compare(tick(2, 4, other), 3);
    expect(watch.dissenters).toEqual([hex(key(2))]);
    expect(watch.damage).toBeUndefined();
  });

  test("stops when a majority tells another history: it is we who are wrong", () => {
    const watch = watching();
    watch.compare(tick(2, 5, other), 3);
    watch.compare(tick(3, 5, other), 3);
    expect(watch.damage).toContain("a majority of coordinators has another history at 5");
  });

  test("stops a coordinator that is alone with a history that it did not write", () => {
    const watch = watching();
    watch.compare(tick(1, 5, other), 1);
    expect(watch.damage).toBeDefined();
  });

  test("forgives a dissenter that comes back to our history", () => {
    const watch = watching();
    watch.compare(tick(2, 5, other), 3);
    watch.compare(tick(2, 5), 3);
    watch.compare(tick(3, 5, other), 3);
    expect(watch.dissenters).toEqual([hex(key(3))]);
    expect(watch.damage).toBeUndefined();
  });

  test("says nothing of positions that it has not reached or no longer remembers", () => {
    const watch = watching(LIMITS.chainHistoryMax + 2);
    for (const by of [2, 3]) {
      watch.compare(tick(by, LIMITS.chainHistoryMax + 3, other), 3);
      watch.compare(tick(by, 2, other), 3);
    }
    expect(watch.damage).toBeUndefined();
    for (const by of [2, 3]) watch.compare(tick(by, 3, other), 3);
    expect(watch.damage).toBeDefined();
  });
});
