// The rules a sidecar runs with, and another edition of them when their files change. Owns the book
// that the scorer asks. A set with a fault is refused whole at start; later the last good one stays
// and the log says why. Must never put half of a folder in force.

import { RuleBook } from "@ostraka/agents/rules";
import type { EditionLog } from "./edition-log.ts";
import { loadRules, STARTER, sourcesState } from "./rule-files.ts";

/** How often the files are looked at. */
const POLL_MS = 30_000;

export interface RulesInForceOptions {
  /** `starter`, or paths of files and folders. */
  readonly places: readonly string[];
  readonly log: EditionLog;
  readonly pollMs?: number;
}

export class RulesInForce {
  /** What the scorer asks. */
  readonly book: RuleBook;
  readonly #o: RulesInForceOptions;
  #looked: string;
  #told: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @throws OstrakaError OSTRAKA_CONFIG_INVALID when the rules have a fault. */
  constructor(options: RulesInForceOptions) {
    this.#o = options;
    const { places, log } = options;
    this.#looked = sourcesState(places);
    const rules = loadRules(places);
    log.info({ rules: rules.size, places }, "rules are in force");
    this.book = new RuleBook(rules);
  }

  /** Follows the files from now on. The starter set alone never changes under a running process. */
  start(): void {
    if (this.#o.places.every((place) => place === STARTER)) return;
    this.#timer = setInterval(() => this.look(), this.#o.pollMs ?? POLL_MS);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Reads the files again if one is another than it was. Never throws: what worked stays. */
  look(): void {
    const { places, log } = this.#o;
    try {
      const state = sourcesState(places);
      if (state === this.#looked) return;
      this.#looked = state;
      const rules = loadRules(places);
      this.#told = undefined;
      this.book.use(rules);
      log.info({ rules: rules.size, places }, "another edition of the rules is in force");
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      // Said once, and again when it has been otherwise in between.
      if (why === this.#told) return;
      this.#told = why;
      log.warn({ places }, `${why}\nthe last good edition stays (${this.book.size} rules)`);
    }
  }
}
