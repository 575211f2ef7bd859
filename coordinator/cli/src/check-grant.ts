// What a second operator is shown of a grant BEFORE signing it: checked with the local genesis
// alone, by the rule that coordinators enter it by. Must never show what was not checked.

import { Mesh, type OpenedGenesis } from "@ostraka/agents/node";
import {
  type Crypto,
  type Envelope,
  type Grant,
  isReject,
  LIMITS,
  OstrakaError,
  openEnvelope,
  type RejectCode,
} from "@ostraka/proto";
import { rejectWords } from "./reject-words.ts";
import { printable, spanText, timeText } from "./terminal.ts";

/** A grant that the mesh would take, and who has signed it, in the order of signatures. */
export interface CheckedGrant {
  readonly grant: Grant;
  readonly operators: readonly string[];
}

/**
 * Checks a grant that somebody hands over: every signature an operator's and valid, a host's name,
 * a fault domain of the roster, good for one host and at most a day ahead.
 * @param path of its file, for messages.
 * @throws OstrakaError OSTRAKA_NOT_VERIFIED saying which check failed.
 */
export function checkGrant(
  crypto: Crypto,
  genesis: OpenedGenesis,
  envelope: Envelope,
  path: string,
  nowMs: number,
): CheckedGrant {
  const unverified = (code: RejectCode) =>
    new OstrakaError(
      "OSTRAKA_NOT_VERIFIED",
      `the grant in ${path} does not hold (${code}): ${rejectWords(code)}. Do not sign it`,
    );
  const { roster, view } = new Mesh(crypto, genesis);
  const grant = roster.evaluateGrant(envelope, nowMs);
  if (isReject(grant)) throw unverified(grant.reject);
  // Coordinators allow for clocks that differ; `host grant` leaves an hour for that by itself.
  const aheadMs = Number(grant.notAfterMs) - nowMs;
  if (aheadMs > LIMITS.notAfterMsMax) throw unverified("not-after-too-far");
  const opened = openEnvelope(crypto, genesis.mesh, "grant", envelope, view.findHolder);
  if (isReject(opened)) throw unverified(opened.reject);
  return { grant, operators: opened.holders };
}

/** Facts about a grant as `name, value` pairs, safe to print. */
export function grantFacts({ grant, operators }: CheckedGrant, nowMs: number): string[][] {
  const { name, faultDomain, labels, createdMs, notAfterMs } = grant;
  const leftText = spanText(Number(notAfterMs) - nowMs);
  return [
    ["host", printable(name)],
    ["domain", printable(faultDomain)],
    ["labels", labels.map(printable).join(", ") || "none"],
    ["made", timeText(createdMs)],
    ["good until", `${timeText(notAfterMs)} (${leftText} from now), for one host`],
    ["signed by", `${operators.map(printable).join(", ")} (verified)`],
  ];
}
