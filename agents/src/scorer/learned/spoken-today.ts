// What has been seen, spoken about and taught today, facet by facet, in one cell. Owns the packing:
// the day above 24 bits, eight for each. Must never carry a bit into another day.

const DAY_MS = 86_400_000;
const DAY_UNIT = 2 ** 24;

export const NOTED = 0;
export const SPOKEN = 8;
export const TAUGHT = 16;

/** Bits of one kind that were set today; 0 on a later day. */
export function todaysMask(cell: number, timeMs: number, kind: number): number {
  if (Math.floor(cell / DAY_UNIT) !== Math.floor(timeMs / DAY_MS) + 1) return 0;
  return (cell >>> kind) & 0xff;
}

/** The cell with further bits of one kind set today. */
export function withMask(cell: number, timeMs: number, kind: number, mask: number): number {
  if (!Number.isFinite(timeMs)) return cell;
  const day = Math.floor(timeMs / DAY_MS) + 1;
  const isToday = Math.floor(cell / DAY_UNIT) === day;
  const bits = (isToday ? cell & (DAY_UNIT - 1) : 0) | ((mask & 0xff) << kind);
  return day * DAY_UNIT + bits;
}
