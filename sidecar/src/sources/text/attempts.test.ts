// One attempt, one event, however many layers of a service report it.

import type { SubjectText } from "@ostraka/proto";
import { expect, test } from "vitest";
import { ATTEMPT_MS_MAX, ATTEMPT_SOURCES_MAX } from "../limits.ts";
import { Attempts } from "./attempts.ts";

const PEER = "address:203.0.113.9" as SubjectText;

test("the larger count of two layers is what counts", () => {
  const attempts = new Attempts();
  const auth = (timeMs: number) => attempts.take("dovecot", PEER, "auth", 1, timeMs);
  expect([auth(0), auth(1_000)]).toEqual([1, 1]);
  expect(attempts.take("dovecot", PEER, "login", 3, 2_000)).toBe(1);
  expect(auth(3_000)).toBe(0);
  expect(auth(4_000)).toBe(1);
});

test("lines of one layer all count, and so do other services and other sources", () => {
  const attempts = new Attempts();
  const other = "address:203.0.113.10" as SubjectText;
  const counts = [
    attempts.take("dovecot", PEER, "", 1, 0),
    attempts.take("dovecot", PEER, "", 1, 0),
    attempts.take("exim", PEER, "login", 1, 0),
    attempts.take("dovecot", other, "login", 1, 0),
  ];
  expect(counts).toEqual([1, 1, 1, 1]);
});

test("a layer that speaks later than a connection lasts speaks of another attempt", () => {
  const attempts = new Attempts();
  attempts.take("dovecot", PEER, "auth", 1, 0);
  expect(attempts.take("dovecot", PEER, "login", 1, ATTEMPT_MS_MAX)).toBe(0);
  const fresh = new Attempts();
  fresh.take("dovecot", PEER, "auth", 1, 0);
  expect(fresh.take("dovecot", PEER, "login", 1, ATTEMPT_MS_MAX + 1)).toBe(1);
});

test("a flood of sources pushes out the oldest and nothing else", () => {
  const attempts = new Attempts();
  const at = (i: number) =>
    attempts.take("d", `address:10.${i >> 8}.0.${i & 255}` as SubjectText, "a", 1, 0);
  for (let i = 0; i <= ATTEMPT_SOURCES_MAX; i++) at(i);
  const last =
    `address:10.${ATTEMPT_SOURCES_MAX >> 8}.0.${ATTEMPT_SOURCES_MAX & 255}` as SubjectText;
  expect(attempts.take("d", last, "b", 1, 0)).toBe(0);
  expect(attempts.take("d", "address:10.0.0.0" as SubjectText, "b", 1, 0)).toBe(1);
});
