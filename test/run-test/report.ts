// Counts and the closing table of a test run: pure, from the checks and from vitest's JSON report.
// A run that ended badly must never be counted as one without a failure.

/** What of vitest's JSON report is read; it is written after the format of Jest. */
export interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly success: boolean;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Counts of a vitest run. A file that does not load is one failure, though no test in it ran. */
export function countsOf(report: VitestReport | undefined, isExitOk: boolean): Counts {
  if (report === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const unloaded = report.testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.every((t) => t.status !== "failed"),
  );
  const told = report.numFailedTests + unloaded.length;
  // An error outside any test ends vitest badly with nothing else to count.
  const failed = told === 0 && !isExitOk ? 1 : told;
  const skipped = report.numPendingTests + report.numTodoTests;
  return { passed: report.numPassedTests, failed, skipped };
}

export interface Step {
  readonly name: string;
  readonly counts: Counts;
  readonly seconds: number;
}

/** The closing lines: one for each step, then all counts on a line of their own. */
export function closingLines(steps: readonly Step[]): string[] {
  const width = Math.max(...steps.map((step) => step.name.length));
  const lines = steps.map((step) => {
    const { failed, passed } = step.counts;
    const word = failed > 0 ? "FAILED" : passed > 0 ? "ok" : "skipped";
    const seconds = `${step.seconds.toFixed(1)} s`.padStart(8);
    return `  ${step.name.padEnd(width)}  ${word.padEnd(7)} ${seconds}`;
  });
  const sum = (key: keyof Counts) => steps.reduce((total, step) => total + step.counts[key], 0);
  const counts = `${sum("passed")} passed, ${sum("failed")} failed, ${sum("skipped")} skipped`;
  return ["", ...lines, "", counts];
}
