// `ostraka ledger tail|query`: entries of both ledgers as this machine has verified them, the last
// ones or those that somebody asks for. What is asked for stays here: a coordinator serves it all.

import { setTimeout as delay } from "node:timers/promises";
import { type AccessFlags, withAccess } from "../access.ts";
import { usage } from "../failure.ts";
import { entryJson, placeText } from "../ledger/entry-json.ts";
import { entryWords } from "../ledger/entry-words.ts";
import { byTime } from "../ledger/export-batch.ts";
import type { LedgerWalk, WalkedEntry } from "../ledger/ledger-walk.ts";
import { isWanted, kindName, parseQuery, type QueryFlags } from "../ledger/query.ts";
import { VerifiedMesh } from "../ledger/verified-mesh.ts";
import { printable, type Terminal, timeText } from "../terminal.ts";

export interface TailFlags extends AccessFlags {
  readonly lines: string;
  readonly follow?: boolean;
}

const FOLLOW_MS = 500;

export async function runLedgerTail(flags: TailFlags, terminal: Terminal): Promise<number> {
  const wanted = countOf("--lines", flags.lines);
  return await withAccess(flags, async (access) => {
    const mesh = new VerifiedMesh(access);
    await mesh.refresh();
    const last = wanted === 0 ? [] : [...mesh.walk.entries()].sort(byTime).slice(-wanted);
    for (const entry of last) print(mesh.walk, entry, flags, terminal);
    while (flags.follow === true) {
      await delay(FOLLOW_MS);
      for (const entry of await mesh.refresh()) print(mesh.walk, entry, flags, terminal);
    }
    return 0;
  });
}

export interface LedgerQueryFlags extends AccessFlags, QueryFlags {
  readonly lines?: string;
}

export async function runLedgerQuery(flags: LedgerQueryFlags, terminal: Terminal): Promise<number> {
  const query = parseQuery(flags, Date.now());
  const linesMax = flags.lines === undefined ? undefined : countOf("--lines", flags.lines);
  return await withAccess(flags, async (access) => {
    const mesh = new VerifiedMesh(access);
    await mesh.refresh();
    const { walk } = mesh;
    const found = [...walk.entries()].filter((entry) => isWanted(query, walk, entry)).sort(byTime);
    const shown = linesMax === undefined ? found : found.slice(found.length - linesMax);
    for (const entry of shown) print(walk, entry, flags, terminal);
    if (!flags.json) {
      const all = shown.length === found.length ? "" : ` of ${found.length}, the last ones`;
      terminal.note(`${shown.length} found${all}, each verified here from the genesis on`);
    }
    return 0;
  });
}

function countOf(flag: string, text: string): number {
  const count = Number(text);
  if (text.trim() !== "" && Number.isSafeInteger(count) && count >= 0) return count;
  throw usage(`${flag} ${text.slice(0, 40)}: give a whole number`);
}

function print(walk: LedgerWalk, walked: WalkedEntry, flags: AccessFlags, terminal: Terminal) {
  if (flags.json) {
    terminal.json(entryJson(walk, walked));
    return;
  }
  const { entry } = walked;
  const kind = kindName(entry.effect.case).padEnd(14);
  const words = printable(entryWords(walk, walked));
  terminal.say(
    `${placeText(walked).padEnd(6)} ${timeText(entry.machineTimeMs)}  ${kind}  ${words}`,
  );
}
