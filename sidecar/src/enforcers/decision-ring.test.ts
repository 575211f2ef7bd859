import { expect, test } from "vitest";
import { DecisionRing, RESOURCE_CHARS_KEPT } from "./decision-ring.ts";

const ANSWER = {
  timeMs: 1000,
  enforcer: "http-gate",
  answer: "403",
  request: { subjects: [] },
  reason: "because",
};

test("an answer is found by the id it was given", () => {
  const ring = new DecisionRing("edge-1", "k3v9qa");
  const first = ring.record(ANSWER);
  const second = ring.record({ ...ANSWER, reason: "again" });
  expect(first.id).toBe("edge-1-k3v9qa-1");
  expect(ring.find(first.id)).toBe(first);
  expect(ring.find(second.id)?.reason).toBe("again");
});

test("ids stay unique and found past the first turn of base 32", () => {
  const ring = new DecisionRing("edge", "abcd", 200);
  const records = Array.from({ length: 150 }, () => ring.record(ANSWER));
  expect(new Set(records.map((r) => r.id)).size).toBe(150);
  for (const record of records) expect(ring.find(record.id)).toBe(record);
});

test("the oldest answer is forgotten when the ring is full, the next oldest is not", () => {
  const ring = new DecisionRing("edge", "abcd", 3);
  const ids = [1, 2, 3, 4].map(() => ring.record(ANSWER).id);
  expect(ring.find(ids[0] as string)).toBeUndefined();
  expect(ring.find(ids[1] as string)?.id).toBe(ids[1]);
});

test("an id of another host, another start, or another spelling is not found", () => {
  const ring = new DecisionRing("edge", "abcd");
  ring.record(ANSWER);
  const wrong = ["edge-abce-1", "edgy-abcd-1", "edge-abcd-01", "edge-abcd-1 ", "edge-abcd-+1"];
  for (const id of [...wrong, "edge-abcd-", "edge-abcd-2", `edge-abcd-${"v".repeat(400)}`, ""]) {
    expect(ring.find(id), id).toBeUndefined();
  }
});

test("a host or incarnation that cannot stand in a header is refused", () => {
  expect(() => new DecisionRing("edge\r\nx: y", "abcd")).toThrow(RangeError);
  expect(() => new DecisionRing("edge", "ab-cd")).toThrow(RangeError);
  expect(() => new DecisionRing("edge", "abcd", 0)).toThrow(RangeError);
});

test("of a long resource the beginning is kept, a short one whole", () => {
  const ring = new DecisionRing("edge", "abcd");
  const kept = (resource: string) =>
    ring.record({ ...ANSWER, request: { subjects: [], resource } }).request.resource;
  expect(kept("/wiki")).toBe("/wiki");
  expect(kept(`/${"a".repeat(8000)}`)).toBe(`/${"a".repeat(RESOURCE_CHARS_KEPT - 1)}`);
});
