// A date, a time of day and an offset as logs write them, to milliseconds. Owns the arithmetic and
// the check that there is such a day; which text is a time, and what holds where no offset stands,
// is the reader's business.

/** Year, month (1 to 12), day, hour, minute, second, in digits. */
export type TimeParts = readonly (string | undefined)[];

/**
 * Milliseconds since the epoch as if the clock on the wall showed UTC.
 * @param fraction the digits behind the second's point
 * @returns nothing when no calendar has such a day, or no clock such a time.
 */
export function wallMsOf(parts: TimeParts, fraction?: string): number | undefined {
  const month = Number(parts[1]) - 1;
  const dayMs = Date.UTC(Number(parts[0]), month, Number(parts[2]));
  const isDay = new Date(dayMs).getUTCMonth() === month;
  const hour = Number(parts[3]);
  const minute = Number(parts[4]);
  const second = Number(parts[5]);
  if (!isDay || hour > 23 || minute > 59 || second > 60) return undefined;
  // RFC 3339 lets a leap second be written; it is read as the last second before it.
  return dayMs + ((hour * 60 + minute) * 60 + Math.min(second, 59)) * 1000 + millisOf(fraction);
}

/** Milliseconds of the digits behind a second's point; what is finer is dropped. */
export function millisOf(fraction: string | undefined): number {
  return fraction === undefined ? 0 : Number(fraction.padEnd(3, "0").slice(0, 3));
}

/** Milliseconds east of UTC of `+01:00` or `-0530`, which the caller has matched. */
export function offsetMsOf(offset: string): number {
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(-2));
  return (offset.startsWith("-") ? -minutes : minutes) * 60_000;
}
