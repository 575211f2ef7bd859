// The counts that `npm test` ends with.

import { expect, test } from "vitest";
import { closingLines, countsOf, type VitestReport } from "./report.ts";

const CLEAN: VitestReport = {
  numPassedTests: 3,
  numFailedTests: 0,
  numPendingTests: 1,
  numTodoTests: 1,
  success: true,
  testResults: [{ status: "passed", assertionResults: [{ status: "passed" }] }],
};

test("a clean run counts what vitest counted", () => {
  expect(countsOf(CLEAN, true)).toEqual({ passed: 3, failed: 0, skipped: 2 });
});

test("a test file that does not load is a failure", () => {
  const testResults = [{ status: "failed", assertionResults: [] }];
  expect(countsOf({ ...CLEAN, testResults }, false).failed).toBe(1);
});

test("a failed test in a file is counted once", () => {
  const testResults = [{ status: "failed", assertionResults: [{ status: "failed" }] }];
  expect(countsOf({ ...CLEAN, numFailedTests: 1, testResults }, false).failed).toBe(1);
});

test("a bad end with nothing to blame is a failure, and so is no report at all", () => {
  expect(countsOf(CLEAN, false).failed).toBe(1);
  expect(countsOf(undefined, true).failed).toBe(1);
});

test("the last line is the counts of all steps, alone", () => {
  const steps = [
    { name: "types", counts: { passed: 1, failed: 0, skipped: 0 }, seconds: 1 },
    { name: "tests", counts: { passed: 40, failed: 2, skipped: 3 }, seconds: 12.34 },
    { name: "wire", counts: { passed: 0, failed: 0, skipped: 1 }, seconds: 0 },
  ];
  const lines = closingLines(steps);
  expect(lines.at(-1)).toBe("41 passed, 2 failed, 4 skipped");
  expect(lines).toContain("  tests  FAILED    12.3 s");
  expect(lines).toContain("  wire   skipped    0.0 s");
});
