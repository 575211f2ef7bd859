// Reads how a kill switch widens: `--canary 10%,50% --every 10m`. A canary that never widened would
// leave the rest open, so the last step is every host.

import { durationOf } from "./duration.ts";
import { usage } from "./failure.ts";

export interface WideningFlags {
  /** Shares of the hosts, rising, comma-separated. */
  readonly canary?: string;
  readonly every: string;
}

export interface WideningStep {
  readonly afterMs: number;
  readonly permille: number;
}

const ALL_PERMILLE = 1_000;

/**
 * Steps in order, rising to all hosts; none without a canary. @throws OstrakaError OSTRAKA_USAGE.
 */
export function wideningOf({ canary, every }: WideningFlags): WideningStep[] {
  if (canary === undefined) return [];
  const everyMs = durationOf("--every", every);
  const shares = canary.split(",").map(permilleOf);
  if (shares.at(-1) !== ALL_PERMILLE) shares.push(ALL_PERMILLE);
  const isRising = shares.every((share, i) => i === 0 || share > (shares[i - 1] as number));
  if (!isRising) throw usage(`--canary ${canary.slice(0, 40)}: shares must rise, as 10%,50%`);
  return shares.map((permille, i) => ({ afterMs: i * everyMs, permille }));
}

function permilleOf(text: string): number {
  const match = /^(\d{1,3})(?:\.(\d))?%$/.exec(text.trim());
  const permille = match === null ? 0 : Number(match[1]) * 10 + Number(match[2] ?? 0);
  if (permille >= 1 && permille <= ALL_PERMILLE) return permille;
  throw usage(`--canary ${text.slice(0, 20)}: give shares such as 10% or 10%,50%`);
}
