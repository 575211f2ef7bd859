import { describe, expect, test } from "vitest";
import { GateRequests } from "./gate-request.ts";
import { parseHttpGateConfig } from "./http-gate-config.ts";

const PROXY = "10.0.0.5";
const CLIENT = ["X-Forwarded-For", "203.0.113.7"];

const behindProxy = new GateRequests(
  parseHttpGateConfig({
    realm: "acme",
    trustedProxies: ["10.0.0.0/8"],
    subjectsHeader: "x-ostraka-subjects",
  }),
);
const alone = new GateRequests(parseHttpGateConfig({ realm: "acme" }));

const utf8 = (text: string) => Buffer.from(text, "utf8").toString("latin1");

describe("from a trusted proxy", () => {
  test("the client's address and the user are the subjects", () => {
    expect(behindProxy.read(PROXY, [...CLIENT, "x-remote-user", "alice"])).toEqual({
      subjects: ["address:203.0.113.7", "user:acme/alice"],
    });
  });

  test("header names count in any case, and look-alikes do not count", () => {
    const read = behindProxy.read(PROXY, [
      ...["X-FORWARDED-FOR", "203.0.113.7", "X_Remote_User", "bob", "X-Remote-User2", "eve"],
      ...["X-Forwarded-Fox", "192.0.2.1"],
    ]);
    expect(read).toEqual({ subjects: ["address:203.0.113.7"] });
  });

  test("whole subjects are added, addresses among them folded", () => {
    const header = ["X-Ostraka-Subjects", "session:9f3, device:d-1 ,address:2001:DB8::1"];
    expect(behindProxy.read(PROXY, [...CLIENT, ...header])).toEqual({
      subjects: ["address:203.0.113.7", "session:9f3", "device:d-1", "address:2001:db8::1"],
    });
  });

  test("a user outside ASCII is read as UTF-8", () => {
    expect(behindProxy.read(PROXY, [...CLIENT, "X-Remote-User", utf8("zoë")])).toEqual({
      subjects: ["address:203.0.113.7", "user:acme/zoë"],
    });
  });

  test("a user asked about again is the same user", () => {
    for (let i = 0; i < 3; i++) {
      for (const name of ["alice", "bob", "alice2"]) {
        expect(behindProxy.read(PROXY, [...CLIENT, "X-Remote-User", name])).toEqual({
          subjects: ["address:203.0.113.7", `user:acme/${name}`],
        });
      }
    }
  });

  test("nobody logged in is no user, not a refusal", () => {
    expect(behindProxy.read(PROXY, [...CLIENT, "X-Remote-User", ""])).toEqual({
      subjects: ["address:203.0.113.7"],
    });
  });

  test("without an address header the request is refused: the proxy is not its own client", () => {
    expect(behindProxy.read(PROXY, ["X-Remote-User", "alice"])).toBe("unreadable client address");
    expect(behindProxy.read(PROXY, ["X-Forwarded-For", ""])).toBe("unreadable client address");
  });

  test("lines of X-Forwarded-For add up in order, so the last line's end is believed", () => {
    const lines = ["X-Forwarded-For", "192.0.2.66", ...CLIENT];
    expect(behindProxy.read(PROXY, lines)).toEqual({ subjects: ["address:203.0.113.7"] });
    expect(behindProxy.read(PROXY, [...CLIENT, "X-Forwarded-For", ""])).toBe(
      "unreadable client address",
    );
  });

  test("two lines of a header that proxies set rather than append to are refused", () => {
    const config = { realm: "a", trustedProxies: ["10.0.0.5"], addressHeader: "x-real-ip" };
    const requests = new GateRequests(parseHttpGateConfig(config));
    const line = ["X-Real-IP", "203.0.113.7"];
    expect(requests.read(PROXY, line)).toEqual({ subjects: ["address:203.0.113.7"] });
    expect(requests.read(PROXY, [...line, ...line])).toBe("unreadable client address");
  });

  test.each([
    ["two lines", ["X-Remote-User", "alice", "x-remote-user", "bob"]],
    ["two lines, one empty", ["X-Remote-User", "", "X-Remote-User", "bob"]],
    ["bytes that are not UTF-8", ["X-Remote-User", "zo\u00eb"]],
    ["a line separator", ["X-Remote-User", utf8("al\u2028ice")]],
    ["text that turns direction", ["X-Remote-User", utf8("al\u202eice")]],
    ["a tab", ["X-Remote-User", "al\tice"]],
    ["more than a subject may hold", ["X-Remote-User", "a".repeat(600)]],
    ["a byte order mark alone", ["X-Remote-User", utf8("\ufeff")]],
  ])("a user name with %s is refused", (_what, header) => {
    expect(behindProxy.read(PROXY, [...CLIENT, ...header])).toBe("unreadable user name");
  });

  test.each([
    ["an unknown kind", ["X-Ostraka-Subjects", "robot:1"]],
    ["an empty element", ["X-Ostraka-Subjects", "session:1,,session:2"]],
    ["a user without a realm", ["X-Ostraka-Subjects", "user:alice"]],
    ["a no-break space at an end", ["X-Ostraka-Subjects", utf8("session:1\u00a0")]],
    ["two lines", ["X-Ostraka-Subjects", "session:1", "X-Ostraka-Subjects", "session:2"]],
    ["nine subjects", ["X-Ostraka-Subjects", Array(9).fill("session:1").join(",")]],
  ])("subjects with %s are refused", (_what, header) => {
    expect(behindProxy.read(PROXY, [...CLIENT, ...header])).toBe("unreadable subjects");
  });

  test("eight subjects are read", () => {
    const header = ["X-Ostraka-Subjects", Array(8).fill("session:1").join(",")];
    expect(behindProxy.read(PROXY, [...CLIENT, ...header])).toMatchObject({
      subjects: { length: 9 },
    });
  });

  test("Traefik's headers give address, resource and action", () => {
    const traefik = [
      ...["Host", "gate:9180", "X-Forwarded-For", "203.0.113.7", "X-Forwarded-Host", "a.example"],
      ...["X-Forwarded-Method", "DELETE", "X-Forwarded-Port", "443", "X-Forwarded-Proto", "https"],
      ...["X-Forwarded-Server", "traefik-0", "X-Forwarded-Uri", "/wiki/%41?edit=1"],
      ...["X-Real-Ip", "203.0.113.7", "Accept-Encoding", "gzip"],
    ];
    expect(behindProxy.read(PROXY, traefik)).toEqual({
      subjects: ["address:203.0.113.7"],
      resource: "/wiki/A",
      action: "DELETE",
    });
  });

  test("a resource or action that cannot be read is unknown, so within every scope", () => {
    const uri = ["X-Forwarded-Uri", "/a"];
    for (const lines of [
      ["X-Forwarded-Uri", "/%zz"],
      [...uri, ...uri],
      ["X-Forwarded-Uri", ""],
    ]) {
      expect(behindProxy.read(PROXY, [...CLIENT, ...lines])).not.toHaveProperty("resource");
    }
    const action = ["X-Forwarded-Method", "GE T"];
    expect(behindProxy.read(PROXY, [...CLIENT, ...action])).not.toHaveProperty("action");
  });
});

describe("from a peer that is no configured proxy", () => {
  test("its headers name nobody: the peer is the only subject", () => {
    const read = behindProxy.read("198.51.100.9", [
      ...CLIENT,
      ...["X-Remote-User", "bob", "X-Ostraka-Subjects", "session:1", "X-Forwarded-Uri", "/public"],
    ]);
    expect(read).toEqual({ subjects: ["address:198.51.100.9"] });
    expect(behindProxy.fromUntrusted).toBe(1);
  });

  test("a socket that is gone is refused", () => {
    expect(behindProxy.read(undefined, CLIENT)).toBe("unreadable client address");
  });
});

describe("with no proxies configured", () => {
  test("the address is the peer's whatever X-Forwarded-For says, and the user counts", () => {
    expect(alone.read("127.0.0.1", [...CLIENT, "X-Remote-User", "alice"])).toEqual({
      subjects: ["address:127.0.0.1", "user:acme/alice"],
    });
  });
});
