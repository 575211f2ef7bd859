// Time stamps of syslog lines: RFC 3164 (no year, no zone) and ISO 8601 as RFC 5424 section 6.2.3.
// Owns the year of a log that does not state it. Must never read this host's clock: a replay of an
// old file gives the times of then.

import { offsetMsOf, wallMsOf } from "../written-time.ts";
import { openTimeZone, type ToEpochMs } from "./time-zone.ts";

const DAY_MS = 86_400_000;
const MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec";
const ISO = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)?$/;

export interface SyslogClockConfig {
  /** Year of the first line that states none. */
  readonly year?: number;
  /** Without `year`: a time at or after the first line, such as the file's mtime (epoch ms). */
  readonly referenceMs?: number;
  /** IANA name or minutes east of UTC; UTC without it. */
  readonly zone?: string | number;
}

export type SyslogTime = number | "bad-time" | "no-year";

/** Reads the times of one log in the order of its lines, so that December turns into January. */
export class SyslogClock {
  readonly #toEpochMs: ToEpochMs;
  readonly #referenceMs: number | undefined;
  #year: number | undefined;
  #month = -1;
  // Lines come in bursts of one second: the day of the last line is most likely this line's.
  #dayText = "";
  #dayMs = 0;
  #lastHeader = "";
  #lastMs = 0;

  constructor(config: SyslogClockConfig) {
    this.#toEpochMs = openTimeZone(config.zone ?? "UTC");
    this.#year = config.year;
    this.#referenceMs = config.referenceMs;
  }

  /** The time of a line that begins with the very header remembered last. */
  sameTime(line: string): number | undefined {
    const isSame = this.#lastHeader !== "" && line.startsWith(this.#lastHeader);
    return isSame ? this.#lastMs : undefined;
  }

  remember(header: string, timeMs: number): void {
    this.#lastHeader = header;
    this.#lastMs = timeMs;
  }

  /** `Mar 30` or `Mar  3` and seconds since midnight, both taken from the line. */
  readTraditional(monthText: string, dayText: string, secondOfDay: number): SyslogTime {
    const key = monthText + dayText;
    if (key !== this.#dayText) {
      const dayMs = this.#startOfDay(monthText, Number(dayText));
      if (typeof dayMs === "string") return dayMs;
      this.#dayMs = dayMs;
      this.#dayText = key;
    }
    return this.#toEpochMs(this.#dayMs + secondOfDay * 1000);
  }

  #startOfDay(monthText: string, day: number): SyslogTime {
    const month = MONTHS.indexOf(monthText) / 3;
    if (!Number.isInteger(month) || month < 0) return "bad-time";
    const year = this.#yearOf(month, day);
    if (year === undefined) return "no-year";
    const dayMs = Date.UTC(year, month, day);
    if (day < 1 || new Date(dayMs).getUTCMonth() !== month) return "bad-time";
    return dayMs;
  }

  // A step back over more than half a year is the turn of the year; a step forward over more than
  // half a year is a late line of the old one, which does not move the year.
  #yearOf(month: number, day: number): number | undefined {
    if (this.#month < 0) {
      this.#year ??= this.#inferYear(month, day);
      if (this.#year !== undefined) this.#month = month;
      return this.#year;
    }
    const year = this.#year as number;
    if (month - this.#month > 6) return year - 1;
    if (this.#month - month > 6) this.#year = year + 1;
    this.#month = month;
    return this.#year;
  }

  // The latest year that does not put the line after the reference; a day of slack for zones.
  #inferYear(month: number, day: number): number | undefined {
    if (this.#referenceMs === undefined) return undefined;
    const year = new Date(this.#referenceMs).getUTCFullYear();
    for (let back = -1; back <= 8; back++) {
      const ms = Date.UTC(year - back, month, day);
      const isRealDay = new Date(ms).getUTCMonth() === month;
      if (isRealDay && ms <= this.#referenceMs + DAY_MS) return year - back;
    }
    return undefined;
  }

  /** A wall-clock time of the log's zone, given in ms as if it were UTC. */
  ofWall(wallMs: number): number {
    return this.#toEpochMs(wallMs);
  }

  /** An ISO 8601 time; without an offset it is wall-clock time of the log's zone. */
  readIso(text: string): SyslogTime {
    const match = ISO.exec(text);
    if (match === null) return "bad-time";
    const [, y, mo, d, h, mi, s, fraction, offset] = match;
    const wallMs = wallMsOf([y, mo, d, h, mi, s], fraction);
    if (wallMs === undefined) return "bad-time";
    if (offset === undefined) return this.#toEpochMs(wallMs);
    return offset === "Z" ? wallMs : wallMs - offsetMsOf(offset);
  }
}
