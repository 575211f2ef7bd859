// Reasons as a responder reads them aloud: what was seen, what was expected, over which history,
// how much it moved the level, and what would have kept it quiet. Owns the words of every detector.
// Must never say more than the reason's own numbers; a detector it does not know is shown as it
// spoke.

import type { EvidenceKindName, Lease, Reason, Signal } from "./signal.ts";

type Seen = ReadonlyMap<string, string>;

const WORDS: Readonly<Record<string, (seen: Seen) => string | undefined>> = {
  "failure-run": (seen) => said(seen, "failuresInARow", (n) => `${n} failed logins in a row`),
  "failure-pace-burst": (seen) =>
    said(seen, "pacedFailures", (n) => `${n} failures no more than a second apart`),
  "failure-pace-fast": (seen) =>
    said(seen, "pacedFailures", (n) => `${n} failures no more than 5 s apart`),
  "failure-pace-quick": (seen) =>
    said(seen, "pacedFailures", (n) => `${n} failures no more than 60 s apart`),
  "suspicious-name": (seen) =>
    said(
      seen,
      "suspiciousNamesInARow",
      (n) => `${n} in a row for root or for accounts that do not exist`,
    ),
  "account-spread": (seen) => said(seen, "accountsFailedToday", (n) => `spread over ${n} accounts`),
  "split-session": (seen) =>
    said(seen, "daysInOtherHands", (n) =>
      n === "1"
        ? "a session that went on elsewhere, by another program"
        : `a session that went on elsewhere, by another program, on ${n} days`,
    ),
  "after-burst": (seen) =>
    said(seen, "daysWithLoginFromLeasedSource", (n) =>
      n === "1" ? "a login from a source under a lease" : `logins from leased sources on ${n} days`,
    ),
  novelty: newThings,
  "host-novelty": (seen) => {
    const things = newThings(seen);
    return things === undefined ? undefined : `new to this whole host: ${things}`;
  },
  "group-novelty": (seen) => {
    const things = thingsOf(seen);
    return things === undefined ? undefined : ofPeers(seen, things);
  },
  rate: (seen) =>
    said(seen, "eventsInHour", (n) => `${n} events within an hour${usual(seen, "usualInHour")}`),
  "change-point": (seen) =>
    said(seen, "eventsInDay", (n) => `${n} events within a day${usual(seen, "usualInDay")}`),
  season: (seen) =>
    said(seen, "utcHourFromThursday", (hour) => {
      const here = seen.get("pastHoursHere") ?? "0";
      const all = seen.get("pastHours") ?? "0";
      return `active ${weekHour(Number(hour))}, as in ${here} of ${all} active hours before`;
    }),
  "size-tail": (seen) => said(seen, "valueBytes", (n) => `${n} bytes${asLarge(seen)}`),
  "duration-tail": (seen) => said(seen, "valueMs", (n) => `${n} ms${asLarge(seen)}`),
  "dormant-account": (seen) =>
    said(seen, "daysSinceLastActiveDay", (n) => `the first activity after ${n} days`),
  sequence: (seen) =>
    said(seen, "ownUses", (n) => {
      const total = seen.get("ownActions") ?? "0";
      const peers = seen.get("peersUses") ?? "0";
      return `an action it did ${n} times among ${total}, and its peers ${peers} times`;
    }),
  embedding: (seen) =>
    said(seen, "distanceToPast", (n) => {
      const peers = seen.get("distanceToPeers") ?? "1";
      return `conduct ${n} away from its own past and ${peers} from its peers', of 1 at most`;
    }),
};

/** What a detector saw, in words; `undefined` when it is not known here. */
export function seenInWords(detector: string, seen: string): string | undefined {
  return Object.hasOwn(WORDS, detector) ? WORDS[detector]?.(pairsOf(seen)) : undefined;
}

/** One sentence: what was seen, against what, over which history, and what it moved. */
export function sentenceOf(reason: Reason, of: EvidenceKindName): string {
  const { detector, seen, against, betsMdb, levelWithoutMdb, count, kind } = reason;
  const saw = seenInWords(detector, seen) ?? seen;
  const moved =
    kind === of
      ? `${decibans(betsMdb)} by ${count} bets, and without it the level would be ` +
        decibans(levelWithoutMdb)
      : `${decibans(betsMdb)} of ${kind} evidence, which explains and is not in this level`;
  return `${detector}: ${saw}${historyWords(seen)}; expected: ${against}; ${moved}${lowered(seen)}`;
}

