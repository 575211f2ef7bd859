// `ostraka suggestions`: what machines left to people and nobody has taken up yet, each verified
// here. Reads alone; `ostraka propose --from` takes one up.

import { stageName } from "@ostraka/agents/node";
import { hex } from "@ostraka/proto";
import { type AccessFlags, withAccess } from "../access.ts";
import { VerifiedMesh } from "../ledger/verified-mesh.ts";
import type { Terminal } from "../terminal.ts";
import { suggestionWords, waitingSuggestions } from "../waiting-suggestions.ts";

export async function runSuggestions(
  _args: readonly string[],
  flags: AccessFlags,
  terminal: Terminal,
): Promise<number> {
  return await withAccess(flags, async (access) => {
    const mesh = new VerifiedMesh(access);
    await mesh.refresh();
    const nowMs = Math.max(Date.now(), mesh.machineTimeMs);
    const waiting = waitingSuggestions(access.crypto, mesh.walk.entries(), nowMs);
    for (const each of waiting) {
      const { index, suggestion, subject } = each;
      const id = hex(suggestion.id);
      if (flags.json) {
        const { why, hostCount: hosts, againstCount: against } = suggestion;
        const { evidenceMdb, sumMdb, rule, epoch } = suggestion;
        const stage = stageName(suggestion.stage);
        const expires = new Date(Number(suggestion.expiresMs)).toISOString();
        const evidence = { hosts, against, evidenceMdb, sumMdb };
        terminal.json({
          at: `s:${index}`,
          id,
          subject,
          stage,
          why,
          rule,
          epoch,
          ...evidence,
          expires,
        });
      } else terminal.say(`s:${index}  ${suggestionWords(each, nowMs)}`);
    }
    if (flags.json) return 0;
    if (waiting.length === 0) terminal.note("nothing waits for people");
    else terminal.note("take one up with: ostraka propose --from s:N --reason TEXT --as NAME");
    return 0;
  });
}
