// Staged widening of a verdict (verdict.proto, Widening): which hosts enforce it from when on, and
// when a majority's reports halt it. Pure: every host computes its own part, coordinators and
// verifiers the same for all.

import { type Crypto, LIMITS, type RevokeWish, type Widening } from "@ostraka/proto";

/** A step: its time after the verdict and its share of hosts. */
export type WideningStep = Pick<Widening, "afterMs" | "permille">;

/** Shares are counted of a thousand. */
const PERMILLE = 1_000;

/**
 * Whether steps of a wish rise in time and share, within its time. No steps: everywhere at once.
 */
export function isWidening({
  widening,
  ttlMs,
  supersedes,
}: Pick<RevokeWish, "widening" | "ttlMs" | "supersedes">): boolean {
  if (widening.length > LIMITS.wideningStepsMax) return false;
  // It would end on every host at once what it replaces on a few.
  if (widening.length > 0 && supersedes.length > 0) return false;
  return widening.every(({ afterMs, permille }, i) => {
    const before = widening[i - 1];
    const isRising =
      before === undefined || (afterMs > before.afterMs && permille > before.permille);
    return isRising && permille > 0 && permille <= PERMILLE && afterMs < ttlMs;
  });
}

/** Share of a host: first four bytes of SHA-256(verdict id || host key), of a thousand. */
export function shareOf(
  crypto: Pick<Crypto, "sha256">,
  verdictId: Uint8Array,
  hostKey: Uint8Array,
): number {
  const hash = crypto.sha256(verdictId, hostKey);
  return new DataView(hash.buffer, hash.byteOffset, 4).getUint32(0) % PERMILLE;
}

/** The step that has been reached so long after the verdict; -1 before the first. */
export function stepReached(widening: readonly WideningStep[], sinceMs: number): number {
  return widening.findLastIndex((step) => Number(step.afterMs) <= sinceMs);
}

/**
 * Hosts below this share enforce so long after the verdict; all of them where it does not widen.
 */
export function permilleAt(widening: readonly WideningStep[], sinceMs: number): number {
  if (widening.length === 0) return PERMILLE;
  return widening[stepReached(widening, sinceMs)]?.permille ?? 0;
}

/**
 * Machine time from which a host of this share enforces a verdict that widens; infinity for never.
 * @param enteredMs machine time of its entry.
 */
export function enforcedFromMs(
  widening: readonly WideningStep[],
  enteredMs: number,
  share: number,
): number {
  const step = widening.find(({ permille }) => share < permille);
  return step === undefined ? Number.POSITIVE_INFINITY : enteredMs + Number(step.afterMs);
}

/** Numbers of a majority's reports about a verdict, over the hosts of the step that is reached. */
export interface StepReport {
  readonly hosts: number;
  /** Of them, those that have not applied it. */
  readonly missing: number;
  readonly errors: number;
}

/**
 * Why hosts that should enforce a verdict by now make it halt; `undefined` while all of them do.
 */
export function haltWhy({ hosts, missing, errors }: StepReport): string | undefined {
  if (errors > 0) return `${errors} of ${hosts} hosts of this step fail to enforce it`;
  return missing > 0 ? `${missing} of ${hosts} hosts of this step have not applied it` : undefined;
}
