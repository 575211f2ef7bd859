// `ostraka policy test`: the cases kept beside a document, judged by the rules that the machines
// judge by. Exit code 1 when one is not met.

import { type CaseOutcome, runPolicyCases } from "@ostraka/agents/node";
import { EXIT, refused } from "../failure.ts";
import {
  findRoster,
  type RosterFlags,
  readPolicyFile,
  soundPolicy,
} from "../policy/policy-file.ts";
import { printable, spanText, type Terminal } from "../terminal.ts";

export async function runPolicyTest(
  args: readonly string[],
  flags: RosterFlags,
  terminal: Terminal,
): Promise<number> {
  const path = args[0] as string;
  const casesPath = args[1] ?? path.replace(/(\.ya?ml)?$/, ".test.yaml");
  const { facts } = await findRoster(flags);
  const policy = soundPolicy(path, readPolicyFile(path), facts, terminal);
  const results = runPolicyCases(policy, readPolicyFile(casesPath), facts);
  if ("faults" in results) {
    for (const fault of results.faults)
      terminal.note(`${printable(casesPath)}: ${printable(fault)}`);
    throw refused(`${casesPath} cannot be read as cases: nothing was tested`);
  }
  const failed = results.filter(({ isMet }) => !isMet);
  if (flags.json) {
    for (const result of results) terminal.json(result);
    return failed.length === 0 ? EXIT.done : EXIT.no;
  }
  for (const { name, expected, made, isMet } of results) {
    const mark = isMet ? terminal.paint("green", "met") : terminal.paint("red", "NOT met");
    const but = isMet ? "" : `: wanted ${outcomeWords(expected)}, came to ${outcomeWords(made)}`;
    terminal.say(`${mark}  ${printable(name)}${but}`);
  }
  terminal.say(`${results.length - failed.length} of ${results.length} cases met`);
  return failed.length === 0 ? EXIT.done : EXIT.no;
}

function outcomeWords({ verdict, rule, stage, ttlMs }: CaseOutcome): string {
  if (verdict === "none") return "nothing";
  const parts = [
    verdict,
    ...(rule === undefined ? [] : [`by ${rule}`]),
    ...(stage === undefined ? [] : [stage]),
    ...(ttlMs === undefined ? [] : [`for ${spanText(ttlMs)}`]),
  ];
  return parts.map(printable).join(" ");
}
