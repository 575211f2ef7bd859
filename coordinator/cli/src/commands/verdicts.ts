// `ostraka verdicts`: what is in force, or everything that was ever decided. Shows only what the
// CLI has verified under a sealed head.

import { stageName } from "@ostraka/agents/node";
import { hex, LEDGERS, ledgerLetter } from "@ostraka/proto";
import { type AccessFlags, withAccess } from "../access.ts";
import { allVerdicts, type Standing, standingOf } from "../ledger/find-verdict.ts";
import { idOf, type WalkedEntry } from "../ledger/ledger-walk.ts";
import { VerifiedMesh } from "../ledger/verified-mesh.ts";
import { headAgeText } from "../own-clock.ts";
import { type Terminal, timeText } from "../terminal.ts";
import { verdictJson } from "../verdict-json.ts";
import { scopeWords } from "../verdict-words.ts";

export interface VerdictsFlags extends AccessFlags {
  readonly all?: boolean;
}

export async function runVerdicts(flags: VerdictsFlags, terminal: Terminal): Promise<number> {
  return await withAccess(flags, async (access) => {
    const mesh = new VerifiedMesh(access);
    await mesh.refresh();
    const { walk } = mesh;
    // As the hosts judge it: machine time stands still with the mesh, what it decided ends anyway.
    const wallMs = Date.now();
    const nowMs = Math.max(wallMs, mesh.machineTimeMs);
    const ageText = headAgeText(wallMs - mesh.machineTimeMs);
    if (ageText !== undefined) terminal.note(ageText);
    const shown = allVerdicts(walk)
      .map((entry) => ({ entry, standing: standingOf(walk, entry, nowMs) }))
      .filter(({ standing }) => flags.all === true || standing.state === "in force");
    if (flags.json) {
      for (const { entry, standing } of shown) {
        terminal.json({ ...verdictJson(entry), state: standing.state });
      }
      return 0;
    }
    const columns = ["id", "at", "subject", "stage", "scope", "until", "rule", "state"];
    terminal.table(
      columns,
      shown.map(({ entry, standing }) => rowOf(entry, standing)),
    );
    const heads = LEDGERS.map((l) => `${ledgerLetter(l)}:${walk.indexOf(l)}`).join(" and ");
    terminal.note(`${shown.length} shown, all verified here up to the sealed heads at ${heads}`);
    return 0;
  });
}

/** Digits of an id that a table shows; `explain` and `lift` take them. */
const ID_SHOWN = 16;

function rowOf({ verdict, ledger, index }: WalkedEntry, { state }: Standing): string[] {
  if (verdict === undefined) return [];
  const at = `${ledgerLetter(ledger)}:${index}`;
  const id = hex(idOf(verdict)).slice(0, ID_SHOWN);
  if (verdict.kind === "lift") {
    return [id, at, verdict.subject, "lift", "", "", verdict.lift.rule, state];
  }
  const { stage, scope, expiresMs, rule, isDryRun } = verdict.revocation;
  const name = isDryRun ? `${stageName(stage)} (dry run)` : stageName(stage);
  return [id, at, verdict.subject, name, scopeWords(scope), timeText(expiresMs), rule, state];
}
