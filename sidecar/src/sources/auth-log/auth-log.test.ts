import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CONNECTIONS_MAX, LINE_BYTES_MAX } from "../limits.ts";
import { type AuthLogParser, openAuthLog } from "./auth-log.ts";
import { Connections } from "./connections.ts";

const open = (): AuthLogParser => openAuthLog({ host: "web1", realm: "acme", year: 2026 });
const refused = (reason: string) => ({ outcome: "refused", reason });
const LINE = "Mar 30 15:54:19 web1 sshd[1]: Failed password for root from 203.0.113.9 port 1 ssh2";

describe("a line that cannot be read is refused with its reason", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  test.each([
    ["", "empty"],
    [`${LINE}\0`, "nul-byte"],
    [LINE + "x".repeat(LINE_BYTES_MAX), "too-long"],
    [bytes(LINE + "x".repeat(LINE_BYTES_MAX)), "too-long"],
    [new Uint8Array([...bytes(LINE), 0xff]), "invalid-utf8"],
    ["nothing", "no-time"],
  ])("case %#: %s", (line, reason) => {
    expect(open().parse(line, "f:0")).toEqual(refused(reason));
  });

  test("its nearest neighbour is read, from text and from bytes alike", () => {
    const longest = LINE.padEnd(LINE_BYTES_MAX, " ");
    expect(open().parse(longest, "f:0")).toMatchObject({ outcome: "event" });
    expect(open().parse(bytes(longest), "f:0")).toEqual(open().parse(longest, "f:0"));
    const name = LINE.replace("root", "jürgen");
    expect(open().parse(bytes(name), "f:0")).toMatchObject({
      event: { account: "user:acme/jürgen" },
    });
  });
});

test("any bytes at all give an outcome and never throw", () => {
  const tag = fc.constantFrom("sshd[1]", "sudo", "su", "useradd", "CRON[1]", "systemd-logind[1]");
  const parser = open();
  fc.assert(
    fc.property(tag, fc.string({ unit: "binary", maxLength: 200 }), (program, text) => {
      const parsed = parser.parse(`Mar 30 15:54:19 web1 ${program}: ${text}`, "f:0");
      expect(["event", "unparsed", "refused"]).toContain(parsed.outcome);
    }),
  );
});

test("a user name comes back as the account it is, or as none", () => {
  const name = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(name, (user) => {
      fc.pre(!/[\0\s]$/.test(user) && !user.includes("\0"));
      const parsed = open().parse(
        LINE.replace("root", () => user),
        "f:0",
      );
      if (parsed.outcome !== "event") throw new Error(`${user} was not read`);
      const { account, address } = parsed.event;
      expect(address).toBe("address:203.0.113.9");
      if (account !== undefined) expect(account).toMatch(/^user:(?:acme|web1)\//);
      if (account !== undefined) expect(account.endsWith(`/${user.normalize("NFC")}`)).toBe(true);
    }),
  );
});

test("the position of the line is the identity of the event, its text is not", () => {
  const parser = open();
  const ids = ["f:0", "f:90"].map((position) => {
    const parsed = parser.parse(LINE, position);
    return parsed.outcome === "event" ? parsed.event.id : undefined;
  });
  expect(ids).toEqual(["f:0", "f:90"]);
});

test("connections are bounded, and the oldest goes first", () => {
  const connections = new Connections();
  const first = connections.at("h", "0", 0);
  for (let pid = 1; pid < CONNECTIONS_MAX; pid++) connections.at("h", String(pid), 0);
  expect(connections.at("h", "0", 0)).toBe(first);
  connections.at("h", "one-more", 0);
  expect(connections.size).toBe(CONNECTIONS_MAX);
  expect(connections.at("h", "0", 0)).not.toBe(first);
});
