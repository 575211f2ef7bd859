// Excerpts of the logs of many services, each with the source that CrowdSec's own scenario flags:
// whether the default policy flags the same one and nobody else. Owns the reading of the folders.
// `scenario.assert` is opened AFTER the verdicts on its log; `config.yaml` says the log's type, as
// an operator would, and nothing else of it is read.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { addressSubject } from "@ostraka/proto";
import { type EvalOptions, type EvalResult, type EvalSet, rowOf } from "../eval-set.ts";
import { parserOf, runLog } from "../logs/run-log.ts";

interface Outcome {
  readonly isRead: boolean;
  /** By lease or signal, and by signal alone. */
  readonly flagged: ReadonlySet<string>;
  readonly signalled: ReadonlySet<string>;
  readonly expected: ReadonlySet<string>;
  /** Upstream says what its scenarios give, be it nothing; some tests are of parsers alone. */
  readonly isAsserted: boolean;
}

export const crowdsecHubTests: EvalSet = { name: "crowdsec-hub-tests", run };

async function run({ folder, say }: EvalOptions): Promise<EvalResult> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  let tests = 0;
  let formatsRead = 0;
  let match = 0;
  let matchBySignal = 0;
  let wrong = 0;
  let asserted = 0;
  let assertedMatch = 0;
  const missing: string[] = [];
  for (const name of names.sort()) {
    const outcome = await testOf(join(folder, name));
    if (outcome === undefined) {
      missing.push(name);
      continue;
    }
    tests++;
    if (outcome.isRead) formatsRead++;
    const { flagged, signalled, expected } = outcome;
    const isMatch = outcome.isRead && isEqual(flagged, expected);
    if (outcome.isRead && outcome.isAsserted) asserted++;
    if (isMatch && outcome.isAsserted) assertedMatch++;
    if (isMatch) match++;
    else say(`${name}: flagged ${words(flagged)}, expected ${words(expected)}`);
    if (outcome.isRead && isEqual(signalled, expected)) matchBySignal++;
    const isOther = [...flagged].some((source) => !expected.has(source));
    if (isOther && outcome.isAsserted) wrong++;
  }
  const quiet = match - assertedMatch;
  const ours = `${match} of ${formatsRead}, ${quiet} of them parser tests that name nobody`;
  return {
    figures: { tests, formatsRead, match, matchBySignal, wrong },
    rows: [
      rowOf("same source flagged and nobody else, of those read", ours),
      rowOf(
        "the same, of tests that assert a source",
        `${assertedMatch} of ${asserted}`,
        "CrowdSec's own scenarios: all, by lines of 5 or 6 attempts",
      ),
      rowOf("the same by a signal alone", `${matchBySignal} of ${formatsRead}`),
      rowOf("formats read", `${formatsRead} of ${tests}`),
      rowOf("tests in which somebody else is flagged", String(wrong)),
    ],
    missing,
  };
}

async function testOf(folder: string): Promise<Outcome | undefined> {
  const files = await readdir(folder);
  const config = await readFile(join(folder, "config.yaml"), "utf8").catch(() => "");
  const log = logFileOf(config, files);
  if (log === undefined) return undefined;
  const text = await readFile(join(folder, log), "utf8");
  const verdicts = runLog(text.split(/\r?\n/), parserOf(typeOf(config)));
  const assertions = await readFile(join(folder, "scenario.assert"), "utf8").catch(() => "");
  const signalled = new Set(verdicts.signalled.keys());
  return {
    isRead: verdicts.told > 0,
    flagged: new Set([...signalled, ...verdicts.leased.keys()]),
    signalled,
    expected: expectedOf(assertions),
    isAsserted: assertions.trim() !== "",
  };
}

function logFileOf(config: string, files: readonly string[]): string | undefined {
  const named = /^log_file: *["']?([^"'\s]+)/m.exec(config)?.[1];
  if (named !== undefined && files.includes(named)) return named;
  return files.find((file) => file.endsWith(".log"));
}

function typeOf(config: string): string {
  return (/^log_type: *["']?([\w.-]+)/m.exec(config)?.[1] ?? "auto").toLowerCase();
}

/** The sources that the scenarios flag; those that are no address are named by what they are. */
function expectedOf(assertions: string): Set<string> {
  const sources = new Set<string>();
  const named = /^"([^"]{1,128})" in results\[\d+\]\.Overflow\.GetSources\(\)/gm;
  const met = /\.GetMeta\("source_ip"\) == "([^"]{1,128})"/g;
  const found = [...assertions.matchAll(named)];
  for (const [, source] of found.length > 0 ? found : assertions.matchAll(met)) {
    sources.add(addressSubject(source as string) ?? `other:${source}`);
  }
  return sources;
}

function isEqual(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((each) => b.has(each));
}

function words(sources: ReadonlySet<string>): string {
  return sources.size === 0 ? "nobody" : [...sources].sort().join(", ");
}
