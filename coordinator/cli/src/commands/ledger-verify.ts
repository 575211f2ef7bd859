// `ostraka ledger verify`: whether an export holds, offline, from a genesis on. Says what it could
// not re-derive because it was erased or pruned, and whether a head that somebody noted is met.

import { openCrypto, readGenesisFile } from "@ostraka/host";
import { hex, type LedgerId, ledgerLetter, type MeshId } from "@ostraka/proto";
import type { AccessFlags } from "../access.ts";
import { EXIT } from "../failure.ts";
import {
  type ExpectedHead,
  expectationWords,
  headText,
  meets,
  parseExpectedHead,
} from "../ledger/expected-head.ts";
import type { LedgerWalk } from "../ledger/ledger-walk.ts";
import { verifyExportFile } from "../ledger/read-export.ts";
import { type ExportFault, isFault, type VerifiedExport } from "../ledger/verify-export.ts";
import { pathsOf } from "../mesh-dir.ts";
import { rejectWords } from "../reject-words.ts";
import { type Terminal, timeText } from "../terminal.ts";

export interface VerifyFlags extends AccessFlags {
  readonly genesis?: string;
  readonly expect?: readonly string[];
}

export function runLedgerVerify(
  args: readonly string[],
  flags: VerifyFlags,
  terminal: Terminal,
): number {
  const expected = (flags.expect ?? []).map(parseExpectedHead);
  const crypto = openCrypto();
  const genesis = readGenesisFile(crypto, flags.genesis ?? pathsOf(flags.data).genesis);
  const path = args[0] as string;
  const result = verifyExportFile(crypto, genesis, path);
  if (isFault(result)) return tellFault(path, result, flags, terminal);
  const unmet = expected.find((head) => meets(result.walk, head) !== "met");
  if (unmet !== undefined) {
    return tellUnmet(path, result.walk, unmet, genesis.mesh, flags, terminal);
  }
  return tellVerified(path, result, genesis.mesh, flags, terminal, expected.length);
}

function tellFault(path: string, fault: ExportFault, flags: VerifyFlags, terminal: Terminal) {
  if (flags.json) terminal.json({ verified: false, ...fault });
  else {
    const { line, at, code } = fault;
    terminal.say(terminal.paint("red", `${path} does NOT hold: ${at} (line ${line}): ${code}`));
    terminal.note(rejectWords(code));
  }
  return EXIT.no;
}

function tellUnmet(
  path: string,
  walk: LedgerWalk,
  expected: ExpectedHead,
  mesh: MeshId,
  flags: VerifyFlags,
  terminal: Terminal,
) {
  const found = meets(walk, expected);
  const at = `${ledgerLetter(expected.ledger)}:${expected.index}`;
  const words = expectationWords(walk, expected, found, mesh);
  if (flags.json) terminal.json({ verified: false, at, code: found, words });
  else {
    terminal.say(terminal.paint("red", `${path} does NOT hold what was expected: ${words}`));
    terminal.note("keep the file and the head, and ask each coordinator for an export of its own");
  }
  return EXIT.no;
}

function headsOf({ heads, walk }: VerifiedExport) {
  return heads.map((head) => {
    const ledger = head.ledger as LedgerId;
    return {
      ledger: ledgerLetter(ledger),
      index: head.index,
      root: hex(head.root),
      head: headText(head),
      time: timeText(head.machineTimeMs),
      generation: head.generation,
      epoch: head.epoch,
      machineVersion: head.machineVersion,
      seals: walk.headOf(ledger)?.sealed.seals.length ?? 0,
      coordinators: walk.mesh.viewAt(Number(head.controlIndex)).coordinatorKeys().length,
    };
  });
}

function tellVerified(
  path: string,
  result: VerifiedExport,
  mesh: MeshId,
  flags: VerifyFlags,
  terminal: Terminal,
  expected: number,
) {
  const heads = headsOf(result);
  const { missing } = result.walk;
  const gone = { erased: missing.erased.length, pruned: missing.pruned.length };
  const last = lastPruned(missing.pruned.map(({ at }) => at));
  const bySeals = result.walk.sealedOnly().map(({ ledger, index }) => {
    return `${ledgerLetter(ledger)}:${index}`;
  });
  if (flags.json) {
    const { entries } = result;
    terminal.json({ verified: true, mesh, entries, heads, bySealsOnly: bySeals, ...gone });
    return EXIT.done;
  }
  const count = bySeals.length === 0 ? "every one re-derived" : "re-derived as far as they can be";
  terminal.say(terminal.paint("green", `${path} holds: ${result.entries} entries, ${count}`));
  for (const { time, seals, coordinators, head } of heads) {
    terminal.say(`  head ${head}  ${time}  sealed by ${seals} of ${coordinators}`);
  }
  if (gone.erased > 0) {
    terminal.say(`  what lay beside ${gone.erased} of them was erased by order`);
  }
  if (gone.pruned > 0) {
    const upTo = last.join(" and ");
    terminal.say(`  what lay beside ${gone.pruned} of them was pruned by age, up to ${upTo}`);
  }
  if (bySeals.length > 0) {
    terminal.say(`  same subject, by seals only: ${bySeals.join(", ")}`);
  }
  terminal.note(
    expected > 0
      ? `nothing was cut off up to the ${expected === 1 ? "head" : "heads"} that you expected`
      : "to see whether anything is cut off its end: --expect with a head from somebody else",
  );
  return EXIT.done;
}

/** The last place of each ledger. */
function lastPruned(places: readonly string[]): string[] {
  const last = new Map(places.map((at) => [at.slice(0, 1), at]));
  return [...last.values()];
}
