import type { Event } from "@ostraka/agents/kernel";
import { describe, expect, test } from "vitest";
import { CONNECTION_MS_MAX } from "../limits.ts";
import { openAuthLog } from "./auth-log.ts";

function read(...messages: string[]): Partial<Event>[] {
  return readTagged(messages.map((message) => `Mar 30 15:54:19 web1 sshd[77]: ${message}`));
}

function readTagged(lines: string[]): Partial<Event>[] {
  const parser = openAuthLog({ host: "web1", realm: "acme", year: 2026 });
  return lines.map((line, i) => {
    const parsed = parser.parse(line, `f:${i}`);
    return parsed.outcome === "event" ? parsed.event : {};
  });
}

const kinds = (events: Partial<Event>[]) => events.map((event) => event.kind);
const MAXIMUM = "maximum authentication attempts exceeded";
const FROM = "from 203.0.113.9 port 50273";

describe("an attempt of sshd is one event", () => {
  test("a failed password says address, account, method and that the account exists", () => {
    expect(read(`Failed password for alice ${FROM} ssh2`)).toEqual([
      {
        id: "f:0",
        timeMs: Date.parse("2026-03-30T15:54:19Z"),
        kind: "login-failed",
        service: "sshd",
        address: "address:203.0.113.9",
        account: "user:acme/alice",
        isAccountKnown: true,
        method: "password",
        count: 1,
      },
    ]);
  });

  test("an unknown user is a probe, then the one failure, and the end adds nothing", () => {
    const events = read(
      `Invalid user bob ${FROM}`,
      "input_userauth_request: invalid user bob [preauth]",
      "pam_unix(sshd:auth): check pass; user unknown",
      "pam_unix(sshd:auth): authentication failure; logname= uid=0 tty=ssh rhost=203.0.113.9",
      `Failed password for invalid user bob ${FROM} ssh2`,
      "Received disconnect from 203.0.113.9 port 50273:11: Bye Bye [preauth]",
      "Disconnected from invalid user bob 203.0.113.9 port 50273 [preauth]",
    );
    const quiet = "service-notice";
    const expected = ["login-probed", quiet, quiet, quiet, "login-failed", quiet, quiet];
    expect(kinds(events)).toEqual(expected);
    expect(events[4]).toMatchObject({ isAccountKnown: false, account: "user:acme/bob" });
  });

  test("an empty user name is a failure that names no account", () => {
    const [event] = read(`Failed password for invalid user  ${FROM} ssh2`);
    expect(event).toMatchObject({ kind: "login-failed", address: "address:203.0.113.9" });
    expect(event).not.toHaveProperty("account");
  });

  test("root belongs to the host", () => {
    const [event] = read(`Failed password for root ${FROM} ssh2`);
    expect(event).toMatchObject({ account: "user:web1/root", isRoot: true });
  });

  test("a folded line counts what it folds", () => {
    const folded = (n: string) =>
      `message repeated ${n} times: [ Failed password for root ${FROM} ssh2]`;
    expect(read(folded("5"))).toMatchObject([{ kind: "login-failed", count: 5 }]);
    expect(read(folded("0"), folded("9999999"), folded("-1"))).toEqual([{}, {}, {}]);
  });

  test("a user's many keys are no failures, their exhaustion is one", () => {
    const key = `Failed publickey for git ${FROM} ssh2: RSA SHA256:abc`;
    const accepted = `Accepted publickey for git ${FROM} ssh2: RSA SHA256:def`;
    expect(kinds(read(key, key, accepted))).toEqual([
      "service-notice",
      "service-notice",
      "login-succeeded",
    ]);
    const exhausted = `error: ${MAXIMUM} for git ${FROM} ssh2 [preauth]`;
    expect(kinds(read(key, exhausted))).toEqual(["service-notice", "login-failed"]);
    const failed = `Failed password for git ${FROM} ssh2`;
    expect(kinds(read(failed, exhausted))).toEqual(["login-failed", "service-notice"]);
  });

  test("PAM's error is the attempt and the Failed line right after it repeats it", () => {
    const pam = "error: PAM: Authentication failure for alice from 203.0.113.9";
    const failed = `Failed keyboard-interactive/pam for alice ${FROM} ssh2`;
    expect(kinds(read(pam, pam, failed, failed))).toEqual([
      "login-failed",
      "login-failed",
      "service-notice",
      "login-failed",
    ]);
  });

  test("a session is opened and closed by PAM's word, not by the disconnect's", () => {
    const events = read(
      `Accepted password for alice ${FROM} ssh2`,
      "pam_unix(sshd:session): session opened for user alice(uid=1000) by (uid=0)",
      "Received disconnect from 203.0.113.9 port 50273:11: disconnected by user",
      "Disconnected from user alice 203.0.113.9 port 50273",
      "pam_unix(sshd:session): session closed for user alice",
    );
    const [accepted, opened, , , closed] = events;
    expect(accepted).toMatchObject({ kind: "login-succeeded", account: "user:acme/alice" });
    expect(opened).toMatchObject({ kind: "session-opened", account: "user:acme/alice" });
    expect(closed).toMatchObject({ kind: "session-closed" });
    expect(kinds(events.slice(2, 4))).toEqual(["service-notice", "service-notice"]);
  });

  test("one factor of several is neither a success nor a failure", () => {
    expect(kinds(read(`Partial publickey for alice ${FROM} ssh2: RSA SHA256:abc`))).toEqual([
      "service-notice",
    ]);
    expect(kinds(read(`Postponed publickey for alice ${FROM} ssh2 [preauth]`))).toEqual([
      "service-notice",
    ]);
  });
});

