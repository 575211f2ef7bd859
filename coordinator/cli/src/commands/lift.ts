// `ostraka lift`: proposes to end a revocation early, wherever it was decided. Takes the same
// approvals as any proposal; a lift is final.

import { hex } from "@ostraka/proto";
import { type AccessFlags, withAccess } from "../access.ts";
import { refused } from "../failure.ts";
import { findVerdict, standingOf } from "../ledger/find-verdict.ts";
import { VerifiedMesh } from "../ledger/verified-mesh.ts";
import { type Terminal, timeText } from "../terminal.ts";
import { proposeAndTell } from "./propose.ts";

export interface LiftFlags extends AccessFlags {
  readonly reason: string;
  readonly pardon?: boolean;
  readonly valid: string;
  readonly wait?: boolean;
  readonly timeout?: string;
}

export async function runLift(
  args: readonly string[],
  flags: LiftFlags,
  terminal: Terminal,
): Promise<number> {
  return await withAccess(flags, async (access) => {
    const mesh = new VerifiedMesh(access);
    await mesh.refresh();
    const found = findVerdict(mesh.walk, args[0] as string, "revocation");
    const { verdict } = found;
    if (verdict?.kind !== "revocation") throw refused("only a revocation can be lifted");
    const { id, expiresMs } = verdict.revocation;
    const nowMs = Math.max(Date.now(), mesh.machineTimeMs);
    const { state, by } = standingOf(mesh.walk, found, nowMs);
    if (state === "over") {
      throw refused(
        `${hex(id)} ended by itself at ${timeText(expiresMs)}: there is nothing to lift`,
      );
    }
    if (state !== "in force") {
      throw refused(`${hex(id)} has been ${state} at c:${by?.index}: there is nothing to lift`);
    }
    const pardonBeforeMs = flags.pardon === true ? nowMs : 0;
    return await proposeAndTell(access, mesh, flags, terminal, {
      subject: verdict.subject,
      statement: flags.reason,
      wish: { kind: "lift", revocationIds: [id], pardonBeforeMs },
    });
  });
}
