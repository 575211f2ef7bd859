// Local wall-clock time to milliseconds since the epoch, for logs that do not state their offset.
// Owns the zone arithmetic; the zone is configuration, never the zone of this process.

const HOUR_MS = 3_600_000;
const CACHED_HOURS_MAX = 512;

/** Milliseconds since the epoch of a wall-clock time written as if it were UTC. */
export type ToEpochMs = (wallMs: number) => number;

/**
 * The clock of a log: `zone` is an IANA name or a fixed offset in minutes east of UTC.
 * A wall-clock time that occurs twice (autumn) is read as the earlier; one that never occurs
 * (spring) as if the clock had not yet been moved.
 * @throws RangeError when the zone is unknown.
 */
export function openTimeZone(zone: string | number): ToEpochMs {
  if (typeof zone === "number") {
    if (!Number.isInteger(zone) || Math.abs(zone) > 18 * 60) {
      throw new RangeError(`offset of ${zone} minutes is not within 18 hours of UTC`);
    }
    return (wallMs) => wallMs - zone * 60_000;
  }
  if (zone === "UTC") return (wallMs) => wallMs;
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  return zoneByName(format);
}

function zoneByName(format: Intl.DateTimeFormat): ToEpochMs {
  // Offsets change on the quarter hour at the finest (Lord Howe moves by half an hour on the hour).
  const offsetByHour = new Map<number, number>();
  return (wallMs) => {
    const hour = Math.floor(wallMs / HOUR_MS);
    let offsetMs = offsetByHour.get(hour);
    if (offsetMs === undefined) {
      offsetMs = wallOffsetMs(format, wallMs);
      if (offsetByHour.size >= CACHED_HOURS_MAX) offsetByHour.clear();
      offsetByHour.set(hour, offsetMs);
    }
    return wallMs - offsetMs;
  };
}

// Of the offsets in force a day before and after, the larger one gives the earlier instant.
function wallOffsetMs(format: Intl.DateTimeFormat, wallMs: number): number {
  const before = offsetAtMs(format, wallMs - 24 * HOUR_MS);
  const after = offsetAtMs(format, wallMs + 24 * HOUR_MS);
  const fits = [before, after].filter((o) => offsetAtMs(format, wallMs - o) === o);
  return fits.length === 0 ? before : Math.max(...fits);
}

function offsetAtMs(format: Intl.DateTimeFormat, epochMs: number): number {
  const part: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(epochMs)) part[type] = Number(value);
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = part;
  const wallMs = Date.UTC(year, month - 1, day, hour, minute, second);
  return wallMs - Math.floor(epochMs / 1000) * 1000;
}
