// `ostraka roster show|sign|publish`: who may sign what. A next roster is signed by root keys that
// need no network, and sent by anybody. Must never take a coordinator's word for what the roster in
// force is.

import { loadKeyFile, openCrypto, readGenesisFile } from "@ostraka/host";
import { decode, equalBytes, hex, LIMITS, Role, type Roster, RosterSchema } from "@ostraka/proto";
import { type AccessFlags, withAccess } from "../access.ts";
import { hasPerson, isConfirmed } from "../confirm.ts";
import { durationOf } from "../duration.ts";
import { refused, usage } from "../failure.ts";
import { keyPathOf } from "../identity.ts";
import { VerifiedMesh } from "../ledger/verified-mesh.ts";
import { pathsOf } from "../mesh-dir.ts";
import { rolesOf, rosterLines } from "../roster-words.ts";
import { addSignature, readSignedFile, writeSignedFile } from "../signed-file.ts";
import { submitCommand } from "../submit.ts";
import { printable, type Terminal } from "../terminal.ts";

export interface RosterFlags extends AccessFlags {
  /** Do not ask before signing. */
  readonly yes?: boolean;
  readonly timeout: string;
}

/** `roster show`: the roster in force, verified here. */
export async function runRosterShow(
  _args: readonly string[],
  flags: AccessFlags,
  terminal: Terminal,
): Promise<number> {
  return await withAccess(flags, async (access) => {
    const mesh = new VerifiedMesh(access);
    await mesh.refresh("control");
    const { roster } = mesh.walk.mesh;
    const { document } = roster;
    const hostName = (key: Uint8Array) => roster.host(key)?.name;
    if (!flags.json) {
      terminal.say(`roster ${document.version} of ${printable(document.meshName)}`);
      for (const line of rosterLines(document, hostName)) terminal.say(`  ${printable(line)}`);
      return 0;
    }
    const { version, faultDomains, rootThreshold, authorThreshold } = document;
    const holders = document.holders.map((h) => ({ name: h.name, roles: rolesOf(h) }));
    const groups = document.groups.map((g) => ({ name: g.name, holders: g.holders }));
    const expelled = document.expelledKeys.map((key) => hostName(key) ?? hex(key));
    const thresholds = { rootThreshold, authorThreshold };
    terminal.json({ version, ...thresholds, holders, groups, faultDomains, expelled });
    return 0;
  });
}

/**
 * `roster sign FILE`: one root's signature, offline: it needs the genesis, the file and the key.
 */
export async function runRosterSign(
  args: readonly string[],
  flags: RosterFlags,
  terminal: Terminal,
): Promise<number> {
  const path = args[0] as string;
  const { mesh, roster: first } = readGenesisFile(openCrypto(), pathsOf(flags.data).genesis);
  const envelope = readSignedFile(path, "roster", mesh);
  const next = rosterIn(path, envelope.body);
  const signer = loadKeyFile(keyPathOf(flags));
  const name = rootName(signer.publicKey, next, first) ?? flags.as ?? flags.key ?? "";
  const isAsked = flags.yes !== true;
  if (isAsked && !hasPerson()) {
    throw usage("signing needs a person at a terminal, or --yes when you have read it elsewhere");
  }
  if (isAsked) {
    const say = flags.json ? terminal.note : terminal.say;
    say(`roster ${next.version} of ${printable(next.meshName)}`);
    for (const line of rosterLines(next, () => undefined)) say(`  ${printable(line)}`);
    if (!(await isConfirmed(`sign it as ${name}?`))) throw refused("nothing was signed");
  }
  const signed = addSignature(envelope, signer, name);
  writeSignedFile(path, "roster", signed);
  const signatures = signed.signatures.length;
  if (flags.json) terminal.json({ roster: path, version: next.version, signatures });
  else terminal.say(`${path}: roster ${next.version}, ${signatures} signed`);
  terminal.note(`when enough roots have signed: ostraka roster publish ${path}`);
  return 0;
}

/** `roster publish FILE`: sends a signed roster to the mesh. */
export async function runRosterPublish(
  args: readonly string[],
  flags: RosterFlags,
  terminal: Terminal,
): Promise<number> {
  const path = args[0] as string;
  const timeoutMs = durationOf("--timeout", flags.timeout);
  return await withAccess(flags, async (access) => {
    const command = readSignedFile(path, "roster", access.genesis.mesh);
    const { version } = rosterIn(path, command.body);
    const onWait = (why: string) => terminal.note(`waiting: ${why}`);
    const { index } = await submitCommand(access, { command, what: "roster", timeoutMs, onWait });
    if (flags.json) terminal.json({ kind: "roster", version, index });
    else terminal.say(`c:${index}  roster ${version} is in force from here on`);
    return 0;
  });
}

function rosterIn(path: string, body: Uint8Array): Roster {
  const next = decode(RosterSchema, body, LIMITS.commandBytesMax);
  if (next === undefined) throw refused(`${path} holds no roster that this program can read`);
  return next;
}

function rootName(key: Uint8Array, ...rosters: readonly Roster[]): string | undefined {
  return rosters
    .flatMap((roster) => roster.holders)
    .find((h) => h.keys.some((k) => k.role === Role.ROOT && equalBytes(k.key, key)))?.name;
}
