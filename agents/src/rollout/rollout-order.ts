// The authors' order to bring an epoch in by steps: opened, and refused where it could not be
// followed or would undo what an epoch means (I6).

import {
  type Crypto,
  decode,
  type Envelope,
  hex,
  isReject,
  LIMITS,
  type MeshId,
  openEnvelope,
  type PolicyRollout,
  PolicyRolloutSchema,
  type Reject,
  reject,
} from "@ostraka/proto";
import { checkNotAfter, FORMAT, isTime, type MeshView } from "../kernel/index.ts";

export interface RolloutOrder {
  readonly order: PolicyRollout;
  readonly hasCanary: boolean;
}

/** What the policy book knows of epochs. */
export interface PolicyFacts {
  readonly authorThreshold: number;
  readonly activeEpoch: number;
  /** Number that the next document has. */
  readonly nextEpoch: number;
  /** SHA-256 of a published document's bytes, in hex. */
  hashOf(epoch: number): string | undefined;
}

/** A rollout that takes longer is two. */
const STEP_MS_MAX = 7 * 86_400_000;
const LABELS_MAX = 16;

/**
 * Opens an order against the mesh.
 * @returns the order, or the code it is refused with.
 */
export function openRollout(
  crypto: Crypto,
  view: Pick<MeshView, "findHolder"> & { readonly mesh: MeshId },
  facts: PolicyFacts,
  envelope: Envelope | undefined,
  machineTimeMs: number,
): RolloutOrder | Reject {
  const opened = openEnvelope(crypto, view.mesh, "rollout", envelope, view.findHolder);
  if (isReject(opened)) return opened;
  if (opened.holders.length < facts.authorThreshold) return reject("threshold-short");
  const order = decode(PolicyRolloutSchema, opened.body, LIMITS.envelopeBodyBytesMax);
  if (order === undefined) return reject("malformed");
  if (order.format !== FORMAT) return reject("unsupported-format");
  const late = checkNotAfter(order.notAfterMs, machineTimeMs);
  if (late !== undefined) return late;
  const hash = facts.hashOf(order.epoch);
  if (hash === undefined || hash !== hex(order.policyHash)) return reject("unknown-epoch");
  // The first policy is activated: there is none that a roll-back could bring back.
  if (facts.activeEpoch === 0 || order.epoch <= facts.activeEpoch) return reject("epoch-not-next");
  const hasCanary = order.canaryLabels.length > 0 || order.canaryPermille > 0;
  return isSound(order, hasCanary) ? { order, hasCanary } : reject("malformed");
}

function isSound(order: PolicyRollout, hasCanary: boolean): boolean {
  const { canaryLabels: labels, canaryPermille, readyPermille, bakeMs, watchMs } = order;
  const areLabels =
    labels.length <= LABELS_MAX &&
    labels.every((label) => label !== "" && label.length <= LIMITS.scopeItemTextMax) &&
    new Set(labels).size === labels.length;
  return (
    isTime(order.createdMs) &&
    readyPermille >= 1 &&
    readyPermille <= 1_000 &&
    areLabels &&
    canaryPermille <= 1_000 &&
    // Two ways of choosing would need a rule for their meeting.
    (labels.length === 0 || canaryPermille === 0) &&
    bakeMs <= BigInt(STEP_MS_MAX) &&
    watchMs <= BigInt(STEP_MS_MAX) &&
    (hasCanary ? bakeMs > 0n : bakeMs === 0n && !order.isDryRun)
  );
}
