// Reasons as a person reads them.

import { describe, expect, it } from "vitest";
import { evidenceInWords, reasonInWords } from "./reason-words.ts";

describe("reasonInWords", () => {
  it.each([
    ["failure-run: failuresInARow=8 retriesFailed=7", "8 failed logins in a row"],
    ["account-spread: accountsFailedToday=6 furtherAccountsInARow=6", "spread over 6 accounts"],
    [
      "suspicious-name: suspiciousNamesInARow=5 betsWon=5",
      "5 in a row for root or for accounts that do not exist",
    ],
  ])("says %s in words", (reason, words) => {
    expect(reasonInWords(reason)).toBe(words);
  });

  it.each(["login-habit: rank=1", "failure-run: nothing", "", "no colon at all"])(
    "shows %j, which it does not know, as it is",
    (reason) => {
      expect(reasonInWords(reason)).toBe(reason);
    },
  );
});

describe("evidenceInWords", () => {
  it.each([
    [20_000, "20.0 dB, by chance at most 1 in 100"],
    [42_190, "42.2 dB, by chance at most 1 in 16,000"],
    [61_000, "61.0 dB, by chance at most 1 in 1,200,000"],
  ])("turns %i mdB into odds, rounded in the suspect's favour", (mdb, words) => {
    expect(evidenceInWords(mdb)).toBe(words);
  });

  it("does not invent a number", () => {
    expect(evidenceInWords(undefined)).toBe("enough evidence");
  });
});
