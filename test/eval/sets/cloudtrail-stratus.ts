// CloudTrail of attack techniques that a public tool detonated: how many of them the whole scorer
// signals with the starter rules, after how many events, and in how many a rule hits at all. Owns
// the counting. The file's name is the technique and is never looked at by a rule.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Event } from "@ostraka/agents/kernel";
import { RuleBook } from "@ostraka/agents/rules";
import { DEFAULT_SCORER_POLICY, openScorer, type RuleHit } from "@ostraka/agents/scorer";
import { loadRules, STARTER } from "../../../sidecar/src/rule-files.ts";
import type { JsonRecord } from "../../../sidecar/src/sources/records/record-format.ts";
import { openRecordReader, recordFormatOf } from "../../../sidecar/src/sources/records/records.ts";
import type { EvalOptions, EvalResult, EvalSet } from "../eval-set.ts";

export const cloudtrailStratus: EvalSet = { name: "cloudtrail-stratus", run };

interface Verdict {
  readonly technique: string;
  readonly events: number;
  /** Events up to and with the one that was signalled, or 0. */
  readonly signalAfter: number;
  readonly leaseAfter: number;
  readonly rulesHit: readonly string[];
}

async function run({ folder, say }: EvalOptions): Promise<EvalResult> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".json")).sort();
  const missing = names.length === 0 ? ["*.json"] : [];
  const verdicts: Verdict[] = [];
  for (const name of names) {
    const events = readEvents(await readFile(join(folder, name), "utf8"));
    if (events.length === 0) {
      missing.push(name);
      continue;
    }
    const verdict = judge(name.replace(/\.json$/, ""), events);
    verdicts.push(verdict);
    const { technique, signalAfter, leaseAfter, rulesHit } = verdict;
    say(`${technique}: signal ${signalAfter}, lease ${leaseAfter}, ${rulesHit.join(", ")}`);
  }
  return { ...figuresOf(verdicts), missing };
}

/** Events in the order of their times, as a host would have seen them; none of what is no list. */
function readEvents(text: string): Event[] {
  const records = recordsOf(text);
  const format = recordFormatOf("aws.cloudtrail");
  const reader = openRecordReader({
    host: "eval",
    realm: "eval",
    ...(format !== undefined && { format }),
  });
  const events = records.flatMap((record, i) => reader.read(record, `eval:${i}`) ?? []);
  return events.sort((a, b) => a.timeMs - b.timeMs);
}

function recordsOf(text: string): JsonRecord[] {
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) ? parsed : [];
  } catch {
    // Said among what is missing; the rest is measured.
    return [];
  }
}

/** Rules whose hits are also kept for the table. */
class HeardRules extends RuleBook {
  readonly heard: RuleHit[] = [];

  override observe(event: Event, hits: RuleHit[]): void {
    super.observe(event, hits);
    this.heard.push(...hits);
  }
}

/** A scorer of its own for each technique: none gains by what another left behind. */
function judge(technique: string, events: readonly Event[]): Verdict {
  const rules = new HeardRules(loadRules([STARTER]));
  const scorer = openScorer({ policy: DEFAULT_SCORER_POLICY, rules });
  let [signalAfter, leaseAfter, seen] = [0, 0, 0];
  const out = {
    signal: () => {
      if (signalAfter === 0) signalAfter = seen;
    },
    lease: () => {
      if (leaseAfter === 0) leaseAfter = seen;
    },
  };
  for (const event of events) {
    seen++;
    scorer.step({ type: "event", event }, out);
  }
  const bets = rules.heard.filter(({ betsAs }) => betsAs !== "informational");
  const rulesHit = [...new Set(bets.map(({ id, betsAs }) => `${id} (${betsAs})`))];
  return { technique, events: events.length, signalAfter, leaseAfter, rulesHit };
}

function figuresOf(verdicts: readonly Verdict[]): Pick<EvalResult, "figures" | "rows"> {
  const signalled = verdicts.filter(({ signalAfter }) => signalAfter > 0);
  const leased = verdicts.filter((one) => one.leaseAfter > 0 || one.signalAfter > 0);
  const withHit = verdicts.filter(({ rulesHit }) => rulesHit.length > 0);
  const median = (numbers: readonly number[]) =>
    [...numbers].sort((a, b) => a - b)[Math.floor((numbers.length - 1) / 2)] ?? 0;
  const figures = {
    techniques: verdicts.length,
    signalled: signalled.length,
    leased: leased.length,
    withHit: withHit.length,
    medianEventsToSignal: median(signalled.map(({ signalAfter }) => signalAfter)),
  };
  const of = (n: number) => `${n} of ${verdicts.length}`;
  const rows = [
    {
      figure: "techniques with a signal (40 dB)",
      ours: `${of(signalled.length)}, after ${figures.medianEventsToSignal} event in the median`,
      beside: "",
    },
    { figure: "techniques with a lease or a signal", ours: of(leased.length), beside: "" },
    { figure: "techniques in which a rule that bets hits", ours: of(withHit.length), beside: "" },
  ];
  return { figures, rows };
}
