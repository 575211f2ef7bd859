// `ostraka explain ID`: from a denied request, a verdict, a suggestion, an inquiry or an index back
// to what it rests on (I10), in words that can be read aloud; `--json` has all of it.

import { type AccessFlags, withAccess } from "../access.ts";
import { askHosts, type HostAnswer } from "../ask-hosts.ts";
import { explainEntry } from "../explain-entry.ts";
import { tellEntry, tellHost, tellVerdict } from "../explain-telling.ts";
import { explainVerdict } from "../explain-verdict.ts";
import { refused } from "../failure.ts";
import { findEntry } from "../ledger/find-entry.ts";
import { parsePlace } from "../ledger/query.ts";
import { VerifiedMesh } from "../ledger/verified-mesh.ts";
import type { Terminal } from "../terminal.ts";

export async function runExplain(
  args: readonly string[],
  flags: AccessFlags,
  terminal: Terminal,
): Promise<number> {
  const id = args[0] as string;
  const isOfLedger = parsePlace(id) !== undefined || /^[0-9a-fA-F]+$/.test(id);
  const host = isOfLedger ? undefined : await askHosts(flags.data, id);
  if (!isOfLedger && host === undefined) {
    throw refused(
      `no host of ${flags.data} knows ${id.slice(0, 100)}: hosts remember recent decisions only, ` +
        "and only those that run on this machine can be asked",
    );
  }
  const wanted = isOfLedger ? id : host?.revocation?.id;
  if (wanted === undefined) {
    if (flags.json) terminal.json({ decision: host });
    else tellHost(host as HostAnswer, terminal);
    return 0;
  }
  return await explainWanted(wanted, host, flags, terminal);
}

async function explainWanted(
  wanted: string,
  host: HostAnswer | undefined,
  flags: AccessFlags,
  terminal: Terminal,
): Promise<number> {
  return await withAccess(flags, async (access) => {
    const { crypto } = access;
    const mesh = new VerifiedMesh(access);
    await mesh.refresh();
    const { walk } = mesh;
    const found = findEntry(walk, wanted);
    const nowMs = Math.max(Date.now(), mesh.machineTimeMs);
    const decision = host === undefined ? {} : { decision: host };
    if (found.verdict === undefined) {
      const explained = explainEntry(crypto, walk, found);
      if (flags.json) terminal.json({ ...decision, ...explained });
      else tellEntry(explained, terminal);
      return 0;
    }
    const explained = explainVerdict(crypto, walk, found, nowMs);
    if (flags.json) {
      terminal.json({ ...decision, ...explained });
      return 0;
    }
    if (host !== undefined) tellHost(host, terminal);
    tellVerdict(found, explained, nowMs, terminal);
    return 0;
  });
}
