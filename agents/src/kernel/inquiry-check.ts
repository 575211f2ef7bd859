// What can be checked of an inquiry without the windows that brought it about: that the policy of
// its epoch asks so, and whom it is about. It ends nothing and cuts nobody off; it only asks.

import {
  type Crypto,
  type Inquiry,
  type PrivatePart,
  type Reject,
  reject,
  type SubjectText,
  wireSubjectKind,
} from "@ostraka/proto";
import type { MeshView } from "./mesh-view.ts";
import { openPrivate } from "./private-part.ts";

/**
 * The subject of an inquiry that may stand.
 * @param machineTimeMs machine time of its entry.
 */
export function openInquiry(
  crypto: Crypto,
  view: MeshView,
  inquiry: Inquiry,
  part: PrivatePart | undefined,
  machineTimeMs: number,
): SubjectText | Reject {
  if (view.hostOf(inquiry.sourceHostKey) === undefined) return reject("not-a-member");
  const policy = view.policyOf(inquiry.epoch)?.inquiry;
  if (policy === undefined) return reject("unknown-epoch");
  const subject = openPrivate(crypto, inquiry.commitment, part)?.subject;
  if (subject === undefined) return reject("commitment-mismatch");
  const isSound =
    inquiry.id.length === 32 &&
    inquiry.subjectKind === wireSubjectKind(subject) &&
    inquiry.floorMdb === policy.floorMdb &&
    inquiry.sumMdb >= policy.sumLineMdb &&
    Number(inquiry.untilMs) === machineTimeMs + policy.forMs;
  return isSound ? subject : reject("body-differs");
}
