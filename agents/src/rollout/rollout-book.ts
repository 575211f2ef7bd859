// The rollout agent: at most one running rollout, and the steps it takes by machine time and by
// what a majority of coordinators reports. A step is a pure function of the order, the step before
// and the reports beside it, so every sidecar re-derives it (I1). Epochs never go back: what is
// taken back comes again as a newer epoch (I6).

import { create } from "@bufbuild/protobuf";
import {
  type Crypto,
  type Envelope,
  encode,
  equalBytes,
  type PolicyRollout,
  type Reject,
  type RolloutChange,
  RolloutChangeSchema,
  RolloutStep,
  reject,
} from "@ostraka/proto";
import type { HostMember } from "../kernel/index.ts";
import type { PolicyFacts, RolloutOrder } from "./rollout-order.ts";

/** What a majority of coordinators says about the epoch being rolled out. */
export interface RolloutReport {
  /** Hosts that have prepared it, of a thousand. */
  readonly readyPermille: number;
  readonly errors: number;
  readonly revocations: number;
  readonly lifts: number;
  readonly reports: readonly Envelope[];
}

export interface RunningRollout {
  readonly order: PolicyRollout;
  readonly hasCanary: boolean;
  readonly step: RolloutStep;
  /** Machine time at which the step was taken. */
  readonly sinceMs: number;
  /** Errors reported when the first host came under the epoch: older ones are not its fault. */
  readonly errorsBefore: number;
  /** The epoch that was active when it began. */
  readonly epochBefore: number;
}

/** Hosts that act under an epoch before it is active, from one control index on. */
export interface Canary {
  readonly epoch: number;
  readonly policyHash: Uint8Array;
  readonly labels: readonly string[];
  readonly permille: number;
  readonly isDryRun: boolean;
  readonly fromIndex: number;
  /** Control index at which it ended; none while it lasts. */
  readonly endIndex?: number;
}

/** Whether a host is of a canary: by its labels, or by a share that nobody can aim at. */
export function isInCanary(
  crypto: Pick<Crypto, "sha256">,
  canary: Canary,
  host: HostMember,
): boolean {
  if (canary.labels.length > 0) return canary.labels.every((l) => host.labels.includes(l));
  const [a = 0, b = 0, c = 0, d = 0] = crypto.sha256(canary.policyHash, host.key);
  return (((a << 24) | (b << 16) | (c << 8) | d) >>> 0) % 1_000 < canary.permille;
}

export class RolloutBook {
  #running: RunningRollout | undefined;
  #canaries: Canary[] = [];

  get running(): RunningRollout | undefined {
    return this.#running;
  }

