// Which hosts lag behind the active epoch, and which have not the newest one ready: by their own
// receipts. A host that lags does not count as ready, and is named.

import { openReceipt } from "@ostraka/agents/node";
import { isReject, RolloutStep } from "@ostraka/proto";
import type { CoordinatorRuntime } from "../runtime.ts";

export interface Laggards {
  /** Hosts without an epoch's document verified and stored. */
  readonly unprepared: readonly string[];
  /** Hosts that act under an older epoch than the active one. */
  readonly lagging: readonly string[];
  readonly hosts: number;
}

/** @param wanted the epoch that hosts should have ready; 0 = none. */
export function laggardsOf(
  { node, parts }: CoordinatorRuntime,
  activeEpoch: number,
  wanted: number,
): Laggards {
  const { view } = node.control.mesh;
  const unprepared: string[] = [];
  const lagging: string[] = [];
  let hosts = 0;
  for (const host of view.hosts()) {
    hosts++;
    const envelope = node.receipts.of(host.key)?.envelope;
    const receipt = envelope && openReceipt(parts.crypto, view, envelope);
    const said = receipt === undefined || isReject(receipt) ? undefined : receipt;
    const epoch = said?.epoch ?? 0;
    if (epoch < activeEpoch) lagging.push(host.name);
    if (Math.max(said?.preparedEpoch ?? 0, epoch) < wanted) unprepared.push(host.name);
  }
  return { unprepared, lagging, hosts };
}

const NAMED_MAX = 20;

/** Sentences for a status: what is being rolled out, and who keeps it waiting. */
export function rolloutNotes(runtime: CoordinatorRuntime): string[] {
  const { rollouts, view } = runtime.node.control.mesh;
  const { running } = rollouts;
  const wanted = running?.order.epoch ?? 0;
  if (view.epoch === 0) return [];
  const { unprepared, lagging, hosts } = laggardsOf(runtime, view.epoch, wanted);
  const notes: string[] = [];
  if (running !== undefined) {
    const step = STEPS[running.step] ?? "on its way";
    notes.push(`policy: epoch ${wanted} is ${step}; look with \`ostraka policy status\``);
  }
  if (running?.step === RolloutStep.PREPARE && unprepared.length > 0) {
    notes.push(`policy: ${named(unprepared, hosts)} not ready for epoch ${wanted}`);
  }
  // A host that says nothing at all is named as late already.
  const heard = lagging.filter((name) => isHeard(runtime, name));
  if (heard.length > 0) notes.push(`policy: ${named(heard, hosts)} behind epoch ${view.epoch}`);
  return notes;
}

const STEPS: Readonly<Record<number, string>> = {
  [RolloutStep.PREPARE]: "being prepared",
  [RolloutStep.CANARY]: "tried by its canary",
  [RolloutStep.ACTIVE]: "active and watched",
};

function isHeard({ node }: CoordinatorRuntime, name: string): boolean {
  const host = node.control.mesh.view.hostNamed(name);
  return host !== undefined && node.receipts.of(host.key) !== undefined;
}

function named(names: readonly string[], hosts: number): string {
  const more = names.length > NAMED_MAX ? ` and ${names.length - NAMED_MAX} more` : "";
  const are = names.length === 1 ? "is" : "are";
  return `${names.slice(0, NAMED_MAX).join(", ")}${more} (of ${hosts} hosts) ${are}`;
}
