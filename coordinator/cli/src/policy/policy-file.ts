// A policy document on its way from a file to a parsed policy: read, judged against a roster, its
// mistakes with their lines. Signs nothing.

import { readFileSync } from "node:fs";
import type { Policy } from "@ostraka/agents/kernel";
import {
  MACHINE_VERSION_MAX,
  type PolicyFault,
  parsePolicy,
  type RosterFacts,
  rosterFacts,
} from "@ostraka/agents/node";
import { openCrypto, readGenesisFile } from "@ostraka/host";
import type { Bytes } from "@ostraka/proto";
import { type AccessFlags, withAccess } from "../access.ts";
import { refused, usage } from "../failure.ts";
import { VerifiedMesh } from "../ledger/verified-mesh.ts";
import { pathsOf } from "../mesh-dir.ts";
import { printable, type Terminal } from "../terminal.ts";

/** Epoch of a document that has none yet. */
const NO_EPOCH = 0;

/** @throws OstrakaError OSTRAKA_USAGE when there is no such file. */
export function readPolicyFile(path: string): Bytes {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw usage(`${path} cannot be read (${why}): name a policy document`);
  }
}

export function parseDocument(yaml: Bytes, roster: RosterFacts): Policy | PolicyFault {
  return parsePolicy(yaml, NO_EPOCH, roster, MACHINE_VERSION_MAX);
}

/** One line a mistake, as compilers write them: `policy.yaml:12: what is wrong`. */
export function faultLines(path: string, fault: PolicyFault): string[] {
  return fault.faults.map((f) => `${printable(path)}:${f.line}: ${printable(f.fault)}`);
}

/** @throws OstrakaError OSTRAKA_REFUSED after every mistake was printed. */
export function soundPolicy(
  path: string,
  yaml: Bytes,
  roster: RosterFacts,
  terminal: Terminal,
): Policy {
  const policy = parseDocument(yaml, roster);
  if (!("fault" in policy)) return policy;
  for (const line of faultLines(path, policy)) terminal.note(line);
  const many = policy.faults.length === 1 ? "one mistake" : `${policy.faults.length} mistakes`;
  throw refused(`${path} has ${many}: nothing was signed or sent`);
}

export interface RosterFlags extends AccessFlags {
  /** Ask the mesh for its roster in force; otherwise the genesis of the data directory counts. */
  readonly live?: boolean;
}

/** What the document is judged by, and which roster that is. */
export async function findRoster(
  flags: RosterFlags,
): Promise<{ readonly facts: RosterFacts; readonly version: number }> {
  if (flags.live !== true) {
    const { roster } = readGenesisFile(openCrypto(), pathsOf(flags.data).genesis);
    return { facts: rosterFacts(roster), version: roster.version };
  }
  return await withAccess(flags, async (access) => {
    const mesh = new VerifiedMesh(access);
    await mesh.refresh("control");
    const { document } = mesh.walk.mesh.roster;
    return { facts: rosterFacts(document), version: document.version };
  });
}
