import type { Event } from "@ostraka/agents/kernel";
import type { SubjectText } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { DEFAULT_SCORER_POLICY, openScorer, restoreScorer, type Scorer } from "./index.ts";

const SOURCE = "address:203.0.113.7" as SubjectText;
const NOON = Date.UTC(2026, 2, 3, 12);
const DAY = 86_400_000;
const NOWHERE = { lease: () => undefined, signal: () => undefined };

let serial = 0;

function burst(scorer: Scorer, atMs: number, failures = 9): void {
  for (let n = 0; n < failures; n++) {
    const event: Event = {
      id: `log:${++serial}`,
      timeMs: atMs + n * 3_000,
      kind: "login-failed",
      service: "sshd",
      address: SOURCE,
      account: "user:acme/alice" as SubjectText,
      isAccountKnown: true,
      method: "password",
      count: 1,
    };
    scorer.step({ type: "event", event }, NOWHERE);
  }
}

function lift(scorer: Scorer, index: number, atMs: number): void {
  scorer.step({ type: "lift", subject: SOURCE, index, atMs }, NOWHERE);
}

/** Level of a fresh burst of six failures, too short for a line, on another day. */
function levelOfShortBurst(scorer: Scorer, atMs: number): number {
  burst(scorer, atMs, 6);
  return scorer.standing(SOURCE)?.levelMdb ?? 0;
}

function fired(): Scorer {
  const scorer = openScorer({ policy: DEFAULT_SCORER_POLICY });
  burst(scorer, NOON);
  return scorer;
}

describe("a lift", () => {
  test("halves what had fired for its subject, and the reason says since which lift", () => {
    const plain = fired();
    const lifted = fired();
    lift(lifted, 17, NOON + DAY);
    const before = levelOfShortBurst(plain, NOON + 9 * DAY);
    const after = levelOfShortBurst(lifted, NOON + 9 * DAY);
    expect(before - after).toBeGreaterThan(2_900);
    expect(before - after).toBeLessThan(3_100);
    const seen = lifted.standing(SOURCE)?.reasons[0]?.seen ?? "";
    expect(seen).toContain("countsOneIn=2 sinceLift=c:17");
    expect(plain.standing(SOURCE)?.reasons[0]?.seen).not.toContain("countsOneIn");
  });

  test("counts once, however often its ledger is read again, also after a restart", () => {
    const once = fired();
    const often = fired();
    lift(once, 17, NOON + DAY);
    lift(often, 17, NOON + DAY);
    lift(often, 17, NOON + DAY);
    const again = restoreScorer(often.snapshot(), { policy: DEFAULT_SCORER_POLICY }) as Scorer;
    burst(once, NOON + 9 * DAY);
    burst(again, NOON + 9 * DAY);
    lift(again, 17, NOON + DAY);
    expect(levelOfShortBurst(again, NOON + 18 * DAY)).toBe(
      levelOfShortBurst(once, NOON + 18 * DAY),
    );
  });

  test("of before it fired lowers nothing, nor does one of a subject that never fired", () => {
    const scorer = fired();
    lift(scorer, 17, NOON - DAY);
    const quiet = openScorer({ policy: DEFAULT_SCORER_POLICY });
    burst(quiet, NOON, 3);
    lift(quiet, 17, NOON + DAY);
    for (const one of [scorer, quiet]) {
      levelOfShortBurst(one, NOON + 9 * DAY);
      expect(one.standing(SOURCE)?.reasons[0]?.seen).not.toContain("countsOneIn");
    }
  });

  test("lowers to an eighth at the least, and nothing raises it again", () => {
    const scorer = fired();
    for (let n = 1; n <= 6; n++) {
      lift(scorer, n, NOON + n * 30 * DAY - DAY);
      burst(scorer, NOON + n * 30 * DAY, 30);
    }
    levelOfShortBurst(scorer, NOON + 400 * DAY);
    expect(scorer.standing(SOURCE)?.reasons[0]?.seen).toContain("countsOneIn=8");
  });
});
