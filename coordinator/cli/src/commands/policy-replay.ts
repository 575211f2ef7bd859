// `ostraka policy replay`: a candidate over the journals that a coordinator keeps. Auditors and
// operators may read those; the messages are judged here, on this machine.

import { rosterFacts } from "@ostraka/agents/node";
import { type Bytes, Ledger, type LedgerId, ledgerLetter } from "@ostraka/proto";
import { type Access, type AccessFlags, withAccess } from "../access.ts";
import { EXIT, refused } from "../failure.ts";
import { VerifiedMesh } from "../ledger/verified-mesh.ts";
import { readPolicyFile, soundPolicy } from "../policy/policy-file.ts";
import {
  compareRuns,
  type ReplayedChange,
  type ReplayedVerdict,
  replayJournals,
} from "../policy/replay-journals.ts";
import { printable, spanText, type Terminal, timeText } from "../terminal.ts";

const PAGE = 500;

export async function runPolicyReplay(
  args: readonly string[],
  flags: AccessFlags,
  terminal: Terminal,
): Promise<number> {
  const path = args[0] as string;
  return await withAccess(flags, async (access) => {
    const mesh = new VerifiedMesh(access);
    await mesh.refresh("control");
    const facts = rosterFacts(mesh.walk.mesh.roster.document);
    const candidate = soundPolicy(path, readPolicyFile(path), facts, terminal);
    const journals = {
      control: await readJournal(access, Ledger.CONTROL),
      signals: await readJournal(access, Ledger.SIGNALS),
    };
    const { crypto, genesis } = access;
    const before = replayJournals(crypto, genesis, journals);
    const after = replayJournals(crypto, genesis, journals, candidate);
    const { same, changes } = compareRuns(before, after);
    if (flags.json) {
      terminal.json({ messages: sizeOf(journals), same, changes });
      return EXIT.done;
    }
    for (const change of changes) terminal.say(changeLine(change));
    terminal.say(
      `${sizeOf(journals)} messages replayed: ${same} verdicts stay as they were, ` +
        `${count(changes, "appears")} appear, ${count(changes, "vanishes")} vanish, ` +
        `${count(changes, "changes")} change`,
    );
    return EXIT.done;
  });
}

function sizeOf({ control, signals }: { control: readonly Bytes[]; signals: readonly Bytes[] }) {
  return control.length + signals.length;
}

async function readJournal({ client }: Access, ledger: LedgerId): Promise<Bytes[]> {
  const messages: Bytes[] = [];
  let pageToken = "";
  do {
    const page = await client.journal.listMessages({
      ledger,
      pageSize: PAGE,
      pageToken,
      fromPosition: 1n,
    });
    for (const { position, message } of page.messages) {
      if (position !== BigInt(messages.length + 1)) throw pruned(ledger, position);
      messages.push(message);
    }
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return messages;
}

/** What came before lies in a snapshot, which holds no policy that could be taken back. */
function pruned(ledger: LedgerId, position: bigint) {
  const at = `${ledgerLetter(ledger)}:${position}`;
  return refused(
    `the coordinator's copy begins at ${at}: what came before was pruned (retention.journal) and ` +
      "cannot be judged again. Ask a coordinator that keeps longer",
  );
}

function whatOf({ before, after }: ReplayedChange): "appears" | "vanishes" | "changes" {
  if (before === undefined) return "appears";
  return after === undefined ? "vanishes" : "changes";
}

function count(changes: readonly ReplayedChange[], what: ReturnType<typeof whatOf>): number {
  return changes.filter((change) => whatOf(change) === what).length;
}

function changeLine(change: ReplayedChange): string {
  const { subject, before, after } = change;
  const what = whatOf(change);
  const told = what === "changes" ? `${words(before)} → ${words(after)}` : words(before ?? after);
  return `${what.padEnd(8)}  ${printable(subject)}: ${told}`;
}

function words(verdict: ReplayedVerdict | undefined): string {
  if (verdict === undefined) return "nothing";
  const { stage, ttlMs, rule, at, atMs, isDryRun } = verdict;
  const trial = isDryRun ? ", a dry run" : "";
  const what = `${stage} for ${spanText(ttlMs)} by ${printable(rule)}`;
  return `${what} at ${at}, ${timeText(atMs)}${trial}`;
}
