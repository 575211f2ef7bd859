// Whose doing a hit is. Owns the one rule that no author can change: a failed login is its
// address's doing, since anybody may type anybody's name (DESIGN.md 5, "right subject").

import type { Event } from "@ostraka/agents/kernel";
import type { SpeaksOf } from "./rule-set.ts";

/**
 * @param declared by the rule; without it, or where there is no such session, the account, else the
 * session, else the address.
 */
export function speaksOf(declared: SpeaksOf | undefined, event: Event): SpeaksOf {
  if (event.kind === "login-failed" || event.kind === "login-probed") return "address";
  const isSilent = declared === "session" && event.session === undefined;
  if (declared !== undefined && !isSilent) return declared;
  if (event.account !== undefined) return "account";
  return event.session === undefined ? "address" : "session";
}

/** The subject in that role, or nothing when the event names none. */
export function subjectIn(role: SpeaksOf, event: Event): string | undefined {
  if (role === "account") return event.account;
  return role === "session" ? event.session : event.address;
}
