// RFC 9162 trees on published vectors and against a recursive twin written straight from the RFC.

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Bytes, concat, hex, unhex, utf8 } from "./bytes.ts";
import {
  Frontier,
  leafHash,
  MerkleTree,
  nodeHash,
  verifyConsistency,
  verifyInclusion,
} from "./merkle.ts";

const crypto = {
  sha256: (...parts: readonly Uint8Array[]): Bytes =>
    new Uint8Array(
      createHash("sha256")
        .update(concat(...parts))
        .digest(),
    ),
};

/** `../shared/data` of the repository, found by walking up; undefined where it is absent. */
function findVectors(): string | undefined {
  for (let dir = import.meta.dirname; ; dir = dirname(dir)) {
    const found = join(dir, "shared/data/vectors/merkle/testdata");
    if (existsSync(found)) return found;
    if (dir === dirname(dir)) return undefined;
  }
}

const vectors = findVectors();
if (vectors === undefined) process.stderr.write("skipped: no ../shared/data/vectors/merkle\n");

function readAll<T>(kind: string): (T & { readonly file: string })[] {
  const root = join(vectors ?? "", kind);
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".json"))
    .map((file) => ({ ...JSON.parse(readFileSync(join(root, file), "utf8")), file }));
}

const base64 = (text: string | null) => new Uint8Array(Buffer.from(text ?? "", "base64"));

interface InclusionVector {
  readonly leafIdx: number;
  readonly treeSize: number;
  readonly root: string | null;
  readonly leafHash: string | null;
  readonly proof: string[] | null;
  readonly wantErr: boolean;
}

interface ConsistencyVector {
  readonly size1: number;
  readonly size2: number;
  readonly root1: string | null;
  readonly root2: string | null;
  readonly proof: string[] | null;
  readonly wantErr: boolean;
}

describe.skipIf(vectors === undefined)("published proofs", () => {
  test("of inclusion are accepted and refused as published", () => {
    const all = readAll<InclusionVector>("inclusion");
    expect(all.length).toBeGreaterThan(80);
    for (const v of all) {
      const path = (v.proof ?? []).map(base64);
      const answer = verifyInclusion(
        crypto,
        v.leafIdx,
        v.treeSize,
        base64(v.leafHash),
        path,
        base64(v.root),
      );
      expect(answer, v.file).toBe(!v.wantErr);
    }
  });

  test("of consistency are answered as published, but for size 0, which proves nothing", () => {
    const all = readAll<ConsistencyVector>("consistency");
    expect(all.length).toBeGreaterThan(80);
    for (const v of all) {
      const proof = (v.proof ?? []).map(base64);
      const answer = verifyConsistency(
        crypto,
        v.size1,
        v.size2,
        proof,
        base64(v.root1),
        base64(v.root2),
      );
      expect(answer, v.file).toBe(!v.wantErr && v.size1 > 0);
    }
  });
});

/** RFC 9162 section 2.1.1, word for word. */
function twinRoot(leaves: readonly Bytes[]): Bytes {
  if (leaves.length === 0) return crypto.sha256();
  if (leaves.length === 1) return leaves[0] as Bytes;
  const k = twinSplit(leaves.length);
  return nodeHash(crypto, twinRoot(leaves.slice(0, k)), twinRoot(leaves.slice(k)));
}

/** RFC 9162 section 2.1.3.1. */
function twinPath(index: number, leaves: readonly Bytes[]): Bytes[] {
  if (leaves.length === 1) return [];
  const k = twinSplit(leaves.length);
  return index < k
    ? [...twinPath(index, leaves.slice(0, k)), twinRoot(leaves.slice(k))]
    : [...twinPath(index - k, leaves.slice(k)), twinRoot(leaves.slice(0, k))];
}

/** RFC 9162 section 2.1.4.1: SUBPROOF(m, D_n, b). */
function twinConsistency(m: number, leaves: readonly Bytes[], isWhole = true): Bytes[] {
  const n = leaves.length;
  if (m === n) return isWhole ? [] : [twinRoot(leaves)];
  const k = twinSplit(n);
  return m <= k
    ? [...twinConsistency(m, leaves.slice(0, k), isWhole), twinRoot(leaves.slice(k))]
    : [...twinConsistency(m - k, leaves.slice(k), false), twinRoot(leaves.slice(0, k))];
}

/** Largest power of two below n. */
function twinSplit(n: number): number {
  return 2 ** Math.ceil(Math.log2(n) - 1);
}

const leavesOf = (n: number) =>
  Array.from({ length: n }, (_, i) => leafHash(crypto, utf8(`leaf ${i}`)));

function treeOf(leaves: readonly Bytes[]): MerkleTree {
  const tree = new MerkleTree(crypto);
  for (const leaf of leaves) tree.append(leaf);
  return tree;
}

