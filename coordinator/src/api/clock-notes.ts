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
    .map(
      ({ name, tickedMs }) =>
        `${name} has said a time ${secondsOf(tickedMs - machineTimeMs)} ahead of what a majority ` +
        "of coordinators says: set its clock; what it says counts again once that time has come",
    );
  if (wallMs < machineTimeMs && isClockOff(wallMs, machineTimeMs)) {
    notes.push(
      `${ownName}'s clock is ${secondsOf(machineTimeMs - wallMs)} behind what a majority of ` +
        "coordinators says: set it",
    );
  }
  return notes;
}

function secondsOf(ms: number): string {
  return `${Math.round(ms / 1_000)} s`;
}
