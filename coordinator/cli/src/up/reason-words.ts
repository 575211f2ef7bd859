// Reasons in plain words: what a detector's line of keys and numbers means to somebody who was
// asleep a minute ago. A detector it does not know is shown as it spoke.

const WORDS: Readonly<Record<string, (seen: ReadonlyMap<string, string>) => string | undefined>> = {
  "failure-run": (seen) => said(seen, "failuresInARow", (n) => `${n} failed logins in a row`),
  "failure-pace-fast": (seen) =>
    said(seen, "pacedFailures", (n) => `${n} failures no more than 5 s apart`),
  "failure-pace-quick": (seen) =>
    said(seen, "pacedFailures", (n) => `${n} failures no more than 60 s apart`),
  "suspicious-name": (seen) =>
    said(
      seen,
      "suspiciousNamesInARow",
      (n) => `${n} in a row for root or for accounts that do not exist`,
    ),
  "account-spread": (seen) => said(seen, "accountsFailedToday", (n) => `spread over ${n} accounts`),
};

/** @param reason as a trace carries it: `failure-run: failuresInARow=7 retriesFailed=6`. */
export function reasonInWords(reason: string): string {
  const at = reason.indexOf(": ");
  const detector = reason.slice(0, Math.max(at, 0));
  const pairs = reason.slice(at + 2).split(" ");
  const seen = new Map(pairs.map((pair) => pair.split("=", 2) as [string, string]));
  return WORDS[detector]?.(seen) ?? reason;
}

/** Evidence for people: 30000 is `30.0 dB, by chance at most 1 in 1,000`. */
export function evidenceInWords(mdb: unknown): string {
  if (typeof mdb !== "number") return "enough evidence";
  // Rounded down to two digits: never more than what the evidence says.
  const odds = 10 ** (mdb / 10_000);
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(odds)) - 1);
  const shown = Math.floor(odds / unit) * unit;
  return `${(mdb / 1000).toFixed(1)} dB, by chance at most 1 in ${grouped(shown)}`;
}

function grouped(value: number): string {
  return String(Math.floor(value)).replace(/\B(?=(\d{3})+$)/g, ",");
}

function said(
  seen: ReadonlyMap<string, string>,
  key: string,
  words: (value: string) => string,
): string | undefined {
  const value = seen.get(key);
  return value === undefined ? undefined : words(value);
}
