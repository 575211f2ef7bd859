import { addressSubject, type SubjectText } from "@ostraka/proto";
import { expect, test } from "vitest";
import { RememberedSubjects } from "./remembered-subjects.ts";

const SUBJECT = addressSubject("203.0.113.7") as SubjectText;

test("a short text is remembered, a long one is not", () => {
  const remembered = new RememberedSubjects();
  for (const length of [64, 65]) remembered.keep("a".repeat(length), SUBJECT);
  expect(remembered.find("a".repeat(64))).toBe(SUBJECT);
  expect(remembered.find("a".repeat(65))).toBeUndefined();
});

test("what it holds is bounded, and the newest is always held", () => {
  const remembered = new RememberedSubjects();
  const texts = Array.from({ length: 5000 }, (_, i) => `text ${i}`);
  for (const text of texts) {
    remembered.keep(text, SUBJECT);
    expect(remembered.find(text)).toBe(SUBJECT);
  }
  const held = texts.filter((text) => remembered.find(text) !== undefined);
  expect(held.length).toBeLessThanOrEqual(1024);
});
