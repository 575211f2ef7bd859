// Requests as rules see them: from access lines and from JSON alike, decoded, and which of them are
// a search for weak spots.

import { describe, expect, test } from "vitest";
import { openFormat } from "../formats.ts";
import { isProbe, webRequest } from "./web-request.ts";

const OPTIONS = { host: "web-1", realm: "r", year: 2026 };
const PEER = "203.0.113.9";

function read(line: string) {
  const parsed = openFormat("auto", OPTIONS)?.parse(line, "f:1");
  return parsed?.outcome === "event" ? parsed.event : undefined;
}

const access = (request: string, status: number) =>
  `${PEER} - - [03/Mar/2026:04:05:06 +0000] "${request}" ${status} 12 "http://a/" "curl/8"`;

test("an access line and a JSON record of one request give rules the same to look at", () => {
  const text = read(access("GET /a/%252e%252e/b?c=1 HTTP/1.1", 404));
  const json = read(
    JSON.stringify({
      ...{ ts: 1772510706, status: 404, msg: "handled request" },
      request: {
        ...{ client_ip: PEER, method: "GET", uri: "/a/%252e%252e/b?c=1" },
        headers: { "User-Agent": ["curl/8"] },
      },
    }),
  );
  const request = {
    ...{ ip: PEER, method: "GET", uri: "/a/%252e%252e/b?c=1", path: "/a/%252e%252e/b" },
    ...{ query: "c=1", decoded: "/a/../b?c=1", status: 404, agent: "curl/8" },
  };
  expect(text).toMatchObject({ recordType: "web.access", record: request, kind: "request" });
  expect(json).toMatchObject({ recordType: "web.access", record: request, kind: "request" });
});

test("a JSON record without a request keeps its own members for rules", () => {
  const event = read(
    JSON.stringify({ time: 1772510706, msg: "login failed", ip: PEER, user: "a" }),
  );
  expect(event).toMatchObject({ recordType: "json.login", record: { user: "a" } });
});

describe("a request", () => {
  test.each([
    ["/phpmyadmin/index.php", 404],
    ["/blog/.git/config", 404],
    ["/vendor/x/eval-stdin.php", 404],
    ["/page.php?file=http://198.51.100.66/x.txt?", 200],
  ])("of %s, answered %i, is a search for weak spots", (target, status) => {
    expect(isProbe(target, status)).toBe(true);
    expect(read(access(`GET ${target} HTTP/1.1`, status))?.kind).toBe("login-probed");
  });

  test.each([
    ["/phpmyadmin/index.php", 200],
    ["/blog/digital-camera", 404],
    ["/shop?back=https://example.com/cart", 200],
    ["/news/upgit", 404],
  ])("of %s, answered %i, is none", (target, status) => {
    expect(isProbe(target, status)).toBe(false);
    expect(read(access(`GET ${target} HTTP/1.1`, status))?.kind).toBe("request");
  });
});

test("a target of a megabyte is cut, and escapes that are none stay", () => {
  const target = `/${"%2".repeat(500_000)}`;
  const said = { ip: PEER, method: "GET", target, status: 200 };
  expect(String(webRequest(said)["decoded"]).length).toBeLessThan(5_000);
});

describe("a proxy's own access line", () => {
  const day = "03/Mar/2026:04:05:06";
  const npm = (target: string, status: number) =>
    `[${day} +0000] - ${status} ${status} - POST https a.example "${target}" [Client ${PEER}] ` +
    '[Length 12] [Gzip -] [Sent-to 192.0.2.1] "curl/8" "-"';
  const haproxy = (request: string, status: number) =>
    `Mar  3 04:05:06 lb haproxy[7]: ${PEER}:4444 [${day}.608] main app/app1 0/0/0/1/1 ${status} ` +
    `248 - - ---- 1/1/0/1/0 0/0 "${request}"`;
  const alb = (request: string, status: number) =>
    `https 2026-03-03T04:05:06.186641Z app/a/5 ${PEER}:4444 192.0.2.1:80 0.1 0.1 0.1 ${status} ` +
    `${status} 9 57 "${request}" "curl/8" X TLSv1.2 arn:x "Root=1" "-" "-" 0`;
  const s3 = (request: string, status: number) =>
    `${"ab".repeat(32)} bucket [${day} +0000] ${PEER} - 3E57427F3EXAMPLE REST.GET.OBJECT k ` +
    `"${request}" ${status} - 113 - 7 - "-" "x" -`;

  test.each([
    ["Nginx Proxy Manager", npm("/login", 401), "login-failed", "/login"],
    ["HAProxy", haproxy("GET /.git/config HTTP/1.1", 404), "login-probed", "/.git/config"],
    ["a load balancer of AWS", alb("GET https://a:443/x?y=1 HTTP/1.1", 200), "request", "/x"],
    ["a store of AWS", s3("GET /a?b HTTP/1.1", 403), "request", "/a"],
  ])("of %s is read", (_whose, line, kind, target) => {
    expect(read(line)).toMatchObject({
      ...{ kind, target, address: `address:${PEER}`, recordType: "web.access" },
      timeMs: Date.UTC(2026, 2, 3, 4, 5, 6) + (line.includes(".608") ? 608 : 0) + fraction(line),
    });
  });

  const fraction = (line: string) => (line.includes(".186641Z") ? 186 : 0);

  test.each([
    ["a target", npm(`/x" [Client 198.51.100.66] [Length 1] "`, 401)],
    ["a request", haproxy(`GET / HTTP/1.1" 198.51.100.66:1 [${day}] a b/c 1/1 401`, 401)],
    ["a request", alb(`GET / HTTP/1.1" 198.51.100.66:80 401 "`, 401)],
  ])("names nobody else for what a client put into %s", (_where, line) => {
    expect([undefined, `address:${PEER}`]).toContain(read(line)?.address);
  });
});
