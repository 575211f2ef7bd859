// The time at the head of a text line, as the many writers write it, and where the rest begins.
// Owns the table of their shapes. Must never read this host's clock: a line without a time is none.

import type { SyslogClock } from "../auth-log/syslog-time.ts";
import { millisOf, offsetMsOf, type TimeParts, wallMsOf } from "../written-time.ts";

export interface Stamp {
  readonly timeMs: number;
  /** Where the text after the time and its punctuation begins. */
  readonly restAt: number;
}

const MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec";

// 2021-05-28 18:08:34,399 | 2023/02/21 08:05:56.233208 | [2023-02-12 12:16:05.729 +01:00] |
// [2024-03-02 17:42:20.407-0700] | [2025-07-28 05:34:01 UTC] | 2019-09-06  1:45:18
const YEAR_FIRST = new RegExp(
  "^[[(]?(\\d{4})([-/.:])(\\d\\d)\\2(\\d\\d)(?:T| - |[ _-] ?)(\\d{1,2}):(\\d\\d)" +
    "(?::(\\d\\d)(?:[.,:](\\d{1,9}))?)?(?: ?(Z|UTC|GMT|[+-]\\d\\d:?\\d\\d))?[\\])]?:? ?",
);
// Mon Jun  8 12:08:53 2020 | [Thu Jul 11 01:21:41.453232 2013] | Tue Mar 30 10:00:00 CEST 2021
const CTIME = new RegExp(
  "^\\[?[A-Z][a-z]{2},? ([A-Z][a-z]{2}) {1,2}(\\d{1,2}) (\\d\\d):(\\d\\d):(\\d\\d)" +
    "(?:\\.(\\d{1,9}))?(?: [A-Z]{3,4})? (\\d{4})\\]? ?:? ?",
);
// Thu, 14 Oct 2021 15:24:12.023984 UTC
const MAIL_DATE = new RegExp(
  "^\\[?[A-Z][a-z]{2}, (\\d{1,2}) ([A-Z][a-z]{2}) (\\d{4}) (\\d\\d):(\\d\\d):(\\d\\d)" +
    "(?:\\.(\\d{1,9}))?(?: ?(Z|UTC|GMT|[+-]\\d\\d:?\\d\\d))?\\]? ",
);
// [21/Oct/2021:17:23:24 +0100] | 21-Oct-2021 17:23:24.123
const DAY_NAME = new RegExp(
  "^\\[?(\\d\\d)[/-]([A-Z][a-z]{2})[/-](\\d{4})[: ](\\d\\d):(\\d\\d):(\\d\\d)(?:[.,](\\d{1,9}))?" +
    "(?: ?(Z|UTC|GMT|[+-]\\d\\d:?\\d\\d))?\\]?:? ?",
);
// Apr-07-26 07:08:36 (ASSP)
const MONTH_NAME = /^([A-Z][a-z]{2})-(\d\d)-(\d{4}|\d\d) (\d\d):(\d\d):(\d\d) /;
// 11-06-2026 02:09:40 +0300 (3proxy): only with a zone, since without one the month may stand first
const DAY_FIRST = /^(\d\d)-(\d\d)-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-]\d{4}) /;
// 01/25/22 16:08:02.393003 | 12/17/22, 10:31:30 PM MST.557710 | 11/15/2023, 1:22:33 PM
const MONTH_FIRST = new RegExp(
  "^\\[?(\\d\\d?)/(\\d\\d?)/(\\d{4}|\\d\\d)(?:,| -)? (\\d{1,2}):(\\d\\d):(\\d\\d)" +
    "(?: ([AP]M))?(?: [A-Z]{3,4})?(?:\\.(\\d{1,9}))?\\]?:? ?",
);
// 130324 19:01:39 | [20220407-12:11:06] | 20220407 12:11:06
const PACKED =
  /^\[?(\d{2}|\d{4})(\d\d)(\d\d)[-: ] ?(\d{1,2}):?(\d\d):?(\d\d)(?:[.,](\d{1,9}))?\]? ?/;
