// Which verified entries somebody asks for: by subject, host, kind, time and index. Filters what
// the walk has verified and nothing else; no coordinator sees what is looked for.

import { LEDGERS, type LedgerId, ledgerLetter, parseSubject, SUBJECT_KINDS } from "@ostraka/proto";
import { usage } from "../failure.ts";
import { factsOf } from "./entry-facts.ts";
import type { LedgerWalk, WalkedEntry } from "./ledger-walk.ts";
import { timeOf } from "./time-flag.ts";

export interface QueryFlags {
  readonly subject?: string;
  readonly host?: string;
  readonly kind?: readonly string[];
  readonly since?: string;
  readonly until?: string;
  readonly from?: string;
  readonly to?: string;
  readonly ledger?: string;
}

export interface Query {
  readonly subject?: string;
  readonly host?: string;
  /** Effects; absent = all. */
  readonly kinds?: ReadonlySet<string>;
  /** Machine time in milliseconds: at or after, and before. */
  readonly sinceMs: number;
  readonly untilMs: number;
  /** Inclusive indices by ledger; a ledger that is not here is not asked for. */
  readonly indices: ReadonlyMap<LedgerId, { readonly from: number; readonly to: number }>;
}

/** Kinds by the name that people give; `verdict` is both of its kinds. */
const KINDS = new Map<string, readonly string[]>(
  [
    "genesis",
    "roster",
    "grant",
    "member",
    "policy",
    "activation",
    "rollout",
    "proposal",
    "approval",
    "revocation",
    "lift",
    "refusals",
    "erasure",
    "coverage",
    "version",
    "inquiry",
    "suggestion",
    "equivocation",
    "opening",
    "poison",
    "probe",
    "halt",
  ].map((kind) => [kind, [kind]]),
);
KINDS.set("rollout-change", ["rolloutChange"]);
KINDS.set("verdict", ["revocation", "lift"]);

/** The name of an effect as flags and exports spell it: `rollout-change`. */
export function kindName(effect: string | undefined): string {
  return (effect ?? "").replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** @throws OstrakaError OSTRAKA_USAGE naming the flag that makes no sense. */
export function parseQuery(flags: QueryFlags, nowMs: number): Query {
  const { subject, host } = flags;
  const kinds = flags.kind === undefined ? undefined : kindsOf(flags.kind);
  const sinceMs = flags.since === undefined ? 0 : timeOf("--since", flags.since, nowMs);
  const isOpen = flags.until === undefined;
  const untilMs = isOpen ? Number.POSITIVE_INFINITY : timeOf("--until", flags.until, nowMs);
  if (sinceMs >= untilMs) throw usage("--since lies after --until: nothing can be between them");
  return {
    ...(subject === undefined ? {} : { subject: subjectOf(subject) }),
    ...(host === undefined ? {} : { host }),
    ...(kinds === undefined ? {} : { kinds }),
    sinceMs,
    untilMs,
    indices: indicesOf(flags),
  };
}

/** Whether an entry is asked for. */
export function isWanted(query: Query, walk: LedgerWalk, walked: WalkedEntry): boolean {
  const { entry, ledger, index } = walked;
  const range = query.indices.get(ledger);
  if (range === undefined || index < range.from || index > range.to) return false;
  const timeMs = Number(entry.machineTimeMs);
  if (timeMs < query.sinceMs || timeMs >= query.untilMs) return false;
  if (query.kinds?.has(entry.effect.case ?? "") === false) return false;
  if (query.subject === undefined && query.host === undefined) return true;
  const { subject, hosts } = factsOf(walk, walked);
  if (query.subject !== undefined && subject !== query.subject) return false;
  return query.host === undefined || hosts.includes(query.host);
}

function subjectOf(text: string): string {
  const subject = parseSubject(text) ?? (/^erased:[0-9a-f]{16}$/.test(text) ? text : undefined);
  if (subject !== undefined) return subject;
  throw usage(
    `--subject ${text.slice(0, 80)}: write kind:value, as address:203.0.113.7; kinds are ` +
      SUBJECT_KINDS.join(", "),
  );
}

function kindsOf(names: readonly string[]): ReadonlySet<string> {
  const all = names.flatMap((name) => name.split(","));
  return new Set(
    all.flatMap((name) => {
      const kinds = KINDS.get(name.trim().toLowerCase());
      if (kinds !== undefined) return kinds;
      throw usage(`--kind ${name.slice(0, 40)}: one of ${[...KINDS.keys()].join(", ")}`);
    }),
  );
}

function indicesOf(flags: QueryFlags): Query["indices"] {
  const from = placeOf("--from", flags.from);
  const to = placeOf("--to", flags.to);
  const named = [flags.ledger, from?.letter, to?.letter].filter((letter) => letter !== undefined);
  const [letter] = named;
  if (named.some((other) => other !== letter)) {
    throw usage("--ledger, --from and --to name different ledgers: give one of them at a time");
  }
  const ledgers = LEDGERS.filter((l) => letter === undefined || ledgerLetter(l) === letter);
  if (ledgers.length === 0) throw usage(`--ledger ${letter?.slice(0, 40)}: c or s`);
  const range = { from: from?.index ?? 1, to: to?.index ?? Number.POSITIVE_INFINITY };
  if (range.from > range.to) throw usage("--from lies after --to: nothing can be between them");
  return new Map(ledgers.map((ledger) => [ledger, range]));
}

function placeOf(flag: string, text: string | undefined) {
  if (text === undefined) return undefined;
  const place = parsePlace(text);
  if (place === undefined) throw usage(`${flag} ${text.slice(0, 40)}: give an index, c:17 or s:4`);
  return { letter: ledgerLetter(place.ledger), index: place.index };
}

/** Reads `c:17`. @returns `undefined` when it is no index. */
export function parsePlace(
  text: string,
): { readonly ledger: LedgerId; readonly index: number } | undefined {
  const match = /^([cs]):([1-9]\d{0,14})$/.exec(text);
  const ledger = LEDGERS.find((l) => ledgerLetter(l) === match?.[1]);
  return match === null || ledger === undefined ? undefined : { ledger, index: Number(match[2]) };
}
