// Private parts: personal content that travels beside signed bytes, which hold only its commitment
// SHA-256(salt || content) (DESIGN.md 9, erasure; I9).

import {
  type Bytes,
  type Crypto,
  concat,
  decode,
  encodeNew,
  equalBytes,
  LIMITS,
  type PrivatePart,
  type PrivateSubject,
  PrivateSubjectSchema,
  parseSubject,
  type SubjectText,
} from "@ostraka/proto";

export const SALT_BYTES = 16;

export function commitmentOf(crypto: Crypto, part: PrivatePart): Bytes {
  return crypto.sha256(part.salt, part.content);
}

export interface OpenedPrivate {
  readonly subject: SubjectText;
  readonly content: PrivateSubject;
}

/**
 * The content behind a commitment, or `undefined` when the part does not open it or is not well
 * formed.
 */
export function openPrivate(
  crypto: Crypto,
  commitment: Uint8Array,
  part: PrivatePart | undefined,
): OpenedPrivate | undefined {
  if (part === undefined || part.salt.length !== SALT_BYTES) return undefined;
  if (!equalBytes(commitmentOf(crypto, part), commitment)) return undefined;
  const content = decode(PrivateSubjectSchema, part.content, LIMITS.privateBytesMax);
  if (content === undefined || content.reasons.length > LIMITS.reasonsMax) return undefined;
  const subject = parseSubject(content.subject);
  // Only the canonical spelling: two spellings of one subject would count apart.
  return subject === content.subject ? { subject, content } : undefined;
}

/**
 * Commitment of a verdict to its subject. Its salt is the first 16 bytes of SHA-256 over its
 * witnesses' salts in id order, so every verifier that holds the witnesses computes the same.
 */
export function verdictCommitment(
  crypto: Crypto,
  subject: SubjectText,
  saltsInIdOrder: readonly Uint8Array[],
): Bytes {
  const salt = crypto.sha256(concat(...saltsInIdOrder)).subarray(0, SALT_BYTES);
  return crypto.sha256(salt, encodeNew(PrivateSubjectSchema, { subject }));
}