// [Dec 21 12:57:01] | Dec 21 12:57:01
const SYSLOG =
  /^\[?(?:[A-Z]{3,4} )?([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?\]?:? ?/;
// Apr 15, 2013 8:34:08 PM (java.util.logging)
const JAVA = new RegExp(
  "^([A-Za-z]{3})[a-z]{0,6} (\\d{1,2}), (\\d{4}),? (\\d{1,2}):(\\d\\d)(?::(\\d\\d))?" +
    "(?: ([AP]M))?:? ?",
);
// I0303 04:05:06.123456 7 main.go:99] (glog)
const GLOG = /^[IWEF](\d\d)(\d\d) (\d\d):(\d\d):(\d\d)\.(\d{1,9}) {1,8}/;
const EPOCH = /^\[?(\d{10})(?:\.(\d{1,9}))?\]? {1,8}/;
const TAI64N = /^@40000000([0-9a-f]{8})[0-9a-f]{8} /;
// (W) | W, | [ERROR|auth|L83] | [INFO] | INFO: | WARN | [Nest] 7  - |
const LEVEL_BEFORE = new RegExp(
  "^(?:\\([A-Z]\\) |L (?=\\d\\d/)|[A-Z], |" +
    "\\[[A-Z]{3,8}(?:\\|[^\\]|]{1,40}){0,3}\\] |[A-Z]{3,8}:? {1,8}|" +
    "\\[[A-Za-z]{1,16}\\] \\d{1,7} {1,3}- |\\[GIN\\] |\\d{1,7}:(?=\\d{8}:)|<[A-Z]>|" +
    "[0-9a-f]{4,8} -- [\\w@.]{1,64} -- - )",
);

/** Reads the time at the head of a line, or nothing. */
export function readStamp(line: string, clock: SyslogClock): Stamp | undefined {
  const direct = stampAt(line, clock);
  if (direct !== undefined) return direct;
  const level = LEVEL_BEFORE.exec(line);
  if (level === null) return undefined;
  const skipped = level[0].length;
  const behind = stampAt(line.slice(skipped, skipped + 80), clock);
  return behind === undefined ? undefined : { ...behind, restAt: behind.restAt + skipped };
}

/** Reads a text that is a time and nothing else. */
export function readTime(text: string, clock: SyslogClock): number | undefined {
  const stamp = stampAt(`${text.trim()} `, clock);
  return stamp === undefined || stamp.restAt < text.trim().length ? undefined : stamp.timeMs;
}

function stampAt(line: string, clock: SyslogClock): Stamp | undefined {
  const first = line.charCodeAt(0) === 91 ? line.charCodeAt(1) : line.charCodeAt(0);
  if (first >= 48 && first <= 57) {
    return (
      yearFirst(line, clock) ??
      dayName(line, clock) ??
      dayFirst(line, clock) ??
      monthFirst(line, clock) ??
      packed(line, clock) ??
      epoch(line)
    );
  }
  if ((first >= 65 && first <= 90) || (first >= 97 && first <= 122)) {
    return (
      ctime(line, clock) ??
      syslog(line, clock) ??
      glog(line, clock) ??
      java(line, clock) ??
      monthName(line, clock) ??
      dayName(line, clock, MAIL_DATE)
    );
  }
  return first === 64 ? tai64n(line) : undefined;
}

function yearFirst(line: string, clock: SyslogClock): Stamp | undefined {
  const match = YEAR_FIRST.exec(line);
  if (match === null) return undefined;
  const [whole, y, , mo, d, h, mi, s = "0", fraction, zone] = match;
  return stamp(whole, clock, [y, mo, d, h, mi, s], fraction, zone);
}

function ctime(line: string, clock: SyslogClock): Stamp | undefined {
  const match = CTIME.exec(line);
  if (match === null) return undefined;
  const [whole, mo, d, h, mi, s, fraction, y] = match;
  return stamp(whole, clock, [y, monthOf(mo), d, h, mi, s], fraction, undefined);
}

function dayName(line: string, clock: SyslogClock, shape = DAY_NAME): Stamp | undefined {
  const match = shape.exec(line);
  if (match === null) return undefined;
  const [whole, d, mo, y, h, mi, s, fraction, zone] = match;
  return stamp(whole, clock, [y, monthOf(mo), d, h, mi, s], fraction, zone);
}

function monthName(line: string, clock: SyslogClock): Stamp | undefined {
  const match = MONTH_NAME.exec(line);
  if (match === null) return undefined;
  const [whole, mo, d, year, h, mi, s] = match;
  const y = year?.length === 2 ? `20${year}` : year;
  return stamp(whole, clock, [y, monthOf(mo), d, h, mi, s], undefined, undefined);
}

function dayFirst(line: string, clock: SyslogClock): Stamp | undefined {
  const match = DAY_FIRST.exec(line);
  if (match === null) return undefined;
  const [whole, d, mo, y, h, mi, s, zone] = match;
  return stamp(whole, clock, [y, mo, d, h, mi, s], undefined, zone);
}

function monthFirst(line: string, clock: SyslogClock): Stamp | undefined {
  const match = MONTH_FIRST.exec(line);
  if (match === null) return undefined;
  const [whole, mo, d, year, hour, mi, s, half, fraction] = match;
  const y = year?.length === 2 ? `20${year}` : year;
  return stamp(whole, clock, [y, mo, d, hourOf(hour, half), mi, s], fraction, undefined);
}

function packed(line: string, clock: SyslogClock): Stamp | undefined {
  const match = PACKED.exec(line);
  if (match === null) return undefined;
  const [whole, year, mo, d, h, mi, s, fraction] = match;
  const y = year?.length === 2 ? `20${year}` : year;
  return stamp(whole, clock, [y, mo, d, h, mi, s], fraction, undefined);
}

function syslog(line: string, clock: SyslogClock): Stamp | undefined {
  const match = SYSLOG.exec(line);
  if (match === null) return undefined;
  const [whole, month, day, h, mi, s, fraction] = match;
  const second = (Number(h) * 60 + Number(mi)) * 60 + Math.min(Number(s), 59);
  const timeMs = clock.readTraditional(month as string, day as string, second);
  if (typeof timeMs !== "number") return undefined;
  return { timeMs: timeMs + millisOf(fraction), restAt: whole.length };
}

function java(line: string, clock: SyslogClock): Stamp | undefined {
  const match = JAVA.exec(line);
  if (match === null) return undefined;
  const [whole, month = "", d, y, hour, mi, s = "0", half] = match;
  const mo = monthOf(month.slice(0, 1).toUpperCase() + month.slice(1));
  return stamp(whole, clock, [y, mo, d, hourOf(hour, half), mi, s], undefined, undefined);
}

function hourOf(hour: string | undefined, half: string | undefined): string | undefined {
  if (half === undefined) return hour;
  return String((Number(hour) % 12) + (half === "PM" ? 12 : 0));
}

function glog(line: string, clock: SyslogClock): Stamp | undefined {
  const match = GLOG.exec(line);
  if (match === null) return undefined;
  const [whole, mo, day, h, mi, s, fraction] = match;
  const month = MONTHS.slice((Number(mo) - 1) * 3, Number(mo) * 3);
  const second = (Number(h) * 60 + Number(mi)) * 60 + Number(s);
  const timeMs = clock.readTraditional(month, ` ${Number(day)}`, second);
  if (typeof timeMs !== "number") return undefined;
  return { timeMs: timeMs + millisOf(fraction), restAt: whole.length };
}

function epoch(line: string): Stamp | undefined {
  const match = EPOCH.exec(line);
  if (match === null) return undefined;
  return { timeMs: Number(match[1]) * 1000 + millisOf(match[2]), restAt: match[0].length };
}

// TAI was 10 s ahead of UTC when multilog began; the leap seconds since then do not matter here.
function tai64n(line: string): Stamp | undefined {
  const match = TAI64N.exec(line);
  if (match === null) return undefined;
  const seconds = Number.parseInt(match[1] as string, 16) - 10;
  return { timeMs: seconds * 1000, restAt: match[0].length };
}

function stamp(
  whole: string,
  clock: SyslogClock,
  parts: TimeParts,
  fraction: string | undefined,
  zone: string | undefined,
): Stamp | undefined {
  const wallMs = wallMsOf(parts, fraction);
  if (wallMs === undefined) return undefined;
  return { timeMs: zoned(wallMs, zone, clock), restAt: whole.length };
}

function zoned(wallMs: number, zone: string | undefined, clock: SyslogClock): number {
  if (zone === undefined) return clock.ofWall(wallMs);
  if (zone.length === 1 || zone === "UTC" || zone === "GMT") return wallMs;
  return wallMs - offsetMsOf(zone);
}

function monthOf(name: string | undefined): string {
  const at = MONTHS.indexOf(name ?? "");
  return at < 0 || at % 3 !== 0 ? "NaN" : String(at / 3 + 1);
}
