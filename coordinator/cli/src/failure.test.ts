// One sentence and one of five exit codes, whatever went wrong.

import { ERROR_CODES, type ErrorCode, OstrakaError } from "@ostraka/proto";
import { describe, expect, it } from "vitest";
import { exitCodeOf, isAnswer, sentenceOf } from "./failure.ts";

describe("exitCodeOf", () => {
  it.each([
    ["OSTRAKA_REFUSED", 1],
    ["OSTRAKA_NOT_VERIFIED", 1],
    ["OSTRAKA_USAGE", 2],
    ["OSTRAKA_CONFIG_INVALID", 2],
    ["OSTRAKA_KEY_INVALID", 2],
    ["OSTRAKA_NOT_FOUND", 2],
    ["OSTRAKA_UNREACHABLE", 3],
    ["OSTRAKA_JOURNAL_DAMAGED", 3],
    ["OSTRAKA_STORE", 3],
    ["OSTRAKA_INTERNAL", 3],
    ["OSTRAKA_DEADLINE", 4],
  ] as const)("%s ends with %i", (code, exit) => {
    expect(exitCodeOf(new OstrakaError(code, "x"))).toBe(exit);
  });

  it("knows an exit code for every error, never 0", () => {
    for (const code of ERROR_CODES)
      expect(exitCodeOf(new OstrakaError(code, "x"))).toBeGreaterThan(0);
    expect(exitCodeOf(new TypeError("x"))).toBe(3);
    expect(exitCodeOf(Object.assign(new Error("x"), { syscall: "read" }))).toBe(2);
  });
});

/** As the admin client makes it of a status that a coordinator sent, or that came of the way. */
function ofCall(code: ErrorCode, sent: readonly string[]): OstrakaError {
  const cause = Object.assign(new Error("x"), { metadata: { get: () => sent } });
  return new OstrakaError(code, "x", { cause });
}

describe("isAnswer", () => {
  it("tells what a coordinator said from what happened on the way to it", () => {
    expect(isAnswer(ofCall("OSTRAKA_UNREACHABLE", ["OSTRAKA_UNREACHABLE"]))).toBe(true);
    expect(isAnswer(ofCall("OSTRAKA_UNREACHABLE", []))).toBe(false);
    expect(isAnswer(new OstrakaError("OSTRAKA_NOT_FOUND", "x"))).toBe(false);
    expect(isAnswer(new Error("x"))).toBe(false);
  });

  it("makes an id that the mesh does not know a no, and a missing file a mistake", () => {
    expect(exitCodeOf(ofCall("OSTRAKA_NOT_FOUND", ["OSTRAKA_NOT_FOUND"]))).toBe(1);
    expect(exitCodeOf(ofCall("OSTRAKA_NOT_FOUND", []))).toBe(2);
  });
});

describe("sentenceOf", () => {
  it("is one line without a stack, unless OSTRAKA_DEBUG asks", () => {
    const error = new Error("cannot\n   do that");
    expect(sentenceOf(error, {})).toBe("cannot do that");
    expect(sentenceOf(error, { OSTRAKA_DEBUG: "1" })).toMatch(/\n +at /);
  });

  it("lets nothing through that a terminal would obey, not even in the stack", () => {
    const error = new Error("no\r\n\u001b[2Jsuch\u009b1m \u202eproposal");
    expect(sentenceOf(error, {})).toBe("no \\u{001b}[2Jsuch\\u{009b}1m \\u{202e}proposal");
    const whole = sentenceOf(error, { OSTRAKA_DEBUG: "1" });
    expect(whole).not.toMatch(/[\u001b\u009b\u202e\r]/);
  });
});
