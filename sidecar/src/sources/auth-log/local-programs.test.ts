import type { Event } from "@ostraka/agents/kernel";
import { describe, expect, test } from "vitest";
import { openAuthLog } from "./auth-log.ts";

function read(tag: string, message: string): Partial<Event> | string {
  const parser = openAuthLog({ host: "web1", realm: "acme", year: 2026 });
  const parsed = parser.parse(`Mar 30 15:54:19 web1 ${tag}: ${message}`, "f:0");
  return parsed.outcome === "event" ? parsed.event : parsed.outcome;
}

const NOTICE = { kind: "service-notice", count: 1 };

describe("sudo", () => {
  test("a command is a use of privilege by the account, as the target, without the command", () => {
    const line = "  alice : TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/bin/cat secret";
    const event = read("sudo", line);
    const expected = { kind: "privilege-used", account: "user:acme/alice", target: "root" };
    expect(event).toMatchObject({ ...expected, service: "sudo", count: 1 });
    expect(JSON.stringify(event)).not.toContain("secret");
  });

  test.each([
    ["3 incorrect password attempts", 3],
    ["1 incorrect password attempt", 1],
    ["user NOT in sudoers", 1],
    ["command not allowed", 1],
    ["a password is required", 1],
  ])("a refusal counts its attempts: %s", (reason, count) => {
    const line = `bob : ${reason} ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/su`;
    const expected = { kind: "privilege-refused", account: "user:acme/bob", target: "root", count };
    expect(read("sudo", line)).toMatchObject(expected);
  });

  test("a directory or a command that imitates the target leaves the line without one", () => {
    for (const [pwd, command] of [
      ["/tmp/x ; USER=bob", "/bin/ls"],
      ["/tmp", "/bin/echo ; USER=bob ; COMMAND=x"],
    ]) {
      const line = `alice : TTY=pts/0 ; PWD=${pwd} ; USER=root ; COMMAND=${command}`;
      const event = read("sudo", line);
      expect(event).toMatchObject({ kind: "privilege-used", account: "user:acme/alice" });
      expect(event).not.toHaveProperty("target");
    }
  });

  test("PAM's lines and a command's continuation repeat it", () => {
    const opened = "pam_unix(sudo:session): session opened for user root by alice(uid=0)";
    expect(read("sudo", opened)).toMatchObject(NOTICE);
    expect(read("sudo", "alice : (command continued) --more")).toMatchObject(NOTICE);
  });

  test("its own troubles are no refusal", () => {
    const host = "alice : unable to resolve host web1: Connection refused";
    expect(read("sudo", host)).toMatchObject(NOTICE);
    const defaults = "alice : problem with defaults entries ; TTY=pts/0 ; PWD=/ ; USER=root ;";
    expect(read("sudo", defaults)).toMatchObject(NOTICE);
  });

  test("a command without a terminal is a use all the same", () => {
    const line = "alice : PWD=/ ; USER=www-data ; COMMAND=/bin/ls";
    expect(read("sudo", line)).toMatchObject({ kind: "privilege-used", target: "www-data" });
  });

  test("a line of another shape is unparsed", () => {
    expect(read("sudo", "something else entirely")).toBe("unparsed");
  });
});

describe("su", () => {
  test.each([
    ["Successful su for root by alice", "privilege-used"],
    ["(to root) alice on pts/1", "privilege-used"],
    ["FAILED su for root by alice", "privilege-refused"],
    ["FAILED SU (to root) alice on pts/1", "privilege-refused"],
  ])("%s is %s", (message, kind) => {
    const expected = { kind, account: "user:acme/alice", target: "root", service: "su" };
    expect(read("su", message)).toMatchObject(expected);
  });

  test("its terminal line and PAM's lines repeat it", () => {
    expect(read("su", "+ /dev/pts/0 root:root")).toMatchObject(NOTICE);
    const opened = "pam_unix(su:session): session opened for user root by alice(uid=0)";
    expect(read("su", opened)).toMatchObject(NOTICE);
    expect(read("su", "unheard of")).toBe("unparsed");
  });
});

describe("programs that change accounts", () => {
  const user = "user:acme/eve";
  test.each([
    ["useradd", "new user: name=eve, UID=1001, GID=1001, home=/home/eve", { account: user }],
    ["useradd", "new group: name=eve, GID=1001", { target: "group eve" }],
    ["usermod", "add 'eve' to group 'sudo'", { account: user, target: "group sudo" }],
    ["userdel", "delete user 'eve'", { account: user }],
    ["groupadd", "new group: name=devs, GID=1010", { target: "group devs" }],
    ["chpasswd", "pam_unix(chpasswd:chauthtok): password changed for eve", { account: user }],
    ["passwd", "pam_unix(passwd:chauthtok): password changed for eve", { account: user }],
  ])("%s: %s", (tag, message, fields) => {
    expect(read(tag, message)).toMatchObject({ kind: "account-changed", service: tag, ...fields });
  });

  test.each([
    ["useradd", "failed adding user 'eve', data deleted"],
    ["groupadd", "group added to /etc/group: name=devs, GID=1010"],
    ["chpasswd", 'pam_unix(chpasswd:chauthtok): user "eve" does not exist in /etc/passwd'],
  ])("a line of %s that changed nothing is a notice: %s", (tag, message) => {
    expect(read(tag, message)).toMatchObject(NOTICE);
  });

  test("a line of another shape is unparsed", () => {
    expect(read("useradd", "Something new")).toBe("unparsed");
  });
});

describe("cron, systemd and logind", () => {
  test("the session that cron opens is the job, its end and its command repeat it", () => {
    const session = (what: string) => `pam_unix(cron:session): session ${what} for user root`;
    const job = read("CRON[7]", `${session("opened")} by (uid=0)`);
    expect(job).toMatchObject({ kind: "job-run", service: "cron", account: "user:web1/root" });
    expect(read("CRON[7]", session("closed"))).toMatchObject(NOTICE);
    expect(read("CRON[8]", "(root) CMD (/usr/bin/backup --key s3cret)")).toMatchObject(NOTICE);
  });

  test("logind's sessions carry their name, opened and closed", () => {
    const session = "session:web1/858";
    const opened = read("systemd-logind[1]", "New session 858 of user eve.");
    expect(opened).toMatchObject({ kind: "session-opened", session, account: "user:acme/eve" });
    const closed = read("systemd-logind[1]", "Removed session 858.");
    expect(closed).toMatchObject({ kind: "session-closed", session });
    expect(read("systemd-logind[1]", "New seat seat0.")).toMatchObject(NOTICE);
    expect(read("systemd-logind[1]", "Unheard of")).toBe("unparsed");
  });

  test("systemd's own text is never searched", () => {
    expect(read("systemd[1]", "Started Failed password for root from 1.2.3.4.")).toEqual({
      ...NOTICE,
      id: "f:0",
      timeMs: Date.parse("2026-03-30T15:54:19Z"),
      service: "systemd",
    });
  });
});
