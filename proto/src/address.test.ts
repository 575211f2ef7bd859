import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  canonicalAddress,
  formatAddress,
  isInBlock,
  parseAddress,
  parseAddressBlock,
} from "./address.ts";

describe("an address", () => {
  test.each([
    ["24.151.103.17", "24.151.103.17"],
    ["0.0.0.0", "0.0.0.0"],
    ["255.255.255.255", "255.255.255.255"],
    ["::", "::"],
    ["::1", "::1"],
    ["2001:DB8::1", "2001:db8::1"],
    ["2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["1::", "1::"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"],
    ["::ffff:24.151.103.17", "24.151.103.17"],
    ["::FFFF:1897:6711", "24.151.103.17"],
    ["0:0:0:0:0:ffff:24.151.103.17", "24.151.103.17"],
    ["::24.151.103.17", "::1897:6711"],
    ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
  ])("%s is written %s (RFC 5952)", (text, canonical) => {
    expect(canonicalAddress(text)).toBe(canonical);
    expect(canonicalAddress(canonical)).toBe(canonical);
  });

  test.each([
    "",
    " 1.2.3.4",
    "1.2.3.4 ",
    "1.2.3.4\n",
    "01.2.3.4",
    "1.2.3.04",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.256",
    "1.2.3.-4",
    "1.2.3.+4",
    "1.2.3.4e0",
    "0x1.2.3.4",
    "16909060",
    "1.2.3.4:80",
    "1.2.3.4/32",
    "[::1]",
    "::1%eth0",
    ":",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8::",
    "::1:2:3:4:5:6:7:8",
    "12345::",
    "g::",
    ":1::2",
    "1.2.3.4::",
    "::1.2.3.4:5",
    "::ffff:1.2.3",
    "::ffff:01.2.3.4",
    "１.2.3.4",
    "1。2。3。4",
    `${"0".repeat(40)}::1`,
  ])("%j is none", (text) => {
    expect(parseAddress(text)).toBeUndefined();
    expect(canonicalAddress(text)).toBeUndefined();
  });

  test("of any bytes has one text, which parses to the same bytes", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fc
        .array(fc.constantFrom(0, 1), { minLength: 16, maxLength: 16 })
        .map((list) => Uint8Array.from(list)),
    );
    fc.assert(
      fc.property(bytes, (given) => {
        const text = formatAddress(given);
        const parsed = parseAddress(text);
        const isMapped = given.length === 16 && parsed?.length === 4;
        expect(Array.from(parsed ?? [])).toEqual(Array.from(isMapped ? given.slice(12) : given));
        expect(text).toBe(text.toLowerCase());
      }),
    );
  });

  test("never makes the parser throw, whatever the text", () => {
    const piece = fc.constantFrom(":", "::", ".", "0", "f", "ffff", "256", "%", "/", "-", "é");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const canonical = canonicalAddress(pieces.join(""));
        if (canonical !== undefined) expect(canonicalAddress(canonical)).toBe(canonical);
      }),
    );
  });
});

describe("a block of addresses", () => {
  const isIn = (address: string, block: string) => {
    const bytes = parseAddress(address);
    const parsed = parseAddressBlock(block);
    return bytes !== undefined && parsed !== undefined && isInBlock(bytes, parsed);
  };

  test.each([
    ["10.1.2.3", "10.0.0.0/8", true],
    ["11.1.2.3", "10.0.0.0/8", false],
    ["10.1.2.3", "10.1.2.3", true],
    ["10.1.2.4", "10.1.2.3", false],
    ["10.1.2.3", "10.1.2.2/31", true],
    ["10.1.2.4", "10.1.2.2/31", false],
    ["1.2.3.4", "0.0.0.0/0", true],
    ["::1", "0.0.0.0/0", false],
    ["1.2.3.4", "::/0", false],
    ["2001:db8::1", "2001:db8::/32", true],
    ["2001:db9::1", "2001:db8::/32", false],
    ["::ffff:10.1.2.3", "10.0.0.0/8", true],
  ])("%s in %s: %s", (address, block, expected) => {
    expect(isIn(address, block)).toBe(expected);
  });

  test.each(["10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/08", "10.0.0.0/-1", "/8"])(
    "%s is none",
    (text) => {
      expect(parseAddressBlock(text)).toBeUndefined();
    },
  );

  test.each(["2001:db8::/129", "2001:db8::1/32", "10.0.0.0/8/8", "10.0.0.0/8 ", "x/8", ""])(
    "%j is none",
    (text) => {
      expect(parseAddressBlock(text)).toBeUndefined();
    },
  );
});
