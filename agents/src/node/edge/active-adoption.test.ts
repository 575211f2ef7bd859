import { create } from "@bufbuild/protobuf";
import {
  type Bytes,
  decode,
  HeadSchema,
  InclusionProofSchema,
  LIMITS,
  parseSubject,
  type ResyncResponse,
  ResyncResponseSchema,
  type SubjectText,
} from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { MachineRun } from "../../../testkit/machine-run.ts";
import type { HostPerson } from "../../../testkit/mesh-kit.ts";
import { nodeCrypto, testMesh } from "../../../testkit/node-crypto.ts";
import type { Sealed } from "../../sealer/index.ts";
import { ActiveAdoption } from "./active-adoption.ts";

const kit = testMesh("active-adoption");
const [h1, h2] = kit.hosts as readonly HostPerson[] as [HostPerson, HostPerson];
const run = MachineRun.joined(kit);

/** Five revocations; refusals of a minute lie between them and the head. */
for (let i = 0; i < 5; i++) {
  const subject = parseSubject(`address:203.0.113.${i + 1}`) as SubjectText;
  const fields = { timeMs: BigInt(run.nowMs) };
  for (const host of [h1, h2]) run.batch(kit.batch(host, kit.random(16), 0, [{ subject, fields }]));
  run.step("signals", Uint8Array.of(i));
}
run.tick(60_000);

const { book } = run.signals;
const SIZE = book.index;
const sealedHead = run.sealed("signals");
const head = decode(HeadSchema, sealedHead.head, LIMITS.entryBytesMax);
if (head === undefined) throw new Error("no head");
const SEALED: Sealed = { head, sealed: sealedHead };
const FRONTIER = book.frontier(SIZE);
const INDICES = run.signals.activeIndices();

function page(
  indices: readonly number[],
  change: (page: ResyncResponse) => void = () => undefined,
) {
  const records = run.records("signals");
  const made = create(ResyncResponseSchema, {
    format: 1,
    head: sealedHead,
    records: indices.map((index) => structuredClone(records[index - 1])) as typeof records,
    proofs: indices.map((index) =>
      create(InclusionProofSchema, {
        index: BigInt(index),
        path: book.inclusionPath(index, SIZE),
      }),
    ),
  });
  change(made);
  return made;
}

const adoption = (frontier: readonly Bytes[] = FRONTIER, sealed = SEALED) =>
  new ActiveAdoption(nodeCrypto, sealed, frontier);

describe("an adoption", () => {
  test("there are five revocations among more entries", () => {
    expect(INDICES).toHaveLength(5);
    expect(SIZE).toBe(6);
  });

  test("of the whole set completes, in one page or in many", () => {
    for (const pages of [
      [INDICES],
      INDICES.map((index) => [index]),
      [INDICES.slice(0, 2), INDICES.slice(2)],
    ]) {
      const one = adoption();
      for (const indices of pages) expect(one.take(page(indices))).toBe(true);
      const adopted = one.complete();
      expect(adopted?.entries).toHaveLength(5);
      expect(adopted?.frontier.root()).toEqual(head.root);
    }
  });

  test("with one revocation withheld does not complete", () => {
    for (const index of INDICES) {
      const one = adoption();
      expect(one.take(page(INDICES.filter((i) => i !== index)))).toBe(true);
      expect(one.complete()).toBeUndefined();
    }
  });

  test("bears a page that comes twice, and refuses a revocation twice in one", () => {
    const one = adoption();
    expect(one.take(page(INDICES.slice(0, 2)))).toBe(true);
    expect(one.take(page(INDICES.slice(0, 2)))).toBe(true);
    expect(one.take(page(INDICES.slice(2)))).toBe(true);
    expect(one.complete()?.entries).toHaveLength(5);
    expect(adoption().take(page([1, 1]))).toBe(false);
  });

  test("takes no other kind of entry", () => {
    const other = [1, 2, 3, 4, 5, 6].filter((index) => !INDICES.includes(index));
    expect(adoption().take(page(other))).toBe(false);
  });

  test.each([
    ["one proof is missing", (p: ResyncResponse) => p.proofs.pop()],
    ["one record is missing", (p: ResyncResponse) => p.records.pop()],
    ["proofs are swapped", (p: ResyncResponse) => p.proofs.reverse()],
    ["a path is cut", (p: ResyncResponse) => p.proofs[1]?.path.pop()],
    ["an index is another", (p: ResyncResponse) => (p.proofs[1] as { index: bigint }).index++],
    ["private parts are swapped", (p: ResyncResponse) => p.records[1]?.privates.reverse()],
    ["private parts are gone", (p: ResyncResponse) => p.records[1]?.privates.pop()],
    [
      "an entry is changed",
      (p: ResyncResponse) => {
        const entry = p.records[1]?.entry as Uint8Array;
        entry[entry.length - 1] = (entry[entry.length - 1] as number) ^ 1;
      },
    ],
  ] as const)("takes no page in which %s", (_, change) => {
    expect(adoption().take(page(INDICES))).toBe(true);
    expect(adoption().take(page(INDICES, (p) => void change(p)))).toBe(false);
  });

  test("needs the right edge of the very tree", () => {
    for (const frontier of [
      [],
      FRONTIER.slice(1),
      [...FRONTIER].reverse(),
      [...FRONTIER, ...FRONTIER],
    ]) {
      const one = adoption(frontier);
      one.take(page(INDICES));
      expect(one.complete()).toBeUndefined();
    }
  });

  test("of a head that names another set does not complete", () => {
    const sealed = { ...SEALED, head: { ...head, activeSetDigest: new Uint8Array(32) } };
    const one = adoption(FRONTIER, sealed);
    one.take(page(INDICES));
    expect(one.complete()).toBeUndefined();
  });

  test("of an empty ledger completes at once", () => {
    const empty = MachineRun.joined(testMesh("empty adoption"));
    empty.tick();
    const sealed = empty.sealed("signals");
    const at = decode(HeadSchema, sealed.head, LIMITS.entryBytesMax);
    if (at === undefined) throw new Error("no head");
    expect(adoption([], { head: at, sealed }).complete()?.entries).toEqual([]);
  });
});