/** Why a line was drawn, sentence by sentence, the strongest reason first. */
export function explanationOf(
  drawn: Pick<Lease | Signal, "reasons" | "levelMdb" | "evidenceKind">,
  lineMdb: number,
): string[] {
  const { reasons, levelMdb, evidenceKind } = drawn;
  const quiet = quietWords(reasons, levelMdb, lineMdb, evidenceKind);
  return [...reasons.map((reason) => sentenceOf(reason, evidenceKind)), quiet];
}

/**
 * What would have kept a level below its line: the fewest of its reasons without which it is, the
 * strongest first.
 */
export function quietWords(
  reasons: readonly Reason[],
  levelMdb: number,
  lineMdb: number,
  kind: EvidenceKindName,
): string {
  const line = decibans(lineMdb);
  if (levelMdb < lineMdb) return `it is below the line of ${line}`;
  const level = moneyOf(levelMdb);
  const parts = reasons
    .filter((reason) => reason.kind === kind)
    .map(({ detector, levelWithoutMdb }) => ({ detector, part: level - moneyOf(levelWithoutMdb) }))
    .sort((a, b) => b.part - a.part);
  let left = level;
  const without: string[] = [];
  for (const { detector, part } of parts) {
    left -= part;
    without.push(detector);
    if (left < moneyOf(lineMdb)) break;
  }
  const names = without.join(" and ");
  const most = left > 0 ? ` at ${decibans(Math.floor(10_000 * Math.log10(left)))}` : "";
  return left < moneyOf(lineMdb)
    ? `without ${names} it would have stayed quiet${most}, below the line of ${line}`
    : `its reasons as they are shown do not add to the line of ${line}`;
}

function moneyOf(mdb: number): number {
  return 10 ** (mdb / 10_000);
}

function decibans(mdb: number): string {
  return `${(mdb / 1000).toFixed(1)} dB`;
}

function pairsOf(seen: string): Seen {
  return new Map(seen.split(" ").map((pair) => pair.split("=", 2) as [string, string]));
}

/** Over which history a learned detector speaks. */
function historyWords(seen: string): string {
  const pairs = pairsOf(seen);
  const past = pairs.get("of");
  if (past === undefined) return "";
  return `, as strange as ${pairs.get("asStrangeBefore")} of ${past} before`;
}

function lowered(seen: string): string {
  const pairs = pairsOf(seen);
  const parts = pairs.get("countsOneIn");
  if (parts === undefined) return "";
  const much = parts === "2" ? "half" : `1 part in ${parts}`;
  return `; counts ${much} since the lift ${pairs.get("sinceLift")}`;
}

/** `newNetwork=1 newCountry=1`: a network and a country for the first time. */
function newThings(seen: Seen): string | undefined {
  const things = thingsOf(seen);
  return things === undefined ? undefined : `${things} for the first time`;
}

/** What is new, in words; `undefined` when nothing is. */
function thingsOf(seen: Seen): string | undefined {
  const things: string[] = [];
  for (const key of seen.keys()) {
    const match = /^new([A-Z][a-z]+)$/.exec(key);
    if (match !== null && key !== "newFacets") things.push((match[1] as string).toLowerCase());
  }
  if (things.length === 0) return undefined;
  const last = things.pop() as string;
  return things.length === 0 ? last : `${things.join(", ")} and ${last}`;
}

/** Nobody else either: among how many, and how often one of them brings something new. */
function ofPeers(seen: Seen, things: string): string {
  const members = said(seen, "groupMembers", (n) => ` (${n} members)`) ?? "";
  const often = said(seen, "expectedOneIn", (n) => `, expected one time in ${n}`) ?? "";
  return `first time anybody of this peer group${members} used this ${things}${often}`;
}

const DAYS = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];

function weekHour(hour: number): string {
  return `on a ${DAYS[Math.floor(hour / 24) % 7]} at ${String(hour % 24).padStart(2, "0")}h UTC`;
}

function usual(seen: Seen, key: string): string {
  const value = seen.get(key);
  return value === undefined ? "" : `, where ${value} are usual`;
}

function asLarge(seen: Seen): string {
  const larger = seen.get("asLargeOrLarger");
  const past = seen.get("past");
  if (larger === undefined || past === undefined) return "";
  return `, as large as ${larger} of ${past} before`;
}

function said(seen: Seen, key: string, words: (value: string) => string): string | undefined {
  const value = seen.get(key);
  return value === undefined ? undefined : words(value);
}
