import { create } from "@bufbuild/protobuf";
import {
  decode,
  EntrySchema,
  EnvelopeSchema,
  encode,
  HeadSchema,
  hex,
  Ledger,
  LIMITS,
  leafHash,
  MerkleTree,
  parseSubject,
  RevocationSchema,
  type SubjectText,
  verifyConsistency,
  verifyInclusion,
} from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { nodeCrypto } from "../../testkit/node-crypto.ts";
import { type Effect, type JournalPoint, LedgerBook, RefusalCounts } from "./index.ts";

const MALLORY = parseSubject("user:test/mallory") as SubjectText;
const id = (n: number) => nodeCrypto.sha256(Uint8Array.of(n));
const point = (position: number, machineTimeMs = 1_000): JournalPoint => ({
  machineVersion: 1,
  generation: 1,
  position,
  chainHash: id(position),
  machineTimeMs,
});
const revoke = (n: number, expiresMs: number, supersedes: Uint8Array[] = []): Effect => ({
  case: "revocation",
  value: create(RevocationSchema, {
    id: id(n),
    fromMs: 0n,
    expiresMs: BigInt(expiresMs),
    supersedes,
  }),
});
const lift = (n: number, expiresMs = 10_000): Effect => ({
  case: "lift",
  value: { id: id(100 + n), revocationIds: [id(n)], expiresMs: BigInt(expiresMs) },
});
const note = (n: number): Effect => ({
  case: "proposal",
  value: create(EnvelopeSchema, { type: `note ${n}` }),
});

const NAMES = { controlIndex: 3, epoch: 2, rosterVersion: 1 };
const headOf = (book: LedgerBook, at: JournalPoint) =>
  decode(HeadSchema, book.head(at, NAMES, new Uint8Array(0)), LIMITS.entryBytesMax);

describe("entries", () => {
  test("are numbered from 1, and each names the root before it", () => {
    const book = new LedgerBook(nodeCrypto, Ledger.CONTROL);
    const twin = new MerkleTree(nodeCrypto);
    for (let i = 1; i <= 20; i++) {
      const { entry, bytes, index } = book.append(note(i), point(i));
      expect(index).toBe(i);
      expect(entry.index).toBe(BigInt(i));
      expect(entry.previousRoot).toEqual(twin.root());
      expect(bytes).toEqual(encode(EntrySchema, entry));
      twin.append(leafHash(nodeCrypto, bytes));
      expect(book.root()).toEqual(twin.root());
    }
  });

  test("are proven under every later head, and earlier roots stay to be had", () => {
    const book = new LedgerBook(nodeCrypto, Ledger.SIGNALS);
    const leaves = Array.from({ length: 13 }, (_, i) => {
      return leafHash(nodeCrypto, book.append(note(i), point(i + 1)).bytes);
    });
    for (let size = 1; size <= 13; size++) {
      for (let index = 1; index <= size; index++) {
        const path = book.inclusionPath(index, size);
        const leaf = leaves[index - 1] as Uint8Array;
        const root = book.root(size);
        expect(verifyInclusion(nodeCrypto, index - 1, size, leaf, path, root)).toBe(true);
        expect(verifyInclusion(nodeCrypto, index % size, size, leaf, path, root)).toBe(size === 1);
      }
    }
    expect(verifyConsistency(nodeCrypto, 13, 13, [], book.root(13), book.root())).toBe(true);
  });
});

describe("the active set of a ledger", () => {
  test("holds revocations until lifted, superseded or run out", () => {
    const book = new LedgerBook(nodeCrypto, Ledger.CONTROL);
    book.append(revoke(1, 5_000), point(1), MALLORY);
    book.append(revoke(2, 5_000), point(2), MALLORY);
    book.append(revoke(3, 5_000, [id(2)]), point(3), MALLORY);
    book.append(lift(1), point(4), MALLORY);
    expect([...book.active.ids()]).toEqual([hex(id(3))]);
    book.active.expire(5_000);
    expect(book.active.size).toBe(0);
  });

  test("does not take back what was superseded by something shorter", () => {
    const book = new LedgerBook(nodeCrypto, Ledger.CONTROL);
    book.append(revoke(3, 2_000, [id(2)]), point(1), MALLORY);
    book.active.expire(2_000);
    book.append(revoke(2, 90_000), point(2, 2_000), MALLORY);
    expect(book.active.size).toBe(0);
  });

  test("takes nothing that has run out by its entry's time, nor what was lifted first", () => {
    const book = new LedgerBook(nodeCrypto, Ledger.CONTROL);
    book.append(revoke(1, 1_000), point(1), MALLORY);
    book.append(lift(2), point(2), MALLORY);
    book.append(revoke(2, 5_000), point(3), MALLORY);
    expect(book.active.size).toBe(0);
  });
});

describe("heads", () => {
  test("say where the ledger stands, and nothing but", () => {
    const book = new LedgerBook(nodeCrypto, Ledger.CONTROL);
    const empty = headOf(book, point(0));
    expect(empty).toMatchObject({ index: 0n, root: nodeCrypto.sha256() });
    expect(empty?.activeSetDigest).toEqual(new Uint8Array(32));
    book.append(revoke(1, 5_000), point(7), MALLORY);
    expect(headOf(book, point(7))).toMatchObject({
      format: 1,
      ledger: Ledger.CONTROL,
      generation: 1,
      position: 7n,
      chainHash: id(7),
      index: 1n,
      root: book.root(),
      machineTimeMs: 1_000n,
      activeSetDigest: book.active.digest(),
      controlIndex: 3n,
      epoch: 2,
      rosterVersion: 1,
      machineVersion: 1,
    });
  });
});

describe("refusals", () => {
  const key = (n: number) => id(n);

  test("are counted by member and code, and handed out once their minute is over", () => {
    const counts = new RefusalCounts();
    counts.take(60_000);
    counts.add(key(1), "malformed");
    counts.add(key(1), "malformed");
    counts.add(key(1), "expired");
    counts.add(key(2), "malformed");
    expect(counts.take(119_999)).toBeUndefined();
    const minute = counts.take(120_000);
    expect(minute?.minute).toBe(1);
    expect(minute?.counts.map((c) => [c.code, c.count]).sort()).toEqual([
      ["expired", 1],
      ["malformed", 1],
      ["malformed", 2],
    ]);
    expect(counts.take(120_001)).toBeUndefined();
    expect(counts.take(180_000)).toBeUndefined();
  });

  test("come in one order, whatever order they were counted in", () => {
    const inOrder = (order: readonly number[]) => {
      const counts = new RefusalCounts();
      for (const n of order) counts.add(key(n), "malformed");
      return counts.take(60_000)?.counts.map((c) => hex(c.key));
    };
    expect(inOrder([3, 1, 2])).toEqual(inOrder([2, 3, 1]));
  });

  test("are bounded: a flood of new senders costs no more than the bound", () => {
    const counts = new RefusalCounts();
    for (let i = 0; i < LIMITS.refusalCountsMax + 50; i++) {
      counts.add(Uint8Array.of(i >> 8, i & 255), "unknown-key");
    }
    counts.add(Uint8Array.of(0, 0), "unknown-key");
    const minute = counts.take(60_000);
    expect(minute?.counts).toHaveLength(LIMITS.refusalCountsMax);
    expect(minute?.counts[0]?.count).toBe(2);
  });
});
