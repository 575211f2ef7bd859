// `ostraka replay`: flags and printing of the sidecar's replay. No mesh, no network, and no raw
// line of the log (I9).

import {
  DEFAULT_SCORER_POLICY,
  explanationOf,
  type Reason,
  seenInWords,
} from "@ostraka/agents/scorer";
import { OstrakaError } from "@ostraka/proto";
import { type ReplayRecord, type ReplaySummary, runReplay } from "@ostraka/sidecar/replay";
import { usage } from "../failure.ts";
import { printable, type Terminal } from "../terminal.ts";

/** As a policy has it. */
const LEARNED_PERCENT_MAX = 50;

export interface ReplayFlags {
  readonly source?: string;
  readonly year?: string;
  readonly tz: string;
  readonly host: string;
  readonly realm: string;
  readonly learnedShare: string;
  readonly without?: string;
  readonly rules?: string;
  readonly json: boolean;
}

export async function runReplayCommand(
  args: readonly string[],
  flags: ReplayFlags,
  terminal: Terminal,
): Promise<number> {
  const path = args[0] as string;
  const source = flags.source;
  if (source === undefined) throw usage("--source is missing: give auth-log, auto or a log format");
  const year = flags.year === undefined ? undefined : Number(flags.year);
  if (year !== undefined && !(Number.isInteger(year) && year >= 1970 && year <= 9999)) {
    throw usage(`--year ${flags.year}: give the year of the first line, as 2017`);
  }
  const print = flags.json
    ? (record: ReplayRecord | ReplaySummary) => terminal.json(record)
    : (record: ReplayRecord | ReplaySummary) => {
        terminal.say(lineOf(record, terminal));
        if (record.kind === "signal") explain(record, terminal);
      };
  const summary = await replayFile(path, { ...flags, source }, year, print);
  print(summary);
  return 0;
}

async function replayFile(
  path: string,
  flags: ReplayFlags & { readonly source: string },
  year: number | undefined,
  onRecord: (record: ReplayRecord) => void,
): Promise<ReplaySummary> {
  const { tz: zone, host, realm, source } = flags;
  const dated = year === undefined ? {} : { year };
  const policy = { ...DEFAULT_SCORER_POLICY, learnedShare: shareOf(flags.learnedShare) };
  const silenced = new Set(flags.without?.split(",") ?? []);
  const names = { zone, host, realm, rules: flags.rules?.split(",") ?? [] };
  const scorer = { silenced };
  try {
    return await runReplay({ path, source, ...names, policy, scorer, onRecord, ...dated });
  } catch (error) {
    if (error instanceof RangeError) throw usage(`--tz ${zone.slice(0, 80)}: ${error.message}`);
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || error instanceof OstrakaError) throw error;
    const why = `${path} cannot be read (${code}): name a log file`;
    throw new OstrakaError("OSTRAKA_NOT_FOUND", why, { cause: error });
  }
}

/** @returns the share of `10%`, from 0 to a half. */
function shareOf(text: string): number {
  const percent = /^[0-9]{1,2}(\.[0-9])?%$/.test(text) ? Number(text.slice(0, -1)) : Number.NaN;
  if (percent <= LEARNED_PERCENT_MAX) return percent / 100;
  throw usage(`--learned-share ${text}: give a share from 0% to ${LEARNED_PERCENT_MAX}%`);
}

/** What moved the level, strongest first, and what would have kept it quiet. */
function explain(record: ReplayRecord, terminal: Terminal): void {
  for (const line of explanationOf(record, record.lineMdb)) terminal.say(`    ${printable(line)}`);
}

function lineOf(record: ReplayRecord | ReplaySummary, terminal: Terminal): string {
  if (record.kind === "summary") {
    const { lines, parsed, events, subjects, signals, leases, refused, linesPerSecond } = record;
    const ahead =
      record.ahead === 0
        ? ""
        : `; ${record.ahead} events left out, dated over a day past the file's last change: ` +
          "see --year";
    return (
      `${lines} lines (${parsed} understood), ${events} events of ${subjects} subjects: ` +
      `${signals} signals, ${leases} leases, ${refused} accesses refused; ` +
      `${linesPerSecond} lines/s${ahead}`
    );
  }
  const { kind, time, line, subject, levelMdb, reasons, until } = record;
  const style = kind === "refused" ? "green" : kind === "lease" ? "yellow" : "cyan";
  const end = until === undefined ? "" : ` until ${until}`;
  const why = reasons.slice(0, 3).map(reasonText).join("; ");
  const word = terminal.paint(style, kind.padEnd(7));
  const level = `${(levelMdb / 1000).toFixed(1)} dB`;
  return `${time} ${word} ${printable(subject)} at ${level}, line ${line}${end}: ${why}`;
}

function reasonText({ detector, seen, betsMdb }: Reason): string {
  const words = seenInWords(detector, seen) ?? seen;
  return `${detector}: ${printable(words)} (${(betsMdb / 1000).toFixed(1)} dB)`;
}
