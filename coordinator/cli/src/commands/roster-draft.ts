// `ostraka roster draft`: the roster in force, as verified here, with changes, unsigned, in a file.
// What is to be changed is said in names; keys of hosts come from the ledger, never from flags.

import { existsSync } from "node:fs";
import { create } from "@bufbuild/protobuf";
import type { HostMember } from "@ostraka/agents/kernel";
import {
  type Bytes,
  compareBytes,
  compareText,
  EnvelopeSchema,
  encode,
  envelopeType,
  equalBytes,
  type Role,
  type Roster,
  RosterSchema,
} from "@ostraka/proto";
import { type AccessFlags, withAccess } from "../access.ts";
import { durationOf } from "../duration.ts";
import { usage } from "../failure.ts";
import { ROLE_NAMES } from "../identity.ts";
import { VerifiedMesh } from "../ledger/verified-mesh.ts";
import { rosterChanges } from "../roster-words.ts";
import { writeSignedFile } from "../signed-file.ts";
import { printable, type Terminal } from "../terminal.ts";

export interface DraftFlags extends AccessFlags {
  readonly expel?: readonly string[];
  readonly remove?: readonly string[];
  readonly add?: readonly string[];
  readonly group?: readonly string[];
  readonly domain?: readonly string[];
  readonly out: string;
  readonly valid: string;
}

/** `roster draft`: the roster in force with changes, unsigned, in a file. */
export async function runRosterDraft(
  _args: readonly string[],
  flags: DraftFlags,
  terminal: Terminal,
): Promise<number> {
  const path = flags.out;
  if (existsSync(path)) throw usage(`${path} exists: move it away, or name another --out`);
  const validMs = durationOf("--valid", flags.valid);
  return await withAccess(flags, async (access) => {
    const mesh = new VerifiedMesh(access);
    await mesh.refresh("control");
    const { roster, view } = mesh.walk.mesh;
    const last = roster.document;
    const next: Roster = create(RosterSchema, {
      ...structuredClone(last),
      version: last.version + 1,
      previous: access.crypto.sha256(encode(RosterSchema, last)),
      notAfterMs: BigInt(Date.now() + validMs),
    });
    change(next, flags, (name) => view.hostNamed(name));
    const changes = rosterChanges(last, next, (key) => roster.host(key)?.name);
    if (changes.length === 0) throw usage("nothing would change: see ostraka roster draft --help");
    const type = envelopeType(access.genesis.mesh, "roster");
    const body = encode(RosterSchema, next);
    writeSignedFile(path, "roster", create(EnvelopeSchema, { type, body, signatures: [] }));
    if (flags.json) terminal.json({ roster: path, version: next.version, changes });
    else {
      terminal.say(`${path}: roster ${next.version}, not signed yet`);
      for (const line of changes) terminal.say(`  ${printable(line)}`);
    }
    const roots = Math.max(last.rootThreshold, next.rootThreshold);
    terminal.note(`have ${roots} roots sign it: ostraka roster sign ${path} --as ROOT`);
    return 0;
  });
}

function change(
  next: Roster,
  flags: DraftFlags,
  hostNamed: (name: string) => HostMember | undefined,
): void {
  for (const name of flags.expel ?? []) {
    const host = hostNamed(name);
    if (host === undefined) throw usage(`--expel ${printable(name)}: no host has that name`);
    const isExpelled = next.expelledKeys.some((key) => equalBytes(key, host.key));
    if (!isExpelled) next.expelledKeys.push(Uint8Array.from(host.key));
  }
  next.expelledKeys.sort(compareBytes);
  for (const name of flags.remove ?? []) {
    const at = next.holders.findIndex((h) => h.name === name);
    if (at < 0) throw usage(`--remove ${printable(name)}: no holder has that name`);
    next.holders.splice(at, 1);
    for (const group of next.groups) group.holders = group.holders.filter((h) => h !== name);
  }
  for (const spec of flags.add ?? []) addHolder(next, spec);
  next.holders.sort((a, b) => compareText(a.name, b.name));
  for (const spec of flags.group ?? []) joinGroup(next, spec);
  for (const domain of flags.domain ?? []) {
    if (!next.faultDomains.includes(domain)) next.faultDomains.push(domain);
  }
}

const ROLE_OF = new Map(Object.entries(ROLE_NAMES).map(([role, name]) => [name, Number(role)]));

/** NAME=ROLE:HEX, the public key in hex as `ostraka key` and every key file say it. */
function addHolder(next: Roster, spec: string): void {
  const match = /^([^=]+)=([a-z]+):([0-9a-f]{64})$/.exec(spec);
  const role = ROLE_OF.get(match?.[2] ?? "") as Role | undefined;
  if (match === null || role === undefined) {
    throw usage(`--add ${printable(spec)}: give NAME=ROLE:PUBLIC-KEY-IN-HEX`);
  }
  const [, name, , key] = match as unknown as [string, string, string, string];
  const bytes: Bytes = new Uint8Array(Buffer.from(key, "hex"));
  const holder = next.holders.find((h) => h.name === name);
  const made = create(RosterSchema, { holders: [{ name, keys: [{ role, key: bytes }] }] });
  const [fresh] = made.holders;
  if (fresh === undefined) return;
  if (holder === undefined) next.holders.push(fresh);
  else holder.keys.push(...fresh.keys);
}

function joinGroup(next: Roster, spec: string): void {
  const [group, name] = spec.split("=") as [string, string | undefined];
  if (name === undefined) throw usage(`--group ${printable(spec)}: give GROUP=HOLDER`);
  const known = next.groups.find((g) => g.name === group);
  if (known === undefined) {
    next.groups.push(
      ...create(RosterSchema, { groups: [{ name: group, holders: [name] }] }).groups,
    );
  } else if (!known.holders.includes(name)) known.holders.push(name);
}
