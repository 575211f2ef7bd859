// How a kill switch widens is read from one flag; the nearest mistakes are refused in words.

import { describe, expect, it } from "vitest";
import { wideningOf } from "./widening.ts";

describe("a canary", () => {
  it("is none where nobody asks for one", () => {
    expect(wideningOf({ every: "10m" })).toEqual([]);
  });

  it("begins at once and ends with every host, step by step", () => {
    expect(wideningOf({ canary: "10%", every: "10m" })).toEqual([
      { afterMs: 0, permille: 100 },
      { afterMs: 600_000, permille: 1_000 },
    ]);
    expect(wideningOf({ canary: "0.5%,50%,100%", every: "30s" })).toEqual([
      { afterMs: 0, permille: 5 },
      { afterMs: 30_000, permille: 500 },
      { afterMs: 60_000, permille: 1_000 },
    ]);
  });

  it.each(["50%,10%", "10%,10%", "0%", "101%", "10", "ten%", "-5%", "10%,", "0.55%"])(
    "of %s is refused",
    (canary) => {
      expect(() => wideningOf({ canary, every: "10m" })).toThrow(/--canary/);
    },
  );

  it("with a span that is none is refused", () => {
    expect(() => wideningOf({ canary: "10%", every: "soon" })).toThrow(/--every/);
  });
});
