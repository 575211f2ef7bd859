import type { Event } from "@ostraka/agents/kernel";
import {
  formatAddress,
  isInBlock,
  parseAddress,
  parseAddressBlock,
  type SubjectText,
} from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { openChance } from "../../../testkit/learned-run.ts";
import { IntelBook } from "./intel-book.ts";
import {
  ENTRIES_MAX,
  FAULTS_TOLD_MAX,
  type IntelFormat,
  IntelReader,
  LINE_CHARS_MAX,
  readIntelList,
  TEXTS_MAX,
} from "./read-intel-list.ts";

const NOW = Date.UTC(2026, 2, 2);

function event(more: Partial<Event>): Event {
  return { id: "1", timeMs: NOW, kind: "activity", service: "test", count: 1, ...more };
}

function bookOf(text: string, format: IntelFormat = "addresses"): IntelBook {
  const book = new IntelBook([{ name: "list", ceiling: 0.01 }]);
  const entries = readIntelList(text, format);
  expect(entries.faults).toEqual([]);
  book.replace(0, { entries, madeMs: NOW - 1, expiresMs: NOW + 1 });
  return book;
}

const from = (address: string) => event({ address: `address:${address}` as SubjectText });

describe("a list of addresses", () => {
  const text = `# a feed
198.51.100.7
203.0.113.0/24 ; SBL1
  192.0.2.8/29   # eight of them

2001:db8:0:1::/64
2001:db8:ffff::1
`;

  test.each([
    ["198.51.100.7", 1],
    ["198.51.100.8", 0],
    ["203.0.113.0", 1],
    ["203.0.113.255", 1],
    ["203.0.114.0", 0],
    ["203.0.112.255", 0],
    ["192.0.2.15", 1],
    ["192.0.2.16", 0],
    ["2001:db8:0:1::", 1],
    ["2001:db8:0:1:ffff:ffff:ffff:ffff", 1],
    ["2001:db8:0:2::", 0],
    ["2001:db8:ffff::1", 1],
    ["2001:db8:ffff::2", 0],
  ])("%s: %d", (address, mask) => {
    expect(bookOf(text).maskOf(from(address))).toBe(mask);
  });

  test("counts what it took, and takes the same from pieces cut anywhere", () => {
    const whole = readIntelList(text, "addresses");
    expect(whole).toMatchObject({ count: 5, lines: 7, faultCount: 0 });
    const reader = new IntelReader("addresses");
    for (const char of text) reader.take(char);
    expect(reader.close().addresses).toEqual(whole.addresses);
  });

  test.each([
    ["a text", "example.com", "is no address"],
    ["host bits", "192.0.2.1/24", "is no address"],
    ["leading zeros", "192.0.2.010", "is no address"],
    ["a port", "192.0.2.1:80", "is no address"],
    ["a prefix too long", "192.0.2.0/33", "is no address"],
    ["no prefix", "192.0.2.0/", "is no address"],
    ["a prefix with a zero", "192.0.2.0/024", "is no address"],
    ["three octets", "192.0.2/24", "is no address"],
    ["an octet too large", "192.0.2.256", "is no address"],
    ["IPv4 as IPv6", "::ffff:192.0.2.1", "write it as"],
    ["half the internet", "128.0.0.0/1", "wider than /8"],
    ["all of IPv6", "2000::/3", "wider than /19"],
    ["a private network", "10.1.0.0/16", "is private"],
    ["what holds a private network", "172.0.0.0/8", "is private"],
    ["this machine", "127.0.0.1", "is private"],
    ["a private address", "192.168.1.1", "is private"],
    ["multicast", "224.0.0.1", "is private"],
    ["a local IPv6 network", "fd00::/32", "is private"],
    ["a long line", "9".repeat(LINE_CHARS_MAX + 1), "more than"],
  ])("refuses %s and names the line", (_what, line, why) => {
    const list = readIntelList(`192.0.2.1\n${line}\n192.0.2.2\n`, "addresses");
    expect(list.faults).toEqual([{ line: 2, why: expect.stringContaining(why) }]);
    expect(list.count).toBe(2);
  });

  test("refuses a last line without an end: half of 198.51.100.77 is another's address", () => {
    const list = readIntelList("192.0.2.1\n198.51.100.7", "addresses");
    expect(list.faults).toEqual([{ line: 2, why: expect.stringContaining("half-written") }]);
    expect(list.count).toBe(1);
  });

  test("tells a few faults and counts all; a line without end is not kept", () => {
    const list = readIntelList("x\n".repeat(1_000), "addresses");
    expect(list.faults).toHaveLength(FAULTS_TOLD_MAX);
    expect(list.faultCount).toBe(1_000);
    const reader = new IntelReader("addresses");
    for (let n = 0; n < 200; n++) reader.take("1".repeat(50_000));
    expect(reader.close().faultCount).toBe(1);
  });

  test("agrees with looking at every block, over random ones", () => {
    const chance = openChance(3);
    const below = (bound: number) => Math.floor(chance() * bound);
    const fourth = () => dotted(0x2d000000 + below(4) * 65_536 + below(65_536));
    const sixth = () => `2a00:${below(3)}:${below(3)}:${below(9)}::${1 + below(9)}`;
    for (let round = 0; round < 30; round++) {
      const blocks = Array.from({ length: 80 }, (_, n) =>
        n % 2 === 0 ? blockOf(fourth(), 12 + below(21)) : blockOf(sixth(), 32 + below(97)),
      );
      const book = bookOf(`${blocks.join("\n")}\n`);
      const parsed = blocks.flatMap((block) => parseAddressBlock(block) ?? []);
      expect(parsed).toHaveLength(blocks.length);
      for (let n = 0; n < 300; n++) {
        const asked = n % 2 === 0 ? fourth() : sixth();
        const bytes = parseAddress(asked) as Uint8Array;
        const expected = parsed.some((block) => isInBlock(bytes, block)) ? 1 : 0;
        expect([asked, book.maskOf(from(formatAddress(bytes)))]).toEqual([asked, expected]);
      }
    }
  });

  test("takes a million blocks, and no more than it may", () => {
    const reader = new IntelReader("addresses");
    for (let high = 0; high < 1_024; high++) {
      let piece = "";
      for (let low = 0; low < 1_024; low++)
        piece += `${dotted(0x20000000 + (high << 14) + low * 16)}/29\n`;
      reader.take(piece);
    }
    reader.take("198.51.100.7\n");
    const entries = reader.close();
    expect(entries.count).toBe(ENTRIES_MAX);
    expect(entries.addresses.size).toBe(ENTRIES_MAX);
    expect(entries.faults[0]?.why).toContain("beyond");
    expect(entries.addresses.has("address:32.0.0.7", 8)).toBe(true);
    expect(entries.addresses.has("address:32.0.0.8", 8)).toBe(false);
  });
});