  /** The canary of a control index. */
  canaryAt(index: number): Canary | undefined {
    return this.#canaries.findLast(
      (c) => c.fromIndex <= index && (c.endIndex === undefined || index < c.endIndex),
    );
  }

  /** Whether an epoch was ever some hosts' own at or before a control index. */
  wasCanary(epoch: number, index: number): boolean {
    return this.#canaries.some((c) => c.epoch === epoch && c.fromIndex <= index);
  }

  /** Why no rollout may begin now. */
  faultOfOrder(): Reject | undefined {
    return this.#running === undefined ? undefined : reject("rollout-running");
  }

  applyOrder({ order, hasCanary }: RolloutOrder, facts: PolicyFacts, machineTimeMs: number): void {
    this.#running = {
      order,
      hasCanary,
      step: RolloutStep.PREPARE,
      sinceMs: machineTimeMs,
      errorsBefore: 0,
      epochBefore: facts.activeEpoch,
    };
  }

  /** Whether authors may make this epoch the active one directly: never one below what runs. */
  mayActivate(epoch: number): boolean {
    return this.#running === undefined || epoch >= this.#running.order.epoch;
  }

  /** An epoch was activated directly: the rollout has been overtaken. */
  onActivation(index: number): void {
    this.#running = undefined;
    this.#endCanary(index);
  }

  /** The step that is due, if any. */
  next(
    facts: PolicyFacts,
    machineTimeMs: number,
    report: RolloutReport | undefined,
  ): RolloutChange | undefined {
    const running = this.#running;
    if (running === undefined) return undefined;
    const { order, step, sinceMs } = running;
    const to = (next: RolloutStep, why: string, restoredEpoch = 0) =>
      create(RolloutChangeSchema, {
        epoch: order.epoch,
        step: next,
        why,
        restoredEpoch,
        reports: [...(report?.reports ?? [])],
      });
    if (step === RolloutStep.PREPARE) {
      if (isPrepared(order, report)) {
        return to(running.hasCanary ? RolloutStep.CANARY : RolloutStep.ACTIVE, "prepared");
      }
      // Nobody has acted under it yet: there is nothing to bring back.
      const isLate = machineTimeMs >= Number(order.notAfterMs);
      return isLate ? to(RolloutStep.ROLLED_BACK, "not-prepared") : undefined;
    }
    const crossed = guardrailOf(running, report);
    if (crossed !== undefined) return to(RolloutStep.ROLLED_BACK, crossed, facts.nextEpoch);
    if (step === RolloutStep.CANARY) {
      const isBaked = machineTimeMs >= sinceMs + Number(order.bakeMs);
      return isBaked ? to(RolloutStep.ACTIVE, "baked") : undefined;
    }
    const isOver = machineTimeMs >= sinceMs + Number(order.watchMs);
    return isOver ? to(RolloutStep.DONE, "watched") : undefined;
  }

  /** Re-derives a step that stands in an entry, from the reports beside it. */
  faultOfChange(
    facts: PolicyFacts,
    machineTimeMs: number,
    claimed: RolloutChange,
    report: RolloutReport | undefined,
  ): Reject | undefined {
    const due = this.next(facts, machineTimeMs, report);
    if (due === undefined) return reject("no-rollout");
    const isSame = equalBytes(
      encode(RolloutChangeSchema, due),
      encode(RolloutChangeSchema, claimed),
    );
    return isSame ? undefined : reject("body-differs");
  }

  /** Takes a step; activations that it brings are the policy book's to remember. */
  applyChange(
    change: RolloutChange,
    index: number,
    machineTimeMs: number,
    report: RolloutReport | undefined,
  ): void {
    const running = this.#running as RunningRollout;
    const { order } = running;
    const isFirst = running.step === RolloutStep.PREPARE;
    if (change.step === RolloutStep.CANARY) {
      this.#canaries.push({
        epoch: order.epoch,
        policyHash: order.policyHash,
        labels: order.canaryLabels,
        permille: order.canaryPermille,
        isDryRun: order.isDryRun,
        fromIndex: index,
      });
    } else {
      this.#endCanary(index);
    }
    const isOver = change.step === RolloutStep.DONE || change.step === RolloutStep.ROLLED_BACK;
    this.#running = isOver
      ? undefined
      : {
          ...running,
          step: change.step,
          sinceMs: machineTimeMs,
          errorsBefore: isFirst ? (report?.errors ?? 0) : running.errorsBefore,
        };
  }

  #endCanary(index: number): void {
    const last = this.#canaries.at(-1);
    if (last === undefined || last.endIndex !== undefined) return;
    this.#canaries[this.#canaries.length - 1] = { ...last, endIndex: index };
  }
}

function isPrepared(order: PolicyRollout, report: RolloutReport | undefined): boolean {
  return report !== undefined && report.readyPermille >= order.readyPermille;
}

/** The guardrail that is crossed, by its name in the order. */
function guardrailOf(
  { order, errorsBefore }: RunningRollout,
  report: RolloutReport | undefined,
): string | undefined {
  const { guardrails } = order;
  if (guardrails === undefined || report === undefined) return undefined;
  const { revocationsMax, liftsMax, errorsMax } = guardrails;
  if (revocationsMax > 0 && report.revocations > revocationsMax) return "revocations";
  if (liftsMax > 0 && report.lifts > liftsMax) return "lifts";
  return errorsMax > 0 && report.errors - errorsBefore > errorsMax ? "errors" : undefined;
}
