// Where an entry may stand: positions and time never go back, a generation begins with its opening,
// and the machine version is the mesh's own at that point.

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { EntrySchema, HeadSchema } from "@ostraka/proto";
import { describe, expect, it } from "vitest";
import { faultOfPlace, isBehind, versionsBetween } from "./entry-place.ts";

const ROOT = new Uint8Array(32).fill(1);
const PLACE = { size: 4, root: ROOT, position: 20n, timeMs: 1_000n, generation: 1 };
const BY_TWO = { least: 2, most: 2 };

function faultOf(fields: MessageInitShape<typeof EntrySchema>, versions = BY_TWO) {
  const entry = create(EntrySchema, {
    format: 1,
    ledger: 1,
    generation: 1,
    index: 5n,
    position: 21n,
    machineTimeMs: 1_000n,
    machineVersion: 2,
    previousRoot: ROOT,
    ...fields,
  });
  return faultOfPlace(PLACE, 1, entry, versions)?.reject;
}

const opening = (generation: number) => ({ case: "opening" as const, value: { generation } });

describe("an entry", () => {
  it("stands right after the ones before it", () => {
    expect(faultOf({})).toBeUndefined();
    expect(faultOf({ position: 20n })).toBeUndefined();
  });

  it.each([
    [{ format: 2 }, "unsupported-format"],
    [{ ledger: 2 as const }, "wrong-type"],
    [{ index: 6n }, "wrong-index"],
    [{ index: 4n }, "wrong-index"],
    [{ previousRoot: new Uint8Array(32) }, "wrong-root"],
    [{ position: 19n }, "stale-tick"],
    [{ machineTimeMs: 999n }, "stale-tick"],
    [{ machineVersion: 1 }, "unsupported-format"],
    [{ machineVersion: 3 }, "unsupported-format"],
    [{ generation: 0 }, "generation-not-next"],
    [{ generation: 2 }, "generation-not-next"],
  ])("%o is refused: %s", (fields, code) => {
    expect(faultOf(fields)).toBe(code);
  });

  it("opens the next generation, whatever its position, and no other one", () => {
    expect(faultOf({ generation: 2, position: 1n, effect: opening(2) })).toBeUndefined();
    expect(faultOf({ generation: 3, effect: opening(3) })).toBe("generation-not-next");
    expect(faultOf({ generation: 2, effect: opening(3) })).toBe("generation-not-next");
    const early = { generation: 2, effect: opening(2), machineTimeMs: 999n };
    expect(faultOf(early)).toBe("stale-tick");
  });
});

describe("a head", () => {
  const head = (fields: MessageInitShape<typeof HeadSchema>) =>
    create(HeadSchema, { generation: 1, position: 20n, machineTimeMs: 1_000n, ...fields });

  it("is behind by time, by generation, and by position within one", () => {
    expect(isBehind(PLACE, head({}))).toBe(false);
    expect(isBehind(PLACE, head({ position: 19n }))).toBe(true);
    expect(isBehind(PLACE, head({ generation: 2, position: 1n }))).toBe(false);
    expect(isBehind(PLACE, head({ generation: 0 }))).toBe(true);
    expect(isBehind(PLACE, head({ machineTimeMs: 999n, position: 30n }))).toBe(true);
  });
});

it("the version of a signals entry lies between those of what was imported, and never falls", () => {
  const viewAt = (index: number) => ({ machineVersion: index < 7 ? 1 : 2 });
  expect(versionsBetween(viewAt, 3, 9, 1)).toEqual({ least: 1, most: 2 });
  expect(versionsBetween(viewAt, 3, 9, 2)).toEqual({ least: 2, most: 2 });
  expect(versionsBetween(viewAt, 8, 9, 1)).toEqual({ least: 2, most: 2 });
  expect(versionsBetween(viewAt, 3, 6, 1)).toEqual({ least: 1, most: 1 });
});
