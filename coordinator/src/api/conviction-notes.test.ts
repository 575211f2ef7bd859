import { hex } from "@ostraka/proto";
import { expect, test } from "vitest";
import { type ConvictionFacts, convictionNotes } from "./conviction-notes.ts";

const key = (n: number) => new Uint8Array(32).fill(n);
const host = (n: number) => ({
  name: `host-${n}`,
  key: key(n),
  faultDomain: "rack",
  isWitness: true,
  index: 1,
  labels: [],
});

function notes(coordinators: number, convicted: readonly number[]): string[] {
  const view: ConvictionFacts["view"] = {
    coordinatorKeys: () => Array.from({ length: coordinators }, (_, i) => key(i + 1)),
    convictedAt: (k) => (convicted.includes(k[0] as number) ? 40 + (k[0] as number) : undefined),
    hosts: () => [host(8), host(9)],
  };
  return convictionNotes({ view, nameOf: (k) => `coordinator-${hex(k).slice(1, 2)}` });
}

test("nobody was convicted, and nothing is said", () => {
  expect(notes(3, [])).toEqual([]);
});

test("a coordinator that lied is named; two of three still decide", () => {
  const [first, second] = notes(3, [2]);
  expect(first).toMatch(/^coordinator-2 was proven at c:42 .*next roster$/);
  expect(second).toBeUndefined();
});

test("without an honest majority nothing is decided, and the majority is not lowered", () => {
  const said = notes(3, [1, 2]);
  expect(said).toHaveLength(3);
  expect(said[2]).toMatch(/^1 of 3 coordinators can still seal and a majority is 2/);
  expect(notes(1, [1])[1]).toMatch(/^0 of 1 /);
});

test("a host that lied is named with what to do", () => {
  expect(notes(1, [9])).toEqual([expect.stringMatching(/^host-9 was proven at c:49 .*new key$/)]);
});
