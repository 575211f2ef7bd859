// Hits of rules: declared bets that no rule fires on an honest subject's day. Null: on at most
// 1 in 100,000 of an honest subject's days a critical rule fires, high 1 in 10,000, medium 1 in
// 1,000, low 1 in 100: the ceiling of a level is shared by all its rules, so a larger set promises
// no more. After a first rule, a later event has another one fire the same day at most 1 time in 4.
// Rules that hit one event count as one, and the same rule again on the same day bets nothing.
//
// Why it is right. A day's stakes are laid BEFORE its first event, one a level, and counted as lost
// until a rule fires; half of what is won (all of it for `critical`) is kept, half is laid at once
// on another rule firing, and counted as lost too. So the day's money only rises within the day,
// and its expectation at the end is at most 1 at the ceilings, under any dependence between rules
// and events: a stop in the middle gains nothing. Carried money is not bet, only halved a day.

import { stake } from "../betting-account.ts";
import type { Observation } from "../observation.ts";
import { LEVEL_CEILINGS } from "../rules/level-ceilings.ts";
import type { RuleHit, RuleLevel, RuleSet } from "../rules/rule-set.ts";
import type { Detector, DetectorMemory } from "./detector.ts";

interface LevelBet {
  /** Share of the day's stake; they add to 1. */
  readonly share: number;
  /** Part of what is won that is laid again on another rule the same day. */
  readonly again: number;
}

/**
 * The stakes, fixed before any data: at two fifths of a subject's bankroll one critical hit is
 * worth 40 dB and one high hit 30.
 */
export const LEVEL_BETS: ReadonlyMap<RuleLevel, LevelBet> = new Map([
  ["critical", { share: 0.28, again: 0 }],
  ["high", { share: 0.56, again: 0.5 }],
  ["medium", { share: 0.12, again: 0.5 }],
  ["low", { share: 0.04, again: 0.5 }],
]);

/** Marks in `names` of the levels that have paid today; no hash of an id is so small. */
const LEVEL_NUMBERS: ReadonlyMap<RuleLevel, number> = new Map([
  ["low", 1],
  ["medium", 2],
  ["high", 3],
  ["critical", 4],
]);

/** Ceiling on another rule firing on a day that has seen one. */
export const ANOTHER_CEILING = 0.25;
/** Days begin with this many starts at once, so that a tenth of the bankroll stays cash. */
const DAY_STARTS = 9;
export const DAY_STAKE = DAY_STARTS / (DAY_STARTS + 1);
const MONEY_MAX = 1e30;
/** Two sums of the same parts, taken in another order. */
const ROUNDING = 1 + 1e-9;
/** Rules and levels of one day; more of them bet nothing more. */
const NAMES_A_DAY_MAX = 24;
const TITLE_MAX = 60;
/** A reason travels clipped; the strictest rules say what matters. */
const TITLES_MAX = 2;

/** The detector over one set of rules. The share is relative to that of the others. */
export function openRuleHits(rules: Pick<RuleSet, "named">): Detector {
  return {
    name: "rule-hits",
    share: 0.4,
    against:
      "an honest subject sees a critical rule fire on at most 1 of 100,000 days, a high one on 1 " +
      "of 10,000, a medium one on 1 of 1,000, a low one on 1 of 100",

    observe(memory: DetectorMemory, seen: Observation): void {
      if (memory.starts === 0) beginRuleDay(memory, seen.timeMs);
      // A line that was folded or repeated is the same hit.
      if (seen.isRepeat) return;
      if (seen.ruleHits.length > 0) onEvent(memory, seen.ruleHits, seen.timeMs);
    },

    describe: (memory) => describeHits(memory, rules),
  };
}

/** Lays the day's stakes and counts them as lost; what was carried is halved. */
function beginRuleDay(memory: DetectorMemory, timeMs: number): void {
  const { fromMs, toMs, wins } = memory;
  const open = memory.open / 2;
  const staked = memory.staked / 2;
  stake(memory, timeMs);
  memory.starts = DAY_STARTS;
  memory.today = 0;
  memory.mark = 0;
  memory.chain = 0;
  // Less than a stake is forgotten: it must not date later evidence.
  const isCarried = open >= 1;
  memory.open = isCarried ? open : 0;
  memory.staked = isCarried ? staked : 0;
  memory.wins = isCarried ? wins : 0;
  memory.fromMs = isCarried ? fromMs : timeMs;
  memory.toMs = isCarried ? toMs : timeMs;
}

