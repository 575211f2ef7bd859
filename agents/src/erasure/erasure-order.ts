// Orders to erase what stands behind commitments (DESIGN.md 9, erasure): operators of two holders
// ask, every replica deletes. Owns what makes an order good by itself; who still needs the private
// parts is the machine's to say.

import {
  type Crypto,
  compareBytes,
  type Envelope,
  type ErasureOrder,
  ErasureOrderSchema,
  isReject,
  LIMITS,
  type Reject,
  reject,
} from "@ostraka/proto";
import { checkNotAfter, isTime, type MeshView, openCommand } from "../kernel/index.ts";

/** I2: nobody alone makes the mesh forget. */
const HOLDERS = 2;
const NONCE_BYTES = 16;
const COMMITMENT_BYTES = 32;

/** Opens an order at the machine time at which it was or would be taken. */
export function openErasure(
  crypto: Crypto,
  view: MeshView,
  envelope: Envelope | undefined,
  machineTimeMs: number,
): ErasureOrder | Reject {
  const opened = openCommand(crypto, view, "erasure", ErasureOrderSchema, envelope);
  if (isReject(opened)) return opened;
  const { command: order } = opened;
  const { commitments, nonce, createdMs, notAfterMs } = order;
  if (nonce.length !== NONCE_BYTES || !isTime(createdMs)) return reject("malformed");
  if (commitments.length > LIMITS.erasedCommitmentsMax) return reject("too-large");
  const isSound = commitments.every(
    (commitment, i) =>
      commitment.length === COMMITMENT_BYTES &&
      (i === 0 || compareBytes(commitments[i - 1] as Uint8Array, commitment) < 0),
  );
  if (commitments.length === 0 || !isSound) return reject("malformed");
  const late = checkNotAfter(notAfterMs, machineTimeMs);
  if (late !== undefined) return late;
  if (Number(createdMs) > machineTimeMs + LIMITS.signalAheadMsMax) return reject("clock-off");
  return opened.holders.length >= HOLDERS ? order : reject("threshold-short");
}
