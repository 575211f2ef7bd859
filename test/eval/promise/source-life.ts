// The life of one honest source, attempt by attempt: draws what comes next and hands it on as the
// observation that a detector sees. Owns event time. Knows nothing of money.

import { type Observation, openObservation } from "../../../agents/src/scorer/observation.ts";
import type { Random } from "../../sim/random.ts";
import type { Attempt, Choice, SourceState } from "./honest-class.ts";

export const DAY_MS = 86_400_000;
/** A Monday. */
export const START_DAY = 20_458;

export class SourceLife {
  readonly seen: Observation = openObservation();
  state: SourceState;
  timeMs = 0;
  #lastRefusedMs = -1;

  /** @param serial where names that nobody has used begin. */
  constructor(serial: number) {
    this.state = { previous: undefined, failures: 0, serial, day: 0 };
  }

  beginDay(day: number): void {
    this.state = { ...this.state, day };
    this.timeMs = Math.max(this.timeMs, (START_DAY + day) * DAY_MS);
  }

  /** What a detector would see if this came next; the life goes on only with `take`. */
  sight(attempt: Attempt): Observation {
    const { seen } = this;
    seen.timeMs = this.timeMs + attempt.gapMs;
    seen.outcome = attempt.isFailed ? "failed" : "succeeded";
    seen.isRefused = attempt.isFailed;
    seen.isSuspiciousName = attempt.isFailed && attempt.isUnknown;
    seen.nameHash = attempt.name;
    seen.gapMs =
      this.#lastRefusedMs < 0 ? Number.POSITIVE_INFINITY : seen.timeMs - this.#lastRefusedMs;
    return seen;
  }

  take(attempt: Attempt): Observation {
    const seen = this.sight(attempt);
    this.timeMs = seen.timeMs;
    if (attempt.isFailed) this.#lastRefusedMs = seen.timeMs;
    const failures = attempt.isFailed ? this.state.failures + 1 : 0;
    this.state = { ...this.state, previous: attempt, failures, serial: this.state.serial + 1 };
    return seen;
  }
}

/** Draws one of the choices; weights need not add to 1. */
export function draw(
  choices: readonly Choice[],
  random: Random,
  weightOf: (choice: Choice, i: number) => number = (choice) => choice.probability,
): number {
  let total = 0;
  for (let i = 0; i < choices.length; i++) total += weightOf(choices[i] as Choice, i);
  let left = random.float() * total;
  for (let i = 0; i < choices.length; i++) {
    left -= weightOf(choices[i] as Choice, i);
    if (left < 0) return i;
  }
  return choices.length - 1;
}
