// What is kept of each revocation in force, in flat memory: with a hundred thousand of them objects
// would outweigh all the rest of a host. Owns the spelling of a row; makes a `Held` anew for
// whoever asks. Numbers of rows are the caller's. Rare things keep the object that they came as.

import { Ledger, type Stage, type SubjectText } from "@ostraka/proto";
import type { Held } from "./held.ts";
import { TextSlots } from "./text-slots.ts";

const PAGE_ROWS = 256;
const PAGE_MASK = PAGE_ROWS - 1;
const PAGE_BITS = 8;

// Of a row's word: one bit each, then the stage, the number of its rule, and its hosts.
const IS_HELD = 1;
const IS_DRY_RUN = 2;
const IS_CONTROL = 4;
/** Kept as an object. */
const IS_RARE = 8;
const STAGE_AT = 4;
const STAGE_MAX = 15;
const RULE_AT = 8;
const RULE_MAX = 255;
const HOSTS_AT = 16;
const HOSTS_MAX = 65_535;

interface Page {
  readonly expiresMs: Float64Array;
  readonly index: Float64Array;
  readonly word: Uint32Array;
  /** Slot of the subject's text. */
  readonly subject: Uint32Array;
  /** Next row of the same subject, and one; 0 at the end. */
  readonly next: Uint32Array;
}

/** A scope that names nothing. */
export const EVERYTHING: readonly string[] = [];

export class HeldRows {
  readonly #pages: Page[] = [];
  readonly #texts = new TextSlots();
  readonly #rare = new Map<number, Held>();
  readonly #rules: string[] = [];
  readonly #ruleNumbers = new Map<string, number>();

  /** Takes a row that is free. */
  put(row: number, held: Held): void {
    while (row >= this.#pages.length * PAGE_ROWS) this.#pages.push(newPage());
    const page = this.#pageOf(row);
    const at = row & PAGE_MASK;
    page.expiresMs[at] = held.expiresMs;
    page.index[at] = held.index;
    page.subject[at] = this.#texts.put(held.subject);
    page.next[at] = 0;
    const word = this.#wordOf(held);
    page.word[at] = word ?? IS_HELD | IS_RARE | (held.isDryRun ? IS_DRY_RUN : 0);
    if (word === undefined) this.#rare.set(row, held);
  }

  /** What is held in a row; `undefined` for a free one. @param id of it, in hex. */
  read(row: number, id: () => string): Held | undefined {
    const page = this.#pages[row >>> PAGE_BITS];
    const at = row & PAGE_MASK;
    const word = page?.word[at] ?? 0;
    if (page === undefined || word === 0) return undefined;
    const rare = (word & IS_RARE) === 0 ? undefined : this.#rare.get(row);
    if (rare !== undefined) return rare;
    return {
      id: id(),
      subject: this.subjectOf(row),
      stage: ((word >>> STAGE_AT) & STAGE_MAX) as Stage,
      expiresMs: page.expiresMs[at] as number,
      rule: this.#rules[(word >>> RULE_AT) & RULE_MAX] as string,
      hostCount: word >>> HOSTS_AT,
      ledger: (word & IS_CONTROL) === 0 ? Ledger.SIGNALS : Ledger.CONTROL,
      index: page.index[at] as number,
      isDryRun: (word & IS_DRY_RUN) !== 0,
      resources: EVERYTHING,
      actions: EVERYTHING,
    };
  }

  /** Puts another object in the place of one that is kept as such. */
  replaceRare(row: number, held: Held): void {
    this.#rare.set(row, held);
  }

  /** Frees a row. */
  clear(row: number): void {
    const page = this.#pageOf(row);
    const at = row & PAGE_MASK;
    this.#texts.release(page.subject[at] as number);
    page.word[at] = 0;
    this.#rare.delete(row);
  }

  subjectOf(row: number): SubjectText {
    return this.#texts.get(this.#pageOf(row).subject[row & PAGE_MASK] as number) as SubjectText;
  }

  isOf(row: number, subject: SubjectText): boolean {
    return this.#texts.isEqual(this.#pageOf(row).subject[row & PAGE_MASK] as number, subject);
  }

  /** The next row of the same subject, and one; 0 at the end. */
  nextOf(row: number): number {
    return this.#pageOf(row).next[row & PAGE_MASK] as number;
  }

  setNext(row: number, next: number): void {
    this.#pageOf(row).next[row & PAGE_MASK] = next;
  }

  /** Rows that expire at a time or before, in order. */
  *expiring(ms: number): Iterable<number> {
    for (let row = 0; row < this.#pages.length * PAGE_ROWS; row++) {
      const { word, expiresMs } = this.#pageOf(row);
      const at = row & PAGE_MASK;
      if (word[at] !== 0 && (expiresMs[at] as number) <= ms) yield row;
    }
  }

  /** The least time at which a row expires; infinity without any. */
  firstExpiryMs(): number {
    let firstMs = Number.POSITIVE_INFINITY;
    for (const { word, expiresMs } of this.#pages) {
      for (let at = 0; at < PAGE_ROWS; at++) {
        if (word[at] !== 0) firstMs = Math.min(firstMs, expiresMs[at] as number);
      }
    }
    return firstMs;
  }

  #pageOf(row: number): Page {
    return this.#pages[row >>> PAGE_BITS] as Page;
  }

  /** `undefined` for what does not fit into a word. */
  #wordOf(held: Held): number | undefined {
    const { stage, hostCount, ledger, isDryRun, widening, resources, actions } = held;
    const isPlain = widening === undefined && resources.length === 0 && actions.length === 0;
    const rule = isPlain ? this.#ruleNumber(held.rule) : undefined;
    const isNumber = Number.isInteger(hostCount) && hostCount >= 0 && hostCount <= HOSTS_MAX;
    if (rule === undefined || !isNumber || !(stage >= 0 && stage <= STAGE_MAX)) return undefined;
    const flags = (isDryRun ? IS_DRY_RUN : 0) | (ledger === Ledger.CONTROL ? IS_CONTROL : 0);
    const low = IS_HELD | flags | (stage << STAGE_AT) | (rule << RULE_AT);
    return (low | (hostCount << HOSTS_AT)) >>> 0;
  }

  /** Names of rules are few: those of policies. */
  #ruleNumber(rule: string): number | undefined {
    const known = this.#ruleNumbers.get(rule);
    if (known !== undefined || this.#rules.length > RULE_MAX) return known;
    this.#ruleNumbers.set(rule, this.#rules.length);
    return this.#rules.push(rule) - 1;
  }
}

function newPage(): Page {
  return {
    expiresMs: new Float64Array(PAGE_ROWS),
    index: new Float64Array(PAGE_ROWS),
    word: new Uint32Array(PAGE_ROWS),
    subject: new Uint32Array(PAGE_ROWS),
    next: new Uint32Array(PAGE_ROWS),
  };
}
