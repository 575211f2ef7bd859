// `ostraka policy diff`: what a document makes easier and harder than another document or epoch, in
// words. Exit code 0 whether or not there is a difference.

import type { Policy } from "@ostraka/agents/kernel";
import { type RosterFacts, rosterFacts } from "@ostraka/agents/node";
import { type Access, withAccess } from "../access.ts";
import { EXIT, refused } from "../failure.ts";
import { VerifiedMesh } from "../ledger/verified-mesh.ts";
import { type PolicyChange, policyChanges } from "../policy/policy-diff.ts";
import {
  findRoster,
  type RosterFlags,
  readPolicyFile,
  soundPolicy,
} from "../policy/policy-file.ts";
import { printable, type Terminal } from "../terminal.ts";

const SIGNS = { easier: "easier", harder: "harder", other: "other " } as const;
const COLOURS = { easier: "yellow", harder: "cyan", other: "dim" } as const;

export async function runPolicyDiff(
  args: readonly string[],
  flags: RosterFlags,
  terminal: Terminal,
): Promise<number> {
  const [candidate, other = ""] = args as [string, string?];
  const needsMesh = [candidate, other].some((name) => isEpoch(name) || name === "");
  if (!needsMesh) {
    const { facts } = await findRoster(flags);
    const [before, after] = [other, candidate].map((path) =>
      soundPolicy(path, readPolicyFile(path), facts, terminal),
    ) as [Policy, Policy];
    return tell(policyChanges(before, after, facts), flags, terminal);
  }
  return await withAccess(flags, async (access) => {
    const mesh = await verified(access);
    const facts = rosterFacts(mesh.roster.document);
    const before = policyNamed(
      mesh,
      other === "" ? String(mesh.view.epoch) : other,
      facts,
      terminal,
    );
    const after = policyNamed(mesh, candidate, facts, terminal);
    return tell(policyChanges(before, after, facts), flags, terminal);
  });
}

async function verified(access: Access) {
  const mesh = new VerifiedMesh(access);
  await mesh.refresh("control");
  return mesh.walk.mesh;
}

function isEpoch(name: string): boolean {
  return /^[0-9]{1,9}$/.test(name);
}

function policyNamed(
  mesh: Awaited<ReturnType<typeof verified>>,
  name: string,
  facts: RosterFacts,
  terminal: Terminal,
): Policy {
  if (!isEpoch(name)) return soundPolicy(name, readPolicyFile(name), facts, terminal);
  const document = mesh.policies.documentOf(Number(name));
  if (document !== undefined) return document.policy;
  throw refused(`epoch ${name} was not published: the newest is ${mesh.policies.newestEpoch}`);
}

function tell(changes: readonly PolicyChange[], flags: RosterFlags, terminal: Terminal): number {
  if (flags.json) {
    terminal.json({ changes });
    return EXIT.done;
  }
  for (const direction of ["easier", "harder", "other"] as const) {
    for (const { what } of changes.filter((change) => change.direction === direction)) {
      terminal.say(`${terminal.paint(COLOURS[direction], SIGNS[direction])}  ${printable(what)}`);
    }
  }
  if (changes.length === 0) terminal.say("nothing changes: both mean the same");
  return EXIT.done;
}
