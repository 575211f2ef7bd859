// A second offence starts higher: a warrant may show an earlier revocation of the same subject,
// with its path to the root that the new entry names. Judges that proof; takes nobody's word for
// it, and knows nothing of lifts, which whoever remembers them asks about.

import {
  type Crypto,
  decode,
  type EarlierVerdict,
  type Entry,
  EntrySchema,
  encodeNew,
  equalBytes,
  Ledger,
  LIMITS,
  leafHash,
  PrivateSubjectSchema,
  type Reject,
  type Revocation,
  reject,
  type SubjectText,
  verifyInclusion,
} from "@ostraka/proto";
import type { SignalRule } from "./policy.ts";
import { SALT_BYTES } from "./private-part.ts";

/** An earlier verdict, and the tree that the new entry stands upon. */
export interface EarlierContext {
  readonly verdict: EarlierVerdict;
  /** Root that the new entry names: of all entries before it. */
  readonly previousRoot: Uint8Array;
  /** How many those are. */
  readonly size: number;
}

/** Reads the revocation of machines that an earlier verdict is, or `undefined`. */
export function openEarlier(
  verdict: EarlierVerdict,
): { readonly entry: Entry; readonly revocation: Revocation } | undefined {
  const entry = decode(EntrySchema, verdict.entry, LIMITS.earlierEntryBytesMax);
  if (entry?.effect.case !== "revocation" || entry.ledger !== Ledger.SIGNALS) return undefined;
  return entry.index === verdict.index ? { entry, revocation: entry.effect.value } : undefined;
}

/**
 * Why an earlier verdict does not make this one a second offence: not proven to stand before it, of
 * another subject, too long ago, or by a rule that does not count offences.
 * @param now subject and start of the new verdict.
 */
export function faultOfEarlier(
  crypto: Crypto,
  rule: SignalRule,
  now: { readonly subject: SubjectText; readonly fromMs: number },
  { verdict, previousRoot, size }: EarlierContext,
): Reject | undefined {
  const unproven = reject("earlier-not-proven");
  const opened = openEarlier(verdict);
  if (rule.repeat === undefined || opened === undefined) return unproven;
  const { fromMs, isDryRun, subjectCommitment } = opened.revocation;
  const isRecent = Number(fromMs) + rule.repeat.withinMs >= now.fromMs;
  if (!isRecent || isDryRun || verdict.salt.length !== SALT_BYTES) return unproven;
  const { subject } = now;
  const content = encodeNew(PrivateSubjectSchema, { subject });
  if (!equalBytes(crypto.sha256(verdict.salt, content), subjectCommitment)) return unproven;
  const leaf = leafHash(crypto, verdict.entry);
  const at = Number(verdict.index) - 1;
  const isIncluded = verifyInclusion(crypto, at, size, leaf, verdict.path, previousRoot);
  return isIncluded ? undefined : unproven;
}
