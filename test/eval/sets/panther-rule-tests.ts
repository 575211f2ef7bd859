// Rules that somebody else wrote, and the cases he tested them with (Apache-2.0, read from the data
// folder): how often ours say the same on the same event. A rule of ours is claimed for a rule
// BEFORE its cases are looked at, by a table for those that were here, by words for any other.

import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import type { RuleHit, RuleSet } from "@ostraka/agents/scorer";
import { loadRules, readRuleSources, STARTER } from "../../../sidecar/src/rule-files.ts";
import type { EvalOptions, EvalResult, EvalSet } from "../eval-set.ts";
import { eventsOf, type OtherCase, type OtherRule, readOtherRule } from "../rules/case-log.ts";
import { claimByWords, type OurRule, ourRules } from "../rules/claim.ts";
import { CLAIMS } from "../rules/panther-claims.ts";

export const pantherRuleTests: EvalSet = { name: "panther-rule-tests", run };

const SHORT_EVERY = 6;

interface Tally {
  claimed: number;
  agree: number;
  mocked: number;
  mockedAgree: number;
  rules: number;
  rulesClaimed: number;
}

async function run({ folder, isShort, say }: EvalOptions): Promise<EvalResult> {
  const ours = ourRules(readRuleSources([STARTER]));
  const rules = loadRules([STARTER]);
  const paths = await ruleFiles(join(folder, "rules"));
  const tally = { claimed: 0, agree: 0, mocked: 0, mockedAgree: 0, rules: 0, rulesClaimed: 0 };
  const missing: string[] = [];
  for (const [i, path] of paths.entries()) {
    if (isShort && i % SHORT_EVERY !== 0) continue;
    const other = await readRule(path);
    if (other === "unreadable") missing.push(relative(folder, path));
    tally.rules++;
    if (other === undefined || other === "unreadable") continue;
    const claim = claimsOf(other, ours);
    if (claim.size === 0) continue;
    tally.rulesClaimed++;
    const wrong = other.cases.filter((one) => !judge(one, other, claim, rules, tally));
    if (wrong.length > 0) {
      say(`${other.id}: ${wrong.map(({ name }) => name).join("; ")} (${[...claim].join(", ")})`);
    }
  }
  if (paths.length === 0) missing.push("rules");
  return { ...figuresOf(tally), missing };
}

/** The rules of ours that speak for another's: with a correlation goes what it counts. */
function claimsOf(other: OtherRule, ours: readonly OurRule[]): Set<string> {
  const claimed = CLAIMS.get(other.id) ?? claimByWords(other, ours);
  const counted = ours.filter(({ id }) => claimed.includes(id)).flatMap(({ counts }) => counts);
  return new Set([...claimed, ...counted]);
}

/** Takes our verdict on a case, then reads what was expected. @returns whether they agree. */
function judge(
  one: OtherCase,
  other: OtherRule,
  claim: ReadonlySet<string>,
  rules: RuleSet,
  tally: Tally,
): boolean {
  const hits: RuleHit[] = [];
  for (const event of eventsOf(one, other.logTypes)) rules.observe(event, hits);
  const isHit = hits.some(({ id }) => claim.has(id));
  const isAgreed = isHit === one.expected;
  if (one.isMocked) {
    tally.mocked++;
    if (isAgreed) tally.mockedAgree++;
    return true;
  }
  tally.claimed++;
  if (isAgreed) tally.agree++;
  return isAgreed;
}

async function ruleFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true }).catch(() => []);
  return entries
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => join(folder, name));
}

async function readRule(path: string): Promise<OtherRule | "unreadable" | undefined> {
  try {
    return readOtherRule(await readFile(path, "utf8"));
  } catch {
    // Said among what is missing; the rest is measured.
    return "unreadable";
  }
}

function figuresOf(tally: Tally): Pick<EvalResult, "figures" | "rows"> {
  const parity = tally.agree / Math.max(1, tally.claimed);
  const figures = {
    casesAgree: tally.agree,
    casesClaimed: tally.claimed,
    parity: Math.round(parity * 10_000) / 10_000,
    rulesClaimed: tally.rulesClaimed,
    rules: tally.rules,
    withMocksAgree: tally.mockedAgree,
    withMocks: tally.mocked,
  };
  const percent = (n: number) => `${(100 * n).toFixed(1)} %`;
  const rows = [
    {
      figure: "cases that agree, of those for rules claimed",
      ours: `${tally.agree} of ${tally.claimed} (${percent(parity)})`,
      beside: "Panther itself 100 %",
    },
    {
      figure: "rules claimed, of all",
      ours: `${tally.rulesClaimed} of ${tally.rules}`,
      beside: "",
    },
    {
      figure: "cases that need the other's state, apart",
      ours: `${tally.mockedAgree} of ${tally.mocked}`,
      beside: "",
    },
  ];
  return { figures, rows };
}
