// `ostraka journal status`: how each coordinator's copy of each journal is, as it says itself.
// Reads and shows; believes nobody more than another.

import { SCRUB_PERIOD_MS } from "@ostraka/coordinator";
import { hex, type LedgerId, ledgerLetter, ledgerName } from "@ostraka/proto";
import type { JournalStatus } from "@ostraka/proto/gen/admin";
import { type Access, type AccessFlags, withAccess } from "../access.ts";
import { codeOf, sentenceOf } from "../failure.ts";
import { printable, spanText, type Terminal } from "../terminal.ts";

const ANSWER_MS_MAX = 3_000;
const CHAIN_SHOWN = 12;

export interface AskedJournals {
  readonly name: string;
  /** `host:port`. */
  readonly api: string;
  readonly journals: readonly JournalStatus[];
  /** Why there are none. */
  readonly error?: unknown;
}

/** Asks every coordinator for its journals; each has a few seconds. */
export async function askJournals({
  client,
  file,
}: Pick<Access, "client" | "file">): Promise<AskedJournals[]> {
  return await Promise.all(
    file.coordinators.map(async ({ name, api }) => {
      try {
        const { journal } = client.only(api);
        const { journals } = await journal.getStatus({}, { timeoutMs: ANSWER_MS_MAX });
        return { name, api, journals };
      } catch (error) {
        return { name, api, journals: [], error };
      }
    }),
  );
}

export async function runJournalStatus(
  _args: readonly string[],
  flags: AccessFlags,
  terminal: Terminal,
): Promise<number> {
  return await withAccess(flags, async (access) => {
    const asked = await askJournals(access);
    const answered = asked.find(({ error }) => error === undefined);
    if (answered === undefined) throw asked[0]?.error;
    if (flags.json) for (const one of asked) terminal.json(jsonOf(one));
    else show(asked, terminal);
    return 0;
  });
}

function jsonOf({ name, api, journals, error }: AskedJournals): object {
  if (error !== undefined) {
    return { coordinator: name, api, error: { code: codeOf(error), message: sentenceOf(error) } };
  }
  return {
    coordinator: name,
    api,
    scrubPeriodMs: SCRUB_PERIOD_MS,
    journals: journals.map(({ $typeName: _type, ledger, ...more }) => ({
      ledger: ledgerName(ledger as LedgerId),
      ...more,
    })),
  };
}

function show(asked: readonly AskedJournals[], terminal: Terminal): void {
  const nowMs = Date.now();
  const rows = asked.flatMap(({ name, journals }) =>
    journals.map((journal) => [printable(name), ...cellsOf(journal, nowMs)]),
  );
  const columns = ["coordinator", "journal", "at", "chain", "kept from", "snapshot", "scrub", ""];
  terminal.table(columns, rows);
  for (const { name, error } of asked) {
    if (error !== undefined)
      terminal.say(`- ${printable(name)} says nothing: ${sentenceOf(error)}`);
  }
  terminal.note(`scrub: every message is compared at least every ${spanText(SCRUB_PERIOD_MS)}`);
  const notes = new Set(
    asked.flatMap(({ name, journals }) =>
      journals.flatMap((j) => j.notes.map((note) => `${name}: ${note}`)),
    ),
  );
  for (const note of notes) terminal.say(`- ${printable(note)}`);
}

function cellsOf(journal: JournalStatus, nowMs: number): string[] {
  const { generation, position, chainHash, firstPosition, snapshotPosition } = journal;
  const letter = ledgerLetter(journal.ledger as LedgerId);
  const place = (n: bigint) => (n === 0n ? "-" : `${letter}:${n}`);
  return [
    ledgerName(journal.ledger as LedgerId),
    `${generation}/${letter}:${position}`,
    hex(chainHash).slice(0, CHAIN_SHOWN),
    place(firstPosition),
    place(snapshotPosition),
    scrubText(journal, nowMs),
    journal.damage === "" ? "whole" : `DAMAGED: ${journal.damage}`,
  ];
}

function scrubText({ scrubbedPosition, scrubbedMs }: JournalStatus, nowMs: number): string {
  const last = scrubbedMs === 0n ? "none yet" : `${spanText(nowMs - Number(scrubbedMs))} ago`;
  return scrubbedPosition === 0n ? last : `${last}, now at ${scrubbedPosition}`;
}
