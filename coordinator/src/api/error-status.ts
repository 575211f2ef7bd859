// The one place where an error becomes a gRPC status. A caller gets the sentence and the stable
// code, in trailing metadata `ostraka-code`; the cause goes to the log and nowhere else.

import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { type ErrorCode, OstrakaError } from "@ostraka/proto";

const STATUS_OF: Readonly<Record<ErrorCode, status>> = {
  OSTRAKA_USAGE: status.INVALID_ARGUMENT,
  OSTRAKA_CONFIG_INVALID: status.FAILED_PRECONDITION,
  OSTRAKA_DATA_INVALID: status.INVALID_ARGUMENT,
  OSTRAKA_DATA_MISMATCH: status.FAILED_PRECONDITION,
  OSTRAKA_DATA_LOCKED: status.FAILED_PRECONDITION,
  OSTRAKA_KEY_INVALID: status.INVALID_ARGUMENT,
  OSTRAKA_KEY_IN_OTHER_USE: status.INVALID_ARGUMENT,
  OSTRAKA_NATS_NOT_FOUND: status.UNAVAILABLE,
  OSTRAKA_UNREACHABLE: status.UNAVAILABLE,
  OSTRAKA_REFUSED: status.PERMISSION_DENIED,
  OSTRAKA_DEADLINE: status.DEADLINE_EXCEEDED,
  OSTRAKA_NOT_VERIFIED: status.DATA_LOSS,
  OSTRAKA_NOT_FOUND: status.NOT_FOUND,
  OSTRAKA_ENVELOPE_BAD_SIGNATURE: status.INVALID_ARGUMENT,
  OSTRAKA_CRYPTO_SELF_TEST: status.INTERNAL,
  OSTRAKA_STORE: status.INTERNAL,
  OSTRAKA_JOURNAL_DAMAGED: status.FAILED_PRECONDITION,
  OSTRAKA_RESOURCE_EXHAUSTED: status.RESOURCE_EXHAUSTED,
  OSTRAKA_INTERNAL: status.INTERNAL,
};

/** Name of the trailing metadata that carries the stable code. */
export const CODE_KEY = "ostraka-code";

/** What grpc-js sends for an error. */
export function statusOfError(error: unknown): Partial<ServiceError> {
  const known = error instanceof OstrakaError ? error : undefined;
  const code = known?.code ?? "OSTRAKA_INTERNAL";
  const metadata = new Metadata();
  metadata.set(CODE_KEY, code);
  const details = known?.message ?? "this coordinator failed: its log says why";
  return { code: STATUS_OF[code], details, metadata };
}

/** What a client makes of a status: the code that came with it, or the one that fits best. */
export function errorOfStatus(error: ServiceError, address: string): OstrakaError {
  const [sent] = error.metadata?.get(CODE_KEY) ?? [];
  const code = Object.hasOwn(STATUS_OF, String(sent)) ? (sent as ErrorCode) : codeOf(error.code);
  const details = error.details.slice(0, 500);
  const why = sent === undefined ? `${address} answers nothing usable: ${details}` : details;
  return new OstrakaError(code, why, { cause: error });
}

function codeOf(code: status): ErrorCode {
  if (code === status.UNAVAILABLE) return "OSTRAKA_UNREACHABLE";
  if (code === status.DEADLINE_EXCEEDED) return "OSTRAKA_DEADLINE";
  if (code === status.RESOURCE_EXHAUSTED) return "OSTRAKA_RESOURCE_EXHAUSTED";
  if (code === status.UNIMPLEMENTED) return "OSTRAKA_USAGE";
  return code === status.UNAUTHENTICATED ? "OSTRAKA_REFUSED" : "OSTRAKA_INTERNAL";
}
