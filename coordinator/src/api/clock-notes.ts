// What a status says of coordinators' clocks: machine time is the median of what they say, so one
// that is wrong does no harm, and two that are move the whole mesh. Reads only.

import { LIMITS } from "@ostraka/proto";

export interface ClockFacts {
  /** Of the control journal; standing still, it shows nothing. */
  readonly machineTimeMs: number;
  /** This coordinator's own clock. */
  readonly wallMs: number;
  readonly ownName: string;
  /** Each coordinator's latest tick, by its own clock. */
  readonly ticks: readonly { readonly name: string; readonly tickedMs: number }[];
}

/** Whether a clock is far from the time that a majority goes by. */
export function isClockOff(wallMs: number, machineTimeMs: number): boolean {
  return Math.abs(wallMs - machineTimeMs) > LIMITS.signalAheadMsMax;
}

/** Clocks that are ahead show in what they said last; one that is behind only in our own. */
export function clockNotes({ machineTimeMs, wallMs, ownName, ticks }: ClockFacts): string[] {
  const notes = ticks
    .filter(({ tickedMs }) => tickedMs > machineTimeMs && isClockOff(tickedMs, machineTimeMs))
    .map(({ name, tickedMs }) => clockNote(name, tickedMs - machineTimeMs, "ahead of"));
  if (wallMs < machineTimeMs && isClockOff(wallMs, machineTimeMs)) {
    notes.push(clockNote(ownName, machineTimeMs - wallMs, "behind"));
  }
  return notes;
}

function clockNote(name: string, offMs: number, way: string): string {
  const seconds = Math.round(offMs / 1_000);
  return `${name}'s clock is ${seconds} s ${way} what a majority of coordinators says: set it`;
}
