// The whole story in order, with honest people at work all along, and its figures at the end. Owns
// what counts as having held; must never call a run good of which a part did not.

import { attackAct } from "./attack-act.ts";
import { Figures, type RunFigures } from "./figures.ts";
import { killSwitchAct } from "./kill-switch-act.ts";
import { ledgerAct } from "./ledger-act.ts";
import { pause, type StoryParts } from "./story-parts.ts";
import { HonestTraffic } from "./traffic/honest-traffic.ts";

export interface StoryTold {
  readonly figures: RunFigures;
  /** What did not hold, in words; empty when all of it did. */
  readonly faults: readonly string[];
}

const HONEST_MS_FAST = 40;
const HONEST_MS_SHOWN = 100;

export async function tellStory(parts: StoryParts, seed: number): Promise<StoryTold> {
  const { mesh, logs, random, isFast, narrator, book } = parts;
  const honest = new HonestTraffic({
    logs,
    services: mesh.hosts.map(({ name, ports }) => ({ host: name, port: ports.service })),
    random,
    everyMs: isFast ? HONEST_MS_FAST : HONEST_MS_SHOWN,
  });
  narrator.restartClock();
  honest.start();
  try {
    await pause(parts, 1_500);
    const attack = await attackAct(parts);
    await pause(parts, 2_500);
    const kill = await killSwitchAct(parts);
    await pause(parts, 1_500);
    await honest.stop();
    const ledger = await ledgerAct(mesh, narrator);
    const measured = new Figures(mesh, book);
    const told = [attack, kill.revoked, kill.lifted];
    const figures: RunFigures = {
      seed,
      events: parts.asked.count + honest.requests + logs.reduce((n, log) => n + log.lines, 0),
      signals: book.all(({ what }) => what === "signalled").length,
      verdicts: told.map(({ entry, seen }) => measured.verdict(entry, seen)),
      coverage: {
        expected: told.reduce((sum, { coverage }) => sum + coverage.expected, 0),
        got: told.reduce((sum, { coverage }) => sum + coverage.got, 0),
      },
      honestDenied: honest.denied,
      killSwitch: {
        approvals: kill.approvals,
        latencyMs: measured.killSwitchMs(kill.revoked.entry, kill.revoked.seen),
      },
      ledger,
    };
    showHonest(parts, honest);
    return { figures, faults: faultsOf(figures, attack.isJust, kill.isJust) };
  } finally {
    await honest.stop();
  }
}

function showHonest({ narrator }: StoryParts, honest: HonestTraffic): void {
  const { permitted, denied } = honest;
  narrator.event(`honest people: ${permitted} requests served meanwhile, ${denied} refused`);
}

function faultsOf(figures: RunFigures, isAttackJust: boolean, isKillJust: boolean): string[] {
  const { coverage, honestDenied, ledger, verdicts } = figures;
  const faults: string[] = [];
  if (verdicts.length < 3) faults.push("a verdict is missing");
  if (coverage.got < coverage.expected || coverage.expected === 0) {
    faults.push(`receipts of ${coverage.got} of ${coverage.expected} hosts`);
  }
  if (honestDenied > 0) faults.push(`${honestDenied} honest requests were refused`);
  if (!isAttackJust) faults.push("the attacker was not refused elsewhere, or honest people were");
  if (!isKillJust) faults.push("the kill switch or its lift did not act as it should");
  if (!ledger.verified) faults.push("the ledger does not verify");
  return faults;
}
