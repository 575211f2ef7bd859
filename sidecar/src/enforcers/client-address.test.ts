import { type AddressBlock, parseAddressBlock } from "@ostraka/proto";
import { assert as check, property, string } from "fast-check";
import { describe, expect, test } from "vitest";
import { ClientAddresses, PROXY_HOPS_MAX } from "./client-address.ts";

const TRUSTED = ["127.0.0.1", "10.0.0.0/8", "2001:db8:aaaa::/48"].map(
  (text) => parseAddressBlock(text) as AddressBlock,
);
const addresses = new ClientAddresses(TRUSTED);

describe("the socket's peer", () => {
  test.each([
    ["203.0.113.7", "address:203.0.113.7", false],
    ["::ffff:203.0.113.7", "address:203.0.113.7", false],
    ["::ffff:10.1.2.3", "address:10.1.2.3", true],
    ["2001:DB8:AAAA::1", "address:2001:db8:aaaa::1", true],
    ["2001:db8:aaab::1", "address:2001:db8:aaab::1", false],
    ["fe80::1%eth0", "address:fe80::1", false],
  ])("%s is %s, trusted: %s", (remote, subject, isTrusted) => {
    expect(addresses.peer(remote)).toEqual({ subject, isTrusted });
    expect(addresses.peer(remote)).toEqual({ subject, isTrusted });
  });

  test("a socket that is gone has none", () => {
    expect(addresses.peer(undefined)).toBeUndefined();
    expect(addresses.peer("")).toBeUndefined();
  });

  test("more peers and headers than are remembered are still read rightly", () => {
    const fresh = new ClientAddresses(TRUSTED);
    for (let i = 0; i < 3000; i++) {
      const text = `198.18.${i >> 8}.${i & 255}`;
      expect(fresh.peer(text)?.subject).toBe(`address:${text}`);
      expect(fresh.forwarded(text)).toBe(`address:${text}`);
    }
    expect(fresh.peer("10.0.0.1")?.isTrusted).toBe(true);
  });
});

describe("a trusted proxy's header", () => {
  test.each([
    ["203.0.113.7", "203.0.113.7"],
    ["203.0.113.7:51000", "203.0.113.7"],
    [" \t203.0.113.7\t ", "203.0.113.7"],
    ["2001:DB8::7", "2001:db8::7"],
    ["[2001:db8::7]", "2001:db8::7"],
    ["[2001:db8::7]:443", "2001:db8::7"],
    ["::ffff:203.0.113.7", "203.0.113.7"],
    ["[::ffff:203.0.113.7]:1", "203.0.113.7"],
    ["203.0.113.7, 10.0.0.5, 127.0.0.1", "203.0.113.7"],
    ["192.0.2.1, 203.0.113.7", "203.0.113.7"],
    ["garbage, ,, 203.0.113.7", "203.0.113.7"],
    ["192.0.2.1, 203.0.113.7, 10.0.0.5:80", "203.0.113.7"],
    ["10.0.0.9, 10.0.0.5", "10.0.0.9"],
    ["10.0.0.9", "10.0.0.9"],
  ])("%j is the client %s", (header, client) => {
    expect(addresses.forwarded(header)).toBe(`address:${client}`);
    expect(addresses.forwarded(header), "asked again").toBe(`address:${client}`);
  });

  test.each([
    "",
    " ",
    ",",
    "203.0.113.7,",
    "203.0.113.7, ",
    "203.0.113.7, , 10.0.0.5",
    ", 10.0.0.5",
    "unknown",
    "_hidden",
    "for=203.0.113.7",
    "203.0.113.7 10.0.0.5",
    "203.0.113.07",
    "203.0.113",
    "203.0.113.256",
    "0x7f.1",
    "203.0.113.7:",
    "203.0.113.7:65536",
    "203.0.113.7:80:80",
    "203.0.113.7%eth0",
    "[203.0.113.7]",
    "[203.0.113.7]:80",
    "[2001:db8::7",
    "2001:db8::7]",
    "[2001:db8::7]x",
    "[2001:db8::7]:70000",
    "fe80::1%eth0",
    "[fe80::1%25eth0]",
    "\u00a0203.0.113.7",
    '"203.0.113.7"',
    "203.0.113.7\u0000",
  ])("%j has no readable client", (header) => {
    expect(addresses.forwarded(header)).toBeUndefined();
  });

  test("whatever a client writes before it, the proxy's own element is the one believed", () => {
    const spoofs = ["192.0.2.66", "10.0.0.1", "127.0.0.1, 192.0.2.66", ",".repeat(999), "x\u0000"];
    for (const spoof of spoofs) {
      expect(addresses.forwarded(`${spoof}, 203.0.113.7`)).toBe("address:203.0.113.7");
    }
  });

  test("no text that a client can send changes whom the proxy's own element names", async () => {
    await check(
      property(string({ unit: "binary", maxLength: 80 }), (text) => {
        expect(addresses.forwarded(`${text},203.0.113.7`)).toBe("address:203.0.113.7");
        expect(addresses.forwarded(`${text}, [2001:db8::7]:1, 10.1.1.1`)).toBe(
          "address:2001:db8::7",
        );
      }),
    );
  });

  test("a chain of trusted proxies is followed to the limit and refused beyond", () => {
    const chain = (hops: number) => `203.0.113.7${", 10.0.0.1".repeat(hops)}`;
    expect(addresses.forwarded(chain(PROXY_HOPS_MAX - 1))).toBe("address:203.0.113.7");
    expect(addresses.forwarded(chain(PROXY_HOPS_MAX))).toBeUndefined();
  });
});
