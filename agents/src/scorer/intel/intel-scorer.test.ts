import type { Event } from "@ostraka/agents/kernel";
import type { SubjectText } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import {
  DEFAULT_SCORER_POLICY,
  IntelBook,
  openScorer,
  type Reason,
  readIntelList,
  restoreScorer,
  type Scorer,
} from "../index.ts";

const NOON = Date.UTC(2026, 2, 2, 12);
const LISTED = "address:192.0.2.1" as SubjectText;
const OTHER = "address:192.0.2.2" as SubjectText;
const ANN = "user:acme/ann" as SubjectText;
const NOWHERE = { lease: () => undefined, signal: () => undefined };

function book(expiresMs = NOON + 1e9, ceiling = 0.0001): IntelBook {
  const one = new IntelBook([{ name: "scanners", ceiling }]);
  one.replace(0, { entries: readIntelList("192.0.2.1\n", "addresses"), madeMs: NOON, expiresMs });
  return one;
}

function open(intel: IntelBook): Scorer {
  return openScorer({ policy: DEFAULT_SCORER_POLICY, intel, hasContext: true });
}

let events = 0;

function login(scorer: Scorer, address: SubjectText, kind: Event["kind"], more: object = {}): void {
  const id = `test:${++events}`;
  const event = {
    id,
    timeMs: NOON,
    kind,
    service: "sshd",
    address,
    account: ANN,
    count: 1,
    ...more,
  };
  scorer.step({ type: "event", event }, NOWHERE);
}

const reasonOf = (
  scorer: Scorer,
  subject: SubjectText,
  detector = "intel-hit",
): Reason | undefined =>
  scorer.standing(subject)?.reasons.find((reason) => reason.detector === detector);

describe("a scorer with a list of threat intelligence", () => {
  test("holds it against the source that is on it, and against nobody else", () => {
    const scorer = open(book());
    login(scorer, LISTED, "login-failed");
    login(scorer, OTHER, "login-failed");
    expect(reasonOf(scorer, LISTED)).toMatchObject({
      kind: "declared",
      seen: "listsToday=1 hits=1 ofLists=1",
      against: expect.stringContaining("scanners 0.01 %"),
    });
    expect(reasonOf(scorer, OTHER)).toBeUndefined();
    // A failure says nothing about the account that it names.
    expect(scorer.standing(ANN)).toBeUndefined();
  });

  test("holds a success from there against the account, too", () => {
    const scorer = open(book());
    login(scorer, LISTED, "login-succeeded");
    expect(scorer.standing(ANN)?.evidenceMdb).toBeGreaterThan(25_000);
    expect(reasonOf(scorer, ANN)).toBeDefined();
  });

  test("says nothing once the list is over", () => {
    const scorer = open(book(NOON));
    login(scorer, LISTED, "login-failed");
    expect(reasonOf(scorer, LISTED)).toBeUndefined();
  });

  test("goes on from a snapshot: who was on a list is not bet on again", () => {
    const scorer = open(book());
    login(scorer, LISTED, "login-failed");
    const options = { policy: DEFAULT_SCORER_POLICY, intel: book(), hasContext: true };
    const restored = restoreScorer(scorer.snapshot(), options) as Scorer;
    const standing = scorer.standing(LISTED);
    expect(restored.standing(LISTED)).toEqual(standing);
    for (const one of [scorer, restored]) {
      login(one, LISTED, "login-failed", { timeMs: NOON + 86_400_000 });
    }
    expect(restored.standing(LISTED)).toEqual(scorer.standing(LISTED));
    expect(scorer.standing(LISTED)?.evidenceMdb).toBeLessThan(1_000);
  });

  test("without a list nothing of it takes a share", () => {
    const [none, some] = [openScorer({ policy: DEFAULT_SCORER_POLICY }), open(book())];
    const plain = openScorer({ policy: DEFAULT_SCORER_POLICY, intel: new IntelBook([]) });
    for (const one of [none, some, plain]) {
      for (let n = 0; n < 4; n++) login(one, OTHER, "login-failed", { timeMs: NOON + n });
    }
    expect(plain.standing(OTHER)).toEqual(none.standing(OTHER));
    expect(some.standing(OTHER)?.levelMdb).toBeLessThan(none.standing(OTHER)?.levelMdb ?? 0);
  });
});

test("travel that nobody can do is a reason about the account and its session", () => {
  const scorer = open(book());
  const session = "session:acme/7" as SubjectText;
  const act = { latitude: 52.5, longitude: 13.4, session };
  login(scorer, OTHER, "login-succeeded", act);
  const far = { ...act, latitude: 40.7, longitude: -74, timeMs: NOON + 3_600_000 };
  login(scorer, "address:198.51.100.7" as SubjectText, "activity", far);
  for (const subject of [ANN, session]) {
    expect(reasonOf(scorer, subject, "impossible-travel")?.count).toBe(1);
  }
});
