// What has been seen, spoken about and taught today, facet by facet, in one cell. Owns the packing:
// the day above 32 bits, eight for each of four masks. Must never carry a bit into another day.

const DAY_MS = 86_400_000;
const DAY_UNIT = 2 ** 32;
/** Days are told apart for 2,871 years, so that a cell stays a whole number below 2^53. */
const DAYS = 2 ** 20;

export const NOTED = 0;
export const SPOKEN = 8;
export const TAUGHT = 16;
/** Spoken about at the last observation, and at none before it today. */
export const FRESH = 24;

/** Bits of one kind that were set today; 0 on a later day. */
export function todaysMask(cell: number, timeMs: number, kind: number): number {
  if (Math.floor(cell / DAY_UNIT) !== dayOf(timeMs)) return 0;
  return (cell >>> kind) & 0xff;
}

/** All four kinds of today, eight bits each; 0 on a later day. */
export function todaysMasks(cell: number, timeMs: number): number {
  return Math.floor(cell / DAY_UNIT) === dayOf(timeMs) ? cell >>> 0 : 0;
}

/** The cell with today's masks as they are given; what it held is gone. */
export function withMasks(timeMs: number, masks: number): number {
  return dayOf(timeMs) * DAY_UNIT + (masks >>> 0);
}

/** The cell with further bits of one kind set today. */
export function withMask(cell: number, timeMs: number, kind: number, mask: number): number {
  if (!Number.isFinite(timeMs)) return cell;
  const day = dayOf(timeMs);
  const isToday = Math.floor(cell / DAY_UNIT) === day;
  const bits = (isToday ? cell >>> 0 : 0) | ((mask & 0xff) << kind);
  return day * DAY_UNIT + (bits >>> 0);
}

/** Never 0, which is a new row. */
function dayOf(timeMs: number): number {
  const day = Math.floor(timeMs / DAY_MS);
  // A remainder of floats is a call; until the year 4840 none is needed.
  return (day < DAYS - 1 ? day : day % (DAYS - 1)) + 1;
}