describe("a tree", () => {
  const leaves = leavesOf(70);
  const tree = treeOf(leaves);

  test("has the RFC's hashes of nothing and of one leaf", () => {
    const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    expect(hex(new MerkleTree(crypto).root())).toBe(empty);
    expect(hex(new Frontier(crypto).root())).toBe(empty);
    const leaf = leafHash(crypto, unhex("") as Bytes);
    expect(hex(leaf)).toBe("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  });

  test("has the twin's root at every size it ever had", () => {
    for (let size = 0; size <= leaves.length; size++) {
      expect(tree.root(size)).toEqual(twinRoot(leaves.slice(0, size)));
    }
  });

  test("gives the twin's inclusion paths, which verify there and at no other index", () => {
    for (let size = 1; size <= 33; size++) {
      const root = tree.root(size);
      for (let index = 0; index < size; index++) {
        const path = tree.inclusionPath(index, size);
        expect(path).toEqual(twinPath(index, leaves.slice(0, size)));
        const leaf = leaves[index] as Bytes;
        expect(verifyInclusion(crypto, index, size, leaf, path, root)).toBe(true);
        const other = (index + 1) % size;
        expect(other !== index && verifyInclusion(crypto, other, size, leaf, path, root)).toBe(
          false,
        );
      }
    }
  });

  test("refuses inclusion with a leaf, root, path length or index that is off", () => {
    const path = tree.inclusionPath(5, 33);
    const root = tree.root(33);
    const leaf = leaves[5] as Bytes;
    expect(verifyInclusion(crypto, 5, 33, leaf, path, root)).toBe(true);
    expect(verifyInclusion(crypto, 5, 33, leaves[6] as Bytes, path, root)).toBe(false);
    expect(verifyInclusion(crypto, 5, 33, leaf, path, tree.root(32))).toBe(false);
    expect(verifyInclusion(crypto, 5, 33, leaf, path.slice(1), root)).toBe(false);
    expect(verifyInclusion(crypto, 5, 33, leaf, [...path, root], root)).toBe(false);
    for (const index of [-1, 33, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(verifyInclusion(crypto, index, 33, leaf, path, root)).toBe(false);
    }
  });

  test("is consistent by the twin's proofs between any two sizes, with no other root", () => {
    for (let size2 = 1; size2 <= 20; size2++) {
      for (let size1 = 1; size1 <= size2; size1++) {
        const proof = twinConsistency(size1, leaves.slice(0, size2));
        const [root1, root2] = [tree.root(size1), tree.root(size2)];
        expect(verifyConsistency(crypto, size1, size2, proof, root1, root2)).toBe(true);
        const other = tree.root(40);
        expect(verifyConsistency(crypto, size1, size2, proof, other, root2)).toBe(false);
        expect(verifyConsistency(crypto, size1, size2, proof, root1, other)).toBe(false);
        expect(verifyConsistency(crypto, size1, size2, [...proof, other], root1, root2)).toBe(
          false,
        );
      }
    }
    expect(verifyConsistency(crypto, 3, 2, [], tree.root(3), tree.root(2))).toBe(false);
  });

  test("proves every smaller tree a prefix of every larger one", () => {
    for (let size2 = 1; size2 <= 40; size2++) {
      for (let size1 = 1; size1 <= size2; size1++) {
        const proof = tree.consistencyPath(size1, size2);
        const [root1, root2] = [tree.root(size1), tree.root(size2)];
        expect(verifyConsistency(crypto, size1, size2, proof, root1, root2)).toBe(true);
        if (size1 < size2) {
          expect(verifyConsistency(crypto, size1, size2, proof, tree.root(41), root2)).toBe(false);
        }
      }
    }
  });
});

describe("a frontier", () => {
  const leaves = leavesOf(70);
  const tree = treeOf(leaves);

  test("taken from a tree at any size grows to the tree's own roots", () => {
    for (let size = 0; size <= 40; size++) {
      const frontier = Frontier.of(crypto, size, tree.frontier(size));
      expect(frontier?.root()).toEqual(tree.root(size));
      for (let next = size; next < leaves.length; next++) {
        frontier?.append(leaves[next] as Bytes);
        expect(frontier?.size).toBe(next + 1);
      }
      expect(frontier?.root()).toEqual(tree.root());
    }
  });

  test("copied goes its own way", () => {
    const frontier = new Frontier(crypto, 3, tree.frontier(3));
    const copy = frontier.copy();
    copy.append(leaves[3] as Bytes);
    expect(frontier.root()).toEqual(tree.root(3));
    expect(copy.root()).toEqual(tree.root(4));
  });

  test("is refused when hashes and size do not fit", () => {
    const hashes = tree.frontier(7);
    expect(Frontier.of(crypto, 7, hashes)?.root()).toEqual(tree.root(7));
    expect(Frontier.of(crypto, 8, hashes)).toBeUndefined();
    expect(Frontier.of(crypto, 7, hashes.slice(1))).toBeUndefined();
    expect(Frontier.of(crypto, 7, [...hashes.slice(1), new Uint8Array(31)])).toBeUndefined();
    for (const size of [-1, 0.5, Number.NaN, 2 ** 53, Number.POSITIVE_INFINITY]) {
      expect(Frontier.of(crypto, size, [])).toBeUndefined();
    }
  });
});
