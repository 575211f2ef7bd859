// Exempt subjects: their evidence is shown and never enforced. One NAT address is a whole office.
// Knows nothing of who is asked about; lists are the policy's.

import { isInBlock, parseAddress, type SubjectText } from "@ostraka/proto";
import type { Policy } from "./policy.ts";

export function isExempt(policy: Policy, subject: SubjectText): boolean {
  if (policy.exemptSubjects.has(subject)) return true;
  if (policy.exemptBlocks.length === 0 || !subject.startsWith("address:")) return false;
  const address = parseAddress(subject.slice("address:".length));
  return address !== undefined && policy.exemptBlocks.some((block) => isInBlock(address, block));
}
