// One ledger as far as a walk has come: its tree, its entries where they are kept, and the place of
// the last one. Says where the next entry must stand; judges none.

import { type Crypto, type Head, MerkleTree, type SealedHead } from "@ostraka/proto";
import type { Place } from "./entry-place.ts";
import type { WalkedEntry } from "./ledger-walk.ts";

export interface Trail {
  readonly tree: MerkleTree;
  readonly walked: WalkedEntry[];
  lastPosition: bigint;
  lastTimeMs: bigint;
  lastGeneration: number;
  lastVersion: number;
  head?: { readonly head: Head; readonly sealed: SealedHead };
}

export function newTrail(crypto: Crypto): Trail {
  return {
    tree: new MerkleTree(crypto),
    walked: [],
    lastPosition: 0n,
    lastTimeMs: 0n,
    lastGeneration: 0,
    lastVersion: 1,
  };
}

/** Where the next entry continues. */
export function placeOf(trail: Trail): Place {
  return {
    size: trail.tree.size,
    root: trail.tree.root(),
    position: trail.lastPosition,
    timeMs: trail.lastTimeMs,
    generation: trail.lastGeneration,
  };
}
