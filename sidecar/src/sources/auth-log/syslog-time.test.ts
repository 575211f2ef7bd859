import { describe, expect, test } from "vitest";
import { SyslogClock } from "./syslog-time.ts";
import { openTimeZone } from "./time-zone.ts";

const utc = (text: string) => Date.parse(`${text}Z`);

describe("the year of a log that states none", () => {
  test("turns from December into January, and a late December line stays in its year", () => {
    const clock = new SyslogClock({ year: 2025 });
    expect(clock.readTraditional("Dec", "31", 86_399)).toBe(utc("2025-12-31T23:59:59"));
    expect(clock.readTraditional("Jan", "1", 0)).toBe(utc("2026-01-01T00:00:00"));
    expect(clock.readTraditional("Dec", "31", 86_399)).toBe(utc("2025-12-31T23:59:59"));
    expect(clock.readTraditional("Jan", "2", 0)).toBe(utc("2026-01-02T00:00:00"));
  });

  test("does not turn when a line is a month late", () => {
    const clock = new SyslogClock({ year: 2025 });
    clock.readTraditional("Apr", "1", 0);
    expect(clock.readTraditional("Mar", "31", 0)).toBe(utc("2025-03-31T00:00:00"));
  });

  test("is the latest one that does not put the first line after the reference", () => {
    const reference = (text: string) => new SyslogClock({ referenceMs: utc(text) });
    const january = reference("2026-01-05T00:00:00");
    expect(january.readTraditional("Dec", "30", 0)).toBe(utc("2025-12-30T00:00:00"));
    expect(january.readTraditional("Jan", "2", 0)).toBe(utc("2026-01-02T00:00:00"));
    const zoneAhead = reference("2025-12-31T20:00:00");
    expect(zoneAhead.readTraditional("Jan", "1", 0)).toBe(utc("2026-01-01T00:00:00"));
    const leap = reference("2026-03-01T00:00:00");
    expect(leap.readTraditional("Feb", "29", 0)).toBe(utc("2024-02-29T00:00:00"));
  });

  test("is not guessed without a year or a reference", () => {
    expect(new SyslogClock({}).readTraditional("Mar", "1", 0)).toBe("no-year");
  });

  test("a day that the year does not have is refused and does not move the year", () => {
    const clock = new SyslogClock({ year: 2025 });
    expect(clock.readTraditional("Feb", "29", 0)).toBe("bad-time");
    expect(clock.readTraditional("Mar", "1", 0)).toBe(utc("2025-03-01T00:00:00"));
  });
});

describe("the zone of a log", () => {
  test("a fixed offset is minutes east of UTC", () => {
    expect(openTimeZone(330)(utc("2026-01-01T05:30:00"))).toBe(utc("2026-01-01T00:00:00"));
    expect(openTimeZone(-240)(utc("2026-01-01T00:00:00"))).toBe(utc("2026-01-01T04:00:00"));
  });

  test("a named zone follows its summer time", () => {
    const berlin = openTimeZone("Europe/Berlin");
    expect(berlin(utc("2026-01-15T12:00:00"))).toBe(utc("2026-01-15T11:00:00"));
    expect(berlin(utc("2026-07-15T12:00:00"))).toBe(utc("2026-07-15T10:00:00"));
    expect(berlin(utc("2026-03-29T01:59:59"))).toBe(utc("2026-03-29T00:59:59"));
    expect(berlin(utc("2026-03-29T03:00:00"))).toBe(utc("2026-03-29T01:00:00"));
  });

  test("an hour that occurs twice is the first of the two, one that never occurs moves on", () => {
    const berlin = openTimeZone("Europe/Berlin");
    expect(berlin(utc("2026-10-25T02:30:00"))).toBe(utc("2026-10-25T00:30:00"));
    expect(berlin(utc("2026-03-29T02:30:00"))).toBe(utc("2026-03-29T01:30:00"));
  });

  test("an unknown zone is refused when the log is opened", () => {
    expect(() => openTimeZone("Mars/Olympus")).toThrow(RangeError);
    expect(() => openTimeZone(2_000)).toThrow(RangeError);
    expect(() => openTimeZone(1.5)).toThrow(RangeError);
  });

  test("an ISO time without an offset is wall-clock time, a leap second the one before it", () => {
    const clock = new SyslogClock({ zone: 60 });
    expect(clock.readIso("2026-01-01T01:00:00")).toBe(utc("2026-01-01T00:00:00"));
    expect(clock.readIso("2016-12-31T23:59:60Z")).toBe(utc("2016-12-31T23:59:59"));
    expect(clock.readIso("2016-12-31T23:59:61Z")).toBe("bad-time");
  });
});
