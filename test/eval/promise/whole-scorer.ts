// The same honest sources through the whole scorer, event by event: what the money alone is held
// to, and where a repeated line must bet nothing. Owns how an attempt is written as an event.

import type { Event } from "@ostraka/agents/kernel";
import { DEFAULT_SCORER_POLICY, openScorer, type Scorer } from "@ostraka/agents/scorer";
import type { SubjectText } from "@ostraka/proto";
import { Random } from "../../sim/random.ts";
import { type LineCount, lineCount, type Population } from "./false-signals.ts";
import type { Attempt, Choice, HonestClass } from "./honest-class.ts";
import { draw, SourceLife } from "./source-life.ts";

/** @param copies how often each line reaches the scorer, under the same id. */
export function countScorerSignals(
  { kinds, subjects, days, seed }: Population,
  lineMdb: number,
  copies: number,
): LineCount {
  const random = new Random(seed);
  // A lease of a millisecond: nothing holds a signal back.
  const lines = { signalLineMdb: lineMdb, leaseLineMdb: lineMdb, leaseMs: 1 };
  const scorer = openScorer({ policy: { ...DEFAULT_SCORER_POLICY, ...lines } });
  let signals = 0;
  const out = { lease: () => undefined, signal: () => void signals++ };
  for (let subject = 0; subject < subjects; subject++) {
    const kind = kinds[subject % kinds.length] as HonestClass;
    const life = new SourceLife(subject * 100_000);
    for (let day = 0; day < days; day++) {
      life.beginDay(day);
      const attempts = kind.attemptsOf(day, random);
      for (let n = 0; n < attempts; n++) {
        const choices = kind.next(life.state);
        const attempt = choices[draw(choices, random)] as Choice;
        life.take(attempt);
        const event = eventOf(attempt, subject, life);
        for (let copy = 0; copy < copies; copy++) scorer.step({ type: "event", event }, out);
      }
    }
  }
  assertAllRead(scorer, copies);
  return lineCount(lineMdb, subjects * days, signals);
}

function eventOf(attempt: Attempt, subject: number, { state, timeMs }: SourceLife): Event {
  return {
    id: `${subject}/${state.serial}`,
    timeMs,
    kind: attempt.isFailed ? "login-failed" : "login-succeeded",
    service: "sshd",
    address: `address:10.${subject >> 16}.${(subject >> 8) & 255}.${subject & 255}` as SubjectText,
    account: `user:acme/s${subject}-${attempt.name}` as SubjectText,
    isAccountKnown: !attempt.isUnknown,
    method: "password",
    count: 1,
  };
}

function assertAllRead(scorer: Scorer, copies: number): void {
  const { events, stale, invalid } = scorer.counts();
  if (events % copies !== 0 || stale + invalid > 0) throw new Error("the scorer refused an event");
}