describe("a connection that leaves before a credential is one probe", () => {
  test.each([
    "Connection closed by 203.0.113.9 port 33594 [preauth]",
    "Connection closed by authenticating user root 203.0.113.9 port 45362 [preauth]",
    "Connection reset by invalid user x 203.0.113.9 port 45362 [preauth]",
    "Disconnected from 203.0.113.9 port 36985 [preauth]",
    "Received disconnect from 203.0.113.9: 11: Bye Bye [preauth]",
    "Did not receive identification string from 203.0.113.9 port 35836",
    "Bad protocol version identification 'x' from 198.51.100.7' from 203.0.113.9 port 31778",
    "Unable to negotiate with 203.0.113.9 port 50404: no matching MAC found. Their offer: x",
    "fatal: Timeout before authentication for 203.0.113.9 port 55555",
    "Timeout before authentication for connection from 203.0.113.9 to 127.0.0.1, pid = 29098",
    "ssh_dispatch_run_fatal: Connection from 203.0.113.9 port 1: Connection corrupted [preauth]",
    "banner exchange: Connection from 203.0.113.9 port 44105: invalid format",
    "refused connect from example.com (203.0.113.9)",
    "ROOT LOGIN REFUSED FROM 203.0.113.9 port 12345 [preauth]",
    "User root from 203.0.113.9 not allowed because not listed in AllowUsers",
  ])("%s", (message) => {
    expect(read(message)).toMatchObject([
      { kind: "login-probed", address: "address:203.0.113.9", count: 1 },
    ]);
  });

  test("an IPv6 peer before a reason is read to its end", () => {
    expect(read("Received disconnect from fe80::a:5:6: 11: Bye Bye [preauth]")).toMatchObject([
      { address: "address:fe80::a:5:6" },
    ]);
  });

  test("a connection that closes after it was let in is no probe", () => {
    const closed = "Connection closed by 203.0.113.9 port 50273";
    expect(kinds(read(closed))).toEqual(["service-notice"]);
    expect(kinds(read("Connection closed by user alice 203.0.113.9 port 1"))).toEqual([
      "service-notice",
    ]);
  });

  test("the next owner of a process id is another connection", () => {
    const closed = "Connection closed by 203.0.113.9 port 33594 [preauth]";
    expect(kinds(read(closed, closed))).toEqual(["login-probed", "login-probed"]);
    const other = "Received disconnect from 192.0.2.1: 11: Bye Bye [preauth]";
    expect(kinds(read(`Failed password for a ${FROM} ssh2`, other))).toEqual([
      "login-failed",
      "login-probed",
    ]);
  });

  test("a connection is forgotten after its time", () => {
    const lateMs = Date.parse("2026-03-30T15:54:19Z") + CONNECTION_MS_MAX + 1_000;
    const late = new Date(lateMs).toISOString();
    const events = readTagged([
      `2026-03-30T15:54:19Z web1 sshd[77]: Failed password for alice ${FROM} ssh2`,
      `${late} web1 sshd[77]: Connection closed by 203.0.113.9 port 1 [preauth]`,
    ]);
    expect(kinds(events)).toEqual(["login-failed", "login-probed"]);
  });
});

describe("a name that imitates the rest of its line", () => {
  const name = "x from 198.51.100.7 port 1 ssh2:";
  const failed = `Failed password for invalid user ${name} ${FROM} ssh2`;

  test("is seen through by the line that sshd prints before", () => {
    const [, event] = read(`Invalid user ${name} ${FROM}`, failed);
    expect(event).toMatchObject({ kind: "login-failed", address: "address:203.0.113.9" });
    expect(event).toMatchObject({ account: `user:acme/${name}` });
  });

  test("does not make another's address the connection's", () => {
    const closed = `Connection closed by invalid user ${name} 203.0.113.9 port 5 [preauth]`;
    expect(read(closed)).toMatchObject([{ address: "address:203.0.113.9" }]);
  });
});

describe("a line that names no address never gets one", () => {
  test("from the lines before it", () => {
    const events = read(
      "Connection from 203.0.113.9 port 51353 on 127.0.0.1 port 22",
      "Disconnecting: Too many authentication failures for root [preauth]",
      "fatal: Read from socket failed: Connection reset by peer [preauth]",
    );
    expect(events.some((event) => "address" in event)).toBe(false);
  });

  test("from a host name", () => {
    const [event] = read("error: PAM: Authentication failure for x from example.com");
    expect(event).toMatchObject({ kind: "login-failed" });
    expect(event).not.toHaveProperty("address");
  });
});

test("what sshd has never printed is unparsed, and a foreign program is not looked at", () => {
  const parser = openAuthLog({ host: "web1", realm: "acme", year: 2026 });
  const line = (tag: string, text: string) => `Mar 30 15:54:19 web1 ${tag}: ${text}`;
  expect(parser.parse(line("sshd[1]", "Entirely new words"), "f:0")).toEqual({
    outcome: "unparsed",
    program: "sshd",
  });
  const forged = line("evil", `sshd[1]: Failed password for root ${FROM} ssh2`);
  expect(parser.parse(forged, "f:1")).toEqual({ outcome: "foreign", program: "evil" });
});
