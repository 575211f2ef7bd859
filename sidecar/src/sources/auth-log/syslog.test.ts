import { describe, expect, test } from "vitest";
import { readFrame } from "./syslog.ts";
import { SyslogClock } from "./syslog-time.ts";

const at = (text: string) => Date.parse(text);
const frame = (line: string) => readFrame(line, new SyslogClock({ year: 2026 }));

describe("the frame of a syslog line", () => {
  test("RFC 3164 is read with padded and unpadded days and with a priority", () => {
    for (const start of ["Mar  3", "Mar 3", "Mar 03", "<38>Mar  3"]) {
      expect(frame(`${start} 04:05:06 web1 sshd[77]: hello: there`)).toEqual({
        timeMs: at("2026-03-03T04:05:06Z"),
        host: "web1",
        program: "sshd",
        pid: "77",
        message: "hello: there",
      });
    }
  });

  test("journalctl's fraction of a second is kept in milliseconds", () => {
    expect(frame("Mar 30 15:54:19.123999 web1 sshd[1]: x")).toMatchObject({
      timeMs: at("2026-03-30T15:54:19.123Z"),
    });
  });

  test("rsyslog's traditional form with an ISO time keeps its offset", () => {
    expect(frame("2026-03-30T15:54:19.123456+02:00 web1 sshd-session[1]: x")).toMatchObject({
      timeMs: at("2026-03-30T13:54:19.123Z"),
      program: "sshd-session",
    });
  });

  test("RFC 5424 is read past structured data with brackets and quotes in its values", () => {
    const data = '[a@1 k="v]\\"x"][b@2 z="[1]"]';
    const line = `<38>1 2019-07-08T17:40:16.954167-04:00 h.example sshd 57915 - ${data} Failed x`;
    expect(frame(line)).toEqual({
      timeMs: at("2019-07-08T21:40:16.954Z"),
      host: "h.example",
      program: "sshd",
      pid: "57915",
      message: "Failed x",
    });
    expect(frame("<38>1 2019-07-08T17:40:16Z - sudo - - - \uFEFFtext")).toMatchObject({
      host: "",
      program: "sudo",
      pid: "",
      message: "text",
    });
  });

  test("RFC 5424 with broken structured data names no program", () => {
    expect(frame('<38>1 2019-07-08T17:40:16Z h sshd 1 - [a@1 k="v] Failed')).toBe("no-program");
    expect(frame("1 2019-07-08T17:40:16Z h sshd 1 - - no priority")).toBe("no-time");
  });

  test("a tag is read where the writer left the host out", () => {
    expect(frame("Feb 17 17:40:17 sshd[19725]: x")).toMatchObject({ host: "", program: "sshd" });
    expect(frame("Mar  3 00:17:22 [sshd]: x")).toMatchObject({ host: "", program: "sshd" });
    expect(frame("Jun 25 23:53:34 [sshd] User x")).toMatchObject({ message: "User x" });
  });

  test("text that imitates a tag is the message of the program that printed it", () => {
    const line = "Mar 30 15:54:19 web1 logger: sshd[1]: Failed password for root from 1.2.3.4";
    expect(frame(line)).toMatchObject({ program: "logger" });
    expect(frame("Mar 30 15:54:19 web1 my app: sshd[1]: Failed")).toBe("no-program");
    expect(frame("Mar 30 15:54:19 web1 sshd[1] Failed password")).toBe("no-program");
    expect(frame("Mar 30 15:54:19 web1 sshd[x]: Failed password")).toBe("no-program");
  });

  test("Solaris' message id is no part of the message", () => {
    const line = "Mar 29 05:59:23 dusky sshd[20878]: [ID 800047 auth.info] Failed none";
    expect(frame(line)).toMatchObject({ message: "Failed none" });
  });

  test.each([
    ["not a log line", "no-time"],
    ["Mar 30 25:00:00 h sshd[1]: x", "no-time"],
    ["Mar 31x 01:00:00 h sshd[1]: x", "no-time"],
    ["Abc 30 15:00:00 h sshd[1]: x", "bad-time"],
    ["Feb 30 15:00:00 h sshd[1]: x", "bad-time"],
    ["2026-02-30T15:00:00Z h sshd[1]: x", "bad-time"],
    ["2026-02-20T24:00:00Z h sshd[1]: x", "bad-time"],
    ["Mar 30 15:54:19 h", "no-program"],
    ["Mar 30 15:54:19 h last message repeated 2 times", "no-program"],
    ["Mar 30 15:54:19 h -- MARK --", "no-program"],
  ])("%s is refused as %s", (line, reason) => {
    expect(frame(line)).toBe(reason);
  });
});