/**
 * Settles the hits of one event. Rules that hit the same event are about the same thing, so that
 * together they count as one other rule. `names` holds the rules and levels of the day, `mark` the
 * money that is laid again.
 */
function onEvent(memory: DetectorMemory, hits: readonly RuleHit[], timeMs: number): void {
  const laid = memory.mark;
  let isNew = false;
  for (const { betsAs, number } of hits) {
    if (!LEVEL_BETS.has(betsAs) || memory.names.includes(number)) continue;
    if (memory.names.length >= NAMES_A_DAY_MAX) return;
    memory.names = [...memory.names, number];
    isNew = true;
  }
  if (!isNew) return;
  memory.chain++;
  if (laid > 0) payAgain(memory, laid, timeMs);
  for (const { betsAs } of hits) payLevel(memory, betsAs, timeMs);
}

/** Another rule has fired: what was laid on that has won, and half of it all is laid once more. */
function payAgain(memory: DetectorMemory, laid: number, timeMs: number): void {
  // What is shown is half of what was held; the other half was laid.
  memory.mark = Math.min((laid + laid / ANOTHER_CEILING) / 2, MONEY_MAX);
  // After a reset the money that the bet came from is gone, and what it wins is left out.
  const isStillOpen = laid <= memory.open * ROUNDING;
  pay(memory, memory.mark - laid, isStillOpen, timeMs);
}

/** The first hit of a level on this day wins the level's stake. */
function payLevel(memory: DetectorMemory, betsAs: RuleLevel, timeMs: number): void {
  const bet = LEVEL_BETS.get(betsAs);
  const level = LEVEL_NUMBERS.get(betsAs);
  if (bet === undefined || level === undefined || memory.names.includes(level)) return;
  memory.names = [...memory.names, level];
  if (memory.open === 0) startOpen(memory, timeMs);
  else if (memory.names.filter((name) => name <= LEVEL_NUMBERS.size).length === 1) {
    memory.staked += DAY_STAKE;
  }
  const ceiling = LEVEL_CEILINGS.get(betsAs) as number;
  const shown = ((DAY_STAKE * bet.share) / ceiling) * (1 - bet.again);
  if (bet.again > 0) memory.mark += shown;
  pay(memory, shown, true, timeMs);
}

function startOpen(memory: DetectorMemory, timeMs: number): void {
  memory.fromMs = timeMs;
  memory.staked = DAY_STAKE;
  memory.wins = 0;
}

function pay(memory: DetectorMemory, money: number, isOpen: boolean, timeMs: number): void {
  memory.today = Math.min(memory.today + money, MONEY_MAX);
  if (!isOpen) return;
  memory.open = Math.min(memory.open + money, MONEY_MAX);
  memory.wins++;
  memory.toMs = timeMs;
}

/**
 * The day's rules, strictest first. Titles are the rule authors' words, from the configuration:
 * nothing from a log.
 */
function describeHits(memory: DetectorMemory, rules: Pick<RuleSet, "named">): string {
  const fired = memory.names.flatMap((number) => rules.named(number) ?? []);
  const rank = ({ betsAs }: RuleHit) => LEVEL_NUMBERS.get(betsAs) ?? 0;
  const titles = fired.sort((a, b) => rank(b) - rank(a)).map(wordsOf);
  const today = `eventsWithNewRules=${memory.chain} betsWon=${memory.wins}`;
  if (titles.length === 0) return today;
  const more = titles.length - TITLES_MAX;
  const rest = more > 0 ? `; and ${more} more` : "";
  return `${today} rules=${titles.slice(0, TITLES_MAX).join("; ")}${rest}`;
}

function wordsOf({ title, level, betsAs, quietDays }: RuleHit): string {
  const name = title.length > TITLE_MAX ? `${title.slice(0, TITLE_MAX - 1)}…` : title;
  const weight = betsAs === level ? level : `${level}, bets as ${betsAs}`;
  const support = quietDays > 0 ? `, ${quietDays} quiet days support 3/${quietDays}` : "";
  return `"${name}" (${weight}${support})`;
}
