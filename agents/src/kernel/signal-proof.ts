// A signal taken out of its batch: checks the host's signature on the batch, the path, and that
// signal and batch speak of the same host, incarnation and number. Used wherever a warrant is
// judged.

import {
  BatchSchema,
  type Bytes,
  type Crypto,
  decode,
  envelopeType,
  equalBytes,
  hex,
  isReject,
  LIMITS,
  leafHash,
  type MeshId,
  openEnvelope,
  type PrivatePart,
  pae,
  type Reject,
  reject,
  type Signal,
  type SignalProof,
  SignalSchema,
  verifyInclusion,
} from "@ostraka/proto";
import type { HostMember, MeshView } from "./mesh-view.ts";
import { type OpenedPrivate, openPrivate } from "./private-part.ts";

/** Format number of every signed body of this version. */
export const FORMAT = 1;

/** Id of a signal: its leaf, SHA-256(0x00 || PAE(type, bytes)). */
export function signalId(crypto: Crypto, mesh: MeshId, signal: Uint8Array): Bytes {
  return leafHash(crypto, pae(envelopeType(mesh, "signal"), signal));
}

/** Bytes of signals read last and what they say: a warrant's are asked for at each step of it. */
const readLast: { readonly bytes: Uint8Array; readonly signal: Signal }[] = [];
const READ_LAST_MAX = 16;
let nextRead = 0;

/**
 * What signal bytes say; `undefined` for bytes that are no signal. The same object for the same
 * bytes: neither may be changed by who holds it.
 */
export function readSignal(bytes: Uint8Array): Signal | undefined {
  const known = readLast.find((read) => read.bytes === bytes);
  if (known !== undefined) return known.signal;
  const signal = decode(SignalSchema, bytes, LIMITS.signalBytesMax);
  if (signal === undefined) return undefined;
  readLast[nextRead] = { bytes, signal };
  nextRead = (nextRead + 1) % READ_LAST_MAX;
  return signal;
}

export interface OpenedSignal {
  readonly id: Bytes;
  readonly signal: Signal;
  readonly host: HostMember;
  readonly private: OpenedPrivate;
  readonly salt: Uint8Array;
}

/** Opens a proof against the members of `view`, with the private part that its commitment needs. */
export function openSignalProof(
  crypto: Crypto,
  view: MeshView,
  proof: SignalProof,
  part: PrivatePart | undefined,
): OpenedSignal | Reject {
  const opened = openEnvelope(crypto, view.mesh, "batch", proof.batch, view.findHolder);
  if (isReject(opened)) return opened;
  const batch = decode(BatchSchema, opened.body, LIMITS.envelopeBodyBytesMax);
  const signal = readSignal(proof.signal);
  if (batch === undefined || signal === undefined || part === undefined) return reject("malformed");
  if (batch.format !== FORMAT || signal.format !== FORMAT) return reject("unsupported-format");
  // One signature exactly, as intake takes it: a second one would make a second spelling.
  const [signature, another] = proof.batch?.signatures ?? [];
  const key = signature?.key as Uint8Array;
  const host = view.hostOf(key);
  if (host === undefined || another !== undefined || !equalBytes(batch.hostKey, key)) {
    return reject("not-a-member");
  }
  if (view.isExpelled(key)) return reject("expelled");
  if (view.convictedAt(key) !== undefined) return reject("equivocation");
  if (!isTime(signal.timeMs) || !fitsVersion(signal, view)) return reject("malformed");
  const isOfBatch =
    equalBytes(signal.hostKey, key) &&
    equalBytes(signal.incarnation, batch.incarnation) &&
    proof.leafIndex < batch.count &&
    signal.number === batch.firstNumber + BigInt(proof.leafIndex);
  const id = signalId(crypto, view.mesh, proof.signal);
  const { leafIndex, path } = proof;
  if (!isOfBatch || !verifyInclusion(crypto, leafIndex, batch.count, id, path, batch.root)) {
    return reject("bad-root");
  }
  const content = openPrivate(crypto, signal.commitment, part);
  if (content === undefined) return reject("commitment-mismatch");
  return { id, signal, host, private: content, salt: part.salt };
}

/**
 * Whether a signal says only what its machine version knows: before version 2 it can answer no
 * inquiry and has counted nobody at its address.
 */
export function fitsVersion(signal: Signal, view: Pick<MeshView, "machineVersion">): boolean {
  const { inquiryId, isAgainst, sharedSubjects } = signal;
  if (view.machineVersion < 2) return inquiryId.length === 0 && !isAgainst && sharedSubjects === 0;
  return inquiryId.length === 32 || (inquiryId.length === 0 && !isAgainst);
}

/**
 * Whether a signed time is one that bodies can be computed with: a safe integer of milliseconds.
 */
export function isTime(ms: bigint): boolean {
  return ms <= BigInt(Number.MAX_SAFE_INTEGER);
}

/** Key of a subject's window: hosts are counted once each. */
export function hostId(host: HostMember): string {
  return hex(host.key);
}
