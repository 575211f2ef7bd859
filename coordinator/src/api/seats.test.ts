// Seats are bounded in all and for each caller, and are given back.

import { expect, test } from "vitest";
import { Seats } from "./seats.ts";

const ada = { name: "ada", role: "person" } as const;
const sam = { name: "sam", role: "person" } as const;
const exhausted = expect.objectContaining({ code: "OSTRAKA_RESOURCE_EXHAUSTED" });

test("one caller cannot use up the room of another, nor all together more than there is", () => {
  const seats = new Seats("streams", 3, 2);
  seats.take(ada);
  seats.take(ada);
  expect(() => seats.take(ada)).toThrowError(exhausted);
  seats.take(sam);
  expect(() => seats.take(sam)).toThrowError(exhausted);
});

test("a seat is given back ONCE, however often it is disposed of", () => {
  const seats = new Seats("calls", 2, 1);
  const seat = seats.take(ada);
  seats.take(sam);
  seat[Symbol.dispose]();
  seat[Symbol.dispose]();
  seats.take(ada);
  expect(() => seats.take({ ...ada, name: "rui" })).toThrowError(exhausted);
});

test("a host and a person of one name are two callers", () => {
  const seats = new Seats("calls", 2, 1);
  seats.take(ada);
  seats.take({ name: "ada", role: "host" });
  expect(() => seats.take(ada)).toThrowError(exhausted);
});
