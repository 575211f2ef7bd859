// What a responder reads aloud: every detector has words, numbers are the reason's own, and what
// would have kept it quiet really would.

import { describe, expect, test } from "vitest";
import { explanationOf, quietWords, seenInWords, sentenceOf } from "./reason-words.ts";
import type { Reason } from "./signal.ts";

const REASON: Reason = {
  detector: "failure-run",
  kind: "declared",
  betsMdb: 30_355,
  levelWithoutMdb: 39_019,
  seen: "failuresInARow=8 retriesFailed=7",
  against: "an honest source fails a retry at most 35 % of the time",
  fromMs: 1,
  toMs: 2,
  count: 7,
};

describe("a reason in a sentence", () => {
  test("says what was seen, what was expected, and what it moved", () => {
    expect(sentenceOf(REASON, "declared")).toBe(
      "failure-run: 8 failed logins in a row; " +
        "expected: an honest source fails a retry at most 35 % of the time; " +
        "30.4 dB by 7 bets, and without it the level would be 39.0 dB",
    );
  });

  test("of the other kind says that it is not in this level, and over which history", () => {
    const seen = "newNetwork=1 newCountry=1 pastTrials=40 asStrangeBefore=2 of=120";
    const sentence = sentenceOf(
      { ...REASON, kind: "learned", detector: "novelty", seen },
      "declared",
    );
    expect(sentence).toContain("novelty: network and country for the first time");
    expect(sentence).toContain("as strange as 2 of 120 before");
    expect(sentence).toContain("learned evidence, which explains and is not in this level");
  });

  test("says when a lift has made it count less", () => {
    const seen = `${REASON.seen} countsOneIn=2 sinceLift=c:17`;
    expect(sentenceOf({ ...REASON, seen }, "declared")).toMatch(/counts half since the lift c:17$/);
    const eighth = seen.replace("=2 ", "=8 ");
    expect(sentenceOf({ ...REASON, seen: eighth }, "declared")).toContain("counts 1 part in 8");
  });

  test.each([
    ["rate", "eventsInHour=50 usualInHour=4", "50 events within an hour, where 4 are usual"],
    [
      "season",
      "utcHourFromThursday=51 pastHoursHere=0 pastHours=90",
      "active on a Saturday at 03h UTC, as in 0 of 90 active hours before",
    ],
    [
      "group-novelty",
      "newNetwork=1 newAgent=1 groupMembers=12 expectedOneIn=205 asStrangeBefore=0 of=90",
      "first time anybody of this peer group (12 members) used this network and agent, " +
        "expected one time in 205",
    ],
    ["dormant-account", "daysSinceLastActiveDay=90", "the first activity after 90 days"],
    ["after-burst", "daysWithLoginFromLeasedSource=1", "a login from a source under a lease"],
  ])("%s has words", (detector, seen, words) => {
    expect(seenInWords(detector, seen)).toBe(words);
  });

  test("of a detector that is not known is shown as it spoke", () => {
    expect(seenInWords("new-one", "a=1")).toBeUndefined();
    expect(seenInWords("toString", "a=1")).toBeUndefined();
    expect(sentenceOf({ ...REASON, detector: "new-one", seen: "a=1" }, "declared")).toMatch(
      /^new-one: a=1; expected/,
    );
  });
});

describe("what would have kept it quiet", () => {
  const other = { ...REASON, detector: "failure-pace-fast", levelWithoutMdb: 39_100 };

  test("is the one reason without which the level is below its line", () => {
    const alone = { ...REASON, levelWithoutMdb: 20_000 };
    expect(quietWords([alone, other], 41_000, 40_000, "declared")).toBe(
      "without failure-run it would have stayed quiet at 20.0 dB, below the line of 40.0 dB",
    );
  });

  test("is several reasons together where none alone would do", () => {
    const halves = [
      { ...REASON, levelWithoutMdb: 40_400 },
      { ...other, levelWithoutMdb: 40_300 },
    ];
    expect(quietWords(halves, 41_000, 40_000, "declared")).toContain(
      "without failure-pace-fast and failure-run it would have stayed quiet",
    );
  });

  test("never names a reason of the other kind, and closes an explanation", () => {
    const learned = { ...REASON, kind: "learned" as const, levelWithoutMdb: 0 };
    const drawn = {
      reasons: [other, learned],
      levelMdb: 40_001,
      evidenceKind: "declared" as const,
    };
    const lines = explanationOf(drawn, 40_000);
    expect(lines).toHaveLength(3);
    expect(lines[2]).toMatch(/^without failure-pace-fast it/);
  });
});
