// `ostraka policy lint|schema|show`: what a document says and what is wrong with it. Reads and
// prints; signs and sends nothing.

import { policySchema } from "@ostraka/agents/node";
import { withAccess } from "../access.ts";
import { EXIT, refused, usage } from "../failure.ts";
import { VerifiedMesh } from "../ledger/verified-mesh.ts";
import {
  faultLines,
  findRoster,
  parseDocument,
  type RosterFlags,
  readPolicyFile,
} from "../policy/policy-file.ts";
import { warningsOf } from "../policy/policy-warnings.ts";
import { printable, type Terminal } from "../terminal.ts";

/** `policy lint FILE`: every mistake with its line. Exit code 1 when there is one. */
export async function runPolicyLint(
  args: readonly string[],
  flags: RosterFlags,
  terminal: Terminal,
): Promise<number> {
  const path = args[0] as string;
  const yaml = readPolicyFile(path);
  const { facts, version } = await findRoster(flags);
  const policy = parseDocument(yaml, facts);
  if ("fault" in policy) {
    if (flags.json) terminal.json({ policy: path, isSound: false, faults: policy.faults });
    else for (const line of faultLines(path, policy)) terminal.say(line);
    return EXIT.no;
  }
  const warnings = warningsOf(policy);
  if (flags.json) {
    terminal.json({
      policy: path,
      isSound: true,
      name: policy.name,
      rosterVersion: version,
      warnings,
    });
    return EXIT.done;
  }
  for (const warning of warnings) terminal.note(`${printable(path)}: worth a thought: ${warning}`);
  const { signalRules, approvalRules } = policy;
  const rules = `${signalRules.length} by machines, ${approvalRules.length} by people`;
  terminal.say(`${printable(path)}: sound under roster ${version} (rules: ${rules})`);
  return EXIT.done;
}

/** `policy schema`: the JSON Schema, for editors. */
export async function runPolicySchema(
  _args: readonly string[],
  _flags: object,
  terminal: Terminal,
): Promise<number> {
  terminal.say(JSON.stringify(policySchema(), undefined, 2));
  return EXIT.done;
}

/** `policy show [EPOCH]`: a document as its authors signed it, out of the verified ledger. */
export async function runPolicyShow(
  args: readonly string[],
  flags: RosterFlags,
  terminal: Terminal,
): Promise<number> {
  return await withAccess(flags, async (access) => {
    const mesh = new VerifiedMesh(access);
    await mesh.refresh("control");
    const { policies, view } = mesh.walk.mesh;
    const epoch = args[0] === undefined ? view.epoch : epochOf(args[0]);
    const document = policies.documentOf(epoch);
    if (document === undefined) {
      throw refused(`epoch ${epoch} was not published: the newest is ${policies.newestEpoch}`);
    }
    const yaml = Buffer.from(document.yaml).toString("utf8");
    if (flags.json) terminal.json({ epoch, isActive: epoch === view.epoch, yaml });
    else for (const line of yaml.trimEnd().split("\n")) terminal.say(printable(line));
    return EXIT.done;
  });
}

/** @throws OstrakaError OSTRAKA_USAGE when it is no epoch. */
export function epochOf(text: string): number {
  const epoch = /^[1-9][0-9]{0,8}$/.test(text) ? Number(text) : undefined;
  if (epoch === undefined) throw usage(`${text.slice(0, 40)} is no epoch: give its number`);
  return epoch;
}
