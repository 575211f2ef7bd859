// Many revocations of many subjects, as the deny set gets them, and subjects that nobody revoked.
// The same in every run.

import { createHash } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { type Revocation, RevocationSchema, Stage, type SubjectText } from "@ostraka/proto";

/** 2^32 divided by the golden ratio: an odd step that visits every address once. */
const STEP = 2_654_435_761;
const EXPIRES_MS = 2_000_000_000_000;

/** The n-th of 2^32 addresses, in a scattered order. A new string each time. */
export function addressSubject(n: number): SubjectText {
  const word = Math.imul(n, STEP) >>> 0;
  const address = `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
  // Flat and of its own, as a request's is: not a rope, not a shared constant.
  return Buffer.from(`address:${address}`, "latin1").toString("latin1") as SubjectText;
}

export function revocation(n: number): Revocation {
  const id = new Uint8Array(createHash("sha256").update(`revocation ${n}`).digest());
  return create(RevocationSchema, {
    format: 1,
    id,
    stage: Stage.SUSPEND,
    expiresMs: BigInt(EXPIRES_MS),
    rule: "two-hosts",
    hostCount: 2,
  });
}
