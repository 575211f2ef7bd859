// `ostraka policy status`: which epoch is active, what is being rolled out and what it waits for,
// and which hosts lag. Epochs and steps come out of the verified ledger; who lags is what hosts
// have signed and a coordinator has collected.

import type { Mesh } from "@ostraka/agents/node";
import { RolloutStep } from "@ostraka/proto";
import { type AccessFlags, withAccess } from "../access.ts";
import { EXIT } from "../failure.ts";
import type { WalkedEntry } from "../ledger/ledger-walk.ts";
import { VerifiedMesh } from "../ledger/verified-mesh.ts";
import { printable, spanText, type Terminal, timeText } from "../terminal.ts";

const STEP_WORDS: Readonly<Record<number, string>> = {
  [RolloutStep.PREPARE]: "preparing",
  [RolloutStep.CANARY]: "canary",
  [RolloutStep.ACTIVE]: "active, watched",
  [RolloutStep.DONE]: "done",
  [RolloutStep.ROLLED_BACK]: "rolled back",
};

const WHY_WORDS: Readonly<Record<string, string>> = {
  prepared: "enough hosts had it ready",
  baked: "the canary's time was over",
  watched: "nothing was crossed while it was watched",
  "not-prepared": "too few hosts had it ready in time",
  revocations: "more revocations under it than the guardrail allows",
  lifts: "more of its revocations were lifted than the guardrail allows",
  errors: "more enforcement errors than the guardrail allows",
};

export async function runPolicyStatus(
  _args: readonly string[],
  flags: AccessFlags,
  terminal: Terminal,
): Promise<number> {
  return await withAccess(flags, async (access) => {
    const mesh = new VerifiedMesh(access);
    await mesh.refresh("control");
    const { unpreparedHosts, laggingHosts, hosts } = await access.client.policy.getRollout({});
    const { policies, rollouts, view } = mesh.walk.mesh;
    const changes = changesIn([...mesh.walk.entries()]);
    const { running } = rollouts;
    if (flags.json) {
      terminal.json({
        activeEpoch: view.epoch,
        newestEpoch: policies.newestEpoch,
        rollout: running && { epoch: running.order.epoch, step: STEP_WORDS[running.step] },
        changes,
        hosts,
        unpreparedHosts,
        laggingHosts,
      });
      return EXIT.done;
    }
    const active = policies.documentOf(view.epoch)?.policy.name ?? "none";
    terminal.say(`active   epoch ${view.epoch} (${active})`);
    for (let epoch = view.epoch + 1; epoch <= policies.newestEpoch; epoch++) {
      const name = policies.documentOf(epoch)?.policy.name ?? "";
      terminal.say(`waiting  epoch ${epoch} (${name}): published, not active`);
    }
    for (const line of rolloutLines(mesh.walk.mesh, mesh.machineTimeMs)) terminal.say(line);
    for (const { epoch, step, why, atMs, restoredEpoch } of changes.slice(-4)) {
      const restored =
        restoredEpoch > 0 ? `; epoch ${restoredEpoch} brings the old content back` : "";
      terminal.say(`${timeText(atMs)}  epoch ${epoch} ${step}: ${why}${restored}`);
    }
    tellLaggards("not on the active epoch", laggingHosts, hosts, terminal);
    if (running !== undefined) {
      tellLaggards(`without epoch ${running.order.epoch} ready`, unpreparedHosts, hosts, terminal);
    }
    return EXIT.done;
  });
}

function changesIn(entries: readonly WalkedEntry[]) {
  return entries.flatMap(({ entry }) => {
    const { effect, machineTimeMs } = entry;
    if (effect.case !== "rolloutChange") return [];
    const { epoch, step, why, restoredEpoch } = effect.value;
    const words = WHY_WORDS[why] ?? printable(why);
    const stepWords = STEP_WORDS[step] ?? "unknown";
    return [{ epoch, step: stepWords, why: words, atMs: Number(machineTimeMs), restoredEpoch }];
  });
}

/** What runs, what it waits for, and what would take it back. */
function rolloutLines(mesh: Mesh, nowMs: number): string[] {
  const { running } = mesh.rollouts;
  if (running === undefined) return [];
  const { order, step, sinceMs } = running;
  const lines = [`rollout  epoch ${order.epoch}: ${STEP_WORDS[step]} since ${timeText(sinceMs)}`];
  const left = (ms: bigint) => spanText(sinceMs + Number(ms) - nowMs);
  if (step === RolloutStep.PREPARE) {
    const until = timeText(order.notAfterMs);
    lines.push(`         waits for ${order.readyPermille / 10}% of the hosts, until ${until}`);
  }
  if (step === RolloutStep.CANARY) {
    const who =
      order.canaryLabels.length > 0
        ? `hosts labelled ${order.canaryLabels.map(printable).join(", ")}`
        : `${order.canaryPermille / 10}% of the hosts`;
    const trial = order.isDryRun ? ", what it revokes is a dry run" : "";
    lines.push(`         tried by ${who}${trial}; ${left(order.bakeMs)} left`);
  }
  if (step === RolloutStep.ACTIVE)
    lines.push(`         watched for another ${left(order.watchMs)}`);
  const { revocationsMax = 0, liftsMax = 0, errorsMax = 0 } = order.guardrails ?? {};
  const rails = [
    [revocationsMax, "revocations"],
    [liftsMax, "lifts"],
    [errorsMax, "more hosts with errors"],
  ] as const;
  const watched = rails.filter(([max]) => max > 0).map(([max, what]) => `${max} ${what}`);
  if (watched.length > 0) lines.push(`         taken back above ${watched.join(", ")}`);
  return lines;
}

const NAMED_MAX = 20;

function tellLaggards(
  what: string,
  names: readonly string[],
  hosts: number,
  terminal: Terminal,
): void {
  if (names.length === 0) return;
  const more = names.length > NAMED_MAX ? ` and ${names.length - NAMED_MAX} more` : "";
  const shown = names.slice(0, NAMED_MAX).map(printable).join(", ");
  terminal.say(`lagging  ${names.length} of ${hosts} hosts ${what}: ${shown}${more}`);
}
