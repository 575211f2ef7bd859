// How long journal copies, private parts and receipts are kept: the active policy's word, and
// before there is one the defaults. Must never be asked of anything but a view of the mesh.

import { LIMITS } from "@ostraka/proto";
import type { MeshView } from "./mesh-view.ts";
import type { RetentionPolicy } from "./policy.ts";

const DEFAULTS: RetentionPolicy = {
  snapshotEvery: LIMITS.snapshotEvery,
  journalMs: LIMITS.journalMs,
  privatesMs: LIMITS.privatesMs,
  receiptsMs: LIMITS.receiptsMs,
};

/** Retention of the epoch that is active in this view. */
export function retentionOf(view: MeshView): RetentionPolicy {
  return view.policyOf(view.epoch)?.retention ?? DEFAULTS;
}
