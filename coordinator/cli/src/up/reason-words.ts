// Reasons and evidence in plain words for somebody who was asleep a minute ago. The words of each
// detector are the scorer's; one that it does not know is shown as it spoke.

import { seenInWords } from "@ostraka/agents/scorer";

/** @param reason as a trace carries it: `failure-run: failuresInARow=7 retriesFailed=6`. */
export function reasonInWords(reason: string): string {
  const at = reason.indexOf(": ");
  const detector = reason.slice(0, Math.max(at, 0));
  return seenInWords(detector, reason.slice(at + 2)) ?? reason;
}

/** Evidence for people: 30000 is `30.0 dB, by chance at most 1 in 1,000`. */
export function evidenceInWords(mdb: unknown): string {
  if (typeof mdb !== "number") return "enough evidence";
  // Rounded down to two digits: never more than what the evidence says.
  const odds = 10 ** (mdb / 10_000);
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(odds)) - 1);
  const shown = Math.floor(odds / unit) * unit;
  return `${(mdb / 1000).toFixed(1)} dB, by chance at most 1 in ${grouped(shown)}`;
}

function grouped(value: number): string {
  return String(Math.floor(value)).replace(/\B(?=(\d{3})+$)/g, ",");
}
