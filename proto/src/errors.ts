// Errors of the edges (network, disk, caller): a stable code, a sentence that says what was
// attempted and what to do next. Agents never throw these; they count rejects (reject.ts).

export const ERROR_CODES = [
  "OSTRAKA_USAGE",
  "OSTRAKA_CONFIG_INVALID",
  "OSTRAKA_DATA_INVALID",
  "OSTRAKA_DATA_MISMATCH",
  "OSTRAKA_DATA_LOCKED",
  "OSTRAKA_KEY_INVALID",
  "OSTRAKA_KEY_IN_OTHER_USE",
  "OSTRAKA_NATS_NOT_FOUND",
  "OSTRAKA_UNREACHABLE",
  "OSTRAKA_REFUSED",
  "OSTRAKA_NOT_ALLOWED",
  "OSTRAKA_BEHIND",
  "OSTRAKA_DEADLINE",
  "OSTRAKA_NOT_VERIFIED",
  "OSTRAKA_NOT_FOUND",
  "OSTRAKA_ENVELOPE_BAD_SIGNATURE",
  "OSTRAKA_CRYPTO_SELF_TEST",
  "OSTRAKA_STORE",
  "OSTRAKA_JOURNAL_DAMAGED",
  "OSTRAKA_RESOURCE_EXHAUSTED",
  "OSTRAKA_INTERNAL",
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

export class OstrakaError extends Error {
  override readonly name = "OstrakaError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
