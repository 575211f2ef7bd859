// What bytes are a head at all, and which of two is the later. Owns the shape; says nothing of who
// signed it.

import { decode, type Head, HeadSchema, LIMITS } from "@ostraka/proto";

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** A head of its own shape: hashes of 32 bytes, numbers that a number can hold. */
export function decodeHead(bytes: Uint8Array): Head | undefined {
  const head = decode(HeadSchema, bytes, LIMITS.headBytesMax);
  if (head === undefined) return undefined;
  const hashes = [head.chainHash, head.root, head.activeSetDigest];
  const numbers = [head.position, head.index, head.machineTimeMs, head.controlIndex];
  const isSound =
    hashes.every((hash) => hash.length === 32) &&
    head.stateDigest.length <= 32 &&
    numbers.every((n) => n <= MAX_SAFE);
  return isSound ? head : undefined;
}

type HeadPlace = Pick<Head, "generation" | "position">;

/** Whether `a` comes after `b`: generations first, whatever their positions. */
export function isLaterHead(a: HeadPlace, b: HeadPlace): boolean {
  return a.generation > b.generation || (a.generation === b.generation && a.position > b.position);
}