/** The block of so many bits that holds an address. */
function blockOf(address: string, bits: number): string {
  const bytes = parseAddress(address) as Uint8Array;
  const network = bytes.map((byte, i) => byte & (0xff00 >> Math.min(8, Math.max(0, bits - 8 * i))));
  return `${formatAddress(network)}/${bits}`;
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
}

describe("lists of other things", () => {
  test("name a client exactly, comments of whole lines apart", () => {
    const book = bookOf("; a feed\nevil/1.0 (#1; x)\n", "user-agents");
    expect(book.maskOf(event({ userAgent: "evil/1.0 (#1; x)" }))).toBe(1);
    expect(book.maskOf(event({ userAgent: "evil/1.0" }))).toBe(0);
    expect(book.maskOf(event({}))).toBe(0);
  });

  test.each([
    ["evil.example.com", 1],
    ["https://a.EVIL.example.com:8443/x?y", 1],
    ["evil.example.com.", 1],
    ["notevil.example.com", 0],
    ["example.com", 0],
    ["/evil.example.com", 0],
    ["", 0],
    ["x".repeat(1_000_000), 0],
  ])("name a domain and what lies below it: %.40s", (target, mask) => {
    expect(bookOf("Evil.example.com # bad\n", "domains").maskOf(event({ target }))).toBe(mask);
  });

  test("name a hash wherever the source says one, in any case", () => {
    const md5 = "d41d8cd98f00b204e9800998ecf8427e";
    const book = bookOf(`${md5}\n`, "hashes");
    expect(book.maskOf(event({ process: md5.toUpperCase() }))).toBe(1);
    expect(book.maskOf(event({ target: md5 }))).toBe(1);
    expect(book.maskOf(event({ target: md5.replace("d", "e") }))).toBe(0);
    for (const bad of ["zz", md5.slice(1), "a b"]) {
      expect(readIntelList(`${bad}\n`, "hashes").faultCount).toBe(1);
      expect(readIntelList(`${bad}\n`, "domains").faultCount).toBe(1);
    }
  });
});

test("a list of texts takes no more than it may", () => {
  const reader = new IntelReader("domains");
  for (let n = 0; n < TEXTS_MAX / 1_024; n++) {
    let piece = "";
    for (let i = 0; i < 1_024; i++) piece += `h${n * 1_024 + i}.example.com\n`;
    reader.take(piece);
  }
  reader.take("one-more.example.com\n");
  const { count, faults } = reader.close();
  expect(count).toBe(TEXTS_MAX);
  expect(faults).toEqual([{ line: TEXTS_MAX + 1, why: expect.stringContaining("of domains") }]);
});

describe("the book", () => {
  test("asks each list, and none past its end", () => {
    const book = new IntelBook([
      { name: "a", ceiling: 0.01 },
      { name: "b", ceiling: 0.01 },
    ]);
    const entries = readIntelList("192.0.2.1\n", "addresses");
    expect(book.maskOf(from("192.0.2.1"))).toBe(0);
    book.replace(1, { entries, madeMs: 0, expiresMs: NOW + 1 });
    expect(book.maskOf(from("192.0.2.1"))).toBe(2);
    book.replace(0, { entries, madeMs: 0, expiresMs: NOW });
    expect(book.maskOf(from("192.0.2.1"))).toBe(2);
    book.replace(7, { entries, madeMs: 0, expiresMs: NOW + 1 });
    expect(book.maskOf(from("192.0.2.1"))).toBe(2);
  });

  test("has a bit for each of sixteen lists", () => {
    const lists = Array.from({ length: 17 }, () => ({ name: "x", ceiling: 0.01 }));
    expect(() => new IntelBook(lists)).toThrow(RangeError);
  });
});
