// The one canonical text of a subject: `kind:value` (RFC 9493 formats map to it at the edges).
// Owns parsing and canonical form, so that equal identities are equal bytes on every host.
// Must never guess: what is not canonical after folding is refused, not repaired.

import { canonicalAddress } from "./address.ts";
import type { SubjectKind } from "./messages.ts";

export const SUBJECT_KINDS = [
  "user",
  "service",
  "workload",
  "device",
  "session",
  "token",
  "address",
] as const;

export type SubjectKindName = (typeof SUBJECT_KINDS)[number];

/** Canonical subject text, for example `address:24.151.103.17` or `user:acme/alice`. */
export type SubjectText = string & { readonly __brand: "SubjectText" };

/** Longest subject text in UTF-16 units; longer ones are refused at every door. */
export const SUBJECT_TEXT_MAX = 512;

// Control characters, spaces at the ends and line separators would let a subject imitate another
// one on a terminal or in a log.
const FORBIDDEN = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Bidi_Control}]|^\s|\s$/u;

/**
 * Parses `kind:value` into its canonical text. Addresses are folded (IPv6 lower-case RFC 5952,
 * IPv4-mapped IPv6 to IPv4); a user needs `<realm>/<name>`.
 * @returns the canonical text, or `undefined` when it is not a subject.
 */
export function parseSubject(text: string): SubjectText | undefined {
  if (text.length > SUBJECT_TEXT_MAX) return undefined;
  const colon = text.indexOf(":");
  if (colon < 1) return undefined;
  const kind = text.slice(0, colon);
  const value = text.slice(colon + 1);
  if (!(SUBJECT_KINDS as readonly string[]).includes(kind)) return undefined;
  if (value === "" || FORBIDDEN.test(value)) return undefined;
  if (kind === "address") {
    const address = canonicalAddress(value);
    return address === undefined ? undefined : (`address:${address}` as SubjectText);
  }
  if (kind === "user") {
    const slash = value.indexOf("/");
    if (slash < 1 || slash === value.length - 1) return undefined;
  }
  return `${kind}:${value.normalize("NFC")}` as SubjectText;
}

/** The subject of an IP address, or `undefined` when the text is no address. */
export function addressSubject(address: string): SubjectText | undefined {
  return parseSubject(`address:${address}`);
}

/** The subject of an account: `user:<realm>/<name>`, or `undefined` when the name cannot be one. */
export function userSubject(realm: string, name: string): SubjectText | undefined {
  return parseSubject(`user:${realm}/${name}`);
}

export function subjectKind(subject: SubjectText): SubjectKindName {
  return subject.slice(0, subject.indexOf(":")) as SubjectKindName;
}

/** The wire's number of a subject's kind. */
export function wireSubjectKind(subject: SubjectText): SubjectKind {
  return (SUBJECT_KINDS.indexOf(subjectKind(subject)) + 1) as SubjectKind;
}
