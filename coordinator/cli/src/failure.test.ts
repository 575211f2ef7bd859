// One sentence and one of five exit codes, whatever went wrong.

import { ERROR_CODES, OstrakaError } from "@ostraka/proto";
import { describe, expect, it } from "vitest";
import { exitCodeOf, sentenceOf } from "./failure.ts";

describe("exitCodeOf", () => {
  it.each([
    ["OSTRAKA_REFUSED", 1],
    ["OSTRAKA_NOT_VERIFIED", 1],
    ["OSTRAKA_USAGE", 2],
    ["OSTRAKA_CONFIG_INVALID", 2],
    ["OSTRAKA_KEY_INVALID", 2],
    ["OSTRAKA_UNREACHABLE", 3],
    ["OSTRAKA_DEADLINE", 4],
  ] as const)("%s ends with %i", (code, exit) => {
    expect(exitCodeOf(new OstrakaError(code, "x"))).toBe(exit);
  });

  it("knows an exit code for every error, never 0", () => {
    for (const code of ERROR_CODES)
      expect(exitCodeOf(new OstrakaError(code, "x"))).toBeGreaterThan(0);
    expect(exitCodeOf(new TypeError("x"))).toBe(2);
  });
});

describe("sentenceOf", () => {
  it("is one line without a stack, unless OSTRAKA_DEBUG asks", () => {
    const error = new Error("cannot\n   do that");
    expect(sentenceOf(error, {})).toBe("cannot do that");
    expect(sentenceOf(error, { OSTRAKA_DEBUG: "1" })).toMatch(/\n +at /);
  });
});
