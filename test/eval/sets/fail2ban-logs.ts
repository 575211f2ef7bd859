// Lines of many services, each labelled by fail2ban's own tests: whether the parser takes it for a
// refused login, and by whom. Owns the reading of the label lines. A label stands on the line
// BEFORE its log line; it is kept unread until the parser has answered.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { addressSubject } from "@ostraka/proto";
import type { FormatParser } from "../../../sidecar/src/sources/formats.ts";
import { type EvalOptions, type EvalResult, type EvalSet, rowOf } from "../eval-set.ts";
import { parserOf } from "../logs/run-log.ts";

const LABEL = /^#\s*failJSON:\s*(\{.*\})\s*$/;
const NO_LOGS: ReadonlySet<string> = new Set(["README.md", "COPYING"]);

interface Counts {
  truePositives: number;
  falsePositives: number;
  falseNegatives: number;
  wrongHosts: number;
  lines: number;
}

export const fail2banLogs: EvalSet = { name: "fail2ban-logs", run };

async function run({ folder, say }: EvalOptions): Promise<EvalResult> {
  const entries = await readdir(folder, { withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !NO_LOGS.has(entry.name));
  const counts: Counts = {
    truePositives: 0,
    falsePositives: 0,
    falseNegatives: 0,
    wrongHosts: 0,
    lines: 0,
  };
  for (const { name } of files) {
    const text = await readFile(join(folder, name), "utf8");
    // The file's name is the service's, as in an operator's configuration.
    countFile(text.split(/\r?\n/), parserOf(name), counts, (line) => say(`${name}: ${line}`));
  }
  const { truePositives, falsePositives, falseNegatives, wrongHosts, lines } = counts;
  const precision = share(truePositives, truePositives + falsePositives);
  const recall = share(truePositives, truePositives + falseNegatives);
  return {
    figures: { precision, recall, wrongHosts, lines },
    rows: [
      rowOf("line precision", String(precision), "fail2ban 1 (its own tests)"),
      rowOf("line recall", String(recall), "fail2ban 1, over several of its modes"),
      rowOf("wrong hosts named", String(wrongHosts), "fail2ban 0"),
      rowOf("labelled lines", String(lines)),
    ],
    missing: [],
  };
}

function countFile(
  lines: readonly string[],
  parser: FormatParser,
  counts: Counts,
  say: (line: string) => void,
): void {
  let label = "";
  for (const [index, line] of lines.entries()) {
    const labelled = LABEL.exec(line);
    if (labelled !== null) label = labelled[1] as string;
    if (line.startsWith("#") || line.trim() === "") continue;
    const host = blamedBy(parser, line, index);
    if (label === "") continue;
    countLine(host, label, counts, (why) => say(`line ${index + 1}: ${why}`));
    label = "";
  }
}

/** The subject of the address that the line is held against, or nothing. */
function blamedBy(parser: FormatParser, line: string, index: number): string | undefined {
  const parsed = parser.parse(line, `eval:${index}`);
  const event = parsed.outcome === "event" ? parsed.event : undefined;
  const isRefusal = event?.kind === "login-failed" || event?.kind === "login-probed";
  return isRefusal ? event?.address : undefined;
}

function countLine(
  host: string | undefined,
  labelText: string,
  counts: Counts,
  say: (why: string) => void,
): void {
  const label = labelOf(labelText);
  if (label === undefined) return;
  counts.lines++;
  const labelled = label.host === undefined ? undefined : addressSubject(label.host);
  const isOther = host !== undefined && labelled !== undefined && host !== labelled;
  if (isOther) {
    counts.wrongHosts++;
    say(`${host} named, ${labelled} labelled`);
  }
  if (host !== undefined && label.match === true && !isOther) counts.truePositives++;
  else if (host !== undefined) counts.falsePositives++;
  if (label.match === true && (host === undefined || isOther)) counts.falseNegatives++;
}

/** A label that is no JSON labels nothing. */
function labelOf(text: string): { match?: boolean; host?: string } | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((part / whole) * 10_000) / 10_000;
}
