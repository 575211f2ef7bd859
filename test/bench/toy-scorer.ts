// The least that a scorer of this kind could be: for each subject that an event names one look-up
// and ten bets, that it fails and that each of nine facts is another than last time; and half-space
// trees as published over a few numbers. No days, no bounds, no duplicates, no past but the last
// event, no reasons. A floor to measure beside, never part of the product.

import type { Event } from "@ostraka/agents/kernel";
import type { SubjectText } from "@ostraka/proto";
import { hashText } from "../../agents/src/scorer/observation.ts";
import { HalfSpaceTrees } from "../eval/numeric/half-space-trees.ts";

const CEILING = 0.35;
const ALTERNATIVE = 0.9;
const WIN = ALTERNATIVE / CEILING;
const LOSE = (1 - ALTERNATIVE) / (1 - CEILING);
const LINE = 10_000;
const DAY_MS = 86_400_000;
const FACTS = 9;
/** The money of each bet, the last of each fact, and the time. */
const CELLS = 1 + FACTS + FACTS + 1;
const LAST_MS = CELLS - 1;
const FEATURES = 4;
const MS_MAX = 900;
const SIZE_BITS = 40;

export class ToyScorer {
  readonly #purses = new Map<SubjectText, Float64Array>();
  readonly #trees: HalfSpaceTrees | undefined;
  readonly #facts = new Int32Array(FACTS);
  readonly #row = new Float64Array(FEATURES);
  signals = 0;
  strangeness = 0;

  constructor(hasTrees: boolean) {
    this.#trees = hasTrees ? new HalfSpaceTrees(FEATURES, 1) : undefined;
  }

  take(event: Event): void {
    const { kind, address, account, session, timeMs } = event;
    const didFail = kind === "login-failed";
    this.#readFacts(event);
    let gapMs = 0;
    if (address !== undefined) gapMs = this.#bet(address, didFail, timeMs);
    if (account !== undefined && !didFail) gapMs = this.#bet(account, false, timeMs);
    if (session !== undefined) this.#bet(session, didFail, timeMs);
    if (this.#trees === undefined) return;
    const row = this.#row;
    row[0] = Math.log2(1 + (event.sizeBytes ?? 0)) / SIZE_BITS;
    row[1] = (event.durationMs ?? 0) / MS_MAX;
    row[2] = (timeMs % DAY_MS) / DAY_MS;
    row[3] = Math.min(1, gapMs / DAY_MS);
    this.strangeness += this.#trees.push(row);
  }

  #readFacts(event: Event): void {
    const facts = this.#facts;
    facts[0] = hashText(event.action ?? "");
    facts[1] = hashText(event.target ?? "");
    facts[2] = hashText(event.address ?? "");
    facts[3] = hashText(event.country ?? "");
    facts[4] = hashText(event.userAgent ?? "");
    facts[5] = hashText(event.process ?? "");
    facts[6] = hashText(event.device ?? "");
    facts[7] = hashText(event.method ?? "");
    facts[8] = hashText(event.service);
  }

  /** @returns how long the subject was silent. */
  #bet(subject: SubjectText, didFail: boolean, timeMs: number): number {
    let purse = this.#purses.get(subject);
    if (purse === undefined) {
      purse = new Float64Array(CELLS).fill(1, 0, 1 + FACTS);
      purse[LAST_MS] = timeMs;
      this.#purses.set(subject, purse);
    }
    this.#settle(purse, 0, didFail);
    for (let i = 0; i < FACTS; i++) {
      const fact = this.#facts[i] as number;
      this.#settle(purse, 1 + i, purse[1 + FACTS + i] !== fact);
      purse[1 + FACTS + i] = fact;
    }
    const gapMs = timeMs - (purse[LAST_MS] as number);
    purse[LAST_MS] = timeMs;
    return gapMs;
  }

  #settle(purse: Float64Array, bet: number, isWon: boolean): void {
    const money = Math.max(1, (purse[bet] as number) * (isWon ? WIN : LOSE));
    if (money >= LINE) this.signals++;
    purse[bet] = money >= LINE ? 1 : money;
  }
}
